import AgentRuntime
import AppServerProtocol
import Configuration
import HTTPClient
package import HostIO
import JSON
import JSONRPC
import Store
package import Transport

/// The app server: connections, loaded threads, configuration and account of one process.
@LoopActor
package final class Server {
  /// Ending takes no longer than this, whatever clients and models do.
  package static let drainLimit = Duration.milliseconds(4_500)

  package enum LogLevel: Int, Sendable, Comparable {
    case error, warning, info, debug

    package static func < (left: LogLevel, right: LogLevel) -> Bool { left.rawValue < right.rawValue }
  }

  package struct Options {
    /// Absolute; exists.
    package var codexHome: String
    package var environment: Environment
    /// The folder that relative paths of clients count from. Absolute.
    package var cwd: String
    /// `-c`, as they were written, and `--enable` / `--disable`.
    package var overrides: [String] = []
    package var features: [(name: String, isEnabled: Bool)] = []
    package var clock = WallClock.system
    package var ids = UUIDGenerator.system
    package var log: @LoopActor (LogLevel, String) -> Void = { _, _ in }
    /// `codex exec` also takes a key from `CODEX_API_KEY` or `OPENAI_API_KEY`; the app server never does
    /// (auth-and-config.md §1).
    package var takesKeyFromEnvironment = false

    package init(codexHome: String, environment: Environment, cwd: String) {
      self.codexHome = codexHome
      self.environment = environment
      self.cwd = cwd
    }
  }

  package let options: Options
  let notifier: Notifier
  let configuration: ConfigurationStore
  let accounts: AccountStore
  private(set) lazy var threads = ThreadRegistry(server: self)
  private(set) lazy var installation = Installation(home: options.codexHome, ids: options.ids)
  let directory: ThreadDirectory
  private(set) lazy var shelf = HistoryShelf(directory: directory)
  private(set) lazy var services = AgentServices(
    home: options.codexHome, clock: options.clock, ids: options.ids, environment: options.environment,
    http: HTTPClient.shared, directory: directory, version: Version.full,
    originator: { [unowned self] in currentOriginator }, userAgent: { [unowned self] in userAgent },
    installationID: { [unowned self] in installation.id },
    credentials: { [unowned self] in try credentials() })

  private var connections: [ClientConnection] = []
  private var nextConnectionID = 0
  /// The client name of the first connection that initialized, for the life of the process.
  private(set) var originator: String?
  /// Name and version of the latest one; both go into the user agent.
  private var latestClient: (name: String, version: String)?
  private var isEnding = false

  /// Called when a stdio client has sent its last message.
  package var onInputEnded: (@LoopActor () -> Void)?

  package init(_ options: Options, strictConfig: Bool = false) throws(StartError) {
    self.options = options
    notifier = Notifier(clock: options.clock)
    configuration = try ConfigurationStore(options, strictConfig: strictConfig)
    accounts = AccountStore(home: options.codexHome)
    directory = ThreadDirectory(home: options.codexHome)
    notifier.connections = { [unowned self] in self.connections }
  }

  func log(_ level: LogLevel, _ message: String) { options.log(level, message) }

  /// The login that requests to the model may use.
  func credentials() throws(CredentialFile.Failure) -> Credentials? {
    if options.takesKeyFromEnvironment,
      let key = options.environment.nonEmpty("CODEX_API_KEY") ?? options.environment.nonEmpty("OPENAI_API_KEY")
    {
      return Credentials(.apiKey(Secret(key)))
    }
    return try accounts.current()
  }

  /// Whether the configured provider wants a login and there is none.
  package var hasNoWayToAModel: Bool {
    guard let settings = try? configuration.settings(), settings.provider.requiresOpenAIAuth else { return false }
    return (try? credentials()) == nil
  }

  // MARK: - Connections

  package func accept(_ transport: any MessageConnection) {
    let connection = ClientConnection(id: nextConnectionID, transport: transport, server: self)
    nextConnectionID += 1
    connections.append(connection)
    connection.start()
  }

  func connectionInputEnded(_ connection: ClientConnection) {
    onInputEnded?()
  }

  func connectionBroke(_ connection: ClientConnection, reason: String) {
    log(.warning, "connection lost: \(reason)")
    threads.unsubscribe(connection)
    connections.removeAll { $0 === connection }
    onInputEnded?()
  }

  /// Waits for nothing in particular: the drain looks at all connections anyway.
  func requestEnded(on connection: ClientConnection) {
    if isEnding { checkDrained() }
  }

  // MARK: - Handshake

  func initialize(_ request: Request) throws(RPCError) {
    guard !request.connection.isInitialized else { throw .invalidRequest("Already initialized") }
    let params = try request.params(InitializeParams.self)
    guard params.clientName.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
      throw .invalidRequest(
        "Invalid clientInfo.name: '\(params.clientName)'. Must be a valid HTTP header value.")
    }
    if originator == nil {
      originator = options.environment.nonEmpty("CODEX_INTERNAL_ORIGINATOR_OVERRIDE") ?? params.clientName
    }
    latestClient = (params.clientName, params.clientVersion)
    request.connection.initialized(as: params)
    let result = InitializeResult(userAgent: userAgent, codexHome: options.codexHome)
    request.succeed { result.write(to: &$0) }
    // After the answer has left: the first start writes the installation id to disk.
    let connection = request.connection
    EventLoop.main.post { self.announceStatus(to: connection) }
  }

  /// `{originator}/{version} ({os} {os version}; {arch}) {terminal} ({client name}; {client version})`
  var userAgent: String {
    let system = OperatingSystem.current
    var agent =
      "\(currentOriginator)/\(Version.full) (\(system.name) \(system.version); \(Host.architecture)) \(terminal)"
    if let latestClient { agent += " (\(latestClient.name); \(latestClient.version))" }
    return agent
  }

  var currentOriginator: String {
    originator ?? options.environment.nonEmpty("CODEX_INTERNAL_ORIGINATOR_OVERRIDE") ?? "codex_cli_rs"
  }

  private var terminal: String {
    if let program = options.environment.nonEmpty("TERM_PROGRAM") {
      guard let version = options.environment.nonEmpty("TERM_PROGRAM_VERSION") else { return program }
      return "\(program)/\(version)"
    }
    return options.environment.nonEmpty("TERM") ?? "unknown"
  }

  /// What every connection is told right after its handshake.
  private func announceStatus(to connection: ClientConnection) {
    notifier.send(.remoteControlStatusChanged, to: [connection]) { writer in
      self.writeRemoteControlStatus(to: &writer)
    }
    for warning in configuration.startWarnings {
      notifier.send(.configWarning, to: [connection]) { $0.value(warning) }
    }
  }

  /// Remote control is not built yet, so it is disabled.
  func writeRemoteControlStatus(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.field("status", literal: "disabled")
    writer.field("serverName", Host.name)
    writer.field("installationId", installation.id)
    writer.nullField("environmentId")
    writer.endObject()
  }

  // MARK: - Ending

  private var drained: (@LoopActor (Bool) -> Void)?

  /// Ends in good order: running turns are interrupted and recorded as such, requests under way are answered, everything
  /// that was queued is delivered. Calls `done` with whether all of it was done in time.
  package func shutDown(within limit: Duration = Server.drainLimit, _ done: @escaping @LoopActor (Bool) -> Void) {
    guard !isEnding else { return }
    isEnding = true
    let deadline = Instant.now() + limit
    threads.interruptAll()
    let timer = EventLoop.main.schedule(at: deadline) { [weak self] in self?.finishDrain(deadline: deadline) }
    drained = { [weak self] _ in
      EventLoop.main.cancel(timer)
      self?.closeConnections(deadline: deadline, done)
    }
    checkDrained()
  }

  private func checkDrained() {
    guard !connections.contains(where: \.hasPendingRequests) else { return }
    let ready = drained
    drained = nil
    ready?(true)
  }

  private func finishDrain(deadline: Instant) {
    let ready = drained
    drained = nil
    ready?(false)
  }

  private func closeConnections(deadline: Instant, _ done: @escaping @LoopActor (Bool) -> Void) {
    threads.closeAll()
    var open = connections.count
    var isComplete = true
    guard open > 0 else { return done(true) }
    for connection in connections {
      let left = max(.milliseconds(50), deadline - .now())
      connection.transport.close(within: left) { wasDelivered in
        isComplete = isComplete && wasDelivered
        open -= 1
        if open == 0 { done(isComplete) }
      }
    }
  }
}

/// Why the server cannot start: one line for stderr, exit status 1.
package struct StartError: Error, Equatable, Sendable, CustomStringConvertible {
  package var description: String

  package init(_ description: String) { self.description = description }
}
