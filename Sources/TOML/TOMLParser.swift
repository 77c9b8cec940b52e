/// Reads TOML 1.0 from bytes in memory, one pass, without going back.
///
/// Refuses what the specification refuses and, beyond that, nesting deeper than `maximumDepth`. A byte order mark at the
/// start is skipped. Line breaks in multi-line strings become LF. Never traps on any input.
struct TOMLParser: Sendable {
  /// Containers within each other, the root included: as many as the JSON reader takes, so that any text can pass on
  /// as JSON.
  static let maximumDepth = 128

  let bytes: [UInt8]
  /// Where the next byte is read.
  var at: Int
  private var locator: TOMLLocator

  init(_ bytes: [UInt8]) throws(TOMLError) {
    self.bytes = bytes
    at = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    locator = TOMLLocator(bytes, textStart: at)
    if let invalid = Self.firstInvalidUTF8(in: bytes) { throw error(.invalidUTF8, at: invalid) }
  }

  private static func firstInvalidUTF8(in bytes: [UInt8]) -> Int? {
    var parser = Unicode.UTF8.ForwardParser()
    var iterator = bytes.makeIterator()
    var offset = 0
    while true {
      switch parser.parseScalar(from: &iterator) {
      case .valid(let scalar): offset += scalar.count
      case .error: return offset
      case .emptyInput: return nil
      }
    }
  }

  // MARK: - Entries

  mutating func document() throws(TOMLError) -> TOMLTable {
    let start = position()
    var builder = TOMLTableBuilder(form: .root, depth: 1, span: TOMLSpan(start: start, end: start))
    while at < bytes.count {
      try statement(into: &builder)
      guard at < bytes.count else { break }
      guard try takeNewline() else { throw error(.expected("end of line")) }
    }
    return builder.build()
  }

  mutating func loneValue() throws(TOMLError) -> TOMLValue {
    try skipBlanksAndComments()
    let node = try value(depth: 0)
    try skipBlanksAndComments()
    guard at == bytes.count else { throw error(.expected("end of value")) }
    return node.value
  }

  mutating func loneKey() throws(TOMLError) -> [TOMLKey] {
    skipBlanks()
    let path = try keyPath()
    guard at == bytes.count else { throw error(.expected("`.` or end of key")) }
    return path
  }

  // MARK: - Statements

