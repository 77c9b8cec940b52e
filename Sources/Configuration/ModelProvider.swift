import JSON

/// Where a model is reached and how requests to it are signed.
package struct ModelProvider: Equatable, Sendable {
  /// A command whose trimmed output is the bearer token.
  package struct AuthCommand: Equatable, Sendable {
    package var command: String
    package var arguments: [String] = []
    /// Absolute; nil means the working directory.
    package var workingDirectory: String?
    package var timeoutMilliseconds = 5_000
    /// How long a token is used before the command runs again; 0 means until it is refused.
    package var refreshIntervalMilliseconds = 300_000
  }

  /// Retries beyond this are not made, whatever the configuration says.
  package static let maximumRetries = 100
  package static let defaultRequestRetries = 4
  package static let defaultStreamRetries = 5
  package static let defaultStreamIdleTimeoutMilliseconds = 300_000

  package let id: String
  package var name: String
  /// Without a slash at the end. Nil means that the kind of login decides; see `baseURL(hasChatGPTLogin:)`.
  package var baseURL: String?
  package var environmentKey: String?
  /// What to tell a user whose `environmentKey` is not set.
  package var environmentKeyInstructions: String?
  package var bearerToken: String?
  package var authCommand: AuthCommand?
  package var queryParameters: [(name: String, value: String)] = []
  package var headers: [(name: String, value: String)] = []
  /// Headers whose values are environment variables: (header, variable).
  package var environmentHeaders: [(name: String, variable: String)] = []
  package var requestMaxRetries = defaultRequestRetries
  package var streamMaxRetries = defaultStreamRetries
  package var streamIdleTimeoutMilliseconds = defaultStreamIdleTimeoutMilliseconds
  /// Whether requests carry the login's credentials. A provider without this never sees them.
  package var requiresOpenAIAuth = false

  private init(id: String, name: String, baseURL: String?, requiresOpenAIAuth: Bool = false) {
    self.id = id
    self.name = name
    self.baseURL = baseURL
    self.requiresOpenAIAuth = requiresOpenAIAuth
  }

  package static let openAIKeyBaseURL = "https://api.openai.com/v1"
  package static let openAIChatGPTBaseURL = "https://chatgpt.com/backend-api/codex"

  /// The base for requests. The built-in provider has one for each kind of login unless `openai_base_url` is set.
  package func baseURL(hasChatGPTLogin: Bool) -> String {
    baseURL ?? (hasChatGPTLogin ? Self.openAIChatGPTBaseURL : Self.openAIKeyBaseURL)
  }

  // MARK: - Built in

  /// Ids that a configuration cannot define anew.
  static let reservedIDs = ["openai", "ollama", "lmstudio"]

  static func builtIn(openAIBaseURL: String?) -> [ModelProvider] {
    [
      ModelProvider(
        id: "openai", name: "OpenAI", baseURL: openAIBaseURL.flatMap(nonEmptyURL), requiresOpenAIAuth: true),
      ModelProvider(id: "ollama", name: "gpt-oss", baseURL: "http://localhost:11434/v1"),
      ModelProvider(id: "lmstudio", name: "gpt-oss", baseURL: "http://localhost:1234/v1"),
    ]
  }

  private static func nonEmptyURL(_ url: String) -> String? {
    var url = url.utf8[...]
    while url.last == UInt8(ascii: "/") { url.removeLast() }
    return url.isEmpty ? nil : String(Substring(url))
  }

  // MARK: - Configured

  /// One table under `model_providers`, whose types have been checked.
  init(id: String, _ table: JSONObject) throws(ConfigError) {
    func refuse(_ reason: String) -> ConfigError {
      ConfigError("model_providers.\(id): \(reason)", at: ["model_providers", id])
    }
    let reader = TableReader(table)
    self.init(id: id, name: reader.string("name") ?? "", baseURL: reader.string("base_url").flatMap(Self.nonEmptyURL))
    guard !name.unicodeScalars.allSatisfy(\.properties.isWhitespace) else {
      throw refuse("provider name must not be empty")
    }
    guard table["aws"] == nil else { throw refuse("provider aws is not supported") }
    guard table["gateway_oauth"] == nil else { throw refuse("provider gateway_oauth is not supported") }
    environmentKey = reader.string("env_key")
    environmentKeyInstructions = reader.string("env_key_instructions")
    bearerToken = reader.string("experimental_bearer_token")
    requiresOpenAIAuth = reader.bool("requires_openai_auth") ?? false
    queryParameters = reader.pairs("query_params")
    headers = reader.pairs("http_headers")
    environmentHeaders = reader.pairs("env_http_headers").map { (name: $0.name, variable: $0.value) }
    requestMaxRetries = min(reader.int("request_max_retries") ?? requestMaxRetries, Self.maximumRetries)
    streamMaxRetries = min(reader.int("stream_max_retries") ?? streamMaxRetries, Self.maximumRetries)
    streamIdleTimeoutMilliseconds = reader.int("stream_idle_timeout_ms") ?? streamIdleTimeoutMilliseconds
    guard let auth = reader.table("auth") else { return }
    guard environmentKey == nil else { throw refuse("provider auth cannot be combined with env_key") }
    guard bearerToken == nil else { throw refuse("provider auth cannot be combined with experimental_bearer_token") }
    guard !requiresOpenAIAuth else { throw refuse("provider auth cannot be combined with requires_openai_auth") }
    guard let command = auth.string("command") else {
      throw ConfigError("missing field `command`", at: ["model_providers", id, "auth"])
    }
    guard !command.unicodeScalars.allSatisfy(\.properties.isWhitespace) else {
      throw refuse("provider auth.command must not be empty")
    }
    var authCommand = AuthCommand(command: command)
    authCommand.arguments = auth.strings("args") ?? []
    authCommand.workingDirectory = auth.string("cwd")
    authCommand.timeoutMilliseconds = auth.int("timeout_ms") ?? authCommand.timeoutMilliseconds
    authCommand.refreshIntervalMilliseconds =
      auth.int("refresh_interval_ms") ?? authCommand.refreshIntervalMilliseconds
    self.authCommand = authCommand
  }

  package static func == (left: ModelProvider, right: ModelProvider) -> Bool {
    left.id == right.id && left.name == right.name && left.baseURL == right.baseURL
      && left.environmentKey == right.environmentKey
      && left.environmentKeyInstructions == right.environmentKeyInstructions
      && left.bearerToken == right.bearerToken && left.authCommand == right.authCommand
      && left.queryParameters.elementsEqual(right.queryParameters, by: ==)
      && left.headers.elementsEqual(right.headers, by: ==)
      && left.environmentHeaders.elementsEqual(right.environmentHeaders, by: ==)
      && left.requestMaxRetries == right.requestMaxRetries && left.streamMaxRetries == right.streamMaxRetries
      && left.streamIdleTimeoutMilliseconds == right.streamIdleTimeoutMilliseconds
      && left.requiresOpenAIAuth == right.requiresOpenAIAuth
  }
}

/// Takes values out of a table whose types have been checked; a value of another type counts as absent.
struct TableReader {
  let table: JSONObject

  init(_ table: JSONObject) { self.table = table }

  func string(_ key: String) -> String? { table[key]?.stringValue }
  func bool(_ key: String) -> Bool? { table[key]?.boolValue }
  func int(_ key: String) -> Int? { table[key]?.intValue }
  func strings(_ key: String) -> [String]? { table[key]?.arrayValue?.compactMap(\.stringValue) }
  func table(_ key: String) -> TableReader? { table[key]?.objectValue.map(TableReader.init) }
  func choice<Choice: RawRepresentable<String>>(_ key: String) -> Choice? {
    string(key).flatMap(Choice.init(rawValue:))
  }
  func pairs(_ key: String) -> [(name: String, value: String)] {
    (table[key]?.objectValue?.members ?? []).compactMap { name, value in
      value.stringValue.map { (name: name, value: $0) }
    }
  }
}
