package import JSON

/// A command that was run, or is running, or was refused.
package struct CommandExecutionItem: Sendable, Equatable {
  package enum Status: String, Sendable {
    case inProgress
    case completed
    case failed
    case declined
  }

  /// Who started it.
  package enum Source: String, Sendable {
    case agent
    case userShell
    case unifiedExecStartup
    case unifiedExecInteraction
  }

  package var id: String
  package var pluginID: String?
  package var scriptPath: String?
  /// The argument list; clients see it as one shell line.
  package var arguments: [String]
  /// An absolute path.
  package var cwd: String
  package var processID: String?
  package var source: Source
  package var status: Status
  package var actions: [CommandAction]
  /// Both streams, as they came; the wire has `null` for an empty one.
  package var aggregatedOutput: String?
  package var exitCode: Int?
  package var duration: Duration?

  package init(
    id: String, arguments: [String], cwd: String, processID: String? = nil, source: Source = .agent,
    status: Status = .inProgress, actions: [CommandAction] = [], aggregatedOutput: String? = nil, exitCode: Int? = nil,
    duration: Duration? = nil
  ) {
    self.id = id
    self.arguments = arguments
    self.cwd = cwd
    self.processID = processID
    self.source = source
    self.status = status
    self.actions = actions
    self.aggregatedOutput = aggregatedOutput
    self.exitCode = exitCode
    self.duration = duration
  }

  /// The line that clients see: the arguments, quoted for a shell.
  package var command: String { ShellWords.join(arguments) }

  init(rollout reader: inout JSONReader) throws(JSONError) {
    var output: String?
    try self.init(rollout: &reader) { (reader) throws(JSONError) in output = try reader.optionalString() }
    aggregatedOutput = output
  }

  /// Leaves the output, which may be long, to `readOutput`; `aggregatedOutput` stays nil.
  init(
    rollout reader: inout JSONReader, readOutput: (inout JSONReader) throws(JSONError) -> Void
  ) throws(JSONError) {
    var id: String?
    var arguments: [String]?
    var cwd: String?
    var status: Status?
    source = .agent
    actions = []
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "id": id = try reader.string()
      case "plugin_id": pluginID = try reader.optionalString()
      case "script_path": scriptPath = try reader.optionalString()
      case "process_id": processID = try reader.optionalString()
      case "command": arguments = try reader.strings()
      case "cwd": cwd = FileURL.path(try reader.string())
      case "parsed_cmd":
        try reader.beginArray()
        while try reader.nextElement() { actions.append(try CommandAction(rollout: &reader)) }
      case "source": source = try reader.camelWord(Source.self)
      case "status": status = try reader.camelWord(Status.self)
      case "aggregated_output": try readOutput(&reader)
      case "exit_code": exitCode = try reader.optionalInt()
      case "duration": duration = try reader.durationOrNull()
      default: try reader.skip()
      }
    }
    self.id = try reader.require(id, "id")
    self.arguments = try reader.require(arguments, "command")
    self.cwd = try reader.require(cwd, "cwd")
    self.status = try reader.require(status, "status")
  }

  package func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writeWireHead(to: &writer)
    writer.field("aggregatedOutput", aggregatedOutput?.isEmpty == true ? nil : aggregatedOutput)
    writeWireTail(to: &writer)
    writer.endObject()
  }

  /// Everything before the output, in the wire's order.
  func writeWireHead(to writer: inout JSONWriter) {
    writer.field("type", literal: "commandExecution")
    writer.field("id", id)
    writer.field("pluginId", pluginID)
    writer.field("scriptPath", scriptPath)
    writer.field("command", command)
    writer.field("cwd", cwd)
    writer.field("processId", processID)
    writer.field("source", source.rawValue)
    writer.field("status", status.rawValue)
    writer.key("commandActions")
    writer.beginArray()
    for action in actions { action.write(to: &writer, cwd: cwd) }
    writer.endArray()
  }

  func writeWireTail(to writer: inout JSONWriter) {
    writer.field("exitCode", exitCode)
    writer.field("durationMs", duration?.wholeMilliseconds)
  }

  package func writeRollout(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.field("type", literal: "CommandExecution")
    writer.field("id", id)
    if let pluginID { writer.field("plugin_id", pluginID) }
    if let scriptPath { writer.field("script_path", scriptPath) }
    if let processID { writer.field("process_id", processID) }
    writer.field("command", arguments)
    writer.field("cwd", FileURL.url(cwd))
    writer.key("parsed_cmd")
    writer.beginArray()
    for action in actions { action.writeRollout(to: &writer) }
    writer.endArray()
    writer.field("source", NameCase.snake(source.rawValue))
    writer.field("status", NameCase.snake(status.rawValue))
    if let aggregatedOutput { writer.field("aggregated_output", aggregatedOutput) }
    if let exitCode { writer.field("exit_code", exitCode) }
    if let duration { writer.duration("duration", duration) }
    writer.endObject()
  }
}

