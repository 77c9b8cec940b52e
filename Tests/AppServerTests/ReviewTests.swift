import HostIO
import JSON
import TestSupport
import Testing

@Suite(.loop) struct `A review` {
  private static let findings =
    #"{"findings":[{"title":"Wrong sign","body":"It subtracts.","confidence_score":0.9,"priority":1,"#
    + #""code_location":{"absolute_file_path":"/a.c","line_range":{"start":3,"end":4}}}],"#
    + #""overall_correctness":"patch is incorrect","overall_explanation":"One mistake.","#
    + #""overall_confidence_score":0.8}"#
  private static let review = "One mistake.\n\nReview comment:\n\n- Wrong sign — /a.c:3-4\n  It subtracts."

  private func params(_ thread: String, _ words: String = "look closely", _ more: [(String, JSON)] = []) -> JSON {
    .object(
      JSONObject(
        [("threadId", .string(thread)), ("target", ["type": "custom", "instructions": .string(words)])] + more))
  }

  @Test @LoopActor func `enters and leaves review mode and ends with its findings`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let thread = try await client.startThread()
      scene.model.enqueue(.answer(Self.findings))
      client.mark()
      let answer = try await client.call("review/start", params(thread, "  look closely "))
      let turn = answer.at("turn.id").string
      #expect(answer.at("reviewThreadId").string == thread)
      #expect(answer.at("turn.rootTurnId") == .null)
      #expect(answer.at("turn.items.0.content.0.text").string == "look closely")
      let trace = try await client.trace(to: "turn/completed")
      #expect(
        trace == [
          "< review/start", "item/started enteredReviewMode", "item/completed enteredReviewMode",
          "thread/status/changed active", "turn/started", "item/started userMessage", "item/completed userMessage",
          "item/started agentMessage", "item/started exitedReviewMode", "item/completed exitedReviewMode",
          "item/started agentMessage", "item/completed agentMessage", "thread/readState/changed",
          "thread/status/changed idle", "turn/completed completed",
        ])
      let started = client.notifications("turn/started")[0].at("turn")
      #expect(started.at("rootTurnId").string == turn)
      #expect(started.at("id").string != turn)
      let done = client.notifications("turn/completed")[0].at("turn")
      #expect(done.at("id").string == turn)
      #expect(done.at("items.0.text").string == Self.review)
    }
  }

  @Test @LoopActor func `is a thread of its own to the model service`() async throws {
    try await Scene.run(.init(config: #"review_model = "gpt-5.6-luna""#)) { scene in
      let client = try await scene.connect()
      let thread = try await client.startThread(["developerInstructions": "be brief"])
      scene.model.enqueue(.answer("Hi"), .answer(Self.findings), .answer("ok"))
      try await client.turn(thread)
      try await client.call("review/start", params(thread))
      try await client.next("turn/completed")
      try await client.turn(thread, "and now")
      let requests = scene.model.requests
      #expect(requests.count == 3)
      let review = requests[1]
      #expect(review.headers["x-openai-subagent"] == "review")
      #expect(review.headers["x-codex-parent-thread-id"] == thread)
      #expect(review.headers["session-id"] == thread)
      #expect(review.headers["thread-id"] != thread)
      #expect(review.json.at("model").string == "gpt-5.6-luna")
      #expect(review.talk == ["user: look closely"])
      #expect(!review.conversation.contains("developer: be brief"))
      #expect(requests[0].headers["x-openai-subagent"] == nil)
      let talk = requests[2].talk
      #expect(talk.count == 5)
      #expect(talk[2].hasPrefix("user: <user_action>\n"))
      #expect(talk[2].contains(Self.review))
      #expect(talk[3...] == ["assistant: \(Self.review)", "user: and now"])
    }
  }

  @Test @LoopActor func `is one turn of the stored history`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let thread = try await client.startThread()
      scene.model.enqueue(.answer(Self.findings))
      try await client.call("review/start", params(thread))
      try await client.next("turn/completed")
      try await scene.restart()
      let next = try await scene.connect()
      let turns = try await next.call("thread/read", ["threadId": .string(thread), "includeTurns": true]).at(
        "thread.turns")
      #expect(turns.count == 1)
      #expect(
        turns.at("0.items").map("type").map(\.string)
          == ["enteredReviewMode", "userMessage", "exitedReviewMode", "agentMessage"])
      #expect(turns.at("0.items.2.review").string == Self.review)
      #expect(turns.at("0.status").string == "completed")
    }
  }

  @Test @LoopActor func `takes no input and can be interrupted by either of its ids`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let thread = try await client.startThread()
      for id in ["review", "announced"] {
        scene.model.enqueue(.silence(after: Event.answer("half")))
        let turn = try await client.call("review/start", params(thread)).at("turn.id").string
        let announced = try await client.next("turn/started").at("turn.id").string
        let steer = client.turnParams(thread, "x", ["expectedTurnId": .string(turn)])
        let refused = try await client.refusal("turn/steer", steer)
        #expect(refused.at("message").string == "cannot steer a review turn")
        #expect(refused.at("data.codexErrorInfo") == ["activeTurnNotSteerable": ["turnKind": "review"]])
        #expect(try await client.refusal("turn/start", client.turnParams(thread)) == refused)
        try await client.call(
          "turn/interrupt", ["threadId": .string(thread), "turnId": .string(id == "review" ? turn : announced)])
        let ended = try await client.next("turn/completed").at("turn")
        #expect(ended.at("id").string == turn)
        #expect(ended.at("status").string == "interrupted")
      }
      let exits = client.notifications("item/completed").filter { $0.at("item.type").string == "exitedReviewMode" }
      #expect(
        exits.map { $0.at("item.review").string } == Array(repeating: "Reviewer failed to output a response.", count: 2)
      )
      scene.model.enqueue(.answer("ok"))
      try await client.turn(thread, "next")
      let talk = scene.model.requests.last?.talk ?? []
      #expect(talk.suffix(2).first?.hasPrefix("user: <turn_aborted>") == true)
    }
  }

  @Test @LoopActor func `takes the place of a turn that runs`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let thread = try await client.startThread()
      scene.model.enqueue(.never, .answer("fine"))
      let first = try await client.startTurn(thread)
      let review = try await client.call("review/start", params(thread)).at("turn.id").string
      try await client.next("turn/completed") {
        $0.at("turn.id").string == first && $0.at("turn.status").string == "interrupted"
      }
      try await client.next("turn/completed") {
        $0.at("turn.id").string == review && $0.at("turn.status").string == "completed"
      }
    }
  }

  @Test @LoopActor func `that fails says so and leaves review mode`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let thread = try await client.startThread()
      scene.model.enqueue(.json(#"{"error":{"message":"no"}}"#, status: 400))
      client.mark()
      try await client.call("review/start", params(thread))
      let trace = try await client.trace(to: "turn/completed")
      let end = try #require(trace.firstIndex(of: "thread/status/changed systemError"))
      #expect(trace[(end + 1)...].first?.hasPrefix("error ") == true)
      #expect(
        trace[(end + 2)...] == [
          "item/started exitedReviewMode", "item/completed exitedReviewMode", "item/started agentMessage",
          "item/completed agentMessage", "thread/readState/changed", "turn/completed failed",
        ])
    }
  }

  @Test(arguments: [
    (#"{"type":"custom","instructions":"  "}"#, "instructions must not be empty"),
    (#"{"type":"baseBranch","branch":" "}"#, "branch must not be empty"),
    (#"{"type":"commit","sha":"\t","title":"x"}"#, "sha must not be empty"),
    (#"{"type":"custom"}"#, "Invalid request: missing field `instructions`"),
    (#"{}"#, "Invalid request: missing field `type`"),
    (
      #"{"type":"bogus"}"#,
      "Invalid request: unknown variant `bogus`, expected one of `uncommittedChanges`, `baseBranch`, `commit`, `custom`"
    ),
  ]) @LoopActor func `of a target that is none is refused`(target: String, message: String) async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let thread = try await client.startThread()
      let params: JSON = ["threadId": .string(thread), "target": try JSON.parse(target)]
      #expect(try await client.refusal("review/start", params).at("message").string == message)
    }
  }

  @Test(arguments: [
    (#"{"type":"uncommittedChanges"}"#, "uncommitted changes"),
    (#"{"type":"baseBranch","branch":" main "}"#, "changes against 'main'"),
    (#"{"type":"commit","sha":" 0123456789 ","title":" "}"#, "commit 0123456"),
  ]) @LoopActor func `shows what it is about`(target: String, label: String) async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let thread = try await client.startThread()
      scene.model.enqueue(.answer("fine"))
      let params: JSON = ["threadId": .string(thread), "target": try JSON.parse(target)]
      let answer = try await client.call("review/start", params)
      #expect(answer.at("turn.items.0.content.0.text").string == label)
      #expect(try await client.next("item/started").at("item.review").string == label)
      try await client.next("turn/completed")
    }
  }

  @Test @LoopActor func `on a thread of its own is refused`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let thread = try await client.startThread()
      let detached = ("delivery", JSON.string("detached"))
      #expect(
        try await client.refusal("review/start", params(thread, "x", [detached])).at("message").string
          == "paginated threads do not support detached review")
      let legacy = try await client.startThread(["historyMode": "legacy"])
      client.mark()
      #expect(
        try await client.refusal("review/start", params(legacy, "x", [detached])).at("message").string
          .hasPrefix("detached review is not implemented"))
      #expect(client.trace == ["deprecationNotice", "< review/start refused"])
    }
  }
}

@Suite(.loop) struct `A method that is not built yet` {
  @Test(arguments: [
    "thread/shellCommand", "thread/goal/get", "thread/goal/set", "thread/goal/clear",
    "thread/backgroundTerminals/list", "thread/backgroundTerminals/clean", "thread/backgroundTerminals/terminate",
  ]) @LoopActor func `names an unknown thread before it says so`(method: String) async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let unknown = "00000000-0000-7000-8000-000000000000"
      func refusal(_ thread: String) async throws -> String {
        try await client.refusal(method, ["threadId": .string(thread)]).at("message").string
      }
      #expect(try await refusal(unknown) == "thread not found: \(unknown)")
      #expect(try await refusal(try await client.startThread()).hasPrefix("\(method) is not implemented"))
    }
  }
}
