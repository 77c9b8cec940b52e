import AppServerProtocol
package import HTTPClient
package import HostIO
package import ModelAPI

/// One request to the model and its answer, as it arrives.
@LoopActor
final class ModelStream {
  enum Signal {
    case head([HTTPHeader])
    case event(ResponseEvent)
    /// Nothing more comes: the answer broke off, was an error, or ended without its last event.
    case failed(ModelFailure)
  }

  /// A reply that is no stream is read up to here; it only becomes an error text.
  static let maximumErrorBytes = 64 << 10

  /// How long a server may take to end a body after the last event of the answer.
  static let lingerLimit = Duration.seconds(2)

  private let url: String
  private let usesChatGPT: Bool
  private let onSignal: (Signal) -> Void
  private var transfer: HTTPTransfer?
  private var parser = ServerSentEventParser()
  private var status = 0
  private var headers: [HTTPHeader] = []
  private var errorBody: [UInt8] = []
  private var isOver = false
  private var lingerTimer: TimerID?

  /// `onSignal` is not called after `cancel` or after a `.failed`.
  init(
    _ request: HTTPRequest, client: HTTPClient, usesChatGPT: Bool, onSignal: @escaping (Signal) -> Void
  ) {
    url = request.url
    self.usesChatGPT = usesChatGPT
    self.onSignal = onSignal
    transfer = client.start(request) { [weak self] events in self?.received(events) }
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
      case .head(let status, let headers):
        self.status = status
        self.headers = headers
        if isStream { onSignal(.head(headers)) }
      case .body(let bytes):
        if isStream { parse(bytes) } else { keep(bytes) }
      case .end: ended()
      case .failed(let failure): failed(ModelFailure(transport: failure.modelKind, detail: failure.description))
      }
    }
  }

  private var isStream: Bool { (200..<300).contains(status) }

  private func parse(_ bytes: [UInt8]) {
    do {
      try parser.feed(bytes) { data in
        guard !isOver else { return }
        let event = ResponseEvent(data)
        if case .ignored = event { return }
        onSignal(.event(event))
        if event.isFinal { linger() }
      }
    } catch {
      failed(ModelFailure(streamError: "\(error)"))
    }
  }

  private func keep(_ bytes: [UInt8]) {
    let room = Self.maximumErrorBytes - errorBody.count
    errorBody.append(contentsOf: bytes.prefix(max(room, 0)))
  }

  private func ended() {
    if isStream {
      failed(ModelFailure(streamError: "stream closed before response.completed"))
    } else {
      failed(
        ModelFailure(status: status, headers: headers, body: errorBody, url: url, usesChatGPT: usesChatGPT))
    }
  }

  private func failed(_ failure: ModelFailure) {
    guard !isOver else { return }
    cancel()
    onSignal(.failed(failure))
  }
}
