import JSON

/// A switch under `[features]`, as the reference (0.163) lists it. Most of them change nothing here: they are accepted so
/// that a configuration written for the reference works.
package struct Feature: Equatable, Sendable {
  /// With the names of `experimentalFeature/list`.
  package enum Stage: String, Sendable {
    case underDevelopment
    case beta
    case stable
    case deprecated
    case removed
  }

  package let name: String
  package let stage: Stage
  /// Whether the reference has it on when nobody says anything.
  package let isEnabledByDefault: Bool
  /// Whether a table may stand where others have a boolean; its `enabled` is the switch.
  let takesTable: Bool

  private init(_ name: String, _ stage: Stage, isDefault: Bool = false, takesTable: Bool = false) {
    self.name = name
    self.stage = stage
    isEnabledByDefault = isDefault
    self.takesTable = takesTable
  }

  /// Former names → today's. The last one means nothing any more.
  static let aliases: [String: String] = [
    "web_search": "web_search_request",
    "connectors": "apps",
    "collab": "multi_agent",
    "codex_hooks": "hooks",
    "memory_tool": "memories",
    "telepathy": "chronicle",
    "request_permissions": "exec_permission_approvals",
    "enable_experimental_windows_sandbox": "experimental_windows_sandbox",
    "experimental_use_unified_exec_tool": "",
  ]

  private static let byName: [String: Feature] = Dictionary(
    all.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })

  package static func isKnown(_ name: String) -> Bool { byName[name] != nil || aliases[name] != nil }

  package static func named(_ name: String) -> Feature? { byName[aliases[name] ?? name] }

  static func takesTable(_ name: String) -> Bool { named(name)?.takesTable ?? false }

  /// In the order of the reference's list.
  package static let all: [Feature] = [
    Feature("analytics_plan_history", .beta),
    Feature("daemon_auto_start", .stable, isDefault: true),
    Feature("transcript_v2", .deprecated),
    Feature("undo", .removed),
    Feature("shell_tool", .stable, isDefault: true),
    Feature("view_image", .stable, isDefault: true),
    Feature("sleep_tool", .stable, isDefault: true, takesTable: true),
    Feature("secret_auth_storage", .stable),
    Feature("unified_exec", .stable, isDefault: true),
    Feature("unified_exec_tty", .stable, isDefault: true),
    Feature("shell_zsh_fork", .removed),
    Feature("unified_exec_zsh_fork", .removed),
    Feature("shell_snapshot", .stable, isDefault: true),
    Feature("login_shell_package_path", .beta),
    Feature("powershell_shell_version", .underDevelopment),
    Feature("shell_snapshot_v2", .underDevelopment),
    Feature("deferred_executor", .underDevelopment),
    Feature("cwd_relative_turn_diffs", .underDevelopment),
    Feature("js_repl", .removed),
    Feature("content_item_kinds", .stable, isDefault: true),
    Feature("executed_tool_call_metadata", .underDevelopment),
    Feature("stable_environment_tools", .underDevelopment),
    Feature("code_mode", .underDevelopment, takesTable: true),
    Feature("code_mode_tool_search", .underDevelopment),
    Feature("code_mode_buffered_exec", .removed),
    Feature("code_mode_host", .stable, isDefault: true, takesTable: true),
    Feature("code_mode_host_grpc", .underDevelopment),
    Feature("code_mode_prewarm", .underDevelopment),
    Feature("code_mode_interrupt", .stable, isDefault: true),
    Feature("code_mode_tool_description_first", .underDevelopment),
    Feature("instant_interrupt", .underDevelopment, isDefault: true),
    Feature("code_mode_only", .underDevelopment),
    Feature("code_mode_only_strict_3p_tools", .underDevelopment),
    Feature("js_repl_tools_only", .removed),
    Feature("terminal_resize_reflow", .removed, isDefault: true),
    Feature("web_search_request", .deprecated),
    Feature("web_search_cached", .deprecated),
    Feature("standalone_web_search", .underDevelopment),
    Feature("search_tool", .removed),
    Feature("codex_git_commit", .removed),
    Feature("runtime_metrics", .underDevelopment),
    Feature("sqlite", .removed, isDefault: true),
    Feature("memories", .stable),
    Feature("external_agent_memory_import", .underDevelopment),
    Feature("local_thread_store_compression", .underDevelopment),
    Feature("local_thread_store_shared_compression", .removed),
    Feature("background_paginated_rollout_migration", .underDevelopment),
    Feature("chronicle", .underDevelopment),
    Feature("apply_patch_freeform", .removed),
    Feature("apply_patch_streaming_events", .underDevelopment),
    Feature("apply_patch_preserve_line_endings", .removed),
    Feature("exec_permission_approvals", .underDevelopment),
    Feature("write_stdin_approval", .stable, isDefault: true),
    Feature("hooks", .stable, isDefault: true),
    Feature("request_permissions_tool", .underDevelopment),
    Feature("use_linux_sandbox_bwrap", .removed),
    Feature("use_legacy_landlock", .deprecated),
    Feature("request_rule", .removed),
    Feature("experimental_windows_sandbox", .removed),
    Feature("elevated_windows_sandbox", .removed),
    Feature("windows_sandbox_service", .underDevelopment),
    Feature("prefer_mxc", .underDevelopment),
    Feature("remote_models", .removed),
    Feature("api_key_model_discovery", .stable, isDefault: true),
    Feature("cli_daybreak", .stable, isDefault: true),
    Feature("api_key_cyber_access_programs", .stable, isDefault: true),
    Feature("enable_request_compression", .stable, isDefault: true),
    Feature("unbounded_connection_retries", .stable, isDefault: true),
    Feature("network_proxy", .beta, takesTable: true),
    Feature("credential_masking", .underDevelopment),
    Feature("worktrees", .stable, isDefault: true),
    Feature("respect_system_proxy", .underDevelopment),
    Feature("system_proxy_fallback", .stable, isDefault: true),
    Feature("multi_agent", .stable, isDefault: true),
    Feature("multi_agent_v2", .stable, takesTable: true),
    Feature("model_catalog_in_context", .underDevelopment),
    Feature("multi_agent_v2_dynamic_tools", .underDevelopment),
    Feature("subagent_default_context_limits", .underDevelopment),
    Feature("defer_mailbox_preemption", .underDevelopment),
    Feature("agent_message_board", .underDevelopment),
    Feature("multi_agent_mode", .removed),
    Feature("enable_fanout", .removed),
    Feature("apps", .stable, isDefault: true),
    Feature("psp", .underDevelopment),
    Feature("enable_mcp_apps", .underDevelopment),
    Feature("mcp_2026_07_28", .underDevelopment),
    Feature("codex_apps_mcp_2026_07_28", .underDevelopment),
    Feature("mcp_oauth_refresh_coordination", .underDevelopment),
    Feature("use_xaa", .underDevelopment),
    Feature("apps_mcp_path_override", .removed, takesTable: true),
    Feature("tool_search", .removed),
    Feature("tool_search_always_defer_mcp_tools", .removed, isDefault: true),
    Feature("deferred_tool_world_state", .underDevelopment),
    Feature("incremental_tools", .underDevelopment),
    Feature("non_prefixed_mcp_tool_names", .underDevelopment, takesTable: true),
    Feature("unavailable_dummy_tools", .removed),
    Feature("tool_suggest", .stable, isDefault: true),
    Feature("recommended_plugins", .stable),
    Feature("plugins", .stable, isDefault: true),
    Feature("executor_capability_discovery", .underDevelopment),
    Feature("skip_host_skill_discovery", .underDevelopment),
    Feature("plugin_hooks", .removed),
    Feature("in_app_browser", .stable, isDefault: true),
    Feature("browser_annotation_api", .stable, isDefault: true),
    Feature("in_app_chat", .stable, isDefault: true),
    Feature("in_app_dictation", .stable, isDefault: true),
    Feature("in_app_voice", .stable, isDefault: true),
    Feature("in_app_local_automation", .stable, isDefault: true),
    Feature("in_app_updates", .stable, isDefault: true),
    Feature("browser_use", .stable, isDefault: true),
    Feature("browser_use_full_cdp_access", .stable, isDefault: true),
    Feature("browser_use_external", .stable, isDefault: true),
    Feature("computer_use", .stable, isDefault: true),
    Feature("remote_plugin", .stable, isDefault: true),
    Feature("plugin_sharing", .stable, isDefault: true),
    Feature("external_migration", .removed),
    Feature("image_generation", .stable, isDefault: true),
    Feature("omit_app_server_notification_media", .underDevelopment),
    Feature("image_resize_notice", .underDevelopment),
    Feature("unified_image_budget", .underDevelopment),
    Feature("resize_all_images", .removed, isDefault: true),
    Feature("item_ids", .removed, isDefault: true),
    Feature("concurrent_reasoning_summaries", .underDevelopment),
    Feature("output_token_replay", .underDevelopment),
    Feature("skill_mcp_dependency_install", .stable, isDefault: true),
    Feature("skill_search", .stable, isDefault: true),
    Feature("skill_env_var_dependency_prompt", .removed),
    Feature("mentions_v2", .stable, isDefault: true),
    Feature("steer", .removed, isDefault: true),
    Feature("default_mode_request_user_input", .underDevelopment),
    Feature("send_async_message", .removed),
    Feature("send_message_to_user_async", .underDevelopment),
    Feature("terminal_visualization_instructions", .underDevelopment),
    Feature("guardian_approval", .stable, isDefault: true),
    Feature("guardianv2.thread_context", .removed),
    Feature("guardian_reuse_parent_compaction", .stable, isDefault: true),
    Feature("guardian_root_handoff_context", .underDevelopment),
    Feature("guardian_enhanced_node_repl_transcripts", .underDevelopment),
    Feature("guardian_node_repl_transcript_images", .underDevelopment),
    Feature("guardian_trust_orchestrator_connectors", .underDevelopment),
    Feature("guardian_conversation_history_tools", .underDevelopment),
    Feature("guardianv2", .underDevelopment, takesTable: true),
    Feature("guardianv2_decisions_comparison", .underDevelopment),
    Feature("guardian_ext", .removed),
    Feature("goals", .stable, isDefault: true),
    Feature("token_budget", .underDevelopment, takesTable: true),
    Feature("context_management", .underDevelopment, takesTable: true),
    Feature("rollout_budget", .underDevelopment, takesTable: true),
    Feature("reasoning_effort_override", .underDevelopment),
    Feature("current_time_reminder", .underDevelopment, takesTable: true),
    Feature("nonfatal_clock_read_errors", .underDevelopment),
    Feature("collaboration_modes", .removed, isDefault: true),
    Feature("tool_call_mcp_elicitation", .stable, isDefault: true),
    Feature("auth_elicitation", .stable, isDefault: true),
    Feature("bedrock_setup_wizard", .underDevelopment),
    Feature("personality", .removed),
    Feature("artifact", .underDevelopment),
    Feature("fast_mode", .stable, isDefault: true),
    Feature("ultrafast_mode", .stable, isDefault: true),
    Feature("step_model_switching", .underDevelopment),
    Feature("realtime_conversation", .stable, isDefault: true),
    Feature("remote_control", .removed),
    Feature("image_detail_original", .removed),
    Feature("tui_app_server", .removed, isDefault: true),
    Feature("prevent_idle_sleep", .beta),
    Feature("workspace_owner_usage_nudge", .removed),
    Feature("responses_websockets", .removed),
    Feature("responses_websockets_v2", .removed),
    Feature("remote_compaction_v2", .removed),
    Feature("async_compaction", .underDevelopment, takesTable: true),
    Feature("compaction_image_budget", .stable, isDefault: true),
    Feature("retain_client_developer_messages", .underDevelopment),
    Feature("retain_client_tool_outputs", .underDevelopment),
    Feature("use_agent_identity", .underDevelopment),
    Feature("workspace_dependencies", .stable, isDefault: true),
  ]
}

/// Which features are on: the defaults and what `[features]` changes about them.
package struct FeatureSet: Equatable, Sendable {
  private var explicit: [String: Bool] = [:]

  package init() {}

  /// `[features]`; names that nobody knows are passed over.
  init(_ table: JSONObject) {
    for (name, value) in table.members {
      guard let feature = Feature.named(name), let isOn = value.boolValue ?? value["enabled"]?.boolValue else {
        continue
      }
      // A feature's own name says more than a former one.
      if name == feature.name || explicit[feature.name] == nil { explicit[feature.name] = isOn }
    }
  }

  /// False for a name that nobody knows.
  package func isEnabled(_ name: String) -> Bool {
    guard let feature = Feature.named(name) else { return false }
    return explicit[feature.name] ?? feature.isEnabledByDefault
  }

  /// What the configuration says about it; nil if it says nothing.
  package func configured(_ name: String) -> Bool? {
    Feature.named(name).flatMap { explicit[$0.name] }
  }
}
