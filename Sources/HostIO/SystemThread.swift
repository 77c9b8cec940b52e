import CSys

/// Threads of our own, for what may block. They are detached, have small stacks, and leave all signals to the loop.
package enum SystemThread {
  package static let stackSize = 512 * 1024

  /// The name shows in `top`; the kernel keeps 15 bytes of it.
  package static func start(
    _ name: String, stackSize: Int = stackSize, _ body: @escaping @Sendable () -> Void
  ) throws(SystemError) {
    let retained = Unmanaged.passRetained(Body(body))
    let code = csys_thread_start(
      stackSize, name,
      { context in
        guard let context else { return }
        Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
      }, retained.toOpaque())
    guard code != 0 else { return }
    retained.release()
    throw SystemError(code, "pthread_create")
  }

  private final class Body: Sendable {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) {
      self.run = run
    }
  }
}

/// A mutex with one condition, for threads that wait for each other. Never on the loop, and never across an `await`.
///
/// `@unchecked`: the pointer never changes, and what it points to is made for several threads.
package final class Monitor: @unchecked Sendable {
  private let handle: OpaquePointer

  package init() {
    handle = csys_monitor_create()
  }

  deinit {
    csys_monitor_destroy(handle)
  }

  package func withLock<Result>(_ body: () -> Result) -> Result {
    csys_monitor_lock(handle)
    defer { csys_monitor_unlock(handle) }
    return body()
  }

  /// Inside `withLock`: gives the lock up until woken or until the deadline. False when the deadline came.
  package func wait(until deadline: Instant? = nil) -> Bool {
    csys_monitor_wait(handle, deadline.map { max(0, $0.nanoseconds) } ?? -1) == 0
  }

  /// Wakes one waiting thread.
  package func signal() {
    csys_monitor_signal(handle)
  }

  /// Wakes all waiting threads.
  package func broadcast() {
    csys_monitor_broadcast(handle)
  }
}
