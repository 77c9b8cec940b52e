package import JSON

/// The effective settings with their types, checked. Nil means that nobody set it and another place decides.
package struct Settings: Sendable {
  package static let defaultChatGPTBaseURL = "https://chatgpt.com/backend-api/"
  package static let defaultProviderID = "openai"

  package var model: String?
  package var reviewModel: String?
  package var provider: ModelProvider
  /// Every provider that a thread may name: built-in ones first, then those of the configuration.
  package var providers: [ModelProvider]
  package var reasoningEffort: String?
  package var planModeReasoningEffort: String?
  package var reasoningSummary: ReasoningSummary?
  package var verbosity: Verbosity?
  /// Tokens.
  package var contextWindow: Int?
  /// Tokens.
  package var autoCompactTokenLimit: Int?
  package var modelInstructionsFile: String?
  package var modelCatalogFile: String?
  /// As requests name it: the configuration's `fast` is `priority`.
  package var serviceTier: String?
  package var openAIBaseURL: String?
  package var chatGPTBaseURL: String

  package var instructions: String?
  package var developerInstructions: String?
  package var compactPrompt: String?
  package var includesPermissionsInstructions: Bool
  package var includesEnvironmentContext: Bool
  package var includesCollaborationModeInstructions: Bool

  package var approvalPolicy: ApprovalPolicy?
  package var approvalsReviewer: ApprovalsReviewer
  package var sandboxMode: SandboxMode?
  package var workspaceWrite: WorkspaceWriteSettings
  package var shellEnvironment: ShellEnvironmentPolicy
  package var allowsLoginShell: Bool
  package var backgroundTerminalMaxTimeoutMilliseconds: Int
  /// Tokens.
  package var toolOutputTokenLimit: Int?
  package var webSearch: WebSearchMode?

  package var projectDocMaxBytes: Int
  package var projectDocFallbackFilenames: [String]
  package var projectRootMarkers: [String]

  package var credentialsStore: CredentialsStore
  package var forcedLoginMethod: LoginMethod?
  /// Empty if any workspace may log in.
  package var forcedWorkspaceIDs: [String]

  package var hidesAgentReasoning: Bool
  package var showsRawAgentReasoning: Bool
  package var history: HistorySettings
  package var notify: [String]?
  package var threadUnloadDelaySeconds: Int?
  package var sqliteHome: String?
  package var logDirectory: String?
  package var features: FeatureSet
  /// The merged settings as they are, for what has no field here, such as `mcp_servers`.
  package var raw: JSONObject

  /// Decodes and checks. Every known key must have its type, whether it has a field here or not; an error names the
  /// key, and the file, line and column if a file has it.
  package init(_ stack: ConfigStack) throws(ConfigError) {
    do {
      try self.init(checking: stack.effective)
    } catch {
      throw stack.located(error)
    }
  }

  /// The same without places, for a value that is about to be written.
  package init(checking effective: JSONObject) throws(ConfigError) {
    try ConfigSchema.root.check(.object(effective), at: [])
    let reader = TableReader(effective)
    if let profile = reader.string("profile") {
      throw ConfigError(
        "legacy `profile = \"\(profile)\"` config is no longer supported; "
          + "use `--profile \(profile)` with `\(profile).config.toml` instead")
    }
    if effective["experimental_thread_store_endpoint"] != nil {
      throw ConfigError("`experimental_thread_store_endpoint` is no longer supported; remove it from config.toml")
    }
    openAIBaseURL = reader.string("openai_base_url")
    providers = try Self.providers(reader, openAIBaseURL: openAIBaseURL)
    let providerID = reader.string("model_provider") ?? Self.defaultProviderID
    provider = try Self.provider(providerID, in: providers)

    model = reader.string("model")
    reviewModel = reader.string("review_model")
    reasoningEffort = reader.string("model_reasoning_effort")
    planModeReasoningEffort = reader.string("plan_mode_reasoning_effort")
    reasoningSummary = reader.choice("model_reasoning_summary")
    verbosity = reader.choice("model_verbosity")
    contextWindow = reader.int("model_context_window")
    autoCompactTokenLimit = reader.int("model_auto_compact_token_limit")
    modelInstructionsFile = reader.string("model_instructions_file")
    modelCatalogFile = reader.string("model_catalog_json")
    serviceTier = reader.string("service_tier").map { $0 == "fast" ? "priority" : $0 }
    chatGPTBaseURL = reader.string("chatgpt_base_url") ?? Self.defaultChatGPTBaseURL

    instructions = reader.string("instructions")
    developerInstructions = reader.string("developer_instructions")
    compactPrompt = reader.string("compact_prompt")
    includesPermissionsInstructions = reader.bool("include_permissions_instructions") ?? true
    includesEnvironmentContext = reader.bool("include_environment_context") ?? true
    includesCollaborationModeInstructions = reader.bool("include_collaboration_mode_instructions") ?? true

    if let policy = effective["approval_policy"] {
      approvalPolicy = try ApprovalPolicy(policy, at: ["approval_policy"])
    } else {
      approvalPolicy = nil
    }
    approvalsReviewer = reader.string("approvals_reviewer").flatMap(ApprovalsReviewer.init(spelling:)) ?? .user
    sandboxMode = reader.choice("sandbox_mode")
    workspaceWrite = Self.workspaceWrite(reader.table("sandbox_workspace_write"))
    shellEnvironment = Self.shellEnvironment(reader.table("shell_environment_policy"))
    allowsLoginShell = reader.bool("allow_login_shell") ?? true
    backgroundTerminalMaxTimeoutMilliseconds =
      reader.int("background_terminal_max_timeout") ?? ConfigDefaults.backgroundTerminalMaxTimeout
    toolOutputTokenLimit = reader.int("tool_output_token_limit")
    webSearch = reader.choice("web_search")

    projectDocMaxBytes = reader.int("project_doc_max_bytes") ?? ConfigDefaults.projectDocMaxBytes
    projectDocFallbackFilenames = reader.strings("project_doc_fallback_filenames") ?? []
    projectRootMarkers = reader.strings("project_root_markers") ?? ConfigDefaults.projectRootMarkers

    credentialsStore = reader.choice("cli_auth_credentials_store") ?? .file
    forcedLoginMethod = reader.choice("forced_login_method")
    forcedWorkspaceIDs =
      reader.string("forced_chatgpt_workspace_id").map { [$0] } ?? reader.strings("forced_chatgpt_workspace_id") ?? []

    hidesAgentReasoning = reader.bool("hide_agent_reasoning") ?? false
    showsRawAgentReasoning = reader.bool("show_raw_agent_reasoning") ?? false
    history = Self.history(reader.table("history"))
    notify = reader.strings("notify")
    threadUnloadDelaySeconds = reader.int("thread_unload_delay_secs")
    sqliteHome = reader.string("sqlite_home")
    logDirectory = reader.string("log_dir")
    features = FeatureSet(reader.table("features")?.table ?? JSONObject())
    raw = effective
  }

  /// The provider of a thread that names one.
  package func provider(named id: String) throws(ConfigError) -> ModelProvider {
    try Self.provider(id, in: providers)
  }

  /// What holds for a folder: the configured policies, else defaults that depend on whether the user trusts it.
  package func policies(for trust: TrustLevel?) -> (approval: ApprovalPolicy, sandbox: SandboxMode) {
    switch trust {
    case .trusted: (approvalPolicy ?? .onRequest, sandboxMode ?? .workspaceWrite)
    case .untrusted: (approvalPolicy ?? .untrusted, sandboxMode ?? .workspaceWrite)
    case nil: (approvalPolicy ?? .onRequest, sandboxMode ?? .readOnly)
    }
  }

  // MARK: - Parts

  private static func providers(
    _ reader: TableReader, openAIBaseURL: String?
  ) throws(ConfigError) -> [ModelProvider] {
    var providers = ModelProvider.builtIn(openAIBaseURL: openAIBaseURL)
    let tables = reader.table("model_providers")?.table ?? JSONObject()
    let reserved = tables.keys.filter { ModelProvider.reservedIDs.contains($0) }.sorted()
    if let first = reserved.first {
      let names = reserved.map { "`\($0)`" }.joined(separator: ", ")
      throw ConfigError(
        "model_providers contains reserved built-in provider IDs: \(names). Built-in providers cannot be overridden. "
          + "Rename your custom provider (for example, `openai-custom`).", at: ["model_providers", first])
    }
    for (id, value) in tables.members {
      guard let table = value.objectValue else { continue }
      providers.append(try ModelProvider(id: id, table))
    }
    return providers
  }

  private static func provider(_ id: String, in providers: [ModelProvider]) throws(ConfigError) -> ModelProvider {
    guard let provider = providers.first(where: { $0.id.utf8.elementsEqual(id.utf8) }) else {
      throw ConfigError("Model provider `\(id)` not found")
    }
    return provider
  }

  private static func workspaceWrite(_ reader: TableReader?) -> WorkspaceWriteSettings {
    var settings = WorkspaceWriteSettings()
    guard let reader else { return settings }
    settings.writableRoots = reader.strings("writable_roots") ?? []
    settings.hasNetworkAccess = reader.bool("network_access") ?? false
    settings.excludesTmpdirVariable = reader.bool("exclude_tmpdir_env_var") ?? false
    settings.excludesSlashTmp = reader.bool("exclude_slash_tmp") ?? false
    return settings
  }

  private static func shellEnvironment(_ reader: TableReader?) -> ShellEnvironmentPolicy {
    var policy = ShellEnvironmentPolicy()
    guard let reader else { return policy }
    policy.inherit = reader.choice("inherit") ?? policy.inherit
    policy.ignoresDefaultExcludes = reader.bool("ignore_default_excludes") ?? policy.ignoresDefaultExcludes
    policy.exclude = reader.strings("exclude") ?? []
    policy.set = reader.pairs("set")
    policy.includeOnly = reader.strings("include_only") ?? []
    policy.usesProfile = reader.bool("experimental_use_profile") ?? false
    return policy
  }

  private static func history(_ reader: TableReader?) -> HistorySettings {
    var history = HistorySettings()
    guard let reader else { return history }
    history.persistence = reader.choice("persistence") ?? history.persistence
    history.maximumBytes = reader.int("max_bytes")
    return history
  }
}
