import CSys
import Glibc
import Synchronization

/// What epoll reports about a descriptor.
package struct IOEvents: OptionSet, Sendable {
  package var rawValue: UInt32
  package init(rawValue: UInt32) { self.rawValue = rawValue }

  package static let readable = IOEvents(rawValue: csys_epollin)
  package static let writable = IOEvents(rawValue: csys_epollout)
  package static let error = IOEvents(rawValue: csys_epollerr)
  /// The peer is gone in both directions; `read` still delivers what it had sent.
  package static let hangup = IOEvents(rawValue: csys_epollhup)
}

/// The two independent interests in a descriptor: a socket has one owner that reads and another that writes.
package enum IODirection: Sendable {
  case read
  case write
}

package struct TimerID: Hashable, Sendable {
  fileprivate var number: UInt64
}

/// The daemon's scheduler: epoll, timers and the queue of Swift jobs, on the one thread that called `run()`.
///
/// It is the executor of `LoopActor`. Without work it sleeps in the kernel until a descriptor, a timer or another thread
/// needs it. Nothing that runs on it may take longer than about a millisecond; slow calls belong in `BlockingPool`.
///
/// It is a task executor as well: a task resumes from every suspension on the executor that it prefers, and only then
/// goes to its actor. Without a preference that is a thread of the cooperative pool, at 15 µs for each `await` instead
/// of 0.3, so tasks are started with `Task.onLoop`.
package final class EventLoop: SerialExecutor, TaskExecutor {
  package static let main = EventLoop()

  package typealias Handler = @LoopActor (IOEvents) -> Void

  // MARK: - Shared with other threads

  private enum Work: Sendable {
    case job(UnownedJob)
    case call(@Sendable @LoopActor () -> Void)
  }

  private struct Inbox: Sendable {
    var work: [Work] = []
    /// Whether the loop sleeps or is about to, so that the first one to add work has to wake it.
    var isSleeping = false
  }

  private let epoll: Int32
  private let wakeup: Int32
  private let inbox = Locked(Inbox())
  /// The thread inside `run()`, 0 without one.
  private let owner = Atomic<UInt>(0)

  // MARK: - Loop thread only

  @LoopActor private var local: [Work] = []
  @LoopActor private var registrations: [Int32: Registration] = [:]
  /// Descriptors that epoll refuses because they never block, such as regular files.
  @LoopActor private var alwaysReady: Set<Int32> = []
  @LoopActor private var generation: UInt32 = 0
  @LoopActor private var timers = TimerHeap()
  @LoopActor private var turnEnds: [@LoopActor () -> Void] = []
  @LoopActor private var events = [csys_event](repeating: csys_event(), count: Int(CSYS_MAXIMUM_EVENTS))
  @LoopActor private var isStopped = false
  /// How often the kernel was asked for events: tests use it to see that an idle loop sleeps.
  @LoopActor package private(set) var turns: UInt64 = 0

  private init() {
    epoll = csys_epoll_create()
    wakeup = csys_eventfd()
    // Only a machine without descriptors fails here, before there is anything to report to.
    guard epoll >= 0, wakeup >= 0, csys_epoll_add(epoll, wakeup, csys_epollin, UInt64.max) == 0 else {
      fatalError("cannot create the event loop: \(SystemError(errno, "epoll_create"))")
    }
  }

  // MARK: - Executor

  package func enqueue(_ job: consuming ExecutorJob) {
    add(.job(UnownedJob(job)))
  }

  package func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

  package var isOnLoop: Bool { UInt(pthread_self()) == owner.load(ordering: .relaxed) }

  package func checkIsolated() { precondition(isOnLoop, "not on the event loop's thread") }

  package func isIsolatingCurrentContext() -> Bool? { isOnLoop }

  /// Runs `body` on the loop after everything that was queued before; from any thread.
  package func post(_ body: @escaping @Sendable @LoopActor () -> Void) {
    add(.call(body))
  }

  private func add(_ work: Work) {
    if isOnLoop {
      LoopActor.assumeIsolated { local.append(work) }
      return
    }
    let mustWake = inbox.withLock { inbox in
      inbox.work.append(work)
      defer { inbox.isSleeping = false }
      return inbox.isSleeping
    }
    guard mustWake else { return }
    var one: UInt64 = 1
    // Fails only when the counter is full, and then the loop is awake anyway.
    _ = write(wakeup, &one, 8)
  }

  // MARK: - Running

  /// Makes the calling thread the loop's thread until `stop()`. `start` runs first, already isolated.
  ///
  /// Ignores SIGPIPE and SIGXFSZ, so that a write that cannot be is an error of that write.
  package func run(_ start: @LoopActor () -> Void = {}) {
    Signals.ignoreFailedWrites()
    let (isFree, _) = owner.compareExchange(
      expected: 0, desired: UInt(pthread_self()), ordering: .acquiringAndReleasing)
    precondition(isFree, "the event loop runs already")
    LoopActor.assumeIsolated {
      isStopped = false
      start()
      while !isStopped { turn() }
    }
    owner.store(0, ordering: .releasing)
  }

  /// Makes `run()` return at the end of the current turn; from any thread.
  package func stop() {
    post { self.isStopped = true }
  }

  /// Runs `body` once, after all work of this turn and before the loop waits: the place to flush what the turn produced.
  @LoopActor package func onTurnEnd(_ body: @escaping @LoopActor () -> Void) {
    turnEnds.append(body)
  }

  /// Lets everything that is ready go first: the way to cut long work into slices.
  ///
  /// Unlike `Task.yield` also in tasks that were not started with `Task.onLoop`, and whatever their priority.
  @LoopActor package func nextTurn() async {
    await withUnsafeContinuation { continuation in
      local.append(.call { continuation.resume() })
    }
  }

  @LoopActor private func turn() {
    runQueue()
    let now = Instant.now()
    // Timers set by these timers wait for the next turn, or one that is always due would keep everything else out.
    let newest = timers.newest
    while let body = timers.popDue(at: now, upTo: newest) { body() }
    // Jobs made by timers may write, too: they belong to this turn so that one flush covers all.
    runQueue()
    if !turnEnds.isEmpty {
      let bodies = turnEnds
      turnEnds.removeAll()
      for body in bodies { body() }
    }
    guard !isStopped else { return }
    poll()
  }

  @LoopActor private func runQueue() {
    let arrived = inbox.withLock { inbox in
      inbox.isSleeping = false
      guard !inbox.work.isEmpty else { return [Work]() }
      let work = inbox.work
      inbox.work = []
      return work
    }
    run(arrived)
    guard !local.isEmpty else { return }
    // Only what is there now: jobs that keep adding jobs must not keep descriptors and timers waiting.
    let batch = local
    local = []
    run(batch)
  }

  @LoopActor private func run(_ batch: [Work]) {
    let serial = asUnownedSerialExecutor()
    let task = asUnownedTaskExecutor()
    for work in batch {
      switch work {
      case .job(let job): job.runSynchronously(isolatedTo: serial, taskExecutor: task)
      case .call(let body): body()
      }
    }
  }

  @LoopActor private func poll() {
    var timeout: Int64
    if !local.isEmpty || !turnEnds.isEmpty || alwaysReady.contains(where: { registrations[$0]?.isArmed == true }) {
      timeout = 0
    } else if let next = timers.next {
      timeout = max(0, (next - Instant.now()).saturatedNanoseconds)
    } else {
      timeout = -1
    }
    if timeout != 0 {
      let mayEnterSleep = inbox.withLock { inbox in
        inbox.isSleeping = inbox.work.isEmpty
        return inbox.isSleeping
      }
      if !mayEnterSleep { timeout = 0 }
    }
    turns &+= 1
    let count = events.withUnsafeMutableBufferPointer {
      csys_epoll_wait(epoll, $0.baseAddress, Int32($0.count), timeout)
    }
    for index in 0..<max(0, Int(count)) {
      let event = events[index]
      if event.data == UInt64.max {
        var counter: UInt64 = 0
        _ = read(wakeup, &counter, 8)
        continue
      }
      deliver(
        IOEvents(rawValue: event.events), to: Int32(truncatingIfNeeded: event.data),
        generation: UInt32(truncatingIfNeeded: event.data >> 32))
    }
    if !alwaysReady.isEmpty {
      for fd in Array(alwaysReady) {
        guard let registration = registrations[fd], registration.isArmed else { continue }
        deliver([.readable, .writable], to: fd, generation: registration.generation)
      }
    }
  }

  /// Events of a descriptor that was closed, and maybe opened again, earlier in the same batch carry an old generation.
  @LoopActor private func deliver(_ events: IOEvents, to fd: Int32, generation: UInt32) {
    let isBroken = !events.isDisjoint(with: [.error, .hangup])
    if isBroken || events.contains(.readable), let current = registrations[fd], current.generation == generation,
      current.isReadArmed, let handler = current.onRead
    {
      handler(events)
    }
    // Looked up again: the first handler may have changed everything.
    if isBroken || events.contains(.writable), let current = registrations[fd], current.generation == generation,
      current.isWriteArmed, let handler = current.onWrite
    {
      handler(events)
    }
  }

  // MARK: - Descriptors

  private struct Registration {
    var onRead: Handler?
    var onWrite: Handler?
    var isReadArmed = false
    var isWriteArmed = false
    var generation: UInt32
    /// What epoll knows; nil while the descriptor is not in its set.
    var installed: UInt32?

    var isArmed: Bool { isReadArmed || isWriteArmed }
  }

  /// Calls `handler` whenever `fd` is ready in that direction, until `unwatch`. Replaces an earlier handler.
  ///
  /// An error or a hangup is reported to every armed direction. Descriptors that cannot block, such as regular files,
  /// are always ready. Unwatch before closing the descriptor.
  @LoopActor package func watch(_ fd: Int32, _ direction: IODirection, _ handler: @escaping Handler) throws(SystemError)
  {
    if registrations[fd] == nil {
      generation &+= 1
      registrations[fd] = Registration(generation: generation)
    }
    switch direction {
    case .read: registrations[fd]?.onRead = handler
    case .write: registrations[fd]?.onWrite = handler
    }
    do {
      try setArmed(fd, direction, true)
    } catch {
      unwatch(fd, direction)
      throw error
    }
  }

  /// Stops or continues the calls of a handler that stays registered.
  @LoopActor package func modify(_ fd: Int32, _ direction: IODirection, isArmed: Bool) throws(SystemError) {
    guard registrations[fd] != nil else { throw SystemError(ENOENT, "epoll_ctl") }
    try setArmed(fd, direction, isArmed)
  }

  @LoopActor package func unwatch(_ fd: Int32, _ direction: IODirection) {
    guard registrations[fd] != nil else { return }
    switch direction {
    case .read: registrations[fd]?.onRead = nil
    case .write: registrations[fd]?.onWrite = nil
    }
    // Taking interest away cannot fail in a way that matters: the descriptor may be gone already.
    try? setArmed(fd, direction, false)
    if let registration = registrations[fd], registration.onRead == nil, registration.onWrite == nil {
      registrations[fd] = nil
      alwaysReady.remove(fd)
    }
  }

  @LoopActor package func unwatch(_ fd: Int32) {
    unwatch(fd, .read)
    unwatch(fd, .write)
  }

  @LoopActor private func setArmed(_ fd: Int32, _ direction: IODirection, _ isArmed: Bool) throws(SystemError) {
    guard var registration = registrations[fd] else { return }
    switch direction {
    case .read: registration.isReadArmed = isArmed && registration.onRead != nil
    case .write: registration.isWriteArmed = isArmed && registration.onWrite != nil
    }
    defer { registrations[fd] = registration }
    if alwaysReady.contains(fd) { return }
    var wanted: UInt32 = 0
    if registration.isReadArmed { wanted |= csys_epollin }
    if registration.isWriteArmed { wanted |= csys_epollout }
    let tag = UInt64(registration.generation) << 32 | UInt64(UInt32(bitPattern: fd))
    switch registration.installed {
    case nil where wanted == 0:
      return
    case nil:
      if csys_epoll_add(epoll, fd, wanted, tag) == 0 {
        registration.installed = wanted
      } else if errno == EPERM {
        alwaysReady.insert(fd)
      } else {
        throw SystemError(errno, "epoll_ctl")
      }
    case .some(wanted):
      return
    case .some where wanted == 0:
      // Not merely an empty mask: epoll reports hangups even then, again and again.
      registration.installed = nil
      guard csys_epoll_remove(epoll, fd) == 0 else { throw SystemError(errno, "epoll_ctl") }
    case .some:
      guard csys_epoll_modify(epoll, fd, wanted, tag) == 0 else { throw SystemError(errno, "epoll_ctl") }
      registration.installed = wanted
    }
  }

  // MARK: - Timers

  /// Calls `body` once, as soon as the loop is free at or after `deadline`.
  @LoopActor @discardableResult
  package func schedule(at deadline: Instant, _ body: @escaping @LoopActor () -> Void) -> TimerID {
    TimerID(number: timers.insert(deadline, body))
  }

  @LoopActor @discardableResult
  package func schedule(after delay: Duration, _ body: @escaping @LoopActor () -> Void) -> TimerID {
    schedule(at: Instant.now() + delay, body)
  }

  /// No effect on a timer that fired or was cancelled.
  @LoopActor package func cancel(_ timer: TimerID) {
    timers.remove(timer.number)
  }

  @LoopActor package var timerCount: Int { timers.count }
}
