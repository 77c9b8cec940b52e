import HostIO
import JSON
import TestSupport
import Testing

/// A command line that asks for nothing, and what is said about it.
private struct Mistake: Sendable, CustomTestStringConvertible {
  var words: [String]
  var message: String
  var testDescription: String { words.joined(separator: " ") }
}

private let mistakes = [
  Mistake(words: ["frobnicate"], message: "unrecognized subcommand 'frobnicate'"),
  Mistake(words: ["--frob"], message: "unexpected argument '--frob' found"),
  Mistake(words: ["-c"], message: "a value is required for '-c' but none was supplied"),
  Mistake(words: ["-c", "novalue"], message: "invalid value 'novalue' for '--config <key=value>': missing '='"),
  Mistake(words: ["app-server", "now"], message: "unexpected argument 'now' found"),
  Mistake(words: ["app-server", "--listen"], message: "a value is required for '--listen' but none was supplied"),
  Mistake(words: ["app-server", "--listen=nonsense"], message: "invalid value 'nonsense' for '--listen <URL>'"),
  Mistake(
    words: ["app-server", "--stdio", "--listen", "stdio://"],
    message: "the argument '--stdio' cannot be used with '--listen <URL>'"),
  Mistake(words: ["exec", "one", "two"], message: "unexpected argument 'two' found"),
  Mistake(words: ["exec", "--frob", "x"], message: "unexpected argument '--frob' found"),
]

@Suite struct `The command line` {
  @Test(arguments: [["--version"], ["-V"]]) func `tells the version`(words: [String]) async throws {
    let child = try Child(words, environment: [:])
    let lines = await child.lines()
    #expect(lines.count == 1 && lines[0].hasPrefix("codex 0.163.0+swift."))
    await child.expectExit(0)
  }

  @Test(arguments: [[], ["--help"], ["help"], ["-h"]]) func `explains itself`(words: [String]) async throws {
    let child = try Child(words, environment: [:])
    #expect(await child.lines().contains("Usage: codex [OPTIONS] <COMMAND>"))
    await child.expectExit(0)
  }

  @Test(arguments: mistakes) fileprivate func `says what is wrong with it`(mistake: Mistake) async throws {
    let child = try Child(mistake.words, environment: [:])
    #expect(await child.errorText() == "error: \(mistake.message)\n\nFor more information, try 'codex --help'.")
    #expect(await child.lines() == [])
    await child.expectExit(2)
  }

  @Test func `overrides the configuration, before and after the command`() async throws {
    let desk = try Desk()
    let child = try desk.start(
      "-c", "model=\"first\"", "--config=model_reasoning_effort=high", "app-server", "-c", "model=plain words",
      "--disable", "memories")
    child.write(request(0, "initialize", ["clientInfo": ["name": "e2e", "version": "1"]]) + request(1, "config/read"))
    let config = await child.answer(1)["result"]?["config"]
    #expect(config?["model"] == "plain words" && config?["model_reasoning_effort"] == "high")
    #expect(config?["features"]?["memories"] == false)
    child.endInput()
    await child.expectExit(0)
  }
}
