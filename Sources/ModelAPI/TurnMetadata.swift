import JSON

/// Facts about the turn that a request belongs to, for the service's own bookkeeping (agent-core §1.4).
///
/// Holds identifiers and settings, never text of the user.
package struct TurnMetadata: Sendable, Equatable {
  /// The largest JSON text, in bytes; what does not fit is left out, workspaces first.
  package static let maximumBytes = 8 * 1024

  package var installationID: String?
  package var sessionID: String
  package var threadID: String
  package var turnID: String
  package var rootTurnID: String?
  /// Where a sub-thread belongs; nil for any other thread.
  package var parent: Parent?
  package var windowID: String
  /// How many compactions the thread has had.
  package var windowNumber: Int
  /// `turn`, `compaction` and so on.
  package var requestKind: String
  /// `new`, `resumed` and so on.
  package var historyInitialization: String?
  /// `seccomp` or `none`.
  package var sandbox: String
  package var sandboxMode: String?
  /// Milliseconds since 1970.
  package var turnStartedAt: Int64?
  package var model: String?
  package var effort: String?
  package var workspaces: [Workspace]

  /// The turn that a sub-thread works for.
  package struct Parent: Sendable, Equatable {
    package var threadID: String
    package var turnID: String
    /// What the sub-thread is for: `review` and so on.
    package var subagent: String

    package init(threadID: String, turnID: String, subagent: String) {
      self.threadID = threadID
      self.turnID = turnID
      self.subagent = subagent
    }
  }

  /// A folder under version control in which the turn works.
  package struct Workspace: Sendable, Equatable {
    package var path: String
    package var latestCommit: String?
    package var hasChanges: Bool?

    package init(path: String, latestCommit: String?, hasChanges: Bool?) {
      self.path = path
      self.latestCommit = latestCommit
      self.hasChanges = hasChanges
    }
  }

  package init(
    sessionID: String, threadID: String, turnID: String, windowNumber: Int, requestKind: String, sandbox: String,
    installationID: String? = nil, rootTurnID: String? = nil, historyInitialization: String? = nil,
    sandboxMode: String? = nil, turnStartedAt: Int64? = nil, model: String? = nil, effort: String? = nil,
    workspaces: [Workspace] = []
  ) {
    self.installationID = installationID
    self.sessionID = sessionID
    self.threadID = threadID
    self.turnID = turnID
    self.rootTurnID = rootTurnID
    windowID = Self.windowID(threadID: threadID, number: windowNumber)
    self.windowNumber = windowNumber
    self.requestKind = requestKind
    self.historyInitialization = historyInitialization
    self.sandbox = sandbox
    self.sandboxMode = sandboxMode
    self.turnStartedAt = turnStartedAt
    self.model = model
    self.effort = effort
    self.workspaces = workspaces
  }

  package static func windowID(threadID: String, number: Int) -> String { "\(threadID):\(number)" }

  /// The JSON in ASCII, because it travels in a header.
  package var text: String {
    let candidates = [encoded(.all), encoded(.withoutWorkspaces), encoded(.required)]
    return candidates.first { $0.utf8.count <= Self.maximumBytes } ?? "{}"
  }

  /// The fields of `client_metadata` that say the same in the body.
  package var clientMetadata: [(key: String, value: String)] {
    var fields: [(key: String, value: String)] = []
    if let installationID { fields.append(("x-codex-installation-id", installationID)) }
    fields.append(("session_id", sessionID))
    fields.append(("thread_id", threadID))
    fields.append(("turn_id", turnID))
    if let rootTurnID { fields.append(("root_turn_id", rootTurnID)) }
    if let parent {
      fields.append(("parent_turn_id", parent.turnID))
      fields.append(("x-codex-parent-thread-id", parent.threadID))
      fields.append(("x-openai-subagent", parent.subagent))
    }
    fields.append(("x-codex-window-id", windowID))
    fields.append(("x-codex-turn-metadata", text))
    return fields
  }

  private enum Extent { case all, withoutWorkspaces, required }

  private func encoded(_ extent: Extent) -> String {
    var writer = JSONWriter()
    writer.beginObject()
    if extent != .required, let installationID { writer.field("installation_id", installationID) }
    writer.field("session_id", sessionID)
    writer.field("thread_id", threadID)
    writer.field("turn_id", turnID)
    writer.field("window_id", windowID)
    writer.field("window_number", windowNumber)
    writer.field("request_kind", requestKind)
    writer.field("sandbox", sandbox)
    if extent != .required {
      if let rootTurnID { writer.field("root_turn_id", rootTurnID) }
      if let parent {
        writer.field("parent_thread_id", parent.threadID)
        writer.field("parent_turn_id", parent.turnID)
        writer.field("subagent_kind", parent.subagent)
      }
      if let historyInitialization { writer.field("history_initialization", historyInitialization) }
      if let sandboxMode { writer.field("sandbox_mode", sandboxMode) }
      if let turnStartedAt { writer.field("turn_started_at_unix_ms", turnStartedAt) }
      if let model { writer.field("model", model) }
      if let effort { writer.field("reasoning_effort", effort) }
    }
    if extent == .all, !workspaces.isEmpty { writeWorkspaces(to: &writer) }
    writer.endObject()
    return Self.ascii(writer.bytes)
  }

  private func writeWorkspaces(to writer: inout JSONWriter) {
    writer.key("workspaces")
    writer.beginObject()
    for workspace in workspaces {
      writer.key(dynamic: workspace.path)
      writer.beginObject()
      if let commit = workspace.latestCommit { writer.field("latest_git_commit_hash", commit) }
      if let hasChanges = workspace.hasChanges { writer.field("has_changes", hasChanges) }
      writer.endObject()
    }
    writer.endObject()
  }

  /// Beyond ASCII a JSON text has characters only inside strings, where `\uXXXX` means the same.
  private static func ascii(_ json: [UInt8]) -> String {
    let text = String(decoding: json, as: UTF8.self)
    guard !json.allSatisfy({ $0 < 0x7F }) else { return text }
    var escaped = ""
    for scalar in text.unicodeScalars {
      guard !scalar.isASCII || scalar.value == 0x7F else {
        escaped.unicodeScalars.append(scalar)
        continue
      }
      for unit in UTF16.encode(scalar).unsafelyUnwrapped {
        let digits = String(unit, radix: 16)
        escaped += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
      }
    }
    return escaped
  }
}
