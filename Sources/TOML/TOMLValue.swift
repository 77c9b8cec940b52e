/// A TOML value. Equality looks at contents only, never at places in a text.
package enum TOMLValue: Sendable, Equatable {
  case string(String)
  case integer(Int64)
  case float(Double)
  case boolean(Bool)
  case dateTime(TOMLDateTime)
  case array([TOMLNode])
  case table(TOMLTable)

  /// Parses one value that stands alone, as in `-c key=VALUE`. White space, line breaks and comments around it are fine.
  package static func parse(_ bytes: [UInt8]) throws(TOMLError) -> TOMLValue {
    var parser = try TOMLParser(bytes)
    return try parser.loneValue()
  }

  package static func parse(_ text: String) throws(TOMLError) -> TOMLValue { try parse(Array(text.utf8)) }

  package var stringValue: String? {
    if case .string(let value) = self { value } else { nil }
  }
  package var tableValue: TOMLTable? {
    if case .table(let value) = self { value } else { nil }
  }
  package var arrayValue: [TOMLValue]? {
    if case .array(let elements) = self { elements.map(\.value) } else { nil }
  }

  /// A member of a table; nil where it is absent or this is no table.
  package subscript(_ name: String) -> TOMLValue? { tableValue?[name] }
}

/// A value with its place.
package struct TOMLNode: Sendable, Equatable {
  package var value: TOMLValue
  /// The value's text. For a table with a header: the header in its brackets; for one that exists only because a longer
  /// header or a dotted key names it: that part of the key; for an array of tables: the first header.
  package var span: TOMLSpan

  package static func == (left: TOMLNode, right: TOMLNode) -> Bool { left.value == right.value }
}

/// One part of a key, without its quotes, with its place including them.
package struct TOMLKey: Sendable, Equatable {
  package var name: String
  package var span: TOMLSpan

  /// Parses a dotted key that stands alone, such as `a."b.c".d`.
  package static func parsePath(_ text: String) throws(TOMLError) -> [TOMLKey] {
    var parser = try TOMLParser(Array(text.utf8))
    return try parser.loneKey()
  }
}

package struct TOMLMember: Sendable, Equatable {
  package var key: TOMLKey
  package var node: TOMLNode

  package var value: TOMLValue { node.value }

  package static func == (left: TOMLMember, right: TOMLMember) -> Bool {
    left.key.name.utf8.elementsEqual(right.key.name.utf8) && left.value == right.value
  }
}

/// A date, a time or both, as text that was checked against the calendar and the clock.
package struct TOMLDateTime: Sendable, Equatable {
  package enum Kind: Sendable {
    case offsetDateTime
    case localDateTime
    case localDate
    case localTime
  }

  package var kind: Kind
  /// As written: the separator may be `T`, `t` or a space, and the fraction may have any number of digits.
  package var text: String
}

/// The members of a table in the order of their first mention; names are compared byte by byte.
package struct TOMLTable: Sendable, Equatable {
  /// What brought a table into being, which decides where an editor may add keys.
  package enum Form: Sendable {
    /// The whole text.
    case root
    /// `[name]` or `[[name]]`.
    case header
    /// Only mentioned in a longer header.
    case implicit
    /// Made by a dotted key.
    case dotted
    /// `{ … }`.
    case inline
  }

  package let members: [TOMLMember]
  package let form: Form
  private let index: [TOMLName: Int]

  init(members: [TOMLMember], index: [TOMLName: Int], form: Form) {
    self.members = members
    self.index = index
    self.form = form
  }

  /// Parses a whole text.
  package static func parse(_ bytes: [UInt8]) throws(TOMLError) -> TOMLTable {
    var parser = try TOMLParser(bytes)
    return try parser.document()
  }

  package static func parse(_ text: String) throws(TOMLError) -> TOMLTable { try parse(Array(text.utf8)) }

  package var count: Int { members.count }
  package var isEmpty: Bool { members.isEmpty }
  package var names: [String] { members.map(\.key.name) }

  package func member(_ name: String) -> TOMLMember? { index[TOMLName(name)].map { members[$0] } }

  package subscript(_ name: String) -> TOMLValue? { member(name)?.value }

  /// The member that a path of names leads to; it passes through tables only. Nil for an empty path.
  package func member(at path: some Sequence<String>) -> TOMLMember? {
    var table: TOMLTable? = self
    var found: TOMLMember?
    for name in path {
      guard let next = table?.member(name) else { return nil }
      found = next
      table = next.value.tableValue
    }
    return found
  }

  package static func == (left: TOMLTable, right: TOMLTable) -> Bool { left.members == right.members }
}

/// A name that hashes and compares by its bytes: two names that look alike stay two.
struct TOMLName: Hashable, Sendable {
  private let text: String

  init(_ text: String) { self.text = text }

  static func == (left: TOMLName, right: TOMLName) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }

  func hash(into hasher: inout Hasher) {
    var text = text
    text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }
}
