/// Cuts a stream of bytes into lines (LF, with an optional CR before it), one message a line.
///
/// A line that grows beyond the limit is dropped to its end and reported once; what follows it is read as usual, so one
/// client's mistake does not end its connection.
package struct LineFramer: Sendable {
  /// The longest line that is read, in bytes. Clients send pictures inline, so it is far above any honest message; the
  /// reference has no limit at all.
  package static let maximumLineBytes = 128 << 20

  package enum Event: Equatable, Sendable {
    case line([UInt8])
    /// A line was too long; `start` is how it began.
    case tooLong(start: [UInt8])
  }

  /// How much of an oversized line is kept so that its id may be found.
  package static let keptOfLongLine = 4096

  private let limit: Int
  private var buffer: [UInt8] = []
  /// Where the first unread byte of `buffer` is.
  private var readIndex = 0
  /// How far the unread bytes were searched for a line end.
  private var searchIndex = 0
  private var isDropping = false

  package init(limit: Int = LineFramer.maximumLineBytes) {
    self.limit = limit
  }

  /// Bytes that have arrived and are not yet part of a returned line.
  package var bufferedBytes: Int { buffer.count - readIndex }

  package mutating func append(_ bytes: some Collection<UInt8>) {
    if readIndex == buffer.count {
      buffer.removeAll(keepingCapacity: buffer.capacity <= Self.keptCapacity)
      readIndex = 0
      searchIndex = 0
    } else if readIndex > Self.keptCapacity, readIndex > buffer.count / 2 {
      buffer.removeSubrange(..<readIndex)
      searchIndex -= readIndex
      readIndex = 0
    }
    buffer.append(contentsOf: bytes)
  }

  /// After a large message the memory is given back.
  private static let keptCapacity = 1 << 20

  /// The next line, or nil until more bytes have come. Empty lines are returned, too.
  package mutating func next() -> Event? {
    while true {
      guard let newline = Self.firstNewline(in: buffer, from: searchIndex) else {
        searchIndex = buffer.count
        return overflow()
      }
      let from = readIndex
      readIndex = newline + 1
      searchIndex = readIndex
      if isDropping {
        isDropping = false
        continue
      }
      var end = newline
      if end > from, buffer[end - 1] == UInt8(ascii: "\r") { end -= 1 }
      if end - from > limit { return .tooLong(start: Array(buffer[from..<end].prefix(Self.keptOfLongLine))) }
      return .line(Array(buffer[from..<end]))
    }
  }

  /// A last line without its line end, once the stream has ended; nil if there is none.
  package mutating func finish() -> Event? {
    defer {
      buffer = []
      readIndex = 0
      searchIndex = 0
    }
    guard !isDropping, readIndex < buffer.count else { return nil }
    return .line(Array(buffer[readIndex...]))
  }

  /// Eight bytes a step: a byte that is LF becomes zero, and a zero byte borrows from its own high bit.
  private static func firstNewline(in bytes: [UInt8], from start: Int) -> Int? {
    bytes.withUnsafeBytes { buffer in
      var at = start
      while at &+ 8 <= buffer.count {
        let word = buffer.loadUnaligned(fromByteOffset: at, as: UInt64.self) ^ 0x0A0A_0A0A_0A0A_0A0A
        let hit = (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080
        if hit != 0 { return at + hit.trailingZeroBitCount / 8 }
        at &+= 8
      }
      return buffer[min(at, buffer.count)...].firstIndex(of: UInt8(ascii: "\n"))
    }
  }

  private mutating func overflow() -> Event? {
    if isDropping {
      buffer.removeAll()
      (readIndex, searchIndex) = (0, 0)
      return nil
    }
    guard buffer.count - readIndex > limit else { return nil }
    let start = Array(buffer[readIndex...].prefix(Self.keptOfLongLine))
    buffer.removeAll()
    (readIndex, searchIndex) = (0, 0)
    isDropping = true
    return .tooLong(start: start)
  }
}
