import JSON

/// Why a request to the model failed, what the user is told, and whether to try again.
///
/// Everything that can go wrong between the agent and the model is classified in this file, so that it can be compared
/// with the reference in one place (agent-core §2.4, measured against 0.163.0). Classes and decisions are the reference's;
/// so are the texts that clients match or the acceptance tests compare, and the others are ours.
package struct ModelFailure: Error, Sendable, Equatable {
  package var info: CodexErrorInfo
  package var message: String
  package var retry: Retry
  /// How long the server asks to wait before the next attempt.
  package var retryAfter: Duration?
  /// The HTTP status that a notice of a retry names.
  package var noticeStatus: Int?
  /// Limits to publish before the error.
  package var rateLimits: RateLimitSnapshot?
  /// A login that can be renewed should be, before anything else is tried (auth-and-config §3).
  package var mayRefreshCredential = false

  package enum Retry: Sendable, Equatable {
    case no
    /// By the request layer only.
    case request
    /// By the stream layer only.
    case stream
    /// By the request layer, and then by the stream layer.
    case requestThenStream
    /// For as long as the user has patience: there is no network at all.
    case waitForNetwork

    package var coversRequest: Bool { self == .request || self == .requestThenStream }
    package var coversStream: Bool { self == .stream || self == .requestThenStream }
  }

  package init(
    _ info: CodexErrorInfo, _ message: String, retry: Retry, retryAfter: Duration? = nil, noticeStatus: Int? = nil,
    rateLimits: RateLimitSnapshot? = nil
  ) {
    self.info = info
    self.message = message
    self.retry = retry
    self.retryAfter = retryAfter
    self.noticeStatus = noticeStatus
    self.rateLimits = rateLimits
  }

  /// What clients are told while attempt `attempt` of `limit` is under way: the text, the class and the details.
  package func notice(attempt: Int, of limit: Int) -> Notice {
    let isOffline = retry == .waitForNetwork
    return Notice(
      message: isOffline ? RetryPolicy.waitingText : RetryPolicy.reconnectingText(attempt, of: limit),
      info: .responseStreamDisconnected(status: noticeStatus), additionalDetails: message)
  }

  package struct Notice: Sendable, Equatable {
    package var message: String
    package var info: CodexErrorInfo
    package var additionalDetails: String
  }
}

// MARK: - HTTP replies

extension ModelFailure {
  /// The most of a server's words that an error text repeats, in bytes.
  package static let maximumQuotedBytes = 1000

  /// A reply with another status than 200.
  package static func http(
    status: Int, headers: ResponseHeaders = ResponseHeaders(), body: [UInt8], url: String, isChatGPT: Bool,
    clock: LocalClock
  ) -> ModelFailure {
    let error = ServerError(body)
    let hint = RetryPolicy.retryAfter(headers, now: clock.now)
    switch status {
    case 400: return badRequest(error, body)
    case 429: return tooManyRequests(error, headers, hint: hint, clock)
    case 500:
      return ModelFailure(.internalServerError, highDemand, retry: .requestThenStream, retryAfter: hint)
    case 503 where error.code == "server_is_overloaded":
      return ModelFailure(.serverOverloaded, atCapacity, retry: .request, retryAfter: hint)
    case 503 where error.code == "slow_down":
      return rateLimited(error.message ?? "", retry: .requestThenStream, hint: hint)
    default:
      var failure = ModelFailure(
        .httpConnectionFailed(status: status), unexpectedStatus(status, error, headers, body, url),
        retry: status >= 500 ? .requestThenStream : .stream, retryAfter: hint, noticeStatus: status)
      failure.mayRefreshCredential = status == 401 && isChatGPT
      return failure
    }
  }

  private static func badRequest(_ error: ServerError, _ body: [UInt8]) -> ModelFailure {
    if let failure = policy(code: error.code, message: error.message) { return failure }
    let text = quoted(body)
    if text.contains(utf8: "The image data you provided does not represent a valid image") {
      return ModelFailure(
        .badRequest, "Invalid image in your last message. Send it again without the image, or with another one.",
        retry: .no)
    }
    return ModelFailure(.other, text, retry: .no)
  }

  private static func tooManyRequests(
    _ error: ServerError, _ headers: ResponseHeaders, hint: Duration?, _ clock: LocalClock
  ) -> ModelFailure {
    switch (error.type, error.code) {
    case ("usage_limit_reached", _) where error.isReadable:
      let limit = UsageLimit(
        planType: error.planType, resetsAt: error.resetsAt,
        promotion: RateLimitSnapshot.text(headers, "x-codex-promo-message"),
        snapshot: RateLimitSnapshot.active(in: headers))
      return ModelFailure(.usageLimitExceeded, limit.message(clock), retry: .no, rateLimits: limit.snapshot)
    case ("usage_not_included", _): return ModelFailure(.usageLimitExceeded, notIncluded, retry: .no)
    case (_, "insufficient_quota"): return ModelFailure(.usageLimitExceeded, quotaExceeded, retry: .no)
    case (_, "flex_unavailable"): return ModelFailure(.flexUnavailable, flexUnavailable, retry: .no)
    default:
      var message = "exceeded retry limit, last status: 429 Too Many Requests"
      if let id = requestID(headers) { message += ", request id: \(id)" }
      return ModelFailure(
        .responseTooManyFailedAttempts(status: 429), message, retry: hint == nil ? .no : .stream, retryAfter: hint,
        noticeStatus: 429)
    }
  }

