/// The settings that the reference (0.163) knows, by name. What we act on is described down to its values; the rest is
/// accepted and kept, described as far as its names are known.
enum ConfigSchema {
  static let root = ConfigShape.table(fields)

  static let names: [String] = fields.keys.sorted()

  static let fields: [String: ConfigShape] = model.merging(policy) { first, _ in first }
    .merging(surroundings) { first, _ in first }
    .merging(kept) { first, _ in first }

  private static let model: [String: ConfigShape] = [
    "model": .string,
    "review_model": .string,
    "model_provider": .string,
    "model_providers": .map(provider),
    "model_reasoning_effort": .nonEmptyString("reasoning_effort"),
    "plan_mode_reasoning_effort": .nonEmptyString("reasoning_effort"),
    "model_reasoning_summary": .choice(of: ReasoningSummary.self),
    "model_verbosity": .choice(of: Verbosity.self),
    "model_context_window": .i64,
    "model_auto_compact_token_limit": .i64,
    "model_auto_compact_token_limit_scope": .choice(["total", "body_after_prefix"]),
    "model_post_turn_compact_threshold_percent": .integer(0...255, "u8"),
    "model_instructions_file": .path,
    "model_catalog_json": .path,
    "service_tier": .string,
    "openai_base_url": .string,
    "chatgpt_base_url": .string,
    "oss_provider": .string,
    "responses_api_metadata": .map(.string),
    "instructions": .string,
    "developer_instructions": .string,
    "compact_prompt": .string,
    "experimental_compact_prompt_file": .path,
    "include_permissions_instructions": .bool,
    "include_environment_context": .bool,
    "include_environment_context_time": .bool,
    "include_collaboration_mode_instructions": .bool,
    "include_apps_instructions": .bool,
    "personality": .choice(["none", "friendly", "pragmatic"]),
    "hide_agent_reasoning": .bool,
    "show_raw_agent_reasoning": .bool,
  ]

  private static let policy: [String: ConfigShape] = [
    "approval_policy": .approvalPolicy,
    "approvals_reviewer": .choice(ApprovalsReviewer.spellings),
    "sandbox_mode": .choice(of: SandboxMode.self),
    "sandbox_workspace_write": .table([
      "writable_roots": .list(.path), "network_access": .bool, "exclude_tmpdir_env_var": .bool,
      "exclude_slash_tmp": .bool,
    ]),
    "default_permissions": .string,
    "permissions": .map(.anyTable),
    "projects": .map(.table(["trust_level": .choice(of: TrustLevel.self)])),
    "shell_environment_policy": .table([
      "inherit": .choice(of: ShellEnvironmentPolicy.Inheritance.self), "ignore_default_excludes": .bool,
      "exclude": .strings, "set": .map(.string), "include_only": .strings, "filters": .anyTable,
      "experimental_use_profile": .bool,
    ]),
    "allow_login_shell": .bool,
    "background_terminal_max_timeout": .u64,
    "tool_output_token_limit": .usize,
    "web_search": .choice(of: WebSearchMode.self),
    "tools": .table([
      "web_search": .boolOr(
        .table([
          "context_size": .choice(["low", "medium", "high"]), "allowed_domains": .strings,
          "location": .table(["country": .string, "region": .string, "city": .string, "timezone": .string]),
        ])),
      "update_plan": .table(["enabled": .bool]),
      "experimental_request_user_input": .table(["enabled": .bool]),
    ]),
    "features": .features,
    "cli_auth_credentials_store": .choice(of: CredentialsStore.self),
    "forced_login_method": .choice(of: LoginMethod.self),
    "forced_chatgpt_workspace_id": .stringOrStrings,
  ]

