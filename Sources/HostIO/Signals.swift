import CSys
import Glibc

/// Signals as events of the loop.
///
/// Block them in a synchronous `main` before the first other thread exists: threads inherit the mask, and a signal that
/// any thread leaves unblocked does not reach the watch.
package enum Signals {
  /// A write to a closed pipe is then the error EPIPE, and one beyond the file size limit EFBIG, instead of the end of
  /// the process.
  package static func ignoreFailedWrites() {
    _ = csys_signal_ignore(SIGPIPE)
    _ = csys_signal_ignore(SIGXFSZ)
  }

  package static func block(_ signals: [Int32]) {
    _ = csys_signals_block(signals, Int32(clamping: signals.count))
  }

  /// Default actions and an empty mask, as a program expects at its start.
  package static func restoreDefaults() {
    csys_signals_default()
    _ = csys_signals_unblock_all()
  }

  /// Calls `handler` with the number of each arriving signal until the watch is cancelled; they must be blocked already.
  @LoopActor @discardableResult package static func watch(
    _ signals: [Int32], _ handler: @escaping @LoopActor (Int32) -> Void
  ) throws(SystemError) -> SignalWatch {
    let fd = csys_signalfd(signals, Int32(clamping: signals.count))
    guard fd >= 0 else { throw SystemError(errno, "signalfd") }
    do {
      try EventLoop.main.watch(fd, .read) { _ in
        // One number each time around: the handler may cancel the watch.
        let signal = csys_signalfd_read(fd)
        if signal > 0 { handler(signal) }
      }
    } catch {
      close(fd)
      throw error
    }
    return SignalWatch(fd: fd)
  }
}

@LoopActor package final class SignalWatch {
  private var fd: Int32?

  init(fd: Int32) {
    self.fd = fd
  }

  package func cancel() {
    guard let fd else { return }
    self.fd = nil
    EventLoop.main.unwatch(fd)
    close(fd)
  }
}
