import CCurl
package import HostIO

/// HTTP requests over libcurl, all on one thread that exists only while it is useful.
///
/// Events reach the loop in one batch per round of the HTTP thread. Connections are kept and reused.
package final class HTTPClient: Sendable {
  package struct Limits: Sendable {
    /// Requests under way at once; further ones fail with `.tooManyTransfers`.
    package var transfers: Int
    /// The thread ends, and its connections close, after so long without a request.
    package var threadIdleTime: Duration

    package init(transfers: Int = 256, threadIdleTime: Duration = .seconds(120)) {
      self.transfers = transfers
      self.threadIdleTime = threadIdleTime
    }
  }

  package static let shared = HTTPClient(environment: .process)

  /// What `send` accepts when the request does not say.
  package static let defaultBodyLimit = 16 << 20

  enum Command: Sendable {
    case start(HTTPTransfer, HTTPRequest)
    case cancel(UInt64)
    case resume(UInt64)
  }

  /// A multi handle, to be woken only.
  ///
  /// `@unchecked`: `curl_multi_wakeup` is allowed from any thread, and the pointer is used only under the lock that the
  /// HTTP thread takes before it gives the handle up.
  struct Wakeup: @unchecked Sendable {
    let multi: UnsafeMutableRawPointer
  }

  private enum Phase: Sendable {
    case stopped
    /// The thread exists, but looks at the commands before it waits.
    case starting
    case running(Wakeup)
  }

  private struct State: Sendable {
    var phase = Phase.stopped
    var commands: [Command] = []
    var lastID: UInt64 = 0
  }

  let limits: Limits
  /// A bundle to trust as well. Where libcurl was built without a certificate folder, instead of its own bundle.
  let caFile: String?
  /// For plain `http` URLs. Nil: what libcurl itself makes of the environment.
  let plainProxy: String?
  let library: String?
  private let onThreadEnd: (@Sendable () -> Void)?
  private let state = Locked(State())

  /// `library` replaces the usual file names of libcurl; `onThreadEnd` runs on the HTTP thread as its last act.
  package init(
    environment: Environment, limits: Limits = Limits(), library: String? = nil,
    onThreadEnd: (@Sendable () -> Void)? = nil
  ) {
    self.limits = limits
    self.library = library
    self.onThreadEnd = onThreadEnd
    // libcurl itself knows neither variable.
    caFile = environment.nonEmpty("CODEX_CA_CERTIFICATE") ?? environment.nonEmpty("SSL_CERT_FILE")
    // Nor this one, because a CGI program's requester may set it; every other proxy variable it reads in both cases.
    let isCGI = environment.nonEmpty("REQUEST_METHOD") != nil
    plainProxy = environment.nonEmpty("http_proxy") == nil && !isCGI ? environment.nonEmpty("HTTP_PROXY") : nil
  }

  /// Starts a request. `handler` gets its events, in order, never from within this call.
  @LoopActor package func start(
    _ request: HTTPRequest, handler: @escaping @LoopActor ([HTTPEvent]) -> Void
  ) -> HTTPTransfer {
    let id = state.withLock { state in
      state.lastID &+= 1
      return state.lastID
    }
    let transfer = HTTPTransfer(id: id, client: self, handler: handler)
    submit(.start(transfer, request))
    return transfer
  }

  /// The whole response. Throws `HTTPFailure`, or `CancellationError` when the task is cancelled, which also ends the
  /// transfer.
  @LoopActor package func send(_ request: HTTPRequest) async throws -> HTTPResponse {
    try Task.checkCancellation()
    var request = request
    request.maximumBodyBytes = request.maximumBodyBytes ?? Self.defaultBodyLimit
    let pending = PendingResponse()
    return try await withTaskCancellationHandler {
      try await withUnsafeThrowingContinuation { continuation in
        pending.continuation = continuation
        pending.transfer = start(request) { events in pending.receive(events) }
      }
    } onCancel: {
      EventLoop.main.post { pending.cancel() }
    }
  }

  /// Loads the library and starts the thread, so that the first request need not wait for either.
  package func prewarm() {
    startThreadIfNeeded()
  }

  package var isThreadRunning: Bool {
    state.withLock { state in
      switch state.phase {
      case .stopped: false
      case .starting, .running: true
      }
    }
  }

  // MARK: - Towards the HTTP thread

  func submit(_ command: Command) {
    state.withLock { state in
      switch (state.phase, command) {
      case (.stopped, .cancel), (.stopped, .resume):
        // A thread that has ended has no transfers.
        return
      case (.running(let wakeup), _):
        state.commands.append(command)
        _ = ccurl_multi_wakeup(wakeup.multi)
      case (.starting, _), (.stopped, .start):
        state.commands.append(command)
      }
    }
    if case .start = command { startThreadIfNeeded() }
  }

  private func startThreadIfNeeded() {
    let mustStart = state.withLock { state in
      guard case .stopped = state.phase else { return false }
      state.phase = .starting
      return true
    }
    guard mustStart else { return }
    do throws(SystemError) {
      try SystemThread.start("http") {
        HTTPWorker.run(for: self)
        self.onThreadEnd?()
      }
    } catch {
      failAll(.other, detail: "cannot start a thread: \(error)")
    }
  }

  // MARK: - For the HTTP thread

  func takeCommands() -> [Command] {
    state.withLock { state in
      guard !state.commands.isEmpty else { return [] }
      let commands = state.commands
      state.commands = []
      return commands
    }
  }

  func isRunning(_ multi: UnsafeMutableRawPointer) {
    state.withLock { $0.phase = .running(Wakeup(multi: multi)) }
  }

  /// Whether the thread may end: not when a command came in the meantime.
  func mayStop() -> Bool {
    state.withLock { state in
      guard state.commands.isEmpty else { return false }
      state.phase = .stopped
      return true
    }
  }

  /// Gives up: every request that waits fails, and the next one tries again.
  func failAll(_ kind: HTTPFailure.Kind, detail: String) {
    let commands = state.withLock { state in
      let commands = state.commands
      state.commands = []
      state.phase = .stopped
      return commands
    }
    for case .start(let transfer, let request) in commands {
      let failure = HTTPFailure(kind, detail: detail, url: request.redactedURL)
      EventLoop.main.post { transfer.deliver([.failed(failure)]) }
    }
  }
}

/// Collects the events of one `send`.
@LoopActor private final class PendingResponse {
  var continuation: UnsafeContinuation<HTTPResponse, any Error>?
  var transfer: HTTPTransfer?
  private var head: HTTPHead?
  private var body: [UInt8] = []

  nonisolated init() {}

  func receive(_ events: [HTTPEvent]) {
    for event in events {
      switch event {
      case .head(let head): self.head = head
      case .body(let bytes): if body.isEmpty { body = bytes } else { body.append(contentsOf: bytes) }
      case .end:
        // libcurl ends no transfer well without a head.
        let head = head ?? HTTPHead(status: 0, headers: [])
        finish(.success(HTTPResponse(head: head, body: body)))
      case .failed(let failure): finish(.failure(failure))
      }
    }
  }

  func cancel() {
    transfer?.cancel()
    finish(.failure(CancellationError()))
  }

  private func finish(_ result: Result<HTTPResponse, any Error>) {
    continuation?.resume(with: result)
    continuation = nil
    transfer = nil
  }
}