  /// Everything on a line up to its end: nothing, a comment, a header or a pair, maybe with a comment behind.
  private mutating func statement(into builder: inout TOMLTableBuilder) throws(TOMLError) {
    skipBlanks()
    switch peek() {
    case nil, UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "#"): break
    case UInt8(ascii: "["): try header(into: &builder)
    default: try pair(into: &builder)
    }
    skipBlanks()
    try skipComment()
  }

  private mutating func header(into builder: inout TOMLTableBuilder) throws(TOMLError) {
    let start = position()
    at += 1
    let isElement = take(UInt8(ascii: "["))
    skipBlanks()
    let path = try keyPath()
    guard take(UInt8(ascii: "]")) else { throw error(.expected("`.` or `]`")) }
    if isElement {
      guard take(UInt8(ascii: "]")) else { throw error(.expected("`]]`")) }
    }
    let span = TOMLSpan(start: start, end: position())
    if isElement {
      try builder.openElement(path, span: span)
    } else {
      try builder.openTable(path, span: span)
    }
  }

  mutating func pair(into builder: inout TOMLTableBuilder) throws(TOMLError) {
    let path = try keyPath()
    guard take(UInt8(ascii: "=")) else { throw error(.expected("`.` or `=`")) }
    skipBlanks()
    let node = try value(depth: builder.depth(ofKeyWith: path.count))
    try builder.insert(node, at: path)
  }

  // MARK: - Keys

  /// A dotted key with the blanks after it; at least one part.
  private mutating func keyPath() throws(TOMLError) -> [TOMLKey] {
    var path: [TOMLKey] = []
    repeat {
      skipBlanks()
      path.append(try key())
      guard path.count <= Self.maximumDepth else {
        throw TOMLError(.tooDeep(limit: Self.maximumDepth), at: path[0].span.start)
      }
      skipBlanks()
    } while take(UInt8(ascii: "."))
    return path
  }

  private mutating func key() throws(TOMLError) -> TOMLKey {
    let start = position()
    let name: String
    switch peek() {
    case UInt8(ascii: "\""): name = try basicString()
    case UInt8(ascii: "'"): name = try literalString()
    default:
      let from = at
      while let byte = peek(), Self.isBareKey(byte) { at += 1 }
      guard at > from else { throw error(.expected("a key")) }
      name = String(decoding: bytes[from..<at], as: UTF8.self)
    }
    return TOMLKey(name: name, span: TOMLSpan(start: start, end: position()))
  }

  private static func isBareKey(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
      true
    default: false
    }
  }

  // MARK: - Values

  /// The value that starts here. `depth` counts the containers around it.
  private mutating func value(depth: Int) throws(TOMLError) -> TOMLNode {
    let start = position()
    let value: TOMLValue
    switch peek() {
    case UInt8(ascii: "\""): value = .string(try startsTripled() ? multilineBasicString() : basicString())
    case UInt8(ascii: "'"): value = .string(try startsTripled() ? multilineLiteralString() : literalString())
    case UInt8(ascii: "["): value = try array(depth: depth + 1, start: start)
    case UInt8(ascii: "{"): value = try inlineTable(depth: depth + 1, start: start)
    case nil, UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "#"): throw error(.expected("a value"))
    default: value = try scalar()
    }
    return TOMLNode(value: value, span: TOMLSpan(start: start, end: position()))
  }

  private mutating func array(depth: Int, start: TOMLPosition) throws(TOMLError) -> TOMLValue {
    guard depth <= Self.maximumDepth else { throw TOMLError(.tooDeep(limit: Self.maximumDepth), at: start) }
    at += 1
    var elements: [TOMLNode] = []
    while true {
      try skipBlanksAndComments()
      guard at < bytes.count else { throw error(.unclosedArray) }
      if take(UInt8(ascii: "]")) { break }
      elements.append(try value(depth: depth))
      try skipBlanksAndComments()
      if take(UInt8(ascii: ",")) { continue }
      guard at < bytes.count else { throw error(.unclosedArray) }
      guard take(UInt8(ascii: "]")) else { throw error(.expected("`,` or `]`")) }
      break
    }
    return .array(elements)
  }

  private mutating func inlineTable(depth: Int, start: TOMLPosition) throws(TOMLError) -> TOMLValue {
    guard depth <= Self.maximumDepth else { throw TOMLError(.tooDeep(limit: Self.maximumDepth), at: start) }
    at += 1
    var builder = TOMLTableBuilder(form: .inline, depth: depth, span: TOMLSpan(start: start, end: start))
    skipBlanks()
    if take(UInt8(ascii: "}")) { return .table(builder.build()) }
    repeat {
      skipBlanks()
      try closingIsPossible()
      try pair(into: &builder)
      skipBlanks()
    } while take(UInt8(ascii: ","))
    try closingIsPossible()
    guard take(UInt8(ascii: "}")) else { throw error(.expected("`,` or `}`")) }
    return .table(builder.build())
  }

  /// An inline table ends on its line.
  private mutating func closingIsPossible() throws(TOMLError) {
    switch peek() {
    case nil, UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "#"): throw error(.unclosedInlineTable)
    default: break
    }
  }

  // MARK: - Blanks, comments, line ends

  mutating func skipBlanks() {
    while let byte = peek(), byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") { at += 1 }
  }

  private mutating func skipComment() throws(TOMLError) {
    guard take(UInt8(ascii: "#")) else { return }
    while let byte = peek(), byte != UInt8(ascii: "\n") {
      if byte == UInt8(ascii: "\r") {
        guard isNewline() else { throw error(.bareCarriageReturn) }
        return
      }
      guard !Self.isControl(byte) else { throw error(.controlCharacter(byte)) }
      at += 1
    }
  }

  private mutating func skipBlanksAndComments() throws(TOMLError) {
    repeat {
      skipBlanks()
      try skipComment()
    } while try takeNewline()
  }

  /// Consumes LF or CRLF.
  mutating func takeNewline() throws(TOMLError) -> Bool {
    if take(UInt8(ascii: "\n")) { return true }
    guard peek() == UInt8(ascii: "\r") else { return false }
    guard isNewline() else { throw error(.bareCarriageReturn) }
    at += 2
    return true
  }

  /// Whether LF or CRLF is next.
  func isNewline() -> Bool {
    peek() == UInt8(ascii: "\n") || peek() == UInt8(ascii: "\r") && peek(1) == UInt8(ascii: "\n")
  }

  /// Control characters that may stand nowhere but in escapes; tab is none of them.
  static func isControl(_ byte: UInt8) -> Bool { byte < 0x20 && byte != UInt8(ascii: "\t") || byte == 0x7F }

  // MARK: - Bytes and places

  func peek(_ ahead: Int = 0) -> UInt8? { at + ahead < bytes.count ? bytes[at + ahead] : nil }

  mutating func take(_ byte: UInt8) -> Bool {
    guard peek() == byte else { return false }
    at += 1
    return true
  }

  mutating func position() -> TOMLPosition { locator.position(of: at) }

  mutating func error(_ kind: TOMLError.Kind, at offset: Int? = nil) -> TOMLError {
    TOMLError(kind, at: locator.position(of: offset ?? at))
  }
}
