package import AppServerProtocol
package import JSON

/// The payload of the first record of a session file: what the thread is (session-files.md §3).
package struct SessionMeta: Sendable, Equatable {
  /// Where the history of a thread begins: in another file, up to a place in it.
  package struct HistoryBase: Sendable, Equatable {
    /// The thread of the other file; for a file that continues a thread after a revert, the id that its name ends in.
    package var segmentID: String
    /// The first ordinal that does not belong to the history.
    package var endOrdinal: Int64
    /// The byte after the last record that belongs to it.
    package var endOffset: Int64

    package init(segmentID: String, endOrdinal: Int64, endOffset: Int64) {
      self.segmentID = segmentID
      self.endOrdinal = endOrdinal
      self.endOffset = endOffset
    }
  }

  package var id: String
  package var sessionID: String
  /// When the thread was created, RFC 3339.
  package var timestamp: String
  package var cwd: String
  package var runtimeWorkspaceRoots: [String]
  package var originator: String
  package var cliVersion: String
  package var source: ThreadSource
  package var threadSource: String?
  package var modelProvider: String?
  package var parentThreadID: String?
  package var forkedFromID: String?
  package var forkedFromOrdinal: Int64?
  package var baseInstructions: String?
  package var historyMode: HistoryMode
  package var historyBase: HistoryBase?
  package var windowID: String?
  package var git: GitInfo?
  /// An array of tools that the client offered at the start.
  package var dynamicTools: RawJSON?

  package init(
    id: String, sessionID: String? = nil, timestamp: String, cwd: String, originator: String, cliVersion: String,
    source: ThreadSource = .vscode, modelProvider: String? = nil, historyMode: HistoryMode = .paginated
  ) {
    self.id = id
    self.sessionID = sessionID ?? id
    self.timestamp = timestamp
    self.cwd = cwd
    self.runtimeWorkspaceRoots = [cwd]
    self.originator = originator
    self.cliVersion = cliVersion
    self.source = source
    self.modelProvider = modelProvider
    self.historyMode = historyMode
  }

  /// Throws `.missingField` where one of `id`, `timestamp`, `cwd`, `originator`, `cli_version` is absent, which the
  /// reference needs as well.
  ///
  /// - Parameter keepsInstructions: whether the base instructions are read, which are most of the record.
  package init(_ reader: inout JSONReader, keepsInstructions: Bool = true) throws(JSONError) {
    var id: String?
    var sessionID: String?
    var timestamp: String?
    var cwd: String?
    var roots: [String]?
    var originator: String?
    var cliVersion: String?
    source = .vscode
    historyMode = .legacy
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "id": id = try reader.string()
      case "session_id": sessionID = try reader.optionalString()
      case "timestamp": timestamp = try reader.string()
      case "cwd": cwd = FileURL.path(try reader.string())
      case "runtime_workspace_roots": roots = try reader.optionalStrings()?.map(FileURL.path)
      case "originator": originator = try reader.string()
      case "cli_version": cliVersion = try reader.string()
      case "source": if try !reader.takeNull() { source = try ThreadSource(rollout: &reader) }
      case "thread_source":
        if case .string(let word) = try reader.value() { threadSource = word }
      case "model_provider": modelProvider = try reader.optionalString()
      case "parent_thread_id": parentThreadID = try reader.optionalString()
      case "forked_from_id": forkedFromID = try reader.optionalString()
      case "forked_from_ordinal_exclusive": forkedFromOrdinal = try reader.takeNull() ? nil : try reader.int64()
      case "base_instructions" where keepsInstructions:
        if try !reader.takeNull() { baseInstructions = try Self.text(&reader) }
      case "history_mode": if try reader.optionalString() == "paginated" { historyMode = .paginated }
      case "history_base": if try !reader.takeNull() { historyBase = try HistoryBase(&reader) }
      case "context_window": if try !reader.takeNull() { windowID = try reader.memberString("window_id") }
      case "git": if try !reader.takeNull() { git = try GitInfo(rollout: &reader) }
      case "dynamic_tools": dynamicTools = try reader.optionalRaw().map(RawJSON.init(unchecked:))
      default: try reader.skip()
      }
    }
    self.id = try reader.require(id, "id")
    self.sessionID = sessionID ?? self.id
    self.timestamp = try reader.require(timestamp, "timestamp")
    self.cwd = try reader.require(cwd, "cwd")
    runtimeWorkspaceRoots = roots ?? [self.cwd]
    self.originator = try reader.require(originator, "originator")
    self.cliVersion = try reader.require(cliVersion, "cli_version")
    if parentThreadID == nil { parentThreadID = source.spawn?.parentThreadID }
  }

  private static func text(_ reader: inout JSONReader) throws(JSONError) -> String? {
    if try reader.peek() == .string { return try reader.string() }
    return try reader.memberString("text")
  }

  package func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.field("session_id", sessionID)
    writer.field("id", id)
    if let forkedFromID { writer.field("forked_from_id", forkedFromID) }
    if let forkedFromOrdinal { writer.field("forked_from_ordinal_exclusive", forkedFromOrdinal) }
    if let parentThreadID { writer.field("parent_thread_id", parentThreadID) }
    writer.field("timestamp", timestamp)
    writer.field("cwd", cwd)
    writer.field("runtime_workspace_roots", runtimeWorkspaceRoots)
    writer.field("originator", originator)
    writer.field("cli_version", cliVersion)
    writer.key("source")
    source.writeRollout(to: &writer)
    if let threadSource { writer.field("thread_source", threadSource) }
    if let modelProvider { writer.field("model_provider", modelProvider) }
    if let baseInstructions {
      writer.key("base_instructions")
      writer.beginObject()
      writer.field("text", baseInstructions)
      writer.endObject()
    }
    if let dynamicTools { writer.field("dynamic_tools", dynamicTools) }
    if historyMode == .paginated { writer.field("history_mode", literal: "paginated") }
    if let historyBase {
      writer.key("history_base")
      writer.beginObject()
      writer.field("thread_id", historyBase.segmentID)
      writer.field("end_ordinal_exclusive", historyBase.endOrdinal)
      writer.field("end_byte_offset", historyBase.endOffset)
      writer.endObject()
    }
    if let windowID {
      writer.key("context_window")
      writer.beginObject()
      writer.field("window_id", windowID)
      writer.endObject()
    }
    if let git {
      writer.key("git")
      git.writeRollout(to: &writer)
    }
    writer.endObject()
  }
}

extension SessionMeta.HistoryBase {
  init(_ reader: inout JSONReader) throws(JSONError) {
    var segmentID: String?
    endOrdinal = .max
    endOffset = .max
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "thread_id": segmentID = try reader.string()
      case "end_ordinal_exclusive": endOrdinal = try reader.int64()
      case "end_byte_offset": endOffset = try reader.int64()
      default: try reader.skip()
      }
    }
    self.segmentID = try reader.require(segmentID, "thread_id")
  }
}

extension JSONReader {
  /// A string member of the object that is next, which is consumed.
  mutating func memberString(_ name: StaticString) throws(JSONError) -> String? {
    var value: String?
    try beginObject()
    while let key = try nextKey() {
      if name ~= key { value = try optionalString() } else { try skip() }
    }
    return value
  }
}
