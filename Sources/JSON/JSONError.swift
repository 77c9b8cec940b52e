/// Why a text was refused as JSON, and where.
///
/// `offset` counts bytes from the start of the text that the reader was given (RFC 8259 grammar; the choices that the
/// RFC leaves open are listed in docs/json.md).
package struct JSONError: Error, Equatable, Sendable, CustomStringConvertible {
  package enum Kind: Equatable, Sendable {
    case unexpectedEnd
    case unexpectedByte(UInt8)
    case invalidNumber
    case numberOutOfRange
    case invalidEscape
    case loneSurrogate
    case controlCharacterInString
    case invalidUTF8
    case tooDeep(limit: Int)
    case trailingData
    /// A well-formed value of another type than the caller asked for.
    case wrongType(expected: String, found: String)
    case missingField(String)
    /// A well-typed value that the caller's own rules refuse; the text says why.
    case invalidValue(String)
  }

  package var kind: Kind
  package var offset: Int

  package init(_ kind: Kind, at offset: Int) {
    self.kind = kind
    self.offset = offset
  }

  /// What is wrong, without the place.
  package var reason: String {
    switch kind {
    case .unexpectedEnd: "unexpected end of input"
    case .unexpectedByte(let byte): "unexpected \(Self.name(of: byte))"
    case .invalidNumber: "invalid number"
    case .numberOutOfRange: "number out of range"
    case .invalidEscape: "invalid escape"
    case .loneSurrogate: "lone surrogate in \\u escape"
    case .controlCharacterInString: "control character in string"
    case .invalidUTF8: "invalid UTF-8"
    case .tooDeep(let limit): "nesting deeper than \(limit) levels"
    case .trailingData: "trailing data"
    case .wrongType(let expected, let found): "invalid type: \(found), expected \(expected)"
    case .missingField(let name): "missing field `\(name)`"
    case .invalidValue(let text): text
    }
  }

  package var description: String { "\(reason) at byte \(offset)" }

  /// Whether the text itself is no JSON, as opposed to JSON of another shape than the caller wanted.
  package var isSyntax: Bool {
    switch kind {
    case .wrongType, .missingField, .invalidValue, .numberOutOfRange: false
    default: true
    }
  }

  private static func name(of byte: UInt8) -> String {
    if byte >= 0x21 && byte < 0x7F { return "`\(Character(Unicode.Scalar(byte)))`" }
    let digits = String(byte, radix: 16, uppercase: true)
    return "byte 0x" + (digits.count == 1 ? "0" : "") + digits
  }
}
