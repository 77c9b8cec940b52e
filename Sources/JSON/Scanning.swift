/// Tests on eight bytes at a time ("SIMD within a register").
enum SWAR {
  private static let ones: UInt64 = 0x0101_0101_0101_0101
  private static let highs: UInt64 = 0x8080_8080_8080_8080

  /// The high bit of each byte that is a quote, a backslash or a control character; bytes ≥ 0x80 never count. Exact up
  /// to the lowest bit that is set: what is above it may be a borrow.
  @inline(__always)
  static func stringSpecials(_ word: UInt64) -> UInt64 {
    let quotes = word ^ (ones &* 0x22)
    let slashes = word ^ (ones &* 0x5C)
    let hit = (word &- ones &* 0x20) | (quotes &- ones) | (slashes &- ones)
    return hit & ~word & highs
  }

  /// The same for backslashes alone.
  @inline(__always)
  static func backslashes(_ word: UInt64) -> UInt64 {
    let slashes = word ^ (ones &* 0x5C)
    return (slashes &- ones) & ~slashes & highs
  }
}

/// Well-formedness of UTF-8 (Unicode 15, table 3-7).
package enum UTF8Validation {
  /// The place of the first byte that belongs to no well-formed sequence, or nil.
  package static func firstInvalid(in buffer: UnsafeBufferPointer<UInt8>, range: Range<Int>) -> Int? {
    var at = range.lowerBound
    let end = range.upperBound
    guard let base = buffer.baseAddress else { return nil }
    while at < end {
      while at &+ 8 <= end,
        UnsafeRawPointer(base + at).loadUnaligned(as: UInt64.self) & 0x8080_8080_8080_8080 == 0
      { at &+= 8 }
      guard at < end else { return nil }
      let lead = base[at]
      if lead < 0x80 {
        at &+= 1
        continue
      }
      // Two bytes are most of what is not ASCII in texts of Latin letters: no detour for them.
      if lead &- 0xC2 < 0x1E {
        guard at &+ 1 < end, base[at &+ 1] & 0xC0 == 0x80 else { return at }
        at &+= 2
        continue
      }
      let length: Int
      var second: ClosedRange<UInt8> = 0x80...0xBF
      switch lead {
      case 0xE0: (length, second) = (3, 0xA0...0xBF)
      case 0xE1...0xEC, 0xEE...0xEF: length = 3
      case 0xED: (length, second) = (3, 0x80...0x9F)
      case 0xF0: (length, second) = (4, 0x90...0xBF)
      case 0xF1...0xF3: length = 4
      case 0xF4: (length, second) = (4, 0x80...0x8F)
      default: return at
      }
      guard at &+ length <= end, second.contains(base[at &+ 1]), base[at &+ 2] & 0xC0 == 0x80,
        length == 3 || base[at &+ 3] & 0xC0 == 0x80
      else { return at }
      at &+= length
    }
    return nil
  }
}
