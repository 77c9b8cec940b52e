/// A pull reader over one JSON text in memory (RFC 8259).
///
/// The caller asks for what it expects, in document order; nothing is built that nobody asked for. The text is shared,
/// not copied. Every error carries the byte offset. The reader never traps on any input.
///
///     var reader = JSONReader(line)
///     try reader.beginObject()
///     while let key = try reader.nextKey() {
///       switch key {
///       case "id": id = try reader.int64()
///       default: try reader.skip()
///       }
///     }
///     try reader.finish()
///
/// After `nextKey` or `nextElement` the caller must consume exactly one value.
package struct JSONReader: Sendable {
  /// Containers nested deeper than this are refused, as the reference does.
  package static let maximumDepth = 128

  /// The text that is read; positions and ranges of the reader index into it.
  package let bytes: [UInt8]
  /// Where the next byte is read.
  package private(set) var offset: Int
  private let start: Int
  private let end: Int
  private var depth = 0
  /// Set right after a container was opened: its first member takes no comma.
  private var isFirstMember = false
  /// Which of the open containers are objects, one bit a level: enough for `maximumDepth`.
  private var objectLevels: (UInt64, UInt64) = (0, 0)

  package init(_ bytes: [UInt8]) {
    self.init(bytes, in: 0..<bytes.count)
  }

  /// Reads only `range` of `bytes`; offsets in errors still count from its start.
  package init(_ bytes: [UInt8], in range: Range<Int>) {
    precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count)
    self.bytes = bytes
    offset = range.lowerBound
    start = range.lowerBound
    end = range.upperBound
  }

  package init(_ text: String) {
    self.init(Array(text.utf8))
  }

  // MARK: - What comes next

  package enum Token: String, Sendable {
    case object = "map"
    case array = "sequence"
    case string = "string"
    case number = "number"
    case bool = "boolean"
    case null = "null"
  }

  /// The kind of the next value; consumes white space only.
  package mutating func peek() throws(JSONError) -> Token {
    skipWhitespace()
    guard offset < end else { throw error(.unexpectedEnd) }
    switch bytes[offset] {
    case UInt8(ascii: "{"): return .object
    case UInt8(ascii: "["): return .array
    case UInt8(ascii: "\""): return .string
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
    case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
    case UInt8(ascii: "n"): return .null
    case let byte: throw error(.unexpectedByte(byte))
    }
  }

  /// Consumes a `null` if one is next.
  package mutating func takeNull() throws(JSONError) -> Bool {
    guard try peek() == .null else { return false }
    try literal("null")
    return true
  }

  // MARK: - Containers

  package mutating func beginObject() throws(JSONError) {
    try expect(.object, as: "a map")
    try open(object: true)
  }

  package mutating func beginArray() throws(JSONError) {
    try expect(.array, as: "a sequence")
    try open(object: false)
  }

  /// The next key of the open object with its colon consumed, or nil after consuming the closing brace.
  package mutating func nextKey() throws(JSONError) -> JSONKey? {
    guard try nextMember(closing: UInt8(ascii: "}")) else { return nil }
    guard offset < end else { throw error(.unexpectedEnd) }
    guard bytes[offset] == UInt8(ascii: "\"") else { throw error(.unexpectedByte(bytes[offset])) }
    let scanned = try scanString()
    let key: JSONKey
    if scanned.hasEscapes {
      let decoded = Array(try decodeString(scanned).utf8)
      key = JSONKey(bytes: decoded, range: 0..<decoded.count)
    } else {
      if scanned.hasNonASCII { try validateUTF8(scanned.range) }
      key = JSONKey(bytes: bytes, range: scanned.range)
    }
    skipWhitespace()
    guard offset < end else { throw error(.unexpectedEnd) }
    guard bytes[offset] == UInt8(ascii: ":") else { throw error(.unexpectedByte(bytes[offset])) }
    offset += 1
    return key
  }

  /// Whether the open array has another element; false after consuming the closing bracket.
  package mutating func nextElement() throws(JSONError) -> Bool {
    try nextMember(closing: UInt8(ascii: "]"))
  }

  private mutating func open(object isObject: Bool) throws(JSONError) {
    guard depth < Self.maximumDepth else { throw error(.tooDeep(limit: Self.maximumDepth)) }
    let bit: UInt64 = 1 << UInt64(depth & 63)
    if depth < 64 {
      objectLevels.0 = isObject ? objectLevels.0 | bit : objectLevels.0 & ~bit
    } else {
      objectLevels.1 = isObject ? objectLevels.1 | bit : objectLevels.1 & ~bit
    }
    depth += 1
    offset += 1
    isFirstMember = true
  }

  private mutating func nextMember(closing: UInt8) throws(JSONError) -> Bool {
    skipWhitespace()
    guard offset < end else { throw error(.unexpectedEnd) }
    let byte = bytes[offset]
    if byte == closing {
      offset += 1
      depth -= 1
      isFirstMember = false
      return false
    }
    if isFirstMember {
      isFirstMember = false
      return true
    }
    guard byte == UInt8(ascii: ",") else { throw error(.unexpectedByte(byte)) }
    offset += 1
    skipWhitespace()
    guard offset < end else { throw error(.unexpectedEnd) }
    guard bytes[offset] != closing else { throw error(.unexpectedByte(closing)) }
    return true
  }

  // MARK: - Scalars

  package mutating func string() throws(JSONError) -> String {
    try expect(.string, as: "a string")
    return try decodeString(try scanString())
  }

  /// A string as UTF-8, without building a `String`.
  package mutating func stringBytes() throws(JSONError) -> ArraySlice<UInt8> {
    try expect(.string, as: "a string")
    let scanned = try scanString()
    guard scanned.hasEscapes else {
      if scanned.hasNonASCII { try validateUTF8(scanned.range) }
      return bytes[scanned.range]
    }
    return Array(try decodeString(scanned).utf8)[...]
  }

  package mutating func bool() throws(JSONError) -> Bool {
    try expect(.bool, as: "a boolean")
    if bytes[offset] == UInt8(ascii: "t") {
      try literal("true")
      return true
    }
    try literal("false")
    return false
  }

  /// A whole number that fits 64 bits. `1.0` and `1e2` are not whole numbers here.
  package mutating func int64() throws(JSONError) -> Int64 {
    let number = try number()
    guard let value = number.int64 else {
      throw JSONError(
        number.isInteger ? .numberOutOfRange : .wrongType(expected: "an integer", found: "floating point number"),
        at: offset - start - number.text.utf8.count)
    }
    return value
  }

  package mutating func int() throws(JSONError) -> Int {
    Int(try int64())
  }

  package mutating func double() throws(JSONError) -> Double {
    try number().double
  }

  /// A number with its text as written.
  package mutating func number() throws(JSONError) -> JSONNumber {
    try expect(.number, as: "a number")
    let range = try scanNumber()
    return JSONNumber(unchecked: String(decoding: bytes[range], as: UTF8.self))
  }

  // MARK: - Whole values

  /// Checks and passes over one value; the range is its text in `bytes`, without white space around it.
  @discardableResult
  package mutating func skip() throws(JSONError) -> Range<Int> {
    skipWhitespace()
    let from = offset
    let outer = depth
    repeat {
      switch try peek() {
      case .object:
        try open(object: true)
        if try nextKey() != nil { continue }
      case .array:
        try open(object: false)
        if try nextElement() { continue }
      case .string:
        let scanned = try scanString()
        if scanned.hasEscapes {
          try checkEscapes(scanned)
        } else if scanned.hasNonASCII {
          try validateUTF8(scanned.range)
        }
      case .number: _ = try scanNumber()
      case .bool: try literal(bytes[offset] == UInt8(ascii: "t") ? "true" : "false")
      case .null: try literal("null")
      }
      // A value has ended: go on to the next member of the innermost container, closing those that are done.
      try closeFinished(downTo: outer)
    } while depth > outer
    return from..<offset
  }

  private mutating func closeFinished(downTo outer: Int) throws(JSONError) {
    while depth > outer {
      skipWhitespace()
      guard offset < end else { throw error(.unexpectedEnd) }
      if innermostIsObject {
        if try nextKey() != nil { return }
      } else if try nextElement() {
        return
      }
    }
  }

  private var innermostIsObject: Bool {
    let level = depth - 1
    let word = level < 64 ? objectLevels.0 : objectLevels.1
    return (word >> UInt64(level & 63)) & 1 == 1
  }

  /// One value as a tree.
  package mutating func value() throws(JSONError) -> JSON {
    switch try peek() {
    case .null:
      try literal("null")
      return .null
    case .bool: return .bool(try bool())
    case .number: return .number(try number())
    case .string: return .string(try string())
    case .array:
      var elements: [JSON] = []
      try beginArray()
      while try nextElement() { elements.append(try value()) }
      return .array(elements)
    case .object:
      var object = JSONObject()
      try beginObject()
      while let key = try nextKey() { object.appendOrReplace(key.string, try value()) }
      return .object(object)
    }
  }

  /// The string value of a member of the object that is next, without consuming anything; nil if the object has no such
  /// member or its value is no string. Cheap when the member comes first, as tags do.
  package func peekMember(_ name: StaticString) throws(JSONError) -> String? {
    var probe = self
    guard try probe.peek() == .object else { return nil }
    try probe.beginObject()
    while let key = try probe.nextKey() {
      if name ~= key { return try probe.peek() == .string ? try probe.string() : nil }
      try probe.skip()
    }
    return nil
  }

  /// Requires that nothing but white space is left.
  package mutating func finish() throws(JSONError) {
    skipWhitespace()
    guard offset == end else { throw error(.trailingData) }
  }

  // MARK: - Errors

  /// An error at the current place.
  package func error(_ kind: JSONError.Kind) -> JSONError {
    JSONError(kind, at: offset - start)
  }

  private mutating func expect(_ token: Token, as expected: String) throws(JSONError) {
    let found = try peek()
    guard found == token else { throw error(.wrongType(expected: expected, found: found.rawValue)) }
  }

  // MARK: - Scanning

  private mutating func skipWhitespace() {
    while offset < end {
      switch bytes[offset] {
      case 0x20, 0x0A, 0x0D, 0x09: offset += 1
      default: return
      }
    }
  }

  private mutating func literal(_ text: StaticString) throws(JSONError) {
    var rest = text.utf8Start
    for _ in 0..<text.utf8CodeUnitCount {
      guard offset < end else { throw error(.unexpectedEnd) }
      guard bytes[offset] == rest.pointee else { throw error(.unexpectedByte(bytes[offset])) }
      offset += 1
      rest += 1
    }
  }

  /// Consumes a number of the RFC's grammar; what follows is the caller's business.
  private mutating func scanNumber() throws(JSONError) -> Range<Int> {
    let from = offset
    func isDigit(_ at: Int) -> Bool { at < end && bytes[at] &- 0x30 < 10 }
    var at = offset
    if bytes[at] == UInt8(ascii: "-") { at += 1 }
    guard isDigit(at) else {
      offset = at
      throw error(at < end ? .invalidNumber : .unexpectedEnd)
    }
    if bytes[at] == UInt8(ascii: "0") {
      at += 1
    } else {
      while isDigit(at) { at += 1 }
    }
    if at < end, bytes[at] == UInt8(ascii: ".") {
      at += 1
      guard isDigit(at) else {
        offset = at
        throw error(at < end ? .invalidNumber : .unexpectedEnd)
      }
      while isDigit(at) { at += 1 }
    }
    if at < end, bytes[at] | 0x20 == UInt8(ascii: "e") {
      at += 1
      if at < end, bytes[at] == UInt8(ascii: "+") || bytes[at] == UInt8(ascii: "-") { at += 1 }
      guard isDigit(at) else {
        offset = at
        throw error(at < end ? .invalidNumber : .unexpectedEnd)
      }
      while isDigit(at) { at += 1 }
    }
    offset = at
    return from..<at
  }

  private struct ScannedString {
    /// The text between the quotes.
    var range: Range<Int>
    var hasEscapes = false
    var hasNonASCII = false
  }

  /// Consumes a string up to its closing quote without decoding it: eight bytes a step where nothing special is met.
  private mutating func scanString() throws(JSONError) -> ScannedString {
    let from = offset + 1
    var result = ScannedString(range: from..<from)
    var at = from
    let end = end
    let stop: StringStop = bytes.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return .end }
      while true {
        while at &+ 8 <= end {
          let word = UnsafeRawPointer(base + at).loadUnaligned(as: UInt64.self)
          if word & 0x8080_8080_8080_8080 != 0 { result.hasNonASCII = true }
          if SWAR.hasStringSpecial(word) { break }
          at &+= 8
        }
        // Either something special is within eight bytes, or the text is nearly over.
        while at < end {
          let byte = base[at]
          if byte == UInt8(ascii: "\"") { return .quote }
          if byte == UInt8(ascii: "\\") {
            result.hasEscapes = true
            at &+= 2  // What is escaped is looked at when it is decoded; here only a quote must not end the string.
            break
          }
          if byte < 0x20 { return .control }
          if byte >= 0x80 { result.hasNonASCII = true }
          at &+= 1
        }
        if at >= end { return .end }
      }
    }
    switch stop {
    case .quote:
      result.range = from..<at
      offset = at + 1
      return result
    case .control:
      offset = at
      throw error(.controlCharacterInString)
    case .end:
      offset = end
      throw error(.unexpectedEnd)
    }
  }

  private enum StringStop { case quote, control, end }

  private func validateUTF8(_ range: Range<Int>) throws(JSONError) {
    let bad = bytes.withUnsafeBufferPointer { UTF8Validation.firstInvalid(in: $0, range: range) }
    if let bad { throw JSONError(.invalidUTF8, at: bad - start) }
  }

  private func decodeString(_ scanned: ScannedString) throws(JSONError) -> String {
    if !scanned.hasEscapes {
      if scanned.hasNonASCII { try validateUTF8(scanned.range) }
      return bytes.withUnsafeBufferPointer { String(decoding: $0[scanned.range], as: UTF8.self) }
    }
    if scanned.hasNonASCII { try validateUTF8(scanned.range) }
    var decoded: [UInt8] = []
    decoded.reserveCapacity(scanned.range.count)
    var at = scanned.range.lowerBound
    while at < scanned.range.upperBound {
      let byte = bytes[at]
      guard byte == UInt8(ascii: "\\") else {
        decoded.append(byte)
        at += 1
        continue
      }
      at = try Self.unescape(bytes, at: at, end: scanned.range.upperBound, start: start, into: &decoded)
    }
    return String(decoding: decoded, as: UTF8.self)
  }

  private func checkEscapes(_ scanned: ScannedString) throws(JSONError) {
    if scanned.hasNonASCII { try validateUTF8(scanned.range) }
    var ignored: [UInt8] = []
    var at = scanned.range.lowerBound
    while at < scanned.range.upperBound {
      guard bytes[at] == UInt8(ascii: "\\") else {
        at += 1
        continue
      }
      at = try Self.unescape(bytes, at: at, end: scanned.range.upperBound, start: start, into: &ignored)
      ignored.removeAll(keepingCapacity: true)
    }
  }

  /// Decodes the escape that starts at `at`; returns the place after it.
  private static func unescape(
    _ bytes: [UInt8], at: Int, end: Int, start: Int, into decoded: inout [UInt8]
  ) throws(JSONError) -> Int {
    guard at + 1 < end else { throw JSONError(.invalidEscape, at: at - start) }
    switch bytes[at + 1] {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): decoded.append(bytes[at + 1])
    case UInt8(ascii: "b"): decoded.append(0x08)
    case UInt8(ascii: "f"): decoded.append(0x0C)
    case UInt8(ascii: "n"): decoded.append(0x0A)
    case UInt8(ascii: "r"): decoded.append(0x0D)
    case UInt8(ascii: "t"): decoded.append(0x09)
    case UInt8(ascii: "u"):
      let unit = try codeUnit(bytes, at: at + 2, end: end, start: start)
      var scalar = UInt32(unit)
      var next = at + 6
      if unit & 0xFC00 == 0xDC00 { throw JSONError(.loneSurrogate, at: at - start) }
      if unit & 0xFC00 == 0xD800 {
        guard next + 1 < end, bytes[next] == UInt8(ascii: "\\"), bytes[next + 1] == UInt8(ascii: "u") else {
          throw JSONError(.loneSurrogate, at: at - start)
        }
        let low = try codeUnit(bytes, at: next + 2, end: end, start: start)
        guard low & 0xFC00 == 0xDC00 else { throw JSONError(.loneSurrogate, at: at - start) }
        scalar = 0x10000 + (UInt32(unit & 0x3FF) << 10 | UInt32(low & 0x3FF))
        next += 6
      }
      guard let value = Unicode.Scalar(scalar) else { throw JSONError(.loneSurrogate, at: at - start) }
      decoded.append(contentsOf: UTF8.encode(value).unsafelyUnwrapped)
      return next
    default: throw JSONError(.invalidEscape, at: at - start)
    }
    return at + 2
  }

  private static func codeUnit(_ bytes: [UInt8], at: Int, end: Int, start: Int) throws(JSONError) -> UInt16 {
    var unit: UInt16 = 0
    for index in at..<at + 4 {
      guard index < end else { throw JSONError(.invalidEscape, at: at - start) }
      let digit: UInt8
      switch bytes[index] {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = bytes[index] - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = bytes[index] - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = bytes[index] - UInt8(ascii: "A") + 10
      default: throw JSONError(.invalidEscape, at: index - start)
      }
      unit = unit << 4 | UInt16(digit)
    }
    return unit
  }
}

/// A member name as it stands in the text; compare it with literals, or take it as a `String`.
package struct JSONKey: Sendable {
  let bytes: [UInt8]
  let range: Range<Int>

  package var string: String {
    bytes.withUnsafeBufferPointer { String(decoding: $0[range], as: UTF8.self) }
  }

  /// `switch key { case "threadId": … }`, byte by byte.
  package static func ~= (literal: StaticString, key: JSONKey) -> Bool {
    guard literal.utf8CodeUnitCount == key.range.count else { return false }
    let other = UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount)
    return key.bytes.withUnsafeBufferPointer { $0[key.range].elementsEqual(other) }
  }
}
