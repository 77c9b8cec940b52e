import Bytes
import Testing

@Suite struct `Base64 text` {
  /// RFC 4648, §10.
  static let rfcVectors: [(bytes: String, text: String)] = [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
    ("foobar", "Zm9vYmFy"),
  ]

  @Test(arguments: rfcVectors) func `the vectors of the RFC hold in both directions`(
    _ vector: (bytes: String, text: String)
  ) throws {
    #expect(Base64.encode(vector.bytes.utf8) == vector.text)
    #expect(try Base64.decode(vector.text) == Array(vector.bytes.utf8))
    let unpadded = String(vector.text.filter { $0 != "=" })
    #expect(Base64.encode(vector.bytes.utf8, as: .urlSafeUnpadded) == unpadded)
    #expect(try Base64.decode(unpadded, as: .urlSafeUnpadded) == Array(vector.bytes.utf8))
  }

  @Test func `the alphabets differ in their last two digits`() throws {
    let bytes: [UInt8] = [0xFB, 0xFF, 0xBF, 0xFF]
    #expect(Base64.encode(bytes) == "+/+//w==")
    #expect(Base64.encode(bytes, as: .urlSafe) == "-_-__w==")
    #expect(Base64.encode(bytes, as: .urlSafeUnpadded) == "-_-__w")
    #expect(try Base64.decode("-_-__w==", as: .urlSafe) == bytes)
    #expect(throws: ByteTextError(.unexpectedByte(0x2D), at: 0)) { try Base64.decode("-_-__w==") }
    #expect(throws: ByteTextError(.unexpectedByte(0x2B), at: 0)) { try Base64.decode("+/+//w==", as: .urlSafe) }
  }

  @Test(arguments: Base64.Variant.allCases) func `every length and every byte survives the round trip`(
    _ variant: Base64.Variant
  ) throws {
    let all = (0...255).map { UInt8($0) }
    for length in 0...all.count {
      let bytes = Array(all.suffix(length))
      #expect(try Base64.decode(Base64.encode(bytes, as: variant), as: variant) == bytes)
    }
  }

  @Test(
    arguments: [
      ("Zg", .standard, .missingPadding, 2),
      ("Zg=", .standard, .missingPadding, 3),
      ("Zm9vZ", .standard, .unexpectedEnd, 5),
      ("Zg===", .standard, .unexpectedPadding, 4),
      ("Zm9v=", .standard, .unexpectedPadding, 4),
      ("=", .standard, .unexpectedPadding, 0),
      ("Z=", .standard, .unexpectedPadding, 1),
      ("Zg==Zg==", .standard, .unexpectedByte(0x5A), 4),
      ("Zg=g", .standard, .unexpectedByte(0x67), 3),
      ("Zh==", .standard, .unusedBitsSet, 1),
      ("Zm9=", .standard, .unusedBitsSet, 2),
      ("Zm 9v", .standard, .unexpectedByte(0x20), 2),
      ("Zm9v\n", .standard, .unexpectedByte(0x0A), 4),
      ("Zm9\u{E9}", .standard, .unexpectedByte(0xC3), 3),
      ("Zg==", .urlSafeUnpadded, .unexpectedPadding, 2),
      ("Zh", .urlSafeUnpadded, .unusedBitsSet, 1),
      ("Z", .urlSafeUnpadded, .unexpectedEnd, 1),
    ] as [(String, Base64.Variant, ByteTextError.Kind, Int)])
  func `another spelling is refused with its place`(
    _ text: String, _ variant: Base64.Variant, _ kind: ByteTextError.Kind, _ offset: Int
  ) {
    #expect(throws: ByteTextError(kind, at: offset)) { try Base64.decode(text, as: variant) }
  }
}

@Suite struct `Hex text` {
  @Test func `bytes are written in lower case and read in both`() throws {
    #expect(Hex.encode([0x00, 0x9A, 0xBF, 0xFF]) == "009abfff")
    #expect(try Hex.decode("009abfFF") == [0x00, 0x9A, 0xBF, 0xFF])
    #expect(try Hex.decode("") == [])
  }

  @Test(
    arguments: [
      ("0", .unexpectedEnd, 1), ("0g", .unexpectedByte(0x67), 1), ("00 1", .unexpectedByte(0x20), 2),
      ("0x00", .unexpectedByte(0x78), 1),
    ] as [(String, ByteTextError.Kind, Int)])
  func `what is no hex is refused with its place`(_ text: String, _ kind: ByteTextError.Kind, _ offset: Int) {
    #expect(throws: ByteTextError(kind, at: offset)) { try Hex.decode(text) }
  }

  @Test func `an error says what and where`() {
    #expect(ByteTextError(.unexpectedByte(0x0A), at: 3).description == "unexpected byte 0x0a at byte 3")
  }
}
