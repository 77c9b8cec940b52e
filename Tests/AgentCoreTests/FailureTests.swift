import AgentCore
import AppServerProtocol
import JSON
import ModelAPI
import Testing

private let clock = LocalClock(now: 1_795_611_600) { _ in 0 }

private func http(_ status: Int, _ body: String = "", headers: [(String, String)] = []) -> ModelFailure {
  .http(
    status: status, headers: ResponseHeaders(headers), body: Array(body.utf8), url: "http://model/v1/responses",
    isChatGPT: false, clock: clock)
}

private func report(_ failure: ModelFailure) -> [Effect] {
  let error = TurnError(message: failure.message, info: info(failure.info))
  return [.report(error, willRetry: false), .end(.failed(error))]
}

private func notice(_ failure: ModelFailure, _ attempt: Int, of limit: Int) -> Effect {
  let notice = failure.notice(attempt: attempt, of: limit)
  return .report(
    TurnError(message: notice.message, info: info(notice.info), additionalDetails: notice.additionalDetails),
    willRetry: true)
}

private func info(_ info: CodexErrorInfo) -> RawJSON? {
  (try? written { info.write(to: &$0) }).map { RawJSON($0) }
}

@Suite struct `A failing turn` {
  @Test func `tries a broken stream again, tells so, and begins its items anew`() {
    let failure = ModelFailure.transport(.broken)
    var scene = Scene()
    _ = scene.begin()
    scene.machine.replyBegan()
    _ = scene.receive(.itemAdded(says("", id: "msg_1")), .textDelta("Hal"))
    #expect(
      scene.fail(failure) == [
        .cancelRequest, .publishRateLimits, notice(failure, 1, of: 5), .wake(after: .milliseconds(200)),
      ])
    #expect(scene.machine.runningItems == [])
    #expect(scene.receive(.textDelta("late")) == [])
    #expect(scene.wokeUp() == [.send(.turn)])
    #expect(scene.receive(.itemAdded(says("", id: "msg_1"))) == [.itemStarted(agentMessage("msg_1", ""))])
  }

  @Test func `gives up when its retries are spent`() {
    let failure = ModelFailure.transport(.endedEarly)
    var scene = Scene(policy: RetryPolicy(streamRetries: 2))
    _ = scene.begin()
    var delays: [Effect] = []
    for attempt in 1...2 {
      scene.machine.replyBegan()
      let effects = scene.fail(failure)
      #expect(effects.dropLast() == [.cancelRequest, .publishRateLimits, notice(failure, attempt, of: 2)])
      delays += effects.suffix(1)
      #expect(scene.wokeUp() == [.send(.turn)])
    }
    #expect(delays == [.wake(after: .milliseconds(200)), .wake(after: .milliseconds(400))])
    #expect(scene.fail(failure) == [.cancelRequest] + report(failure))
  }

  @Test func `retries a refused request in silence first, then aloud`() {
    let failure = http(500)
    var scene = Scene(policy: RetryPolicy(requestRetries: 2, streamRetries: 1))
    _ = scene.begin()
    #expect(scene.fail(failure) == [.cancelRequest, .wake(after: .milliseconds(200))])
    _ = scene.wokeUp()
    #expect(scene.fail(failure) == [.cancelRequest, .wake(after: .milliseconds(400))])
    _ = scene.wokeUp()
    #expect(
      scene.fail(failure) == [.cancelRequest, notice(failure, 1, of: 1), .wake(after: .milliseconds(200))])
    _ = scene.wokeUp()
    #expect(scene.fail(failure) == [.cancelRequest, .wake(after: .milliseconds(200))])
    _ = scene.wokeUp()
    _ = scene.fail(failure)
    _ = scene.wokeUp()
    #expect(scene.fail(failure) == [.cancelRequest] + report(failure))
  }

  @Test func `counts its retries afresh after a complete response`() {
    let failure = ModelFailure.transport(.idle)
    var scene = Scene(policy: RetryPolicy(streamRetries: 1))
    _ = scene.begin()
    for _ in 0..<3 {
      #expect(scene.fail(failure).contains(notice(failure, 1, of: 1)))
      _ = scene.wokeUp()
      scene.machine.steer(user("more"))
      _ = scene.receive(.completed(responseID: "r", usage: nil))
      _ = scene.proceed()
    }
  }

  @Test func `waits for the network without end, quietly at first`() {
    let failure = ModelFailure.transport(.cannotConnect("refused"))
    var scene = Scene(policy: RetryPolicy(requestRetries: 0, streamRetries: 0))
    _ = scene.begin()
    for attempt in 1...30 {
      let effects = scene.fail(failure)
      #expect(effects.dropLast() == [.cancelRequest] + (attempt > 4 ? [notice(failure, 0, of: 0)] : []))
      let delay = min(200 << (attempt - 1 > 20 ? 20 : attempt - 1), 30_000)
      #expect(effects.last == .wake(after: .milliseconds(delay)))
      #expect(scene.wokeUp() == [.send(.turn)])
    }
    scene.machine.replyBegan()
    #expect(scene.fail(failure) == [.cancelRequest, .publishRateLimits, .wake(after: .milliseconds(200))])
  }

  @Test func `waits as long as the server asks`() {
    let failure = http(429, headers: [("retry-after", "7")])
    var scene = Scene()
    _ = scene.begin()
    #expect(scene.fail(failure) == [.cancelRequest, notice(failure, 1, of: 5), .wake(after: .seconds(7))])
  }

  @Test func `publishes the limits that its failure names`() throws {
    let failure = http(
      429, #"{"error":{"type":"usage_limit_reached","resets_at":1795615200}}"#,
      headers: [("x-codex-primary-used-percent", "100"), ("x-codex-primary-window-minutes", "300")])
    let limits = try #require(failure.rateLimits)
    var scene = Scene()
    _ = scene.begin()
    #expect(scene.fail(failure) == [.cancelRequest, .adoptRateLimits(limits)] + report(failure))
  }

  @Test func `marks the window as full when the model ran out of room`() {
    let error = ResponseEvent.ResponseError(code: "context_length_exceeded", message: nil)
    var scene = Scene()
    _ = scene.begin()
    #expect(
      scene.receive(.failed(error)) == [.cancelRequest, .markContextFull] + report(.responseFailed(error)))
  }

  @Test func `counts what an incomplete response took`() {
    var scene = Scene()
    _ = scene.begin()
    #expect(
      scene.receive(.incomplete(reason: "max_output_tokens", usage: usage))
        == [.responseCompleted(usage), .cancelRequest] + report(.incomplete(reason: "max_output_tokens")))
  }

  @Test func `ends at once where another attempt would not help`() {
    let cases: [ModelFailure] = [
      http(400, "no such model"), http(429), http(400, #"{"error":{"code":"cyber_policy","message":"no"}}"#),
      .responseFailed(.init(code: "insufficient_quota", message: nil)),
      .responseFailed(.init(code: "invalid_prompt", message: "bad")),
    ]
    for failure in cases {
      var scene = Scene()
      _ = scene.begin()
      #expect(scene.fail(failure) == [.cancelRequest] + report(failure))
    }
  }

  @Test func `answers no call of a stream that broke`() {
    let call = output(["type": "function_call", "id": "fc_1", "name": "f", "call_id": "c1", "arguments": "{}"])
    var scene = Scene()
    _ = scene.begin()
    #expect(scene.receive(.itemDone(call)) == [record(call)])
    _ = scene.fail(.transport(.broken))
    _ = scene.wokeUp()
    #expect(scene.receive(.completed(responseID: "r", usage: nil)) == [.responseCompleted(nil), .end(.completed)])
  }
}