  private static let surroundings: [String: ConfigShape] = [
    "project_doc_max_bytes": .usize,
    "project_doc_fallback_filenames": .strings,
    "project_root_markers": .strings,
    "history": .table(["persistence": .choice(of: HistoryPersistence.self), "max_bytes": .usize]),
    "notify": .strings,
    "thread_unload_delay_secs": .u64,
    "sqlite_home": .path,
    "log_dir": .path,
    "mcp_servers": .map(.anyTable),
    "mcp_oauth_credentials_store": .choice(["auto", "file", "keyring"]),
    "mcp_oauth_callback_port": .integer(0...65535, "u16"),
    "mcp_oauth_callback_url": .string,
    "mcp_optional_startup_grace_ms": .u64,
    "mcp_enterprise_managed_auth": .anyTable,
    "skills": .table(["include_instructions": .bool, "config": .list(.any), "bundled": .anyTable]),
    "hooks": .anyTable,
    "profile": .string,
    "profiles": .anyTable,
    "analytics": .anyTable,
    "feedback": .table(["enabled": .bool]),
  ]

  private static let kept: [String: ConfigShape] = [
    "agents": .anyTable,
    "allow_symlinked_codex_home": .bool,
    "apps": .anyTable,
    "apps_mcp_product_sku": .string,
    "audio": .table(["microphone_channel": .any, "microphone": .string, "speaker": .string]),
    "auto_review": .anyTable,
    "browser_use": .anyTable,
    "check_for_update_on_startup": .bool,
    "cloud": .table(["skills": .anyTable]),
    "computer_use": .anyTable,
    "daybreak": .bool,
    "desktop": .anyTable,
    "disable_paste_burst": .bool,
    "experimental_realtime_start_instructions": .string,
    "experimental_realtime_webrtc_call_base_url": .string,
    "experimental_realtime_ws_backend_prompt": .string,
    "experimental_realtime_ws_base_url": .string,
    "experimental_realtime_ws_model": .string,
    "experimental_realtime_ws_startup_context": .string,
    "experimental_thread_store": .anyTable,
    "experimental_thread_store_endpoint": .string,
    "experimental_use_unified_exec_tool": .bool,
    "file_opener": .choice(["vscode", "vscode-insiders", "windsurf", "cursor", "none"]),
    "ghost_snapshot": .table([
      "ignore_large_untracked_files": .i64, "ignore_large_untracked_dirs": .i64, "disable_warnings": .bool,
    ]),
    "goals": .table(["max_goal_token_budget": .nonZero]),
    "js_repl_node_module_dirs": .list(.path),
    "js_repl_node_path": .path,
    "marketplaces": .map(.anyTable),
    "memories": .anyTable,
    "notice": .anyTable,
    "orchestrator": .table(["skills": .anyTable, "mcp": .anyTable]),
    "otel": .anyTable,
    "plugins": .map(.anyTable),
    "realtime": .table(["version": .string, "type": .string, "transport": .string, "voice": .string]),
    "suppress_unstable_features_warning": .bool,
    "tool_suggest": .table(["discoverables": .list(.anyTable), "disabled_tools": .list(.anyTable)]),
    "tui": .anyTable,
    "windows": .table(["sandbox": .string, "allow_mxc": .bool]),
  ]

  /// One table under `model_providers`.
  static let provider = ConfigShape.table([
    "name": .string,
    "base_url": .string,
    "model_catalog_url": .string,
    "env_key": .string,
    "env_key_instructions": .string,
    "experimental_bearer_token": .string,
    "auth": .table([
      "command": .string, "args": .strings, "cwd": .path, "timeout_ms": .nonZero, "refresh_interval_ms": .u64,
    ]),
    "gateway_oauth": .anyTable,
    "aws": .anyTable,
    "wire_api": .wireAPI,
    "capabilities": .table(["external_web_access": .bool, "remote_compaction": .bool]),
    "query_params": .map(.string),
    "http_headers": .map(.string),
    "env_http_headers": .map(.string),
    "request_max_retries": .u64,
    "stream_max_retries": .u64,
    "stream_idle_timeout_ms": .u64,
    "websocket_connect_timeout_ms": .u64,
    "requires_openai_auth": .bool,
    "supports_websockets": .bool,
    "supports_standalone_web_search": .bool,
  ])
}
