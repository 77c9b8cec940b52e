import JSON

/// The settings in a project's `.codex` folder, without those that only the user may make.
package struct ProjectLayer: Sendable {
  /// Top-level keys that a project may not set: where requests go and with whose credentials, what runs on the user's
  /// machine unasked, and what is reported to whom.
  static let forbiddenKeys = [
    "openai_base_url", "chatgpt_base_url", "apps_mcp_product_sku", "responses_api_metadata", "model_provider",
    "model_providers", "notify", "profile", "profiles", "experimental_realtime_webrtc_call_base_url",
    "experimental_realtime_ws_base_url", "otel",
  ]

  package let layer: ConfigLayer
  /// The forbidden keys that the file has.
  package let ignoredKeys: [String]

  /// Reads `config.toml` of the folder. A disabled layer whose file does not parse is empty; an enabled one throws.
  package init(dotCodexFolder: String, file bytes: [UInt8], disabledReason: String?) throws(ConfigError) {
    let source = ConfigSource.project(dotCodexFolder: dotCodexFolder)
    let read: ConfigLayer
    do {
      read = try ConfigLayer(source, file: bytes, disabledReason: disabledReason)
    } catch {
      guard disabledReason != nil else { throw error }
      read = ConfigLayer(source, content: JSONObject(), disabledReason: disabledReason)
    }
    var content = read.content
    var ignored: [String] = []
    for key in Self.forbiddenKeys where content[key] != nil {
      content[key] = nil
      ignored.append(key)
    }
    // Which hooks were approved is the user's to say.
    if var hooks = content["hooks"]?.objectValue, hooks["state"] != nil {
      hooks["state"] = nil
      content["hooks"] = .object(hooks)
      ignored.append("hooks.state")
    }
    layer = read.replacing(content: content)
    ignoredKeys = ignored
  }

  /// The summary of the `configWarning` about forbidden keys; nil if there are none or the layer does not count anyway.
  package var warning: String? {
    guard !ignoredKeys.isEmpty, layer.isEnabled, let file = layer.source.file else { return nil }
    return "Ignored unsupported project-local config keys in \(file): \(ignoredKeys.joined(separator: ", ")). "
      + "If you want these settings to apply, manually set them in your user-level config.toml."
  }
}
