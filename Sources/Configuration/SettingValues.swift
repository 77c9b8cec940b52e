package import JSON

/// When the agent asks before it acts.
package enum ApprovalPolicy: Equatable, Sendable {
  case untrusted
  case onRequest
  case never
  case granular(Granular)

  /// Which kinds of questions may be asked; the others are answered with no.
  package struct Granular: Equatable, Sendable {
    package var sandboxApproval: Bool
    package var rules: Bool
    package var skillApproval: Bool
    package var requestPermissions: Bool
    package var mcpElicitations: Bool

    package init(
      sandboxApproval: Bool, rules: Bool, skillApproval: Bool = false, requestPermissions: Bool = false,
      mcpElicitations: Bool
    ) {
      self.sandboxApproval = sandboxApproval
      self.rules = rules
      self.skillApproval = skillApproval
      self.requestPermissions = requestPermissions
      self.mcpElicitations = mcpElicitations
    }

    static let required = ["sandbox_approval", "rules", "mcp_elicitations"]
    static let shape: [String: ConfigShape] = [
      "sandbox_approval": .bool, "rules": .bool, "skill_approval": .bool, "request_permissions": .bool,
      "mcp_elicitations": .bool,
    ]
  }

  /// All that the reference takes, in the order of its error message. `on-failure` is an old name for `on-request`.
  static let spellings = ["untrusted", "on-failure", "on-request", "granular", "never"]

  /// Reads the form of the configuration and of the protocol, which are the same. Throws what the reference says about
  /// a value that is no policy.
  package init(_ json: JSON, at path: [String] = []) throws(ConfigError) {
    try ConfigShape.approvalPolicy.check(json, at: path)
    switch json.stringValue {
    case "untrusted": self = .untrusted
    case "on-request", "on-failure": self = .onRequest
    case "never": self = .never
    default:
      guard let table = json["granular"] else { throw ConfigError("missing field `granular`", at: path) }
      self = .granular(
        Granular(
          sandboxApproval: table["sandbox_approval"]?.boolValue ?? false,
          rules: table["rules"]?.boolValue ?? false,
          skillApproval: table["skill_approval"]?.boolValue ?? false,
          requestPermissions: table["request_permissions"]?.boolValue ?? false,
          mcpElicitations: table["mcp_elicitations"]?.boolValue ?? false))
    }
  }

  package var json: JSON {
    switch self {
    case .untrusted: "untrusted"
    case .onRequest: "on-request"
    case .never: "never"
    case .granular(let granular):
      [
        "granular": [
          "sandbox_approval": .bool(granular.sandboxApproval), "rules": .bool(granular.rules),
          "skill_approval": .bool(granular.skillApproval),
          "request_permissions": .bool(granular.requestPermissions),
          "mcp_elicitations": .bool(granular.mcpElicitations),
        ]
      ]
    }
  }
}

/// Who answers the agent's questions.
package enum ApprovalsReviewer: String, CaseIterable, Sendable {
  case user
  case autoReview = "auto_review"

  /// With the old name of the second.
  static let spellings = ["user", "auto_review", "guardian_subagent"]

  package init?(spelling: String) {
    self.init(rawValue: spelling == "guardian_subagent" ? "auto_review" : spelling)
  }
}

package enum SandboxMode: String, CaseIterable, Sendable {
  case readOnly = "read-only"
  case workspaceWrite = "workspace-write"
  case dangerFullAccess = "danger-full-access"
}

package enum ReasoningSummary: String, CaseIterable, Sendable {
  case auto
  case concise
  case detailed
  case none
}

package enum Verbosity: String, CaseIterable, Sendable {
  case low
  case medium
  case high
}

package enum TrustLevel: String, CaseIterable, Sendable {
  case trusted
  case untrusted
}

package enum WebSearchMode: String, CaseIterable, Sendable {
  case disabled
  case cached
  case indexed
  case live
}

package enum CredentialsStore: String, CaseIterable, Sendable {
  case file
  case keyring
  case auto
  case ephemeral
}

package enum LoginMethod: String, CaseIterable, Sendable {
  case chatgpt
  case api
}

package enum HistoryPersistence: String, CaseIterable, Sendable {
  case saveAll = "save-all"
  case none
}

/// `[sandbox_workspace_write]`: what `workspace-write` opens beyond the working directory.
package struct WorkspaceWriteSettings: Equatable, Sendable {
  /// Absolute paths.
  package var writableRoots: [String] = []
  package var hasNetworkAccess = false
  package var excludesTmpdirVariable = false
  package var excludesSlashTmp = false

  package init() {}
}

/// `[shell_environment_policy]`: which variables commands of the agent see.
package struct ShellEnvironmentPolicy: Equatable, Sendable {
  package enum Inheritance: String, CaseIterable, Sendable {
    case core
    case all
    case none
  }

  package var inherit = Inheritance.all
  /// Keeps variables whose names contain KEY, SECRET or TOKEN.
  package var ignoresDefaultExcludes = true
  /// Patterns of names to leave out.
  package var exclude: [String] = []
  package var set: [(name: String, value: String)] = []
  /// If not empty, patterns of the only names to keep.
  package var includeOnly: [String] = []
  package var usesProfile = false

  package init() {}

  package static func == (left: ShellEnvironmentPolicy, right: ShellEnvironmentPolicy) -> Bool {
    left.inherit == right.inherit && left.ignoresDefaultExcludes == right.ignoresDefaultExcludes
      && left.exclude == right.exclude && left.set.elementsEqual(right.set, by: ==)
      && left.includeOnly == right.includeOnly && left.usesProfile == right.usesProfile
  }
}

/// `[history]`.
package struct HistorySettings: Equatable, Sendable {
  package var persistence = HistoryPersistence.saveAll
  package var maximumBytes: Int?

  package init() {}
}
