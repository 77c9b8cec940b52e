package import JSON

/// One item of a thread's history as it is sent: its JSON, and the little that has to be known to keep a history whole.
package struct HistoryItem: Sendable, Equatable {
  package var kind: Kind
  /// The item's own JSON, fit to be sent: without what only session files have, and without an id that no server would
  /// accept.
  package var raw: [UInt8]
  package var hasImages: Bool

  package enum Kind: Sendable, Equatable {
    case developerMessage
    /// The text parts, one after the other; images have none.
    case userMessage(texts: [String])
    case assistantMessage
    case call(Family, callID: String)
    case output(Family, callID: String)
    case other
  }

  /// Which kind of call a kind of output answers.
  package enum Family: Sendable, Hashable {
    /// `function_call` and `local_shell_call`.
    case function
    case custom
    case toolSearch
  }

  package init(kind: Kind, raw: [UInt8], hasImages: Bool = false) {
    self.kind = kind
    self.raw = raw
    self.hasImages = hasImages
  }

  /// Reads an item that is about to enter the history or comes from a session file. Throws if it is no JSON object.
  package init(raw bytes: [UInt8]) throws(JSONError) {
    let scan = try ItemScan(bytes)
    kind = scan.kind
    hasImages = scan.hasImages
    raw = scan.unfitMembers ? try Self.withoutUnfitMembers(bytes) : bytes
  }

  /// The id is dropped if it has no prefix: servers make ids like `rs_…`, and refuse others.
  private static func withoutUnfitMembers(_ bytes: [UInt8]) throws(JSONError) -> [UInt8] {
    var writer = JSONWriter(reserving: bytes.count)
    var reader = JSONReader(bytes)
    try reader.beginObject()
    writer.beginObject()
    while let key = try reader.nextKey() {
      let name = key.string
      let value = try reader.skip()
      if name == ItemScan.sessionMember || name == "id" && !ItemScan.isFitID(bytes[value]) { continue }
      writer.key(dynamic: name)
      writer.raw(bytes[value])
    }
    writer.endObject()
    return writer.bytes
  }
}

/// What a look through an item's JSON brings up.
private struct ItemScan {
  static let sessionMember = "internal_chat_message_metadata_passthrough"

  var kind = HistoryItem.Kind.other
  var hasImages = false
  var unfitMembers = false

  init(_ bytes: [UInt8]) throws(JSONError) {
    var type: String?
    var role: String?
    var callID: String?
    var execution: String?
    var texts: [String] = []
    var reader = JSONReader(bytes)
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "type": type = try reader.stringIfAny()
      case "role": role = try reader.stringIfAny()
      case "call_id": callID = try reader.stringIfAny()
      case "execution": execution = try reader.stringIfAny()
      case "id": if !Self.isFitID(bytes[try reader.skip()]) { unfitMembers = true }
      case "internal_chat_message_metadata_passthrough":
        try reader.skip()
        unfitMembers = true
      case "content", "output": try scanParts(&reader, texts: &texts)
      default: try reader.skip()
      }
    }
    try reader.finish()
    kind = Self.kind(type: type, role: role, callID: callID, execution: execution, texts: texts)
  }

  private static func kind(
    type: String?, role: String?, callID: String?, execution: String?, texts: [String]
  ) -> HistoryItem.Kind {
    switch (type, callID) {
    case ("message", _):
      switch role {
      case "user": .userMessage(texts: texts)
      case "developer", "system": .developerMessage
      case "assistant": .assistantMessage
      default: .other
      }
    case ("function_call", let id?), ("local_shell_call", let id?): .call(.function, callID: id)
    case ("function_call_output", let id?): .output(.function, callID: id)
    case ("custom_tool_call", let id?): .call(.custom, callID: id)
    case ("custom_tool_call_output", let id?): .output(.custom, callID: id)
    // What the server searched, the server answers, and both stay as they are.
    case ("tool_search_call", let id?): execution == "server" ? .other : .call(.toolSearch, callID: id)
    case ("tool_search_output", let id?): execution == "server" ? .other : .output(.toolSearch, callID: id)
    default: .other
    }
  }

  /// `json` is the value of `id` as it stands in the text.
  static func isFitID(_ json: ArraySlice<UInt8>) -> Bool {
    guard json.first == UInt8(ascii: "\"") else { return false }
    guard let underscore = json.firstIndex(of: UInt8(ascii: "_")) else { return false }
    return underscore > json.startIndex + 1 && underscore < json.endIndex - 2
  }

  private mutating func scanParts(_ reader: inout JSONReader, texts: inout [String]) throws(JSONError) {
    guard try reader.peek() == .array else {
      try reader.skip()
      return
    }
    try reader.beginArray()
    while try reader.nextElement() {
      guard try reader.peek() == .object else {
        try reader.skip()
        continue
      }
      var type: String?
      var text: String?
      try reader.beginObject()
      while let key = try reader.nextKey() {
        switch key {
        case "type": type = try reader.stringIfAny()
        case "text": text = try reader.stringIfAny()
        default: try reader.skip()
        }
      }
      if type == "input_image" { hasImages = true }
      if let text { texts.append(text) }
    }
  }
}

