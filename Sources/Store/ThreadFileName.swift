package import HostIO

/// The name of a session file: `rollout-<local start time>-<thread id>[_<segment id>].jsonl`.
///
/// A segment id is there in files that continue a thread after a revert; it is a version 7 UUID, so of the files of one
/// thread the one with the greatest is the newest.
package struct ThreadFileName: Hashable, Sendable {
  /// The digits of `YYYY-MM-DDThh-mm-ss` as one number, which sorts as the time does.
  package var stamp: UInt64
  package var threadID: UUID
  package var continuation: UUID?

  package init(stamp: UInt64, threadID: UUID, continuation: UUID? = nil) {
    self.stamp = stamp
    self.threadID = threadID
    self.continuation = continuation
  }

  package init(start: UnixTime.Local, threadID: UUID, continuation: UUID? = nil) {
    var stamp: UInt64 = 0
    for byte in start.fileNameStamp.utf8 {
      if let digit = Self.digit(byte) { stamp = stamp &* 10 &+ digit }
    }
    self.init(stamp: stamp, threadID: threadID, continuation: continuation)
  }

  /// nil for any other name.
  package init?(_ name: String) {
    var name = name
    let parsed: ThreadFileName? = name.withUTF8 { bytes in
      let prefix = 8  // "rollout-"
      let idStart = prefix + 20
      guard bytes.count == idStart + 36 + 6 || bytes.count == idStart + 36 + 37 + 6,
        bytes.prefix(prefix).elementsEqual("rollout-".utf8), bytes.suffix(6).elementsEqual(".jsonl".utf8)
      else { return nil }
      var stamp: UInt64 = 0
      for (index, byte) in bytes[prefix..<prefix + 19].enumerated() {
        switch index {
        case 4, 7, 13, 16: guard byte == UInt8(ascii: "-") else { return nil }
        case 10: guard byte == UInt8(ascii: "T") else { return nil }
        default:
          guard let digit = Self.digit(byte) else { return nil }
          stamp = stamp &* 10 &+ digit
        }
      }
      guard bytes[idStart - 1] == UInt8(ascii: "-"), let id = Self.uuid(bytes[idStart..<idStart + 36]) else {
        return nil
      }
      var continuation: UUID?
      if bytes.count > idStart + 36 + 6 {
        guard bytes[idStart + 36] == UInt8(ascii: "_"),
          let segment = Self.uuid(bytes[idStart + 37..<idStart + 73])
        else { return nil }
        continuation = segment
      }
      return ThreadFileName(stamp: stamp, threadID: id, continuation: continuation)
    }
    guard let parsed else { return nil }
    self = parsed
  }

  /// What other files call this one: the segment id, or else the thread id.
  package var segmentID: UUID { continuation ?? threadID }

  package var text: String {
    "rollout-\(stampText)-\(threadID)\(continuation.map { "_\($0)" } ?? "").jsonl"
  }

  /// `YYYY/MM/DD`, the folder under `sessions`.
  package var dayFolder: String {
    let text = Array(stampText.utf8)
    return String(decoding: text[0..<4], as: UTF8.self) + "/" + String(decoding: text[5..<7], as: UTF8.self) + "/"
      + String(decoding: text[8..<10], as: UTF8.self)
  }

  /// `YYYY-MM-DDThh-mm-ss`.
  package var stampText: String {
    var digits = Array(repeating: UInt8(ascii: "0"), count: 14)
    var rest = stamp
    for index in digits.indices.reversed() {
      digits[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    }
    var text: [UInt8] = []
    for (index, digit) in digits.enumerated() {
      switch index {
      case 4, 6, 10, 12: text.append(UInt8(ascii: "-"))
      case 8: text.append(UInt8(ascii: "T"))
      default: break
      }
      text.append(digit)
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// The folder part of a path; nil without one.
  static func folder(of path: String) -> String? {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return nil }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// The last part of a path.
  static func lastPart(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return path }
    return String(path[path.utf8.index(after: slash)...])
  }

  private static func digit(_ byte: UInt8) -> UInt64? {
    let value = byte &- UInt8(ascii: "0")
    return value < 10 ? UInt64(value) : nil
  }

  /// As `UUID.init`, without a string in between: a listing reads thousands.
  private static func uuid(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> UUID? {
    var words: (UInt64, UInt64) = (0, 0)
    var digits = 0
    for (index, byte) in bytes.enumerated() {
      if index == 8 || index == 13 || index == 18 || index == 23 {
        guard byte == UInt8(ascii: "-") else { return nil }
        continue
      }
      let value: UInt8
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = byte - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): value = byte - UInt8(ascii: "a") + 10
      default: return nil
      }
      if digits < 16 { words.0 = words.0 << 4 | UInt64(value) } else { words.1 = words.1 << 4 | UInt64(value) }
      digits += 1
    }
    return UUID(high: words.0, low: words.1)
  }
}
