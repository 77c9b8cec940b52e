/// Why a text was refused as TOML 1.0, and where.
package struct TOMLError: Error, Equatable, Sendable, CustomStringConvertible {
  package enum Kind: Equatable, Sendable {
    case invalidUTF8
    /// The text goes on where `expected` should stand, or ends there.
    case expected(String)
    /// A control character other than tab, written as it is.
    case controlCharacter(UInt8)
    /// A carriage return that no line feed follows.
    case bareCarriageReturn
    case invalidEscape
    /// A string in quotes that ends with its line or with the text.
    case unclosedString
    case unclosedArray
    case unclosedInlineTable
    /// Something that is no value, most often a string without quotes.
    case invalidValue
    case invalidNumber
    /// A whole number beyond 64 bits.
    case integerOutOfRange
    case invalidDateTime
    case duplicateKey(String)
    /// A table whose header was given before, or that dotted keys made.
    case duplicateTable(String)
    /// A key path that leads through something that is no table.
    case notATable(String)
    /// Keys added to a table from elsewhere than its own header.
    case closedTable(String)
    /// `[[name]]` for something that is no array of tables.
    case notAnArrayOfTables(String)
    case tooDeep(limit: Int)
  }

  package var kind: Kind
  package var position: TOMLPosition

  package init(_ kind: Kind, at position: TOMLPosition) {
    self.kind = kind
    self.position = position
  }

  package var line: Int { position.line }
  package var column: Int { position.column }
  package var offset: Int { position.offset }

  /// What is wrong, without the place.
  package var reason: String {
    switch kind {
    case .invalidUTF8: "invalid UTF-8"
    case .expected(let what): "expected \(what)"
    case .controlCharacter(let byte):
      "control character U+00\(byte < 16 ? "0" : "")\(String(byte, radix: 16, uppercase: true))"
    case .bareCarriageReturn: "carriage return without line feed"
    case .invalidEscape: "invalid escape sequence"
    case .unclosedString: "unclosed string"
    case .unclosedArray: "unclosed array, expected `]`"
    case .unclosedInlineTable: "unclosed inline table, expected `}`"
    case .invalidValue: "invalid value; strings must be quoted"
    case .invalidNumber: "invalid number"
    case .integerOutOfRange: "integer does not fit 64 bits"
    case .invalidDateTime: "invalid date or time"
    case .duplicateKey(let name): "duplicate key `\(name)`"
    case .duplicateTable(let name): "table `\(name)` is defined twice"
    case .notATable(let name): "`\(name)` is not a table"
    case .closedTable(let name): "table `\(name)` cannot be extended here"
    case .notAnArrayOfTables(let name): "`\(name)` is not an array of tables"
    case .tooDeep(let limit): "nesting deeper than \(limit) levels"
    }
  }

  package var description: String { "\(line):\(column): \(reason)" }
}
