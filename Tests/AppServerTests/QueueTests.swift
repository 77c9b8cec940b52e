import HostIO
import JSON
import TestSupport
import Testing

@Suite(.loop) struct `A message that waits` {
  /// A thread with a turn that the model holds until the gate opens.
  @LoopActor private func busy(_ scene: Scene) async throws -> (
    client: TestClient, thread: JSON, turn: String, gate: Gate
  ) {
    let client = try await scene.connect()
    let thread = try await client.startThread()
    let (turn, gate) = try await hold(scene, client, thread)
    return (client, .string(thread), turn, gate)
  }

  @LoopActor private func hold(_ scene: Scene, _ client: TestClient, _ thread: String) async throws -> (String, Gate) {
    let gate = Gate()
    scene.model.enqueue(.hold(gate, then: .answer("first")))
    return (try await client.startTurn(thread, "one"), gate)
  }

  @LoopActor @discardableResult
  private func add(_ client: TestClient, _ thread: JSON, _ words: String) async throws -> String {
    let params: JSON = ["threadId": thread, "input": text(words), "clientUserMessageId": .string("mine-\(words)")]
    return try await client.call("thread/queue/add", params).at("queuedSubmission.id").string
  }

  @LoopActor private func waiting(_ client: TestClient, _ thread: JSON) async throws -> [String] {
    try await client.call("thread/queue/list", ["threadId": thread]).at("data").map("input.0.text").map(\.string)
  }

