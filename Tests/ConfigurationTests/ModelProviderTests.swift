import Configuration
import JSON
import Testing

@Suite struct `Model providers` {
  @Test func `the built-in ones have fixed addresses`() throws {
    let settings = try settings("")
    #expect(settings.provider.baseURL(hasChatGPTLogin: false) == "https://api.openai.com/v1")
    #expect(settings.provider.baseURL(hasChatGPTLogin: true) == "https://chatgpt.com/backend-api/codex")
    #expect(try settings.provider(named: "ollama").baseURL == "http://localhost:11434/v1")
    #expect(try settings.provider(named: "lmstudio").baseURL == "http://localhost:1234/v1")
    #expect(try !settings.provider(named: "ollama").requiresOpenAIAuth)
  }

  @Test(arguments: [("'http://h/v1'", "http://h/v1"), ("'http://h/v1//'", "http://h/v1")])
  func `openai_base_url holds for both kinds of login`(_ value: String, _ url: String) throws {
    let provider = try settings("openai_base_url = \(value)").provider
    #expect(provider.baseURL(hasChatGPTLogin: false) == url)
    #expect(provider.baseURL(hasChatGPTLogin: true) == url)
    #expect(try settings("openai_base_url = ''").provider.baseURL == nil)
  }

  @Test func `a table gives every part, and a small one the defaults`() throws {
    let settings = try settings(
      """
      model_provider = "full"
      [model_providers.full]
      name = "Full"
      base_url = "http://h/v1"
      env_key = "KEY"
      env_key_instructions = "get one"
      experimental_bearer_token = "t"
      wire_api = "responses"
      query_params = {a = "1", b = "2"}
      http_headers = {H = "v"}
      env_http_headers = {E = "VAR"}
      request_max_retries = 0
      stream_max_retries = 1000
      stream_idle_timeout_ms = 5
      requires_openai_auth = true
      supports_websockets = true
      [model_providers.small]
      name = "Small"
      [model_providers.small.auth]
      command = "token"
      args = ["a"]
      """)
    let full = settings.provider
    #expect(full.id == "full" && full.name == "Full" && full.baseURL == "http://h/v1")
    #expect(full.environmentKey == "KEY" && full.environmentKeyInstructions == "get one" && full.bearerToken == "t")
    #expect(full.queryParameters.map { "\($0.name)=\($0.value)" } == ["a=1", "b=2"])
    #expect(full.headers.map { "\($0.name)=\($0.value)" } == ["H=v"])
    #expect(full.environmentHeaders.map { "\($0.name)=\($0.variable)" } == ["E=VAR"])
    #expect(full.requestMaxRetries == 0)
    #expect(full.streamMaxRetries == ModelProvider.maximumRetries)
    #expect(full.streamIdleTimeoutMilliseconds == 5 && full.requiresOpenAIAuth)
    let small = try settings.provider(named: "small")
    #expect(small.requestMaxRetries == 4 && small.streamMaxRetries == 5)
    #expect(small.streamIdleTimeoutMilliseconds == 300_000 && !small.requiresOpenAIAuth)
    #expect(small.authCommand?.command == "token" && small.authCommand?.arguments == ["a"])
    #expect(small.authCommand?.timeoutMilliseconds == 5_000)
    #expect(small.authCommand?.refreshIntervalMilliseconds == 300_000)
    #expect(small.authCommand?.workingDirectory == nil)
    #expect(small != full && small == small)
  }

  @Test(arguments: [
    ("name = ''", "1:1: model_providers.x: provider name must not be empty"),
    ("base_url = 'http://h'", "1:1: model_providers.x: provider name must not be empty"),
    ("name = ' '", "1:1: model_providers.x: provider name must not be empty"),
    (
      "wire_api = 'chat'",
      "2:12: `wire_api = \"chat\"` is no longer supported.\nHow to fix: set `wire_api = \"responses\"` in your provider "
        + "config."
    ),
    ("wire_api = 'x'", "2:12: unknown variant `x`, expected `responses`"),
    ("stream_max_retries = 'a'", "2:22: invalid type: string \"a\", expected u64"),
    ("request_max_retries = -1", "2:23: invalid value: integer `-1`, expected u64"),
    ("http_headers = {a = 1}", "2:21: invalid type: integer `1`, expected a string"),
    (
      "name = 'X'\nenv_key = 'A'\nauth = {command = 'x'}",
      "1:1: model_providers.x: provider auth cannot be combined with env_key"
    ),
    (
      "name = 'X'\nexperimental_bearer_token = 'A'\nauth = {command = 'x'}",
      "1:1: model_providers.x: provider auth cannot be combined with experimental_bearer_token"
    ),
    (
      "name = 'X'\nrequires_openai_auth = true\nauth = {command = 'x'}",
      "1:1: model_providers.x: provider auth cannot be combined with requires_openai_auth"
    ),
    ("name = 'X'\nauth = {command = ''}", "1:1: model_providers.x: provider auth.command must not be empty"),
    ("name = 'X'\nauth = {args = []}", "3:8: missing field `command`"),
    ("auth = {command = 'x', timeout_ms = 0}", "2:37: invalid value: integer `0`, expected a nonzero u64"),
    ("name = 'X'\naws = {profile = 'x'}", "1:1: model_providers.x: provider aws is not supported"),
    ("name = 'X'\ngateway_oauth = {}", "1:1: model_providers.x: provider gateway_oauth is not supported"),
  ])
  func `a table that cannot work is refused, used or not`(_ body: String, _ message: String) {
    #expect(refusal("[model_providers.x]\n" + body) == "/home/u/.codex/config.toml:" + message)
  }

  @Test(arguments: ["openai", "ollama", "lmstudio"]) func `a built-in one cannot be defined anew`(_ id: String) {
    #expect(
      refusal("[model_providers.\(id)]\nname = 'X'")
        == "/home/u/.codex/config.toml:1:1: model_providers contains reserved built-in provider IDs: `\(id)`. Built-in "
        + "providers cannot be overridden. Rename your custom provider (for example, `openai-custom`).")
  }

  @Test func `a provider that nobody defined is not found`() throws {
    #expect(refusal("model_provider = 'zip'") == "Model provider `zip` not found")
    #expect(refusal("", thread: ["model_provider": ""]) == "Model provider `` not found")
    let settings = try settings("")
    #expect(throws: ConfigError("Model provider `zip` not found")) { try settings.provider(named: "zip") }
  }

  @Test func `a file that a request overrides may use the new provider`() throws {
    let settings = try settings("model_providers.p.name = 'P'", thread: ["model_provider": "p"])
    #expect(settings.provider.id == "p")
    #expect(settings.provider.baseURL(hasChatGPTLogin: false) == "https://api.openai.com/v1")
  }
}
