import TOML
import Testing

@Suite struct `TOML values` {
  @Test(
    arguments: [
      ("true", .boolean(true)), ("false", .boolean(false)),
      ("0", .integer(0)), ("-0", .integer(0)), ("+7", .integer(7)), ("1_000", .integer(1000)),
      ("0xdead_BEEF", .integer(0xDEAD_BEEF)), ("0o755", .integer(0o755)), ("0b1101", .integer(13)),
      ("0x00", .integer(0)), ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
      ("1.5", .float(1.5)), ("-0.25", .float(-0.25)), ("6.626e-34", .float(6.626e-34)), ("5e+22", .float(5e22)),
      ("1e06", .float(1e6)), ("9_224.5_0", .float(9224.5)), ("inf", .float(.infinity)), ("-inf", .float(-.infinity)),
      ("0e0", .float(0)), ("1e999", .float(.infinity)),
    ] as [(String, TOMLValue)])
  func `numbers and booleans are read in all their spellings`(_ text: String, _ value: TOMLValue) throws {
    #expect(try TOMLValue.parse(text) == value)
  }

  @Test(arguments: ["nan", "+nan", "-nan"]) func `not a number is a float`(_ text: String) throws {
    guard case .float(let value) = try TOMLValue.parse(text) else {
      Issue.record("no float")
      return
    }
    #expect(value.isNaN)
  }

  @Test(arguments: [
    "01", "+-1", "1__0", "_1", "1_", "0x", "0xG", "+0x1", "-0b1", "0X1", "0x_1", "1.", ".5", "1.e3", "1._5", "1_.5",
    "1e", "1e+", "1e1.5", "1e1_", "00.5", "-01", "1.2.3", "1-2", "--1", "1a",
  ])
  func `what only resembles a number is refused`(_ text: String) {
    #expect(throws: TOMLError.self) { try TOMLValue.parse(text) }
  }

  @Test(arguments: ["9223372036854775808", "-9223372036854775809", "0x8000000000000000", "0xFFFFFFFFFFFFFFFFFF"])
  func `a whole number beyond 64 bits is refused`(_ text: String) {
    #expect(throws: TOMLError(.integerOutOfRange, at: start)) { try TOMLValue.parse(text) }
  }

  @Test(
    arguments: [
      ("1979-05-27T07:32:00Z", .offsetDateTime), ("1979-05-27 07:32:00.999999-07:00", .offsetDateTime),
      ("1979-05-27t07:32:00z", .offsetDateTime), ("1979-05-27T07:32:00.5", .localDateTime),
      ("1979-05-27 07:32:00", .localDateTime), ("2024-02-29", .localDate), ("2000-02-29", .localDate),
      ("23:59:60", .localTime), ("00:00:00.123456789012", .localTime),
    ] as [(String, TOMLDateTime.Kind)])
  func `dates and times keep their text`(_ text: String, _ kind: TOMLDateTime.Kind) throws {
    guard case .dateTime(let value) = try TOMLValue.parse(text) else {
      Issue.record("no date or time")
      return
    }
    #expect(value.kind == kind)
    #expect(value.text == text)
  }

  @Test(arguments: [
    "2023-02-29", "1900-02-29", "2023-04-31", "2023-13-01", "2023-00-10", "2023-01-00", "2023-1-1", "2023-01",
    "24:00:00", "23:60:00", "23:59:61", "07:32", "07:32:00.", "1979-05-27T07:32", "1979-05-27T07:32:00+24:00",
    "1979-05-27T07:32:00+01:60", "1979-05-27T07:32:00+01", "1979-05-27T", "1979-05-27X07:32:00", "07:32:00Z",
    "1979-05-27T07:32:00ZZ", "12345-01-01",
  ])
  func `dates that no calendar has are refused`(_ text: String) {
    #expect(throws: TOMLError.self) { try TOMLValue.parse(text) }
  }

