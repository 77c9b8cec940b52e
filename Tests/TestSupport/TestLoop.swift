package import HostIO

/// Runs `EventLoop.main` on a background thread for the life of the test process, so that `@LoopActor` tests work.
package enum TestSupport {
  private static let started: Void = {
    let isRunning = Gate()
    TestThread.start { EventLoop.main.run { isRunning.open() } }
    isRunning.wait()
  }()

  /// Idempotent; returns once the loop runs.
  package static func startLoop() {
    _ = started
  }

  /// Runs `body` on the loop and waits for it; starts the loop if needed.
  package static func onLoop<T: Sendable>(_ body: @LoopActor () async throws -> T) async rethrows -> T {
    startLoop()
    return try await body()
  }

  /// Time that passes only in failing tests. All tests share one loop, and instrumented, beside other work, each may keep
  /// the others waiting for a minute.
  package static let patience = Duration.seconds(300)
}

/// Holds threads and tasks until somebody opens it; it stays open.
///
/// `@unchecked`: all state is touched only while holding the monitor.
package final class Gate: @unchecked Sendable {
  private let monitor = Monitor()
  private var isOpened = false
  private var waiters: [UnsafeContinuation<Void, Never>] = []

  package init(isOpen: Bool = false) {
    isOpened = isOpen
  }

  package var isOpen: Bool { monitor.withLock { isOpened } }

  package func open() {
    let waiting = monitor.withLock {
      isOpened = true
      defer { waiters = [] }
      monitor.broadcast()
      return waiters
    }
    for waiter in waiting { waiter.resume() }
  }

  /// Blocks the calling thread, which must be one of the test's own. False when the deadline came first.
  @discardableResult
  package func wait(until deadline: Instant? = nil) -> Bool {
    monitor.withLock {
      while !isOpened {
        if !monitor.wait(until: deadline) { return isOpened }
      }
      return true
    }
  }

  /// Waits without blocking a thread.
  package func opened() async {
    await withUnsafeContinuation { continuation in
      let isOpen = monitor.withLock {
        if !isOpened { waiters.append(continuation) }
        return isOpened
      }
      if isOpen { continuation.resume() }
    }
  }
}

/// Collects what callbacks deliver and lets a test wait for it.
///
/// `@unchecked`: all state is touched only while holding the monitor.
package final class Collector<Element: Sendable>: @unchecked Sendable {
  private let monitor = Monitor()
  private var elements: [Element] = []
  private var waiters:
    [(condition: @Sendable ([Element]) -> Bool, continuation: UnsafeContinuation<[Element], Never>)] =
      []

  package init() {}

  package var all: [Element] { monitor.withLock { elements } }

  package func append(_ element: Element) {
    let (current, satisfied) = monitor.withLock {
      elements.append(element)
      let satisfied = waiters.filter { $0.condition(elements) }
      waiters.removeAll { $0.condition(elements) }
      return (elements, satisfied)
    }
    for waiter in satisfied { waiter.continuation.resume(returning: current) }
  }

  /// What was collected once there are `count` elements.
  package func first(_ count: Int) async -> [Element] {
    await wait { $0.count >= count }
  }

  /// What was collected once `condition` holds.
  package func wait(for condition: @escaping @Sendable ([Element]) -> Bool) async -> [Element] {
    await withUnsafeContinuation { continuation in
      let satisfied: [Element]? = monitor.withLock {
        if condition(elements) { return elements }
        waiters.append((condition, continuation))
        return nil
      }
      if let satisfied { continuation.resume(returning: satisfied) }
    }
  }
}

/// A folder that goes away with this object.
package final class TemporaryFolder: Sendable {
  package let path: String

  package init() {
    path = "/tmp/codex-swift-test-\(UUIDGenerator.system.v4())"
    do {
      try File.makeDirectory(path, mode: 0o700)
    } catch {
      preconditionFailure("cannot make \(path): \(error)")
    }
  }

  package func path(_ name: String) -> String { "\(path)/\(name)" }

  deinit {
    Self.remove(path)
  }

  private static func remove(_ path: String) {
    for entry in (try? File.list(path)) ?? [] {
      let child = "\(path)/\(entry.name)"
      if entry.kind == .directory { remove(child) } else { try? File.unlink(child) }
    }
    try? File.removeDirectory(path)
  }
}

/// A thread of a test's own, for what may block.
package enum TestThread {
  package static func start(_ body: @escaping @Sendable () -> Void) {
    do {
      try SystemThread.start("test", body)
    } catch {
      preconditionFailure("cannot start a thread: \(error)")
    }
  }
}
