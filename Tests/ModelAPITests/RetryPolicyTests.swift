import Testing

@testable import ModelAPI

@Suite struct RetryPolicyTests {
  private let policy = RetryPolicy(requestRetries: 2, streamRetries: 2)

  /// What happens when the same failure comes again and again; `random` in the middle gives the exact delays.
  private func decisions(_ failure: ModelFailure, _ count: Int) -> [RetryPolicy.Decision] {
    var attempts = RetryPolicy.Attempts()
    return (0..<count).map { _ in policy.decide(failure, &attempts, random: 0.5) }
  }

  private func stream(_ attempt: Int, _ delay: Duration, status: Int? = nil) -> RetryPolicy.Decision {
    .retryStream(
      after: delay,
      notice: .init(
        message: "Reconnecting... \(attempt)/2", info: .responseStreamDisconnected(status: status),
        additionalDetails: "m"))
  }

  @Test func `a failure that no attempt can mend ends the turn`() {
    #expect(decisions(ModelFailure(.other, "m", retry: .no), 1) == [.giveUp])
  }

  @Test func `the request layer retries quietly`() {
    #expect(
      decisions(ModelFailure(.other, "m", retry: .request), 3) == [
        .retryRequest(after: .milliseconds(200)), .retryRequest(after: .milliseconds(400)), .giveUp,
      ])
  }

  @Test func `the stream layer tells clients, and doubles the pause`() {
    #expect(
      decisions(ModelFailure(.other, "m", retry: .stream, noticeStatus: 404), 3) == [
        stream(1, .milliseconds(200), status: 404), stream(2, .milliseconds(400), status: 404), .giveUp,
      ])
  }

  @Test func `each attempt of the stream layer has a whole request layer`() {
    let request: [RetryPolicy.Decision] = [
      .retryRequest(after: .milliseconds(200)), .retryRequest(after: .milliseconds(400)),
    ]
    #expect(
      decisions(ModelFailure(.other, "m", retry: .requestThenStream), 9)
        == request + [stream(1, .milliseconds(200))] + request + [stream(2, .milliseconds(400))] + request + [.giveUp])
  }

  @Test func `the server's wish replaces the pause`() {
    let failure = ModelFailure(.other, "m", retry: .requestThenStream, retryAfter: .seconds(3))
    #expect(decisions(failure, 3).last == stream(1, .seconds(3)))
    #expect(decisions(failure, 1) == [.retryRequest(after: .seconds(3))])
  }

  @Test func `without a network the agent waits without end`() {
    let failure = ModelFailure.transport(.cannotConnect("refused"))
    let notice = ModelFailure.Notice(
      message: "Reconnecting... waiting for network", info: .responseStreamDisconnected(status: nil),
      additionalDetails: "Connection failed: refused")
    let all = decisions(failure, 200)
    #expect(all[0] == .waitForNetwork(after: .milliseconds(200), notice: nil))
    #expect(all[3] == .waitForNetwork(after: .milliseconds(1600), notice: nil))
    #expect(all[4] == .waitForNetwork(after: .milliseconds(3200), notice: notice))
    #expect(all[7] == .waitForNetwork(after: .milliseconds(25_600), notice: notice))
    #expect(all[199] == .waitForNetwork(after: .seconds(30), notice: notice))
  }

  @Test func `a completed response gives a new budget`() {
    var attempts = RetryPolicy.Attempts()
    let failure = ModelFailure(.other, "m", retry: .stream)
    for _ in 0..<2 { _ = policy.decide(failure, &attempts, random: 0.5) }
    attempts.replyBegan()
    #expect(policy.decide(failure, &attempts, random: 0.5) == .giveUp)
    attempts.responseCompleted()
    #expect(policy.decide(failure, &attempts, random: 0.5) == stream(1, .milliseconds(200)))
  }

  @Test func `pauses vary by a tenth and stay bounded`() {
    #expect(RetryPolicy.delay(1, random: 0) == .milliseconds(180))
    #expect(RetryPolicy.delay(1, random: 1) == .milliseconds(220))
    #expect(RetryPolicy.delay(3, random: 0.5) == .milliseconds(800))
    #expect(RetryPolicy.delay(100, random: 0.5) == .seconds(60))
    #expect(RetryPolicy.delay(.max, random: 7) == .seconds(66))
    #expect(RetryPolicy.delay(.min, random: -7) == .milliseconds(180))
  }

  @Test func `budgets have defaults and a cap`() {
    #expect(RetryPolicy() == RetryPolicy(requestRetries: 4, streamRetries: 5))
    #expect(RetryPolicy(requestRetries: 1000, streamRetries: -1) == RetryPolicy(requestRetries: 100, streamRetries: 0))
  }

  @Test func `hints are read wherever they stand`() {
    for (message, hint) in [
      ("Please try again in 1.2s.", .milliseconds(1200)), ("TRY AGAIN IN 700ms now", .milliseconds(700)),
      ("try again in 3 seconds", .seconds(3)), ("try again in 1 second", .seconds(1)),
      ("try again in soon; try again in 2s", .seconds(2)), ("é try again in 0s", .zero),
      ("try again in 99999999999s", RetryPolicy.longestHint), ("try again in 1.2.3s", nil),
      ("try again in 5 minutes", nil),
      ("try again in", nil), ("try again in 5", nil), ("", nil),
    ] as [(String, Duration?)] {
      #expect(RetryPolicy.delayHint(in: message) == hint, "\(message)")
    }
  }

  @Test func `the header is seconds or a date`() {
    func hint(_ value: String) -> Duration? {
      RetryPolicy.retryAfter(ResponseHeaders([("Retry-After", value)]), now: 1_792_567_600)
    }
    #expect(hint("2") == .seconds(2))
    #expect(hint("Wed, 21 Oct 2026 07:28:00 GMT") == .seconds(80))
    #expect(hint("Wed, 21 Oct 2020 07:28:00 GMT") == .zero)
    #expect(hint("999999999") == .seconds(3600))
    for value in ["0.5", "-1", "", "soon", "99999999999999999999"] { #expect(hint(value) == nil, "\(value)") }
  }
}
