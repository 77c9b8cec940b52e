package import JSON

/// When the agent asks before it acts (`askForApproval`).
package enum ApprovalPolicy: Sendable, Equatable {
  case untrusted
  case onFailure
  case onRequest
  case never
  /// Asks only for the kinds that are switched on; the object as it came.
  case granular(JSON)

  package static let wireNames = ["untrusted", "on-request", "granular", "never"]

  /// The policy of this spelling; `on-failure` is an older form that configuration files and session files may have.
  package init?(name: String) {
    switch name {
    case "untrusted": self = .untrusted
    case "on-failure": self = .onFailure
    case "on-request": self = .onRequest
    case "never": self = .never
    default: return nil
    }
  }

  package init(from reader: inout JSONReader) throws(JSONError) {
    let place = reader.error(.unexpectedEnd).offset
    if try reader.peek() == .object {
      let value = try reader.value()
      guard let flags = value["granular"], let object = flags.objectValue, value.objectValue?.count == 1 else {
        throw JSONError(.unknownVariant(value.objectValue?.keys.first ?? "", expected: Self.wireNames), at: place)
      }
      for flag in ["mcp_elicitations", "rules", "sandbox_approval"] where object[flag]?.boolValue == nil {
        throw JSONError(.missingField(flag), at: place)
      }
      self = .granular(flags)
      return
    }
    let name = try reader.string()
    guard let policy = Self(name: name), policy != .onFailure else {
      throw JSONError(.unknownVariant(name, expected: Self.wireNames), at: place)
    }
    self = policy
  }

  package func write(to writer: inout JSONWriter) {
    switch self {
    case .untrusted: writer.string("untrusted")
    case .onFailure: writer.string("on-failure")
    case .onRequest: writer.string("on-request")
    case .never: writer.string("never")
    case .granular(let flags):
      writer.beginObject()
      writer.field("granular", flags)
      writer.endObject()
    }
  }
}

package enum ApprovalsReviewer: String, WireEnum {
  case user
  case autoReview = "auto_review"
  /// An older name of `autoReview`.
  case guardianSubagent = "guardian_subagent"
}

/// The short form of a sandbox policy, as threads and configuration name it.
package enum SandboxMode: String, WireEnum {
  case readOnly = "read-only"
  case workspaceWrite = "workspace-write"
  case dangerFullAccess = "danger-full-access"
}

