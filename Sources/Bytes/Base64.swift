/// Base64 in both alphabets (RFC 4648, §4 and §5), with a decoder that takes exactly one spelling of each byte string.
package enum Base64 {
  package enum Variant: Sendable, CaseIterable {
    /// `+` and `/`, filled up with `=`.
    case standard
    /// `-` and `_`, filled up with `=`.
    case urlSafe
    /// `-` and `_` without `=`, as JSON Web Tokens and PKCE write it.
    case urlSafeUnpadded

    var isPadded: Bool { self != .urlSafeUnpadded }
    var digit62: UInt8 { self == .standard ? UInt8(ascii: "+") : UInt8(ascii: "-") }
    var digit63: UInt8 { self == .standard ? UInt8(ascii: "/") : UInt8(ascii: "_") }
  }

  package static func encode(_ bytes: some Sequence<UInt8>, as variant: Variant = .standard) -> String {
    var text: [UInt8] = []
    text.reserveCapacity((bytes.underestimatedCount + 2) / 3 * 4)
    var group: UInt32 = 0
    var pending = 0
    for byte in bytes {
      group = group << 8 | UInt32(byte)
      pending += 1
      guard pending == 3 else { continue }
      for shift in [18, 12, 6, 0] as [UInt32] { text.append(digit(group >> shift & 63, variant)) }
      group = 0
      pending = 0
    }
    if pending > 0 {
      group <<= UInt32(8 * (3 - pending))
      for index in 0...pending { text.append(digit(group >> UInt32(18 - 6 * index) & 63, variant)) }
      if variant.isPadded { text.append(contentsOf: repeatElement(UInt8(ascii: "="), count: 3 - pending)) }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// The bytes that `text` stands for. White space, wrong padding and stray bits are errors.
  package static func decode(
    _ text: some Sequence<UInt8>, as variant: Variant = .standard
  ) throws(ByteTextError) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.underestimatedCount / 4 * 3)
    var group: UInt32 = 0
    var digits = 0
    var padding = 0
    var offset = 0
    for byte in text {
      defer { offset += 1 }
      if byte == UInt8(ascii: "=") {
        padding += 1
        guard variant.isPadded, digits >= 2, digits + padding <= 4 else {
          throw ByteTextError(.unexpectedPadding, at: offset)
        }
        continue
      }
      guard let value = value(of: byte, variant) else { throw ByteTextError(.unexpectedByte(byte), at: offset) }
      guard padding == 0 else { throw ByteTextError(.unexpectedByte(byte), at: offset) }
      group = group << 6 | UInt32(value)
      digits += 1
      guard digits == 4 else { continue }
      for shift in [16, 8, 0] as [UInt32] { bytes.append(UInt8(truncatingIfNeeded: group >> shift)) }
      group = 0
      digits = 0
    }
    guard digits > 0 else { return bytes }
    guard digits > 1 else { throw ByteTextError(.unexpectedEnd, at: offset) }
    guard !variant.isPadded || digits + padding == 4 else { throw ByteTextError(.missingPadding, at: offset) }
    // Two digits carry one byte and four spare bits, three carry two bytes and two spare bits.
    let spare = UInt32(digits == 2 ? 4 : 2)
    guard group & (1 << spare - 1) == 0 else { throw ByteTextError(.unusedBitsSet, at: offset - padding - 1) }
    group >>= spare
    if digits == 3 { bytes.append(UInt8(truncatingIfNeeded: group >> 8)) }
    bytes.append(UInt8(truncatingIfNeeded: group))
    return bytes
  }

  package static func decode(_ text: String, as variant: Variant = .standard) throws(ByteTextError) -> [UInt8] {
    try decode(text.utf8, as: variant)
  }

  private static func digit(_ value: UInt32, _ variant: Variant) -> UInt8 {
    let value = UInt8(truncatingIfNeeded: value)
    switch value {
    case 0..<26: return UInt8(ascii: "A") + value
    case 26..<52: return UInt8(ascii: "a") + (value - 26)
    case 52..<62: return UInt8(ascii: "0") + (value - 52)
    case 62: return variant.digit62
    default: return variant.digit63
    }
  }

  private static func value(of digit: UInt8, _ variant: Variant) -> UInt8? {
    switch digit {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): return digit - UInt8(ascii: "A")
    case UInt8(ascii: "a")...UInt8(ascii: "z"): return digit - UInt8(ascii: "a") + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): return digit - UInt8(ascii: "0") + 52
    case variant.digit62: return 62
    case variant.digit63: return 63
    default: return nil
    }
  }
}
