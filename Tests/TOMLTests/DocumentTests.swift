import TOML
import Testing

@Suite struct `TOML documents` {
  @Test func `tables, dotted keys and arrays of tables make one tree in order of mention`() throws {
    let table = try TOMLTable.parse(
      """
      title = "x"
      a.b.c = 1
      a.d = 2

      [server]
      port = 80
      [server."with.dot".deep]
      x = true
      [[item]]
      n = 1
      [item.sub]
      s = 1
      [[item]]
      n = 2
      [a.e]
      """)
    #expect(table.names == ["title", "a", "server", "item"])
    #expect(table["a"]?.tableValue?.names == ["b", "d", "e"])
    #expect(table.member(at: ["a", "b", "c"])?.value == .integer(1))
    #expect(table.member(at: ["server", "with.dot", "deep", "x"])?.value == .boolean(true))
    #expect(table["item"]?.arrayValue?.map { $0["n"] } == [.integer(1), .integer(2)])
    #expect(table["item"]?.arrayValue?.first?["sub"]?["s"] == .integer(1))
    #expect(table.member(at: ["title", "x"]) == nil)
    #expect(table.member(at: []) == nil)
    #expect(table["absent"] == nil)
  }

  @Test(arguments: [
    ("[a.b]\n[a]\nc = 1", "a", TOMLTable.Form.header), ("[a.b]", "a", .implicit), ("a.b = 1", "a", .dotted),
    ("a = {}", "a", .inline),
  ])
  func `a table knows what made it`(_ text: String, _ name: String, _ form: TOMLTable.Form) throws {
    let table = try TOMLTable.parse(text)
    #expect(table.form == .root)
    #expect(table[name]?.tableValue?.form == form)
  }

  @Test(
    arguments: [
      ("a = 1\na = 2", .duplicateKey("a"), 2, 1),
      ("a = 1\n'a' = 2", .duplicateKey("a"), 2, 1),
      ("[a]\n[a]", .duplicateTable("a"), 2, 2),
      ("[a.b]\n[a]\n[a]", .duplicateTable("a"), 3, 2),
      ("a = 1\n[a]", .duplicateKey("a"), 2, 2),
      ("a = 1\n[a.b]", .notATable("a"), 2, 2),
      ("a = 1\na.b = 2", .notATable("a"), 2, 1),
      ("a = {}\na.b = 2", .notATable("a"), 2, 1),
      ("a = {}\n[a.b]", .notATable("a"), 2, 2),
      ("a.b = 1\n[a]", .duplicateTable("a"), 2, 2),
      ("[x]\na.b = 1\n[x.a]", .duplicateTable("a"), 3, 4),
      ("[a.b.c]\n[a]\nb.c.d = 1", .closedTable("c"), 3, 3),
      ("[a.b]\n[a]\nb.c = 1", .closedTable("b"), 3, 1),
      ("[[a]]\n[a]", .duplicateTable("a"), 2, 2),
      ("[a]\n[[a]]", .notAnArrayOfTables("a"), 2, 3),
      ("a = []\n[[a]]", .notAnArrayOfTables("a"), 2, 3),
      ("[[a.b]]\n[a]\nb.c = 1", .notATable("b"), 3, 1),
      ("[a.b]\n[[a]]", .notAnArrayOfTables("a"), 2, 3),
    ] as [(String, TOMLError.Kind, Int, Int)])
  func `nothing is defined twice and nothing closed is extended`(
    _ text: String, _ kind: TOMLError.Kind, _ line: Int, _ column: Int
  ) {
    check(text, kind, line, column)
  }

  @Test func `headers may come in any order, and a path through an array means its last element`() throws {
    let table = try TOMLTable.parse("[a.b.c]\nx=1\n[a]\ny=2\n[a.b]\nz=3\n[[q]]\n[q.r]\n[[q]]\n[q.r]\nk=1")
    #expect(table["a"]?["b"]?["z"] == .integer(3))
    #expect(table["q"]?.arrayValue?.map { $0["r"]?.tableValue?.count } == [0, 1])
  }

