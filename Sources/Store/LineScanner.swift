import Glibc
package import HostIO

/// A line of a session file.
package struct ScannedLine: Sendable, Equatable {
  /// Where it starts in the file.
  package var offset: Int64
  /// Without the LF.
  package var length: Int
  /// Where it stands in the scanner's `buffer`; empty for a line that is too long to be held.
  package var range: Range<Int>
  /// Whether an LF ends it; only the last line may lack one.
  package var isComplete: Bool
  /// Longer than `LineScanner.maximumLineLength`: skipped without being held in memory.
  package var isTooLong: Bool

  /// Where the next line starts.
  package var end: Int64 { offset + Int64(length) + (isComplete ? 1 : 0) }
}

/// Reads a session file line by line in large pieces. Memory: one piece, or the longest line if that is longer.
///
///     while let line = try scanner.next() {
///       let reader = JSONReader(scanner.buffer, in: line.range)
///       …
///     }
///
/// The bytes of a line are in `buffer` until the next call. Keep no copy of the array across calls: the scanner would
/// have to leave it to the holder and take a new one.
package struct LineScanner {
  /// How much is read at once unless the caller knows better, in bytes.
  package static let chunkSize = 256 * 1024
  /// Longer lines are passed over, in bytes.
  package static let maximumLineLength = 64 * 1024 * 1024

  package private(set) var buffer: [UInt8]
  private var file: SessionFile
  /// The valid bytes of `buffer`, and where they start in the file.
  private var valid: Range<Int>
  private var validOffset: Int64
  /// The scan ends here at the latest.
  private var end: Int64
  private var isAtEnd = false
  private let chunk: Int
  private let lineLimit: Int

  /// Scans the bytes of `file` from `start`, which is the start of a line, up to `end`.
  package init(
    _ file: SessionFile, from start: Int64 = 0, to end: Int64 = .max, chunkSize: Int = chunkSize,
    maximumLineLength: Int = maximumLineLength
  ) {
    self.init(file, from: start, to: end, reusing: [], chunkSize: chunkSize, maximumLineLength: maximumLineLength)
  }

  /// With the buffer of a scanner that is done, to save the allocation.
  package init(
    _ file: SessionFile, from start: Int64 = 0, to end: Int64 = .max, reusing buffer: consuming [UInt8],
    chunkSize: Int = chunkSize, maximumLineLength: Int = maximumLineLength
  ) {
    self.file = file
    chunk = max(chunkSize, 1)
    lineLimit = max(maximumLineLength, 1)
    if buffer.count < chunk { buffer = [UInt8](repeating: 0, count: chunk) }
    self.buffer = buffer
    valid = 0..<0
    validOffset = max(start, 0)
    self.end = end
  }

  /// Gives the buffer away; the scanner cannot go on after that.
  package mutating func takeBuffer() -> [UInt8] {
    isAtEnd = true
    valid = 0..<0
    var taken: [UInt8] = []
    swap(&taken, &buffer)
    return taken
  }

  /// The next line, or nil at the end.
  package mutating func next() throws(SystemError) -> ScannedLine? {
    var searched = valid.lowerBound
    while true {
      if let newline = position(ofNewlineFrom: searched) {
        let range = valid.lowerBound..<newline
        let line = ScannedLine(
          offset: validOffset, length: range.count, range: range, isComplete: true, isTooLong: false)
        consume(range.count + 1)
        return line
      }
      let pending = valid.count
      if pending > lineLimit { return try skipLongLine() }
      searched = pending
      guard try refill() else {
        guard valid.count > 0 else { return nil }
        let line = ScannedLine(
          offset: validOffset, length: valid.count, range: valid, isComplete: false, isTooLong: false)
        consume(valid.count)
        return line
      }
      searched = valid.lowerBound + pending
    }
  }

  private mutating func consume(_ count: Int) {
    validOffset += Int64(count)
    valid = valid.lowerBound + count..<valid.upperBound
  }

  private func position(ofNewlineFrom start: Int) -> Int? {
    guard start < valid.upperBound else { return nil }
    return buffer.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress, let found = memchr(base + start, 0x0A, valid.upperBound - start) else {
        return nil
      }
      return UnsafeRawPointer(found) - base
    }
  }

  /// Moves what is pending to the front and reads more behind it; false at the end.
  private mutating func refill() throws(SystemError) -> Bool {
    guard !isAtEnd else { return false }
    let pending = valid.count
    if pending == buffer.count {
      buffer.append(contentsOf: repeatElement(0, count: min(buffer.count, lineLimit + 1 - min(pending, lineLimit))))
    }
    if buffer.count > 4 * chunk, pending < chunk {
      // A long line is behind us: give its memory back.
      var smaller = [UInt8](repeating: 0, count: chunk)
      smaller.replaceSubrange(0..<pending, with: buffer[valid])
      buffer = smaller
    } else if valid.lowerBound > 0, pending > 0 {
      buffer.withUnsafeMutableBytes { bytes in
        guard let base = bytes.baseAddress else { return }
        memmove(base, base + valid.lowerBound, pending)
      }
    }
    valid = 0..<pending
    let from = validOffset + Int64(pending)
    let room = Int(clamping: min(Int64(buffer.count - pending), end - from))
    guard room > 0 else {
      isAtEnd = true
      return false
    }
    let read = try file.read(into: &buffer, pending..<pending + room, at: from)
    if read < room { isAtEnd = true }
    valid = 0..<pending + read
    return read > 0
  }

  /// Passes over a line that is longer than the limit, keeping nothing of it.
  private mutating func skipLongLine() throws(SystemError) -> ScannedLine? {
    let offset = validOffset
    var length = valid.count
    consume(valid.count)
    while try refill() {
      if let newline = position(ofNewlineFrom: valid.lowerBound) {
        length += newline - valid.lowerBound
        consume(newline - valid.lowerBound + 1)
        return ScannedLine(offset: offset, length: length, range: 0..<0, isComplete: true, isTooLong: true)
      }
      length += valid.count
      consume(valid.count)
    }
    return ScannedLine(offset: offset, length: length, range: 0..<0, isComplete: false, isTooLong: true)
  }
}

