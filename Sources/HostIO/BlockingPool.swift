/// A few threads for calls that block: files, SQLite, name lookup. They start when needed and end when idle.
///
/// `@unchecked`: all state is touched only while holding the monitor.
package final class BlockingPool: @unchecked Sendable {
  package static let maximumThreads = 4
  package static let idleTime = Duration.seconds(10)
  /// Calls that may wait for a thread; more are refused.
  package static let maximumQueued = 4096

  /// An emptied queue that was longer gives its memory back.
  static let retainedQueue = 64

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

  private let monitor = Monitor()
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

  /// Runs `body` on a thread of the pool. Cancelling the task does not interrupt it.
  package func run<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
    try await withUnsafeThrowingContinuation { continuation in
      let refusal = submit { continuation.resume(with: Result { try body() }) }
      if let refusal { continuation.resume(throwing: refusal) }
    }
  }

  package var threadCount: Int {
    monitor.withLock { threads }
  }

  /// Nil when `call` will run.
  private func submit(_ call: @escaping @Sendable () -> Void) -> Refused? {
    monitor.withLock {
      // An idle thread that was signalled already counts as idle until it wakes, hence the comparison of numbers.
      let waiting = queue.count - head
      guard waiting < maximumQueued else { return .tooManyWaiting(limit: maximumQueued) }
      if idle <= waiting, threads < maximumThreads {
        do throws(SystemError) {
          try SystemThread.start("blocking") { self.work() }
          threads += 1
        } catch {
          // With another thread alive the call only waits longer.
          if threads == 0 { return .noThread(error) }
        }
      }
      queue.append(call)
      monitor.signal()
      return nil
    }
  }

  private func work() {
    while let call = nextCall() { call() }
    onThreadEnd?()
  }

  /// Waits for a call; nil when the thread should end, which is then counted already.
  private func nextCall() -> (@Sendable () -> Void)? {
    monitor.withLock {
      let deadline = Instant.now() + idleTime
      while head == queue.count {
        idle += 1
        let isInTime = monitor.wait(until: deadline)
        idle -= 1
        if !isInTime, head == queue.count {
          threads -= 1
          return nil
        }
      }
      let call = queue[head]
      queue[head] = nil
      head += 1
      if head == queue.count {
        queue.removeAll(keepingCapacity: queue.count <= Self.retainedQueue)
        head = 0
      } else if head > maximumQueued {
        queue.removeFirst(head)
        head = 0
      }
      return call
    }
  }
}
