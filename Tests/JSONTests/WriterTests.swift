import JSON
import Testing

@Suite struct `Writing JSON` {
  @Test func `commas come between members and elements and nowhere else`() {
    var writer = JSONWriter()
    writer.beginObject()
    writer.field("a", 1)
    writer.key("list")
    writer.beginArray()
    writer.beginObject()
    writer.endObject()
    writer.beginArray()
    writer.endArray()
    writer.null()
    writer.bool(true)
    writer.endArray()
    writer.key("o")
    writer.beginObject()
    writer.field("x", "y")
    writer.field("z", false)
    writer.endObject()
    writer.endObject()
    #expect(writer.text == #"{"a":1,"list":[{},[],null,true],"o":{"x":"y","z":false}}"#)
  }

  @Test func `what is nil is written as null`() {
    var writer = JSONWriter()
    writer.beginObject()
    writer.field("s", nil as String?)
    writer.field("b", nil as Bool?)
    writer.field("i", nil as Int?)
    writer.field("l", nil as Int64?)
    writer.field("j", nil as JSON?)
    writer.nullField("n")
    writer.endObject()
    #expect(writer.text == #"{"s":null,"b":null,"i":null,"l":null,"j":null,"n":null}"#)
  }

  @Test func `fields of all kinds are written`() {
    var writer = JSONWriter(reserving: 0)
    writer.beginObject()
    writer.field("s", "x")
    writer.field("t", literal: "a\"b")
    writer.field("i", 7)
    writer.field("l", Int64.min)
    writer.field("j", ["k": [1, "2", nil]] as JSON)
    writer.field("v", ["a", "b"])
    writer.key("r")
    writer.raw(Array("[1]".utf8))
    writer.key(dynamic: "a\nb")
    writer.double(0.5)
    writer.key("u")
    writer.string(utf8: Array("\t".utf8)[...])
    writer.endObject()
    #expect(
      writer.text
        == #"{"s":"x","t":"a\"b","i":7,"l":-9223372036854775808,"j":{"k":[1,"2",null]},"v":["a","b"],"r":[1],"a\nb":0.5,"#
        + #""u":"\t"}"#)
  }

  @Test func `a writer that starts over forgets everything`() {
    var writer = JSONWriter()
    writer.beginArray()
    writer.int(1)
    writer.removeAll()
    writer.int(2)
    #expect(writer.text == "2")
  }

  @Test(
    arguments: [
      (0, "0"), (-1, "-1"), (10, "10"), (.max, "9223372036854775807"), (.min, "-9223372036854775808"),
      (1_000_000_007, "1000000007"),
    ] as [(Int64, String)])
  func `whole numbers are written in full`(_ value: Int64, _ text: String) {
    var writer = JSONWriter()
    writer.int(value)
    #expect(writer.text == text)
  }

  @Test func `only what must be escaped is escaped`() {
    let named: [UInt8: String] = [
      0x08: #"\b"#, 0x09: #"\t"#, 0x0A: #"\n"#, 0x0C: #"\f"#, 0x0D: #"\r"#, 0x22: #"\""#, 0x5C: #"\\"#,
    ]
    for byte in UInt8(0)...0x7F {
      let scalar = String(Unicode.Scalar(byte))
      let digits = String(byte, radix: 16)
      let unnamed = byte < 0x20 ? #"\u00"# + (digits.count == 1 ? "0" : "") + digits : scalar
      #expect(JSON.string(scalar).text == "\"\(named[byte] ?? unnamed)\"")
    }
    #expect(JSON.string("é/日\u{2028}😀\u{7F}").text == "\"é/日\u{2028}😀\u{7F}\"")
  }

  @Test func `an escape is written at every place of a string`() throws {
    for length in 0...20 {
      for place in 0...length {
        for special: UInt8 in [0x00, 0x0A, 0x1F, 0x22, 0x5C] {
          var bytes = [UInt8](repeating: UInt8(ascii: "a"), count: length)
          bytes.insert(special, at: place)
          let text = String(decoding: bytes, as: UTF8.self)
          #expect(try JSON.parse(JSON.string(text).text).stringValue == text)
        }
      }
    }
  }
}

@Suite struct `JSON values` {
  @Test func `literals make values`() {
    let value: JSON = ["a": [1, -2.5, true, nil, "x"], "b": [:]]
    #expect(value.text == #"{"a":[1,-2.5,true,null,"x"],"b":{}}"#)
  }

  @Test func `access to what is not there gives nil`() {
    let value: JSON = ["list": [1, 2], "text": "x"]
    #expect(value["list"]?[1] == 2)
    #expect(value["list"]?[2] == nil)
    #expect(value["list"]?[-1] == nil)
    #expect(value["text"]?["x"] == nil)
    #expect(value["text"]?[0] == nil)
    #expect(value["absent"] == nil)
    #expect(JSON.orNull(nil).isNull)
    #expect(JSON.orNull("x").stringValue == "x")
    #expect(JSON.null.stringValue == nil && JSON.null.boolValue == nil && JSON.null.arrayValue == nil)
    #expect(JSON.bool(true).boolValue == true && JSON.int(3).intValue == 3 && JSON.int(3).doubleValue == 3)
  }

  @Test func `objects are equal whatever the order of their members`() throws {
    #expect(try JSON.parse(#"{"a":1,"b":2,"c":3}"#) == JSON.parse(#"{"c":3,"a":1,"b":2}"#))
    #expect(try JSON.parse(#"{"a":1,"b":2}"#) != JSON.parse(#"{"a":1,"c":2}"#))
    #expect(try JSON.parse(#"{"a":1,"b":2}"#) != JSON.parse(#"{"b":1,"a":2}"#))
    #expect(try JSON.parse(#"{"a":1}"#) != JSON.parse(#"{"a":1,"b":2}"#))
    #expect(try JSON.parse("[1.0]") != JSON.parse("[1]"), "numbers are compared as they are written")
    let forward = JSON.object(JSONObject((0..<200).map { ("k\($0)", .int($0)) }))
    let backward = JSON.object(JSONObject((0..<200).reversed().map { ("k\($0)", .int($0)) }))
    #expect(forward == backward)
  }

  @Test func `members are set, replaced and removed`() {
    var object = JSONObject()
    #expect(object.isEmpty)
    object["a"] = 1
    object["b"] = nil
    object["c"] = .null
    object["a"] = "x"
    #expect(JSON.object(object).text == #"{"a":"x","c":null}"#)
    object["a"] = nil
    #expect(object.keys == ["c"])
    #expect(object.count == 1)
  }

  @Test func `names that only look the same are kept apart, few or many`() {
    let twins = [("\u{E9}", JSON.int(1)), ("e\u{301}", .int(2))]
    #expect(JSONObject(twins).count == 2)
    let others = (0..<40).map { ("k\($0)", JSON.int($0)) }
    let object = JSONObject(others + twins)
    #expect(object.count == 42)
    #expect(object["e\u{301}"] == 2)
    #expect(JSON.object(object) != JSON.object(JSONObject(others + [twins[0], ("e\u{302}", .int(2))])))
  }
}

extension JSONWriter {
  fileprivate var text: String { String(decoding: bytes, as: UTF8.self) }
}
