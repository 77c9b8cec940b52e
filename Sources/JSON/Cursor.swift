/// A place in a text that is known by its address: what `JSONReader` does with every byte happens here, without the
/// checks and the counting of references that an array costs.
///
/// It lives only inside the array's `withUnsafeBufferPointer`. All reads are guarded by `end`.
struct Cursor {
  let base: UnsafePointer<UInt8>
  var at: Int
  /// Offsets in errors count from here.
  let start: Int
  let end: Int

  func error(_ kind: JSONError.Kind) -> JSONError { JSONError(kind, at: at - start) }

  func error(_ kind: JSONError.Kind, at place: Int) -> JSONError { JSONError(kind, at: place - start) }

  @inline(__always)
  private func word(_ place: Int) -> UInt64 {
    UInt64(littleEndian: UnsafeRawPointer(base + place).loadUnaligned(as: UInt64.self))
  }

  @inline(__always)
  mutating func skipWhitespace() {
    while at < end {
      let byte = base[at]
      guard byte <= 0x20, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
      at &+= 1
    }
  }

  /// The next byte that is no white space, not consumed.
  @inline(__always)
  mutating func significantByte() throws(JSONError) -> UInt8 {
    skipWhitespace()
    guard at < end else { throw error(.unexpectedEnd) }
    return base[at]
  }

  mutating func literal(_ text: StaticString) throws(JSONError) {
    var rest = text.utf8Start
    for _ in 0..<text.utf8CodeUnitCount {
      guard at < end else { throw error(.unexpectedEnd) }
      guard base[at] == rest.pointee else { throw error(.unexpectedByte(base[at])) }
      at &+= 1
      rest += 1
    }
  }

  /// Consumes a number of the RFC's grammar; what follows is the caller's business.
  mutating func number() throws(JSONError) -> Range<Int> {
    let from = at
    if base[at] == UInt8(ascii: "-") { at &+= 1 }
    if at < end, base[at] == UInt8(ascii: "0") { at &+= 1 } else { try digits() }
    if at < end, base[at] == UInt8(ascii: ".") {
      at &+= 1
      try digits()
    }
    if at < end, base[at] | 0x20 == UInt8(ascii: "e") {
      at &+= 1
      if at < end, base[at] == UInt8(ascii: "+") || base[at] == UInt8(ascii: "-") { at &+= 1 }
      try digits()
    }
    return from..<at
  }

  /// One digit or more.
  @inline(__always)
  private mutating func digits() throws(JSONError) {
    let from = at
    while at < end, base[at] &- 0x30 < 10 { at &+= 1 }
    guard at > from else { throw error(at < end ? .invalidNumber : .unexpectedEnd) }
  }

  // MARK: - Strings

  struct ScannedString {
    /// The text between the quotes.
    var range: Range<Int>
    var hasEscapes: Bool
    var hasNonASCII: Bool
  }

  /// Consumes a string up to its closing quote without decoding it: eight bytes a step where nothing special is met.
  /// Escapes and UTF-8 are not checked yet.
  mutating func scanString() throws(JSONError) -> ScannedString {
    at &+= 1
    let from = at
    var hasEscapes = false
    var nonASCII: UInt64 = 0
    while true {
      var byte: UInt8
      if at &+ 8 <= end {
        let word = word(at)
        let specials = SWAR.stringSpecials(word)
        guard specials != 0 else {
          nonASCII |= word
          at &+= 8
          continue
        }
        let plain = specials.trailingZeroBitCount & ~7
        nonASCII |= word & ((1 &<< UInt64(truncatingIfNeeded: plain)) &- 1)
        at &+= plain &>> 3
        byte = base[at]
      } else {
        guard at < end else { throw error(.unexpectedEnd) }
        byte = base[at]
      }
      switch byte {
      case UInt8(ascii: "\""):
        defer { at &+= 1 }
        return ScannedString(
          range: from..<at, hasEscapes: hasEscapes, hasNonASCII: nonASCII & 0x8080_8080_8080_8080 != 0)
      case UInt8(ascii: "\\"):
        // What is escaped is looked at when it is decoded; here only a quote must not end the string.
        hasEscapes = true
        guard at &+ 1 < end else {
          at = end
          throw error(.unexpectedEnd)
        }
        at &+= 2
      case ..<0x20: throw error(.controlCharacterInString)
      default:
        nonASCII |= UInt64(byte)
        at &+= 1
      }
    }
  }

