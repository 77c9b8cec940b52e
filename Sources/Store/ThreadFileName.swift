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
    guard let parsed = name.withUTF8({ ThreadFileName(utf8: $0) }) else { return nil }
    self = parsed
  }

  /// The same from bytes: a listing reads thousands.
  init?(utf8 bytes: UnsafeBufferPointer<UInt8>) {
    let prefix = 8  // "rollout-"
    let idStart = prefix + 20
    guard bytes.count == idStart + 36 + 6 || bytes.count == idStart + 36 + 37 + 6,
      bytes.prefix(prefix).elementsEqual("rollout-".utf8), bytes.suffix(6).elementsEqual(".jsonl".utf8)
    else { return nil }
    var stamp: UInt64 = 0
    for index in 0..<19 {
      let byte = bytes[prefix + index]
      switch index {
      case 4, 7, 13, 16: guard byte == UInt8(ascii: "-") else { return nil }
      case 10: guard byte == UInt8(ascii: "T") else { return nil }
      default:
        guard let digit = Self.digit(byte) else { return nil }
        stamp = stamp &* 10 &+ digit
      }
    }
    guard bytes[idStart - 1] == UInt8(ascii: "-"), let id = Self.uuid(bytes, at: idStart) else { return nil }
    var continuation: UUID?
    if bytes.count > idStart + 36 + 6 {
      guard bytes[idStart + 36] == UInt8(ascii: "_"), let segment = Self.uuid(bytes, at: idStart + 37) else {
        return nil
      }
      continuation = segment
    }
    self.init(stamp: stamp, threadID: id, continuation: continuation)
  }

  /// What other files call this one: the segment id, or else the thread id.
  package var segmentID: UUID { continuation ?? threadID }

  package var text: String {
    guard let continuation else { return "rollout-" + stampText + "-" + threadID.description + ".jsonl" }
    return "rollout-" + stampText + "-" + threadID.description + "_" + continuation.description + ".jsonl"
  }

  /// `YYYY/MM/DD`, the folder under `sessions`.
  package var dayFolder: String {
    let text = Array(stampText.utf8)
    return String(decoding: text[0..<4], as: UTF8.self) + "/" + String(decoding: text[5..<7], as: UTF8.self) + "/"
      + String(decoding: text[8..<10], as: UTF8.self)
  }

  /// `YYYY-MM-DDThh-mm-ss`.
  package var stampText: String {
    String(unsafeUninitializedCapacity: 19) { text in
      var rest = stamp
      for index in (0..<19).reversed() {
        switch index {
        case 4, 7, 13, 16: text[index] = UInt8(ascii: "-")
        case 10: text[index] = UInt8(ascii: "T")
        default:
          text[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
          rest /= 10
        }
      }
      return 19
    }
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

  /// As `UUID.init`, lower case only and without a string in between.
  private static func uuid(_ text: UnsafeBufferPointer<UInt8>, at start: Int) -> UUID? {
    var words: (high: UInt64, low: UInt64) = (0, 0)
    for index in 0..<36 {
      let byte = text[start + index]
      if index == 8 || index == 13 || index == 18 || index == 23 {
        guard byte == UInt8(ascii: "-") else { return nil }
        continue
      }
      let digit = byte &- UInt8(ascii: "0")
      let letter = byte &- UInt8(ascii: "a")
      guard digit < 10 || letter < 6 else { return nil }
      let value = UInt64(digit < 10 ? digit : letter + 10)
      if index < 18 { words.high = words.high << 4 | value } else { words.low = words.low << 4 | value }
    }
    return UUID(high: words.high, low: words.low)
  }
}
