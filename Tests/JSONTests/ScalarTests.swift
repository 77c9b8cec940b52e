import JSON
import Testing

@Suite struct `Numbers` {
  @Test(arguments: [
    "0", "-0", "1.0", "1e400", "-1E+2", "0.10", "1e-999", "123456789012345678901234567890", "9223372036854775808",
    "-9223372036854775808", "0e0", "1.000000000000000005",
  ])
  func `a number keeps the text it was written with`(_ text: String) throws {
    #expect(try JSON.parse(text).text == text)
    #expect(try JSON.parse("[\(text)]").text == "[\(text)]")
    var reader = JSONReader(text)
    #expect(try reader.number().text == text)
  }

  @Test(
    arguments: [
      ("0", 0), ("-0", 0), ("-1", -1), ("9223372036854775807", .max), ("-9223372036854775808", .min),
    ] as [(String, Int64)])
  func `a whole number that fits is read as such`(_ text: String, _ value: Int64) throws {
    var reader = JSONReader(text)
    #expect(try reader.int64() == value)
    #expect(try JSON.parse(text).intValue == Int(value))
  }

  @Test(arguments: ["9223372036854775808", "-9223372036854775809", "100000000000000000000000"])
  func `a whole number that does not fit is out of range`(_ text: String) throws {
    var reader = JSONReader(" " + text)
    #expect(throws: JSONError(.numberOutOfRange, at: 1)) { try reader.int64() }
    #expect(try JSON.parse(text).intValue == nil)
    #expect(try JSON.parse(text).doubleValue == Double(text))
  }

  @Test(
    arguments: [
      ("1.0", 1), ("-0", -0.0), ("0.1", 0.1), ("1e400", .infinity), ("-1e400", -.infinity), ("1e-999", 0),
      ("5e-324", .leastNonzeroMagnitude), ("1.7976931348623157e308", Double.greatestFiniteMagnitude), ("2", 2),
    ] as [(String, Double)])
  func `any number is read as the nearest double`(_ text: String, _ value: Double) throws {
    var reader = JSONReader(text)
    let read = try reader.double()
    #expect(read.bitPattern == value.bitPattern)
    #expect(try JSON.parse(text).doubleValue == value)
  }

  @Test func `a fraction or an exponent makes no whole number, whatever its value`() throws {
    for text in ["1.0", "1e2", "1E2", "0.0"] {
      #expect(try JSON.parse(text).intValue == nil)
      #expect(try JSON.parse(text).doubleValue != nil)
    }
  }

  @Test func `doubles are written so that they read the same`() throws {
    for value in [0.0, -0.0, 1, 0.1, 1e20, 1e-7, .pi, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 123456789.125]
      as [Double]
    {
      let read = try JSON.parse(JSON.double(value).text).doubleValue
      #expect(read?.bitPattern == value.bitPattern)
    }
    #expect(JSON.double(.infinity).text == "0")
    #expect(JSON.double(.nan).text == "0")
  }
}

@Suite struct `Strings` {
  @Test(arguments: [
    (#""""#, ""), (#""a""#, "a"), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"),
    (#""\u0041\u00e9\u20AC""#, "Aé€"), (#""\ud83d\ude00x\uDBFF\uDFFF""#, "😀x\u{10FFFF}"), (#""\u0000""#, "\0"),
    (#""a\u0000b""#, "a\0b"), (#""\ud7ff\ue000\uffff""#, "\u{D7FF}\u{E000}\u{FFFF}"), ("\"é日😀\"", "é日😀"),
    ("\"\u{7F}\"", "\u{7F}"), (#""\\u0041""#, #"\u0041"#), (#""é\né""#, "é\né"), (#""\u2028""#, "\u{2028}"),
  ])
  func `escapes and characters of all lengths are decoded`(_ text: String, _ value: String) throws {
    #expect(try JSON.parse(text).stringValue.map { Array($0.utf8) } == Array(value.utf8))
    var reader = JSONReader(text)
    #expect(try Array(reader.stringBytes()) == Array(value.utf8))
    try reader.finish()
    var key = JSONReader("{\(text):1}")
    try key.beginObject()
    #expect(try key.nextKey()?.string.utf8.elementsEqual(value.utf8) == true)
  }

  /// What is met when a string is scanned eight bytes a step depends on where in the step it lies.
  @Test func `every length at every alignment is scanned to the same end`() throws {
    let fillings: [(String, decoded: String)] = [
      ("", ""), ("é", "é"), ("😀", "😀"), (#"\n"#, "\n"), (#"\""#, "\""), (#"\\"#, "\\"), (#"\u00e9"#, "é"),
      (#"\ud83d\ude00"#, "😀"), ("日", "日"), (#"\\\""#, "\\\""),
    ]
    for (filling, decoded) in fillings {
      for before in 0...17 {
        for after in 0...17 {
          let left = String(repeating: "x", count: before)
          let right = String(repeating: "y", count: after)
          let text = "\"\(left)\(filling)\(right)\""
          for padding in 0..<8 where before < 9 || padding == 0 {
            let padded = String(repeating: " ", count: padding) + text
            var reader = JSONReader(padded)
            #expect(try reader.string() == left + decoded + right)
            try reader.finish()
            var skipper = JSONReader("[" + padded + ",1]")
            try skipper.beginArray()
            _ = try skipper.nextElement()
            #expect(try skipper.skip() == 1 + padding..<1 + padded.utf8.count)
          }
        }
      }
    }
  }

  @Test func `a control character is found at every place of a string`() {
    for length in 0...20 {
      for place in 0...length {
        for control: UInt8 in [0x00, 0x01, 0x0A, 0x1F] {
          var bytes = [UInt8](repeating: UInt8(ascii: "a"), count: length)
          bytes.insert(control, at: place)
          expectRefusal([0x22] + bytes + [0x22], .controlCharacterInString, at: 1 + place)
        }
      }
    }
  }

  @Test func `broken UTF-8 is found at every place of a string`() {
    for length in 0...20 {
      for place in 0...length {
        var bytes = [UInt8](repeating: UInt8(ascii: "a"), count: length)
        bytes.insert(0xFF, at: place)
        expectRefusal([0x22] + bytes + [0x22], .invalidUTF8, at: 1 + place)
      }
    }
  }

  @Test func `the eight bytes after a string do not change how it reads`() throws {
    for neighbour in ["é", #"\\"#, "\u{1}"] {
      var reader = JSONReader("[\"abc\",\"\(neighbour)")
      try reader.beginArray()
      _ = try reader.nextElement()
      #expect(try reader.string() == "abc")
    }
  }
}
