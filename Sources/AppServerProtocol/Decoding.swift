package import JSON

/// The params of one method, read from the wire: missing optional members take their default, `null` counts as
/// missing, unknown members are passed over (app-server.md §2).
package protocol Params: Sendable {
  init(from reader: inout JSONReader) throws(JSONError)
}

/// A closed set of wire spellings.
package protocol WireEnum: RawRepresentable, CaseIterable, Sendable, Equatable where RawValue == String {}

extension JSONReader {
  /// Reads the members of the object that is next.
  package mutating func members(
    _ read: (JSONKey, inout JSONReader) throws(JSONError) -> Void
  ) throws(JSONError) {
    try beginObject()
    while let key = try nextKey() { try read(key, &self) }
  }

  package mutating func optionalString() throws(JSONError) -> String? {
    try takeNull() ? nil : try string()
  }

  package mutating func optionalBool() throws(JSONError) -> Bool? {
    try takeNull() ? nil : try bool()
  }

  package mutating func optionalInt() throws(JSONError) -> Int? {
    try takeNull() ? nil : try int()
  }

  /// The size of a page; nil for null.
  package mutating func optionalLimit() throws(JSONError) -> Int? {
    let place = error(.unexpectedEnd).offset
    guard let limit = try optionalInt() else { return nil }
    guard (0...Int(UInt32.max)).contains(limit) else { throw JSONError(.numberOutOfRange, at: place) }
    return limit
  }

  package mutating func optionalValue() throws(JSONError) -> JSON? {
    try takeNull() ? nil : try value()
  }

  package mutating func strings() throws(JSONError) -> [String] {
    try elements { (reader) throws(JSONError) in try reader.string() }
  }

  package mutating func optionalStrings() throws(JSONError) -> [String]? {
    try takeNull() ? nil : try strings()
  }

  package mutating func elements<Element>(
    _ read: (inout JSONReader) throws(JSONError) -> Element
  ) throws(JSONError) -> [Element] {
    var elements: [Element] = []
    try beginArray()
    while try nextElement() { elements.append(try read(&self)) }
    return elements
  }

  package mutating func enumeration<Value: WireEnum>(_: Value.Type = Value.self) throws(JSONError) -> Value {
    let place = error(.unexpectedEnd).offset
    let text = try string()
    guard let value = Value(rawValue: text) else { throw JSONError(.unknownVariant(text, of: Value.self), at: place) }
    return value
  }

  package mutating func optionalEnumeration<Value: WireEnum>(
    _: Value.Type = Value.self
  ) throws(JSONError) -> Value? {
    try takeNull() ? nil : try enumeration(Value.self)
  }

  /// The text of the next value, checked; nil for null.
  package mutating func optionalRaw() throws(JSONError) -> [UInt8]? {
    if try takeNull() { return nil }
    return Array(bytes[try skip()])
  }

  /// The value of a member that must be there.
  package func require<Value>(_ value: Value?, _ name: String) throws(JSONError) -> Value {
    guard let value else { throw error(.missingField(name)) }
    return value
  }
}

extension JSONError.Kind {
  package static func unknownVariant<Value: WireEnum>(_ text: String, of _: Value.Type) -> JSONError.Kind {
    unknownVariant(text, expected: Value.allCases.map(\.rawValue))
  }

  package static func unknownVariant(_ text: String, expected: [String]) -> JSONError.Kind {
    let names = expected.map { "`\($0)`" }.joined(separator: ", ")
    return .invalidValue("unknown variant `\(text)`, expected one of \(names)")
  }
}
