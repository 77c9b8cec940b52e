import Configuration
import JSON
import Testing

@Suite struct `Typed settings` {
  @Test func `nothing set gives the defaults`() throws {
    let settings = try settings("")
    #expect(settings.model == nil)
    #expect(settings.provider.id == "openai")
    #expect(settings.provider.requiresOpenAIAuth)
    #expect(settings.providers.map(\.id) == ["openai", "ollama", "lmstudio"])
    #expect(settings.approvalPolicy == nil)
    #expect(settings.approvalsReviewer == .user)
    #expect(settings.sandboxMode == nil)
    #expect(settings.workspaceWrite == WorkspaceWriteSettings())
    #expect(settings.shellEnvironment == ShellEnvironmentPolicy())
    #expect(settings.allowsLoginShell)
    #expect(settings.backgroundTerminalMaxTimeoutMilliseconds == 300_000)
    #expect(settings.projectDocMaxBytes == 32_768)
    #expect(settings.projectRootMarkers == [".git"])
    #expect(settings.credentialsStore == .file)
    #expect(settings.chatGPTBaseURL == "https://chatgpt.com/backend-api/")
    #expect(settings.history == HistorySettings())
    #expect(settings.includesEnvironmentContext && settings.includesPermissionsInstructions)
    #expect(settings.includesCollaborationModeInstructions)
    #expect(!settings.hidesAgentReasoning && !settings.showsRawAgentReasoning)
    #expect(settings.notify == nil && settings.forcedWorkspaceIDs.isEmpty)
    #expect(settings.features.isEnabled("shell_tool"))
    #expect(!settings.features.isEnabled("memories") && !settings.features.isEnabled("nobody_knows"))
  }

  @Test func `every setting has its field`() throws {
    let settings = try settings(
      """
      model = "m"
      review_model = "r"
      model_reasoning_effort = "high"
      model_reasoning_summary = "concise"
      model_verbosity = "low"
      model_context_window = 1000
      model_auto_compact_token_limit = 900
      model_instructions_file = "i.md"
      model_catalog_json = "/c.json"
      service_tier = "fast"
      openai_base_url = "http://127.0.0.1:1/v1/"
      chatgpt_base_url = "http://127.0.0.1:2"
      instructions = "i"
      developer_instructions = "d"
      compact_prompt = "c"
      include_permissions_instructions = false
      include_environment_context = false
      include_collaboration_mode_instructions = false
      approval_policy = "never"
      approvals_reviewer = "guardian_subagent"
      sandbox_mode = "workspace-write"
      allow_login_shell = false
      background_terminal_max_timeout = 5
      tool_output_token_limit = 7
      web_search = "cached"
      project_doc_max_bytes = 1
      project_doc_fallback_filenames = ["A.md"]
      project_root_markers = []
      cli_auth_credentials_store = "ephemeral"
      forced_login_method = "api"
      forced_chatgpt_workspace_id = "w"
      hide_agent_reasoning = true
      show_raw_agent_reasoning = true
      history = {persistence = "none", max_bytes = 9}
      notify = ["n", "1"]
      thread_unload_delay_secs = 60
      sqlite_home = "s"
      log_dir = "l"
      plan_mode_reasoning_effort = "xhigh"
      mcp_servers.x.command = "c"

      [sandbox_workspace_write]
      writable_roots = ["/r"]
      network_access = true
      exclude_tmpdir_env_var = true
      exclude_slash_tmp = true

      [shell_environment_policy]
      inherit = "core"
      ignore_default_excludes = false
      exclude = ["A*"]
      set = {K = "v"}
      include_only = ["B"]
      experimental_use_profile = true

      [features]
      codex_hooks = false
      memories = true
      multi_agent_v2 = {enabled = true}
      """)
    #expect(settings.model == "m" && settings.reviewModel == "r")
    #expect(settings.reasoningEffort == "high" && settings.planModeReasoningEffort == "xhigh")
    #expect(settings.reasoningSummary == .concise && settings.verbosity == .low)
    #expect(settings.contextWindow == 1000 && settings.autoCompactTokenLimit == 900)
    #expect(settings.modelInstructionsFile == "/home/u/.codex/i.md" && settings.modelCatalogFile == "/c.json")
    #expect(settings.serviceTier == "priority")
    #expect(settings.provider.baseURL == "http://127.0.0.1:1/v1")
    #expect(settings.chatGPTBaseURL == "http://127.0.0.1:2")
    #expect(settings.instructions == "i" && settings.developerInstructions == "d" && settings.compactPrompt == "c")
    #expect(!settings.includesEnvironmentContext && !settings.includesPermissionsInstructions)
    #expect(!settings.includesCollaborationModeInstructions)
    #expect(settings.approvalPolicy == .never && settings.approvalsReviewer == .autoReview)
    #expect(settings.sandboxMode == .workspaceWrite)
    var write = WorkspaceWriteSettings()
    write.writableRoots = ["/r"]
    write.hasNetworkAccess = true
    write.excludesTmpdirVariable = true
    write.excludesSlashTmp = true
    #expect(settings.workspaceWrite == write)
    var shell = ShellEnvironmentPolicy()
    shell.inherit = .core
    shell.ignoresDefaultExcludes = false
    shell.exclude = ["A*"]
    shell.set = [("K", "v")]
    shell.includeOnly = ["B"]
    shell.usesProfile = true
    #expect(settings.shellEnvironment == shell)
    #expect(!settings.allowsLoginShell && settings.backgroundTerminalMaxTimeoutMilliseconds == 5)
    #expect(settings.toolOutputTokenLimit == 7 && settings.webSearch == .cached)
    #expect(settings.projectDocMaxBytes == 1 && settings.projectDocFallbackFilenames == ["A.md"])
    #expect(settings.projectRootMarkers.isEmpty)
    #expect(settings.credentialsStore == .ephemeral && settings.forcedLoginMethod == .api)
    #expect(settings.forcedWorkspaceIDs == ["w"])
    #expect(settings.hidesAgentReasoning && settings.showsRawAgentReasoning)
    #expect(settings.history.persistence == .none && settings.history.maximumBytes == 9)
    #expect(settings.notify == ["n", "1"] && settings.threadUnloadDelaySeconds == 60)
    #expect(settings.sqliteHome == "/home/u/.codex/s" && settings.logDirectory == "/home/u/.codex/l")
    #expect(!settings.features.isEnabled("hooks") && settings.features.configured("hooks") == false)
    #expect(settings.features.isEnabled("memory_tool") && settings.features.isEnabled("multi_agent_v2"))
    #expect(settings.features.configured("apps") == nil)
    #expect(settings.raw["mcp_servers"]?["x"]?["command"] == "c")
  }

