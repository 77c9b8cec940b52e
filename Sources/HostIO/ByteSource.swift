import Glibc

/// Reads a descriptor as its bytes arrive and hands them on, in order, on the loop.
///
/// It does not own the descriptor. The loop keeps a started source alive until its end, its failure or `cancel()`.
@LoopActor package final class ByteSource {
  /// The most that one event carries; the loop looks after everything else before the next read.
  package nonisolated static let maximumRead = 64 * 1024

  package enum Event: Sendable {
    /// Cheap while it is used inside the handler; keeping the slice costs a copy of the loop's read buffer.
    case bytes(ArraySlice<UInt8>)
    /// The peer closed; the last event.
    case end
    /// The last event.
    case failed(SystemError)
  }

  /// One for all sources: they read one after the other.
  private static var buffer = [UInt8](repeating: 0, count: maximumRead)

  private let fd: Int32
  private let handler: @LoopActor (Event) -> Void
  private enum State { case idle, reading, paused, finished }
  private var state = State.idle

  package init(fd: Int32, _ handler: @escaping @LoopActor (Event) -> Void) {
    self.fd = fd
    self.handler = handler
  }

  package func start() throws(SystemError) {
    guard state == .idle else { return }
    try EventLoop.main.watch(fd, .read) { _ in self.readOnce() }
    state = .reading
  }

  /// No events until `resume()`; bytes wait in the kernel, so that the peer feels it.
  package func pause() {
    guard state == .reading else { return }
    state = .paused
    arm(false)
  }

  package func resume() {
    guard state == .paused else { return }
    state = .reading
    arm(true)
  }

  /// No events after this.
  package func cancel() {
    guard state != .finished else { return }
    state = .finished
    EventLoop.main.unwatch(fd, .read)
  }

  private func arm(_ isArmed: Bool) {
    do {
      try EventLoop.main.modify(fd, .read, isArmed: isArmed)
    } catch {
      finish(.failed(error))
    }
  }

  private func readOnce() {
    var code: Int32 = 0
    let count = Self.buffer.withUnsafeMutableBytes { buffer in
      var count: Int
      repeat { count = read(fd, buffer.baseAddress, buffer.count) } while count < 0 && errno == EINTR
      code = errno
      return count
    }
    if count > 0 {
      handler(.bytes(Self.buffer[..<count]))
    } else if count == 0 {
      finish(.end)
    } else if code != EAGAIN && code != EWOULDBLOCK {
      finish(.failed(SystemError(code, "read")))
    }
  }

  private func finish(_ event: Event) {
    guard state != .finished else { return }
    cancel()
    handler(event)
  }
}