  func validateUTF8(_ range: Range<Int>) throws(JSONError) {
    let text = UnsafeBufferPointer(start: base, count: end)
    if let bad = UTF8Validation.firstInvalid(in: text, range: range) { throw error(.invalidUTF8, at: bad) }
  }

  func decode(_ scanned: ScannedString) throws(JSONError) -> String {
    if scanned.hasNonASCII { try validateUTF8(scanned.range) }
    guard scanned.hasEscapes else { return string(scanned.range) }
    try checkEscapes(scanned.range)
    // No escape is shorter than what it stands for.
    return String(unsafeUninitializedCapacity: scanned.range.count) { unescape(scanned.range, into: $0) }
  }

  func decodeBytes(_ scanned: ScannedString) throws(JSONError) -> [UInt8] {
    if scanned.hasNonASCII { try validateUTF8(scanned.range) }
    if scanned.hasEscapes { try checkEscapes(scanned.range) }
    return [UInt8](unsafeUninitializedCapacity: scanned.range.count) { buffer, count in
      count = unescape(scanned.range, into: buffer)
    }
  }

  func check(_ scanned: ScannedString) throws(JSONError) {
    if scanned.hasNonASCII { try validateUTF8(scanned.range) }
    if scanned.hasEscapes { try checkEscapes(scanned.range) }
  }

  @inline(__always)
  func string(_ range: Range<Int>) -> String {
    String(decoding: UnsafeBufferPointer(start: base + range.lowerBound, count: range.count), as: UTF8.self)
  }

  /// The next backslash in `place..<limit`, or `limit`.
  @inline(__always)
  private func nextBackslash(from place: Int, to limit: Int) -> Int {
    var place = place
    while place &+ 8 <= limit {
      let hits = SWAR.backslashes(word(place))
      if hits != 0 { return place &+ hits.trailingZeroBitCount &>> 3 }
      place &+= 8
    }
    while place < limit, base[place] != UInt8(ascii: "\\") { place &+= 1 }
    return place
  }

  private func checkEscapes(_ range: Range<Int>) throws(JSONError) {
    let limit = range.upperBound
    var place = nextBackslash(from: range.lowerBound, to: limit)
    while place < limit {
      guard place &+ 1 < limit else { throw error(.invalidEscape, at: place) }
      switch base[place &+ 1] {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
        UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
        place &+= 2
      case UInt8(ascii: "u"):
        let unit = try codeUnit(place &+ 2, limit)
        if unit & 0xF800 == 0xD800 {
          let next = place &+ 6
          guard unit < 0xDC00, next &+ 1 < limit, base[next] == UInt8(ascii: "\\"),
            base[next &+ 1] == UInt8(ascii: "u"), try codeUnit(next &+ 2, limit) & 0xFC00 == 0xDC00
          else { throw error(.loneSurrogate, at: place) }
          place &+= 6
        }
        place &+= 6
      default: throw error(.invalidEscape, at: place)
      }
      place = nextBackslash(from: place, to: limit)
    }
  }

  private func codeUnit(_ place: Int, _ limit: Int) throws(JSONError) -> UInt16 {
    var unit: UInt16 = 0
    for index in place..<place &+ 4 {
      guard index < limit else { throw error(.invalidEscape, at: index) }
      guard let digit = Self.hexDigit(base[index]) else { throw error(.invalidEscape, at: index) }
      unit = unit &<< 4 | UInt16(digit)
    }
    return unit
  }

