package import JSON

/// Where a layer of settings comes from, with the names that `config/read` uses.
package enum ConfigSource: Hashable, Sendable {
  /// `/etc/codex/config.toml`.
  case system(file: String)
  /// `$CODEX_HOME/config.toml`, or the file of the profile that was asked for.
  case user(file: String, profile: String?)
  /// `config.toml` in a `.codex` folder between the project's root and the working directory.
  case project(dotCodexFolder: String)
  /// `-c`, `--enable` and `--disable`.
  case sessionFlags
  /// The `config` object of a thread request. On the wire it counts as session flags.
  case threadRequest
  /// `/etc/codex/managed_config.toml`, which overrules everything else.
  case legacyManaged(file: String)

  /// Layers of a higher rank win; among equals the later one does.
  var rank: Int {
    switch self {
    case .system: 0
    case .user(_, profile: nil): 1
    case .user: 2
    case .project: 3
    case .sessionFlags: 4
    case .threadRequest: 5
    case .legacyManaged: 6
    }
  }

  package var file: String? {
    switch self {
    case .system(let file), .user(let file, _), .legacyManaged(let file): file
    case .project(let folder): folder + "/config.toml"
    case .sessionFlags, .threadRequest: nil
    }
  }

  /// How warnings name it.
  package var label: String {
    switch self {
    case .system(let file): "system (\(file))"
    case .user(let file, _): "user (\(file))"
    case .project(let folder): "project (\(folder)/config.toml)"
    case .sessionFlags, .threadRequest: "session-flags"
    case .legacyManaged(let file): "managed (\(file))"
    }
  }

  package var json: JSON {
    switch self {
    case .system(let file): ["type": "system", "file": .string(file)]
    case .user(let file, let profile): ["type": "user", "file": .string(file), "profile": .orNull(profile)]
    case .project(let folder): ["type": "project", "dotCodexFolder": .string(folder)]
    case .sessionFlags, .threadRequest: ["type": "sessionFlags"]
    case .legacyManaged(let file): ["type": "legacyManagedConfigTomlFromFile", "file": .string(file)]
    }
  }
}
