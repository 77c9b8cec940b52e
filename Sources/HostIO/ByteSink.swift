import Glibc

/// Collects what one turn of the loop writes to a descriptor and sends it with one `write`; what the kernel does not take
/// waits here, up to a limit, until the descriptor is writable.
///
/// It does not own the descriptor. SIGPIPE must be ignored, which `EventLoop.run` does.
@LoopActor package final class ByteSink {
  package struct Limits: Sendable {
    /// A peer that lets more than this pile up is given up: the sink fails with `.overflow`.
    package var capacity: Int
    /// Above this the sink is congested, and producers should stop until `onDrained`.
    package var highWater: Int
    /// At or below this a congested sink is drained.
    package var lowWater: Int

    package init(capacity: Int = 64 << 20, highWater: Int = 1 << 20, lowWater: Int = 256 << 10) {
      self.capacity = capacity
      self.highWater = highWater
      self.lowWater = lowWater
    }
  }

  package enum Failure: Error, Equatable, Sendable {
    case overflow(limit: Int)
    case system(SystemError)
  }

  /// An emptied buffer larger than this goes back to the allocator.
  package nonisolated static let retainedCapacity = 256 << 10
  /// From this size on, `write` keeps the caller's bytes instead of a copy. Shorter ones are copied into a buffer that has
  /// room for the next ones, too.
  package nonisolated static let minimumForSharing = 32 << 10

  package let limits: Limits
  /// A congested sink has fallen to the low water mark.
  package var onDrained: (@LoopActor () -> Void)?
  /// Called once, at the end of a turn; nothing is written any more.
  package var onFailure: (@LoopActor (Failure) -> Void)?
  package private(set) var failure: Failure?
  package private(set) var isCongested = false

  private let fd: Int32
  /// What is queued, oldest first; never empty. The last chunk takes what is appended.
  private var chunks: [[UInt8]] = [[]]
  /// Whether the last chunk is a caller's, which appending to it would copy.
  private var isLastShared = false
  /// Bytes at the start of the first chunk that are written already.
  private var head = 0
  package private(set) var queuedBytes = 0
  private var isClosed = false
  private var isFlushScheduled = false
  private var isWaiting = false
  private var drainWaiters: [TimerID: UnsafeContinuation<Bool, Never>] = [:]

  package init(fd: Int32, limits: Limits = Limits()) {
    self.fd = fd
    self.limits = limits
  }

  /// Queues `bytes` behind everything earlier. False when the sink is closed or failed, which this call may bring about.
  @discardableResult
  package func write(_ bytes: [UInt8]) -> Bool {
    guard bytes.count >= Self.minimumForSharing else { return append { $0.append(contentsOf: bytes) } }
    guard !isClosed, failure == nil else { return false }
    if chunks[chunks.count - 1].isEmpty {
      chunks[chunks.count - 1] = bytes
    } else {
      chunks.append(bytes)
    }
    isLastShared = true
    queuedBytes += bytes.count
    return noteQueued()
  }

  /// Lets `body` append to the queue in place; it must not change what is there.
  @discardableResult
  package func append(_ body: (inout [UInt8]) -> Void) -> Bool {
    guard !isClosed, failure == nil else { return false }
    if isLastShared {
      chunks.append([])
      isLastShared = false
    }
    let last = chunks.count - 1
    // Sent bytes are dropped before they are as many as the rest, so that each byte moves at most once on average.
    if last == 0, head > 0, head >= chunks[0].count - head {
      chunks[0].removeSubrange(..<head)
      head = 0
    }
    let before = chunks[last].count
    body(&chunks[last])
    queuedBytes += chunks[last].count - before
    return noteQueued()
  }

  private func noteQueued() -> Bool {
    guard queuedBytes <= limits.capacity else {
      fail(.overflow(limit: limits.capacity))
      return false
    }
    if queuedBytes > limits.highWater { isCongested = true }
    if !isWaiting && !isFlushScheduled && queuedBytes > 0 {
      isFlushScheduled = true
      EventLoop.main.onTurnEnd {
        self.isFlushScheduled = false
        self.flushNow()
      }
    }
    return true
  }

  /// Writes what the kernel takes now, without waiting for the end of the turn.
  package func flushNow() {
    guard !isClosed, failure == nil, queuedBytes > 0 else { return }
    // One write, unless something large is among it: then one for each chunk until the kernel takes no more.
    var takesMore = true
    while takesMore, queuedBytes > 0 {
      var code: Int32 = 0
      let count = chunks[0].withUnsafeBytes { bytes -> Int in
        guard let base = bytes.baseAddress else { return 0 }
        var count: Int
        repeat { count = Glibc.write(fd, base + head, bytes.count - head) } while count < 0 && errno == EINTR
        code = errno
        return count
      }
      if count < 0, code != EAGAIN, code != EWOULDBLOCK {
        fail(.system(SystemError(code, "write")))
        return
      }
      head += max(0, count)
      queuedBytes -= max(0, count)
      takesMore = head == chunks[0].count
      if takesMore { dropFirstChunk() }
    }
    setWaiting(queuedBytes > 0)
    if queuedBytes == 0 { finishDrains(true) }
    if isCongested && queuedBytes <= limits.lowWater {
      isCongested = false
      onDrained?()
    }
  }

  private func dropFirstChunk() {
    head = 0
    if chunks.count > 1 {
      chunks.removeFirst()
    } else if isLastShared || chunks[0].capacity > Self.retainedCapacity {
      chunks[0] = []
      isLastShared = false
    } else {
      chunks[0].removeAll(keepingCapacity: true)
    }
  }

  /// Waits until everything is with the kernel. False when the deadline came first, or the sink failed or was closed.
  package func drain(until deadline: Instant) async -> Bool {
    flushNow()
    if isClosed || failure != nil { return false }
    if queuedBytes == 0 { return true }
    return await withUnsafeContinuation { continuation in
      // The timer's body needs its own id, which exists only afterwards; the loop cannot run it in between.
      let id = IDBox()
      let timer = EventLoop.main.schedule(at: deadline) {
        if let timer = id.timer, let waiter = self.drainWaiters.removeValue(forKey: timer) {
          waiter.resume(returning: false)
        }
      }
      id.timer = timer
      drainWaiters[timer] = continuation
    }
  }

  /// Drops what is queued and writes nothing more. The descriptor stays open.
  package func close() {
    guard !isClosed else { return }
    isClosed = true
    release()
  }

  @LoopActor private final class IDBox {
    var timer: TimerID?
  }

  private func setWaiting(_ shouldWait: Bool) {
    guard shouldWait != isWaiting else { return }
    isWaiting = shouldWait
    guard shouldWait else {
      EventLoop.main.unwatch(fd, .write)
      return
    }
    do {
      try EventLoop.main.watch(fd, .write) { _ in self.flushNow() }
    } catch {
      fail(.system(error))
    }
  }

  private func fail(_ failure: Failure) {
    guard self.failure == nil, !isClosed else { return }
    self.failure = failure
    release()
    // Not from inside the caller's `write`: it may be in the middle of something.
    EventLoop.main.onTurnEnd {
      self.onFailure?(failure)
      self.onFailure = nil
      self.onDrained = nil
    }
  }

  private func release() {
    chunks = [[]]
    isLastShared = false
    head = 0
    queuedBytes = 0
    isCongested = false
    if isWaiting {
      isWaiting = false
      EventLoop.main.unwatch(fd, .write)
    }
    finishDrains(false)
  }

  private func finishDrains(_ isDrained: Bool) {
    guard !drainWaiters.isEmpty else { return }
    let waiters = drainWaiters
    drainWaiters = [:]
    for (timer, waiter) in waiters {
      EventLoop.main.cancel(timer)
      waiter.resume(returning: isDrained)
    }
  }
}
