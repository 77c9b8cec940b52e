import JSON

/// Values that hold where nobody says anything; `config/read` shows them.
enum ConfigDefaults {
  /// Milliseconds.
  static let backgroundTerminalMaxTimeout = 300_000
  static let projectDocMaxBytes = 32_768
  static let projectRootMarkers = [".git"]

  /// Features that `config/read` always names.
  private static let listedFeatures = [
    "api_key_cyber_access_programs", "api_key_model_discovery", "auth_elicitation",
    "background_paginated_rollout_migration", "codex_apps_mcp_2026_07_28", "mcp_2026_07_28", "memories", "mentions_v2",
    "remote_control", "remote_plugin", "tool_suggest", "windows_sandbox_service",
  ]

  /// The configuration that `config/read` shows for no settings at all, apart from keys that are null then.
  static let shown = object([
    "allow_login_shell": true,
    "background_terminal_max_timeout": .int(backgroundTerminalMaxTimeout),
    "chatgpt_base_url": .string(Settings.defaultChatGPTBaseURL),
    "cli_auth_credentials_store": "file",
    "features": .object(
      JSONObject(listedFeatures.map { ($0, .bool(Feature.named($0)?.isEnabledByDefault ?? false)) })),
    "file_opener": "vscode",
    "hide_agent_reasoning": false,
    "history": ["persistence": "save-all", "max_bytes": nil],
    "include_apps_instructions": true,
    "include_collaboration_mode_instructions": true,
    "include_environment_context": true,
    "include_environment_context_time": true,
    "include_permissions_instructions": true,
    "marketplaces": [:],
    "mcp_oauth_credentials_store": "auto",
    "mcp_servers": [:],
    "model_providers": [:],
    "plugins": [:],
    "profiles": [:],
    "project_doc_fallback_filenames": [],
    "project_doc_max_bytes": .int(projectDocMaxBytes),
    "project_root_markers": .array(projectRootMarkers.map(JSON.string)),
    "shell_environment_policy": [
      "inherit": nil, "ignore_default_excludes": nil, "exclude": nil, "set": nil, "include_only": nil, "filters": nil,
      "experimental_use_profile": nil,
    ],
  ])

  /// What a table shows beside its settings, once it has any.
  static let shownInTables: [String: JSONObject] = [
    "analytics": object(["enabled": nil]),
    "sandbox_workspace_write": object([
      "writable_roots": [], "network_access": false, "exclude_tmpdir_env_var": false, "exclude_slash_tmp": false,
    ]),
    "tools": object(["web_search": nil]),
  ]

  static let shownInProvider = object([
    "name": nil, "base_url": nil, "model_catalog_url": nil, "env_key": nil, "env_key_instructions": nil,
    "experimental_bearer_token": nil, "auth": nil, "gateway_oauth": nil, "aws": nil, "wire_api": "responses",
    "capabilities": nil, "query_params": nil, "http_headers": nil, "env_http_headers": nil,
    "request_max_retries": nil, "stream_max_retries": nil, "stream_idle_timeout_ms": nil,
    "websocket_connect_timeout_ms": nil, "requires_openai_auth": false, "supports_websockets": false,
    "supports_standalone_web_search": false,
  ])

  static let shownInProviderAuth = object([
    "command": nil, "args": [], "timeout_ms": 5_000, "refresh_interval_ms": 300_000, "cwd": nil,
  ])

  private static func object(_ json: JSON) -> JSONObject { json.objectValue ?? JSONObject() }
}
