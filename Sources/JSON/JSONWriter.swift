/// Builds one JSON text by appending; commas and escapes are its own business.
///
/// The caller is trusted to open and close containers in pairs and to give one value a key. Output is compact UTF-8.
///
///     var writer = JSONWriter()
///     writer.beginObject()
///     writer.field("id", id)
///     writer.key("items")
///     writer.beginArray()
///     …
///     writer.endArray()
///     writer.endObject()
package struct JSONWriter: Sendable {
  package private(set) var bytes: [UInt8] = []
  private var needsComma = false

  package init(reserving capacity: Int = 256) {
    bytes.reserveCapacity(capacity)
  }

  /// Starts over and keeps the memory.
  package mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    needsComma = false
  }

  /// Makes room for so many bytes more: a large text whose size is about known need not move as it grows.
  package mutating func reserve(_ count: Int) {
    bytes.reserveCapacity(bytes.count + count)
  }

  // MARK: - Containers

  package mutating func beginObject() {
    separate()
    bytes.append(UInt8(ascii: "{"))
    needsComma = false
  }

  package mutating func endObject() {
    bytes.append(UInt8(ascii: "}"))
    needsComma = true
  }

  package mutating func beginArray() {
    separate()
    bytes.append(UInt8(ascii: "["))
    needsComma = false
  }

  package mutating func endArray() {
    bytes.append(UInt8(ascii: "]"))
    needsComma = true
  }

  /// A member name that needs no escapes.
  package mutating func key(_ name: StaticString) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    bytes.append(contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
    bytes.append(UInt8(ascii: "\""))
    bytes.append(UInt8(ascii: ":"))
    needsComma = false
  }

  package mutating func key(dynamic name: String) {
    string(name)
    bytes.append(UInt8(ascii: ":"))
    needsComma = false
  }

  // MARK: - Values

  package mutating func null() {
    separate()
    append("null")
    needsComma = true
  }

  package mutating func bool(_ value: Bool) {
    separate()
    append(value ? "true" : "false")
    needsComma = true
  }

  package mutating func int(_ value: Int64) {
    separate()
    appendDecimal(value)
    needsComma = true
  }

  package mutating func int(_ value: Int) { int(Int64(value)) }

  package mutating func double(_ value: Double) { number(JSONNumber(value)) }

  package mutating func number(_ value: JSONNumber) {
    separate()
    bytes.append(contentsOf: value.text.utf8)
    needsComma = true
  }

  package mutating func string(_ value: String) {
    separate()
    var value = value
    bytes.append(UInt8(ascii: "\""))
    value.withUTF8 { appendEscaped($0) }
    bytes.append(UInt8(ascii: "\""))
    needsComma = true
  }

  package mutating func string(_ value: StaticString) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    appendEscaped(UnsafeBufferPointer(start: value.utf8Start, count: value.utf8CodeUnitCount))
    bytes.append(UInt8(ascii: "\""))
    needsComma = true
  }

  /// A string that is given as UTF-8.
  package mutating func string(utf8 value: ArraySlice<UInt8>) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    value.withUnsafeBufferPointer { appendEscaped($0) }
    bytes.append(UInt8(ascii: "\""))
    needsComma = true
  }

  /// A whole value that is JSON already; it is copied as it is.
  package mutating func raw(_ json: some Collection<UInt8>) {
    separate()
    bytes.append(contentsOf: json)
    needsComma = true
  }

  package mutating func value(_ value: JSON) {
    switch value {
    case .null: null()
    case .bool(let value): bool(value)
    case .number(let value): number(value)
    case .string(let value): string(value)
    case .array(let elements):
      beginArray()
      for element in elements { self.value(element) }
      endArray()
    case .object(let object):
      beginObject()
      for (name, member) in object.members {
        key(dynamic: name)
        self.value(member)
      }
      endObject()
    }
  }

  // MARK: - Members; nil is written as null

  package mutating func field(_ name: StaticString, _ value: String?) {
    key(name)
    if let value { string(value) } else { null() }
  }

  package mutating func field(_ name: StaticString, literal value: StaticString) {
    key(name)
    string(value)
  }

  package mutating func field(_ name: StaticString, _ value: Bool?) {
    key(name)
    if let value { bool(value) } else { null() }
  }

  package mutating func field(_ name: StaticString, _ value: Int?) {
    key(name)
    if let value { int(value) } else { null() }
  }

  package mutating func field(_ name: StaticString, _ value: Int64?) {
    key(name)
    if let value { int(value) } else { null() }
  }

  package mutating func field(_ name: StaticString, _ value: JSON?) {
    key(name)
    self.value(value ?? .null)
  }

  package mutating func field(_ name: StaticString, _ values: [String]) {
    key(name)
    beginArray()
    for value in values { string(value) }
    endArray()
  }

  package mutating func nullField(_ name: StaticString) {
    key(name)
    null()
  }

  // MARK: - Bytes

  @inline(__always)
  private mutating func separate() {
    if needsComma { bytes.append(UInt8(ascii: ",")) }
  }

  private mutating func append(_ text: StaticString) {
    bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  private mutating func appendDecimal(_ value: Int64) {
    var magnitude = value.magnitude
    if value < 0 { bytes.append(UInt8(ascii: "-")) }
    // 20 digits are enough for any 64-bit number.
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
      var at = 20
      repeat {
        at -= 1
        digits[at] = UInt8(truncatingIfNeeded: magnitude % 10) + UInt8(ascii: "0")
        magnitude /= 10
      } while magnitude > 0
      bytes.append(contentsOf: digits[at...])
    }
  }

  private mutating func appendEscaped(_ text: UnsafeBufferPointer<UInt8>) {
    guard let base = text.baseAddress else { return }
    let end = text.count
    var from = 0
    var at = 0
    while at < end {
      if at &+ 8 <= end {
        let word = UInt64(littleEndian: UnsafeRawPointer(base + at).loadUnaligned(as: UInt64.self))
        let specials = SWAR.stringSpecials(word)
        guard specials != 0 else {
          at &+= 8
          continue
        }
        at &+= specials.trailingZeroBitCount &>> 3
      }
      let byte = base[at]
      guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else {
        at &+= 1
        continue
      }
      bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[from..<at]))
      bytes.append(UInt8(ascii: "\\"))
      switch byte {
      case 0x08: bytes.append(UInt8(ascii: "b"))
      case 0x09: bytes.append(UInt8(ascii: "t"))
      case 0x0A: bytes.append(UInt8(ascii: "n"))
      case 0x0C: bytes.append(UInt8(ascii: "f"))
      case 0x0D: bytes.append(UInt8(ascii: "r"))
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(byte)
      default:
        append("u00")
        for nibble in [byte >> 4, byte & 15] as [UInt8] {
          bytes.append(nibble < 10 ? nibble + UInt8(ascii: "0") : nibble - 10 + UInt8(ascii: "a"))
        }
      }
      at &+= 1
      from = at
    }
    bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[from..<end]))
  }
}
