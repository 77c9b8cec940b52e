package import JSON

extension ConfigStack {
  /// The answer to `config/read`: every known key, null where it has no value; unknown keys pass through.
  ///
  /// `{config, origins, layers}`, with `layers` (highest first) only where they were asked for.
  package func readResult(includesLayers: Bool) -> JSONObject {
    var result = JSONObject([("config", .object(shownConfig)), ("origins", .object(origins))])
    if includesLayers { result["layers"] = .array(layers.reversed().map(\.json)) }
    return result
  }

  private var shownConfig: JSONObject {
    var config = JSONObject(ConfigSchema.names.map { ($0, .null) })
    config.merge(ConfigDefaults.shown)
    config.merge(effective)
    for (name, defaults) in ConfigDefaults.shownInTables {
      if let table = effective[name]?.objectValue { config[name] = .object(defaults.overlaid(with: table)) }
    }
    let providers = (effective["model_providers"]?.objectValue?.members ?? []).map { id, value in
      (id, value.objectValue.map { JSON.object(Self.shownProvider($0)) } ?? value)
    }
    if !providers.isEmpty { config["model_providers"] = .object(JSONObject(providers)) }
    return config
  }

  private static func shownProvider(_ table: JSONObject) -> JSONObject {
    var provider = ConfigDefaults.shownInProvider.overlaid(with: table)
    if let auth = table["auth"]?.objectValue {
      provider["auth"] = .object(ConfigDefaults.shownInProviderAuth.overlaid(with: auth))
    }
    return provider
  }
}

extension JSONObject {
  fileprivate func overlaid(with other: JSONObject) -> JSONObject {
    var object = self
    object.merge(other)
    return object
  }
}
