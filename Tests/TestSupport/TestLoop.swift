import CSys
package import HostIO

/// Runs `EventLoop.main` on a background thread for the life of the test process, so that `@LoopActor` tests work.
package enum TestSupport {
  private static let started: Void = {
    let isRunning = Gate()
    let code = csys_thread_start(
      512 * 1024, "loop",
      { context in
        guard let context else { return }
        let gate = Unmanaged<Gate>.fromOpaque(context).takeRetainedValue()
        EventLoop.main.run { gate.open() }
      }, Unmanaged.passRetained(isRunning).toOpaque())
    precondition(code == 0, "cannot start the loop thread")
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

  /// Time that passes only in failing tests.
  package static let patience = Duration.seconds(30)
}

/// Holds threads and tasks until somebody opens it; it stays open.
///
/// `@unchecked`: all state is touched only while holding the monitor.
package final class Gate: @unchecked Sendable {
  private let monitor = csys_monitor_create()
  private var isOpened = false
  private var waiters: [UnsafeContinuation<Void, Never>] = []

  package init(isOpen: Bool = false) {
    isOpened = isOpen
  }

  deinit {
    csys_monitor_destroy(monitor)
  }

  package var isOpen: Bool {
    csys_monitor_lock(monitor)
    defer { csys_monitor_unlock(monitor) }
    return isOpened
  }

  package func open() {
    csys_monitor_lock(monitor)
    isOpened = true
    let waiting = waiters
    waiters = []
    csys_monitor_broadcast(monitor)
    csys_monitor_unlock(monitor)
    for waiter in waiting { waiter.resume() }
  }

  /// Blocks the calling thread, which must be one of the test's own. False when the deadline came first.
  @discardableResult
  package func wait(until deadline: Instant? = nil) -> Bool {
    csys_monitor_lock(monitor)
    defer { csys_monitor_unlock(monitor) }
    while !isOpened {
      if csys_monitor_wait(monitor, deadline?.nanoseconds ?? -1) != 0 { return isOpened }
    }
    return true
  }

  /// Waits without blocking a thread.
  package func opened() async {
    await withUnsafeContinuation { continuation in
      csys_monitor_lock(monitor)
      let isOpen = isOpened
      if !isOpen { waiters.append(continuation) }
      csys_monitor_unlock(monitor)
      if isOpen { continuation.resume() }
    }
  }
}

/// Collects what callbacks deliver and lets a test wait for it.
///
/// `@unchecked`: all state is touched only while holding the monitor.
package final class Collector<Element: Sendable>: @unchecked Sendable {
  private let monitor = csys_monitor_create()
  private var elements: [Element] = []
  private var waiters:
    [(condition: @Sendable ([Element]) -> Bool, continuation: UnsafeContinuation<[Element], Never>)] =
      []

  package init() {}

  deinit {
    csys_monitor_destroy(monitor)
  }

  package var all: [Element] {
    csys_monitor_lock(monitor)
    defer { csys_monitor_unlock(monitor) }
    return elements
  }

  package func append(_ element: Element) {
    csys_monitor_lock(monitor)
    elements.append(element)
    let current = elements
    let satisfied = waiters.filter { $0.condition(current) }
    waiters.removeAll { $0.condition(current) }
    csys_monitor_unlock(monitor)
    for waiter in satisfied { waiter.continuation.resume(returning: current) }
  }

  /// What was collected once there are `count` elements.
  package func first(_ count: Int) async -> [Element] {
    await wait { $0.count >= count }
  }

  /// What was collected once `condition` holds.
  package func wait(for condition: @escaping @Sendable ([Element]) -> Bool) async -> [Element] {
    await withUnsafeContinuation { continuation in
      csys_monitor_lock(monitor)
      let current = elements
      let isSatisfied = condition(current)
      if !isSatisfied { waiters.append((condition, continuation)) }
      csys_monitor_unlock(monitor)
      if isSatisfied { continuation.resume(returning: current) }
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
  private final class Body: Sendable {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) {
      self.run = run
    }
  }

  package static func start(_ body: @escaping @Sendable () -> Void) {
    let code = csys_thread_start(
      512 * 1024, "test",
      { context in
        guard let context else { return }
        Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
      }, Unmanaged.passRetained(Body(body)).toOpaque())
    precondition(code == 0, "cannot start a thread")
  }
}
