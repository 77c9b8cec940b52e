package import HostIO

/// Two ends of a connection in one process: tests and `codex exec` speak to the server through it.
@LoopActor
package final class MemoryConnection: MessageConnection {
  package var onEvent: ((ConnectionEvent) -> Void)?
  package var onDrained: (() -> Void)?

  private weak var peer: MemoryConnection?
  private var inbox: [ConnectionEvent] = []
  /// Of the messages in `inbox`: the peer asks for it with every message that it sends.
  private var inboxBytes = 0
  private var isDelivering = false
  private var isPaused = true
  private var isClosed = false

  private init() {}

  package static func pair() -> (server: MemoryConnection, client: MemoryConnection) {
    let (one, two) = (MemoryConnection(), MemoryConnection())
    one.peer = two
    two.peer = one
    return (one, two)
  }

  package var queuedBytes: Int { peer?.inboxBytes ?? 0 }

  package func start() { resumeReading() }

  package func send(_ message: [UInt8]) {
    guard !isClosed else { return }
    peer?.accept(.message(message))
  }

  package func pauseReading() { isPaused = true }

  package func resumeReading() {
    isPaused = false
    scheduleDelivery()
  }

  package func close(within limit: Duration, _ done: @escaping @LoopActor (Bool) -> Void) {
    if !isClosed {
      isClosed = true
      peer?.accept(.endOfInput)
    }
    done(true)
  }

  private func accept(_ event: ConnectionEvent) {
    inbox.append(event)
    inboxBytes += Self.size(of: event)
    scheduleDelivery()
  }

  private static func size(of event: ConnectionEvent) -> Int {
    if case .message(let bytes) = event { bytes.count } else { 0 }
  }

  private func scheduleDelivery() {
    guard !isDelivering, !isPaused, !inbox.isEmpty else { return }
    isDelivering = true
    EventLoop.main.post { self.deliver() }
  }

  private func deliver() {
    isDelivering = false
    let events = inbox
    inbox = []
    for (index, event) in events.enumerated() {
      if isPaused {
        inbox = Array(events[index...]) + inbox
        return
      }
      inboxBytes -= Self.size(of: event)
      onEvent?(event)
    }
    peer?.onDrained?()
    scheduleDelivery()
  }
}
