import Glibc

/// A value that threads share, behind a lock that is never held for long.
///
/// `Synchronization.Mutex` would be the same in a word less, but the thread sanitizer does not understand its lock and
/// reports every use; a pthread mutex it does.
///
/// `@unchecked`: the value is touched only while holding the mutex, which keeps its address for its whole life.
package final class Locked<Value: Sendable & ~Copyable>: @unchecked Sendable {
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private var value: Value

  package init(_ value: consuming Value) {
    self.value = value
    mutex = .allocate(capacity: 1)
    mutex.initialize(to: pthread_mutex_t())
    pthread_mutex_init(mutex, nil)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  /// `body` must not come back to the same lock.
  package func withLock<Result, Failure: Error>(
    _ body: (inout Value) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body(&value)
  }
}
