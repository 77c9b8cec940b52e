package import JSON

/// Changes to files that the model asked for in one call.
package struct FileChangeItem: Sendable, Equatable {
  package enum Status: String, Sendable {
    case inProgress
    case completed
    case failed
    case declined
  }

  package var id: String
  /// Clients get them in this order; the reference sorts by path.
  package var changes: [FileChange]
  package var status: Status
  /// What applying said; only in files.
  package var standardOutput: String
  package var standardError: String

  package init(
    id: String, changes: [FileChange], status: Status = .inProgress, standardOutput: String = "",
    standardError: String = ""
  ) {
    self.id = id
    self.changes = changes
    self.status = status
    self.standardOutput = standardOutput
    self.standardError = standardError
  }

  init(rollout reader: inout JSONReader) throws(JSONError) {
    var id: String?
    var changes: [FileChange]?
    status = .inProgress
    standardOutput = ""
    standardError = ""
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "id": id = try reader.string()
      case "changes": changes = try FileChange.sortedMap(rollout: &reader)
      case "status": if try !reader.takeNull() { status = try reader.camelWord(Status.self) }
      case "stdout": standardOutput = try reader.optionalString() ?? ""
      case "stderr": standardError = try reader.optionalString() ?? ""
      default: try reader.skip()
      }
    }
    self.id = try reader.require(id, "id")
    self.changes = try reader.require(changes, "changes")
  }

  package func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.field("type", literal: "fileChange")
    writer.field("id", id)
    writer.key("changes")
    writer.beginArray()
    for change in changes { change.write(to: &writer) }
    writer.endArray()
    writer.field("status", status.rawValue)
    writer.endObject()
  }

  package func writeRollout(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.field("type", literal: "FileChange")
    writer.field("id", id)
    writer.key("changes")
    writeRolloutChanges(to: &writer)
    if status != .inProgress { writer.field("status", status.rawValue) }
    writer.field("stdout", standardOutput)
    writer.field("stderr", standardError)
    writer.endObject()
  }
}

extension FileChangeItem {
  /// The object of changes by path.
  package func writeRolloutChanges(to writer: inout JSONWriter) {
    writer.beginObject()
    for change in changes { change.writeRolloutMember(to: &writer) }
    writer.endObject()
  }
}

/// What happens to one file.
package struct FileChange: Sendable, Equatable {
  package enum Kind: Sendable, Equatable {
    case add(content: String)
    /// `content` is what the file held.
    case delete(content: String)
    case update(unifiedDiff: String, movePath: String?)
  }

  package var path: String
  package var kind: Kind

  package init(path: String, kind: Kind) {
    self.path = path
    self.kind = kind
  }

  /// What clients show: the text of an added or deleted file, or a unified diff with a remark where it moves.
  package var diff: String {
    switch kind {
    case .add(let content), .delete(let content): content
    case .update(let diff, let movePath): movePath.map { diff + "\n\nMoved to: " + $0 } ?? diff
    }
  }

  /// The `changes` object of a stored item, sorted by path (by bytes).
  package static func sortedMap(rollout reader: inout JSONReader) throws(JSONError) -> [FileChange] {
    var changes: [FileChange] = []
    try reader.beginObject()
    while let key = try reader.nextKey() {
      let path = key.string
      changes.append(FileChange(path: path, kind: try kind(&reader)))
    }
    return changes.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
  }

  private static func kind(_ reader: inout JSONReader) throws(JSONError) -> Kind {
    var type: String?
    var content: String?
    var diff: String?
    var movePath: String?
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "type": type = try reader.string()
      case "content": content = try reader.string()
      case "unified_diff": diff = try reader.string()
      case "move_path": movePath = try reader.optionalString()
      default: try reader.skip()
      }
    }
    switch try reader.require(type, "type") {
    case "add": return .add(content: try reader.require(content, "content"))
    case "delete": return .delete(content: try reader.require(content, "content"))
    case "update": return .update(unifiedDiff: try reader.require(diff, "unified_diff"), movePath: movePath)
    case let other: throw reader.error(.invalidValue("unknown variant `\(other)`"))
    }
  }

  package func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.field("path", path)
    writer.key("kind")
    writer.beginObject()
    switch kind {
    case .add: writer.field("type", literal: "add")
    case .delete: writer.field("type", literal: "delete")
    case .update(_, let movePath):
      writer.field("type", literal: "update")
      writer.field("move_path", movePath)
    }
    writer.endObject()
    writer.field("diff", diff)
    writer.endObject()
  }

  func writeRolloutMember(to writer: inout JSONWriter) {
    writer.key(dynamic: path)
    writer.beginObject()
    switch kind {
    case .add(let content):
      writer.field("type", literal: "add")
      writer.field("content", content)
    case .delete(let content):
      writer.field("type", literal: "delete")
      writer.field("content", content)
    case .update(let diff, let movePath):
      writer.field("type", literal: "update")
      writer.field("unified_diff", diff)
      writer.field("move_path", movePath)
    }
    writer.endObject()
  }
}
