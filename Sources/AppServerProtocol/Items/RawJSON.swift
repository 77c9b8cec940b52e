package import JSON

/// A JSON value that passes through unread: the bytes of exactly one value, checked when it was taken from a reader.
package struct RawJSON: Sendable, Equatable {
  package let bytes: [UInt8]

  /// The caller vouches that `bytes` are one JSON value.
  package init(unchecked bytes: [UInt8]) { self.bytes = bytes }

  package init(_ value: JSON) { bytes = value.encoded }

  /// Takes the next value of the reader.
  package init(_ reader: inout JSONReader) throws(JSONError) {
    let range = try reader.skip()
    bytes = Array(reader.bytes[range])
  }

  /// The value as a tree; nil only if the bytes are no JSON after all.
  package var value: JSON? { try? JSON.parse(bytes) }

  package static let null = RawJSON(unchecked: Array("null".utf8))
  package var isNull: Bool { bytes.elementsEqual("null".utf8) }

  /// Two texts are the same value, whatever their white space and number spelling.
  package static func == (left: RawJSON, right: RawJSON) -> Bool {
    left.bytes == right.bytes || left.value == right.value
  }
}

extension JSONWriter {
  package mutating func raw(_ value: RawJSON) { raw(value.bytes) }

  /// A member that is passed through; nil is written as null.
  package mutating func field(_ name: StaticString, _ value: RawJSON?) {
    key(name)
    if let value { raw(value.bytes) } else { null() }
  }
}

extension JSONReader {
  /// Any value except `null`, unread.
  mutating func rawOrNull() throws(JSONError) -> RawJSON? {
    try takeNull() ? nil : try RawJSON(&self)
  }

  /// A value of a closed set of words.
  mutating func word<Word: RawRepresentable<String>>(_ type: Word.Type) throws(JSONError) -> Word {
    let text = try string()
    guard let word = Word(rawValue: text) else { throw error(.invalidValue("unknown variant `\(text)`")) }
    return word
  }
}