  private static func unexpectedStatus(
    _ status: Int, _ error: ServerError, _ headers: ResponseHeaders, _ body: [UInt8], _ url: String
  ) -> String {
    let name = "\(status) \(HTTPStatus.reason(status))"
    var text: String
    let words = quoted(body)
    if status == 403, words.contains(utf8: "Cloudflare"), words.contains(utf8: "blocked") {
      text = "Access blocked by Cloudflare, which refuses some regions and networks (status \(name)), url: \(url)"
    } else {
      let said = error.message.flatMap { $0.isEmpty ? nil : quoted(Array($0.utf8)) } ?? words
      text = "unexpected status \(name): \(said.isEmpty ? "Unknown error" : said), url: \(url)"
    }
    if let ray = headers["cf-ray"] { text += ", cf-ray: \(ray)" }
    if let id = requestID(headers) { text += ", request id: \(id)" }
    if let authorization = headers["x-openai-authorization-error"] { text += ", auth error: \(authorization)" }
    return text
  }

  private static func requestID(_ headers: ResponseHeaders) -> String? {
    headers["x-request-id"] ?? headers["x-oai-request-id"]
  }

  /// The server's words, cut between characters if they are long; what is no UTF-8 becomes U+FFFD.
  private static func quoted(_ body: [UInt8]) -> String {
    guard body.count > maximumQuotedBytes else { return String(decoding: body, as: UTF8.self) }
    var end = maximumQuotedBytes
    while end > maximumQuotedBytes - 4, body[end] & 0xC0 == 0x80 { end -= 1 }
    return String(decoding: body[..<end], as: UTF8.self) + "..."
  }
}

// MARK: - Ends of a stream

extension ModelFailure {
  /// `response.failed`.
  package static func responseFailed(_ error: ResponseEvent.ResponseError) -> ModelFailure {
    guard error.isPresent else { return disconnected("response.failed event received") }
    if let failure = policy(code: error.code, message: error.message) { return failure }
    let message = error.message ?? ""
    switch error.code {
    case "context_length_exceeded":
      return ModelFailure(
        .contextWindowExceeded,
        "Codex ran out of room in the model's context window. Start a new thread or clear earlier history before retrying.",
        retry: .no)
    case "insufficient_quota": return ModelFailure(.usageLimitExceeded, quotaExceeded, retry: .no)
    case "usage_not_included": return ModelFailure(.usageLimitExceeded, notIncluded, retry: .no)
    case "server_is_overloaded": return ModelFailure(.serverOverloaded, atCapacity, retry: .no)
    case "flex_unavailable": return ModelFailure(.flexUnavailable, flexUnavailable, retry: .no)
    case "slow_down": return rateLimited(message, retry: .stream, hint: nil)
    case "rate_limit_exceeded":
      return rateLimited(message, retry: .stream, hint: RetryPolicy.delayHint(in: message))
    default: return disconnected(message)
    }
  }

  /// `response.incomplete`. Only a filtered answer is worth another attempt: the same request would run out of the same
  /// room again.
  package static func incomplete(reason: String) -> ModelFailure {
    let text = "Incomplete response returned, reason: \(reason)"
    return reason == "content_filter" ? disconnected(text) : ModelFailure(.other, text, retry: .no)
  }

  /// `response.completed` that lacks what it must have.
  package static func unreadableCompletion(_ reason: String) -> ModelFailure {
    disconnected("failed to parse ResponseCompleted: \(reason)")
  }

  /// The codes by which a server refuses what was asked; no attempt would go better.
  private static func policy(code: String?, message: String?) -> ModelFailure? {
    switch code {
    case "cyber_policy":
      ModelFailure(
        .cyberPolicy, message ?? "The service refused this request as a possible security risk.", retry: .no)
    case "misalignment_policy_violation":
      ModelFailure(.misalignmentPolicyViolation, message ?? "Invalid request.", retry: .no)
    case "invalid_prompt": ModelFailure(.invalidPrompt, message ?? "Invalid request.", retry: .no)
    case "bio_policy": ModelFailure(.bioPolicy, message ?? "Invalid request.", retry: .no)
    default: nil
    }
  }

  private static func disconnected(_ cause: String) -> ModelFailure {
    ModelFailure(.other, "stream disconnected before completion: \(cause)", retry: .stream)
  }

  private static func rateLimited(_ message: String, retry: Retry, hint: Duration?) -> ModelFailure {
    ModelFailure(.rateLimitExceeded, "rate limit exceeded: \(message)", retry: retry, retryAfter: hint)
  }

