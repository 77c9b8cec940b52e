import HostIO
import JSON
import TestSupport
import Testing

@Suite(.loop) struct `Compacting a thread` {
  @Test @LoopActor func `by hand is a turn of its own`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let thread = try await client.startThread()
      scene.model.enqueue(.answer("Hi"), .answer("Summary", id: "msg_2"), .answer("Go on", id: "msg_3"))
      try await client.turn(thread, "Hello")
      client.mark()
      client.request("thread/compact/start", ["threadId": .string(thread)])
      #expect(
        try await client.trace(to: "turn/completed") == [
          "< thread/compact/start", "thread/status/changed active", "turn/started", "item/started contextCompaction",
          "thread/tokenUsage/updated", "account/rateLimits/updated", "thread/tokenUsage/updated",
          "account/rateLimits/updated", "thread/tokenUsage/updated", "account/rateLimits/updated",
          "item/completed contextCompaction", "warning", "thread/status/changed idle", "turn/completed completed",
        ])
      #expect(client.notifications("turn/completed")[1].at("turn.items") == [])
      let request = scene.model.requests[1].json
      #expect(request.at("parallel_tool_calls") == false && request.at("tools").count == 0)
      try await client.turn(thread, "Next")
      let talk = scene.model.requests[2].talk
      #expect(talk.count == 3 && talk[0] == "user: Hello" && talk[2] == "user: Next")
      #expect(talk[1].hasSuffix("\nSummary"))
      #expect(
        scene.model.requests.map { $0.headers["x-codex-window-id"] } == ["\(thread):0", "\(thread):0", "\(thread):1"])
    }
  }

  @Test @LoopActor func `happens by itself before a turn when the window is full`() async throws {
    var setting = Scene.Setting()
    setting.config = "model_auto_compact_token_limit = 1000"
    try await Scene.run(setting) { scene in
      let client = try await scene.connect()
      let thread = try await client.startThread()
      scene.model.enqueue(
        .answer("Hi", tokens: 1000), .answer("Summary", id: "msg_2", tokens: 20), .answer("Fine", id: "msg_3"))
      try await client.turn(thread, "Hello")
      try await client.turn(thread, "Next")
      let items = client.notifications("item/completed").map { $0.at("item.type") }
      #expect(items == ["userMessage", "agentMessage", "contextCompaction", "userMessage", "agentMessage"])
      let talk = scene.model.requests[2].talk
      #expect(talk.count == 3 && talk[0] == "user: Hello" && talk[1].hasSuffix("\nSummary") && talk[2] == "user: Next")
    }
  }

  @Test @LoopActor func `happens in the middle of a turn with calls`() async throws {
    var setting = Scene.Setting()
    setting.config = "model_auto_compact_token_limit = 1000"
    try await Scene.run(setting) { scene in
      let client = try await scene.connect()
      let thread = try await client.startThread()
      let call: JSON = ["type": "function_call", "id": "fc_1", "name": "shell", "call_id": "c1", "arguments": "{}"]
      scene.model.enqueue(
        .sse([Event.item("done", call), Event.completed(tokens: 2000)]), .answer("Summary", tokens: 20),
        .answer("Done", id: "msg_3"))
      #expect(try await client.turn(thread, "Hello").at("items.0.text") == "Done")
      let talk = scene.model.requests[2].talk
      #expect(talk.count == 2 && talk[0] == "user: Hello" && talk[1].hasSuffix("\nSummary"))
      let conversation = scene.model.requests[2].conversation
      #expect(conversation.firstIndex(of: "user: Hello") == conversation.count - 2)
    }
  }

  @Test @LoopActor func `follows when the model ran out of room`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let thread = try await client.startThread()
      scene.model.enqueue(
        .answer("Hi"), .sse([Event.failed("context_length_exceeded")]), .answer("Summary", id: "msg_2"),
        .answer("Fine", id: "msg_3"))
      try await client.turn(thread, "Hello")
      #expect(try await client.turn(thread, "More").at("status") == "failed")
      #expect(try await client.turn(thread, "Again").at("items.0.text") == "Fine")
      #expect(client.notifications("item/completed").map { $0.at("item.type") }.contains("contextCompaction"))
    }
  }

  @Test @LoopActor func `leaves out old items until the request fits, and fails when none is left`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let thread = try await client.startThread()
      scene.model.enqueue(.answer("Hi"))
      try await client.turn(thread, "Hello")
      scene.model.respond { _ in .sse([Event.failed("context_length_exceeded")]) }
      try await client.call("thread/compact/start", ["threadId": .string(thread)])
      let turn = try await client.next("turn/completed").at("turn")
      #expect(turn.at("error.codexErrorInfo") == "contextWindowExceeded")
      let sizes = scene.model.requests.dropFirst().map { $0.json.at("input").count }
      #expect(sizes == Array((3...sizes[0]).reversed()))
    }
  }

  @Test @LoopActor func `takes no input, but can be interrupted`() async throws {
    let gate = Gate()
    defer { gate.open() }
    try await Scene.run { scene in
      let client = try await scene.connect()
      let thread = try await client.startThread()
      scene.model.enqueue(.answer("Hi"), .hold(gate, then: .answer("Summary")))
      try await client.turn(thread, "Hello")
      try await client.call("thread/compact/start", ["threadId": .string(thread)])
      let turn = try await client.next("turn/started").at("turn.id")
      let refused = [
        try await client.refusal("turn/start", client.turnParams(thread, "More")),
        try await client.refusal(
          "turn/steer", ["threadId": .string(thread), "expectedTurnId": turn, "input": text("More")]),
      ]
      for error in refused {
        #expect(error.at("code") == -32600 && error.at("message") == "cannot steer a compact turn")
        #expect(error.at("data.codexErrorInfo") == ["activeTurnNotSteerable": ["turnKind": "compact"]])
      }
      #expect(try await client.call("turn/interrupt", ["threadId": .string(thread), "turnId": turn]) == [:])
      #expect(try await client.next("turn/completed").at("turn.status") == "interrupted")
      #expect(try await client.call("thread/read", ["threadId": .string(thread)]).at("thread.status.type") == "idle")
    }
  }

  @Test @LoopActor func `survives a restart`() async throws {
    try await Scene.run { scene in
      var client = try await scene.connect()
      let thread = try await client.startThread()
      scene.model.enqueue(.answer("Hi"), .answer("Summary", id: "msg_2"), .answer("Fine", id: "msg_3"))
      try await client.turn(thread, "Hello")
      try await client.call("thread/compact/start", ["threadId": .string(thread)])
      try await client.next("turn/completed")
      try await scene.restart()
      client = try await scene.connect()
      try await client.call("thread/resume", ["threadId": .string(thread)])
      try await client.turn(thread, "Next")
      let talk = scene.model.requests[2].talk
      #expect(talk.count == 3 && talk[0] == "user: Hello" && talk[1].hasSuffix("\nSummary") && talk[2] == "user: Next")
      #expect(scene.model.requests[2].headers["x-codex-window-id"] == "\(thread):1")
    }
  }
}
