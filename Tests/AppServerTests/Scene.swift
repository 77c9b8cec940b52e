import AgentRuntime
import AppServer
import HostIO
import JSON
import TestSupport
import Testing
import Transport

/// A whole server with a home of its own, a folder to work in, and a model that answers from a script.
///
///     try await Scene.run { scene in
///       let client = try await scene.connect()
///       scene.model.enqueue(.answer("Hi"))
///       …
///     }
@LoopActor final class Scene {
  struct Setting {
    /// Top-level lines of config.toml besides the model.
    var config = ""
    /// Lines of the provider's table.
    var provider = "request_max_retries = 0\nstream_max_retries = 0"
    /// In place of config.toml as a whole.
    var wholeConfig: String?
    var environment: [String: String] = [:]
  }

  let folder: TemporaryFolder
  let home: String
  let work: String
  let model: LoopbackServer
  let log = Collector<String>()
  let clock = ManualClock()
  private(set) var server: Server
  private var isRunning = true

  static func run(_ setting: Setting = Setting(), _ body: @LoopActor (Scene) async throws -> Void) async throws {
    let scene = try Scene(setting)
    do {
      try await body(scene)
    } catch {
      await scene.shutDown()
      throw error
    }
    await scene.shutDown()
  }

  private let environment: [String: String]

  private init(_ setting: Setting) throws {
    folder = TemporaryFolder()
    (home, work) = (folder.path("home"), folder.path("work"))
    try File.makeDirectory(home, mode: 0o700)
    try File.makeDirectory(work)
    model = try LoopbackServer()
    let config =
      setting.wholeConfig ?? """
        model = "gpt-5.5"
        model_provider = "mock"
        \(setting.config)
        [model_providers.mock]
        name = "Mock"
        base_url = "\(model.baseURL)/v1"
        \(setting.provider)
        """
    try File.writeAtomically(Array(config.utf8), to: Path.join(home, "config.toml"))
    environment = ["HOME": folder.path].merging(setting.environment) { $1 }
    server = try Self.makeServer(home, work, environment, log, clock)
  }

  private static func makeServer(
    _ home: String, _ work: String, _ environment: [String: String], _ log: Collector<String>, _ clock: ManualClock
  ) throws -> Server {
    var options = Server.Options(codexHome: home, environment: Environment(environment), cwd: work)
    options.clock = clock.clock
    options.ids = UUIDGenerator(clock: clock.clock, seed: 7)
    options.log = { level, text in log.append("\(level): \(text)") }
    return try Server(options)
  }

  /// Ends the server as a signal would; once.
  func shutDown() async {
    guard isRunning else { return }
    isRunning = false
    await withUnsafeContinuation { continuation in
      server.shutDown { _ in continuation.resume() }
    }
  }

  /// The same home in the next process.
  func restart() async throws {
    await shutDown()
    clock.advance(by: 1000)
    server = try Self.makeServer(home, work, environment, log, clock)
    isRunning = true
  }

  /// A client that has not said anything yet.
  func attach() -> TestClient {
    let pair = MemoryConnection.pair()
    let client = TestClient(pair.client)
    server.accept(pair.server)
    return client
  }

  /// A client after its handshake.
  func connect(_ name: String = "test", experimental: Bool = true, without: [String] = []) async throws -> TestClient {
    let client = attach()
    let capabilities: JSON = [
      "experimentalApi": .bool(experimental), "optOutNotificationMethods": .array(without.map(JSON.string)),
    ]
    try await client.call(
      "initialize", ["clientInfo": ["name": .string(name), "version": "1"], "capabilities": capabilities])
    client.notify("initialized")
    try await client.next("remoteControl/status/changed")
    return client
  }

  /// Another process with the same home.
  func secondServer() throws -> Neighbour {
    Neighbour(try Self.makeServer(home, work, environment, log, clock))
  }

  /// Every file of the home with its path inside it.
  func files(in folder: String = "") throws -> [(path: String, bytes: [UInt8])] {
    try File.list(Path.join(home, folder)).flatMap { entry -> [(path: String, bytes: [UInt8])] in
      let path = folder.isEmpty ? entry.name : "\(folder)/\(entry.name)"
      guard entry.kind != .directory else { return try files(in: path) }
      return [(path, try File.read(Path.join(home, path), limit: 16 << 20))]
    }
  }
}

/// Another server on the home of a scene.
@LoopActor final class Neighbour {
  private let server: Server

  init(_ server: Server) { self.server = server }

  func connect() -> TestClient {
    let pair = MemoryConnection.pair()
    server.accept(pair.server)
    return TestClient(pair.client)
  }

  func shutDown() async {
    await withUnsafeContinuation { continuation in
      server.shutDown { _ in continuation.resume() }
    }
  }
}

/// Time that moves when a test says so.
final class ManualClock: Sendable {
  private let time = Locked(Int64(1_790_000_000_000))

  var clock: WallClock { WallClock { [self] in UnixTime(milliseconds: time.withLock { $0 }) } }

  var milliseconds: Int64 { time.withLock { $0 } }
  var seconds: Int { Int(milliseconds / 1000) }

  func advance(by milliseconds: Int64) { time.withLock { $0 += milliseconds } }
}
