/// Words to look for, whatever their case: each scalar counts as its lower-case form, and the two small sigmas as one.
///
/// Takes time in proportion to the text, whatever term and text are made of (Knuth, Morris and Pratt).
package struct SearchTerm: Sendable {
  /// As the user gave it.
  package let text: String
  private let pattern: [UInt8]
  /// How much of the pattern still matches where its next byte does not.
  private let fallback: [Int]

  /// nil for a term that is empty or only white space.
  package init?(_ text: String) {
    let bytes = Array(text.utf8)
    guard !WhiteSpace.collapsed(bytes).isEmpty else { return nil }
    self.text = text
    pattern = FoldedText(bytes).bytes
    var fallback = [0]
    var matched = 0
    for place in pattern.indices.dropFirst() {
      while matched > 0, pattern[matched] != pattern[place] { matched = fallback[matched - 1] }
      if pattern[matched] == pattern[place] { matched += 1 }
      fallback.append(matched)
    }
    self.fallback = fallback
  }

  /// The term with each run of white space as one space, and none around it; for texts of which the same holds.
  package init?(collapsing text: String) {
    self.init(String(decoding: WhiteSpace.collapsed(Array(text.utf8)), as: UTF8.self))
  }

  package func firstMatch(in text: [UInt8]) -> Range<Int>? {
    var first: Range<Int>?
    forEachMatch(in: text) { match in
      first = match
      return false
    }
    return first
  }

  /// Calls `body` with the places of the term in a UTF-8 text, first to last, none of which overlap, until it returns
  /// false. The places are whole scalars of the text.
  package func forEachMatch(in text: [UInt8], _ body: (Range<Int>) -> Bool) {
    guard text.count >= pattern.count / FoldedText.maximumGrowth else { return }
    let folded = FoldedText(text)
    var matched = 0
    for (place, byte) in folded.bytes.enumerated() {
      while matched > 0, pattern[matched] != byte { matched = fallback[matched - 1] }
      if pattern[matched] == byte { matched += 1 }
      guard matched == pattern.count else { continue }
      guard body(folded.source(of: place + 1 - matched..<place + 1, in: text)) else { return }
      matched = 0
    }
  }
}

/// A UTF-8 text without differences of case, and how to get back from it.
private struct FoldedText {
  /// A scalar takes at most this many times its bytes when it is folded.
  static let maximumGrowth = 3

  var bytes: [UInt8]
  /// Where in the source each byte's scalar starts; nil where that is where the byte itself stands.
  private var origins: [Int]?

  init(_ text: [UInt8]) {
    bytes = text
    guard let special = bytes.withUnsafeMutableBufferPointer({ Self.lowercaseASCII($0) }) else { return }
    bytes.removeSubrange(special...)
    var origins: [Int]?
    var at = special
    var decoder = UTF8Walker(text, at: special)
    while let scalar = decoder.next() {
      let start = bytes.count
      Self.appendFolded(scalar, to: &bytes)
      if origins == nil, bytes.count - start != decoder.at - at { origins = Array(0..<start) }
      if origins != nil { for _ in start..<bytes.count { origins?.append(at) } }
      at = decoder.at
    }
    self.origins = origins
  }

  /// Returns where the first scalar stands that is not ASCII.
  private static func lowercaseASCII(_ bytes: UnsafeMutableBufferPointer<UInt8>) -> Int? {
    for at in bytes.indices {
      let byte = bytes[at]
      if byte >= 0x80 { return at }
      if byte &- 0x41 < 26 { bytes[at] = byte | 0x20 }
    }
    return nil
  }

  private static func appendFolded(_ scalar: Unicode.Scalar, to bytes: inout [UInt8]) {
    switch scalar.value {
    case 0x41...0x5A: bytes.append(UInt8(truncatingIfNeeded: scalar.value | 0x20))
    case 0..<0x80: bytes.append(UInt8(truncatingIfNeeded: scalar.value))
    case 0x3C2: bytes.append(contentsOf: [0xCF, 0x83])
    // Nothing between has two cases: ideographs, kana, Hangul.
    case 0x2E80..<0xA000, 0xAC00..<0xD800: bytes.append(contentsOf: UTF8.encode(scalar) ?? .init())
    default: bytes.append(contentsOf: scalar.properties.lowercaseMapping.utf8)
    }
  }

  func source(of range: Range<Int>, in text: [UInt8]) -> Range<Int> {
    guard let origins else { return range }
    var end = origins[range.upperBound - 1] + 1
    while end < text.count, text[end] & 0xC0 == 0x80 { end += 1 }
    return origins[range.lowerBound]..<end
  }
}

/// Decodes UTF-8 that is known to be well-formed; anything else reads as U+FFFD, byte by byte.
struct UTF8Walker {
  private let text: [UInt8]
  private(set) var at: Int

  init(_ text: [UInt8], at start: Int = 0) {
    self.text = text
    at = start
  }

  mutating func next() -> Unicode.Scalar? {
    guard at < text.count else { return nil }
    let lead = text[at]
    at += 1
    guard lead >= 0x80 else { return Unicode.Scalar(lead) }
    let (count, bits): (Int, UInt8) =
      switch lead {
      case 0xC2...0xDF: (1, 0x1F)
      case 0xE0...0xEF: (2, 0x0F)
      case 0xF0...0xF4: (3, 0x07)
      default: (0, 0)
      }
    guard count > 0, at + count <= text.count else { return "\u{FFFD}" }
    var value = UInt32(lead & bits)
    for offset in 0..<count {
      guard text[at + offset] & 0xC0 == 0x80 else { return "\u{FFFD}" }
      value = value << 6 | UInt32(text[at + offset] & 0x3F)
    }
    guard let scalar = Unicode.Scalar(value) else { return "\u{FFFD}" }
    at += count
    return scalar
  }
}