  @Test @LoopActor func `starts a turn of its own when the thread is idle`() async throws {
    try await Scene.run { scene in
      let (client, thread, turn, gate) = try await busy(scene)
      client.mark()
      try await add(client, thread, "two")
      #expect(try await waiting(client, thread) == ["two"])
      #expect(client.trace == ["< thread/queue/add", "thread/queue/changed", "< thread/queue/list"])
      scene.model.enqueue(.answer("second", id: "msg_2"))
      gate.open()
      try await client.next("turn/completed") { $0.at("turn.id").string == turn }
      let trace = try await client.trace(to: "turn/completed")
      #expect(
        trace.prefix(4) == [
          "thread/queue/changed", "thread/status/changed active", "turn/started", "item/started userMessage",
        ])
      let said = try #require(
        client.notifications("item/completed").first { $0.at("item.clientId").string == "mine-two" })
      #expect(said.at("item.content.0.text").string == "two")
      #expect(try await waiting(client, thread) == [])
      #expect(scene.model.requests.last?.talk == ["user: one", "assistant: first", "user: two"])
    }
  }

  @Test @LoopActor func `starts at once in an idle thread`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let thread = JSON.string(try await client.startThread())
      scene.model.enqueue(.answer("Hi"))
      client.mark()
      try await add(client, thread, "hello")
      try await client.next("turn/completed")
      #expect(client.notifications("thread/queue/changed").count == 2)
    }
  }

  @Test @LoopActor func `can be changed, moved and taken back`() async throws {
    try await Scene.run { scene in
      let (client, thread, turn, gate) = try await busy(scene)
      let a = try await add(client, thread, "a")
      let b = try await add(client, thread, "b")
      let c = try await add(client, thread, "c")
      let changed = try await client.call(
        "thread/queue/update", ["threadId": thread, "queuedSubmissionId": .string(a), "input": text("changed")])
      #expect(changed.at("queuedSubmission.clientUserMessageId").string == "mine-a")
      let gone: JSON = ["threadId": thread, "queuedSubmissionId": .string(b)]
      #expect(try await client.call("thread/queue/delete", gone) == ["deleted": true])
      #expect(try await client.call("thread/queue/delete", gone) == ["deleted": false])
      let order: JSON = ["threadId": thread, "queuedSubmissionIds": [.string(c), .string(a)]]
      #expect(try await client.call("thread/queue/reorder", order) == [:])
      #expect(try await waiting(client, thread) == ["c", "changed"])
      #expect(client.notifications("thread/queue/changed").count == 6)
      try await client.call("turn/interrupt", ["threadId": thread, "turnId": .string(turn)])
      gate.open()
    }
  }

  @Test @LoopActor func `goes on waiting after an interrupt, until a turn ends otherwise`() async throws {
    try await Scene.run { scene in
      let (client, thread, turn, gate) = try await busy(scene)
      try await add(client, thread, "a")
      try await client.call("turn/interrupt", ["threadId": thread, "turnId": .string(turn)])
      gate.open()
      try await add(client, thread, "b")
      #expect(try await waiting(client, thread) == ["a", "b"])
      for answer in ["plain", "a", "b"] { scene.model.enqueue(.answer(answer)) }
      try await client.turn(thread.string, "plain")
      for _ in 0..<2 { try await client.next("turn/completed") }
      #expect(try await waiting(client, thread) == [])
    }
  }

  @Test @LoopActor func `starts after an interrupt when it is told to`() async throws {
    try await Scene.run { scene in
      let (client, thread, turn, gate) = try await busy(scene)
      try await add(client, thread, "a")
      let b = try await add(client, thread, "b")
      let params: JSON = ["threadId": thread, "queuedSubmissionId": .string(b)]
      #expect(
        try await client.refusal("thread/queue/start", params).at("message").string
          == "thread already has an active or pending turn")
      try await client.call("turn/interrupt", ["threadId": thread, "turnId": .string(turn)])
      gate.open()
      scene.model.enqueue(.answer("b"), .answer("a"))
      client.mark()
      let started = try await client.call("thread/queue/start", params)
      try await client.next("turn/completed") { $0.at("turn.id") == started.at("turn.id") }
      try await client.next("turn/completed")
      #expect(scene.model.requests.map { $0.talk.last ?? "" }.suffix(2) == ["user: b", "user: a"])
      #expect(
        try await client.refusal("thread/queue/start", ["threadId": thread]).at("message").string == "queue is empty")
    }
  }

  @Test @LoopActor func `starts after a turn that failed`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let thread = try await client.startThread()
      let gate = Gate()
      scene.model.enqueue(.hold(gate, then: .json(#"{"error":{"message":"no"}}"#, status: 400)), .answer("yes"))
      _ = try await client.startTurn(thread, "one")
      try await add(client, .string(thread), "two")
      gate.open()
      try await client.next("turn/completed") { $0.at("turn.status").string == "failed" }
      try await client.next("turn/completed") { $0.at("turn.status").string == "completed" }
    }
  }

  @Test @LoopActor func `outlives the server, and starts when its thread is loaded`() async throws {
    try await Scene.run { scene in
      var client = try await scene.connect()
      let thread = try await client.startThread()
      scene.model.enqueue(.answer("Hi"))
      try await client.turn(thread)
      try await scene.restart()
      client = try await scene.connect()
      try await add(client, .string(thread), "later")
      #expect(client.notifications("thread/queue/changed") == [])
      #expect(
        try await client.refusal("thread/queue/start", ["threadId": .string(thread)]).at("message").string
          == "resume the thread before starting a queued message")
      scene.model.enqueue(.answer("now"))
      try await client.call("thread/resume", ["threadId": .string(thread), "excludeTurns": true])
      try await client.next("turn/completed")
      #expect(scene.model.requests.last?.talk.last == "user: later")
    }
  }

  @Test @LoopActor func `goes on waiting over a restart in a thread that was interrupted`() async throws {
    try await Scene.run { scene in
      let (client, thread, _, gate) = try await busy(scene)
      try await add(client, thread, "a")
      try await scene.restart()
      gate.open()
      let next = try await scene.connect()
      try await next.call("thread/resume", ["threadId": thread, "excludeTurns": true])
      #expect(try await waiting(next, thread) == ["a"])
      #expect(next.notifications("turn/started") == [])
    }
  }

  @Test @LoopActor func `goes with its thread`() async throws {
    try await Scene.run { scene in
      let (client, thread, turn, gate) = try await busy(scene)
      try await add(client, thread, "a")
      try await client.call("turn/interrupt", ["threadId": thread, "turnId": .string(turn)])
      gate.open()
      try await client.call("thread/archive", ["threadId": thread])
      #expect(
        try await client.refusal("thread/queue/list", ["threadId": thread]).at("message").string.contains("is archived")
      )
      try await client.call("thread/unarchive", ["threadId": thread])
      #expect(try await waiting(client, thread) == ["a"])
      try await client.call("thread/delete", ["threadId": thread])
      #expect(!File.exists(Path.join(scene.home, "thread_queues.json")))
    }
  }

  @Test @LoopActor func `is refused where none can wait`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let unknown: JSON = "00000000-0000-7000-8000-000000000000"
      func refusal(_ thread: JSON, _ input: JSON = text("x")) async throws -> String {
        let params: JSON = ["threadId": thread, "input": input, "clientUserMessageId": "c"]
        return try await client.refusal("thread/queue/add", params).at("message").string
      }
      #expect(try await refusal(unknown) == "no rollout found for thread id \(unknown.string)")
      #expect(try await refusal("nope").hasPrefix("invalid thread id: "))
      let ephemeral = JSON.string(try await client.startThread(["ephemeral": true]))
      #expect(
        try await refusal(ephemeral) == "ephemeral thread does not support queued submissions: \(ephemeral.string)")
      let thread = JSON.string(try await client.startThread())
      #expect(try await refusal(thread, []) == "only user input can be added to the user-message queue")
      #expect(try await refusal(thread, [["type": "bogus"]]).hasPrefix("Invalid request: unknown variant `bogus`"))
      let remote: JSON = [["type": "image", "url": "http://x/y.png"]]
      #expect(try await refusal(thread, remote).hasPrefix("remote image URLs are not supported"))
    }
  }

  @Test @LoopActor func `is told of only to subscribers with the capability`() async throws {
    try await Scene.run { scene in
      let (client, thread, turn, gate) = try await busy(scene)
      let plain = try await scene.connect("plain", experimental: false)
      try await plain.call("thread/resume", ["threadId": thread, "excludeTurns": true])
      let stranger = try await scene.connect("stranger")
      try await add(stranger, thread, "a")
      try await client.next("thread/queue/changed")
      #expect(plain.notifications("thread/queue/changed") == [])
      #expect(stranger.notifications("thread/queue/changed") == [])
      #expect(
        try await plain.refusal("thread/queue/list", ["threadId": thread]).at("message").string
          == "thread/queue/list requires experimentalApi capability")
      try await client.call("turn/interrupt", ["threadId": thread, "turnId": .string(turn)])
      gate.open()
    }
  }
}
