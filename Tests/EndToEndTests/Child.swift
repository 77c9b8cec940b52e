import Glibc
import HostIO
import JSON
import TestSupport
import Testing

/// The built binary at work: its lines are collected as they come. A child that outlives the patience of the tests is
/// killed, so that nobody waits for ever.
final class Child: Sendable {
  struct CannotStart: Error {
    var program: String
    var code: Int32
  }

  /// The exit status, or the signal that ended it, negative.
  /// Negative: the signal that ended it.
  typealias Status = Int32

  private struct Exit: Sendable {
    var status: Status
    var time: Instant
  }

  /// The program next to the test bundle.
  static let codex: String = {
    let bundle = (try? File.readLink("/proc/self/exe")) ?? CommandLine.arguments[0]
    return Path.join(Path.parent(of: bundle) ?? "/", "codex")
  }()

  /// Lines of stdout; nil is its end.
  private let output = Collector<String?>()
  private let errors = Collector<String?>()
  private let status = Collector<Exit>()
  private let pid: pid_t
  private let stdin: Locked<Int32?>
  /// Until this is open only the first piece of stdout is read.
  private let mayRead: Gate

  init(
    _ arguments: [String], program: String = Child.codex, in folder: String = "/", environment: [String: String],
    isReading: Bool = true
  ) throws {
    mayRead = Gate(isOpen: isReading)
    let pipes = [try Descriptor.pipe(), try Descriptor.pipe(), try Descriptor.pipe()]
    let theirs = [pipes[0].read, pipes[1].write, pipes[2].write]
    defer { for fd in theirs { close(fd) } }
    var inherited = environment
    for name in ["PATH", "LD_LIBRARY_PATH", "TSAN_OPTIONS"] { inherited[name] = Environment.process[name] }
    (pid, stdin) = (
      // The shell is there for the folder only; the program takes its place.
      try Self.spawn(["/bin/sh", "-c", "cd \"$0\" && exec \"$@\"", folder, program] + arguments, inherited, theirs),
      Locked(pipes[0].write)
    )
    read(pipes[1].read, into: output, on: mayRead)
    read(pipes[2].read, into: errors, on: Gate(isOpen: true))
    let hasEnded = Gate()
    TestThread.start { [pid, status] in
      var code: Int32 = 0
      while waitpid(pid, &code, 0) < 0, errno == EINTR {}
      let end = Instant.now()
      hasEnded.open()
      status.append(Exit(status: code & 0x7F == 0 ? code >> 8 & 0xFF : -(code & 0x7F), time: end))
    }
    TestThread.start { [pid] in
      if !hasEnded.wait(until: .now() + TestSupport.patience) { kill(pid, SIGKILL) }
    }
  }

  deinit { endInput() }

  private static func spawn(
    _ arguments: [String], _ environment: [String: String], _ descriptors: [Int32]
  ) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (number, fd) in descriptors.enumerated() { posix_spawn_file_actions_adddup2(&actions, fd, Int32(number)) }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    var all = sigset_t()
    sigemptyset(&none)
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    var pid: pid_t = 0
    let code = withTexts(arguments) { words in
      withTexts(environment.map { "\($0)=\($1)" }) { posix_spawn(&pid, arguments[0], &actions, &attributes, words, $0) }
    }
    guard code == 0 else { throw CannotStart(program: arguments[0], code: code) }
    return pid
  }

  private static func withTexts<Result>(
    _ texts: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
  ) -> Result {
    let copies = texts.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    return body(copies + [nil])
  }

  private func read(_ fd: Int32, into lines: Collector<String?>, on gate: Gate) {
    TestThread.start {
      var line: [UInt8] = []
      var buffer = [UInt8](repeating: 0, count: 1 << 16)
      while true {
        let count = Glibc.read(fd, &buffer, buffer.count)
        guard count > 0 else { break }
        line += buffer[..<count]
        let parts = line.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for part in parts.dropLast() { lines.append(String(decoding: part, as: UTF8.self)) }
        line = parts.last.map { Array($0) } ?? []
        gate.wait()
      }
      if !line.isEmpty { lines.append(String(decoding: line, as: UTF8.self)) }
      close(fd)
      lines.append(nil)
    }
  }

  // MARK: - In

  func write(_ text: String) {
    let bytes = Array(text.utf8)
    stdin.withLock { fd in
      guard let fd else { return }
      var done = 0
      while done < bytes.count {
        let count = bytes[done...].withUnsafeBytes { Glibc.write(fd, $0.baseAddress, $0.count) }
        guard count > 0 else { return }
        done += count
      }
    }
  }

  func endInput() {
    stdin.withLock { fd in
      if let fd { close(fd) }
      fd = nil
    }
  }

  func signal(_ number: Int32) { kill(pid, number) }
  func startReading() { mayRead.open() }

  // MARK: - Out

  /// Waits for the end and tells when that was. Where the status is another one, the test fails and shows stderr.
  @discardableResult
  func expectExit(_ expected: Status, sourceLocation: SourceLocation = #_sourceLocation) async -> Instant {
    let exit = await status.first(1)[0]
    guard exit.status != expected else { return exit.time }
    Issue.record(
      "exit status \(exit.status) instead of \(expected); stderr: \(await errorText())", sourceLocation: sourceLocation)
    return exit.time
  }

  /// All lines of stdout, once it has ended.
  func lines() async -> [String] { await output.wait { $0.last == .some(nil) }.compactMap { $0 } }
  func errorText() async -> String {
    await errors.wait { $0.last == .some(nil) }.compactMap { $0 }.joined(separator: "\n")
  }

  /// All of stdout as messages.
  func messages() async throws -> [JSON] { try await lines().map { try JSON.parse($0) } }

  /// The first message of which this is true; null if stdout ended before it.
  func message(where isWanted: @escaping @Sendable (JSON) -> Bool) async -> JSON {
    let find = { @Sendable (lines: [String?]) in
      lines.lazy.compactMap { $0.flatMap { try? JSON.parse($0) } }.first(where: isWanted)
    }
    return find(await output.wait { $0.last == .some(nil) || find($0) != nil }) ?? .null
  }

  func answer(_ id: Int) async -> JSON { await message { $0["id"]?.intValue == id } }
  func notification(_ method: String) async -> JSON {
    await message { $0["method"]?.stringValue == method }["params"] ?? .null
  }
}

