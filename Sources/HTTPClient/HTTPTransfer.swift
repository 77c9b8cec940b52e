package import HostIO

/// One request under way, seen from the loop.
@LoopActor package final class HTTPTransfer {
  /// How far the HTTP thread may run ahead of the loop: then the transfer pauses, and the server feels it.
  package nonisolated static let maximumBytesInFlight = 256 * 1024
  /// A paused transfer goes on once this little is left.
  package nonisolated static let resumeBytesInFlight = 64 * 1024

  nonisolated let id: UInt64
  /// Shared with the HTTP thread.
  nonisolated let flow = Flow()
  private let client: HTTPClient
  private var handler: (@LoopActor ([HTTPEvent]) -> Void)?

  init(id: UInt64, client: HTTPClient, handler: @escaping @LoopActor ([HTTPEvent]) -> Void) {
    self.id = id
    self.client = client
    self.handler = handler
  }

  package var isFinished: Bool { handler == nil }

  /// Ends the transfer; its handler is not called any more. No effect on a finished one.
  package func cancel() {
    guard handler != nil else { return }
    handler = nil
    client.submit(.cancel(id))
  }

  func deliver(_ events: [HTTPEvent]) {
    guard let handler else { return }
    var isLast = false
    var bytes = 0
    for event in events {
      switch event {
      case .head: break
      case .body(let chunk): bytes += chunk.count
      case .end, .failed: isLast = true
      }
    }
    // Before the call: a handler that asks must learn that it is over.
    if isLast { self.handler = nil }
    handler(events)
    if flow.consumed(bytes), self.handler != nil { client.submit(.resume(id)) }
  }

  /// The account of bytes between the two threads.
  final class Flow: Sendable {
    private struct State: Sendable {
      var inFlight = 0
      var isPaused = false
    }

    private let state = Locked(State())

    /// On the HTTP thread: whether `count` more bytes may come now. If not, the transfer must pause.
    ///
    /// A chunk is taken while anything is left of the limit, so that the sum exceeds it by less than one chunk.
    func admits(_ count: Int) -> Bool {
      state.withLock { state in
        if state.inFlight >= HTTPTransfer.maximumBytesInFlight {
          state.isPaused = true
          return false
        }
        state.inFlight += count
        return true
      }
    }

    /// On the loop: whether the transfer was paused and may go on now.
    func consumed(_ count: Int) -> Bool {
      state.withLock { state in
        state.inFlight -= count
        guard state.isPaused, state.inFlight <= HTTPTransfer.resumeBytesInFlight else { return false }
        state.isPaused = false
        return true
      }
    }

    var isPaused: Bool { state.withLock { $0.isPaused } }
    var inFlight: Int { state.withLock { $0.inFlight } }
  }
}
