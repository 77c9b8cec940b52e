import Bytes
package import JSON
import TOML

/// The settings of one source.
package struct ConfigLayer: Sendable {
  /// A larger file is refused.
  package static let maximumFileLength = 1 << 20
  /// A file with more keys, in all its tables together, is refused: objects find their members one by one.
  package static let maximumKeys = 10_000

  package let source: ConfigSource
  /// Dates are strings, and so are infinities and not-a-number, which JSON cannot say.
  package private(set) var content: JSONObject
  /// `sha256:` and the digest of the content as JSON with sorted keys and no white space.
  package let version: String
  /// Why the layer does not count, to be shown; nil if it does.
  package var disabledReason: String?
  /// The parsed file, for the places of its keys.
  private let document: TOMLTable?

  package init(_ source: ConfigSource, content: JSONObject, disabledReason: String? = nil) {
    self.init(source, content: content, document: nil, disabledReason: disabledReason)
  }

  /// Reads the contents of the file that `source` names.
  package init(_ source: ConfigSource, file bytes: [UInt8], disabledReason: String? = nil) throws(ConfigError) {
    let file = source.file ?? ""
    guard bytes.count <= Self.maximumFileLength else {
      throw ConfigError("\(file): longer than \(Self.maximumFileLength) bytes")
    }
    let document: TOMLTable
    do {
      document = try TOMLTable.parse(bytes)
    } catch {
      throw ConfigError(error, file: file)
    }
    var budget = Self.maximumKeys
    guard let content = JSONObject(document, budget: &budget) else {
      throw ConfigError("\(file): more than \(Self.maximumKeys) keys")
    }
    self.init(source, content: content, document: document, disabledReason: disabledReason)
  }

  private init(_ source: ConfigSource, content: JSONObject, document: TOMLTable?, disabledReason: String?) {
    self.source = source
    self.content = content
    self.document = document
    self.disabledReason = disabledReason
    version = Self.version(of: content)
  }

  package static func version(of content: JSONObject) -> String {
    "sha256:" + Hex.encode(SHA256.hash(JSON.object(content).withSortedKeys.encoded))
  }

  package var isEnabled: Bool { disabledReason == nil }

  /// The layer with other content. Its version stays that of what was read.
  func replacing(content: JSONObject) -> ConfigLayer {
    var layer = self
    layer.content = content
    return layer
  }

  /// Where the value at `path` stands; nil if this layer is no file or has no such key.
  package func location(ofValueAt path: [String]) -> ConfigError.Location? {
    guard let file = source.file, let member = document?.member(at: path) else { return nil }
    return ConfigError.Location(file: file, span: member.node.span)
  }

  /// Where the last name of `path` stands.
  package func location(ofKeyAt path: [String]) -> ConfigError.Location? {
    guard let file = source.file, let member = document?.member(at: path) else { return nil }
    return ConfigError.Location(file: file, span: member.key.span)
  }

  /// The layer as `config/read` lists it.
  package var json: JSON {
    var object = JSONObject([
      ("name", source.json), ("version", .string(version)), ("config", .object(content)),
    ])
    if let disabledReason { object["disabledReason"] = .string(disabledReason) }
    return .object(object)
  }

  /// What `origins` says about a key from this layer.
  var metadata: JSON { ["name": source.json, "version": .string(version)] }
}

extension JSONObject {
  /// Nil if there are more keys than `budget`.
  fileprivate init?(_ table: TOMLTable, budget: inout Int) {
    guard table.count <= budget else { return nil }
    budget -= table.count
    var members: [(String, JSON)] = []
    for member in table.members {
      guard let value = JSON(member.value, budget: &budget) else { return nil }
      members.append((member.key.name, value))
    }
    self.init(members)
  }
}

extension JSON {
  /// A value of a command line override; nil if it has more keys than a file may have.
  init?(_ value: TOMLValue) {
    var budget = ConfigLayer.maximumKeys
    self.init(value, budget: &budget)
  }

  fileprivate init?(_ value: TOMLValue, budget: inout Int) {
    switch value {
    case .string(let text): self = .string(text)
    case .integer(let integer): self = .number(JSONNumber(integer))
    case .float(let float): self = float.isFinite ? .double(float) : .string("\(float)")
    case .boolean(let boolean): self = .bool(boolean)
    case .dateTime(let dateTime): self = .string(dateTime.text)
    case .array(let elements):
      var values: [JSON] = []
      for element in elements {
        guard let value = JSON(element.value, budget: &budget) else { return nil }
        values.append(value)
      }
      self = .array(values)
    case .table(let table):
      guard let object = JSONObject(table, budget: &budget) else { return nil }
      self = .object(object)
    }
  }

  /// The same value with the keys of every object in the order of their bytes.
  var withSortedKeys: JSON {
    switch self {
    case .array(let elements): .array(elements.map(\.withSortedKeys))
    case .object(let object):
      .object(
        JSONObject(
          object.members
            .sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            .map { ($0.key, $0.value.withSortedKeys) }))
    case .null, .bool, .number, .string: self
    }
  }
}
