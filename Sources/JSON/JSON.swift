/// A JSON value as a tree, for what passes through without being understood here.
///
/// Objects keep the order of their members, numbers keep their text, and `null` is a value of its own, apart from an
/// absent member.
package enum JSON: Sendable, Equatable {
  case null
  case bool(Bool)
  case number(JSONNumber)
  case string(String)
  case array([JSON])
  case object(JSONObject)

  /// Parses a whole text; white space around it is fine, anything else after it is an error.
  package static func parse(_ bytes: [UInt8]) throws(JSONError) -> JSON {
    var reader = JSONReader(bytes)
    let value = try reader.value()
    try reader.finish()
    return value
  }

  package static func parse(_ text: String) throws(JSONError) -> JSON {
    try parse(Array(text.utf8))
  }

  /// The compact text: no white space, members in order.
  package var encoded: [UInt8] {
    var writer = JSONWriter()
    writer.value(self)
    return writer.bytes
  }

  package var text: String { String(decoding: encoded, as: UTF8.self) }

  package static func int(_ value: Int) -> JSON { .number(JSONNumber(Int64(value))) }
  package static func double(_ value: Double) -> JSON { .number(JSONNumber(value)) }

  /// The string, or `null` where there is none.
  package static func orNull(_ value: String?) -> JSON { value.map(JSON.string) ?? .null }

  package var isNull: Bool { self == .null }

  package var stringValue: String? {
    if case .string(let value) = self { value } else { nil }
  }
  package var boolValue: Bool? {
    if case .bool(let value) = self { value } else { nil }
  }
  package var intValue: Int? {
    if case .number(let value) = self { value.int64.map(Int.init) } else { nil }
  }
  package var doubleValue: Double? {
    if case .number(let value) = self { value.double } else { nil }
  }
  package var arrayValue: [JSON]? {
    if case .array(let value) = self { value } else { nil }
  }
  package var objectValue: JSONObject? {
    if case .object(let value) = self { value } else { nil }
  }

  /// A member of an object; nil where it is absent or this is no object.
  package subscript(_ key: String) -> JSON? { objectValue?[key] }

  /// An element of an array; nil beyond its ends or where this is no array.
  package subscript(_ index: Int) -> JSON? {
    guard let elements = arrayValue, elements.indices.contains(index) else { return nil }
    return elements[index]
  }
}

/// The members of an object in their order. A second member of the same name takes the place of the first.
package struct JSONObject: Sendable, Equatable {
  package private(set) var members: [(key: String, value: JSON)] = []

  package init() {}

  package init(_ members: [(String, JSON)]) {
    var builder = Builder()
    for (key, value) in members { builder.add(key, value) }
    self = builder.object
  }

  package var count: Int { members.count }
  package var isEmpty: Bool { members.isEmpty }
  package var keys: [String] { members.map(\.key) }

  /// Names are compared as UTF-8, not by canonical equivalence: two different names never meet.
  private func index(of key: String) -> Int? {
    members.firstIndex { $0.key.utf8.elementsEqual(key.utf8) }
  }

  package subscript(_ key: String) -> JSON? {
    get { index(of: key).map { members[$0].value } }
    set {
      switch (index(of: key), newValue) {
      case (let at?, let value?): members[at].value = value
      case (let at?, nil): members.remove(at: at)
      case (nil, let value?): members.append((key, value))
      case (nil, nil): break
      }
    }
  }

  /// The same members with the same values, in whatever order.
  package static func == (left: JSONObject, right: JSONObject) -> Bool {
    guard left.count == right.count else { return false }
    // Mostly the order is the same; a table of names is made where it turns out not to be.
    var places: [Name: Int]?
    for (at, (key, value)) in left.members.enumerated() {
      let other = right.members[at]
      if places == nil, key.utf8.elementsEqual(other.key.utf8) {
        guard value == other.value else { return false }
        continue
      }
      let table = places ?? right.places
      places = table
      guard let place = table[Name(text: key)], value == right.members[place].value else { return false }
    }
    return true
  }

  private var places: [Name: Int] {
    Dictionary(uniqueKeysWithValues: members.enumerated().map { (Name(text: $1.key), $0) })
  }

  /// A member name that is hashed and compared by its bytes.
  private struct Name: Hashable {
    let text: String

    static func == (left: Name, right: Name) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }

    func hash(into hasher: inout Hasher) {
      var text = text
      text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
  }

  /// Collects members; a name that is met again replaces the value. The time per member does not grow with their
  /// number, because the text comes from strangers.
  struct Builder {
    private(set) var object = JSONObject()
    /// A bit for each name met, so that most names are known to be new without a look at the others.
    private var met: UInt64 = 0
    private var places: [Name: Int]?
    /// From this many members on there is a table of names.
    private static let tableThreshold = 16

    mutating func add(_ key: String, _ value: JSON) {
      if object.count >= Self.tableThreshold { return addByTable(key, value) }
      let bit = Self.bit(of: key)
      if met & bit != 0, let at = object.index(of: key) {
        object.members[at].value = value
      } else {
        met |= bit
        object.members.append((key, value))
      }
    }

    private mutating func addByTable(_ key: String, _ value: JSON) {
      var table = places ?? object.places
      places = nil
      let name = Name(text: key)
      if let at = table[name] {
        object.members[at].value = value
      } else {
        table[name] = object.count
        object.members.append((key, value))
      }
      places = table
    }

    private static func bit(of key: String) -> UInt64 {
      let bytes = key.utf8
      let mixed = bytes.count &* 7 &+ Int(bytes.first ?? 0) &* 3 &+ Int(bytes.last ?? 0)
      return 1 &<< UInt64(truncatingIfNeeded: mixed & 63)
    }
  }
}

/// A number as it was written.
package struct JSONNumber: Sendable, Equatable, CustomStringConvertible {
  package let text: String

  init(unchecked text: String) { self.text = text }
  package init(_ value: Int64) { text = String(value) }

  /// A double as a JSON number; what JSON cannot say (infinities, NaN) becomes 0.
  package init(_ value: Double) {
    text = value.isFinite ? "\(value)" : "0"
  }

  /// Whether it is written without fraction and exponent.
  package var isInteger: Bool { !text.utf8.contains { $0 == 0x2E || $0 | 0x20 == 0x65 } }

  /// The value if it is written as a whole number that fits; -0 is 0.
  package var int64: Int64? { isInteger ? Int64(text) : nil }

  /// The nearest double; infinite if it is beyond the range.
  package var double: Double { Double(text) ?? 0 }

  package var description: String { text }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByNilLiteral, ExpressibleByFloatLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  package init(stringLiteral value: String) { self = .string(value) }
  package init(integerLiteral value: Int) { self = .int(value) }
  package init(floatLiteral value: Double) { self = .double(value) }
  package init(booleanLiteral value: Bool) { self = .bool(value) }
  package init(nilLiteral: ()) { self = .null }
  package init(arrayLiteral elements: JSON...) { self = .array(elements) }
  package init(dictionaryLiteral elements: (String, JSON)...) { self = .object(JSONObject(elements)) }
}
