package import JSON

/// Settings that `turn/start` and `thread/settings/update` change for this and later turns; nil keeps what is.
package struct TurnOverrides: Sendable {
  package var model: String?
  package var effort: String?
  package var summary: ReasoningSummary?
  package var cwd: String?
  package var sandboxPolicy: SandboxPolicy?
  package var permissions: String?
  package var approvalPolicy: ApprovalPolicy?
  package var approvalsReviewer: ApprovalsReviewer?
  package var serviceTier: String?
  package var collaborationMode: CollaborationMode?

  package init() {}

  package mutating func read(_ key: JSONKey, from reader: inout JSONReader) throws(JSONError) -> Bool {
    switch key {
    case "model": model = try reader.optionalString()
    case "effort":
      let place = reader.error(.unexpectedEnd).offset
      effort = try reader.optionalString()
      if effort == "" { throw JSONError(.invalidValue("reasoning effort must not be empty"), at: place) }
    case "summary": summary = try reader.optionalEnumeration()
    case "cwd": cwd = try reader.optionalString()
    case "sandboxPolicy": sandboxPolicy = try reader.takeNull() ? nil : try SandboxPolicy(from: &reader)
    case "permissions": permissions = try reader.optionalString()
    case "approvalPolicy": approvalPolicy = try reader.takeNull() ? nil : try ApprovalPolicy(from: &reader)
    case "approvalsReviewer": approvalsReviewer = try reader.optionalEnumeration()
    case "serviceTier": serviceTier = try reader.optionalString()
    case "collaborationMode": collaborationMode = try reader.takeNull() ? nil : try CollaborationMode(from: &reader)
    default: return false
    }
    return true
  }
}

package struct TurnStartParams: Params {
  package static let method = "turn/start"

  /// Characters that the texts of one call may have together; the reference's number.
  package static let maximumInputCharacters = 1_048_576

  package var threadID = ""
  package var input: [UserInput] = []
  package var overrides = TurnOverrides()
  /// Comes back as the `clientId` of the user message.
  package var clientUserMessageID: String?
  /// A JSON schema that the final answer must follow, as its text; for this turn only.
  package var outputSchema: [UInt8]?
  package var serviceTierForTurn: String?

  package init(from reader: inout JSONReader) throws(JSONError) {
    var id: String?
    var input: [UserInput]?
    try reader.beginObject()
    while let key = try reader.nextKey() {
      if try overrides.read(key, from: &reader) { continue }
      switch key {
      case "threadId": id = try reader.string()
      case "input": input = try reader.elements { (reader) throws(JSONError) in try UserInput(wire: &reader) }
      case "clientUserMessageId": clientUserMessageID = try reader.optionalString()
      case "outputSchema": outputSchema = try reader.optionalRaw()
      case "serviceTierForTurn": serviceTierForTurn = try reader.optionalString()
      default: try reader.skip()
      }
    }
    threadID = try reader.require(id, "threadId")
    self.input = try reader.require(input, "input")
  }
}

package struct TurnSteerParams: Params {
  package static let method = "turn/steer"

  package var threadID = ""
  package var expectedTurnID = ""
  package var input: [UserInput] = []
  package var clientUserMessageID: String?

  package init(from reader: inout JSONReader) throws(JSONError) {
    var id: String?
    var turn: String?
    var input: [UserInput]?
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "threadId": id = try reader.string()
      case "expectedTurnId": turn = try reader.string()
      case "input": input = try reader.elements { (reader) throws(JSONError) in try UserInput(wire: &reader) }
      case "clientUserMessageId": clientUserMessageID = try reader.optionalString()
      default: try reader.skip()
      }
    }
    threadID = try reader.require(id, "threadId")
    expectedTurnID = try reader.require(turn, "expectedTurnId")
    self.input = try reader.require(input, "input")
  }
}

package struct TurnInterruptParams: Params {
  package static let method = "turn/interrupt"

  package var threadID = ""
  package var turnID = ""

  package init(from reader: inout JSONReader) throws(JSONError) {
    var id: String?
    var turn: String?
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "threadId": id = try reader.string()
      case "turnId": turn = try reader.string()
      default: try reader.skip()
      }
    }
    threadID = try reader.require(id, "threadId")
    turnID = try reader.require(turn, "turnId")
  }
}

package struct ThreadSettingsUpdateParams: Params {
  package static let method = "thread/settings/update"

  package var threadID = ""
  package var overrides = TurnOverrides()

  package init(from reader: inout JSONReader) throws(JSONError) {
    var id: String?
    try reader.beginObject()
    while let key = try reader.nextKey() {
      if try overrides.read(key, from: &reader) { continue }
      if "threadId" ~= key { id = try reader.string() } else { try reader.skip() }
    }
    threadID = try reader.require(id, "threadId")
  }
}
