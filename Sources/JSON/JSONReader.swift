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

  /// What is not read yet, in `bytes`.
  package var remaining: Range<Int> { offset..<end }

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
    try scan { (cursor) throws(JSONError) in try cursor.literal("null") }
    return true
  }

  // MARK: - Containers

  package mutating func beginObject() throws(JSONError) {
    try expect(.object, as: "a map")
    try open()
  }

  package mutating func beginArray() throws(JSONError) {
    try expect(.array, as: "a sequence")
    try open()
  }

  /// The next key of the open object with its colon consumed, or nil after consuming the closing brace.
  package mutating func nextKey() throws(JSONError) -> JSONKey? {
    guard try nextMember(closing: UInt8(ascii: "}")) else { return nil }
    var decoded: [UInt8]?
    let range = try scan { (cursor) throws(JSONError) -> Range<Int> in
      let byte = try cursor.significantByte()
      guard byte == UInt8(ascii: "\"") else { throw cursor.error(.unexpectedByte(byte)) }
      let scanned = try cursor.scanString()
      if scanned.hasEscapes {
        decoded = try cursor.decodeBytes(scanned)
      } else if scanned.hasNonASCII {
        try cursor.validateUTF8(scanned.range)
      }
      try cursor.colon()
      return scanned.range
    }
    if let decoded { return JSONKey(bytes: decoded, range: 0..<decoded.count) }
    return JSONKey(bytes: bytes, range: range)
  }

  /// Whether the open array has another element; false after consuming the closing bracket.
  package mutating func nextElement() throws(JSONError) -> Bool {
    try nextMember(closing: UInt8(ascii: "]"))
  }

  private mutating func open() throws(JSONError) {
    guard depth < Self.maximumDepth else { throw error(.tooDeep(limit: Self.maximumDepth)) }
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
    return try scan { (cursor) throws(JSONError) in try cursor.decode(try cursor.scanString()) }
  }

  /// A string as UTF-8, without building a `String`.
  package mutating func stringBytes() throws(JSONError) -> ArraySlice<UInt8> {
    try expect(.string, as: "a string")
    var decoded: [UInt8]?
    let range = try scan { (cursor) throws(JSONError) -> Range<Int> in
      let scanned = try cursor.scanString()
      if scanned.hasEscapes {
        decoded = try cursor.decodeBytes(scanned)
      } else if scanned.hasNonASCII {
        try cursor.validateUTF8(scanned.range)
      }
      return scanned.range
    }
    return decoded?[...] ?? bytes[range]
  }

  package mutating func bool() throws(JSONError) -> Bool {
    try expect(.bool, as: "a boolean")
    let value = bytes[offset] == UInt8(ascii: "t")
    try scan { (cursor) throws(JSONError) in try cursor.literal(value ? "true" : "false") }
    return value
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
    return try scan { (cursor) throws(JSONError) in
      let range = try cursor.number()
      return JSONNumber(unchecked: cursor.string(range))
    }
  }

  // MARK: - Whole values

  /// Checks and passes over one value; the range is its text in `bytes`, without white space around it.
  @discardableResult
  package mutating func skip() throws(JSONError) -> Range<Int> {
    let depth = depth
    return try scan { (cursor) throws(JSONError) in
      cursor.skipWhitespace()
      let from = cursor.at
      try cursor.skipValue(depth: depth)
      return from..<cursor.at
    }
  }

  /// One value as a tree.
  package mutating func value() throws(JSONError) -> JSON {
    let depth = depth
    return try scan { (cursor) throws(JSONError) in try cursor.value(depth: depth) }
  }

  /// The string value of a member of the object that is next, without consuming anything; nil if the object has no such
  /// member or its value is no string. Cheap when the member comes first, as tags do. Of two such members the first
  /// counts: looking for the second would cost a pass over every object.
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

  /// Hands the rest of the text to `body` and goes on where it stopped, also when it failed.
  @inline(__always)
  private mutating func scan<Result>(
    _ body: (inout Cursor) throws(JSONError) -> Result
  ) throws(JSONError) -> Result {
    var place = offset
    defer { offset = place }
    return try bytes.withUnsafeBufferPointer { (buffer) throws(JSONError) -> Result in
      guard let base = buffer.baseAddress else { throw error(.unexpectedEnd) }
      var cursor = Cursor(base: base, at: place, start: start, end: end)
      defer { place = cursor.at }
      return try body(&cursor)
    }
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
