import Glibc
import HostIO
import TestSupport
import Testing

@Suite(.loop) struct EventLoopTests {
  private let loop = EventLoop.main

  @Test @LoopActor func `a test on the loop runs on its thread`() async {
    #expect(loop.isOnLoop)
    await Task.yield()
    #expect(loop.isOnLoop)
  }

  @Test func `off the loop the isolation check says so`() {
    #expect(!loop.isOnLoop)
    #expect(loop.isIsolatingCurrentContext() == false)
  }

  @Test func `posts of one thread run in order`() async {
    let seen = Collector<Int>()
    for number in 0..<1000 { loop.post { seen.append(number) } }
    #expect(await seen.first(1000) == Array(0..<1000))
  }

  @Test func `work from many threads arrives completely`() async {
    let seen = Collector<Int>()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask {
          for number in 0..<500 { self.loop.post { seen.append(number) } }
        }
      }
    }
    let all = await seen.first(4000)
    #expect(all.sorted() == (0..<500).flatMap { Array(repeating: $0, count: 8) })
  }

  @Test @LoopActor func `an immediate task starts before the next statement`() async {
    var order: [String] = []
    let task = Task.immediate { @LoopActor in
      order.append("task")
      await Task.yield()
      order.append("later")
    }
    order.append("caller")
    await task.value
    #expect(order == ["task", "caller", "later"])
  }

  @Test @LoopActor func `a task on the loop stays there across its awaits, also in code of no actor`() async throws {
    @Sendable nonisolated func elsewhere() async -> Bool { EventLoop.main.isOnLoop }
    let stays = await Task.onLoop {
      var isAlwaysThere = await elsewhere()
      await loop.nextTurn()
      let isChildThere = await withTaskGroup(of: Bool.self) { group in
        group.addTask { await elsewhere() }
        return await group.next() ?? false
      }
      await Task.yield()
      isAlwaysThere = await elsewhere() && isAlwaysThere && isChildThere
      return isAlwaysThere
    }.value
    #expect(stays)
    let failing = Task.onLoop { throw SystemError(ENOENT, "test") }
    await #expect(throws: SystemError(ENOENT, "test")) { try await failing.value }
    var order: [String] = []
    let first = Task.onLoop { order.append("first") }
    let second = Task.onLoop { order.append("second") }
    await second.value
    await first.value
    #expect(order == ["first", "second"])
  }

  @Test @LoopActor func `isolation is recognised inside descriptor handlers and timers`() async {
    let value = await withUnsafeContinuation { continuation in
      loop.schedule(after: .zero) {
        LoopActor.assumeIsolated { continuation.resume(returning: LoopActor.shared.assumeIsolated { _ in 7 }) }
      }
    }
    #expect(value == 7)
  }

  // MARK: - Timers

  @Test @LoopActor func `timers fire by deadline and, at one deadline, in the order they were set`() async {
    let now = Instant.now()
    let names: [String] = await withUnsafeContinuation { continuation in
      var fired: [String] = []
      let note = { (name: String) in
        fired.append(name)
        if fired.count == 4 { continuation.resume(returning: fired) }
      }
      loop.schedule(at: now + .milliseconds(3)) { note("last") }
      loop.schedule(at: now + .milliseconds(1)) { note("first") }
      loop.schedule(at: now + .milliseconds(2)) { note("second") }
      loop.schedule(at: now + .milliseconds(2)) { note("third") }
    }
    #expect(names == ["first", "second", "third", "last"])
    #expect(Instant.now() >= now + .milliseconds(3))
  }

  @Test @LoopActor func `a cancelled timer does not fire`() async {
    var didFire = false
    let start = Instant.now()
    let timer = loop.schedule(at: start) { didFire = true }
    loop.cancel(timer)
    loop.cancel(timer)
    await withUnsafeContinuation { continuation in
      loop.schedule(at: start + .nanoseconds(1)) { continuation.resume() }
    }
    #expect(!didFire)
  }

  @Test @LoopActor func `a timer that is always due lets other work through`() async {
    var count = 0
    var isDone = false
    func again() {
      count += 1
      if !isDone { loop.schedule(at: Instant(nanoseconds: 0)) { again() } }
    }
    again()
    await withUnsafeContinuation { continuation in
      TestThread.start { EventLoop.main.post { continuation.resume() } }
    }
    isDone = true
    #expect(count > 0)
  }

  @Test @LoopActor func `a timer set for never does not fire and can be cancelled`() {
    let before = loop.timerCount
    let timer = loop.schedule(after: .seconds(Int64.max)) { Issue.record("the end of time") }
    #expect(loop.timerCount == before + 1)
    loop.cancel(timer)
    #expect(loop.timerCount == before)
  }

  // MARK: - Descriptors

  @Test @LoopActor func `a pipe becomes readable and reports the hangup of its writer`() async throws {
    let (reader, writer) = try Descriptor.pipe()
    defer { close(reader) }
    let seen = Collector<IOEvents>()
    try loop.watch(reader, .read) { events in
      var byte: UInt8 = 0
      _ = read(reader, &byte, 1)
      seen.append(events)
      if events.contains(.hangup) { loop.unwatch(reader) }
    }
    _ = write(writer, "x", 1)
    #expect(await seen.first(1) == [.readable])
    close(writer)
    #expect(await seen.first(2).last == .hangup)
  }

  @Test @LoopActor func `a disarmed watch sleeps through a hangup and wakes when armed`() async throws {
    let (reader, writer) = try Descriptor.pipe()
    defer { close(reader) }
    let seen = Collector<IOEvents>()
    try loop.watch(reader, .read) { events in
      seen.append(events)
      loop.unwatch(reader, .read)
    }
    try loop.modify(reader, .read, isArmed: false)
    close(writer)
    for _ in 0..<3 { await turn() }
    #expect(seen.all.isEmpty)
    try loop.modify(reader, .read, isArmed: true)
    #expect(await seen.first(1) == [.hangup])
  }

  @Test @LoopActor func `reading and writing of one socket are watched separately`() async throws {
    let (a, b) = try Descriptor.socketPair()
    defer {
      close(a)
      close(b)
    }
    let writable = Collector<Bool>()
    let readable = Collector<Bool>()
    try loop.watch(a, .read) { _ in
      readable.append(true)
      loop.unwatch(a, .read)
    }
    try loop.watch(a, .write) { _ in
      writable.append(true)
      loop.unwatch(a, .write)
    }
    _ = await writable.first(1)
    #expect(readable.all.isEmpty)
    _ = write(b, "x", 1)
    _ = await readable.first(1)
    #expect(writable.all.count == 1)
  }

  @Test @LoopActor func `a regular file is always ready until it is unwatched`() async throws {
    let folder = TemporaryFolder()
    let file = try Descriptor(opening: folder.path("file"), O_RDWR | O_CREAT)
    let fd = file.fd
    let count: Int = try await withUnsafeThrowingContinuation { continuation in
      var count = 0
      do {
        try loop.watch(fd, .read) { _ in
          count += 1
          if count == 3 {
            loop.unwatch(fd)
            continuation.resume(returning: count)
          }
        }
      } catch {
        continuation.resume(throwing: error)
      }
    }
    await turn()
    #expect(count == 3)
  }

  @Test @LoopActor func `watching a closed descriptor is an error`() throws {
    let (reader, writer) = try Descriptor.pipe()
    close(reader)
    close(writer)
    #expect(throws: SystemError(EBADF, "epoll_ctl")) { try loop.watch(1_000_000, .read) { _ in } }
    #expect(throws: SystemError(ENOENT, "epoll_ctl")) { try loop.modify(1_000_000, .read, isArmed: true) }
  }

  @Test @LoopActor func `an event of an earlier descriptor with the same number is not delivered`() async throws {
    // Both become ready in one batch; the handler that runs first puts a new pipe in the place of the other.
    let pairs = [try Descriptor.pipe(), try Descriptor.pipe()]
    let fresh = try Descriptor.pipe()
    let seen = Collector<String>()
    for (index, pair) in pairs.enumerated() {
      try loop.watch(pair.read, .read) { _ in
        let other = pairs[1 - index].read
        seen.append("old")
        loop.unwatch(pair.read)
        loop.unwatch(other)
        #expect(dup2(fresh.read, other) == other)
        #expect(throws: Never.self) { try loop.watch(other, .read) { _ in seen.append("new") } }
      }
    }
    for pair in pairs { _ = write(pair.write, "x", 1) }
    _ = await seen.first(1)
    await turn()
    #expect(seen.all == ["old"])
    for fd in pairs.map(\.read) { loop.unwatch(fd) }
    for fd in (pairs + [fresh]).flatMap({ [$0.read, $0.write] }) { close(fd) }
  }

  @Test @LoopActor func `waiting for the next turn lets everything that was ready go first`() async {
    var order: [String] = []
    loop.post { order.append("posted") }
    loop.schedule(at: Instant(nanoseconds: 0)) { order.append("timer") }
    await loop.nextTurn()
    await loop.nextTurn()
    order.append("here")
    #expect(order.sorted() == ["here", "posted", "timer"] && order.last == "here")
  }

  @Test @LoopActor func `the end of a turn runs after the jobs of the turn`() async {
    var order: [String] = []
    loop.onTurnEnd { order.append("end") }
    loop.post { order.append("job") }
    await turn()
    await turn()
    #expect(order == ["job", "end"])
  }

  /// One time around the loop.
  @LoopActor private func turn() async {
    await withUnsafeContinuation { continuation in
      loop.onTurnEnd { continuation.resume() }
    }
  }
}

@Suite struct TimerHeapTests {
  @Test func `deadlines saturate instead of overflowing`() {
    let now = Instant(nanoseconds: 5)
    #expect(now + .seconds(Int64.max) == .distantFuture)
    #expect(now - .seconds(Int64.max) == Instant(nanoseconds: .min + 6))
    #expect(Instant.distantFuture - Instant(nanoseconds: .min) == .nanoseconds(Int64.max))
    #expect(Instant(nanoseconds: 1) - Instant(nanoseconds: .min) == .nanoseconds(Int64.max))
    #expect((now + .milliseconds(2)) - now == .milliseconds(2))
    #expect(Duration.seconds(Int64.min).saturatedNanoseconds == .min)
  }

  @Test func `milliseconds are rounded up and clamped`() {
    #expect(Duration.nanoseconds(1).clampedMilliseconds == 1)
    #expect(Duration.milliseconds(1).clampedMilliseconds == 1)
    #expect(Duration.nanoseconds(1_000_001).clampedMilliseconds == 2)
    #expect(Duration.seconds(-1).clampedMilliseconds == 0)
    #expect(Duration.seconds(Int64.max).clampedMilliseconds == .max)
  }
}
