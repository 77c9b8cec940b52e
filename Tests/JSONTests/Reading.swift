import JSON
import Testing

/// The three ways to read a text, which must agree on every one of them: as a tree, passing over it, and member by
/// member with the calls that typed messages use.
enum Way: CaseIterable {
  case tree, skip, pull

  func read(_ bytes: [UInt8]) throws(JSONError) {
    var reader = JSONReader(bytes)
    switch self {
    case .tree: _ = try reader.value()
    case .skip: try reader.skip()
    case .pull: _ = try pulled(from: &reader)
    }
    try reader.finish()
  }

  /// Why this text is refused; nil where it is accepted.
  func fault(in bytes: [UInt8]) -> JSONError? {
    do throws(JSONError) {
      try read(bytes)
      return nil
    } catch {
      return error
    }
  }
}

/// Builds the tree with the pull calls alone.
func pulled(from reader: inout JSONReader) throws(JSONError) -> JSON {
  switch try reader.peek() {
  case .null: return try reader.takeNull() ? .null : "not null"
  case .bool: return .bool(try reader.bool())
  case .number: return .number(try reader.number())
  case .string: return .string(try reader.string())
  case .array:
    var elements: [JSON] = []
    try reader.beginArray()
    while try reader.nextElement() { elements.append(try pulled(from: &reader)) }
    return .array(elements)
  case .object:
    var members: [(String, JSON)] = []
    try reader.beginObject()
    while let key = try reader.nextKey() { members.append((key.string, try pulled(from: &reader))) }
    return .object(JSONObject(members))
  }
}

/// Expects that all ways of reading refuse the text for the same reason at the same place.
func expectRefusal(
  _ bytes: [UInt8], _ kind: JSONError.Kind, at offset: Int, sourceLocation: SourceLocation = #_sourceLocation
) {
  for way in Way.allCases {
    #expect(way.fault(in: bytes) == JSONError(kind, at: offset), "\(way)", sourceLocation: sourceLocation)
  }
}

func expectRefusal(
  _ text: String, _ kind: JSONError.Kind, at offset: Int, sourceLocation: SourceLocation = #_sourceLocation
) {
  expectRefusal(Array(text.utf8), kind, at: offset, sourceLocation: sourceLocation)
}

/// A fixed sequence of numbers that look random (SplitMix64), so that a failure can be repeated.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }
}