  @Test(arguments: [
    ("model = 3", "1:9: invalid type: integer `3`, expected a string"),
    ("\nmodel = true", "2:9: invalid type: boolean `true`, expected a string"),
    ("model = [1]", "1:9: invalid type: sequence, expected a string"),
    ("[model]", "1:1: invalid type: map, expected a string"),
    ("model_context_window = 1.5", "1:24: invalid type: floating point `1.5`, expected i64"),
    ("thread_unload_delay_secs = -1", "1:28: invalid value: integer `-1`, expected u64"),
    ("project_doc_max_bytes = 'x'", "1:25: invalid type: string \"x\", expected usize"),
    ("mcp_oauth_callback_port = 70000", "1:27: invalid value: integer `70000`, expected u16"),
    ("hide_agent_reasoning = 'true'", "1:24: invalid type: string \"true\", expected a boolean"),
    ("notify = 'x'", "1:10: invalid type: string \"x\", expected a sequence"),
    ("notify = [1]", "1:10: invalid type: integer `1`, expected a string"),
    ("history = 1", "1:11: invalid type: integer `1`, expected a map"),
    ("[history]\npersistence = 'x'", "2:15: unknown variant `x`, expected `save-all` or `none`"),
    (
      "sandbox_mode = 'x'",
      "1:16: unknown variant `x`, expected one of `read-only`, `workspace-write`, `danger-full-access`"
    ),
    ("sandbox_mode = 1", "1:16: invalid type: integer `1`, expected a string"),
    (
      "approval_policy = 'bogus'",
      "1:19: unknown variant `bogus`, expected one of `untrusted`, `on-failure`, `on-request`, `granular`, `never`"
    ),
    (
      "approval_policy = {bogus = 1}",
      "1:19: unknown variant `bogus`, expected one of `untrusted`, `on-failure`, `on-request`, `granular`, `never`"
    ),
    ("approval_policy = {granular = {rules = true}}", "1:31: missing field `sandbox_approval`"),
    (
      "approval_policy.granular = {rules = 1, sandbox_approval = true, mcp_elicitations = true}",
      "1:37: invalid type: integer `1`, expected a boolean"
    ),
    ("approval_policy = {}", "1:19: invalid type: map, expected a string or a table with the key `granular`"),
    ("model_reasoning_effort = ''", "1:26: reasoning_effort must not be empty"),
    ("forced_chatgpt_workspace_id = 1", "1:31: invalid type: integer `1`, expected a sequence"),
    ("[features]\nhooks = 'x'", "2:9: invalid type: string \"x\", expected a boolean"),
    ("[features]\nhooks = {}", "2:9: invalid type: map, expected a boolean"),
    ("[projects.'/x']\ntrust_level = 'x'", "2:15: unknown variant `x`, expected `trusted` or `untrusted`"),
    ("[tools]\nweb_search = 1", "2:14: invalid type: integer `1`, expected a map"),
    ("goals.max_goal_token_budget = 0", "1:31: invalid value: integer `0`, expected a nonzero u64"),
  ])
  func `a wrong value is refused with file, line and column`(_ text: String, _ message: String) {
    #expect(refusal(text) == "/home/u/.codex/config.toml:" + message)
  }

