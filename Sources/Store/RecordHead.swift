package import JSON

/// The kinds of records that are looked into; others are passed over.
package enum RecordKind: Sendable, Equatable {
  case sessionMeta
  case responseItem
  case eventMessage
  case turnContext
  case compacted
  case other
}

/// The kinds of event messages that are looked into.
package enum EventKind: Sendable, Equatable {
  case taskStarted
  case taskComplete
  case turnAborted
  case itemCompleted
  case tokenCount
  case threadSettingsApplied
  case threadRolledBack
  // Only in legacy files:
  case userMessage
  case agentMessage
  case agentReasoning
  case agentReasoningRaw
  case patchApplyEnd
  case mcpToolCallEnd
  case webSearchEnd
  case imageGenerationEnd
  case contextCompacted
  case enteredReviewMode
  case exitedReviewMode
  case other

  init(_ name: ArraySlice<UInt8>) {
    // By length first: most records are told apart without comparing any text.
    switch name.count {
    case 11 where name.elementsEqual("token_count".utf8): self = .tokenCount
    case 12 where name.elementsEqual("task_started".utf8), 12 where name.elementsEqual("turn_started".utf8):
      self = .taskStarted
    case 12 where name.elementsEqual("turn_aborted".utf8): self = .turnAborted
    case 12 where name.elementsEqual("user_message".utf8): self = .userMessage
    case 13 where name.elementsEqual("task_complete".utf8), 13 where name.elementsEqual("turn_complete".utf8):
      self = .taskComplete
    case 13 where name.elementsEqual("agent_message".utf8): self = .agentMessage
    case 14 where name.elementsEqual("item_completed".utf8): self = .itemCompleted
    case 14 where name.elementsEqual("web_search_end".utf8): self = .webSearchEnd
    case 15 where name.elementsEqual("agent_reasoning".utf8): self = .agentReasoning
    case 15 where name.elementsEqual("patch_apply_end".utf8): self = .patchApplyEnd
    case 17 where name.elementsEqual("mcp_tool_call_end".utf8): self = .mcpToolCallEnd
    case 17 where name.elementsEqual("context_compacted".utf8): self = .contextCompacted
    case 18 where name.elementsEqual("thread_rolled_back".utf8): self = .threadRolledBack
    case 18 where name.elementsEqual("exited_review_mode".utf8): self = .exitedReviewMode
    case 19 where name.elementsEqual("entered_review_mode".utf8): self = .enteredReviewMode
    case 20 where name.elementsEqual("image_generation_end".utf8): self = .imageGenerationEnd
    case 23 where name.elementsEqual("thread_settings_applied".utf8): self = .threadSettingsApplied
    case 27 where name.elementsEqual("agent_reasoning_raw_content".utf8): self = .agentReasoningRaw
    default: self = .other
    }
  }
}

/// The start of a record: enough to know whether the rest matters, without reading the rest.
package struct RecordHead: Sendable {
  package var kind: RecordKind
  /// nil unless `kind` is `.eventMessage`.
  package var event: EventKind?
  package var ordinal: Int64?
  /// Placed at the payload, which is not consumed.
  package var payload: JSONReader

  /// nil for a line that is no record: broken, of another shape, or without type or payload.
  ///
  /// What comes after the start of the payload is not checked.
  package init?(_ bytes: [UInt8], in range: Range<Int>) {
    if let start = UsualStart(bytes, in: range) {
      kind = start.kind
      event = start.event
      ordinal = start.ordinal
      payload = JSONReader(bytes, in: start.payload..<range.upperBound)
      return
    }
    var reader = JSONReader(bytes, in: range)
    var kind: RecordKind?
    var ordinal: Int64?
    var payload: JSONReader?
    do throws(JSONError) {
      try reader.beginObject()
      while let key = try reader.nextKey() {
        switch key {
        case "type": kind = Self.kind(try reader.stringBytes())
        case "ordinal": ordinal = try reader.takeNull() ? nil : try reader.int64()
        case "payload":
          payload = reader
          if kind == nil { try reader.skip() }
        default: try reader.skip()
        }
        if kind != nil, payload != nil { break }
      }
      guard let kind, let payload else { return nil }
      self.kind = kind
      self.ordinal = ordinal
      self.payload = payload
      event = kind == .eventMessage ? try Self.event(payload) : nil
    } catch {
      return nil
    }
  }

  fileprivate static func kind(_ name: ArraySlice<UInt8>) -> RecordKind {
    switch name.count {
    case 9 where name.elementsEqual("event_msg".utf8): .eventMessage
    case 9 where name.elementsEqual("compacted".utf8): .compacted
    case 12 where name.elementsEqual("session_meta".utf8): .sessionMeta
    case 12 where name.elementsEqual("turn_context".utf8): .turnContext
    case 13 where name.elementsEqual("response_item".utf8): .responseItem
    default: .other
    }
  }

  private static func event(_ payload: JSONReader) throws(JSONError) -> EventKind {
    var probe = payload
    try probe.beginObject()
    while let key = try probe.nextKey() {
      if "type" ~= key { return EventKind(try probe.stringBytes()) }
      try probe.skip()
    }
    return .other
  }
}

/// The start of a record in the spelling of both implementations: members in their order, no white space. It saves most
/// of the time that a pass over a long file takes; any other spelling is left to the reader.
private struct UsualStart {
  var kind: RecordKind
  var event: EventKind?
  var ordinal: Int64?
  /// Where the payload begins.
  var payload: Int

  private static let timestamp = Array(#"{"timestamp":""#.utf8)
  private static let ordinalKey = Array(#","ordinal":"#.utf8)
  private static let type = Array(#","type":""#.utf8)
  private static let payloadKey = Array(#","payload":"#.utf8)
  private static let payloadType = Array(#"{"type":""#.utf8)

  init?(_ bytes: [UInt8], in range: Range<Int>) {
    var at = range.lowerBound
    let end = range.upperBound

    func take(_ text: [UInt8]) -> Bool {
      guard end - at >= text.count else { return false }
      var index = 0
      while index < text.count {
        guard bytes[at + index] == text[index] else { return false }
        index += 1
      }
      at += text.count
      return true
    }

    /// What stands before the next quote; nil for a text with escapes.
    func word() -> Range<Int>? {
      let start = at
      while at < end {
        let byte = bytes[at]
        if byte == UInt8(ascii: "\"") {
          defer { at += 1 }
          return start..<at
        }
        if byte == UInt8(ascii: "\\") || byte < 0x20 { return nil }
        at += 1
      }
      return nil
    }

    guard take(Self.timestamp), word() != nil else { return nil }
    if take(Self.ordinalKey) {
      var value: Int64 = 0
      let start = at
      while at < end, bytes[at] &- 0x30 < 10, at - start < 18 {
        value = value * 10 + Int64(bytes[at] &- 0x30)
        at += 1
      }
      guard at > start, at < end, bytes[at] == UInt8(ascii: ",") else { return nil }
      ordinal = value
    }
    guard take(Self.type), let name = word(), take(Self.payloadKey) else { return nil }
    kind = RecordHead.kind(bytes[name])
    payload = at
    guard kind == .eventMessage else { return }
    guard take(Self.payloadType), let eventName = word() else { return nil }
    event = EventKind(bytes[eventName])
  }
}