// MARK: - Making a history whole

extension HistoryItem {
  /// The output of a call that never got one: the turn was interrupted, or the process died.
  package static let missingOutput = "aborted"
  /// What stands for an image when the model takes none.
  package static let omittedImage = "[An image was here; this model cannot take images.]"

  /// The items of a request made from a history (agent-core §3.5): each call has exactly one output after it, no output
  /// lacks its call, and images are replaced by a note if the model takes none. A history that is whole comes out
  /// as it is.
  package static func sanitised(_ history: [HistoryItem], takesImages: Bool) -> [[UInt8]] {
    let pairing = Pairing(history)
    var items: [[UInt8]] = []
    items.reserveCapacity(history.count + pairing.unanswered.count)
    for (index, item) in history.enumerated() {
      if case .output = item.kind, !pairing.answers.contains(index) { continue }
      items.append(item.hasImages && !takesImages ? withoutImages(item.raw) : item.raw)
      if case .call(let family, let callID) = item.kind, pairing.unanswered.contains(index) {
        items.append(missingOutput(family, callID: callID))
      }
    }
    return items
  }

  /// Which outputs belong to a call before them. Ids may repeat: the first open call gets the output.
  private struct Pairing {
    var answers: Set<Int> = []
    var unanswered: Set<Int> = []

    private struct Key: Hashable {
      var family: Family
      var callID: String
    }

    /// The places of the calls with one id; those before `next` have their output.
    private struct Calls {
      var places: [Int] = []
      var next = 0
    }

    init(_ history: [HistoryItem]) {
      var calls: [Key: Calls] = [:]
      for (index, item) in history.enumerated() {
        switch item.kind {
        case .call(let family, let callID):
          calls[Key(family: family, callID: callID), default: Calls()].places.append(index)
          unanswered.insert(index)
        case .output(let family, let callID):
          let key = Key(family: family, callID: callID)
          guard let open = calls[key], open.next < open.places.count else { continue }
          unanswered.remove(open.places[open.next])
          calls[key]?.next += 1
          answers.insert(index)
        case .developerMessage, .userMessage, .assistantMessage, .other: break
        }
      }
    }
  }

  /// Without an id, so that it is the same bytes in every request.
  private static func missingOutput(_ family: Family, callID: String) -> [UInt8] {
    switch family {
    case .function: InputItem.functionCallOutput(id: nil, callID: callID, .text(missingOutput))
    case .custom: InputItem.customToolCallOutput(id: nil, callID: callID, .text(missingOutput))
    case .toolSearch: InputItem.toolSearchOutput(id: nil, callID: callID)
    }
  }

  private static func withoutImages(_ raw: [UInt8]) -> [UInt8] {
    guard case .object(var object) = try? JSON.parse(raw) else { return raw }
    for member in ["content", "output"] {
      guard let parts = object[member]?.arrayValue else { continue }
      object[member] = .array(
        parts.map { part in
          part["type"] == "input_image" ? ["type": "input_text", "text": .string(omittedImage)] : part
        })
    }
    return JSON.object(object).encoded
  }
}
