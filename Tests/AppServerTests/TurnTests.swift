import HostIO
import JSON
import TestSupport
import Testing

private func invalid(_ message: String) -> JSON { ["code": -32600, "message": .string(message)] }

@Suite(.loop) struct `A turn on the wire` {
  @Test @LoopActor func `tells its events in order`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let thread = try await client.startThread()
      client.mark()
      scene.model.enqueue(.answer("Hi there"))
      client.request("turn/start", client.turnParams(thread))
      #expect(
        try await client.trace(to: "turn/completed") == [
          "< turn/start", "thread/status/changed active", "turn/started", "item/started userMessage",
          "item/completed userMessage", "item/started agentMessage", "delta Hi", "delta  there",
          "item/completed agentMessage", "thread/tokenUsage/updated", "account/rateLimits/updated",
          "thread/readState/changed", "thread/status/changed idle", "turn/completed completed",
        ])
    }
  }

  @Test @LoopActor func `says in each event what happened`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let thread = try await client.startThread()
      scene.model.enqueue(.answer("Hi"))
      let now = scene.clock.seconds
      let started = try await client.call(
        "turn/start", client.turnParams(thread, "Hello", ["clientUserMessageId": "c1"]))
      let id = started.at("turn.id")
      var turn = JSONObject([
        ("id", id), ("rootTurnId", id), ("items", []), ("itemsView", "notLoaded"), ("status", "inProgress"),
        ("error", nil), ("startedAt", nil), ("completedAt", nil), ("durationMs", nil),
      ])
      #expect(started == ["turn": .object(turn)])
      turn["startedAt"] = .int(now)
      #expect(try await client.next("turn/started") == ["threadId": .string(thread), "turn": .object(turn)])
      let user = try await client.next("item/completed")
      #expect(
        user.at("item") == [
          "type": "userMessage", "id": user.at("item.id"), "clientId": "c1",
          "content": [["type": "text", "text": "Hello", "text_elements": []]],
        ])
      #expect(user.at("turnId") == id && user.at("completedAtMs") == .int(now * 1000))
      #expect(
        try await client.next("item/agentMessage/delta") == [
          "threadId": .string(thread), "turnId": id, "itemId": "msg_1", "delta": "Hi",
        ])
      let message: JSON = [
        "type": "agentMessage", "id": "msg_1", "text": "Hi", "phase": nil, "memoryCitation": nil, "delivery": nil,
        "questions": nil,
      ]
      #expect(try await client.next("item/completed").at("item") == message)
      let usage: JSON = [
        "totalTokens": 15, "inputTokens": 10, "cachedInputTokens": 0, "cacheWriteInputTokens": 0, "outputTokens": 5,
        "reasoningOutputTokens": 0,
      ]
      #expect(
        try await client.next("thread/tokenUsage/updated") == [
          "threadId": .string(thread), "turnId": id,
          "tokenUsage": ["total": usage, "last": usage, "modelContextWindow": 258_400],
        ])
      (turn["items"], turn["itemsView"], turn["status"]) = ([message], "summary", "completed")
      (turn["completedAt"], turn["durationMs"]) = (.int(now), 0)
      #expect(try await client.next("turn/completed") == ["threadId": .string(thread), "turn": .object(turn)])
    }
  }

  @Test @LoopActor func `shows reasoning before the answer`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let thread = try await client.startThread()
      let item: JSON = ["type": "reasoning", "id": "rs_1", "summary": []]
      let done: JSON = [
        "type": "reasoning", "id": "rs_1", "summary": [["type": "summary_text", "text": "Think"]],
        "encrypted_content": "secret",
      ]
      scene.model.enqueue(
        .sse(
          [
            Event.item("added", item), #"{"type":"response.reasoning_summary_part.added","summary_index":0}"#,
            #"{"type":"response.reasoning_summary_text.delta","delta":"Think","summary_index":0}"#,
            #"{"type":"response.reasoning_text.delta","delta":"raw","content_index":0}"#, Event.item("done", done),
          ] + Event.answer("Hi") + [Event.completed()]), .answer("Again"))
      client.mark()
      client.request("turn/start", client.turnParams(thread))
      try await client.next("item/completed")
      #expect(
        try await client.trace(to: "item/agentMessage/delta") == [
          "item/started reasoning", "item/reasoning/summaryPartAdded", "item/reasoning/summaryTextDelta",
          "item/reasoning/textDelta", "item/completed reasoning", "item/started agentMessage", "delta Hi",
        ])
      try await client.next("turn/completed")
      try await client.turn(thread, "More")
      let input = scene.model.requests[1].json.at("input").arrayValue ?? []
      #expect(input.contains(done))
    }
  }

  @Test @LoopActor func `sends the model instructions, context, history and the question`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let thread = try await client.startThread(["baseInstructions": "Base.", "developerInstructions": "Dev."])
      scene.model.enqueue(.answer("One"), .answer("Two", id: "msg_2"))
      try await client.turn(thread, "First")
      try await client.turn(thread, "Second", ["effort": "high", "outputSchema": ["type": "object"]])
      let (one, two) = (scene.model.requests[0], scene.model.requests[1])
      #expect(one.method == "POST" && one.target == "/v1/responses")
      #expect(one.headers["thread-id"] == thread && one.headers["authorization"] == nil)
      let conversation = one.conversation
      #expect(conversation.first == "developer: Base." && conversation[1] == "developer: Dev.")
      #expect(conversation[2].hasPrefix("developer: <permissions instructions>"))
      #expect(conversation[3].hasPrefix("user: <environment_context>"))
      #expect(conversation[4...] == ["user: First"])
      #expect(two.conversation == conversation + ["assistant: One", "user: Second"])
      let body = two.json
      #expect(body.at("reasoning.effort") == "high" && body.at("model") == "gpt-5.5")
      #expect(body.at("text.format.schema") == ["type": "object"] && body.at("prompt_cache_key").string == thread)
      #expect(one.json.at("text.format") == .null)
      #expect(body.at("store") == false && body.at("stream") == true)
      let input = one.json.at("input").arrayValue ?? []
      #expect(Array((body.at("input").arrayValue ?? []).prefix(input.count)) == input)
    }
  }

  @Test @LoopActor func `follows the AGENTS.md of its folder`() async throws {
    try await Scene.run { scene in
      let file = Path.join(scene.work, "AGENTS.md")
      try File.writeAtomically(Array("Be brief.".utf8), to: file)
      let client = try await scene.connect()
      let started = try await client.call("thread/start", [:])
      #expect(started.at("instructionSources") == [.string(file)])
      scene.model.enqueue(.answer("Hi"))
      try await client.turn(started.at("thread.id").string)
      #expect(scene.model.requests[0].conversation.contains { $0.contains("Be brief.") })
    }
  }

  @Test @LoopActor func `takes overrides for itself and later turns and tells of them before the answer`() async throws
  {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let thread = try await client.startThread()
      client.mark()
      scene.model.enqueue(.answer("Hi"), .answer("Hi"))
      client.request("turn/start", client.turnParams(thread, "Hello", ["model": "gpt-6-sol", "cwd": "sub"]))
      try await client.wait(for: "answer") { $0.contains { $0["result"]?["turn"] != nil } }
      #expect(Array(client.trace.prefix(2)) == ["thread/settings/updated", "< turn/start"])
      let settings = try await client.next("thread/settings/updated").at("threadSettings")
      #expect(settings.at("model") == "gpt-6-sol" && settings.at("cwd").string == Path.join(scene.work, "sub"))
      try await client.next("turn/completed")
      try await client.turn(thread, "Again", ["model": "gpt-6-sol"])
      #expect(scene.model.requests.map { $0.json.at("model") } == ["gpt-6-sol", "gpt-6-sol"])
      #expect(client.notifications("thread/settings/updated").count == 1)
    }
  }

  @Test @LoopActor func `tells the model only what changed of its settings`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let thread = try await client.startThread()
      scene.model.enqueue(.answer("One"), .answer("Two", id: "msg_2"))
      try await client.turn(thread, "First")
      try await client.turn(thread, "Second", ["sandboxPolicy": ["type": "dangerFullAccess"]])
      let added = scene.model.requests[1].conversation.dropFirst(scene.model.requests[0].conversation.count + 1)
      #expect(added.last == "user: Second")
      #expect(added.contains { $0.hasPrefix("developer: <permissions instructions>") })
      #expect(!added.contains { $0.contains("<cwd>") })
    }
  }

  @Test @LoopActor func `warns once of a model that nobody knows, before the answer`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let thread = try await client.startThread(["model": "mystery"])
      client.mark()
      scene.model.enqueue(.answer("Hi"), .answer("Hi"))
      client.request("turn/start", client.turnParams(thread))
      #expect(Array(try await client.trace(to: "turn/started").prefix(2)) == ["warning", "< turn/start"])
      try await client.next("turn/completed")
      try await client.turn(thread)
      let warnings = client.notifications("warning")
      #expect(warnings.count == 1)
      #expect(warnings[0].at("message").string.hasPrefix("Model metadata for `mystery` not found."))
    }
  }

  @Test @LoopActor func `answers a call of a tool that does not exist and goes on`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let thread = try await client.startThread()
      let call: JSON = ["type": "function_call", "id": "fc_1", "name": "shell", "call_id": "c1", "arguments": "{}"]
      scene.model.enqueue(.sse([Event.created, Event.item("done", call), Event.completed()]), .answer("Sorry"))
      #expect(try await client.turn(thread).at("items.0.text") == "Sorry")
      let input = scene.model.requests[1].json.at("input").arrayValue ?? []
      #expect(input.suffix(2).map { $0.at("type") } == ["function_call", "function_call_output"])
      #expect(input.last?.at("output") == "unsupported call: shell")
    }
  }

  @Test @LoopActor func `refuses what it cannot take`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let thread = try await client.startThread()
      let missing = "01990000-0000-7000-8000-000000000000"
      #expect(
        try await client.refusal("turn/start", client.turnParams(missing)) == invalid("thread not found: \(missing)"))
      let picture: JSON = ["input": [["type": "image", "url": "https://example.com/x.png"]]]
      #expect(
        try await client.refusal("turn/start", client.turnParams(thread, "", picture))
          == invalid("remote image URLs are not supported; use an inline data URL instead"))
      let long = String(repeating: "é", count: 1_048_577)
      #expect(
        try await client.refusal("turn/start", client.turnParams(thread, long)) == [
          "code": -32602, "message": "Input exceeds the maximum length of 1048576 characters.",
          "data": ["input_error_code": "input_too_large", "max_chars": 1_048_576, "actual_chars": 1_048_577],
        ])
      let both: JSON = ["permissions": ":read-only", "sandboxPolicy": ["type": "readOnly"]]
      #expect(
        try await client.refusal("turn/start", client.turnParams(thread, "", both))
          == invalid("`permissions` cannot be combined with `sandboxPolicy`"))
      #expect(scene.model.requests.isEmpty)
    }
  }

  @Test @LoopActor func `of no input at all is fine`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let thread = try await client.startThread()
      scene.model.enqueue(.answer("Hi"))
      #expect(try await client.turn(thread, "", ["input": []]).at("status") == "completed")
    }
  }

  @Test @LoopActor func `sends pictures, and a remark where one cannot be read`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let thread = try await client.startThread()
      let png = scene.folder.path("x.png")
      try File.writeAtomically([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 1], to: png)
      let input: JSON = [
        ["type": "image", "url": "data:image/png;base64,AA=="], ["type": "localImage", "path": .string(png)],
        ["type": "localImage", "path": .string(scene.folder.path("none.png"))],
      ]
      scene.model.enqueue(.answer("Nice"))
      try await client.turn(thread, "", ["input": input])
      let parts = (scene.model.requests[0].json.at("input").arrayValue ?? []).last?.at("content").arrayValue ?? []
      #expect(
        parts.prefix(4) == [
          ["type": "input_image", "image_url": "data:image/png;base64,AA==", "detail": "high"],
          ["type": "input_text", "text": .string("<image name=[Image #1] path=\"\(png)\">")],
          ["type": "input_image", "image_url": "data:image/png;base64,iVBORw0KGgoB", "detail": "high"],
          ["type": "input_text", "text": "</image>"],
        ])
      #expect(parts.last?.at("text").string.contains("could not be read") == true && parts.count == 5)
    }
  }
}