  @Test func `a wrong value from no file is refused with its key`() {
    let message = "invalid type: integer `3`, expected a string\nin `model`\n"
    #expect(refusal("", flags: ["model=3"]) == message)
    #expect(refusal("model = 'x'", thread: ["model": 3]) == message)
    #expect(
      refusal("", thread: ["model_context_window": 1.0])
        == "invalid type: floating point `1.0`, expected i64\nin `model_context_window`\n")
    // The layer that decides is fine, so what lies below does not matter.
    #expect(refusal("model = 3", flags: ["model=x"]) == nil)
  }

  @Test func `an error has the range of its value`() throws {
    do {
      _ = try settings("a = 1\nmodel = [1,\n 2]\n")
    } catch let error as ConfigError {
      let location = try #require(error.location)
      #expect((location.line, location.column) == (2, 9))
      #expect((location.endLine, location.endColumn) == (3, 3))
      #expect(error.keyPath == ["model"])
      #expect(
        error.warning() == [
          "summary": "Invalid configuration; using defaults.",
          "details": "/home/u/.codex/config.toml:2:9: invalid type: sequence, expected a string",
          "path": "/home/u/.codex/config.toml",
          "range": ["start": ["line": 2, "column": 9], "end": ["line": 3, "column": 3]],
        ])
      #expect(ConfigError("m", at: ["a", "b"]).warning(summary: "s") == ["summary": "s", "details": "m\nin `a.b`\n"])
      return
    }
    Issue.record("accepted")
  }

  @Test func `old ways are refused with advice`() {
    #expect(
      refusal("profile = 'x'")
        == "legacy `profile = \"x\"` config is no longer supported; use `--profile x` with `x.config.toml` instead")
    #expect(refusal("[profiles.x]\nmodel = 'a'") == nil)
    #expect(
      refusal("experimental_thread_store_endpoint = 'x'")
        == "`experimental_thread_store_endpoint` is no longer supported; remove it from config.toml")
  }

  @Test(
    arguments: [
      ("untrusted", .untrusted), ("on-request", .onRequest), ("on-failure", .onRequest), ("never", .never),
    ] as [(JSON, ApprovalPolicy)])
  func `approval policies are read from their names`(_ json: JSON, _ policy: ApprovalPolicy) throws {
    #expect(try ApprovalPolicy(json) == policy)
    if json != "on-failure" { #expect(policy.json == json) }
  }

  @Test func `a granular policy has two optional parts`() throws {
    let policy = try ApprovalPolicy([
      "granular": ["sandbox_approval": true, "rules": false, "mcp_elicitations": true, "else": 1]
    ])
    #expect(policy == .granular(.init(sandboxApproval: true, rules: false, mcpElicitations: true)))
    #expect(
      policy.json == [
        "granular": [
          "sandbox_approval": true, "rules": false, "skill_approval": false, "request_permissions": false,
          "mcp_elicitations": true,
        ]
      ])
    #expect(throws: ConfigError.self) { try ApprovalPolicy("granular") }
    #expect(throws: ConfigError.self) { try ApprovalPolicy(nil) }
    #expect(throws: ConfigError.self) { try ApprovalPolicy(1) }
  }

  @Test func `without settings the trust in a folder decides about policies`() throws {
    let open = try settings("")
    #expect(open.policies(for: .trusted) == (.onRequest, .workspaceWrite))
    #expect(open.policies(for: .untrusted) == (.untrusted, .workspaceWrite))
    #expect(open.policies(for: nil) == (.onRequest, .readOnly))
    let set = try settings("approval_policy = 'never'\nsandbox_mode = 'danger-full-access'")
    for trust in [TrustLevel.trusted, .untrusted, nil] {
      #expect(set.policies(for: trust) == (.never, .dangerFullAccess))
    }
  }

  @Test func `no damaged file makes reading it trap`() throws {
    let text = Array(
      """
      model = "m"
      approval_policy = {granular = {rules = true, sandbox_approval = true, mcp_elicitations = true}}
      notify = ["a"]
      [model_providers.x]
      name = "X"
      auth = {command = "c", cwd = "../.."}
      [projects."/x"]
      trust_level = "trusted"
      [features]
      hooks = false
      """.utf8)
    var accepted = 0
    for at in text.indices {
      for byte in [0x00, 0x22, 0x2E, 0x31, 0x5B, 0x7B, 0xFF] as [UInt8] {
        var damaged = text
        damaged[at] = byte
        guard let layer = try? ConfigLayer(userSource, file: damaged) else { continue }
        let stack = ConfigStack([layer], paths: paths)
        _ = stack.readResult(includesLayers: true)
        _ = stack.unknownKeysWarning
        if (try? Settings(stack)) != nil { accepted += 1 }
      }
    }
    #expect(accepted > 0)
  }
}