/// Reads a session file line by line from its end towards its start.
///
/// As with `LineScanner`, the bytes of a line are in `buffer` until the next call.
package struct BackwardLineScanner {
  package private(set) var buffer: [UInt8]
  private let file: SessionFile
  /// Bytes of `buffer` that are not consumed yet, and where they start in the file.
  private var valid: Range<Int>
  private var validOffset: Int64
  /// Whether the byte after the valid ones is an LF (or, at first, whether the file ends in one).
  private var isComplete: Bool
  private var isStarted = false
  private let chunk: Int
  private let lineLimit: Int

  /// Scans what lies before `end`.
  package init(
    _ file: SessionFile, end: Int64, chunkSize: Int = 64 * 1024,
    maximumLineLength: Int = LineScanner.maximumLineLength
  ) {
    self.file = file
    chunk = max(chunkSize, 1)
    lineLimit = max(maximumLineLength, 1)
    buffer = []
    valid = 0..<0
    validOffset = max(end, 0)
    isComplete = false
  }

  /// The line before the one that the last call gave, or nil at the start of the file.
  package mutating func next() throws(SystemError) -> ScannedLine? {
    if !isStarted {
      isStarted = true
      guard try refill() else { return nil }
      if buffer[valid.upperBound - 1] == 0x0A {
        isComplete = true
        valid = valid.lowerBound..<valid.upperBound - 1
      }
    } else if validOffset == 0, valid.isEmpty, !isComplete {
      return nil
    }
    var searchEnd = valid.upperBound
    while true {
      if let newline = position(ofNewlineBefore: searchEnd) {
        let range = newline + 1..<valid.upperBound
        let line = ScannedLine(
          offset: validOffset + Int64(newline + 1 - valid.lowerBound), length: range.count, range: range,
          isComplete: isComplete, isTooLong: false)
        valid = valid.lowerBound..<newline
        isComplete = true
        return line
      }
      if valid.count > lineLimit { return try skipLongLine() }
      let pending = valid.count
      guard try refill() else {
        // The first line of the file.
        let line = ScannedLine(
          offset: validOffset, length: valid.count, range: valid, isComplete: isComplete, isTooLong: false)
        valid = valid.lowerBound..<valid.lowerBound
        isComplete = false
        return line
      }
      searchEnd = valid.upperBound - pending
    }
  }

  private func position(ofNewlineBefore end: Int) -> Int? {
    guard end > valid.lowerBound else { return nil }
    return buffer.withUnsafeBufferPointer { bytes in
      var at = end &- 1
      while at >= valid.lowerBound {
        if bytes[at] == 0x0A { return at }
        at &-= 1
      }
      return nil
    }
  }

  /// Reads the piece before the valid bytes; false at the start of the file.
  private mutating func refill() throws(SystemError) -> Bool {
    let pending = valid.count
    let count = Int(min(Int64(max(chunk, pending)), validOffset))
    guard count > 0 else { return false }
    var next = [UInt8](repeating: 0, count: count + pending)
    let read = try file.read(into: &next, 0..<count, at: validOffset - Int64(count))
    // The file has shrunk under us: nothing sensible is left.
    guard read == count else { return false }
    next.replaceSubrange(count..<count + pending, with: buffer[valid])
    buffer = next
    valid = 0..<count + pending
    validOffset -= Int64(count)
    return true
  }

  private mutating func skipLongLine() throws(SystemError) -> ScannedLine? {
    let wasComplete = isComplete
    var length = valid.count
    valid = valid.lowerBound..<valid.lowerBound
    while try refill() {
      if let newline = position(ofNewlineBefore: valid.upperBound) {
        length += valid.upperBound - newline - 1
        let offset = validOffset + Int64(newline + 1 - valid.lowerBound)
        valid = valid.lowerBound..<newline
        isComplete = true
        return ScannedLine(offset: offset, length: length, range: 0..<0, isComplete: wasComplete, isTooLong: true)
      }
      length += valid.count
      valid = valid.lowerBound..<valid.lowerBound
    }
    isComplete = false
    return ScannedLine(offset: 0, length: length, range: 0..<0, isComplete: wasComplete, isTooLong: true)
  }
}
