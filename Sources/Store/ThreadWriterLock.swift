import Glibc
import HostIO

/// Keeps a thread to one writer among all processes that share a home folder, the reference's included.
///
/// The reference holds `thread-writer-locks/<thread id>.lock` with flock(2) while a thread is loaded, and makes and
/// removes these files under the lock of `.coordination.lock` (observed with 0.163.0). So does this.
package final class ThreadWriterLock: Sendable {
  private static let folder = "thread-writer-locks"

  private let home: String
  private let path: String
  private let descriptor: Descriptor

  /// Throws `.activeWriter` where somebody else has the thread. Waits for other processes that are just taking or
  /// leaving a lock, which takes them microseconds.
  package static func acquire(home: String, threadID: String) throws(StoreError) -> ThreadWriterLock {
    // The id becomes a file name.
    guard UUID(threadID) != nil else { throw .threadNotFound(id: threadID) }
    do throws(SystemError) {
      try File.makeDirectories("\(home)/\(folder)", mode: 0o700)
      let coordination = try coordinate(home)
      let path = "\(home)/\(folder)/\(threadID).lock"
      let descriptor = try Descriptor(opening: path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NOCTTY)
      if try lock(descriptor, LOCK_EX | LOCK_NB, path) {
        return ThreadWriterLock(home: home, path: path, descriptor)
      }
      _ = consume coordination
    } catch {
      throw .system(error)
    }
    throw .activeWriter(threadID: threadID)
  }

  private static func coordinate(_ home: String) throws(SystemError) -> Descriptor {
    let path = "\(home)/\(folder)/.coordination.lock"
    let descriptor = try Descriptor(opening: path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NOCTTY)
    _ = try lock(descriptor, LOCK_EX, path)
    return descriptor
  }

  /// False where somebody else holds it and `operation` does not wait.
  private static func lock(
    _ descriptor: borrowing Descriptor, _ operation: Int32, _ path: String
  ) throws(SystemError) -> Bool {
    while flock(descriptor.fd, operation) != 0 {
      if errno == EWOULDBLOCK { return false }
      guard errno == EINTR else { throw SystemError(errno, "flock", path: path) }
    }
    return true
  }

  private init(home: String, path: String, _ descriptor: consuming Descriptor) {
    self.home = home
    self.path = path
    self.descriptor = descriptor
  }

  deinit {
    // Whoever opens the file next must not lock one that has no name any more: remove it while nobody can be opening it.
    let coordination = try? Self.coordinate(home)
    if coordination != nil { try? File.unlink(path) }
  }
}
