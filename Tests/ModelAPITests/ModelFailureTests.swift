import JSON
import Testing

@testable import ModelAPI

@Suite struct ModelFailureTests {
  private let url = "http://h/v1/responses"

  private func http(
    _ status: Int, _ body: String, _ headers: [(name: String, value: String)] = [], isChatGPT: Bool = false
  ) -> ModelFailure {
    .http(
      status: status, headers: ResponseHeaders(headers), body: Array(body.utf8), url: url, isChatGPT: isChatGPT,
      clock: clock)
  }

  @Test func `a status that nobody expected is named with the server's words`() {
    for (status, name) in [
      (401, "401 Unauthorized"), (402, "402 Payment Required"), (403, "403 Forbidden"), (404, "404 Not Found"),
      (408, "408 Request Timeout"), (413, "413 Payload Too Large"), (422, "422 Unprocessable Entity"),
      (302, "302 Found"),
    ] {
      #expect(
        http(status, #"{"error":{"message":"words"}}"#)
          == ModelFailure(
            .httpConnectionFailed(status: status), "unexpected status \(name): words, url: \(url)", retry: .stream,
            noticeStatus: status))
    }
    for (status, name) in [
      (502, "502 Bad Gateway"), (503, "503 Service Unavailable"), (504, "504 Gateway Timeout"),
      (529, "529 <unknown status code>"),
    ] {
      let failure = http(status, "plain", [("x-oai-request-id", "o"), ("X-Request-Id", "r"), ("cf-ray", "c")])
      #expect(failure.message == "unexpected status \(name): plain, url: \(url), cf-ray: c, request id: r")
      #expect(failure.retry == .requestThenStream)
    }
    #expect(http(404, "").message == "unexpected status 404 Not Found: Unknown error, url: \(url)")
    #expect(http(404, #"{"error":"x"}"#).message.contains(#"Not Found: {"error":"x"}, url"#))
    #expect(http(404, #"{"error":{"message":""}}"#).message.contains(#"{"message":""}"#))
    #expect(
      http(403, "<html>Cloudflare blocked</html>", [("cf-ray", "c")]).message
        == "Access blocked by Cloudflare, which refuses some regions and networks (status 403 Forbidden), url: \(url), cf-ray: c"
    )
    #expect(http(401, "", [("x-openai-authorization-error", "e")]).message.hasSuffix(", auth error: e"))
  }

  @Test func `only a login can be renewed`() {
    #expect(http(401, "", isChatGPT: true).mayRefreshCredential)
    #expect(!http(401, "").mayRefreshCredential)
    #expect(!http(403, "", isChatGPT: true).mayRefreshCredential)
  }

  @Test func `long words are cut between characters`() {
    let limit = ModelFailure.maximumQuotedBytes
    #expect(http(400, String(repeating: "x", count: limit)).message.utf8.count == limit)
    #expect(http(400, String(repeating: "x", count: limit + 1)).message == String(repeating: "x", count: limit) + "...")
    #expect(
      http(400, String(repeating: "x", count: limit - 1) + "éx").message == String(repeating: "x", count: limit - 1)
        + "...")
    let invalid = ModelFailure.http(
      status: 400, body: [UInt8](repeating: 0x80, count: 5000), url: url, isChatGPT: false, clock: clock)
    #expect(invalid.message.hasPrefix("\u{FFFD}"))
  }

  @Test func `a bad request is not tried again`() {
    #expect(http(400, #"{"error":{"message":"m"}}"#) == ModelFailure(.other, #"{"error":{"message":"m"}}"#, retry: .no))
    #expect(
      http(400, #"{"error":{"code":"cyber_policy","message":"m"}}"#) == ModelFailure(.cyberPolicy, "m", retry: .no))
    #expect(
      http(400, #"{"error":{"code":"cyber_policy"}}"#).message
        == "The service refused this request as a possible security risk.")
    #expect(http(400, #"{"error":{"code":"invalid_prompt","message":"m"}}"#).info == .invalidPrompt)
    #expect(http(400, #"{"error":{"code":"misalignment_policy_violation"}}"#).info == .misalignmentPolicyViolation)
    let image = http(400, #"{"error":{"message":"The image data you provided does not represent a valid image"}}"#)
    #expect(image.info == .badRequest)
    #expect(
      image.message == "Invalid image in your last message. Send it again without the image, or with another one.")
  }

  @Test func `too many requests are tried again when the server says when`() {
    let text = "exceeded retry limit, last status: 429 Too Many Requests"
    let info = CodexErrorInfo.responseTooManyFailedAttempts(status: 429)
    #expect(http(429, "x") == ModelFailure(info, text, retry: .no, noticeStatus: 429))
    #expect(
      http(429, "x", [("retry-after", "2"), ("x-request-id", "r")])
        == ModelFailure(info, text + ", request id: r", retry: .stream, retryAfter: .seconds(2), noticeStatus: 429))
    #expect(http(429, #"{"error":{"code":"insufficient_quota"}}"#).info == .usageLimitExceeded)
    #expect(
      http(429, #"{"error":{"code":"flex_unavailable"}}"#).message
        == "No capacity for the flex service tier at the moment.")
    #expect(http(429, #"{"error":{"type":"usage_not_included"}}"#).info == .usageLimitExceeded)
  }

  @Test func `a server in trouble is tried again`() {
    #expect(
      http(500, #"{"error":{"code":"server_is_overloaded"}}"#)
        == ModelFailure(
          .internalServerError, "We’re currently experiencing high demand, which may cause temporary errors.",
          retry: .requestThenStream))
    #expect(
      http(503, #"{"error":{"code":"server_is_overloaded"}}"#)
        == ModelFailure(
          .serverOverloaded, "Selected model is at capacity. Please try a different model.", retry: .request))
    #expect(
      http(503, #"{"error":{"code":"slow_down","message":"m"}}"#, [("retry-after", "1")])
        == ModelFailure(
          .rateLimitExceeded, "rate limit exceeded: m", retry: .requestThenStream, retryAfter: .seconds(1)))
  }

  private func limit(
    _ plan: String?, _ resetsAt: Int64? = nil, _ headers: [(name: String, value: String)] = []
  ) -> ModelFailure {
    var members = #""type":"usage_limit_reached""#
    if let plan { members += #","plan_type":"\#(plan)""# }
    if let resetsAt { members += #","resets_at":\#(resetsAt)"# }
    return http(429, #"{"error":{\#(members)}}"#, headers)
  }

  @Test func `a used up allowance says what the user can do, by plan`() {
    for (plan, advice) in [
      ("free", "The Plus plan includes more (https://chatgpt.com/explore/plus), or try again later."),
      (
        "plus",
        "Upgrade to Pro (https://chatgpt.com/explore/pro), visit https://chatgpt.com/settings/usage to purchase more credits or try again later."
      ),
      ("pro", "Credits can be bought at https://chatgpt.com/settings/usage, or try again later."),
      ("team", "Your administrator can grant more, or try again later."),
      ("enterprise", "Try again later."), ("zzz", "Try again later."), (nil, "Try again later."),
    ] as [(String?, String)] {
      let failure = limit(plan)
      #expect(failure.message == "You’ve hit your usage limit. \(advice)")
      #expect(failure.info == .usageLimitExceeded)
      #expect(failure.retry == .no)
      #expect(failure.rateLimits == RateLimitSnapshot())
    }
  }

  @Test func `a used up allowance says when it is renewed`() {
    func when(_ time: Int64) -> String {
      String(limit(nil, time).message.dropFirst("You’ve hit your usage limit. ".count))
    }
    #expect(when(1_895_362_500) == "Try again at Jan 23rd, 2030 1:35 AM.")
    #expect(when(now + 3600) == "Try again at 2:00 PM.")
    #expect(when(1_893_456_000) == "Try again at Jan 1st, 2030 12:00 AM.")
    #expect(when(1_893_499_200 + 86_400) == "Try again at Jan 2nd, 2030 12:00 PM.")
    #expect(when(1_894_320_065) == "Try again at Jan 11th, 2030 12:01 AM.")
    #expect(when(-5) == "Try again at Dec 31st, 1969 11:59 PM.")
    #expect(when(99_999_999_999_999) == "Try again later.")
    #expect(when(.min) == "Try again later.")
    let east = LocalClock(now: now) { _ in 3 * 3600 }
    #expect(east.retryTime(1_895_362_500) == "at Jan 23rd, 2030 4:35 AM")
    #expect(LocalClock(now: now) { _ in .max }.retryTime(5) == "later")
    #expect(http(429, #"{"error":{"type":"usage_limit_reached","resets_at":"x"}}"#).info != .usageLimitExceeded)
  }

  @Test func `a used up allowance of one model names it`() {
    let headers = [
      ("x-codex-active-limit", "codex_z"), ("x-codex-z-limit-name", "Z"), ("x-codex-promo-message", "Buy"),
    ]
    let failure = limit("free", nil, headers.map { (name: $0.0, value: $0.1) })
    #expect(failure.message == "You’ve hit your usage limit for Z. Choose another model, or try again later.")
    #expect(failure.rateLimits == RateLimitSnapshot(limitID: "codex_z", limitName: "Z"))
    #expect(
      limit("free", nil, [("x-codex-promo-message", "Buy now")]).message
        == "You’ve hit your usage limit. Buy now, or try again later.")
    #expect(
      limit("team", 5, [("x-codex-rate-limit-reached-type", "workspace_owner_credits_depleted")]).message
        == "Your workspace has no credits left. Buy more to go on.")
  }

  @Test func `failed responses are sorted by their code`() {
    func failed(_ code: String?, _ message: String? = "m") -> ModelFailure {
      .responseFailed(.init(code: code, message: message))
    }
    #expect(failed("context_length_exceeded").info == .contextWindowExceeded)
    #expect(failed("insufficient_quota").info == .usageLimitExceeded)
    #expect(failed("usage_not_included").info == .usageLimitExceeded)
    #expect(failed("server_is_overloaded").info == .serverOverloaded)
    #expect(failed("flex_unavailable").info == .flexUnavailable)
    #expect(failed("cyber_policy") == ModelFailure(.cyberPolicy, "m", retry: .no))
    #expect(failed("misalignment_policy_violation").info == .misalignmentPolicyViolation)
    #expect(failed("invalid_prompt", nil) == ModelFailure(.invalidPrompt, "Invalid request.", retry: .no))
    #expect(failed("bio_policy") == ModelFailure(.bioPolicy, "m", retry: .no))
    #expect(failed("slow_down") == ModelFailure(.rateLimitExceeded, "rate limit exceeded: m", retry: .stream))
    #expect(
      failed("rate_limit_exceeded", "Please Try again in 1.2s.")
        == ModelFailure(
          .rateLimitExceeded, "rate limit exceeded: Please Try again in 1.2s.", retry: .stream,
          retryAfter: .milliseconds(1200)))
    #expect(
      failed("zzz", "try again in 1s")
        == ModelFailure(.other, "stream disconnected before completion: try again in 1s", retry: .stream))
    #expect(failed(nil, nil).message == "stream disconnected before completion: ")
    #expect(
      ModelFailure.responseFailed(.init(code: nil, message: nil, isPresent: false)).message
        == "stream disconnected before completion: response.failed event received")
    for code in ["context_length_exceeded", "insufficient_quota", "server_is_overloaded", "flex_unavailable"] {
      #expect(failed(code).retry == .no)
    }
  }

  @Test func `an incomplete response is tried again only if it was filtered`() {
    #expect(
      ModelFailure.incomplete(reason: "max_output_tokens")
        == ModelFailure(.other, "Incomplete response returned, reason: max_output_tokens", retry: .no))
    #expect(
      ModelFailure.incomplete(reason: "content_filter")
        == ModelFailure(
          .other, "stream disconnected before completion: Incomplete response returned, reason: content_filter",
          retry: .stream))
    #expect(
      ModelFailure.unreadableCompletion("missing field `id`").message
        == "stream disconnected before completion: failed to parse ResponseCompleted: missing field `id`")
  }

  @Test func `transport failures say what broke`() {
    let prefix = "stream disconnected before completion: "
    for (failure, message, retry) in [
      (.cannotConnect("refused"), "Connection failed: refused", .waitForNetwork),
      (.noReply("reset"), prefix + "reset", .requestThenStream),
      (.broken, prefix + "Transport error: network error: error decoding response body", .stream),
      (.endedEarly, prefix + "stream closed before response.completed", .stream),
      (.idle, prefix + "idle timeout waiting for SSE", .stream),
      (.unreadable(.eventTooLarge(limit: 5)), prefix + "event larger than 5 bytes", .stream),
    ] as [(TransportFailure, String, ModelFailure.Retry)] {
      #expect(ModelFailure.transport(failure).message == message)
      #expect(ModelFailure.transport(failure).retry == retry)
    }
  }

  @Test func `classes have two spellings`() {
    for (info, wire, rollout) in [
      (.usageLimitExceeded, #""usageLimitExceeded""#, #""usage_limit_exceeded""#),
      (.invalidPrompt, #""other""#, #""invalid_prompt""#), (.bioPolicy, #""other""#, #""bio_policy""#),
      (
        .httpConnectionFailed(status: 401), #"{"httpConnectionFailed":{"httpStatusCode":401}}"#,
        #"{"http_connection_failed":{"http_status_code":401}}"#
      ),
      (
        .responseStreamDisconnected(status: nil), #"{"responseStreamDisconnected":{"httpStatusCode":null}}"#,
        #"{"response_stream_disconnected":{"http_status_code":null}}"#
      ),
      (
        .activeTurnNotSteerable(turnKind: "review"), #"{"activeTurnNotSteerable":{"turnKind":"review"}}"#,
        #"{"active_turn_not_steerable":{"turn_kind":"review"}}"#
      ),
    ] as [(CodexErrorInfo, String, String)] {
      #expect(written { info.write(to: &$0) } == wire)
      #expect(written { info.writeRollout(to: &$0) } == rollout)
    }
  }
}

@Suite struct CivilTimeTests {
  @Test func `dates and seconds agree`() throws {
    for (seconds, year, month, day) in [
      (0, 1970, 1, 1), (951_782_400, 2000, 2, 29), (4_107_542_400, 2100, 3, 1), (-62_135_596_800, 1, 1, 1),
      (253_402_300_799, 9999, 12, 31), (-1, 1969, 12, 31),
    ] as [(Int64, Int64, Int, Int)] {
      let time = try #require(CivilTime(seconds: seconds))
      #expect((time.year, time.month, time.day) == (year, month, day))
      let days = CivilTime.days(year: year, month: month, day: day)
      #expect((days * 86_400..<(days + 1) * 86_400).contains(seconds))
    }
    #expect(CivilTime(seconds: 253_402_300_800) == nil)
  }

  @Test func `dates of headers are read, and nothing else`() {
    #expect(HTTPDate.seconds("Wed, 21 Oct 2026 07:28:00 GMT") == 1_792_567_680)
    for text in [
      "", "x", "Wed, 21 Oct 2026 07:28:00 UTC", "Wed, 41 Oct 2026 07:28:00 GMT", "a b c d e GMT",
      "Wed, 21 Oct 99999 07:28:00 GMT", "Wed, 21 Oct 2026 25:28:00 GMT", "Wed, 21 Oct 2026 07:28 GMT",
    ] {
      #expect(HTTPDate.seconds(text) == nil, "\(text)")
    }
  }
}
