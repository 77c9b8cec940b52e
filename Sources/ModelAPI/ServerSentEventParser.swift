/// The data of one server-sent event: UTF-8 bytes that lie somewhere in a larger buffer, which is shared, not copied.
package struct ServerSentEvent: Sendable {
  /// The buffer that holds the data; read only `range` of it.
  package let bytes: [UInt8]
  package let range: Range<Int>

  package init(bytes: [UInt8], range: Range<Int>) {
    self.bytes = bytes
    self.range = range
  }

  /// An event of its own buffer.
  package init(_ data: [UInt8]) {
    self.init(bytes: data, range: 0..<data.count)
  }

  /// A copy of the data.
  package var data: [UInt8] { Array(bytes[range]) }
}

/// Why a stream of server-sent events cannot be read on.
package enum ServerSentEventError: Error, Equatable, Sendable {
  /// A line, or the data lines of one event together, are larger than this many bytes.
  case eventTooLarge(limit: Int)
}

/// Splits a byte stream into server-sent events, whatever the boundaries of its chunks.
///
///     parser.append(chunk)
///     while let event = try parser.next() { … }
///
/// Lines end with LF, CRLF or CR; an event ends at a blank line; data lines are joined with LF; comments and the other
/// fields are dropped, because every event of the Responses API carries its type in the JSON. A byte order mark at the
/// start is skipped (WHATWG HTML, §9.2.6). An event that lies wholly in one chunk is handed out in place.
///
/// After an error the parser hands out nothing more and repeats the error.
package struct ServerSentEventParser: Sendable {
  /// The default for the largest event, in bytes. Images arrive as base64 inside one event.
  package static let maximumEventBytes = 64 << 20

  private let limit: Int
  /// What came last from the network, and where reading goes on in it.
  private var chunk: [UInt8] = []
  private var offset = 0
  /// The start of a line whose end has not come yet, from earlier chunks.
  private var partialLine: [UInt8] = []
  /// The data of the event that is being collected; nil before its first data line.
  private var pending: ServerSentEvent?
  /// Whether the chunk before ended with CR, so that an LF at the start of this one belongs to it.
  private var skipsLineFeed = false
  private var isFirstLine = true
  private var failure: ServerSentEventError?

  package init(maximumEventBytes: Int = Self.maximumEventBytes) {
    limit = maximumEventBytes
  }

  /// Takes the next bytes of the stream. Call `next` until it returns nil before appending more: what is left over
  /// would have to be copied.
  package mutating func append(_ bytes: [UInt8]) {
    guard failure == nil else { return }
    if offset == chunk.count {
      chunk = bytes
    } else {
      chunk = Array(chunk[offset...]) + bytes
    }
    offset = 0
  }

  package mutating func append(_ bytes: ArraySlice<UInt8>) {
    append(Array(bytes))
  }

  /// The next complete event, or nil when more bytes are needed.
  package mutating func next() throws(ServerSentEventError) -> ServerSentEvent? {
    if let failure { throw failure }
    while offset < chunk.count {
      if skipsLineFeed {
        skipsLineFeed = false
        if chunk[offset] == UInt8(ascii: "\n") {
          offset += 1
          continue
        }
      }
      guard let end = LineScanner.endOfLine(in: chunk, from: offset) else {
        try keepPartialLine()
        return nil
      }
      let line = try takeLine(endingAt: end)
      if let event = try handle(line) { return event }
    }
    return nil
  }

  /// The event that a stream without a final blank line ends with, or nil. Nothing may be appended afterwards.
  ///
  /// The standard discards it; here it counts, because only a complete JSON text is ever acted upon.
  package mutating func finish() throws(ServerSentEventError) -> ServerSentEvent? {
    if let event = try next() { return event }
    if !partialLine.isEmpty {
      let line = ServerSentEvent(partialLine)
      partialLine = []
      _ = try handle(line)
    }
    return takePending()
  }

  // MARK: - Lines

  /// The line that ends at `end` of the chunk, without its end; steps over the end.
  private mutating func takeLine(endingAt end: Int) throws(ServerSentEventError) -> ServerSentEvent {
    let from = offset
    offset = end + 1
    if chunk[end] == UInt8(ascii: "\r") {
      if offset == chunk.count {
        skipsLineFeed = true
      } else if chunk[offset] == UInt8(ascii: "\n") {
        offset += 1
      }
    }
    try checkSize(partialLine.count + (end - from))
    guard !partialLine.isEmpty else { return ServerSentEvent(bytes: chunk, range: from..<end) }
    partialLine.append(contentsOf: chunk[from..<end])
    let line = ServerSentEvent(partialLine)
    partialLine = []
    return line
  }

  private mutating func keepPartialLine() throws(ServerSentEventError) {
    try checkSize(partialLine.count + (chunk.count - offset))
    partialLine.append(contentsOf: chunk[offset...])
    offset = chunk.count
  }

  /// Both together count, so that the outcome does not depend on where the chunks were cut.
  private mutating func checkSize(_ lineBytes: Int) throws(ServerSentEventError) {
    guard lineBytes + (pending?.range.count ?? 0) > limit else { return }
    let error = ServerSentEventError.eventTooLarge(limit: limit)
    failure = error
    (chunk, offset, partialLine, pending) = ([], 0, [], nil)
    throw error
  }

  private mutating func handle(_ line: ServerSentEvent) throws(ServerSentEventError) -> ServerSentEvent? {
    var range = line.range
    if isFirstLine {
      isFirstLine = false
      if line.bytes[range].starts(with: [0xEF, 0xBB, 0xBF] as [UInt8]) { range = range.dropFirst(3) }
    }
    guard !range.isEmpty else { return takePending() }
    guard let value = LineScanner.dataValue(in: line.bytes, range: range) else { return nil }
    guard let earlier = pending else {
      pending = ServerSentEvent(bytes: line.bytes, range: value)
      return nil
    }
    var joined = earlier.range == 0..<earlier.bytes.count ? earlier.bytes : earlier.data
    pending = nil
    joined.append(UInt8(ascii: "\n"))
    joined.append(contentsOf: line.bytes[value])
    pending = ServerSentEvent(joined)
    return nil
  }

  /// An event without data is none.
  private mutating func takePending() -> ServerSentEvent? {
    defer { pending = nil }
    return pending.flatMap { $0.range.isEmpty ? nil : $0 }
  }
}

