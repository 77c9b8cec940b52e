package import JSON
import TOML

/// What a command line says about settings.
package enum ConfigOverride: Equatable, Sendable {
  /// `-c KEY=VALUE`, not yet cut.
  case setting(String)
  /// `--enable FEATURE` and `--disable FEATURE`.
  case feature(String, isEnabled: Bool)
}

extension ConfigLayer {
  /// The layer of the command line; later overrides win.
  package static func sessionFlags(_ overrides: [ConfigOverride]) throws(ConfigError) -> ConfigLayer {
    var content = JSONObject()
    for override in overrides {
      switch override {
      case .setting(let text):
        let (path, value) = try parse(text)
        content.set(value, at: path[...])
      case .feature(let name, let isEnabled):
        guard Feature.isKnown(name) else { throw ConfigError("Unknown feature flag: \(name)") }
        content.set(.bool(isEnabled), at: ["features", name])
      }
    }
    return ConfigLayer(.sessionFlags, content: content)
  }

  /// The layer of a thread request's `config` object. Its keys may be dotted; a null, at any
  /// depth, means nothing was asked for.
  package static func threadRequest(_ config: JSONObject) throws(ConfigError) -> ConfigLayer {
    guard JSON.object(config).keyCount(upTo: maximumKeys) <= maximumKeys else {
      throw ConfigError("config: more than \(maximumKeys) keys")
    }
    var content = JSONObject()
    for (key, value) in config.members where !value.isNull {
      content.set(value.withoutNullMembers, at: try ConfigPath.parse(key)[...])
    }
    return ConfigLayer(.threadRequest, content: content)
  }

  private static func parse(_ text: String) throws(ConfigError) -> ([String], JSON) {
    guard let equals = text.utf8.firstIndex(of: UInt8(ascii: "=")) else {
      throw ConfigError("error parsing -c overrides: Invalid override (missing '='): \(text)")
    }
    let key = trimmed(text[..<equals])
    guard !key.isEmpty else { throw ConfigError("error parsing -c overrides: Empty key in override: \(text)") }
    let path = try ConfigPath.parse(String(key))
    let written = trimmed(text[text.utf8.index(after: equals)...])
    guard let parsed = try? TOMLValue.parse(String(written)) else {
      return (path, .string(String(trimmed(written, isQuote))))
    }
    guard let value = JSON(parsed) else { throw ConfigError("-c \(key): more than \(ConfigLayer.maximumKeys) keys") }
    return (path, value)
  }

  private static func trimmed(
    _ text: Substring, _ isTrimmed: (Unicode.Scalar) -> Bool = { $0.properties.isWhitespace }
  ) -> Substring {
    var scalars = text.unicodeScalars
    while let first = scalars.first, isTrimmed(first) { scalars.removeFirst() }
    while let last = scalars.last, isTrimmed(last) { scalars.removeLast() }
    return Substring(scalars)
  }

  private static func isQuote(_ scalar: Unicode.Scalar) -> Bool { scalar == "\"" || scalar == "'" }
}

/// Dotted keys of overrides and requests.
package enum ConfigPath {
  /// A key with more parts is refused.
  package static let maximumLength = 64

  /// `a."b.c".d` as TOML has it. What is no TOML key, such as `projects./tmp.trust_level`, is cut at every dot.
  package static func parse(_ key: String) throws(ConfigError) -> [String] {
    let path =
      (try? TOMLKey.parsePath(key))?.map(\.name)
      ?? key.unicodeScalars.split(separator: ".", omittingEmptySubsequences: false).map { String($0) }
    guard path.count <= maximumLength else { throw ConfigError("key of more than \(maximumLength) parts") }
    return path
  }
}

extension JSONObject {
  /// Puts a value where the path leads; what stands in its way and is no object gives way. `path` is not empty.
  mutating func set(_ value: JSON, at path: ArraySlice<String>) {
    guard let name = path.first else { return }
    guard path.count > 1 else {
      self[name] = value
      return
    }
    var inner = self[name]?.objectValue ?? JSONObject()
    inner.set(value, at: path.dropFirst())
    self[name] = .object(inner)
  }

  func value(at path: some Sequence<String>) -> JSON? {
    var value: JSON? = .object(self)
    for name in path { value = value?[name] }
    return value
  }
}

extension JSON {
  /// Keys in all objects together; stops counting once there are more than `limit`.
  fileprivate func keyCount(upTo limit: Int) -> Int {
    var count = 0
    let inner: [JSON]
    switch self {
    case .object(let object):
      count = object.count
      inner = object.members.map(\.value)
    case .array(let elements): inner = elements
    case .null, .bool, .number, .string: inner = []
    }
    for value in inner where count <= limit { count += value.keyCount(upTo: limit - count) }
    return count
  }

  fileprivate var withoutNullMembers: JSON {
    switch self {
    case .object(let object):
      .object(
        JSONObject(object.members.filter { !$0.value.isNull }.map { ($0.key, $0.value.withoutNullMembers) }))
    case .array(let elements): .array(elements.map(\.withoutNullMembers))
    case .null, .bool, .number, .string: self
    }
  }
}
