import HostIO
import JSON
import TestSupport
import Testing

/// What a provider does, and the error that comes of it.
private struct Failure: Sendable, CustomTestStringConvertible {
  var testDescription: String
  var reply: LoopbackServer.Reply
  var message: String
  var info: JSON

  init(_ name: String, _ reply: LoopbackServer.Reply, _ message: String, _ info: JSON) {
    (testDescription, self.reply, self.message, self.info) = (name, reply, message, info)
  }
}

private let cut = "stream disconnected before completion: "

private let failures: [Failure] = [
  Failure("400", .status(400, "no such model"), "no such model", "other"),
  Failure(
    "401", .json(#"{"error":{"message":"bad key"}}"#, status: 401),
    "unexpected status 401 Unauthorized: bad key, url: URL", ["httpConnectionFailed": ["httpStatusCode": 401]]),
  Failure(
    "404 without a word", .status(404), "unexpected status 404 Not Found: Unknown error, url: URL",
    ["httpConnectionFailed": ["httpStatusCode": 404]]),
  Failure(
    "429", .status(429, "{}", headers: [("x-request-id", "r7")]),
    "exceeded retry limit, last status: 429 Too Many Requests, request id: r7",
    ["responseTooManyFailedAttempts": ["httpStatusCode": 429]]),
  Failure(
    "500", .status(500, "oops"), "We’re currently experiencing high demand, which may cause temporary errors.",
    "internalServerError"),
  Failure(
    "503 overloaded", .json(#"{"error":{"code":"server_is_overloaded"}}"#, status: 503),
    "Selected model is at capacity. Please try a different model.", "serverOverloaded"),
  Failure(
    "no room", .sse([Event.failed("context_length_exceeded")]),
    "Codex ran out of room in the model's context window. Start a new thread or clear earlier history before retrying.",
    "contextWindowExceeded"),
  Failure(
    "no money", .sse([Event.failed("insufficient_quota")]), "Quota exceeded. Check your plan and billing details.",
    "usageLimitExceeded"),
  Failure("cyber policy", .sse([Event.failed("cyber_policy", "Not that.")]), "Not that.", "cyberPolicy"),
  Failure(
    "too many tokens asked for", .sse([Event.failed("rate_limit_exceeded", "Slow down")]),
    "rate limit exceeded: Slow down", "rateLimitExceeded"),
  Failure("any other failure", .sse([Event.failed("weird", "Why not")]), cut + "Why not", "other"),
  Failure(
    "incomplete", .sse(Event.answer("Hal") + [Event.incomplete("max_output_tokens")]),
    "Incomplete response returned, reason: max_output_tokens", "other"),
  Failure("an early end", .sse([Event.created]), cut + "stream closed before response.completed", "other"),
  Failure(
    "a cut", .cut(after: [Event.created, Event.added("m"), Event.delta("Hal")]),
    cut + "Transport error: network error: error decoding response body", "other"),
  Failure(
    "a page in place of a stream", .status(200, "<html>Hello</html>"), cut + "stream closed before response.completed",
    "other"),
  Failure(
    "garbage",
    .script([.text("\u{0}\u{1}data: \u{FFFD}\r\r\n\ndata: {\"type\"\n\ndata: [1]\n\ndata:\n\n: hm\n\nevent: x\n\n")]),
    cut + "stream closed before response.completed", "other"),
  Failure(
    "an end without an id", .sse([#"{"type":"response.completed","response":{}}"#]),
    cut + "failed to parse ResponseCompleted: missing field `id`", "other"),
  Failure("silence", .silence(after: [Event.created]), cut + "idle timeout waiting for SSE", "other"),
  Failure("not a byte", .never, cut + "idle timeout waiting for SSE", "other"),
  Failure(
    "an error page without an end",
    LoopbackServer.Reply(
      steps: [
        .raw(LoopbackServer.Reply.head(403, [("Transfer-Encoding", "chunked")])),
        .chunk([UInt8](repeating: UInt8(ascii: "x"), count: 100_000)), .awaitDisconnect,
      ]), "unexpected status 403 Forbidden: \(String(repeating: "x", count: 1000))..., url: URL",
    ["httpConnectionFailed": ["httpStatusCode": 403]]),
]

@Suite(.loop) struct `A provider that fails` {
  @Test(arguments: failures) @LoopActor fileprivate func `fails the turn with a clear error`(failure: Failure)
    async throws
  {
    var setting = Scene.Setting()
    if failure.message.contains("idle timeout") { setting.provider += "\nstream_idle_timeout_ms = 100" }
    try await Scene.run(setting) { scene in
      let client = try await scene.connect()
      let thread = try await client.startThread()
      scene.model.enqueue(failure.reply)
      scene.model.respond { _ in .answer("Fine again", id: "msg_9") }
      let id = try await client.startTurn(thread)
      let turn = try await client.next("turn/completed").at("turn")
      let url = "\(scene.model.baseURL)/v1/responses"
      let error: JSON = [
        "message": .string(failure.message.replacing("URL", with: url)), "codexErrorInfo": failure.info,
        "additionalDetails": nil, "misalignment": nil,
      ]
      #expect(turn.at("status") == "failed" && turn.at("error") == error && turn.at("items") == [])
      #expect(
        client.notifications("error") == [
          ["error": error, "willRetry": false, "threadId": .string(thread), "turnId": .string(id)]
        ])
      let statuses = client.notifications("thread/status/changed").map { $0.at("status.type") }
      #expect(statuses == ["active", "systemError"])
      #expect(
        try await client.call("thread/read", ["threadId": .string(thread)]).at("thread.status.type") == "systemError")
      #expect(try await client.turn(thread, "And now?").at("items.0.text") == "Fine again")
    }
  }

  @Test @LoopActor func `is tried again, and clients hear of it`() async throws {
    var setting = Scene.Setting()
    setting.provider = "request_max_retries = 1\nstream_max_retries = 1"
    try await Scene.run(setting) { scene in
      let client = try await scene.connect()
      let thread = try await client.startThread()
      // The request layer tries once in silence, the stream layer once aloud.
      scene.model.enqueue(
        .status(500), .cut(after: [Event.created, Event.added("m"), Event.delta("Hal")]), .answer("Hello"))
      client.mark()
      client.request("turn/start", client.turnParams(thread))
      try await client.next("item/completed")
      #expect(
        try await client.trace(to: "turn/completed") == [
          "item/started agentMessage", "delta Hal", "account/rateLimits/updated", "error Reconnecting... 1/1",
          "item/started agentMessage", "delta Hello", "item/completed agentMessage", "thread/tokenUsage/updated",
          "account/rateLimits/updated", "thread/readState/changed", "thread/status/changed idle",
          "turn/completed completed",
        ])
      let notice = try #require(client.notifications("error").first)
      #expect(
        notice.at("error") == [
          "message": "Reconnecting... 1/1", "codexErrorInfo": ["responseStreamDisconnected": ["httpStatusCode": nil]],
          "additionalDetails": .string(cut + "Transport error: network error: error decoding response body"),
          "misalignment": nil,
        ])
      #expect(notice.at("willRetry") == true)
      #expect(scene.model.requests.count == 3)
      #expect(Set(scene.model.requests.map(\.text)).count == 1)
    }
  }

  @Test @LoopActor func `by resetting the connection is tried again`() async throws {
    var setting = Scene.Setting()
    setting.provider = "request_max_retries = 0\nstream_max_retries = 1"
    try await Scene.run(setting) { scene in
      let client = try await scene.connect()
      let thread = try await client.startThread()
      scene.model.enqueue(LoopbackServer.Reply(steps: [.reset]), .answer("Hello"))
      #expect(try await client.turn(thread).at("status") == "completed")
      #expect(client.notifications("error").map { $0.at("error.message") } == ["Reconnecting... 1/1"])
    }
  }

  @Test @LoopActor func `by refusing connections can be interrupted`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let thread = try await client.startThread()
      scene.model.stop()
      let turn = try await client.startTurn(thread)
      try await client.next("item/completed")
      try await client.call("turn/interrupt", ["threadId": .string(thread), "turnId": .string(turn)])
      #expect(try await client.next("turn/completed").at("turn.status") == "interrupted")
      #expect(client.notifications("error") == [])
    }
  }

  @Test @LoopActor func `by a limit publishes the limit first`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let thread = try await client.startThread()
      scene.model.enqueue(
        .json(
          #"{"error":{"type":"usage_limit_reached","plan_type":"plus","resets_at":1790003600}}"#, status: 429,
          headers: [("x-codex-primary-used-percent", "100"), ("x-codex-primary-window-minutes", "300")]))
      let turn = try await client.turn(thread)
      #expect(turn.at("error.codexErrorInfo") == "usageLimitExceeded")
      let limits = try #require(client.notifications("account/rateLimits/updated").last)
      #expect(limits.at("rateLimits.primary.usedPercent") == 100)
    }
  }

  @Test @LoopActor func `because a key is missing says which`() async throws {
    var setting = Scene.Setting()
    setting.provider += "\nenv_key = \"MOCK_KEY\"\nenv_key_instructions = \"Ask for one.\""
    try await Scene.run(setting) { scene in
      let client = try await scene.connect()
      let turn = try await client.turn(try await client.startThread())
      #expect(turn.at("error.message") == "Missing environment variable: `MOCK_KEY`. Ask for one.")
      #expect(scene.model.requests.isEmpty)
    }
  }

  @Test @LoopActor func `tells the limits that it answers with`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let thread = try await client.startThread()
      scene.model.enqueue(
        .answer(
          "Hi", headers: [("x-codex-primary-used-percent", "42.5"), ("x-codex-primary-window-minutes", "300")]))
      try await client.turn(thread)
      let limits = try #require(client.notifications("account/rateLimits/updated").last)
      #expect(limits.at("rateLimits.primary") == ["usedPercent": 43, "windowDurationMins": 300, "resetsAt": nil])
    }
  }
}