  private static let highDemand = "We’re currently experiencing high demand, which may cause temporary errors."
  private static let atCapacity = "Selected model is at capacity. Please try a different model."
  private static let quotaExceeded = "Quota exceeded. Check your plan and billing details."
  private static let flexUnavailable = "No capacity for the flex service tier at the moment."
  private static let notIncluded =
    "Your ChatGPT plan does not include Codex. Plans that do: https://chatgpt.com/explore/plus."
}

// MARK: - Transport

/// What can go wrong below HTTP.
package enum TransportFailure: Sendable, Equatable {
  /// No connection came about: refused, unreachable, name not found, timed out. The text says which.
  case cannotConnect(String)
  /// A connection came about, but no reply; the text says why.
  case noReply(String)
  /// The reply broke off.
  case broken
  /// The reply ended properly, but without `response.completed`.
  case endedEarly
  /// Nothing came for as long as the provider's idle timeout.
  case idle
  /// The reply is no usable event stream.
  case unreadable(ServerSentEventError)
}

extension ModelFailure {
  package static func transport(_ failure: TransportFailure) -> ModelFailure {
    switch failure {
    case .cannotConnect(let detail):
      ModelFailure(.responseStreamConnectionFailed(status: nil), "Connection failed: \(detail)", retry: .waitForNetwork)
    case .noReply(let detail):
      ModelFailure(.other, "stream disconnected before completion: \(detail)", retry: .requestThenStream)
    case .broken: disconnected("Transport error: network error: error decoding response body")
    case .endedEarly: disconnected("stream closed before response.completed")
    case .idle: disconnected("idle timeout waiting for SSE")
    case .unreadable(.eventTooLarge(let limit)): disconnected("event larger than \(limit) bytes")
    }
  }
}

/// The `error` object of a server's reply; every part may be missing.
private struct ServerError {
  var type: String?
  var code: String?
  var message: String?
  var planType: String?
  var resetsAt: Int64?
  /// Whether all that was there had the expected type.
  var isReadable = true

  init(_ body: [UInt8]) {
    var read = ServerError()
    do throws(JSONError) {
      try read.read(body)
      self = read
    } catch {
      self.init()
    }
  }

  private init() {}

  private mutating func read(_ body: [UInt8]) throws(JSONError) {
    var reader = JSONReader(body)
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "error" where try reader.peek() == .object:
        try reader.beginObject()
        while let key = try reader.nextKey() {
          switch key {
          case "type": type = try reader.stringIfAny()
          case "code": code = try reader.stringIfAny()
          case "message": message = try reader.stringIfAny()
          case "plan_type": planType = try reader.stringIfAny()
          case "resets_at":
            let isNull = try reader.peek() == .null
            resetsAt = try reader.intIfAny()
            if resetsAt == nil, !isNull { isReadable = false }
          default: try reader.skip()
          }
        }
      default: try reader.skip()
      }
    }
    try reader.finish()
  }
}

enum HTTPStatus {
  /// The standard phrase of a status, as the reference spells it.
  static func reason(_ status: Int) -> String {
    switch status {
    case 100: "Continue"
    case 101: "Switching Protocols"
    case 200: "OK"
    case 201: "Created"
    case 202: "Accepted"
    case 203: "Non Authoritative Information"
    case 204: "No Content"
    case 205: "Reset Content"
    case 206: "Partial Content"
    case 300: "Multiple Choices"
    case 301: "Moved Permanently"
    case 302: "Found"
    case 303: "See Other"
    case 304: "Not Modified"
    case 305: "Use Proxy"
    case 307: "Temporary Redirect"
    case 308: "Permanent Redirect"
    case 400: "Bad Request"
    case 401: "Unauthorized"
    case 402: "Payment Required"
    case 403: "Forbidden"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 406: "Not Acceptable"
    case 407: "Proxy Authentication Required"
    case 408: "Request Timeout"
    case 409: "Conflict"
    case 410: "Gone"
    case 411: "Length Required"
    case 412: "Precondition Failed"
    case 413: "Payload Too Large"
    case 414: "URI Too Long"
    case 415: "Unsupported Media Type"
    case 416: "Range Not Satisfiable"
    case 417: "Expectation Failed"
    case 418: "I'm a teapot"
    case 421: "Misdirected Request"
    case 422: "Unprocessable Entity"
    case 423: "Locked"
    case 424: "Failed Dependency"
    case 425: "Too Early"
    case 426: "Upgrade Required"
    case 428: "Precondition Required"
    case 429: "Too Many Requests"
    case 431: "Request Header Fields Too Large"
    case 451: "Unavailable For Legal Reasons"
    case 500: "Internal Server Error"
    case 501: "Not Implemented"
    case 502: "Bad Gateway"
    case 503: "Service Unavailable"
    case 504: "Gateway Timeout"
    case 505: "HTTP Version Not Supported"
    case 506: "Variant Also Negotiates"
    case 507: "Insufficient Storage"
    case 508: "Loop Detected"
    case 510: "Not Extended"
    case 511: "Network Authentication Required"
    default: "<unknown status code>"
    }
  }
}
