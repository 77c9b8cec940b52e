package import JSON

/// What a review looks at.
package enum ReviewTarget: Sendable, Equatable {
  /// The work tree: what is staged, what is not, and files that are not tracked.
  case uncommittedChanges
  /// What the current branch has that the other has not.
  case baseBranch(String)
  case commit(sha: String, title: String?)
  case custom(instructions: String)

  private static let types = ["uncommittedChanges", "baseBranch", "commit", "custom"]

  package init(from reader: inout JSONReader) throws(JSONError) {
    let place = reader.error(.unexpectedEnd).offset
    guard let type = try reader.peekMember("type") else { throw reader.error(.missingField("type")) }
    var branch: String?
    var sha: String?
    var title: String?
    var instructions: String?
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "branch": branch = try reader.string()
      case "sha": sha = try reader.string()
      case "title": title = try reader.optionalString()
      case "instructions": instructions = try reader.string()
      default: try reader.skip()
      }
    }
    switch type {
    case "uncommittedChanges": self = .uncommittedChanges
    case "baseBranch": self = .baseBranch(try reader.require(branch, "branch"))
    case "commit": self = .commit(sha: try reader.require(sha, "sha"), title: title)
    case "custom": self = .custom(instructions: try reader.require(instructions, "instructions"))
    default: throw JSONError(.unknownVariant(type, expected: Self.types), at: place)
    }
  }

  /// The form of the wire, which is that of session files, too.
  package var raw: RawJSON {
    var writer = JSONWriter()
    writer.beginObject()
    switch self {
    case .uncommittedChanges: writer.field("type", literal: "uncommittedChanges")
    case .baseBranch(let branch):
      writer.field("type", literal: "baseBranch")
      writer.field("branch", branch)
    case .commit(let sha, let title):
      writer.field("type", literal: "commit")
      writer.field("sha", sha)
      writer.field("title", title)
    case .custom(let instructions):
      writer.field("type", literal: "custom")
      writer.field("instructions", instructions)
    }
    writer.endObject()
    return RawJSON(unchecked: writer.bytes)
  }
}

package struct ReviewStartParams: Params {
  package static let method = "review/start"

  package enum Delivery: String, WireEnum {
    /// On the thread itself.
    case inline
    /// On a thread of its own.
    case detached
  }

  package var threadID = ""
  package var target: ReviewTarget
  package var delivery = Delivery.inline

  package init(from reader: inout JSONReader) throws(JSONError) {
    var id: String?
    var target: ReviewTarget?
    var delivery: Delivery?
    try reader.members { (key, reader) throws(JSONError) in
      switch key {
      case "threadId": id = try reader.string()
      case "target": target = try ReviewTarget(from: &reader)
      case "delivery": delivery = try reader.optionalEnumeration()
      default: try reader.skip()
      }
    }
    threadID = try reader.require(id, "threadId")
    self.target = try reader.require(target, "target")
    if let delivery { self.delivery = delivery }
  }
}
