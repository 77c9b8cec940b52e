import CSys

/// A few threads for calls that block: files, SQLite, name lookup. They start when needed and end when idle.
///
/// `@unchecked`: all state is touched only while holding the monitor.
package final class BlockingPool: @unchecked Sendable {
  package static let maximumThreads = 4
  package static let stackSize = 512 * 1024
  package static let idleTime = Duration.seconds(10)
  /// Calls that may wait for a thread; more are refused.
  package static let maximumQueued = 4096

  package static let shared = BlockingPool()

  package enum Refused: Error, Equatable, CustomStringConvertible {
    case tooManyWaiting(limit: Int)
    case noThread(SystemError)

    package var description: String {
      switch self {
      case .tooManyWaiting(let limit): "more than \(limit) blocking calls are waiting"
      case .noThread(let error): "cannot start a thread: \(error)"
      }
    }
  }

  private let monitor = csys_monitor_create()
  private let maximumThreads: Int
  private let maximumQueued: Int
  private let idleTime: Duration
  private let onThreadEnd: (@Sendable () -> Void)?
  private var queue: [(@Sendable () -> Void)?] = []
  /// Where the queue starts; what is before it is done.
  private var head = 0
  private var threads = 0
  private var idle = 0

  /// `onThreadEnd` runs on each thread that ends, as its last act.
  package init(
    threads: Int = maximumThreads, queued: Int = maximumQueued, idleTime: Duration = idleTime,
    onThreadEnd: (@Sendable () -> Void)? = nil
  ) {
    maximumThreads = max(1, threads)
    maximumQueued = max(1, queued)
    self.idleTime = idleTime
    self.onThreadEnd = onThreadEnd
  }

  deinit {
    csys_monitor_destroy(monitor)
  }

  /// Runs `body` on a thread of the pool. Cancelling the task does not interrupt it.
  package func run<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
    try await withUnsafeThrowingContinuation { continuation in
      let refusal = submit { continuation.resume(with: Result { try body() }) }
      if let refusal { continuation.resume(throwing: refusal) }
    }
  }

  package var threadCount: Int {
    locked { threads }
  }

  private func locked<T>(_ body: () -> T) -> T {
    csys_monitor_lock(monitor)
    defer { csys_monitor_unlock(monitor) }
    return body()
  }

  /// Nil when `call` will run.
  private func submit(_ call: @escaping @Sendable () -> Void) -> Refused? {
    locked {
      // An idle thread that was signalled already counts as idle until it wakes, hence the comparison of numbers.
      let waiting = queue.count - head
      guard waiting < maximumQueued else { return .tooManyWaiting(limit: maximumQueued) }
      if idle <= waiting, threads < maximumThreads {
        let retained = Unmanaged.passRetained(self)
        let code = csys_thread_start(
          Self.stackSize, "blocking",
          { context in
            guard let context else { return }
            Unmanaged<BlockingPool>.fromOpaque(context).takeRetainedValue().work()
          }, retained.toOpaque())
        if code == 0 {
          threads += 1
        } else {
          retained.release()
          // With another thread alive the call only waits longer.
          if threads == 0 { return .noThread(SystemError(code, "pthread_create")) }
        }
      }
      queue.append(call)
      csys_monitor_signal(monitor)
      return nil
    }
  }

  private func work() {
    csys_monitor_lock(monitor)
    var deadline = Instant.now() + idleTime
    while true {
      if head < queue.count {
        let call = queue[head]
        queue[head] = nil
        head += 1
        if head == queue.count {
          queue.removeAll(keepingCapacity: queue.count <= 64)
          head = 0
        } else if head > maximumQueued {
          queue.removeFirst(head)
          head = 0
        }
        csys_monitor_unlock(monitor)
        call?()
        csys_monitor_lock(monitor)
        deadline = Instant.now() + idleTime
        continue
      }
      idle += 1
      let timedOut = csys_monitor_wait(monitor, deadline.nanoseconds) != 0
      idle -= 1
      if timedOut && head == queue.count { break }
    }
    threads -= 1
    csys_monitor_unlock(monitor)
    onThreadEnd?()
  }
}
