package import JSON

/// Layers on top of each other, and what they come to.
package struct ConfigStack: Sendable {
  /// Lowest first, with absolute paths.
  package let layers: [ConfigLayer]
  /// All enabled layers merged: tables key by key, everything else by replacement.
  package let effective: JSONObject

  /// Orders the layers by the rank of their sources; equals stay in the order given, so that project layers come from
  /// the root downwards.
  package init(_ layers: [ConfigLayer], paths: PathContext) {
    self.layers = layers.enumerated()
      .sorted { ($0.element.source.rank, $0.offset) < ($1.element.source.rank, $1.offset) }
      .map { paths.resolvingPaths(in: $0.element) }
    var effective = JSONObject()
    for layer in self.layers where layer.isEnabled { effective.merge(layer.content) }
    self.effective = effective
  }

  /// Dotted key of every value → the layer that it comes from. Elements of arrays count one by one.
  package var origins: JSONObject {
    var origins: [(String, JSON)] = []
    let candidates = layers.filter(\.isEnabled).map { (layer: $0, value: JSON.object($0.content)) }
    collectOrigins(of: .object(effective), from: candidates, at: "", into: &origins)
    return JSONObject(origins)
  }

  private func collectOrigins(
    of value: JSON, from candidates: [(layer: ConfigLayer, value: JSON)], at path: String,
    into origins: inout [(String, JSON)]
  ) {
    let prefix = path.isEmpty ? "" : path + "."
    switch value {
    case .object(let object):
      for (name, member) in object.members {
        let inner = candidates.compactMap { candidate in
          candidate.value[name].map { (layer: candidate.layer, value: $0) }
        }
        collectOrigins(of: member, from: inner, at: prefix + name, into: &origins)
      }
    case .array(let elements):
      guard let owner = candidates.last else { return }
      for (index, element) in elements.enumerated() {
        let inner = owner.value[index].map { [(layer: owner.layer, value: $0)] } ?? []
        collectOrigins(of: element, from: inner, at: prefix + String(index), into: &origins)
      }
    case .null, .bool, .number, .string:
      if let owner = candidates.last { origins.append((path, owner.layer.metadata)) }
    }
  }

  /// The layer that decides about the value at `path`.
  package func origin(of path: [String]) -> ConfigLayer? {
    layers.last { $0.isEnabled && $0.content.value(at: path) != nil }
  }

  /// The error with the place of its key, where that stands in a file.
  func located(_ error: ConfigError) -> ConfigError {
    guard error.location == nil, !error.keyPath.isEmpty else { return error }
    var error = error
    error.location = origin(of: error.keyPath)?.location(ofValueAt: error.keyPath)
    return error
  }
}

extension JSONObject {
  mutating func merge(_ other: JSONObject) {
    for (name, value) in other.members {
      guard case .object(let above) = value, case .object(var below)? = self[name] else {
        self[name] = value
        continue
      }
      below.merge(above)
      self[name] = .object(below)
    }
  }
}