/// A home for a child, and a model for it to talk to.
final class Desk: Sendable {
  let folder = TemporaryFolder()
  let model: LoopbackServer
  var home: String { folder.path("home") }

  init(config: String? = nil) throws {
    model = try LoopbackServer()
    try File.makeDirectory(home, mode: 0o700)
    let mock = """
      model = "gpt-5.5"
      model_provider = "mock"
      [model_providers.mock]
      name = "Mock"
      base_url = "\(model.baseURL)/v1"
      request_max_retries = 0
      stream_max_retries = 0
      """
    try File.writeAtomically(Array((config ?? mock).utf8), to: Path.join(home, "config.toml"))
  }

  var environment: [String: String] { ["CODEX_HOME": home, "HOME": folder.path] }

  func start(_ arguments: String..., environment more: [String: String] = [:], isReading: Bool = true) throws -> Child {
    try Child(arguments, in: folder.path, environment: environment.merging(more) { $1 }, isReading: isReading)
  }

  /// An app server after its handshake, which had the id 0.
  func serve(isReading: Bool = true) async throws -> Child {
    let child = try start("app-server", isReading: isReading)
    child.write(#"{"id":0,"method":"initialize","params":{"clientInfo":{"name":"e2e","version":"1"}}}"# + "\n")
    _ = await child.answer(0)
    return child
  }

  /// The lines of all session files.
  func records() throws -> [JSON] {
    func files(_ folder: String) throws -> [String] {
      try File.list(folder).flatMap { entry in
        let path = Path.join(folder, entry.name)
        return entry.kind == .directory ? try files(path) : [path]
      }
    }
    return try files(Path.join(home, "sessions")).flatMap { path in
      try File.read(path, limit: 16 << 20).split(separator: UInt8(ascii: "\n")).map { try JSON.parse(Array($0)) }
    }
  }
}

/// A line that asks for something.
func request(_ id: Int, _ method: String, _ params: JSON = [:]) -> String {
  JSON.object(JSONObject([("id", .int(id)), ("method", .string(method)), ("params", params)])).text + "\n"
}

func turn(_ thread: JSON, _ text: String = "Hello") -> JSON {
  ["threadId": thread, "input": [["type": "text", "text": .string(text)]]]
}

/// An answer of the model's in one message.
func answer(_ text: String) -> LoopbackServer.Reply {
  .sse(begin(text) + [#"{"type":"response.completed","response":{"id":"r","usage":null}}"#])
}

/// The events of an answer but for its end.
func begin(_ text: String) -> [String] {
  let item: JSON = [
    "type": "message", "role": "assistant", "id": "msg_1",
    "content": [["type": "output_text", "text": .string(text)]],
  ]
  let events: [JSON] = [
    ["type": "response.created"], ["type": "response.output_text.delta", "delta": .string(text)],
    ["type": "response.output_item.done", "item": item],
  ]
  return events.map(\.text)
}
