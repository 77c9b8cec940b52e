/// A place in a TOML text.
package struct TOMLPosition: Hashable, Sendable {
  /// Bytes from the start of the text.
  package var offset: Int
  /// Counted from 1; lines end with LF.
  package var line: Int
  /// Counted from 1 in Unicode scalars; a byte order mark at the start of the text does not count.
  package var column: Int

  package init(offset: Int, line: Int, column: Int) {
    self.offset = offset
    self.line = line
    self.column = column
  }
}

/// A stretch of a TOML text; `end` is the place after its last byte.
package struct TOMLSpan: Hashable, Sendable {
  package var start: TOMLPosition
  package var end: TOMLPosition

  package init(start: TOMLPosition, end: TOMLPosition) {
    self.start = start
    self.end = end
  }
}

/// Turns offsets into lines and columns. Questions in ascending order cost one pass over the text altogether.
struct TOMLLocator: Sendable {
  private let bytes: [UInt8]
  private let origin: TOMLPosition
  private var last: TOMLPosition

  init(_ bytes: [UInt8], textStart: Int) {
    self.bytes = bytes
    origin = TOMLPosition(offset: textStart, line: 1, column: 1)
    last = origin
  }

  mutating func position(of offset: Int) -> TOMLPosition {
    if offset < last.offset { last = origin }
    while last.offset < offset, last.offset < bytes.count {
      let byte = bytes[last.offset]
      last.offset += 1
      if byte == UInt8(ascii: "\n") {
        last.line += 1
        last.column = 1
      } else if last.offset == bytes.count || bytes[last.offset] & 0xC0 != 0x80 {
        // The byte just passed was the last of its scalar.
        last.column += 1
      }
    }
    return last
  }
}