/// What the agent's commands may touch.
package enum SandboxPolicy: Sendable, Equatable {
  case dangerFullAccess
  case readOnly(networkAccess: Bool)
  case externalSandbox(networkAccess: Bool)
  case workspaceWrite(WorkspaceWrite)

  package struct WorkspaceWrite: Sendable, Equatable {
    /// Absolute paths besides the working directory and the temporary folders.
    package var writableRoots: [String]
    package var networkAccess: Bool
    package var excludeTmpdirEnvVar: Bool
    package var excludeSlashTmp: Bool

    package init(
      writableRoots: [String] = [], networkAccess: Bool = false, excludeTmpdirEnvVar: Bool = false,
      excludeSlashTmp: Bool = false
    ) {
      self.writableRoots = writableRoots
      self.networkAccess = networkAccess
      self.excludeTmpdirEnvVar = excludeTmpdirEnvVar
      self.excludeSlashTmp = excludeSlashTmp
    }
  }

  /// The wire form: `{type: dangerFullAccess | readOnly | externalSandbox | workspaceWrite, …}`.
  package init(from reader: inout JSONReader) throws(JSONError) {
    let place = reader.error(.unexpectedEnd).offset
    let value = try reader.value()
    guard let object = value.objectValue else {
      throw JSONError(.wrongType(expected: "a sandbox policy", found: "another value"), at: place)
    }
    func flag(_ name: String) throws(JSONError) -> Bool {
      guard let member = object[name], !member.isNull else { return false }
      guard let flag = member.boolValue else {
        throw JSONError(.wrongType(expected: "a boolean", found: name), at: place)
      }
      return flag
    }
    guard let type = object["type"]?.stringValue else { throw JSONError(.missingField("type"), at: place) }
    switch type {
    case "dangerFullAccess": self = .dangerFullAccess
    case "readOnly": self = .readOnly(networkAccess: try flag("networkAccess"))
    case "externalSandbox":
      switch object["networkAccess"]?.stringValue {
      case nil, "restricted": self = .externalSandbox(networkAccess: false)
      case "enabled": self = .externalSandbox(networkAccess: true)
      case let other?:
        throw JSONError(.unknownVariant(other, expected: ["restricted", "enabled"]), at: place)
      }
    case "workspaceWrite":
      var roots: [String] = []
      for root in object["writableRoots"]?.arrayValue ?? [] {
        guard let path = root.stringValue, path.utf8.first == UInt8(ascii: "/") else {
          throw JSONError(.invalidValue("AbsolutePathBuf deserialized without a base path"), at: place)
        }
        roots.append(path)
      }
      self = .workspaceWrite(
        WorkspaceWrite(
          writableRoots: roots, networkAccess: try flag("networkAccess"),
          excludeTmpdirEnvVar: try flag("excludeTmpdirEnvVar"), excludeSlashTmp: try flag("excludeSlashTmp")))
    default:
      throw JSONError(
        .unknownVariant(type, expected: ["dangerFullAccess", "readOnly", "externalSandbox", "workspaceWrite"]),
        at: place)
    }
  }

  package var mode: SandboxMode {
    switch self {
    case .dangerFullAccess, .externalSandbox: .dangerFullAccess
    case .readOnly: .readOnly
    case .workspaceWrite: .workspaceWrite
    }
  }

  package var hasNetworkAccess: Bool {
    switch self {
    case .dangerFullAccess: true
    case .readOnly(let access), .externalSandbox(let access): access
    case .workspaceWrite(let settings): settings.networkAccess
    }
  }

  package func write(to writer: inout JSONWriter) {
    writer.beginObject()
    switch self {
    case .dangerFullAccess: writer.field("type", literal: "dangerFullAccess")
    case .readOnly(let networkAccess):
      writer.field("type", literal: "readOnly")
      writer.field("networkAccess", networkAccess)
    case .externalSandbox(let networkAccess):
      writer.field("type", literal: "externalSandbox")
      writer.field("networkAccess", networkAccess ? "enabled" : "restricted")
    case .workspaceWrite(let settings):
      writer.field("type", literal: "workspaceWrite")
      writer.field("writableRoots", settings.writableRoots)
      writer.field("networkAccess", settings.networkAccess)
      writer.field("excludeTmpdirEnvVar", settings.excludeTmpdirEnvVar)
      writer.field("excludeSlashTmp", settings.excludeSlashTmp)
    }
    writer.endObject()
  }

  /// The form in session files: `{type: "workspace-write", writable_roots, …}`.
  package func writeRollout(to writer: inout JSONWriter) {
    writer.beginObject()
    switch self {
    case .dangerFullAccess: writer.field("type", literal: "danger-full-access")
    case .readOnly(let networkAccess):
      writer.field("type", literal: "read-only")
      if networkAccess { writer.field("network_access", true) }
    case .externalSandbox(let networkAccess):
      writer.field("type", literal: "external-sandbox")
      writer.field("network_access", networkAccess ? "enabled" : "restricted")
    case .workspaceWrite(let settings):
      writer.field("type", literal: "workspace-write")
      if !settings.writableRoots.isEmpty { writer.field("writable_roots", settings.writableRoots) }
      writer.field("network_access", settings.networkAccess)
      writer.field("exclude_tmpdir_env_var", settings.excludeTmpdirEnvVar)
      writer.field("exclude_slash_tmp", settings.excludeSlashTmp)
    }
    writer.endObject()
  }

  /// Reads the form in session files; nil where it is none.
  package init?(rollout value: JSON) {
    let flag = { (name: String) in value[name]?.boolValue ?? false }
    switch value["type"]?.stringValue {
    case "danger-full-access": self = .dangerFullAccess
    case "read-only": self = .readOnly(networkAccess: flag("network_access"))
    case "external-sandbox": self = .externalSandbox(networkAccess: value["network_access"]?.stringValue == "enabled")
    case "workspace-write":
      self = .workspaceWrite(
        WorkspaceWrite(
          writableRoots: value["writable_roots"]?.arrayValue?.compactMap(\.stringValue) ?? [],
          networkAccess: flag("network_access"), excludeTmpdirEnvVar: flag("exclude_tmpdir_env_var"),
          excludeSlashTmp: flag("exclude_slash_tmp")))
    default: return nil
    }
  }
}

/// The built-in permission profiles, which name a sandbox mode each.
package enum PermissionProfile: String, WireEnum {
  case readOnly = ":read-only"
  case workspace = ":workspace"
  case dangerFullAccess = ":danger-full-access"

  package var mode: SandboxMode {
    switch self {
    case .readOnly: .readOnly
    case .workspace: .workspaceWrite
    case .dangerFullAccess: .dangerFullAccess
    }
  }
}

package enum ReasoningSummary: String, WireEnum {
  case auto, concise, detailed, none
}

/// `{mode: default | plan, settings: {model, reasoning_effort, developer_instructions}}`
package struct CollaborationMode: Sendable, Equatable {
  package enum Kind: String, WireEnum {
    case standard = "default"
    case plan
  }

  package var kind: Kind
  package var model: String
  package var reasoningEffort: String?
  package var developerInstructions: String?

  package init(
    kind: Kind = .standard, model: String, reasoningEffort: String? = nil, developerInstructions: String? = nil
  ) {
    self.kind = kind
    self.model = model
    self.reasoningEffort = reasoningEffort
    self.developerInstructions = developerInstructions
  }

  package init(from reader: inout JSONReader) throws(JSONError) {
    var kind: Kind?
    var model: String?
    var effort: String?
    var instructions: String?
    try reader.members { (key, reader) throws(JSONError) in
      switch key {
      case "mode": kind = try reader.enumeration()
      case "settings":
        try reader.members { (key, reader) throws(JSONError) in
          switch key {
          case "model": model = try reader.string()
          case "reasoning_effort": effort = try reader.optionalString()
          case "developer_instructions": instructions = try reader.optionalString()
          default: try reader.skip()
          }
        }
      default: try reader.skip()
      }
    }
    self.init(
      kind: try reader.require(kind, "mode"), model: try reader.require(model, "model"), reasoningEffort: effort,
      developerInstructions: instructions)
  }

  package func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.field("mode", kind.rawValue)
    writer.key("settings")
    writer.beginObject()
    writer.field("model", model)
    writer.field("reasoning_effort", reasoningEffort)
    writer.field("developer_instructions", developerInstructions)
    writer.endObject()
    writer.endObject()
  }
}