  @Test(
    arguments: [
      ("a", .expected("`.` or `=`"), 1, 2), ("a =", .expected("a value"), 1, 4),
      ("a = \nb", .expected("a value"), 1, 5),
      ("= 1", .expected("a key"), 1, 1), ("a = 1 b = 2", .expected("end of line"), 1, 7),
      ("[a", .expected("`.` or `]`"), 1, 3), ("[[a]", .expected("`]]`"), 1, 5), ("[]", .expected("a key"), 1, 2),
      ("[a] b = 1", .expected("end of line"), 1, 5), ("[ [a]]", .expected("a key"), 1, 3),
      ("a = 1\rb = 2", .bareCarriageReturn, 1, 6), ("\r", .bareCarriageReturn, 1, 1),
      ("# a\rb", .bareCarriageReturn, 1, 4), ("# \u{1}", .controlCharacter(1), 1, 3),
      ("\"\"\"a\"\"\" = 1", .expected("`.` or `=`"), 1, 3),
      ("\u{E9}=1", .expected("a key"), 1, 1), ("a = \u{E9}", .invalidValue, 1, 5),
      ("a = [1,\n  2\n  3]", .expected("`,` or `]`"), 3, 3), ("a = 1\n\u{FEFF}b = 2", .expected("a key"), 2, 1),
    ] as [(String, TOMLError.Kind, Int, Int)])
  func `a broken line is refused with its place`(
    _ text: String, _ kind: TOMLError.Kind, _ line: Int, _ column: Int
  ) {
    check(text, kind, line, column)
  }

