import Glibc
import HostIO
import JSON
import TestSupport
import Testing

private func status(of completed: JSON) -> JSON? { completed["turn"]?["status"] }

@Suite struct `codex app-server` {
  @Test func `runs a turn and ends with its input`() async throws {
    let desk = try Desk()
    desk.model.enqueue(answer("Hi there"))
    let child = try await desk.serve()
    child.write(request(1, "thread/start"))
    let thread = await child.answer(1)["result"]?["thread"]?["id"] ?? .null
    child.write(request(2, "turn/start", turn(thread)))
    #expect(await child.notification("item/agentMessage/delta")["delta"] == "Hi there")
    #expect(status(of: await child.notification("turn/completed")) == "completed")
    child.endInput()
    await child.expectExit(0)
    #expect(await child.errorText() == "")
    #expect(try desk.records().last?["payload"]?["type"] == "task_complete")
  }

  @Test func `answers everything that came before the end of its input`() async throws {
    let desk = try Desk()
    let child = try desk.start("app-server")
    let count = 2000
    child.write(
      request(0, "initialize", ["clientInfo": ["name": "e2e", "version": "1"]])
        + (1...count).map { request($0, $0 % 2 == 0 ? "thread/list" : "thread/loaded/list") }.joined()
        + #"{"id":2001,"method":"thread/loaded/list"}"#)
    child.endInput()
    let answers = try await child.messages().filter { $0["id"] != nil }
    #expect(answers.allSatisfy { $0["result"] != nil })
    #expect(answers.compactMap { $0["id"]?.intValue }.sorted() == Array(0...count + 1))
    await child.expectExit(0)
  }

  @Test func `ends at once where there is no input`() async throws {
    let desk = try Desk()
    let child = try Child(
      ["-c", "exec \"$0\" app-server </dev/null", Child.codex], program: "/bin/sh", environment: desk.environment)
    await child.expectExit(0)
    #expect(await child.lines() == [])
  }

  /// What a busy machine and instrumented code may add to the server's own times.
  private let overhead = Duration.seconds(2)

  @Test(arguments: [SIGTERM, SIGINT, SIGHUP]) func `ends in good order when it is told to`(signal: Int32) async throws {
    let desk = try Desk()
    let child = try await desk.serve()
    child.signal(signal)
    await child.expectExit(0)
  }

  @Test(arguments: [SIGTERM, nil]) func `records and tells that a running turn was aborted`(signal: Int32?) async throws
  {
    let gate = Gate()
    defer { gate.open() }
    let desk = try Desk()
    desk.model.enqueue(.script([.event(#"{"type":"response.output_text.delta","delta":"Hm"}"#), .hold(gate)]))
    let child = try await desk.serve()
    child.write(request(1, "thread/start"))
    let thread = await child.answer(1)["result"]?["thread"]?["id"] ?? .null
    child.write(request(2, "turn/start", turn(thread)))
    _ = await child.notification("item/agentMessage/delta")
    let told = Instant.now()
    if let signal { child.signal(signal) } else { child.endInput() }
    #expect(await child.expectExit(0) - told < .seconds(5) + overhead)
    #expect(status(of: await child.notification("turn/completed")) == "interrupted")
    let payload = try desk.records().last?["payload"]
    #expect(payload?["type"] == "turn_aborted" && payload?["reason"] == "interrupted")
  }

  /// Asks for more than a client that reads nothing can be told. The pipe does not hold all of it: when this returns, the
  /// server has begun to answer.
  private func flood(_ child: Child) async {
    let isWritten = Gate()
    TestThread.start {
      child.write((1...2000).map { request($0, "model/list") }.joined())
      isWritten.open()
    }
    await isWritten.opened()
  }

  @Test func `ends within five seconds when nobody reads what it says`() async throws {
    let desk = try Desk()
    let child = try await desk.serve(isReading: false)
    await flood(child)
    let told = Instant.now()
    child.signal(SIGTERM)
    #expect(await child.expectExit(0) - told < .seconds(5) + overhead)
    child.startReading()
  }

  @Test func `ends at once at a second signal`() async throws {
    let desk = try Desk()
    let child = try await desk.serve(isReading: false)
    await flood(child)
    let told = Instant.now()
    child.signal(SIGTERM)
    child.signal(SIGINT)
    #expect(await child.expectExit(0) - told < .seconds(3) + overhead)
    child.startReading()
  }

  @Test func `ends when its client is gone`() async throws {
    let desk = try Desk()
    let child = try Child(
      ["-c", "\"$0\" app-server >&- 2>/dev/null", Child.codex], program: "/bin/sh", environment: desk.environment)
    child.write(request(0, "initialize", ["clientInfo": ["name": "e2e", "version": "1"]]))
    await child.expectExit(0)
  }

  @Test func `tells of a configuration that it cannot read, and serves`() async throws {
    let desk = try Desk(config: "model = \n")
    let child = try await desk.serve()
    let warning = await child.notification("configWarning")
    #expect(warning["summary"] == "Invalid configuration; using defaults.")
    #expect(warning["path"]?.stringValue == Path.join(desk.home, "config.toml"))
    child.write(request(1, "thread/list"))
    #expect(await child.answer(1)["result"]?["data"] == [])
    child.endInput()
    await child.expectExit(0)
  }

  /// The nearest thing to a full disk that needs no disk: a limit on the size of files. It is 2 or 4 MiB, as the shell
  /// counts, and so leaves room for a file of half a MiB that ThreadSanitizer makes at the start.
  @Test func `ends a turn that it cannot record with an error, and serves on`() async throws {
    let desk = try Desk()
    desk.model.enqueue(answer(String(repeating: "x", count: 5_000_000)))
    let child = try Child(
      ["-c", "ulimit -f 4096; exec \"$0\" app-server", Child.codex], program: "/bin/sh", environment: desk.environment)
    child.write(request(0, "initialize", ["clientInfo": ["name": "e2e", "version": "1"]]) + request(1, "thread/start"))
    let thread = await child.answer(1)["result"]?["thread"]?["id"] ?? .null
    child.write(request(2, "turn/start", turn(thread)))
    let completed = await child.notification("turn/completed")
    #expect(status(of: completed) == "failed")
    let message = completed["turn"]?["error"]?["message"]?.stringValue ?? ""
    #expect(message.hasPrefix("failed to write the session file: File too large"), "\(message)")
    child.write(request(3, "thread/read", ["threadId": thread, "includeTurns": true]))
    #expect(await child.answer(3)["result"]?["thread"]?["turns"]?[0]?["id"] == completed["turn"]?["id"])
    child.endInput()
    await child.expectExit(0)
    // Nothing half-written: every line is a record.
    #expect(try !desk.records().isEmpty)
  }

  @Test func `says when it has no descriptors left, and goes on with what it has`() async throws {
    let desk = try Desk()
    let child = try Child(
      ["-c", "ulimit -n 40; exec \"$0\" app-server", Child.codex], program: "/bin/sh", environment: desk.environment)
    child.write(request(0, "initialize", ["clientInfo": ["name": "e2e", "version": "1"]]) + request(1, "thread/start"))
    let thread = await child.answer(1)["result"]?["thread"]?["id"] ?? .null
    let injected: JSON = [
      "type": "message", "role": "user", "content": [["type": "input_text", "text": "Injected"]],
    ]
    // Each holds two: its file and its lock.
    for id in 2..<40 {
      child.write(request(id, "thread/start"))
      let name = await child.answer(id)["result"]?["thread"]?["id"] ?? .null
      child.write(request(100 + id, "thread/inject_items", ["threadId": name, "items": [injected]]))
    }
    let refusal = await child.answer(139)["error"]
    #expect(refusal?["code"] == -32603)
    #expect(refusal?["message"]?.stringValue?.contains("Too many open files (os error 24)") == true)
    // A list that cannot be looked up is no empty list.
    child.write(request(200, "thread/list"))
    #expect(await child.answer(200)["error"]?["code"] == -32603)
    child.write(request(201, "thread/delete", ["threadId": thread]) + request(202, "thread/loaded/list"))
    #expect(await child.answer(202)["result"]?["data"]?.arrayValue?.isEmpty == false)
    child.endInput()
    await child.expectExit(0)
  }

  @Test func `does not start in a home that is not there, or on unknown keys if it shall not`() async throws {
    let desk = try Desk(config: "flux = 1\n")
    let cases: [([String], String, String)] = [
      (
        [], desk.folder.path("none"),
        "Error: CODEX_HOME points to \"\(desk.folder.path("none"))\", but that path does not exist"
      ),
      (
        [], Path.join(desk.home, "config.toml"),
        "Error: CODEX_HOME points to \"\(desk.home)/config.toml\", but that path is not a directory"
      ),
      (["--strict-config"], desk.home, "Error: \(desk.home)/config.toml:1:1: unknown configuration field `flux`"),
    ]
    for (options, home, error) in cases {
      let child = try Child(["app-server"] + options, environment: ["CODEX_HOME": home, "HOME": desk.folder.path])
      await child.expectExit(1)
      #expect(await child.errorText() == error)
      #expect(await child.lines() == [])
    }
  }
}