  @Test(arguments: [
    (#""a\tb\n\"\\\b\f\r""#, "a\tb\n\"\\\u{8}\u{C}\r"),
    (#""\u00e9\U0001F600""#, "\u{E9}\u{1F600}"),
    (#"'C:\dir\n'"#, #"C:\dir\n"#),
    ("\"\"", ""), ("''", ""),
    ("\"\"\"\none\r\ntwo\"\"\"", "one\ntwo"),
    ("\"\"\"a \\  \n\n   b\"\"\"", "a b"),
    ("\"\"\"\"\"two quotes\"\"\"\"\"", "\"\"two quotes\"\""),
    ("\"\"\"a\"\"b\"\"\"", "a\"\"b"),
    ("'''\n\\raw\n'''", "\\raw\n"),
    ("''''quoted'''''", "'quoted''"),
    ("\"\"\"\"\"\"", ""),
    ("\"\u{1F600}\u{DF}\"", "\u{1F600}\u{DF}"),
    ("\"a\tb\"", "a\tb"),
  ])
  func `strings of all four kinds are read`(_ text: String, _ value: String) throws {
    let parsed = try TOMLValue.parse(text).stringValue
    #expect(parsed.map { Array($0.utf8) } == Array(value.utf8))
  }

  @Test(
    arguments: [
      ("\"abc", .unclosedString, 4), ("'abc", .unclosedString, 4), ("\"a\nb\"", .unclosedString, 2),
      ("\"\"\"abc\"\"", .unclosedString, 8), ("'''", .unclosedString, 3),
      (#""\x41""#, .invalidEscape, 1), (#""\u12g4""#, .invalidEscape, 1), (#""\ud800""#, .invalidEscape, 1),
      (#""\U00110000""#, .invalidEscape, 1), (#""\"#, .invalidEscape, 1), (#""\u12"#, .invalidEscape, 1),
      ("\"\"\"a\\ b\"\"\"", .invalidEscape, 4),
      ("\"a\u{7F}\"", .controlCharacter(0x7F), 2), ("'\u{0}'", .controlCharacter(0), 1),
      ("'''\u{B}'''", .controlCharacter(0x0B), 3), ("'a\rb'", .bareCarriageReturn, 2),
      ("'''a\rb'''", .bareCarriageReturn, 4),
    ] as [(String, TOMLError.Kind, Int)])
  func `a broken string is refused with its place`(_ text: String, _ kind: TOMLError.Kind, _ offset: Int) {
    #expect { try TOMLValue.parse(text) } throws: { error in
      let error = error as? TOMLError
      return error?.kind == kind && error?.offset == offset
    }
  }

  @Test func `arrays mix types and span lines, with comments and a last comma`() throws {
    let array = try TOMLValue.parse("[ 1, # one\n 'two',\r\n\n [3.0], {a = 4}, ]")
    #expect(array.arrayValue?.count == 4)
    #expect(array.arrayValue?[1] == .string("two"))
    #expect(array.arrayValue?[3]["a"] == .integer(4))
    #expect(try TOMLValue.parse("[]").arrayValue == [])
  }

  @Test(
    arguments: [
      ("[1,,2]", .invalidValue, 3), ("[,1]", .invalidValue, 1), ("[1 2]", .expected("`,` or `]`"), 3),
      ("[1", .unclosedArray, 2), ("[", .unclosedArray, 1), ("[1,", .unclosedArray, 3),
      ("{a=1,}", .expected("a key"), 5), ("{a=1\n}", .unclosedInlineTable, 4), ("{", .unclosedInlineTable, 1),
      ("{a=1,,b=2}", .expected("a key"), 5), ("{,}", .expected("a key"), 1), ("{a=1 b=2}", .expected("`,` or `}`"), 5),
      ("{a=1, a=2}", .duplicateKey("a"), 6), ("{a={b=1}, a.c=2}", .notATable("a"), 10),
      ("{a.b=1, a=2}", .duplicateKey("a"), 8), ("word", .invalidValue, 0), ("", .expected("a value"), 0),
      ("# only a comment", .expected("a value"), 16), ("1 2", .expected("end of value"), 2),
      ("'a' 'b'", .expected("end of value"), 4), ("True", .invalidValue, 0), ("=", .invalidValue, 0),
    ] as [(String, TOMLError.Kind, Int)])
  func `broken containers and strays are refused with their place`(
    _ text: String, _ kind: TOMLError.Kind, _ offset: Int
  ) {
    #expect { try TOMLValue.parse(text) } throws: { error in
      let error = error as? TOMLError
      return error?.kind == kind && error?.offset == offset
    }
  }

  @Test func `a value that stands alone may have blanks, lines and comments around it`() throws {
    #expect(try TOMLValue.parse(" \n 5 # five\n") == .integer(5))
  }

  @Test(arguments: [
    ("a", ["a"]), ("a.b.c", ["a", "b", "c"]), ("a.\"b.c\".d", ["a", "b.c", "d"]), (" a . 'b' ", ["a", "b"]),
    ("\"\"", [""]), ("1.2", ["1", "2"]), ("\"\\u0061\"", ["a"]),
  ])
  func `a dotted key is cut at its dots, but not within quotes`(_ text: String, _ names: [String]) throws {
    #expect(try TOMLKey.parsePath(text).map(\.name) == names)
  }

  @Test(arguments: ["", ".", "a.", ".a", "a..b", "a b", "\"a", "a=", "\u{E9}", "'''a'''"])
  func `what is no dotted key is refused`(_ text: String) {
    #expect(throws: TOMLError.self) { try TOMLKey.parsePath(text) }
  }
}

let start = TOMLPosition(offset: 0, line: 1, column: 1)
