/// Conversions between paths and `file:` URLs (RFC 8089), by bytes and without looking at a disk.
package enum FileURL {
  private static let prefix = "file://"

  /// The path of a `file:` URL with its percent escapes undone; any other text is a path already and comes back as it is.
  ///
  /// A host name is dropped. Bytes that are no UTF-8 after decoding are repaired.
  package static func path(_ text: String) -> String {
    guard text.utf8.starts(with: prefix.utf8) else { return text }
    let rest = text.utf8.dropFirst(prefix.utf8.count)
    guard let slash = rest.firstIndex(of: UInt8(ascii: "/")) else { return text }
    let encoded = Array(rest[slash...])
    guard encoded.contains(UInt8(ascii: "%")) else { return String(decoding: encoded, as: UTF8.self) }
    var decoded: [UInt8] = []
    decoded.reserveCapacity(encoded.count)
    var at = 0
    while at < encoded.count {
      if encoded[at] == UInt8(ascii: "%"), at + 2 < encoded.count, let high = hexDigit(encoded[at + 1]),
        let low = hexDigit(encoded[at + 2])
      {
        decoded.append(high << 4 | low)
        at += 3
      } else {
        decoded.append(encoded[at])
        at += 1
      }
    }
    return String(decoding: decoded, as: UTF8.self)
  }

  /// The `file:` URL of an absolute path; a relative path comes back as it is.
  package static func url(_ path: String) -> String {
    guard path.utf8.first == UInt8(ascii: "/") else { return path }
    var url = Array(prefix.utf8)
    for byte in path.utf8 {
      if isPlain(byte) {
        url.append(byte)
      } else {
        url.append(UInt8(ascii: "%"))
        url.append(hexDigits[Int(byte >> 4)])
        url.append(hexDigits[Int(byte & 15)])
      }
    }
    return String(decoding: url, as: UTF8.self)
  }

  private static let hexDigits = Array("0123456789ABCDEF".utf8)

  private static func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }

  /// Characters of a path that stand for themselves (RFC 3986: unreserved, sub-delims, `:`, `@`, `/`).
  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: "-._~!$&'()*+,;=:@/".utf8.contains(byte)
    }
  }
}

/// Paths as text, without looking at a disk.
package enum LexicalPath {
  /// `path` seen from `base`, with `.` and `..` resolved by their text; a relative result only if `base` is relative.
  package static func resolve(_ path: String, against base: String) -> String {
    let isAbsolute = path.utf8.first == UInt8(ascii: "/")
    let joined = isAbsolute ? path : base + "/" + path
    let slash = UInt8(ascii: "/")
    var parts: [Substring.UTF8View] = []
    for part in joined.utf8.split(separator: slash) {
      if part.elementsEqual(".".utf8) { continue }
      if part.elementsEqual("..".utf8) {
        if !parts.isEmpty { parts.removeLast() }
        continue
      }
      parts.append(part)
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(joined.utf8.count)
    let isRooted = joined.utf8.first == slash
    for (index, part) in parts.enumerated() {
      if isRooted || index > 0 { bytes.append(slash) }
      bytes.append(contentsOf: part)
    }
    if bytes.isEmpty, isRooted { return "/" }
    return String(decoding: bytes, as: UTF8.self)
  }
}
