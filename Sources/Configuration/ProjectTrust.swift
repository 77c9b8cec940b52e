package import JSON

/// What the user's settings say about project folders.
package struct ProjectTrust: Equatable, Sendable {
  private var levels: [(path: String, level: TrustLevel)] = []

  /// Reads `[projects."<path>"] trust_level` of merged settings. Entries that are no trust levels count as absent.
  package init(_ settings: JSONObject) {
    levels = (settings["projects"]?.objectValue?.members ?? []).compactMap { path, value in
      value["trust_level"]?.stringValue.flatMap(TrustLevel.init(rawValue:))
        .map { (path: PathContext.normalized(path), level: $0) }
    }
  }

  /// The level of the first of `folders` that has one: the working directory, then the root of its repository (that of
  /// the main working tree). A parent's trust does not extend to what lies in it.
  package func level(of folders: [String]) -> TrustLevel? {
    for folder in folders {
      let normalized = PathContext.normalized(folder)
      if let found = levels.first(where: { $0.path.utf8.elementsEqual(normalized.utf8) }) {
        return found.level
      }
    }
    return nil
  }

  package static func == (left: ProjectTrust, right: ProjectTrust) -> Bool {
    left.levels.elementsEqual(right.levels, by: ==)
  }

  /// Why a project's settings do not count; nil if they do.
  package static func disabledReason(level: TrustLevel?, folder: String, userFile: String) -> String? {
    switch level {
    case .trusted: nil
    case .untrusted:
      "\(folder) is marked as untrusted in the effective configuration. To load project-local config, hooks, and exec "
        + "policies, update its trust setting. If that setting is managed by your organization, contact your "
        + "administrator."
    case nil:
      "To load project-local config, hooks, and exec policies, add \(folder) as a trusted project in \(userFile)."
    }
  }

  /// The summary of the `configWarning` about project folders whose settings do not count; nil if there are none.
  package static func disabledFoldersWarning(_ layers: [ConfigLayer]) -> String? {
    var text = ""
    var number = 0
    for layer in layers {
      guard case .project(let folder) = layer.source, let reason = layer.disabledReason else { continue }
      number += 1
      text += "    \(number). \(folder)\n       \(reason)\n"
    }
    guard number > 0 else { return nil }
    return "Project-local config, hooks, and exec policies are disabled in the following folders until the project is "
      + "trusted, but skills still load.\n" + text
  }
}

extension ConfigStack {
  /// Trust as everyone but the projects themselves sees it: a project's own file must not vouch for anything.
  package var trust: ProjectTrust {
    var settings = JSONObject()
    for layer in layers where layer.isEnabled {
      if case .project = layer.source { continue }
      settings.merge(layer.content)
    }
    return ProjectTrust(settings)
  }
}
