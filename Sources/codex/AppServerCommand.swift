import AppServer
import Glibc
import HostIO
import Transport

/// `codex app-server`: one client on stdin and stdout.
enum AppServerCommand {
  static func run(_ invocation: Invocation, _ options: AppServerOptions) -> Never {
    if let listen = options.listen, listen != "stdio://" {
      Console.error("Error: --listen \(listen) is not implemented in codex-swift \(Version.own); use stdio://")
      _exit(1)
    }
    let signals = [SIGTERM, SIGINT, SIGHUP]
    Signals.block(signals)
    EventLoop.main.run {
      do {
        let server = try Server(try Program.serverOptions(invocation), strictConfig: options.strictConfig)
        try serve(server, signals)
      } catch {
        Console.error("Error: \(error)")
        _exit(1)
      }
    }
    _exit(0)
  }

  /// The end of stdin and the first signal drain what was promised and end with 0; a second signal ends at once.
  @LoopActor
  private static func serve(_ server: Server, _ signals: [Int32]) throws {
    let connection = StdioConnection(input: 0, output: 1)
    var isEnding = false
    func end() {
      guard !isEnding else { return }
      isEnding = true
      server.shutDown { _ in EventLoop.main.stop() }
    }
    server.onInputEnded = end
    try Signals.watch(signals) { _ in
      if isEnding { _exit(0) }
      end()
    }
    server.accept(connection)
  }
}
