import JSON
import Testing

@Suite struct `What is no JSON` {
  @Test func `every fault is found at its byte`() {
    func byte(_ character: Character) -> JSONError.Kind { .unexpectedByte(character.asciiValue ?? 0) }
    let cases: [(String, JSONError.Kind, Int)] = [
      ("", .unexpectedEnd, 0), (" \n", .unexpectedEnd, 2),
      ("{", .unexpectedEnd, 1), ("[", .unexpectedEnd, 1), ("[1", .unexpectedEnd, 2), ("[1,", .unexpectedEnd, 3),
      ("{\"a\"", .unexpectedEnd, 4), ("{\"a\":", .unexpectedEnd, 5), ("{\"a\":1", .unexpectedEnd, 6),
      ("{\"a\":1,", .unexpectedEnd, 7), ("{\"a", .unexpectedEnd, 3), ("[[]", .unexpectedEnd, 3),
      ("[,1]", byte(","), 1), ("[1,,2]", byte(","), 3), ("[1,]", byte("]"), 3), ("[1 2]", byte("2"), 3),
      ("[1:2]", byte(":"), 2), ("[1}", byte("}"), 2), ("{\"a\":1]", byte("]"), 6), ("]", byte("]"), 0),
      ("{,}", byte(","), 1), ("{\"a\":1,}", byte("}"), 7), ("{\"a\" 1}", byte("1"), 5), ("{\"a\":}", byte("}"), 5),
      ("{\"a\",1}", byte(","), 4), ("{a:1}", byte("a"), 1), ("{1:1}", byte("1"), 1), ("{'a':1}", byte("'"), 1),
      ("{\"a\":1 \"b\":2}", byte("\""), 7), ("{\"a\":1,,\"b\":2}", byte(","), 7), ("{\"a\"::1}", byte(":"), 5),
      ("{}}", .trailingData, 2), ("1 2", .trailingData, 2), ("\"a\"b", .trailingData, 3), ("[]\0", .trailingData, 2),
      ("tru", .unexpectedEnd, 3), ("trux", byte("x"), 3), ("fals", .unexpectedEnd, 4), ("False", byte("F"), 0),
      ("nul", .unexpectedEnd, 3), ("nil", byte("i"), 1), ("[nulll]", byte("l"), 5), ("TRUE", byte("T"), 0),
      ("-", .unexpectedEnd, 1), ("-a", .invalidNumber, 1), ("--1", .invalidNumber, 1), ("+1", byte("+"), 0),
      (".5", byte("."), 0), ("1.", .unexpectedEnd, 2), ("[1.]", .invalidNumber, 3), ("1.e2", .invalidNumber, 2),
      ("-.5", .invalidNumber, 1), ("1e", .unexpectedEnd, 2), ("1e+", .unexpectedEnd, 3), ("[1e+]", .invalidNumber, 4),
      ("1e1.5", .trailingData, 3), ("01", .trailingData, 1), ("[01]", byte("1"), 2), ("-01", .trailingData, 2),
      ("0x1", .trailingData, 1), ("NaN", byte("N"), 0), ("Infinity", byte("I"), 0), ("-Infinity", .invalidNumber, 1),
      ("1_000", .trailingData, 1), ("[1a]", byte("a"), 2),
      ("\"", .unexpectedEnd, 1), ("\"abc", .unexpectedEnd, 4), ("\"abc\\", .unexpectedEnd, 5),
      ("\"abc\\\"", .unexpectedEnd, 6), ("'a'", byte("'"), 0),
      ("\"a\nb\"", .controlCharacterInString, 2), ("\"\t\"", .controlCharacterInString, 1),
      ("\"\0\"", .controlCharacterInString, 1), ("\"12345678\u{1F}\"", .controlCharacterInString, 9),
      ("{\"a\rb\":1}", .controlCharacterInString, 3),
      (#""\x""#, .invalidEscape, 1), (#""ab\'""#, .invalidEscape, 3), (#""\U0041""#, .invalidEscape, 1),
      (#""\u""#, .invalidEscape, 3), (#""\u004""#, .invalidEscape, 6), (#""\u00g0""#, .invalidEscape, 5),
      (#""\u+041""#, .invalidEscape, 3), (#""\u 041""#, .invalidEscape, 3), (#"{"\a":1}"#, .invalidEscape, 2),
      ("\"\\\n\"", .invalidEscape, 1), ("\"\\é\"", .invalidEscape, 1),
      (#""\ud800""#, .loneSurrogate, 1), (#""a\udc00""#, .loneSurrogate, 2), (#""\ud800x""#, .loneSurrogate, 1),
      (#""\ud800\n""#, .loneSurrogate, 1), (#""\ud800\ud800""#, .loneSurrogate, 1),
      (#""\ud800\u0041""#, .loneSurrogate, 1), (#""\udc00\ud800""#, .loneSurrogate, 1),
      (#""\ud800\udc0""#, .invalidEscape, 12), (#"{"\udfff":1}"#, .loneSurrogate, 2),
      ("\u{FEFF}{}", .unexpectedByte(0xEF), 0), ("[1]\u{A0}", .trailingData, 3),
      ("[\u{A0}1]", .unexpectedByte(0xC2), 1),
      ("/* */ 1", byte("/"), 0), ("[1]//", .trailingData, 3), ("\u{C}1", .unexpectedByte(0x0C), 0),
      ("\u{B}1", .unexpectedByte(0x0B), 0),
    ]
    for (text, kind, offset) in cases { expectRefusal(text, kind, at: offset) }
  }

  @Test func `broken UTF-8 is found at the first byte of the broken sequence`() {
    let sequences: [[UInt8]] = [
      [0x80], [0xBF], [0xFE], [0xFF], [0xC0, 0x80], [0xC1, 0xBF], [0xC2], [0xC2, 0x41], [0xE0, 0x80, 0x80],
      [0xE0, 0x9F, 0xBF], [0xE1, 0x80], [0xE1, 0x80, 0x41], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF],
      [0xEF, 0xBF], [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x8F, 0xBF, 0xBF], [0xF0, 0x9F, 0x98], [0xF0, 0x9F, 0x98, 0x41],
      [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xF8, 0x88, 0x80, 0x80, 0x80],
    ]
    for sequence in sequences {
      for before in ["", "a", "1234567", "12345678", "123456789", "é", "日本語の文", #"\n\"é"#] {
        for after in ["", "z", "12345678", #"\\"#] {
          let value = [0x22] + Array(before.utf8) + sequence + Array(after.utf8) + [0x22]
          expectRefusal(value, .invalidUTF8, at: 1 + before.utf8.count)
          expectRefusal([0x7B] + value + Array(":1}".utf8), .invalidUTF8, at: 2 + before.utf8.count)
        }
      }
    }
  }

  @Test func `UTF-8 at the edges of the code space is accepted`() throws {
    for scalar in [
      "\u{7F}", "\u{80}", "\u{7FF}", "\u{800}", "\u{D7FF}", "\u{E000}", "\u{FFFF}", "\u{10000}", "\u{10FFFF}",
    ] {
      #expect(try JSON.parse("\"\(scalar)\"").stringValue == scalar)
    }
  }

  @Test func `a text that is cut anywhere is refused with an offset within it`() {
    let text = Array(#"{"a":[1,-2.5e+3,true,false,null,"x\n\u00e9\ud83d\ude00é"],"b":{"c":{}}}"#.utf8)
    for length in 0..<text.count {
      for way in Way.allCases {
        let fault = way.fault(in: Array(text[..<length]))
        #expect(fault.map { $0.isSyntax && (0...length).contains($0.offset) } == true)
      }
    }
  }

  @Test func `with any byte changed all ways of reading agree`() {
    let text = Array(#"{"a":[1,-2.5e+3,true,null,"x\n\u00e9\ud83d\ude00é"],"b":{}}"#.utf8)
    for place in text.indices {
      for byte in UInt8.min...UInt8.max {
        var changed = text
        changed[place] = byte
        let faults = Way.allCases.map { $0.fault(in: changed) }
        #expect(faults[0] == faults[1] && faults[1] == faults[2], "byte \(byte) at \(place): \(faults)")
      }
    }
  }
}
