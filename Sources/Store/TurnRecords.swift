import AppServerProtocol
import HostIO
import JSON

/// The members of `task_started`, `task_complete` and `turn_aborted` that matter here.
struct TurnBoundary {
  var turnID: String?
  var rootTurnID: String?
  var error: TurnError?
  var startedAt: Int64?
  var completedAt: Int64?
  var durationMs: Int64?

  init() {}

  init(_ payload: JSONReader) throws(JSONError) {
    var reader = payload
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "turn_id": turnID = try reader.optionalString()
      case "root_turn_id": rootTurnID = try reader.optionalString()
      case "error": if try !reader.takeNull() { error = try TurnError(rollout: &reader) }
      case "started_at": startedAt = try reader.takeNull() ? nil : try reader.int64()
      case "completed_at": completedAt = try reader.takeNull() ? nil : try reader.int64()
      case "duration_ms": durationMs = try reader.takeNull() ? nil : try reader.int64()
      default: try reader.skip()
      }
    }
  }

  static func rolledBackTurns(_ payload: JSONReader) throws(JSONError) -> Int {
    var reader = payload
    var count = 0
    try reader.beginObject()
    while let key = try reader.nextKey() {
      if "num_turns" ~= key { count = try reader.int() } else { try reader.skip() }
    }
    return count
  }
}

/// The start of an `item_completed` record.
struct StoredItemHead {
  enum Phase { case unsaid, commentary, partial, final }
  enum Role {
    case user, agent(Phase), other

    var message: IndexedItem.Message {
      switch self {
      case .user: .user
      case .agent(.partial): .partialAnswer
      case .agent(.unsaid), .agent(.final): .agent
      case .agent(.commentary), .other: .none
      }
    }
  }

  var turnID: ArraySlice<UInt8>
  var id: ArraySlice<UInt8>
  var role: Role
  var isShownInLegacyFiles: Bool

  init(_ payload: JSONReader) throws(JSONError) {
    var reader = payload
    var turnID: ArraySlice<UInt8>?
    var item: JSONReader?
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "turn_id": turnID = try reader.stringBytes()
      case "item":
        item = reader
        if turnID == nil { try reader.skip() }
      default: try reader.skip()
      }
      if turnID != nil, item != nil { break }
    }
    self.turnID = try reader.require(turnID, "turn_id")
    var inner = try reader.require(item, "item")
    var id: ArraySlice<UInt8>?
    var type: ArraySlice<UInt8>?
    try inner.beginObject()
    while let key = try inner.nextKey() {
      switch key {
      case "type": type = try inner.stringBytes()
      case "id": id = try inner.stringBytes()
      default: try inner.skip()
      }
      if id != nil, type != nil { break }
    }
    self.id = try inner.require(id, "id")
    let name = try inner.require(type, "type")
    isShownInLegacyFiles = false
    if name.elementsEqual("UserMessage".utf8) {
      role = .user
    } else if name.elementsEqual("AgentMessage".utf8) {
      role = .agent(try Self.phase(of: item ?? reader))
    } else {
      role = .other
      isShownInLegacyFiles = ["Plan", "EnteredReviewMode", "ExitedReviewMode"].contains {
        name.elementsEqual($0.utf8)
      }
    }
  }

  static func phase(of message: JSONReader) throws(JSONError) -> Phase {
    // The member comes after the text and is rare. Inside a text its quotes would be escaped, so a search tells for sure
    // that there is none, many times faster than reading does.
    guard message.contains("\"phase\"") else { return .unsaid }
    var reader = message
    try reader.beginObject()
    while let key = try reader.nextKey() {
      guard "phase" ~= key, try reader.peek() == .string else {
        try reader.skip()
        continue
      }
      let name = try reader.stringBytes()
      if name.elementsEqual("commentary".utf8) { return .commentary }
      if name.elementsEqual("partial_answer".utf8) { return .partial }
      return name.elementsEqual("final_answer".utf8) ? .final : .unsaid
    }
    return .unsaid
  }
}

extension JSONReader {
  /// Whether these bytes stand anywhere in what is not read yet.
  fileprivate func contains(_ text: StaticString) -> Bool {
    bytes.withUnsafeBytes { ByteSearch.contains(text, in: UnsafeRawBufferPointer(rebasing: $0[remaining])) }
  }
}
