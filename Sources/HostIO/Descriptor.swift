import CSys
import Glibc

/// An open file that closes itself.
package struct Descriptor: ~Copyable, Sendable {
  package let fd: Int32

  /// Takes over `fd`.
  package init(owning fd: Int32) {
    self.fd = fd
  }

  /// Always close-on-exec.
  package init(opening path: String, _ flags: Int32, mode: UInt32 = 0o600) throws(SystemError) {
    guard !path.hasNul else { throw SystemError(EINVAL, "open", path: path) }
    var result: Int32
    repeat { result = csys_open(path, flags, mode) } while result < 0 && errno == EINTR
    guard result >= 0 else { throw SystemError(errno, "open", path: path) }
    fd = result
  }

  /// Opens a file that is in `folder`.
  package init(opening name: String, in folder: OpenFolder, _ flags: Int32) throws(SystemError) {
    guard !name.hasNul else { throw SystemError(EINVAL, "openat", path: folder.path(of: name)) }
    var result: Int32
    repeat { result = csys_open_at(folder.fd, name, flags) } while result < 0 && errno == EINTR
    guard result >= 0 else { throw SystemError(errno, "openat", path: folder.path(of: name)) }
    fd = result
  }

  deinit {
    close(fd)
  }

  /// Gives the descriptor away without closing it.
  package consuming func release() -> Int32 {
    let fd = fd
    discard self
    return fd
  }

  /// The two ends of a new pipe.
  package static func pipe() throws(SystemError) -> (read: Int32, write: Int32) {
    var ends: [Int32] = [-1, -1]
    guard csys_pipe(&ends) == 0 else { throw SystemError(errno, "pipe") }
    return (ends[0], ends[1])
  }

  /// Two connected Unix stream sockets.
  package static func socketPair() throws(SystemError) -> (Int32, Int32) {
    var ends: [Int32] = [-1, -1]
    guard csys_socketpair(&ends) == 0 else { throw SystemError(errno, "socketpair") }
    return (ends[0], ends[1])
  }

  /// For descriptors that came from elsewhere: programs that are started later do not get them.
  package static func setCloseOnExec(_ fd: Int32) {
    _ = csys_set_cloexec(fd, 1)
  }

  /// Reads up to `count` bytes to the end of `bytes`; 0 at the end of the file.
  package func append(to bytes: inout [UInt8], upTo count: Int) throws(SystemError) -> Int {
    var result = 0
    var code: Int32 = 0
    let chunk = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      repeat { result = Glibc.read(fd, buffer.baseAddress, count) } while result < 0 && errno == EINTR
      code = errno
      initialized = max(0, result)
    }
    guard result >= 0 else { throw SystemError(code, "read") }
    if bytes.isEmpty { bytes = chunk } else { bytes.append(contentsOf: chunk) }
    return result
  }

  package func writeAll(_ bytes: [UInt8], path: String? = nil) throws(SystemError) {
    try Self.writeAll(bytes, to: fd, path: path)
  }

  /// The same for a descriptor that somebody else holds.
  package static func writeAll(_ bytes: [UInt8], to fd: Int32, path: String? = nil) throws(SystemError) {
    var offset = 0
    while offset < bytes.count {
      let result = bytes.withUnsafeBytes { buffer -> Int in
        guard let base = buffer.baseAddress else { return 0 }
        return Glibc.write(fd, base + offset, buffer.count - offset)
      }
      if result > 0 {
        offset += result
      } else if result == 0 {
        throw SystemError(ENOSPC, "write", path: path)
      } else if errno != EINTR {
        throw SystemError(errno, "write", path: path)
      }
    }
  }

  package func sync(path: String? = nil) throws(SystemError) {
    guard fdatasync(fd) == 0 else { throw SystemError(errno, "fdatasync", path: path) }
  }
}