/// Looks for the few bytes that matter in a stream of events.
private enum LineScanner {
  private static let ones: UInt64 = 0x0101_0101_0101_0101
  private static let highs: UInt64 = 0x8080_8080_8080_8080

  /// The place of the first LF or CR, eight bytes a step.
  static func endOfLine(in bytes: [UInt8], from: Int) -> Int? {
    bytes.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return nil }
      let end = buffer.count
      var at = from
      while at &+ 8 <= end {
        let word = UnsafeRawPointer(base + at).loadUnaligned(as: UInt64.self)
        let feeds = word ^ (ones &* 0x0A)
        let returns = word ^ (ones &* 0x0D)
        let hit = ((feeds &- ones) & ~feeds | (returns &- ones) & ~returns) & highs
        if hit != 0 { break }
        at &+= 8
      }
      while at < end {
        if base[at] == 0x0A || base[at] == 0x0D { return at }
        at &+= 1
      }
      return nil
    }
  }

  /// Where the value of a `data` line lies; nil for every other field and for comments.
  static func dataValue(in bytes: [UInt8], range: Range<Int>) -> Range<Int>? {
    let name: StaticString = "data"
    guard range.count >= 4 else { return nil }
    for index in 0..<4 where bytes[range.lowerBound + index] != name.utf8Start[index] { return nil }
    guard range.count > 4 else { return range.upperBound..<range.upperBound }
    guard bytes[range.lowerBound + 4] == UInt8(ascii: ":") else { return nil }
    var from = range.lowerBound + 5
    if from < range.upperBound, bytes[from] == UInt8(ascii: " ") { from += 1 }
    return from..<range.upperBound
  }
}
