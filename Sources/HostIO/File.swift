import CSys
import Glibc

/// The calls on files that the program needs. All of them block: on the loop only for small local files, else through
/// `BlockingPool`.
package enum File {
  package enum Kind: Sendable {
    case regular
    case directory
    case symbolicLink
    case other
  }

  package struct Status: Sendable, Equatable {
    package var kind: Kind
    package var size: Int64
    /// Nanoseconds since 1970.
    package var modified: Int64
    package var inode: UInt64
    package var device: UInt64
    /// The permission bits.
    package var mode: UInt32
    package var owner: UInt32
  }

  package struct Entry: Sendable, Equatable {
    /// Bytes that are not UTF-8 are repaired, and such a name does not open the file.
    package var name: String
    /// Nil on file systems that do not tell without a `stat`.
    package var kind: Kind?

    package init(name: String, kind: Kind?) {
      self.name = name
      self.kind = kind
    }
  }

  /// A file with more bytes than the caller allows.
  package struct TooLarge: Error, Equatable, Sendable, CustomStringConvertible {
    package var path: String
    package var limit: Int

    package init(path: String, limit: Int) {
      self.path = path
      self.limit = limit
    }

    package var description: String { "file is larger than \(limit) bytes" }
  }

  // MARK: - Looking

  package static func status(_ path: String, followLinks: Bool = true) throws(SystemError) -> Status {
    var raw = csys_stat()
    try call("stat", path) { csys_stat_path($0, followLinks ? 1 : 0, &raw) }
    return Status(raw)
  }

  package static func status(of fd: Int32) throws(SystemError) -> Status {
    var raw = csys_stat()
    guard csys_stat_fd(fd, &raw) == 0 else { throw SystemError(errno, "fstat") }
    return Status(raw)
  }

  package static func exists(_ path: String) -> Bool {
    (try? status(path)) != nil
  }

  /// Names without `.` and `..`, in no particular order.
  package static func list(_ path: String, limit: Int = .max) throws(SystemError) -> [Entry] {
    var entries: [Entry] = []
    guard limit > 0 else { return entries }
    try visit(path) { name, kind in
      entries.append(Entry(name: String(decoding: name, as: UTF8.self), kind: kind))
      return entries.count < limit
    }
    return entries
  }

  /// As `list`, without making a string of each name: calls `body` with the bytes of one after the other, which live
  /// during the call only, until it returns false.
  package static func visit(
    _ path: String, _ body: (UnsafeBufferPointer<UInt8>, Kind?) -> Bool
  ) throws(SystemError) {
    var directory: OpaquePointer?
    try call("opendir", path) { name in
      directory = opendir(name)
      return directory == nil ? -1 : 0
    }
    guard let directory else { return }
    defer { closedir(directory) }
    var name: UnsafePointer<CChar>?
    var type: UInt8 = 0
    while true {
      let result = csys_readdir(UnsafeMutableRawPointer(directory), &name, &type)
      guard result >= 0 else { throw SystemError(errno, "readdir", path: path) }
      guard result > 0, let name else { return }
      if strcmp(name, ".") == 0 || strcmp(name, "..") == 0 { continue }
      let kind: Kind?
      switch Int(type) {
      case Int(DT_REG): kind = .regular
      case Int(DT_DIR): kind = .directory
      case Int(DT_LNK): kind = .symbolicLink
      case Int(DT_UNKNOWN): kind = nil
      default: kind = .other
      }
      let length = strlen(name)
      let goesOn = name.withMemoryRebound(to: UInt8.self, capacity: length) {
        body(UnsafeBufferPointer(start: $0, count: length), kind)
      }
      guard goesOn else { return }
    }
  }

  /// Without links, `.` and `..`; every part must exist.
  package static func realPath(_ path: String) throws(SystemError) -> String {
    var resolved: UnsafeMutablePointer<CChar>?
    try call("realpath", path) { name in
      resolved = realpath(name, nil)
      return resolved == nil ? -1 : 0
    }
    guard let resolved else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  package static func readLink(_ path: String) throws(SystemError) -> String {
    var target: [UInt8] = []
    try call("readlink", path) { name in
      var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
      let count = csys_readlink(name, &buffer, buffer.count)
      guard count >= 0 else { return -1 }
      target = buffer.prefix(count).map { UInt8(bitPattern: $0) }
      return 0
    }
    return String(decoding: target, as: UTF8.self)
  }

  // MARK: - Reading

  /// The whole file. Throws `TooLarge` when it has more than `limit` bytes, else `SystemError`.
  package static func read(_ path: String, limit: Int) throws -> [UInt8] {
    // Opening a FIFO or a device must not wait for the other end.
    let descriptor = try Descriptor(opening: path, O_RDONLY | O_NONBLOCK | O_NOCTTY)
    let status = try status(of: descriptor.fd)
    if status.kind == .directory { throw SystemError(EISDIR, "read", path: path) }
    guard status.size <= limit else { throw TooLarge(path: path, limit: limit) }
    var bytes: [UInt8] = []
    // One byte more than it seems to have shows the end without another round; files in /proc claim to be empty.
    bytes.reserveCapacity(max(Int(clamping: status.size) &+ 1, 512))
    let chunk = max(Int(clamping: min(status.size, 1 << 20)) + 1, 4096)
    while true {
      let read = try descriptor.append(to: &bytes, upTo: chunk)
      guard bytes.count <= limit else { throw TooLarge(path: path, limit: limit) }
      if read == 0 { return bytes }
    }
  }

  // MARK: - Changing

  package static func makeDirectory(_ path: String, mode: UInt32 = 0o755) throws(SystemError) {
    try call("mkdir", path) { mkdir($0, mode) }
  }

  /// Makes the folder and what is missing above it.
  package static func makeDirectories(_ path: String, mode: UInt32 = 0o755) throws(SystemError) {
    do {
      try makeDirectory(path, mode: mode)
      return
    } catch {
      if let found = try? status(path), found.kind == .directory { return }
      guard error.code == ENOENT, let parent = Self.parent(of: path) else { throw error }
      try makeDirectories(parent, mode: mode)
    }
    do {
      try makeDirectory(path, mode: mode)
    } catch {
      // Another process may have been faster.
      guard error.code == EEXIST, let found = try? status(path), found.kind == .directory else { throw error }
    }
  }

  /// The path without its last part: nil for `/`, `.` and names without a folder.
  static func parent(of path: String) -> String? {
    var bytes = Array(path.utf8)
    let slash = UInt8(ascii: "/")
    while bytes.count > 1, bytes.last == slash { bytes.removeLast() }
    guard let cut = bytes.lastIndex(of: slash) else { return nil }
    if cut == 0 { return bytes.count == 1 ? nil : "/" }
    bytes.removeSubrange(cut...)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Replaces the file in one step, so that readers see the old or the new content and a crash leaves one of the two.
  /// A symbolic link is replaced, not followed.
  package static func writeAtomically(_ bytes: [UInt8], to path: String, mode: UInt32 = 0o600) throws(SystemError) {
    let temporary = "\(path).\(UUIDGenerator.system.v4()).tmp"
    let descriptor = try Descriptor(opening: temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: mode)
    do throws(SystemError) {
      // The mode given to open(2) passes through the umask.
      guard fchmod(descriptor.fd, mode) == 0 else { throw SystemError(errno, "fchmod", path: path) }
      try descriptor.writeAll(bytes, path: path)
      try descriptor.sync(path: path)
      try rename(temporary, to: path)
    } catch {
      try? unlink(temporary)
      throw error
    }
  }

  package static func rename(_ path: String, to target: String) throws(SystemError) {
    guard !target.hasNul else { throw SystemError(EINVAL, "rename", path: target) }
    try call("rename", path) { old in target.withCString { Glibc.rename(old, $0) } }
  }

  package static func unlink(_ path: String) throws(SystemError) {
    try call("unlink", path) { Glibc.unlink($0) }
  }

  package static func removeDirectory(_ path: String) throws(SystemError) {
    try call("rmdir", path) { rmdir($0) }
  }

  private static func call(
    _ operation: String, _ path: String, _ body: (UnsafePointer<CChar>) -> Int32
  ) throws(SystemError) {
    guard !path.hasNul else { throw SystemError(EINVAL, operation, path: path) }
    guard path.withCString(body) == 0 else { throw SystemError(errno, operation, path: path) }
  }
}

extension String {
  /// For the kernel a path ends at its first NUL byte: one that goes on after it would silently name another file.
  var hasNul: Bool { withCString { strlen($0) } != utf8.count }
}

extension File.Status {
  init(_ raw: csys_stat) {
    let kind: File.Kind =
      switch raw.mode & 0o170000 {
      case 0o100000: .regular
      case 0o040000: .directory
      case 0o120000: .symbolicLink
      default: .other
      }
    self.init(
      kind: kind, size: raw.size, modified: raw.mtime_ns, inode: raw.inode, device: raw.device,
      mode: raw.mode & 0o7777, owner: raw.uid)
  }
}
