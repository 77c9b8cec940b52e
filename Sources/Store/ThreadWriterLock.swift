import HostIO

/// Keeps a thread to one writer among all processes that share a home folder, the reference's included.
///
/// The reference holds `thread-writer-locks/<thread id>.lock` with flock(2) while a thread is loaded, and makes and
/// removes these files under the lock of `.coordination.lock` (observed with 0.163.0). So does this.
package final class ThreadWriterLock: Sendable {
  private static let folder = "thread-writer-locks"

  private let home: String
  private let path: String
  private let lock: FileLock

  /// Throws `.activeWriter` where somebody else has the thread. Waits for other processes that are just taking or
  /// leaving a lock, which takes them microseconds.
  package static func acquire(home: String, threadID: String) throws(StoreError) -> ThreadWriterLock {
    // The id becomes a file name.
    guard UUID(threadID) != nil else { throw .threadNotFound(id: threadID) }
    do throws(SystemError) {
      try File.makeDirectories("\(home)/\(folder)", mode: 0o700)
      let path = "\(home)/\(folder)/\(threadID).lock"
      let coordination = try coordinate(home)
      let result = withExtendedLifetime(coordination) {
        Result { () throws(SystemError) in try FileLock.tryExclusive(path) }
      }
      if let lock = try result.get() { return ThreadWriterLock(home: home, path: path, lock) }
    } catch {
      throw .system(error)
    }
    throw .activeWriter(threadID: threadID)
  }

  private static func coordinate(_ home: String) throws(SystemError) -> FileLock {
    try FileLock.exclusive("\(home)/\(folder)/.coordination.lock")
  }

  private init(home: String, path: String, _ lock: FileLock) {
    self.home = home
    self.path = path
    self.lock = lock
  }

  deinit {
    // Whoever opens the file next must not lock one that has no name any more: remove it while nobody can be opening it.
    guard let coordination = try? Self.coordinate(home) else { return }
    withExtendedLifetime(coordination) { try? File.unlink(path) }
  }
}
