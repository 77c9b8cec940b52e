import JSON

/// What a setting may look like. One description serves to refuse wrong types, to find unknown keys and to find paths.
indirect enum ConfigShape: Sendable {
  case any
  case string
  /// A string that says something; the text names it in the error.
  case nonEmptyString(String)
  case path
  case bool
  /// A whole number; the name stands for the range in errors.
  case integer(ClosedRange<Int64>, String)
  case choice([String])
  case list(ConfigShape)
  case stringOrStrings
  /// A table with these keys; others are unknown.
  case table([String: ConfigShape])
  /// A table with keys of the user's choice.
  case map(ConfigShape)
  /// The first that fits the kind of value, for settings that grew from a switch into a table.
  case boolOr(ConfigShape)
  case approvalPolicy
  case wireAPI
  case features

  static let i64 = integer(.min ... .max, "i64")
  static let u64 = integer(0 ... .max, "u64")
  static let usize = integer(0 ... .max, "usize")
  static let nonZero = integer(1 ... .max, "a nonzero u64")
  static let strings = list(.string)
  static let anyTable = map(.any)

  static func choice<Choice: CaseIterable & RawRepresentable<String>>(of type: Choice.Type) -> ConfigShape {
    .choice(type.allCases.map(\.rawValue))
  }

  // MARK: - Types

  /// Throws for the first value of a wrong type or outside its range. Unknown keys pass.
  func check(_ value: JSON, at path: [String]) throws(ConfigError) {
    switch self {
    case .any: break
    case .string, .path:
      guard value.stringValue != nil else { throw Self.wrongType(value, expected: "a string", at: path) }
    case .nonEmptyString(let name):
      guard let text = value.stringValue else { throw Self.wrongType(value, expected: "a string", at: path) }
      guard !text.isEmpty else { throw ConfigError("\(name) must not be empty", at: path) }
    case .bool:
      guard value.boolValue != nil else { throw Self.wrongType(value, expected: "a boolean", at: path) }
    case .integer(let range, let name):
      guard let number = value.intValue else { throw Self.wrongType(value, expected: name, at: path) }
      guard range.contains(Int64(number)) else {
        throw ConfigError("invalid value: integer `\(number)`, expected \(name)", at: path)
      }
    case .choice(let choices): try Self.check(value, isOneOf: choices, at: path)
    case .list(let element):
      guard let elements = value.arrayValue else { throw Self.wrongType(value, expected: "a sequence", at: path) }
      // An element has no key of its own: the error names the list.
      for inner in elements { try element.check(inner, at: path) }
    case .stringOrStrings:
      if value.stringValue == nil { try ConfigShape.strings.check(value, at: path) }
    case .table(let fields):
      for (name, member) in try Self.object(value, at: path).members {
        try fields[name]?.check(member, at: path + [name])
      }
    case .map(let element):
      for (name, member) in try Self.object(value, at: path).members {
        try element.check(member, at: path + [name])
      }
    case .boolOr(let other):
      if value.boolValue == nil { try other.check(value, at: path) }
    case .approvalPolicy: try Self.checkApprovalPolicy(value, at: path)
    case .wireAPI:
      guard value.stringValue != "chat" else {
        throw ConfigError(
          "`wire_api = \"chat\"` is no longer supported.\n"
            + "How to fix: set `wire_api = \"responses\"` in your provider config.", at: path)
      }
      try Self.check(value, isOneOf: ["responses"], at: path)
    case .features:
      for (name, member) in try Self.object(value, at: path).members {
        if Feature.takesTable(name), member.objectValue != nil { continue }
        guard Feature.isKnown(name) else { continue }
        try ConfigShape.bool.check(member, at: path + [name])
      }
    }
  }

  private static func object(_ value: JSON, at path: [String]) throws(ConfigError) -> JSONObject {
    guard let object = value.objectValue else { throw wrongType(value, expected: "a map", at: path) }
    return object
  }

  static func check(_ value: JSON, isOneOf choices: [String], at path: [String]) throws(ConfigError) {
    guard let text = value.stringValue else { throw wrongType(value, expected: "a string", at: path) }
    guard !choices.contains(text) else { return }
    let quoted = choices.map { "`\($0)`" }
    let expected = quoted.count > 2 ? "one of " + quoted.joined(separator: ", ") : quoted.joined(separator: " or ")
    throw ConfigError("unknown variant `\(text)`, expected \(expected)", at: path)
  }

  private static func checkApprovalPolicy(_ value: JSON, at path: [String]) throws(ConfigError) {
    guard let table = value.objectValue else {
      try check(value, isOneOf: ApprovalPolicy.spellings, at: path)
      return
    }
    guard table.count == 1, let name = table.keys.first else {
      throw wrongType(value, expected: "a string or a table with the key `granular`", at: path)
    }
    guard name == "granular", let granular = table[name] else {
      return try check(.string(name), isOneOf: ApprovalPolicy.spellings, at: path)
    }
    let inner = path + [name]
    try ConfigShape.table(ApprovalPolicy.Granular.shape).check(granular, at: inner)
    for name in ApprovalPolicy.Granular.required where granular[name] == nil {
      throw ConfigError("missing field `\(name)`", at: inner)
    }
  }

  private static func wrongType(_ value: JSON, expected: String, at path: [String]) -> ConfigError {
    let found =
      switch value {
      case .null: "null"
      case .bool(let value): "boolean `\(value)`"
      case .number(let number) where number.int64 != nil: "integer `\(number)`"
      case .number(let number): "floating point `\(number)`"
      case .string: "string \(value.text)"
      case .array: "sequence"
      case .object: "map"
      }
    return ConfigError("invalid type: \(found), expected \(expected)", at: path)
  }

  // MARK: - Unknown keys

  /// The paths of keys that nobody reads, in the order of the value. Values of wrong types have none.
  func unknownKeys(in value: JSON, at path: [String] = []) -> [[String]] {
    switch self {
    case .table(let fields):
      return (value.objectValue?.members ?? []).flatMap { name, member in
        fields[name]?.unknownKeys(in: member, at: path + [name]) ?? [path + [name]]
      }
    case .map(let element):
      return (value.objectValue?.members ?? []).flatMap { name, member in
        element.unknownKeys(in: member, at: path + [name])
      }
    case .list(let element): return (value.arrayValue ?? []).flatMap { element.unknownKeys(in: $0, at: path) }
    case .boolOr(let other): return other.unknownKeys(in: value, at: path)
    case .features:
      return (value.objectValue?.keys ?? []).filter { !Feature.isKnown($0) }.map { path + [$0] }
    case .any, .string, .nonEmptyString, .path, .bool, .integer, .choice, .stringOrStrings, .approvalPolicy, .wireAPI:
      return []
    }
  }

  // MARK: - Paths

  /// The value with every path in it replaced.
  func mapPaths(in value: JSON, _ transform: (String) -> String) -> JSON {
    switch (self, value) {
    case (.path, .string(let path)): .string(transform(path))
    case (.list(let element), .array(let elements)):
      .array(elements.map { element.mapPaths(in: $0, transform) })
    case (.table(let fields), .object(let object)):
      .object(
        JSONObject(
          object.members.map { name, member in
            (name, fields[name]?.mapPaths(in: member, transform) ?? member)
          }))
    case (.map(let element), .object(let object)):
      .object(JSONObject(object.members.map { ($0.key, element.mapPaths(in: $0.value, transform)) }))
    default: value
    }
  }
}
