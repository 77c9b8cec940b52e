/// What the words after `codex` ask for.
struct Invocation: Equatable {
  enum Command: Equatable {
    case appServer(AppServerOptions)
    case exec(ExecOptions)
    case version
    case help
  }

  var command: Command
  /// `-c key=value`, in their order, as they were written.
  var overrides: [String] = []
  /// `--enable F` and `--disable F`, in their order.
  var features: [(name: String, isEnabled: Bool)] = []

  static func == (left: Invocation, right: Invocation) -> Bool {
    left.command == right.command && left.overrides == right.overrides
      && left.features.elementsEqual(right.features, by: ==)
  }
}

struct AppServerOptions: Equatable {
  /// Where to listen; only `stdio://` is built.
  var listen: String?
  var strictConfig = false
}

struct ExecOptions: Equatable {
  var json = false
  var folder: String?
  var model: String?
  /// Nil: stdin is the prompt.
  var prompt: String?
  var ephemeral = false
}

/// A command line that asks for nothing we know. Exit status 2, like the reference's.
struct UsageError: Error, Equatable {
  var message: String
}

extension Invocation {
  /// Reads the arguments after the program's name.
  init(arguments: [String]) throws(UsageError) {
    var reader = ArgumentReader(arguments)
    var overrides: [String] = []
    var features: [(String, Bool)] = []

    /// The options that every command takes, before and after its name.
    func takeCommon(_ option: String, _ reader: inout ArgumentReader) throws(UsageError) -> Bool {
      switch option {
      case "-c", "--config":
        let text = try reader.value(of: option)
        guard text.utf8.contains(UInt8(ascii: "=")) else {
          throw UsageError(message: "invalid value '\(text)' for '--config <key=value>': missing '='")
        }
        overrides.append(text)
      case "--enable": features.append((try reader.value(of: option), true))
      case "--disable": features.append((try reader.value(of: option), false))
      default: return false
      }
      return true
    }

    var command: Command?
    while let word = reader.next() {
      if try takeCommon(word, &reader) { continue }
      switch word {
      case "-V", "--version": command = .version
      case "-h", "--help", "help": command = .help
      case "app-server": command = try Self.appServer(&reader, takeCommon)
      case "exec", "e": command = try Self.exec(&reader, takeCommon)
      default:
        throw UsageError(
          message: word.utf8.first == UInt8(ascii: "-")
            ? "unexpected argument '\(word)' found" : "unrecognized subcommand '\(word)'")
      }
      break
    }
    self.init(command: command ?? .help, overrides: overrides, features: features)
  }

  private typealias TakeCommon = (String, inout ArgumentReader) throws(UsageError) -> Bool

  private static func appServer(_ reader: inout ArgumentReader, _ takeCommon: TakeCommon) throws(UsageError)
    -> Command
  {
    var options = AppServerOptions()
    var isStdio = false
    while let word = reader.next() {
      if try takeCommon(word, &reader) { continue }
      switch word {
      case "--listen": options.listen = try reader.value(of: word)
      case "--stdio": isStdio = true
      case "--strict-config": options.strictConfig = true
      case "--analytics-default-enabled": break  // we send no analytics in any case
      case "-h", "--help": return .help
      default: throw UsageError(message: "unexpected argument '\(word)' found")
      }
    }
    if isStdio, options.listen != nil {
      throw UsageError(message: "the argument '--stdio' cannot be used with '--listen <URL>'")
    }
    if let listen = options.listen, listen != "stdio://" {
      let known = ["unix://", "ws://", "off"]
      guard known.contains(where: { listen.utf8.starts(with: $0.utf8) }) else {
        throw UsageError(message: "invalid value '\(listen)' for '--listen <URL>'")
      }
    }
    return .appServer(options)
  }

  private static func exec(_ reader: inout ArgumentReader, _ takeCommon: TakeCommon) throws(UsageError) -> Command {
    var options = ExecOptions()
    var words: [String] = []
    while let word = reader.next() {
      if reader.isPastOptions {
        words.append(word)
        continue
      }
      if try takeCommon(word, &reader) { continue }
      switch word {
      case "--json": options.json = true
      case "--ephemeral": options.ephemeral = true
      case "-C", "--cd": options.folder = try reader.value(of: word)
      case "-m", "--model": options.model = try reader.value(of: word)
      case "-h", "--help": return .help
      case "--skip-git-repo-check": break  // nothing here needs a repository
      default:
        guard word == "-" || word.utf8.first != UInt8(ascii: "-") else {
          throw UsageError(message: "unexpected argument '\(word)' found")
        }
        words.append(word)
      }
    }
    guard words.count <= 1 else { throw UsageError(message: "unexpected argument '\(words[1])' found") }
    options.prompt = words.first == "-" ? nil : words.first
    return .exec(options)
  }
}

/// Hands out words; `--name=value` counts as two.
private struct ArgumentReader {
  private var words: ArraySlice<String>
  private var attachedValue: String?
  /// After `--` every word is a plain one.
  private(set) var isPastOptions = false

  init(_ words: [String]) { self.words = words[...] }

  mutating func next() -> String? {
    attachedValue = nil
    guard let word = words.popFirst() else { return nil }
    if isPastOptions { return word }
    if word == "--" {
      isPastOptions = true
      return words.popFirst()
    }
    guard word.utf8.starts(with: "--".utf8), let equals = word.firstIndex(of: "=") else { return word }
    attachedValue = String(word[word.index(after: equals)...])
    return String(word[..<equals])
  }

  mutating func value(of option: String) throws(UsageError) -> String {
    if let attached = attachedValue {
      attachedValue = nil
      return attached
    }
    guard let word = words.popFirst() else {
      throw UsageError(message: "a value is required for '\(option)' but none was supplied")
    }
    return word
  }
}