  @Test func `a column counts characters, an offset counts bytes`() {
    #expect(throws: TOMLError(.invalidValue, at: TOMLPosition(offset: 18, line: 2, column: 8))) {
      try TOMLTable.parse("x='\u{E9}'\n'\u{1F600}\u{E9}' = x")
    }
  }

  @Test(
    arguments: [
      ([0x61, 0xFF], 1), ([0xC3], 0), ([0x23, 0xED, 0xA0, 0x80], 1), ([0x22, 0xC0, 0x80, 0x22], 1),
      ([0x23, 0xF4, 0x90, 0x80, 0x80], 1),
    ] as [([UInt8], Int)])
  func `bytes that are no UTF-8 are refused, even in a comment`(_ bytes: [UInt8], _ offset: Int) {
    #expect { try TOMLTable.parse(bytes) } throws: { error in
      let error = error as? TOMLError
      return error?.kind == .invalidUTF8 && error?.offset == offset
    }
  }

  @Test func `a byte order mark at the start is passed over`() throws {
    let table = try TOMLTable.parse("\u{FEFF}a = 1")
    #expect(table["a"] == .integer(1))
    #expect(table.member("a")?.key.span.start == TOMLPosition(offset: 3, line: 1, column: 1))
  }

  @Test func `names that look alike are different names`() throws {
    let table = try TOMLTable.parse("'\u{E9}' = 1\n'e\u{301}' = 2")
    #expect(table.count == 2)
    #expect(table["e\u{301}"] == .integer(2))
  }

  @Test func `keys, values and headers have their places`() throws {
    let text = "# c\n[a . 'b']\nkey = [ 1,\n 22 ]\nx.y = \"\u{E9}\" # c\n"
    let table = try TOMLTable.parse(text)
    func piece(_ span: TOMLSpan?) -> String {
      guard let span else { return "" }
      return String(decoding: Array(text.utf8)[span.start.offset..<span.end.offset], as: UTF8.self)
    }
    #expect(piece(table.member(at: ["a"])?.key.span) == "a")
    #expect(piece(table.member(at: ["a"])?.node.span) == "a")
    #expect(piece(table.member(at: ["a", "b"])?.key.span) == "'b'")
    #expect(piece(table.member(at: ["a", "b"])?.node.span) == "[a . 'b']")
    #expect(piece(table.member(at: ["a", "b", "key"])?.node.span) == "[ 1,\n 22 ]")
    #expect(piece(table.member(at: ["a", "b", "x"])?.node.span) == "x")
    #expect(piece(table.member(at: ["a", "b", "x", "y"])?.node.span) == "\"\u{E9}\"")
    let span = table.member(at: ["a", "b", "x", "y"])?.node.span
    #expect(span?.start == TOMLPosition(offset: 37, line: 5, column: 7))
    #expect(span?.end == TOMLPosition(offset: 41, line: 5, column: 10))
    guard case .array(let elements) = table.member(at: ["a", "b", "key"])?.value else {
      Issue.record("no array")
      return
    }
    #expect(elements.map { piece($0.span) } == ["1", "22"])
  }

  @Test func `nesting is allowed down to the limit and refused below, in every form`() throws {
    // The root is the first level.
    let limit = 128
    func repeated(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }
    let forms: [(Int) -> String] = [
      { "a = " + repeated("[", $0 - 1) + repeated("]", $0 - 1) },
      { "a = " + repeated("{a=", $0 - 1) + "1" + repeated("}", $0 - 1) },
      { "a" + repeated(".a", $0 - 1) + " = 1" },
      { "[a" + repeated(".a", $0 - 2) + "]" },
      { "[a]\na" + repeated(".a", $0 - 2) + " = 1" },
      { "a = {a" + repeated(".a", $0 - 2) + " = 1}" },
      { "[[a" + repeated(".a", $0 - 3) + "]]" },
      { "[[a]]\nb" + repeated(".a", $0 - 3) + " = 1" },
    ]
    for form in forms {
      _ = try TOMLTable.parse(form(limit))
      #expect { try TOMLTable.parse(form(limit + 1)) } throws: { ($0 as? TOMLError)?.kind == .tooDeep(limit: limit) }
    }
    #expect(throws: TOMLError.self) { try TOMLTable.parse("a = " + repeated("[", 1_000_000)) }
    #expect(throws: TOMLError.self) { try TOMLTable.parse("a" + repeated(".a", 1_000_000) + " = 1") }
  }

  @Test func `large texts take time in proportion`() throws {
    // Quadratic behaviour in keys, elements or places would take minutes here.
    let keys = (0..<20_000).map { "key\($0) = \($0)\n" }.joined()
    #expect(try TOMLTable.parse(keys).count == 20_000)
    let elements = "a = [" + (0..<50_000).map(String.init).joined(separator: ",") + "]"
    #expect(try TOMLTable.parse(elements)["a"]?.arrayValue?.count == 50_000)
    let tables = String(repeating: "[[t]]\n", count: 20_000)
    #expect(try TOMLTable.parse(tables)["t"]?.arrayValue?.count == 20_000)
  }

  @Test func `no prefix and no flipped byte of a rich text makes the reader trap`() {
    let text = Array(
      """
      # head
      a."b c".d = [1, 0x2F, -3.5e6, "\\u00e9", '''x''', {k = inf, l.m = 1979-05-27 07:32:00Z}]
      [t.u]
      v = \"\"\"a\\
        b\"\"\"
      [[t.w]]
      time = 07:32:00.5
      """.utf8)
    var accepted = 0
    for end in 0...text.count where (try? TOMLTable.parse(Array(text[..<end]))) != nil { accepted += 1 }
    for at in text.indices {
      for byte in [0x00, 0x0D, 0x22, 0x2E, 0x5B, 0x5C, 0x7B, 0x80, 0xFF] as [UInt8] {
        var damaged = text
        damaged[at] = byte
        if (try? TOMLTable.parse(damaged)) != nil { accepted += 1 }
      }
    }
    #expect(accepted > 0)
  }

  @Test func `an error says where and what`() {
    #expect { try TOMLTable.parse("\n a = [1") } throws: { error in
      let error = error as? TOMLError
      return error?.description == "2:8: unclosed array, expected `]`" && error?.line == 2 && error?.column == 8
    }
  }

  private func check(_ text: String, _ kind: TOMLError.Kind, _ line: Int, _ column: Int) {
    #expect {
      try TOMLTable.parse(text)
    } throws: { error in
      guard let error = error as? TOMLError else { return false }
      let isExpected = error.kind == kind && error.line == line && error.column == column
      if !isExpected { print("got \(error) (\(error.kind)) for \(text.debugDescription)") }
      return isExpected
    }
  }
}