/// What a command is believed to do, for a short description.
package enum CommandAction: Sendable, Equatable {
  /// `path` is as in the command; clients see it resolved against the working folder.
  case read(command: String, name: String, path: String)
  case listFiles(command: String, path: String?)
  case search(command: String, query: String?, path: String?)
  case unknown(command: String)

  init(rollout reader: inout JSONReader) throws(JSONError) {
    var type: String?
    var command: String?
    var name: String?
    var path: String?
    var query: String?
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "type": type = try reader.string()
      case "cmd": command = try reader.string()
      case "name": name = try reader.optionalString()
      case "path": path = try reader.optionalString()
      case "query": query = try reader.optionalString()
      default: try reader.skip()
      }
    }
    let line = try reader.require(command, "cmd")
    switch try reader.require(type, "type") {
    case "read":
      self = .read(
        command: line, name: try reader.require(name, "name"),
        path: FileURL.path(try reader.require(path, "path")))
    case "list_files": self = .listFiles(command: line, path: path)
    case "search": self = .search(command: line, query: query, path: path)
    default: self = .unknown(command: line)
    }
  }

  package func write(to writer: inout JSONWriter, cwd: String) {
    writer.beginObject()
    switch self {
    case .read(let command, let name, let path):
      writer.field("type", literal: "read")
      writer.field("command", command)
      writer.field("name", name)
      writer.field("path", LexicalPath.resolve(path, against: cwd))
    case .listFiles(let command, let path):
      writer.field("type", literal: "listFiles")
      writer.field("command", command)
      writer.field("path", path)
    case .search(let command, let query, let path):
      writer.field("type", literal: "search")
      writer.field("command", command)
      writer.field("query", query)
      writer.field("path", path)
    case .unknown(let command):
      writer.field("type", literal: "unknown")
      writer.field("command", command)
    }
    writer.endObject()
  }

  package func writeRollout(to writer: inout JSONWriter) {
    writer.beginObject()
    switch self {
    case .read(let command, let name, let path):
      writer.field("type", literal: "read")
      writer.field("cmd", command)
      writer.field("name", name)
      writer.field("path", path)
    case .listFiles(let command, let path):
      writer.field("type", literal: "list_files")
      writer.field("cmd", command)
      writer.field("path", path)
    case .search(let command, let query, let path):
      writer.field("type", literal: "search")
      writer.field("cmd", command)
      writer.field("query", query)
      writer.field("path", path)
    case .unknown(let command):
      writer.field("type", literal: "unknown")
      writer.field("cmd", command)
    }
    writer.endObject()
  }
}

extension Duration {
  /// Whole milliseconds, rounded towards zero; limited to what 64 bits hold.
  package var wholeMilliseconds: Int64 {
    let (seconds, attoseconds) = components
    let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1000)
    let (sum, overflowAgain) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000_000_000)
    return overflow || overflowAgain ? (seconds < 0 ? .min : .max) : sum
  }
}

extension JSONWriter {
  /// `{"secs":…,"nanos":…}`, as durations stand in rollout files; a negative one is written as zero.
  package mutating func duration(_ name: StaticString, _ duration: Duration) {
    let (seconds, attoseconds) = max(duration, .zero).components
    key(name)
    beginObject()
    field("secs", seconds)
    field("nanos", attoseconds / 1_000_000_000)
    endObject()
  }
}

extension JSONReader {
  /// Longest duration that is believed, in seconds: about 31 million years. More is taken for this.
  private static let maximumSeconds: Int64 = 1 << 50

  /// `{"secs":…,"nanos":…}` or null.
  package mutating func durationOrNull() throws(JSONError) -> Duration? {
    if try takeNull() { return nil }
    var seconds: Int64 = 0
    var nanoseconds: Int64 = 0
    try beginObject()
    while let key = try nextKey() {
      switch key {
      case "secs": seconds = min(max(try int64(), 0), Self.maximumSeconds)
      case "nanos": nanoseconds = min(max(try int64(), 0), 999_999_999)
      default: try skip()
      }
    }
    return .seconds(seconds) + .nanoseconds(nanoseconds)
  }

  /// A word of a closed set whose cases are named in camelCase, written in either case.
  mutating func camelWord<Word: RawRepresentable<String>>(_ type: Word.Type) throws(JSONError) -> Word {
    let text = try string()
    guard let word = Word(rawValue: NameCase.camel(text)) else {
      throw error(.invalidValue("unknown variant `\(text)`"))
    }
    return word
  }
}
