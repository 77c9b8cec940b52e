/// Why a text was refused as base64 or hex, and where.
///
/// `offset` counts bytes from the start of the text.
package struct ByteTextError: Error, Equatable, Sendable, CustomStringConvertible {
  package enum Kind: Equatable, Sendable {
    /// A byte outside the alphabet; white space and line breaks are outside too.
    case unexpectedByte(UInt8)
    /// The text ends within a group.
    case unexpectedEnd
    /// `=` where none may stand.
    case unexpectedPadding
    /// A last group without the `=` that fill it up.
    case missingPadding
    /// The last digit has bits that belong to no byte (RFC 4648, §3.5): another text means the same bytes.
    case unusedBitsSet
  }

  package var kind: Kind
  package var offset: Int

  package init(_ kind: Kind, at offset: Int) {
    self.kind = kind
    self.offset = offset
  }

  package var description: String {
    let reason =
      switch kind {
      case .unexpectedByte(let byte): "unexpected byte 0x" + Hex.encode([byte])
      case .unexpectedEnd: "unexpected end"
      case .unexpectedPadding: "unexpected padding"
      case .missingPadding: "missing padding"
      case .unusedBitsSet: "unused bits of the last digit are set"
      }
    return "\(reason) at byte \(offset)"
  }
}
