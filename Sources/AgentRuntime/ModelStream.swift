import HTTPClient
import HostIO
import ModelAPI

/// One request to the model and its answer, as it arrives.
@LoopActor
final class ModelStream {
  enum Signal {
    case head(ResponseHeaders)
    case event(ResponseEvent)
    /// Nothing more comes: the answer broke off, was an error, or ended without its last event.
    case failed(ModelFailure)
  }

  /// A reply that is no stream is read up to here; it only becomes an error text.
  static let maximumErrorBytes = 64 << 10
  /// How long a server may take to end a body after the last event of the answer.
  static let lingerLimit = Duration.seconds(2)

  private let url: String
  private let secrets: Redaction
  private let clock: WallClock
  private let isChatGPT: Bool
  private let onSignal: (Signal) -> Void
  private var transfer: HTTPTransfer?
  private var parser = ServerSentEventParser()
  private var head: HTTPHead?
  private var errorBody: [UInt8] = []
  private var isOver = false
  private var lingerTimer: TimerID?

  /// `onSignal` is not called after `cancel`, after a `.failed`, or after the last event of an answer.
  init(
    _ request: HTTPRequest, secrets: Redaction, client: HTTPClient, clock: WallClock, isChatGPT: Bool,
    onSignal: @escaping (Signal) -> Void
  ) {
    url = request.redactedURL
    self.secrets = secrets
    self.clock = clock
    self.isChatGPT = isChatGPT
    self.onSignal = onSignal
    transfer = client.start(request) { events in self.received(events) }
  }

  func cancel() {
    isOver = true
    if let lingerTimer { EventLoop.main.cancel(lingerTimer) }
    lingerTimer = nil
    transfer?.cancel()
    transfer = nil
  }

  /// After the last event only the end of the body is awaited, so that the connection can be used again.
  private func linger() {
    isOver = true
    lingerTimer = EventLoop.main.schedule(after: Self.lingerLimit) { self.cancel() }
  }

  private func received(_ events: [HTTPEvent]) {
    for event in events {
      guard !isOver else {
        switch event {
        case .end, .failed: cancel()
        default: break
        }
        continue
      }
      switch event {
      case .head(let head):
        self.head = head
        if isStream { onSignal(.head(ResponseHeaders(head))) }
      case .body(let bytes):
        if isStream { parse(bytes) } else { keep(bytes) }
      case .end: ended()
      case .failed(let failure): failed(.transport(TransportFailure(failure, hasHead: head != nil)))
      }
    }
  }

  private var isStream: Bool { head?.status == 200 }

  private func parse(_ bytes: [UInt8]) {
    parser.append(bytes)
    do throws(ServerSentEventError) {
      while !isOver, let event = try parser.next() { deliver(ResponseEvent(event)) }
    } catch {
      failed(.transport(.unreadable(error)))
    }
  }

  private func deliver(_ event: ResponseEvent) {
    switch event {
    case .ignored, .malformed: return
    case .completed, .completedUnreadable, .failed, .incomplete: linger()
    default: break
    }
    if case .failed(var error) = event {
      error.message = error.message.map(secrets.applied)
      return onSignal(.event(.failed(error)))
    }
    onSignal(.event(event))
  }

  private func keep(_ bytes: [UInt8]) {
    let room = Self.maximumErrorBytes - errorBody.count
    errorBody.append(contentsOf: bytes.prefix(max(room, 0)))
    // More than any error text uses; the rest may never end.
    if errorBody.count >= Self.maximumErrorBytes { ended() }
  }

  private func ended() {
    guard let head, !isStream else { return failed(.transport(.endedEarly)) }
    failed(
      .http(
        status: head.status, headers: ResponseHeaders(head), body: secrets.applied(to: errorBody), url: url,
        isChatGPT: isChatGPT,
        clock: LocalClock(clock.now())))
  }

  private func failed(_ failure: ModelFailure) {
    guard !isOver else { return }
    cancel()
    onSignal(.failed(failure))
  }
}

extension ResponseHeaders {
  fileprivate init(_ head: HTTPHead) {
    self.init(head.headers.map { ($0.name, $0.value) })
  }
}

extension TransportFailure {
  fileprivate init(_ failure: HTTPFailure, hasHead: Bool) {
    switch failure.kind {
    case .cannotConnect, .connectTimeout: self = .cannotConnect(failure.description)
    case .idleTimeout: self = .idle
    case .closedEarly where hasHead: self = .broken
    default: self = .noReply(failure.description)
    }
  }
}

extension LocalClock {
  fileprivate init(_ time: UnixTime) {
    self.init(now: time.seconds) { UnixTime(milliseconds: $0 * 1000).secondsEastOfGreenwich }
  }
}
