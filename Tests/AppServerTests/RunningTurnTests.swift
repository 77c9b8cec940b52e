import HostIO
import JSON
import TestSupport
import Testing

private func invalid(_ message: String) -> JSON { ["code": -32600, "message": .string(message)] }

@Suite(.loop) struct `A running turn` {
  /// A turn whose answer has begun with "Hel" and waits for the gate; a second answer is ready.
  @LoopActor private func held(
    _ body:
      @LoopActor (
        _ scene: Scene, _ client: TestClient, _ thread: String, _ turn: String, _ gate: Gate
      ) async throws -> Void
  ) async throws {
    let gate = Gate()
    defer { gate.open() }
    try await Scene.run { scene in
      let client = try await scene.connect()
      let thread = try await client.startThread()
      scene.model.enqueue(
        .script([
          .event(Event.created), .event(Event.added("msg_1")), .event(Event.delta("Hel")), .hold(gate),
          .event(Event.delta("lo")), .event(Event.done("Hello", id: "msg_1")), .event(Event.completed()),
        ]), .answer("And more", id: "msg_2"))
      let turn = try await client.startTurn(thread, "Hi")
      try await client.next("item/agentMessage/delta")
      try await body(scene, client, thread, turn, gate)
    }
  }

  @Test @LoopActor func `takes what it is steered with when the answer is complete`() async throws {
    try await held { scene, client, thread, turn, gate in
      client.mark()
      let params: JSON = ["threadId": .string(thread), "expectedTurnId": .string(turn), "input": text("Also")]
      #expect(try await client.call("turn/steer", params) == ["turnId": .string(turn)])
      gate.open()
      #expect(
        try await client.trace(to: "turn/completed") == [
          "< turn/steer", "delta lo", "item/completed agentMessage", "thread/tokenUsage/updated",
          "account/rateLimits/updated", "item/started userMessage", "item/completed userMessage",
          "item/started agentMessage", "delta And", "delta  more", "item/completed agentMessage",
          "thread/tokenUsage/updated", "account/rateLimits/updated", "thread/readState/changed",
          "thread/status/changed idle", "turn/completed completed",
        ])
      #expect(scene.model.requests[1].talk == ["user: Hi", "assistant: Hello", "user: Also"])
      let error = try await client.refusal("turn/steer", params)
      #expect(error == invalid("no active turn to steer"))
    }
  }

  @Test @LoopActor func `takes the input of a second start and names itself in the answer`() async throws {
    try await held { scene, client, thread, turn, gate in
      let joined = try await client.call("turn/start", client.turnParams(thread, "Me too", ["model": "gpt-6-sol"]))
      #expect(joined.at("turn.id").string == turn && joined.at("turn.status") == "inProgress")
      gate.open()
      try await client.next("turn/completed")
      #expect(client.notifications("turn/started").count == 1)
      #expect(scene.model.requests[1].talk == ["user: Hi", "assistant: Hello", "user: Me too"])
    }
  }

  @Test @LoopActor func `ends at once when it is interrupted`() async throws {
    try await held { scene, client, thread, turn, gate in
      client.mark()
      let params: JSON = ["threadId": .string(thread), "turnId": .string(turn)]
      client.request("turn/interrupt", params)
      try await client.wait(for: "answer") { $0.last?["result"] == [:] }
      #expect(
        client.trace
          == [
            "thread/tokenUsage/updated", "account/rateLimits/updated", "thread/readState/changed",
            "thread/status/changed idle", "turn/completed interrupted", "< turn/interrupt",
          ].filter { $0 != "thread/tokenUsage/updated" })
      let ended = try await client.next("turn/completed").at("turn")
      #expect(ended.at("items") == [] && ended.at("itemsView") == "notLoaded" && ended.at("error") == .null)
      // What is not there any more can be interrupted as well as it can be.
      #expect(try await client.call("turn/interrupt", params) == [:])
      gate.open()
      try await client.turn(thread, "Next")
      #expect(
        scene.model.requests[1].talk.map { String($0.prefix(20)) } == [
          "user: Hi", "user: <turn_aborted>", "user: Next",
        ])
    }
  }

  @Test @LoopActor func `refuses those who mean another one`() async throws {
    try await held { scene, client, thread, turn, gate in
      let (id, other) = (JSON.string(thread), "01990000-0000-7000-8000-000000000000")
      #expect(
        try await client.refusal("turn/interrupt", ["threadId": id, "turnId": .string(other)])
          == invalid("expected active turn id \(other) but found \(turn)"))
      #expect(
        try await client.refusal(
          "turn/steer", ["threadId": id, "expectedTurnId": .string(other), "input": text("x")])
          == invalid("expected active turn id `\(other)` but found `\(turn)`"))
      #expect(
        try await client.refusal("thread/compact/start", ["threadId": id])
          == invalid("thread already has an active or pending turn"))
      #expect(
        try await client.refusal("thread/revert", ["threadId": id, "beforeTurnId": .string(turn)])
          == invalid("a turn is running in this thread"))
      gate.open()
      try await client.next("turn/completed")
    }
  }

  @Test @LoopActor func `is seen by a client that joins, which hears the rest`() async throws {
    try await held { scene, client, thread, turn, gate in
      let late = try await scene.connect("late")
      let joined = try await late.call("thread/resume", ["threadId": .string(thread)])
      #expect(joined.at("thread.status.type") == "active")
      #expect(joined.at("thread.turns.0.id").string == turn && joined.at("thread.turns.0.status") == "inProgress")
      #expect(joined.at("thread.turns.0.items").map("type") == ["userMessage"])
      late.mark()
      gate.open()
      #expect(
        try await late.trace(to: "turn/completed") == [
          "delta lo", "item/completed agentMessage", "thread/tokenUsage/updated", "account/rateLimits/updated",
          "thread/readState/changed", "thread/status/changed idle", "turn/completed completed",
        ])
    }
  }

  @Test @LoopActor func `goes on without its client and is there for the next one`() async throws {
    try await held { scene, client, thread, turn, gate in
      let watcher = try await scene.connect("watcher")
      watcher.mark()
      client.disconnect()
      gate.open()
      try await watcher.next("thread/status/changed") { $0.at("status.type") == "idle" }
      let read = try await watcher.call("thread/read", ["threadId": .string(thread), "includeTurns": true])
      #expect(read.at("thread.turns.0.items").map("type") == ["userMessage", "agentMessage"])
    }
  }

  @Test @LoopActor func `is recorded as aborted when the server ends`() async throws {
    try await held { scene, client, thread, turn, gate in
      try await scene.restart()
      let next = try await scene.connect("next")
      let resumed = try await next.call("thread/resume", ["threadId": .string(thread)])
      #expect(resumed.at("thread.turns.0.id").string == turn && resumed.at("thread.turns.0.status") == "interrupted")
      let rollout = try scene.files(in: "sessions").map { String(decoding: $0.bytes, as: UTF8.self) }.joined()
      #expect(rollout.contains(#""turn_aborted""#))
    }
  }

  @Test @LoopActor func `ends when its thread is archived or deleted`() async throws {
    for method in ["thread/archive", "thread/delete"] {
      try await held { scene, client, thread, turn, gate in
        client.mark()
        #expect(try await client.call(method, ["threadId": .string(thread)]) == [:])
        let kind = method == "thread/archive" ? "thread/archived" : "thread/deleted"
        try await client.wait(for: kind) { $0.last?["method"]?.stringValue == kind }
        #expect(
          client.trace == [
            "account/rateLimits/updated", "thread/readState/changed", "thread/status/changed idle",
            "turn/completed interrupted", "thread/status/changed notLoaded", "< \(method)", kind,
          ])
        #expect(try await client.call("thread/loaded/list") == ["data": [], "nextCursor": nil])
      }
    }
  }
}
