/// A place in a text with a little of what stands around it.
package struct Snippet: Sendable, Equatable {
  /// Scalars before the match that are shown.
  package static let leading = 49
  /// Scalars behind the match that are shown.
  package static let trailing = 96

  package var text: String
  /// In UTF-16 code units of `text`.
  package var match: Range<Int>
  /// The text without white space next to where it was cut off.
  package var trimmed: String

  /// - Parameter match: a place in `text`, which is UTF-8.
  package init(of match: Range<Int>, in text: [UInt8]) {
    var start = match.lowerBound
    for _ in 0..<Self.leading where start > 0 {
      repeat { start -= 1 } while start > 0 && text[start] & 0xC0 == 0x80
    }
    var end = match.upperBound
    for _ in 0..<Self.trailing where end < text.count {
      repeat { end += 1 } while end < text.count && text[end] & 0xC0 == 0x80
    }
    let (head, tail) = (start > 0 ? "... " : "", end < text.count ? " ..." : "")
    let before = head + String(decoding: text[start..<match.lowerBound], as: UTF8.self)
    let within = String(decoding: text[match], as: UTF8.self)
    self.text = before + within + String(decoding: text[match.upperBound..<end], as: UTF8.self) + tail
    trimmed = head + String(decoding: WhiteSpace.collapsed(Array(text[start..<end])), as: UTF8.self) + tail
    self.match = before.utf16.count..<before.utf16.count + within.utf16.count
  }
}

package enum WhiteSpace {
  /// The UTF-8 text with each run of white space as one space, and none around it.
  package static func collapsed(_ text: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(text.count)
    var isPending = false
    var at = 0
    while at < text.count {
      let length = spaceLength(text, at)
      if length > 0 {
        isPending = !result.isEmpty
        at += length
        continue
      }
      if isPending {
        result.append(0x20)
        isPending = false
      }
      result.append(text[at])
      at += 1
    }
    return result
  }

  /// How many bytes the white space takes that stands there; 0 if none does.
  private static func spaceLength(_ text: [UInt8], _ at: Int) -> Int {
    let byte = text[at]
    switch byte {
    case 0x20, 0x09...0x0D: return 1
    case 0xC2:
      guard at + 1 < text.count else { return 0 }
      return text[at + 1] == 0x85 || text[at + 1] == 0xA0 ? 2 : 0
    case 0xE1, 0xE2, 0xE3:
      guard at + 2 < text.count else { return 0 }
      switch (byte, text[at + 1], text[at + 2]) {
      case (0xE1, 0x9A, 0x80), (0xE2, 0x80, 0x80...0x8A), (0xE2, 0x80, 0xA8), (0xE2, 0x80, 0xA9), (0xE2, 0x80, 0xAF),
        (0xE2, 0x81, 0x9F), (0xE3, 0x80, 0x80):
        return 3
      default: return 0
      }
    default: return 0
    }
  }
}
