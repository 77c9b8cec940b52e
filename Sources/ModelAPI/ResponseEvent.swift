import JSON

/// What one event of a response stream means.
///
/// The events of the Responses API carry their kind in the member `type`. What nobody acts upon is `ignored`, and an event
/// that is no JSON, or that lacks what its kind needs, is `malformed`; the stream goes on after both.
package enum ResponseEvent: Sendable, Equatable {
  /// The request was accepted.
  case created
  /// An item begins; its content is still missing.
  case itemAdded(OutputItem)
  case textDelta(String)
  case reasoningSummaryPartAdded(summaryIndex: Int)
  case reasoningSummaryDelta(String, summaryIndex: Int)
  case reasoningTextDelta(String, contentIndex: Int)
  /// An item is complete; this is its authoritative form.
  case itemDone(OutputItem)
  /// The only successful end.
  case completed(responseID: String, usage: TokenUsage?)
  /// The end of a response that came, but without what its kind requires. The text says what is wrong.
  case completedUnreadable(String)
  case failed(ResponseError)
  case incomplete(reason: String, usage: TokenUsage?)
  case ignored
  case malformed

  /// What a `response.failed` event says about the reason; each part may be missing.
  package struct ResponseError: Sendable, Equatable {
    package var code: String?
    package var message: String?
    /// Whether the event had an error object at all.
    package var isPresent: Bool

    package init(code: String?, message: String?, isPresent: Bool = true) {
      self.code = code
      self.message = message
      self.isPresent = isPresent
    }
  }

  package init(_ event: ServerSentEvent) {
    do throws(JSONError) {
      self = try EventMembers(event).event(in: event.bytes)
    } catch {
      self = .malformed
    }
  }
}

/// Where the members lie that any kind of event needs. They are found in one pass, before the kind is known: `type`
/// comes first from the service itself, but need not.
private struct EventMembers {
  private enum Kind {
    case created, itemAdded, itemDone, textDelta
    case summaryPartAdded, summaryDelta, reasoningDelta
    case completed, failed, incomplete
    case other
  }

  private var kind = Kind.other
  private var delta: Range<Int>?
  private var item: Range<Int>?
  private var response: Range<Int>?
  private var summaryIndex: Range<Int>?
  private var contentIndex: Range<Int>?

  init(_ event: ServerSentEvent) throws(JSONError) {
    var reader = JSONReader(event.bytes, in: event.range)
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "type": kind = Self.kind(of: try reader.stringBytes())
      case "delta": delta = try reader.skip()
      case "item": item = try reader.skip()
      case "response": response = try reader.skip()
      case "summary_index": summaryIndex = try reader.skip()
      case "content_index": contentIndex = try reader.skip()
      default: try reader.skip()
      }
    }
    try reader.finish()
  }

  private static func kind(of type: ArraySlice<UInt8>) -> Kind {
    let prefix: StaticString = "response."
    guard type.starts(with: prefix) else { return .other }
    let rest = type.dropFirst(prefix.utf8CodeUnitCount)
    // Ordered by how often they come.
    if rest.equals("output_text.delta") { return .textDelta }
    if rest.equals("reasoning_summary_text.delta") { return .summaryDelta }
    if rest.equals("reasoning_text.delta") { return .reasoningDelta }
    if rest.equals("output_item.done") { return .itemDone }
    if rest.equals("output_item.added") { return .itemAdded }
    if rest.equals("created") { return .created }
    if rest.equals("completed") { return .completed }
    if rest.equals("reasoning_summary_part.added") { return .summaryPartAdded }
    if rest.equals("failed") { return .failed }
    if rest.equals("incomplete") { return .incomplete }
    return .other
  }

  func event(in bytes: [UInt8]) throws(JSONError) -> ResponseEvent {
    switch kind {
    case .created: return .created
    case .itemAdded:
      guard let item = try OutputItem(in: bytes, at: item) else { return .malformed }
      return .itemAdded(item)
    case .itemDone:
      guard let item = try OutputItem(in: bytes, at: item) else { return .malformed }
      return .itemDone(item)
    case .textDelta:
      guard let delta else { return .malformed }
      return .textDelta(try Self.string(in: bytes, at: delta))
    case .summaryPartAdded:
      guard let summaryIndex else { return .malformed }
      return .reasoningSummaryPartAdded(summaryIndex: try Self.int(in: bytes, at: summaryIndex))
    case .summaryDelta:
      guard let delta, let summaryIndex else { return .malformed }
      return .reasoningSummaryDelta(
        try Self.string(in: bytes, at: delta), summaryIndex: try Self.int(in: bytes, at: summaryIndex))
    case .reasoningDelta:
      guard let delta, let contentIndex else { return .malformed }
      return .reasoningTextDelta(
        try Self.string(in: bytes, at: delta), contentIndex: try Self.int(in: bytes, at: contentIndex))
    case .completed:
      guard let response else { return .malformed }
      do throws(JSONError) {
        let members = try ResponseMembers(in: bytes, at: response)
        guard let id = members.id else { throw JSONError(.missingField("id"), at: 0) }
        return .completed(responseID: id, usage: members.usage)
      } catch {
        return .completedUnreadable(error.reason)
      }
    case .failed:
      guard let response, let members = try? ResponseMembers(in: bytes, at: response), let error = members.error else {
        return .failed(.init(code: nil, message: nil, isPresent: false))
      }
      return .failed(error)
    case .incomplete:
      let members = response.flatMap { try? ResponseMembers(in: bytes, at: $0) }
      return .incomplete(reason: members?.incompleteReason ?? "unknown", usage: members?.usage)
    case .other: return .ignored
    }
  }

  private static func string(in bytes: [UInt8], at range: Range<Int>) throws(JSONError) -> String {
    var reader = JSONReader(bytes, in: range)
    return try reader.string()
  }

  private static func int(in bytes: [UInt8], at range: Range<Int>) throws(JSONError) -> Int {
    var reader = JSONReader(bytes, in: range)
    return try reader.int()
  }
}

/// The members of the `response` object that the last event of a stream carries.
private struct ResponseMembers {
  var id: String?
  var usage: TokenUsage?
  var error: ResponseEvent.ResponseError?
  var incompleteReason: String?

  init(in bytes: [UInt8], at range: Range<Int>) throws(JSONError) {
    var reader = JSONReader(bytes, in: range)
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "id": id = try reader.stringOrNull()
      case "usage": usage = try reader.takeNull() ? nil : try TokenUsage(response: &reader)
      case "error": error = try reader.takeNull() ? nil : try Self.error(&reader)
      case "incomplete_details": incompleteReason = try reader.takeNull() ? nil : try Self.reason(&reader)
      default: try reader.skip()
      }
    }
  }

  private static func error(_ reader: inout JSONReader) throws(JSONError) -> ResponseEvent.ResponseError {
    var error = ResponseEvent.ResponseError(code: nil, message: nil)
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "code": error.code = try reader.stringIfAny()
      case "message": error.message = try reader.stringIfAny()
      default: try reader.skip()
      }
    }
    return error
  }

  private static func reason(_ reader: inout JSONReader) throws(JSONError) -> String? {
    var reason: String?
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "reason": reason = try reader.stringIfAny()
      default: try reader.skip()
      }
    }
    return reason
  }
}
