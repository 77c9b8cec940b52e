import Glibc
import HostIO
import JSON
import TestSupport
import Testing

@Suite struct `codex exec` {
  @Test func `without a login is answered by the offline model, which says what it is`() async throws {
    let desk = try Desk(config: "")
    let child = try desk.start("exec", "Who are you?")
    let answer = await child.lines().joined(separator: "\n")
    #expect(answer.hasPrefix("[demonstration] The offline model received your message (\"Who are you?\")"))
    let errors = await child.errorText()
    #expect(errors.hasPrefix("No login and no model provider were found: the embedded offline model answers."))
    #expect(errors.contains("workdir: \(desk.folder.path)"))
    await child.expectExit(0)
  }

  @Test func `prints one event a line if it shall`() async throws {
    let desk = try Desk()
    desk.model.enqueue(answer("Hi there"))
    let child = try desk.start("exec", "--json", "Hello")
    var messages = try await child.messages()
    #expect(messages.first?["type"] == "thread.started" && messages.first?["thread_id"]?.stringValue?.count == 36)
    messages.removeFirst()
    #expect(
      messages == [
        ["type": "turn.started"],
        ["type": "item.completed", "item": ["id": "item_0", "type": "agent_message", "text": "Hi there"]],
        [
          "type": "turn.completed",
          "usage": [
            "input_tokens": 0, "cached_input_tokens": 0, "cache_write_input_tokens": 0, "output_tokens": 0,
            "reasoning_output_tokens": 0,
          ],
        ],
      ])
    await child.expectExit(0)
  }

  @Test func `takes its question from stdin, its folder and its model from options`() async throws {
    let desk = try Desk()
    try File.makeDirectory(desk.folder.path("work"))
    desk.model.enqueue(answer("Hi"))
    let child = try desk.start("exec", "-C", "work", "--model=gpt-6-sol", "--ephemeral")
    child.write("A long\nquestion")
    child.endInput()
    #expect(await child.lines() == ["Hi"])
    await child.expectExit(0)
    let request = try #require(desk.model.requests.first)
    #expect(request.text.contains(#"A long\nquestion"#) && request.text.contains(#""model":"gpt-6-sol""#))
    #expect(request.text.contains(desk.folder.path("work")))
    #expect(!File.exists(Path.join(desk.home, "sessions")))
  }

  @Test(arguments: ["CODEX_API_KEY", "OPENAI_API_KEY"]) func `takes a key from the environment`(name: String)
    async throws
  {
    let desk = try Desk(config: "")
    desk.model.enqueue(answer("Hi"))
    let child = try desk.start(
      "-c", "openai_base_url=\(desk.model.baseURL)", "exec", "Hello", environment: [name: "sk-test"])
    #expect(await child.lines() == ["Hi"])
    #expect(desk.model.requests.first?.headers["authorization"] == "Bearer sk-test")
  }

  @Test func `fails when the turn does`() async throws {
    let desk = try Desk()
    desk.model.enqueue(.status(400, "no such model"), .status(400, "no such model"))
    let plain = try desk.start("exec", "Hello")
    await plain.expectExit(1)
    #expect(await plain.errorText().hasSuffix("ERROR: no such model"))
    #expect(await plain.lines() == [])
    let json = try desk.start("exec", "--json", "Hello")
    await json.expectExit(1)
    #expect(
      try await json.messages().suffix(2) == [
        ["type": "error", "message": "no such model"],
        ["type": "turn.failed", "error": ["message": "no such model"]],
      ])
  }

  @Test func `fails when no thread can be had`() async throws {
    let desk = try Desk(config: "model = 7\n")
    let child = try desk.start("exec", "Hello")
    await child.expectExit(1)
    #expect(await child.errorText().contains("failed to load configuration: "))
  }

  @Test func `is interrupted by a signal`() async throws {
    let gate = Gate()
    defer { gate.open() }
    let desk = try Desk()
    desk.model.enqueue(.script([.event(#"{"type":"response.output_text.delta","delta":"Hm"}"#), .hold(gate)]))
    let child = try desk.start("exec", "--json", "Hello")
    _ = await child.message { $0["type"] == "turn.started" }
    child.signal(SIGINT)
    await child.expectExit(130)
    #expect(try desk.records().last?["payload"]?["type"] == "turn_aborted")
  }
}
