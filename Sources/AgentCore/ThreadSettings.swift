package import AppServerProtocol
package import JSON

/// How a thread works: what `thread/start` and its kin answer, what `turn/start` may change, and what session files
/// keep.
package struct ThreadSettings: Sendable, Equatable {
  package var model: String
  package var modelProvider: String
  /// Absolute.
  package var cwd: String
  package var approvalPolicy: ApprovalPolicy
  package var approvalsReviewer: ApprovalsReviewer
  package var sandbox: SandboxPolicy
  /// The permission profile that the sandbox came from, if one was named.
  package var permissionProfile: String?
  package var effort: String?
  package var summary: ReasoningSummary?
  package var serviceTier: String?
  package var modeKind = CollaborationMode.Kind.standard
  /// Instructions of the collaboration mode, not those of the thread.
  package var modeInstructions: String?

  package init(
    model: String, modelProvider: String, cwd: String, approvalPolicy: ApprovalPolicy,
    approvalsReviewer: ApprovalsReviewer = .user, sandbox: SandboxPolicy
  ) {
    self.model = model
    self.modelProvider = modelProvider
    self.cwd = cwd
    self.approvalPolicy = approvalPolicy
    self.approvalsReviewer = approvalsReviewer
    self.sandbox = sandbox
  }

  package var collaborationMode: CollaborationMode {
    CollaborationMode(
      kind: modeKind, model: model, reasoningEffort: effort, developerInstructions: modeInstructions)
  }

  /// Takes over what a turn changes. `cwd` and permission profiles must have been resolved before. A collaboration mode
  /// brings its own model and effort, which count before the single fields.
  package mutating func apply(_ overrides: TurnOverrides) {
    if let model = overrides.model { self.model = model }
    if let effort = overrides.effort { self.effort = effort }
    if let summary = overrides.summary { self.summary = summary }
    if let cwd = overrides.cwd { self.cwd = cwd }
    if let sandbox = overrides.sandboxPolicy {
      self.sandbox = sandbox
      permissionProfile = nil
    }
    if let policy = overrides.approvalPolicy { approvalPolicy = policy }
    if let reviewer = overrides.approvalsReviewer { approvalsReviewer = reviewer }
    if let tier = overrides.serviceTier { serviceTier = tier }
    if let mode = overrides.collaborationMode {
      modeKind = mode.kind
      model = mode.model
      effort = mode.reasoningEffort
      modeInstructions = mode.developerInstructions
    }
  }

  private func writeProfile(to writer: inout JSONWriter) {
    writer.key("activePermissionProfile")
    guard let permissionProfile else { return writer.null() }
    writer.beginObject()
    writer.field("id", permissionProfile)
    writer.nullField("extends")
    writer.endObject()
  }

  /// The members that `thread/start`, `thread/resume` and `thread/fork` put beside the thread, without the object around
  /// them. `collaborationMode` belongs to resume alone.
  package func writeResponseMembers(
    instructionSources: [String], withCollaborationMode: Bool, to writer: inout JSONWriter
  ) {
    writer.field("model", model)
    writer.field("modelProvider", modelProvider)
    writer.field("serviceTier", serviceTier)
    writer.field("disabledPluginIds", [])
    writer.field("cwd", cwd)
    writer.field("runtimeWorkspaceRoots", [cwd])
    writer.field("instructionSources", instructionSources)
    writer.key("approvalPolicy")
    approvalPolicy.write(to: &writer)
    writer.field("approvalsReviewer", approvalsReviewer.rawValue)
    writer.key("sandbox")
    sandbox.write(to: &writer)
    writeProfile(to: &writer)
    writer.field("reasoningEffort", effort)
    if withCollaborationMode {
      writer.key("collaborationMode")
      collaborationMode.write(to: &writer)
    }
    writer.field("multiAgentMode", literal: "explicitRequestOnly")
  }

  /// `threadSettings` of `thread/settings/updated`.
  package func writeNotification(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.field("disabledPluginIds", [])
    writer.field("cwd", cwd)
    writer.key("approvalPolicy")
    approvalPolicy.write(to: &writer)
    writer.field("approvalsReviewer", approvalsReviewer.rawValue)
    writer.key("sandboxPolicy")
    sandbox.write(to: &writer)
    writeProfile(to: &writer)
    writer.field("model", model)
    writer.field("modelProvider", modelProvider)
    writer.field("serviceTier", serviceTier)
    writer.field("effort", effort)
    writer.field("summary", summary?.rawValue)
    writer.key("collaborationMode")
    collaborationMode.write(to: &writer)
    writer.field("multiAgentMode", literal: "explicitRequestOnly")
    writer.nullField("personality")
    writer.endObject()
  }

  // MARK: - Session files (session-files.md §2)

  /// `thread_settings` of a `thread_settings_applied` record.
  package func writeStoredSettings(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.field("model", model)
    writer.field("model_provider_id", modelProvider)
    writeStoredPolicies(to: &writer)
    writer.field("cwd", cwd)
    writer.field("runtime_workspace_roots", [cwd])
    if let effort { writer.field("reasoning_effort", effort) }
    if let summary { writer.field("reasoning_summary", summary.rawValue) }
    if let serviceTier { writer.field("service_tier", serviceTier) }
    writer.key("collaboration_mode")
    collaborationMode.write(to: &writer)
    writer.field("disabled_plugin_ids", [])
    writer.endObject()
  }

  private func writeStoredPolicies(to writer: inout JSONWriter) {
    writer.key("approval_policy")
    approvalPolicy.write(to: &writer)
    writer.field("approvals_reviewer", approvalsReviewer.rawValue)
    writer.key("sandbox_policy")
    sandbox.writeRollout(to: &writer)
    writer.field("permission_profile", storedPermissionProfile)
  }

  /// The `permission_profile` beside a stored sandbox policy. Only full access has one that is the same whatever the
  /// folders; for the others the reader goes by the sandbox policy.
  package var storedPermissionProfile: RawJSON? {
    sandbox == .dangerFullAccess ? RawJSON(["type": "disabled"]) : nil
  }

  /// Takes over what a stored `turn_context` or `thread_settings` object says; what it does not say stays.
  package mutating func apply(stored value: JSON) {
    if let model = value["model"]?.stringValue { self.model = model }
    if let provider = value["model_provider_id"]?.stringValue { modelProvider = provider }
    if let cwd = value["cwd"]?.stringValue { self.cwd = Self.path(fromStored: cwd) }
    if let policy = value["approval_policy"] {
      if let name = policy.stringValue, let known = ApprovalPolicy(name: name) { approvalPolicy = known }
      if let flags = policy["granular"] { approvalPolicy = .granular(flags) }
    }
    if let reviewer = value["approvals_reviewer"]?.stringValue.flatMap(ApprovalsReviewer.init(rawValue:)) {
      approvalsReviewer = reviewer
    }
    if let sandbox = value["sandbox_policy"].flatMap(SandboxPolicy.init(rollout:)) { self.sandbox = sandbox }
    if let effort = (value["effort"] ?? value["reasoning_effort"])?.stringValue { self.effort = effort }
    if let tier = value["service_tier"]?.stringValue { serviceTier = tier }
    if let summary = (value["summary"] ?? value["reasoning_summary"])?.stringValue {
      self.summary = summary == "none" ? nil : ReasoningSummary(rawValue: summary)
    }
    if let mode = value["collaboration_mode"] {
      if let kind = mode["mode"]?.stringValue.flatMap(CollaborationMode.Kind.init(rawValue:)) { modeKind = kind }
      modeInstructions = mode["settings"]?["developer_instructions"]?.stringValue
      if let effort = mode["settings"]?["reasoning_effort"]?.stringValue { self.effort = effort }
    }
  }

  /// Newer records have `file://` addresses where older ones have paths.
  private static func path(fromStored text: String) -> String {
    text.utf8.starts(with: "file://".utf8) ? String(text.dropFirst(7)) : text
  }
}
