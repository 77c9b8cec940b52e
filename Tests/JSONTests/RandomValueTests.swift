import JSON
import Testing

@Suite struct `Random values` {
  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func `what is written reads as the same value and writes as the same text`(_ seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<400 {
      let value = JSON.random(depth: 5, using: &generator)
      let text = value.encoded
      let read = try JSON.parse(text)
      #expect(read == value)
      #expect(read.encoded == text)
      var reader = JSONReader(text)
      #expect(try pulled(from: &reader) == value)
      var skipper = JSONReader(text)
      #expect(try skipper.skip() == 0..<text.count)
    }
  }

  @Test func `white space between tokens changes nothing`() throws {
    var generator = SeededGenerator(seed: 11)
    for _ in 0..<400 {
      let value = JSON.random(depth: 4, using: &generator)
      var spaced: [UInt8] = []
      value.writeSpaced(into: &spaced, using: &generator)
      #expect(try JSON.parse(spaced) == value)
      for way in Way.allCases { try way.read(spaced) }
    }
  }

  @Test func `garbage is refused by all ways alike`() {
    var generator = SeededGenerator(seed: 21)
    let alphabet = Array("{}[]\",:\\ untrfalse0123456789.-+eE\u{0}\n\u{E9}x".utf8)
    for _ in 0..<20_000 {
      let length = Int.random(in: 0...24, using: &generator)
      let text = (0..<length).map { _ in alphabet[Int.random(in: alphabet.indices, using: &generator)] }
      let faults = Way.allCases.map { $0.fault(in: text) }
      #expect(faults[0] == faults[1] && faults[1] == faults[2], "\(text): \(faults)")
    }
  }
}

extension JSON {
  fileprivate static func random(depth: Int, using generator: inout SeededGenerator) -> JSON {
    switch Int.random(in: depth > 0 ? 0...8 : 2...8, using: &generator) {
    case 0:
      return .array(
        (0..<Int.random(in: 0...5, using: &generator)).map { _ in random(depth: depth - 1, using: &generator) })
    case 1:
      let members = (0..<Int.random(in: 0...24, using: &generator)).map { _ in
        (randomText(using: &generator), random(depth: depth - 1, using: &generator))
      }
      return .object(JSONObject(members))
    case 2: return .null
    case 3: return .bool(.random(using: &generator))
    case 4: return .int(Int(truncatingIfNeeded: generator.next()) >> Int.random(in: 0...63, using: &generator))
    case 5: return .double(Double(bitPattern: generator.next()))
    default: return .string(randomText(using: &generator))
    }
  }

  private static func randomText(using generator: inout SeededGenerator) -> String {
    var text = String.UnicodeScalarView()
    let widest: UInt32 = [0x7F, 0x7F, 0xFF, 0xFFFF, 0x10FFFF][Int.random(in: 0..<5, using: &generator)]
    for _ in 0..<Int.random(in: 0...20, using: &generator) {
      if let scalar = Unicode.Scalar(UInt32.random(in: 0...widest, using: &generator)) { text.append(scalar) }
    }
    return String(text)
  }

  fileprivate func writeSpaced(into bytes: inout [UInt8], using generator: inout SeededGenerator) {
    func space() {
      for _ in 0..<Int.random(in: 0...2, using: &generator) {
        bytes.append([0x20, 0x09, 0x0A, 0x0D][Int.random(in: 0..<4, using: &generator)])
      }
    }
    space()
    switch self {
    case .array(let elements):
      bytes.append(UInt8(ascii: "["))
      for (at, element) in elements.enumerated() {
        if at > 0 { bytes.append(UInt8(ascii: ",")) }
        element.writeSpaced(into: &bytes, using: &generator)
      }
      space()
      bytes.append(UInt8(ascii: "]"))
    case .object(let object):
      bytes.append(UInt8(ascii: "{"))
      for (at, (key, value)) in object.members.enumerated() {
        if at > 0 { bytes.append(UInt8(ascii: ",")) }
        JSON.string(key).writeSpaced(into: &bytes, using: &generator)
        bytes.append(UInt8(ascii: ":"))
        value.writeSpaced(into: &bytes, using: &generator)
      }
      space()
      bytes.append(UInt8(ascii: "}"))
    case .null, .bool, .number, .string: bytes += encoded
    }
    space()
  }
}