/// A folder that is held open to look at many of its files: their names are looked up in it, without a walk along the whole
/// path for each. Names are single parts of a path.
package final class OpenFolder: Sendable {
  package let path: String
  private let descriptor: Descriptor

  package init(_ path: String) throws(SystemError) {
    guard !path.hasNul else { throw SystemError(EINVAL, "open", path: path) }
    let fd = csys_open_folder(path)
    guard fd >= 0 else { throw SystemError(errno, "open", path: path) }
    self.path = path
    descriptor = Descriptor(owning: fd)
  }

  fileprivate var fd: Int32 { descriptor.fd }

  package func path(of name: String) -> String { "\(path)/\(name)" }

  /// As `File.status`, following links.
  package func status(_ name: String) throws(SystemError) -> File.Status {
    var raw = csys_stat()
    guard !name.hasNul else { throw SystemError(EINVAL, "stat", path: path(of: name)) }
    guard csys_stat_at(fd, name, &raw) == 0 else { throw SystemError(errno, "stat", path: path(of: name)) }
    return File.Status(raw)
  }
}

/// A file that only grows: created with mode 0600 if missing, each `append` one write at the end.
package final class AppendFile: Sendable {
  package let path: String
  private let descriptor: Descriptor

  package init(_ path: String, mode: UInt32 = 0o600) throws(SystemError) {
    self.path = path
    descriptor = try Descriptor(opening: path, O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY, mode: mode)
  }

  package func append(_ bytes: [UInt8]) throws(SystemError) {
    try descriptor.writeAll(bytes, path: path)
  }

  package func sync() throws(SystemError) {
    try descriptor.sync(path: path)
  }

  package func status() throws(SystemError) -> File.Status {
    try File.status(of: descriptor.fd)
  }

  /// Cuts off what a failed `append` may have left of a record.
  package func truncate(to size: Int64) throws(SystemError) {
    guard ftruncate(descriptor.fd, off_t(size)) == 0 else { throw SystemError(errno, "ftruncate", path: path) }
  }
}

extension Descriptor {
  /// Takes the exclusive advisory lock (flock) of the open file; it goes with the descriptor. False where somebody else
  /// holds it.
  package func tryLock(path: String? = nil) throws(SystemError) -> Bool {
    try lock(LOCK_EX | LOCK_NB, path)
  }

  fileprivate func lock(_ operation: Int32, _ path: String?) throws(SystemError) -> Bool {
    while flock(fd, operation) != 0 {
      if errno == EWOULDBLOCK { return false }
      guard errno == EINTR else { throw SystemError(errno, "flock", path: path) }
    }
    return true
  }
}

/// An exclusive advisory lock (flock) on a file, held as long as this object lives: keep it with `withExtendedLifetime`.
/// The file stays.
package final class FileLock: Sendable {
  private let descriptor: Descriptor

  /// Nil when someone else holds it.
  package static func tryExclusive(_ path: String, mode: UInt32 = 0o600) throws(SystemError) -> FileLock? {
    let descriptor = try Descriptor(opening: path, flags, mode: mode)
    return try descriptor.tryLock(path: path) ? FileLock(descriptor) : nil
  }

  /// Waits for whoever holds it.
  package static func exclusive(_ path: String, mode: UInt32 = 0o600) throws(SystemError) -> FileLock {
    let descriptor = try Descriptor(opening: path, flags, mode: mode)
    _ = try descriptor.lock(LOCK_EX, path)
    return FileLock(descriptor)
  }

  private static let flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_NOCTTY

  private init(_ descriptor: consuming Descriptor) {
    self.descriptor = descriptor
  }

  deinit {
    // Closing alone is not enough: a child between fork and exec holds the same open file for a moment.
    flock(descriptor.fd, LOCK_UN)
  }
}

/// Non-blocking mode for descriptors that were inherited, and back.
///
/// The flag belongs to the open file description, which a parent or sibling may hold as well. It is set for pipes and
/// sockets only: there the other holder is at most another user of the same end. Terminals stay as they are, because the
/// shell behind them would get errors; regular files never block.
package struct NonBlockingMode: Sendable {
  private let fd: Int32
  private let flagsBefore: Int32?

  package init(_ fd: Int32) {
    self.fd = fd
    var raw = csys_stat()
    let flags = csys_get_flags(fd)
    guard csys_stat_fd(fd, &raw) == 0, flags >= 0, flags & O_NONBLOCK == 0 else {
      flagsBefore = nil
      return
    }
    switch raw.mode & 0o170000 {
    case 0o010000, 0o140000: flagsBefore = csys_set_flags(fd, flags | O_NONBLOCK) == 0 ? flags : nil
    default: flagsBefore = nil
    }
  }

  /// As it was found; call before leaving the process.
  package func restore() {
    if let flagsBefore { _ = csys_set_flags(fd, flagsBefore) }
  }
}
