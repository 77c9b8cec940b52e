/// The four kinds of strings. Each function starts at the opening quote and ends after the closing one.
extension TOMLParser {
  /// Whether the quote that is next comes three times.
  func startsTripled() -> Bool { peek() == peek(1) && peek() == peek(2) }

  mutating func basicString() throws(TOMLError) -> String {
    at += 1
    var text: [UInt8] = []
    while true {
      let byte = try stringByte()
      switch byte {
      case UInt8(ascii: "\""):
        at += 1
        return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"): try escape(into: &text)
      default:
        text.append(byte)
        at += 1
      }
    }
  }

  mutating func literalString() throws(TOMLError) -> String {
    at += 1
    let from = at
    while try stringByte() != UInt8(ascii: "'") { at += 1 }
    at += 1
    return String(decoding: bytes[from..<at - 1], as: UTF8.self)
  }

  mutating func multilineBasicString() throws(TOMLError) -> String {
    try multiline(quote: UInt8(ascii: "\""), hasEscapes: true)
  }

  mutating func multilineLiteralString() throws(TOMLError) -> String {
    try multiline(quote: UInt8(ascii: "'"), hasEscapes: false)
  }

  private mutating func multiline(quote: UInt8, hasEscapes: Bool) throws(TOMLError) -> String {
    at += 3
    _ = try takeNewline()
    var text: [UInt8] = []
    while let byte = peek() {
      if byte == quote {
        // Up to two quotes may stand before the three that close.
        var quotes = 0
        while quotes < 5, take(quote) { quotes += 1 }
        text.append(contentsOf: repeatElement(quote, count: quotes < 3 ? quotes : quotes - 3))
        if quotes >= 3 { return String(decoding: text, as: UTF8.self) }
      } else if try takeNewline() {
        text.append(UInt8(ascii: "\n"))
      } else if hasEscapes, byte == UInt8(ascii: "\\") {
        if try !takeLineContinuation() { try escape(into: &text) }
      } else {
        guard !Self.isControl(byte) else { throw error(.controlCharacter(byte)) }
        text.append(byte)
        at += 1
      }
    }
    throw error(.unclosedString)
  }

  /// A backslash at the end of a line swallows the white space up to the next text.
  private mutating func takeLineContinuation() throws(TOMLError) -> Bool {
    let backslash = at
    at += 1
    skipBlanks()
    guard try takeNewline() else {
      at = backslash
      return false
    }
    repeat { skipBlanks() } while try takeNewline()
    return true
  }

  /// The next byte within a string of one line, not consumed.
  private mutating func stringByte() throws(TOMLError) -> UInt8 {
    guard let byte = peek(), !isNewline() else { throw error(.unclosedString) }
    guard !Self.isControl(byte) else {
      throw error(byte == UInt8(ascii: "\r") ? .bareCarriageReturn : .controlCharacter(byte))
    }
    return byte
  }

  private mutating func escape(into text: inout [UInt8]) throws(TOMLError) {
    let start = at
    at += 2
    switch peek(-1) {
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "\""): text.append(UInt8(ascii: "\""))
    case UInt8(ascii: "\\"): text.append(UInt8(ascii: "\\"))
    case UInt8(ascii: "u"): try unicodeEscape(digits: 4, start: start, into: &text)
    case UInt8(ascii: "U"): try unicodeEscape(digits: 8, start: start, into: &text)
    default: throw error(.invalidEscape, at: start)
    }
  }

  private mutating func unicodeEscape(digits: Int, start: Int, into text: inout [UInt8]) throws(TOMLError) {
    var value: UInt32 = 0
    for _ in 0..<digits {
      guard let byte = peek(), let digit = Self.digit(byte, radix: 16) else {
        throw error(.invalidEscape, at: start)
      }
      value = value << 4 | UInt32(digit)
      at += 1
    }
    // Surrogates and numbers beyond U+10FFFF are no scalars.
    guard let scalar = Unicode.Scalar(value) else { throw error(.invalidEscape, at: start) }
    text.append(contentsOf: Array(String(Character(scalar)).utf8))
  }

  static func digit(_ byte: UInt8, radix: UInt8) -> UInt8? {
    let digit: UInt8
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
    default: return nil
    }
    return digit < radix ? digit : nil
  }
}
