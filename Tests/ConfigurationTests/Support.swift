import Configuration
import JSON

let paths = PathContext(home: "/home/u", workingDirectory: "/proj")
let userSource = ConfigSource.user(file: "/home/u/.codex/config.toml", profile: nil)

func userLayer(_ text: String) throws -> ConfigLayer { try ConfigLayer(userSource, file: Array(text.utf8)) }

func projectLayer(_ text: String, disabledReason: String? = nil) throws -> ProjectLayer {
  try ProjectLayer(dotCodexFolder: "/proj/.codex", file: Array(text.utf8), disabledReason: disabledReason)
}

func stack(_ text: String, flags: [String] = [], thread: JSON = [:]) throws -> ConfigStack {
  ConfigStack(
    [
      try userLayer(text), try .sessionFlags(flags.map(ConfigOverride.setting)),
      try .threadRequest(thread.objectValue ?? JSONObject()),
    ], paths: paths)
}

func settings(_ text: String, flags: [String] = [], thread: JSON = [:]) throws -> Settings {
  try Settings(try stack(text, flags: flags, thread: thread))
}

/// The description of the error that the settings give; nil if they are accepted.
func refusal(_ text: String, flags: [String] = [], thread: JSON = [:]) -> String? {
  do {
    _ = try settings(text, flags: flags, thread: thread)
    return nil
  } catch {
    return "\(error)"
  }
}
