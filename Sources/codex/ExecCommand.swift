import AppServer
import Glibc
import HostIO
import JSON
import JSONRPC
import Transport

/// `codex exec`: a client in the same process, so that a person can try the server without writing one.
///
/// It speaks the protocol over an in-memory connection, answers go to stdout, everything else to stderr. With no login
/// and no provider of the user's own, the embedded offline model answers.
enum ExecCommand {
  static func run(_ invocation: Invocation, _ options: ExecOptions) -> Never {
    let prompt = options.prompt ?? readPrompt()
    guard prompt.utf8.contains(where: { $0 > 0x20 }) else {
      Console.error("No prompt provided via stdin.")
      _exit(1)
    }
    Signals.block([SIGTERM, SIGINT])
    EventLoop.main.run {
      do {
        try ExecSession.start(invocation, options, prompt: prompt)
      } catch {
        Console.error("Error: \(error)")
        _exit(1)
      }
    }
    _exit(0)
  }

  /// Prompts beyond this are refused by the server in any case.
  private static let maximumPromptBytes = 8 << 20

  private static func readPrompt() -> String {
    if isatty(0) == 1 { Console.error("Reading prompt from stdin...") }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while bytes.count < maximumPromptBytes {
      let count = read(0, &chunk, chunk.count)
      if count > 0 {
        bytes.append(contentsOf: chunk[..<count])
      } else if count == 0 || errno != EINTR {
        break
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// One question and its answer.
@LoopActor
final class ExecSession {
  private static var running: ExecSession?

  private let options: ExecOptions
  private let prompt: String
  private let server: Server
  private let connection: MemoryConnection
  private let demonstration: OfflineModel?
  private let output: ExecOutput
  private var nextID: Int64 = 0
  private var pending: [Int64: (Result<JSON, RPCError>) -> Void] = [:]
  private var threadID = ""
  private var turnID: String?
  private var isInterrupted = false

  static func start(_ invocation: Invocation, _ options: ExecOptions, prompt: String) throws {
    var serverOptions = try Program.serverOptions(invocation)
    if let folder = options.folder { serverOptions.cwd = try enter(folder, from: serverOptions.cwd) }
    serverOptions.takesKeyFromEnvironment = true
    var server = try Server(serverOptions)
    var demonstration: OfflineModel?
    if server.hasNoWayToAModel {
      let model = try OfflineModel.start()
      serverOptions.overrides += model.overrides
      server = try Server(serverOptions)
      demonstration = model
    }
    let session = ExecSession(options, prompt, server, demonstration)
    running = session
    try Signals.watch([SIGTERM, SIGINT]) { _ in session.interrupt() }
    session.begin(cwd: serverOptions.cwd)
  }

  /// The real path of the folder that `-C` names.
  private static func enter(_ folder: String, from cwd: String) throws(StartError) -> String {
    do throws(SystemError) {
      let path = try File.realPath(Path.absolute(folder, from: cwd))
      guard try File.status(path).kind == .directory else { throw SystemError(ENOTDIR, "open", path: path) }
      return path
    } catch {
      throw StartError("cannot work in \(folder): \(error)")
    }
  }

  private init(_ options: ExecOptions, _ prompt: String, _ server: Server, _ demonstration: OfflineModel?) {
    self.options = options
    self.prompt = prompt
    self.server = server
    self.demonstration = demonstration
    output = ExecOutput(json: options.json)
    let pair = MemoryConnection.pair()
    connection = pair.client
    connection.onEvent = { [weak self] event in
      if case .message(let bytes) = event { self?.receive(bytes) }
    }
    server.accept(pair.server)
    connection.start()
  }

  private func begin(cwd: String) {
    if demonstration != nil { output.note(OfflineModel.notice) }
    let info: JSON = ["name": "codex_exec", "title": nil, "version": .string(Version.full)]
    call("initialize", ["clientInfo": info, "capabilities": nil]) { [self] _ in
      var params: JSONObject = JSONObject([("cwd", .string(cwd)), ("ephemeral", .bool(options.ephemeral))])
      if let model = options.model { params["model"] = .string(model) }
      call("thread/start", .object(params)) { [self] result in threadStarted(result) }
    }
  }

  private func threadStarted(_ result: JSON) {
    threadID = result["thread"]?["id"]?.stringValue ?? ""
    output.threadStarted(threadID, settings: result, prompt: prompt)
    let input: JSON = [["type": "text", "text": .string(prompt)]]
    call("turn/start", ["threadId": .string(threadID), "input": input]) { [self] result in
      turnID = result["turn"]?["id"]?.stringValue
      if isInterrupted { sendInterrupt() }
    }
  }

  /// The first signal interrupts the turn, the second ends the process.
  private func interrupt() {
    if isInterrupted { _exit(130) }
    isInterrupted = true
    sendInterrupt()
  }

  private func sendInterrupt() {
    guard let turnID else { return }
    call("turn/interrupt", ["threadId": .string(threadID), "turnId": .string(turnID)]) { _ in }
  }

  // MARK: - The connection

  private func call(_ method: String, _ params: JSON, _ then: @escaping (JSON) -> Void) {
    nextID += 1
    pending[nextID] = { [self] result in
      switch result {
      case .success(let value): then(value)
      case .failure(let error): fail(error.message)
      }
    }
    connection.send(Envelope.request(.integer(nextID), method: method) { $0.value(params) })
  }

  private func receive(_ bytes: [UInt8]) {
    guard let message = try? Message(bytes) else { return }
    switch message.kind {
    case .response(.integer(let id)):
      var body = message.body ?? JSONReader("null")
      pending.removeValue(forKey: id)?(.success((try? body.value()) ?? .null))
    case .failure(.integer(let id), let error): pending.removeValue(forKey: id)?(.failure(error))
    case .notification(let method):
      var body = message.body ?? JSONReader("null")
      notified(method, (try? body.value()) ?? .null)
    case .request(let id, let method):
      connection.send(Envelope.failure(id, .invalidRequest("codex exec does not answer \(method)")))
    default: break
    }
  }

  private func notified(_ method: String, _ params: JSON) {
    // That nothing is known about the model of the demonstration is no news to anybody.
    if method != "warning" || demonstration == nil { output.notified(method, params) }
    guard method == "turn/completed" else { return }
    switch params["turn"]?["status"]?.stringValue {
    case "completed": finish(0)
    case "interrupted": finish(130)
    default: finish(1)
    }
  }

  private func fail(_ message: String) {
    output.failed(message)
    finish(1)
  }

  private func finish(_ status: Int32) {
    let status = isInterrupted ? 130 : status
    output.finish()
    demonstration?.stop()
    server.shutDown { _ in _exit(status) }
  }
}
