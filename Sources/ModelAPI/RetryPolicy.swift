/// How often, and how long apart, a failed request is tried again (agent-core §2.3).
package struct RetryPolicy: Sendable, Equatable {
  /// No configuration may ask for more attempts than this.
  package static let maximumRetries = 100
  /// The pause before the first retry; each further one doubles it.
  package static let firstDelay: Duration = .milliseconds(200)
  /// The longest pause between attempts, other than one that the server asked for.
  package static let longestDelay: Duration = .seconds(60)
  /// The longest pause while there is no network.
  package static let longestNetworkDelay: Duration = .seconds(30)
  /// Clients hear of a missing network after this many attempts: three seconds, as with the reference.
  package static let quietNetworkAttempts = 4
  /// The longest pause that a server may ask for; beyond it the user had better decide.
  package static let longestHint: Duration = .seconds(3600)

  /// Retries of a request that got no usable reply; they stay silent.
  package var requestRetries: Int
  /// Retries of a turn's request after anything else; clients see them.
  package var streamRetries: Int

  /// The provider's settings `request_max_retries` and `stream_max_retries`, with their defaults.
  package init(requestRetries: Int = 4, streamRetries: Int = 5) {
    self.requestRetries = min(max(requestRetries, 0), Self.maximumRetries)
    self.streamRetries = min(max(streamRetries, 0), Self.maximumRetries)
  }

  /// What to do about a failure.
  package enum Decision: Sendable, Equatable {
    /// Try again after this long, quietly.
    case retryRequest(after: Duration)
    /// Tell clients `notice`, then try again after this long.
    case retryStream(after: Duration, notice: ModelFailure.Notice)
    /// As `retryStream`, and without a limit. A short outage passes without a notice.
    case waitForNetwork(after: Duration, notice: ModelFailure.Notice?)
    case giveUp
  }

  /// Decides, and counts the attempt in `attempts`. `random` lies in 0..<1.
  package func decide(_ failure: ModelFailure, _ attempts: inout Attempts, random: Double) -> Decision {
    if failure.retry == .waitForNetwork {
      attempts.network += 1
      return .waitForNetwork(
        after: Self.delay(attempts.network, random: random, longest: Self.longestNetworkDelay),
        notice: attempts.network > Self.quietNetworkAttempts ? failure.notice(attempt: 0, of: 0) : nil)
    }
    if failure.retry.coversRequest, attempts.request < requestRetries {
      attempts.request += 1
      return .retryRequest(after: failure.retryAfter ?? Self.delay(attempts.request, random: random))
    }
    if failure.retry.coversStream, attempts.stream < streamRetries {
      attempts.request = 0
      attempts.stream += 1
      return .retryStream(
        after: failure.retryAfter ?? Self.delay(attempts.stream, random: random),
        notice: failure.notice(attempt: attempts.stream, of: streamRetries))
    }
    return .giveUp
  }

  /// The attempts since the last completed response of a turn.
  package struct Attempts: Sendable, Equatable {
    package fileprivate(set) var request = 0
    package fileprivate(set) var stream = 0
    package fileprivate(set) var network = 0

    package init() {}

    /// The server replied: it can be reached, and the next request starts afresh.
    package mutating func replyBegan() {
      request = 0
      network = 0
    }

    package mutating func responseCompleted() { self = Attempts() }

  }

  /// The pause before retry `number`, counted from 1: 200 ms × 2^(number − 1), up to a tenth longer or shorter.
  package static func delay(
    _ number: Int, random: Double, longest: Duration = Self.longestDelay
  ) -> Duration {
    let doublings = min(max(number, 1), 20) - 1
    let exact = min(firstDelay * (1 << doublings), longest)
    return exact.scaled(by: 0.9 + 0.2 * min(max(random, 0), 1))
  }

  package static let waitingText = "Reconnecting... waiting for network"

  package static func reconnectingText(_ attempt: Int, of limit: Int) -> String {
    "Reconnecting... \(attempt)/\(limit)"
  }

  // MARK: - What servers ask for

  /// The header `retry-after`: whole seconds, or a date. `now` counts seconds since 1970.
  package static func retryAfter(_ headers: ResponseHeaders, now: Int64) -> Duration? {
    guard let text = headers["retry-after"] else { return nil }
    if let seconds = Int64(text), seconds >= 0 { return capped(Double(seconds)) }
    guard let date = HTTPDate.seconds(text) else { return nil }
    return capped(Double(date) - Double(now))
  }

  /// `try again in 1.2s`, `… 700ms`, `… 3 seconds`, wherever it stands in a message and in whatever case.
  package static func delayHint(in message: String) -> Duration? {
    let text = Array(message.utf8.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 })
    let words = Array("try again in".utf8)
    var at = 0
    while at + words.count <= text.count {
      if text[at...].starts(with: words), let hint = duration(in: text, at: at + words.count) { return hint }
      at += 1
    }
    return nil
  }

  private static func duration(in text: [UInt8], at start: Int) -> Duration? {
    var at = start
    func skipSpaces() { while at < text.count, text[at] == UInt8(ascii: " ") { at += 1 } }
    skipSpaces()
    let from = at
    while at < text.count, (0x30...0x39).contains(text[at]) || text[at] == UInt8(ascii: ".") { at += 1 }
    guard let number = Double(String(decoding: text[from..<at], as: UTF8.self)), number.isFinite else { return nil }
    skipSpaces()
    if text[at...].starts(with: "ms".utf8) { return capped(number / 1000) }
    return text[at...].starts(with: "s".utf8) ? capped(number) : nil
  }

  private static func capped(_ seconds: Double) -> Duration {
    longestHint.scaled(by: min(max(seconds / Double(longestHint.components.seconds), 0), 1))
  }
}

extension Duration {
  /// A fraction or a small multiple, rounded to whole milliseconds.
  fileprivate func scaled(by factor: Double) -> Duration {
    let (seconds, attoseconds) = components
    let milliseconds = Double(seconds) * 1000 + Double(attoseconds) / 1e15
    return .milliseconds(Int64(milliseconds * factor + 0.5))
  }
}
