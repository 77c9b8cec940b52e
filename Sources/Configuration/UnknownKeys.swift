import JSON

/// A key that nobody reads, in one of the layers.
package struct UnknownKey: Equatable, Sendable {
  package var path: [String]
  package var source: ConfigSource
  package var location: ConfigError.Location?

  /// The error of `--strict-config`.
  package var error: ConfigError {
    let name = path.joined(separator: ".")
    guard location == nil else { return ConfigError("unknown configuration field `\(name)`", location: location) }
    return ConfigError("unknown configuration field `\(name)` in -c/--config override")
  }
}

extension ConfigStack {
  /// How many unknown keys a warning names one by one.
  package static let maximumNamedKeys = 3

  /// In all enabled layers, lowest layer first, in the order of their text.
  package var unknownKeys: [UnknownKey] {
    layers.filter(\.isEnabled).flatMap { layer in
      ConfigSchema.root.unknownKeys(in: .object(layer.content)).map { path in
        UnknownKey(path: path, source: layer.source, location: layer.location(ofKeyAt: path))
      }
    }
  }

  /// Throws for the first unknown key: what `--strict-config` asks for.
  package func refuseUnknownKeys() throws(ConfigError) {
    if let first = unknownKeys.first { throw first.error }
  }

  /// The summary of the `configWarning` about unknown keys; nil if there are none.
  package var unknownKeysWarning: String? {
    let lines = unknownKeys.map { "  \($0.source.label): `\($0.path.joined(separator: "."))` is ignored." }.sorted()
    guard !lines.isEmpty else { return nil }
    let settings = lines.count == 1 ? "setting" : "settings"
    var text = [
      "Codex is ignoring \(lines.count) unrecognized configuration \(settings). "
        + "Check for typos or deprecated settings."
    ]
    text += lines.prefix(Self.maximumNamedKeys)
    if lines.count > Self.maximumNamedKeys {
      text.append("  ... and \(lines.count - Self.maximumNamedKeys) more ignored settings.")
    }
    return text.joined(separator: "\n")
  }
}