  @inline(__always)
  private static func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte &- UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte &- UInt8(ascii: "a") &+ 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte &- UInt8(ascii: "A") &+ 10
    default: nil
    }
  }

  /// The code unit of a `\u` escape that was checked before.
  @inline(__always)
  private func checkedCodeUnit(_ place: Int) -> UInt32 {
    var unit: UInt32 = 0
    for index in place..<place &+ 4 { unit = unit &<< 4 | UInt32(Self.hexDigit(base[index]) ?? 0) }
    return unit
  }

  /// Decodes a checked string; returns the number of bytes.
  private func unescape(_ range: Range<Int>, into buffer: UnsafeMutableBufferPointer<UInt8>) -> Int {
    guard let target = buffer.baseAddress else { return 0 }
    var count = 0
    var place = range.lowerBound
    while place < range.upperBound {
      let backslash = nextBackslash(from: place, to: range.upperBound)
      (target + count).initialize(from: base + place, count: backslash &- place)
      count &+= backslash &- place
      guard backslash < range.upperBound else { break }
      place = backslash &+ 2
      let escape = base[backslash &+ 1]
      switch escape {
      case UInt8(ascii: "b"): target[count] = 0x08
      case UInt8(ascii: "f"): target[count] = 0x0C
      case UInt8(ascii: "n"): target[count] = 0x0A
      case UInt8(ascii: "r"): target[count] = 0x0D
      case UInt8(ascii: "t"): target[count] = 0x09
      case UInt8(ascii: "u"):
        var scalar = checkedCodeUnit(place)
        place &+= 4
        if scalar & 0xFC00 == 0xD800 {
          scalar = 0x10000 &+ ((scalar & 0x3FF) &<< 10 | checkedCodeUnit(place &+ 2) & 0x3FF)
          place &+= 6
        }
        count &+= Self.encode(scalar, at: target + count)
        continue
      default: target[count] = escape
      }
      count &+= 1
    }
    return count
  }

  /// Writes a scalar value as UTF-8; returns the number of bytes.
  private static func encode(_ scalar: UInt32, at target: UnsafeMutablePointer<UInt8>) -> Int {
    func tail(_ shift: UInt32) -> UInt8 { UInt8(truncatingIfNeeded: scalar &>> shift) & 0x3F | 0x80 }
    switch scalar {
    case ..<0x80:
      target[0] = UInt8(truncatingIfNeeded: scalar)
      return 1
    case ..<0x800:
      target[0] = 0xC0 | UInt8(truncatingIfNeeded: scalar &>> 6)
      target[1] = tail(0)
      return 2
    case ..<0x1_0000:
      target[0] = 0xE0 | UInt8(truncatingIfNeeded: scalar &>> 12)
      target[1] = tail(6)
      target[2] = tail(0)
      return 3
    default:
      target[0] = 0xF0 | UInt8(truncatingIfNeeded: scalar &>> 18)
      target[1] = tail(12)
      target[2] = tail(6)
      target[3] = tail(0)
      return 4
    }
  }

  // MARK: - Whole values

  /// Checks and passes over one value that lies `depth` containers deep. A loop, so that no text can exhaust the stack.
  mutating func skipValue(depth outer: Int) throws(JSONError) {
    var levels = Levels()
    while true {
      switch try significantByte() {
      case UInt8(ascii: "{"):
        try open(outer &+ levels.depth)
        guard try significantByte() == UInt8(ascii: "}") else {
          levels.push(object: true)
          try skipKey()
          continue
        }
        at &+= 1
      case UInt8(ascii: "["):
        try open(outer &+ levels.depth)
        guard try significantByte() == UInt8(ascii: "]") else {
          levels.push(object: false)
          continue
        }
        at &+= 1
      case UInt8(ascii: "\""): try check(try scanString())
      case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): _ = try number()
      case UInt8(ascii: "t"): try literal("true")
      case UInt8(ascii: "f"): try literal("false")
      case UInt8(ascii: "n"): try literal("null")
      case let byte: throw error(.unexpectedByte(byte))
      }
      guard try nextAfterValue(&levels) else { return }
    }
  }

  /// A value has ended: goes on to the next member of the innermost container, closing those that are done. False when
  /// none is open any more.
  @inline(__always)
  private mutating func nextAfterValue(_ levels: inout Levels) throws(JSONError) -> Bool {
    while levels.depth > 0 {
      let byte = try significantByte()
      if byte == UInt8(ascii: ",") {
        at &+= 1
        if levels.innermostIsObject { try skipKey() }
        return true
      }
      guard byte == (levels.innermostIsObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else {
        throw error(.unexpectedByte(byte))
      }
      at &+= 1
      levels.pop()
    }
    return false
  }

  /// Which of the open containers are objects, the innermost in the lowest bit: enough for `JSONReader.maximumDepth`.
  private struct Levels {
    var depth = 0
    private var low: UInt64 = 0
    private var high: UInt64 = 0

    var innermostIsObject: Bool { low & 1 == 1 }

    mutating func push(object isObject: Bool) {
      depth &+= 1
      high = high &<< 1 | low &>> 63
      low = low &<< 1 | (isObject ? 1 : 0)
    }

    mutating func pop() {
      depth &-= 1
      low = low &>> 1 | high &<< 63
      high = high &>> 1
    }
  }

  /// Consumes the opening brace or bracket of a container that lies `depth` containers deep.
  @inline(__always)
  mutating func open(_ depth: Int) throws(JSONError) {
    guard depth < JSONReader.maximumDepth else { throw error(.tooDeep(limit: JSONReader.maximumDepth)) }
    at &+= 1
  }

  @inline(__always)
  private mutating func skipKey() throws(JSONError) {
    let byte = try significantByte()
    guard byte == UInt8(ascii: "\"") else { throw error(.unexpectedByte(byte)) }
    try check(try scanString())
    try colon()
  }

  @inline(__always)
  mutating func colon() throws(JSONError) {
    let byte = try significantByte()
    guard byte == UInt8(ascii: ":") else { throw error(.unexpectedByte(byte)) }
    at &+= 1
  }

  /// Builds one value that lies `depth` containers deep. It calls itself, `JSONReader.maximumDepth` times at most.
  mutating func value(depth: Int) throws(JSONError) -> JSON {
    switch try significantByte() {
    case UInt8(ascii: "{"):
      try open(depth)
      return .object(try object(depth: depth &+ 1))
    case UInt8(ascii: "["):
      try open(depth)
      return .array(try array(depth: depth &+ 1))
    case UInt8(ascii: "\""): return .string(try decode(try scanString()))
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
      return .number(JSONNumber(unchecked: string(try number())))
    case UInt8(ascii: "t"):
      try literal("true")
      return .bool(true)
    case UInt8(ascii: "f"):
      try literal("false")
      return .bool(false)
    case UInt8(ascii: "n"):
      try literal("null")
      return .null
    case let byte: throw error(.unexpectedByte(byte))
    }
  }

  private mutating func array(depth: Int) throws(JSONError) -> [JSON] {
    var elements: [JSON] = []
    guard try significantByte() != UInt8(ascii: "]") else {
      at &+= 1
      return elements
    }
    while true {
      elements.append(try value(depth: depth))
      let byte = try significantByte()
      if byte == UInt8(ascii: "]") { break }
      guard byte == UInt8(ascii: ",") else { throw error(.unexpectedByte(byte)) }
      at &+= 1
    }
    at &+= 1
    return elements
  }

  private mutating func object(depth: Int) throws(JSONError) -> JSONObject {
    var builder = JSONObject.Builder()
    guard try significantByte() != UInt8(ascii: "}") else {
      at &+= 1
      return builder.object
    }
    while true {
      var byte = try significantByte()
      guard byte == UInt8(ascii: "\"") else { throw error(.unexpectedByte(byte)) }
      let key = try decode(try scanString())
      try colon()
      builder.add(key, try value(depth: depth))
      byte = try significantByte()
      if byte == UInt8(ascii: "}") { break }
      guard byte == UInt8(ascii: ",") else { throw error(.unexpectedByte(byte)) }
      at &+= 1
    }
    at &+= 1
    return builder.object
  }
}
