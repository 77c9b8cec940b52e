import AppServer
import Glibc
import HostIO

/// `codex`: the app server, and a small client for people.
@main
enum Codex {
  // The entry point runs on the main actor, whose checks would end the process when C calls back: leave it at once.
  static func main() {
    Program.run(Array(CommandLine.arguments.dropFirst()))
  }
}

/// What the process does, start to exit. Exit statuses: 0 done, 1 it could not start or the turn failed, 2 wrong usage,
/// 130 interrupted.
enum Program {
  static let usage = """
    codex \(Version.full)

    Usage: codex [OPTIONS] <COMMAND>

    Commands:
      app-server   Serve the app server protocol (JSON-RPC) on stdin and stdout
      exec         Ask one question, print the answer: codex exec [--json] [-C DIR] [-m MODEL] [PROMPT|-]

    Options:
      -c, --config KEY=VALUE   Override a value of config.toml; VALUE is TOML, or else a plain string
          --enable FEATURE     The same as -c features.FEATURE=true
          --disable FEATURE    The same as -c features.FEATURE=false
      -V, --version            Print the version
      -h, --help               Print this

    app-server:
          --listen URL         stdio:// (the default)
          --stdio              The same as --listen stdio://
          --strict-config      Unknown keys in config.toml are an error

    exec:
          --json               One JSON object a line instead of text
      -C, --cd DIR             The folder to work in
      -m, --model MODEL        The model to ask
          --ephemeral          Leave no session file
    """

  nonisolated static func run(_ arguments: [String]) {
    Memory.tuneAllocator()
    Signals.ignoreFailedWrites()
    let invocation: Invocation
    do throws(UsageError) {
      invocation = try Invocation(arguments: arguments)
    } catch {
      Console.error("error: \(error.message)\n\nFor more information, try 'codex --help'.")
      _exit(2)
    }
    switch invocation.command {
    case .version:
      Console.print("codex \(Version.full)")
      _exit(0)
    case .help:
      Console.print(usage)
      _exit(0)
    case .appServer(let options):
      Host.raiseDescriptorLimit()
      AppServerCommand.run(invocation, options)
    case .exec(let options): ExecCommand.run(invocation, options)
    }
  }

  /// Options of the server from the command line and the environment.
  @LoopActor
  static func serverOptions(_ invocation: Invocation) throws(StartError) -> Server.Options {
    let environment = Environment.process
    let cwd: String
    do throws(SystemError) {
      cwd = try Host.currentDirectory()
    } catch {
      throw StartError("the working directory cannot be read: \(error)")
    }
    var options = Server.Options(
      codexHome: try CodexHome.locate(environment, cwd: cwd), environment: environment, cwd: cwd)
    options.overrides = invocation.overrides
    options.features = invocation.features
    let threshold = LogFilter.level(environment["RUST_LOG"])
    options.log = { level, message in
      if level <= threshold { Console.error("\(level.word): \(message)") }
    }
    return options
  }
}

/// `$CODEX_HOME`, else `~/.codex`, which is made if it is missing.
enum CodexHome {
  static func locate(_ environment: Environment, cwd: String) throws(StartError) -> String {
    if let given = environment.nonEmpty("CODEX_HOME") {
      let path = Path.absolute(given, from: cwd)
      guard let status = try? File.status(path) else {
        throw StartError("CODEX_HOME points to \"\(given)\", but that path does not exist")
      }
      guard status.kind == .directory else {
        throw StartError("CODEX_HOME points to \"\(given)\", but that path is not a directory")
      }
      return (try? File.realPath(path)) ?? path
    }
    guard let home = environment.nonEmpty("HOME") ?? Host.homeDirectory else {
      throw StartError("neither CODEX_HOME nor HOME is set")
    }
    let path = Path.join(home, ".codex")
    do throws(SystemError) {
      try File.makeDirectories(path, mode: 0o700)
    } catch {
      throw StartError("\(path) cannot be made: \(error)")
    }
    return path
  }
}

/// stdout and stderr without buffers of their own.
enum Console {
  static func print(_ text: String) { write(text + "\n", to: 1) }
  static func error(_ text: String) { write(text + "\n", to: 2) }

  /// Text without a line end, for what streams.
  static func stream(_ text: String) { write(text, to: 1) }

  private static func write(_ text: String, to fd: Int32) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(fd, $0.baseAddress, $0.count) }
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if errno == EAGAIN {
        // Where stderr is the same file as stdout, it is non-blocking, too.
        var wait = pollfd(fd: fd, events: Int16(POLLOUT), revents: 0)
        _ = poll(&wait, 1, -1)
      } else if errno != EINTR {
        return
      }
    }
  }
}

/// The coarse part of `RUST_LOG`: `error`, `warn`, `info`, `debug`, `trace`, `off`; warnings by default.
enum LogFilter {
  static func level(_ text: String?) -> Server.LogLevel {
    switch text {
    case "error", "off": .error
    case "info": .info
    case "debug", "trace": .debug
    default: .warning
    }
  }
}

extension Server.LogLevel {
  fileprivate var word: String {
    switch self {
    case .error: "ERROR"
    case .warning: "WARN"
    case .info: "INFO"
    case .debug: "DEBUG"
    }
  }
}
