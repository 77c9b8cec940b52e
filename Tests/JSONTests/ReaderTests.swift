import JSON
import Testing

@Suite struct `Reading JSON` {
  @Test func `a typed message is read member by member`() throws {
    var reader = JSONReader(#" { "id" : 7 , "name":"x", "flags":[true,false], "extra":{"a":[1]}, "note":null } "#)
    var id: Int64?
    var name = ""
    var flags: [Bool] = []
    var note: String? = "untouched"
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "id": id = try reader.int64()
      case "name": name = try reader.string()
      case "flags":
        try reader.beginArray()
        while try reader.nextElement() { flags.append(try reader.bool()) }
      case "note": note = try reader.takeNull() ? nil : try reader.string()
      default: try reader.skip()
      }
    }
    try reader.finish()
    #expect(id == 7)
    #expect(name == "x")
    #expect(flags == [true, false])
    #expect(note == nil)
  }

  @Test func `a tree keeps the order of members and tells null from absent`() throws {
    let value = try JSON.parse(#"{"z":1,"a":null,"m":[]}"#)
    #expect(value.objectValue?.keys == ["z", "a", "m"])
    #expect(value["a"] == .some(.null))
    #expect(value["b"] == nil)
    #expect(value.text == #"{"z":1,"a":null,"m":[]}"#)
  }

  @Test func `of two members of the same name the last one counts, in the place of the first`() throws {
    #expect(try JSON.parse(#"{"a":1,"b":2,"a":3}"#).text == #"{"a":3,"b":2}"#)
    #expect(try JSON.parse(#"{"\u0061":1,"a":{"a":2}}"#).text == #"{"a":{"a":2}}"#)
  }

  @Test func `names that only look the same are different members`() throws {
    let value = try JSON.parse("{\"\u{E9}\":1,\"e\u{301}\":2}")
    #expect(value.objectValue?.count == 2)
    #expect(value["\u{E9}"] == 1)
    #expect(value["e\u{301}"] == 2)
  }

  @Test func `many members with many repetitions are collected in one pass`() throws {
    let count = 5000
    let members = (0..<count).map { #""k\#($0 % 2000)":\#($0)"# }
    let object = try #require(try JSON.parse("{" + members.joined(separator: ",") + "}").objectValue)
    #expect(object.count == 2000)
    #expect(object.keys.first == "k0")
    #expect(object["k0"] == 4000)
    #expect(object["k999"] == 4999)
    #expect(object["k1999"] == 3999)
  }

  @Test(arguments: ["{}", "[]", "[{}]", "{\"a\":{}}", "[[],[]]", " \t\r\n[ 1 , 2 ] \n", "\"\"", "0", "null", "[-0]"])
  func `small texts are accepted in every way`(_ text: String) throws {
    for way in Way.allCases { try way.read(Array(text.utf8)) }
  }

  @Test func `nesting is accepted up to the limit and refused one level deeper`() throws {
    let limit = JSONReader.maximumDepth
    #expect(limit == 128)
    for (opening, closing) in [("[", "]"), (#"{"a":"#, "}")] {
      let inner = opening == "[" ? "" : "{}"
      let levels = opening == "[" ? limit : limit - 1
      let fits = String(repeating: opening, count: levels) + inner + String(repeating: closing, count: levels)
      for way in Way.allCases { try way.read(Array(fits.utf8)) }
      let offset = limit * opening.utf8.count
      expectRefusal(opening + fits + closing, .tooDeep(limit: limit), at: offset)
    }
  }

  @Test func `containers that were opened by hand count for the limit`() throws {
    let limit = JSONReader.maximumDepth
    let text = String(repeating: "[", count: limit + 1) + String(repeating: "]", count: limit + 1)
    for opened in [1, 64, 65, limit] {
      for way in [Way.skip, .tree] {
        var reader = JSONReader(text)
        for _ in 0..<opened {
          try reader.beginArray()
          _ = try reader.nextElement()
        }
        #expect(throws: JSONError(.tooDeep(limit: limit), at: limit)) {
          if way == .skip { try reader.skip() } else { _ = try reader.value() }
        }
      }
    }
  }

  @Test func `a million open brackets exhaust nothing`() {
    for opening in ["[", #"{"":"#] {
      let text = [UInt8](repeating: 0, count: 1_000_000).flatMap { _ in Array(opening.utf8) }
      expectRefusal(text, .tooDeep(limit: 128), at: 128 * opening.utf8.count)
    }
  }

  @Test func `objects and arrays of all depths are closed by what opened them`() {
    for depth in [1, 2, 63, 64, 65, 127] {
      let objects = (0..<depth).map { $0 % 3 != 0 }
      let opening = objects.map { $0 ? #"{"a":"# : "[" }.joined()
      let closing = objects.reversed().map { $0 ? "}" : "]" }.joined()
      for way in Way.allCases {
        #expect(throws: Never.self) { try way.read(Array((opening + "1" + closing).utf8)) }
      }
      let wrong = objects.last == true ? "]" : "}"
      expectRefusal(
        opening + "1" + wrong, .unexpectedByte(wrong.utf8.first ?? 0), at: (opening + "1").utf8.count)
    }
  }

  @Test func `skip gives the range of the value without the white space around it`() throws {
    let text = #" [ {"a" : "b,]"} , 12 ,"x" ,[] ]"#
    var reader = JSONReader(text)
    var parts: [String] = []
    try reader.beginArray()
    while try reader.nextElement() {
      let range = try reader.skip()
      parts.append(String(decoding: reader.bytes[range], as: UTF8.self))
    }
    try reader.finish()
    #expect(parts == [#"{"a" : "b,]"}"#, "12", #""x""#, "[]"])
  }

  @Test func `a reader over a range stays within it and counts from its start`() throws {
    let bytes = Array(#"xx{"a":tru}"#.utf8)
    var whole = JSONReader(bytes, in: 7..<10)
    #expect(throws: JSONError(.unexpectedEnd, at: 3)) { try whole.bool() }
    var object = JSONReader(bytes, in: 2..<bytes.count)
    #expect(throws: JSONError(.unexpectedByte(UInt8(ascii: "}")), at: 8)) { try object.skip() }
    var string = JSONReader(Array("\"ab\"\"".utf8), in: 0..<3)
    #expect(throws: JSONError(.unexpectedEnd, at: 3)) { try string.string() }
    var cut = JSONReader(Array(#""\u0041""#.utf8), in: 0..<5)
    #expect(throws: JSONError(.unexpectedEnd, at: 5)) { try cut.skip() }
    var number = JSONReader(Array("1234".utf8), in: 1..<3)
    #expect(try number.int64() == 23)
    #expect(try JSONReader(bytes, in: 3..<3).isAtEnd)
  }

  @Test func `peekMember finds a string wherever it stands and consumes nothing`() throws {
    let reader = JSONReader(#" {"n":{"type":"inner"},"type":"outer","type":"second","id":1}"#)
    #expect(try reader.peekMember("type") == "outer")
    #expect(try reader.peekMember("id") == nil)
    #expect(try reader.peekMember("absent") == nil)
    #expect(reader.offset == 0)
    #expect(try JSONReader(#"{"\u0074ype":"x"}"#).peekMember("type") == "x")
    #expect(try JSONReader("[]").peekMember("type") == nil)
    #expect(throws: JSONError(.unexpectedEnd, at: 5)) {
      try JSONReader(#"{"a":"#).peekMember("type")
    }
  }

  @Test func `keys are compared byte by byte and decoded when they have escapes`() throws {
    var reader = JSONReader(#"{"a":1,"\u00e9\n":2,"":3,"ab":4}"#)
    var met: [String] = []
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "a": met.append("a")
      case "é\n": met.append("escaped")
      case "": met.append("empty")
      case "abc": met.append("never")
      default: met.append(key.string)
      }
      try reader.skip()
    }
    #expect(met == ["a", "escaped", "empty", "ab"])
  }

  @Test func `a value of another type is named with its place`() throws {
    func check(_ text: String, _ expected: String, _ found: String, _ read: (inout JSONReader) throws -> Void) {
      var reader = JSONReader(text)
      #expect(throws: JSONError(.wrongType(expected: expected, found: found), at: 1)) { try read(&reader) }
    }
    check(" 1", "a string", "number") { _ = try $0.string() }
    check(" 1", "a string", "number") { _ = try $0.stringBytes() }
    check(#" "1""#, "a number", "string") { _ = try $0.int64() }
    check(" null", "a boolean", "null") { _ = try $0.bool() }
    check(" []", "a map", "sequence") { try $0.beginObject() }
    check(" {}", "a sequence", "map") { try $0.beginArray() }
    check(" true", "a number", "boolean") { _ = try $0.double() }
    check(" 1.0", "an integer", "floating point number") { _ = try $0.int64() }
    check(" 1e2", "an integer", "floating point number") { _ = try $0.int() }
  }

  @Test func `an error says what and where`() {
    #expect(JSONError(.unexpectedByte(0x7D), at: 3).description == "unexpected `}` at byte 3")
    #expect(JSONError(.unexpectedByte(0x0A), at: 0).description == "unexpected byte 0x0A at byte 0")
    #expect(
      JSONError(.wrongType(expected: "a map", found: "null"), at: 1).reason == "invalid type: null, expected a map")
    #expect(JSONError(.missingField("id"), at: 9).reason == "missing field `id`")
    #expect(JSONError(.tooDeep(limit: 128), at: 128).isSyntax)
    #expect(!JSONError(.numberOutOfRange, at: 0).isSyntax)
  }
}

extension JSONReader {
  fileprivate var isAtEnd: Bool {
    get throws {
      var reader = self
      try reader.finish()
      return true
    }
  }
}
