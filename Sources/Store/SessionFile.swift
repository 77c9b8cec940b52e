import Glibc
package import HostIO

/// A session file that is open for reading. Reads do not move a position, so one object serves many readers.
package final class SessionFile: Sendable {
  private let folder: String?
  private let name: String
  private let descriptor: Descriptor
  package let status: File.Status

  package var path: String { folder.map { "\($0)/\(name)" } ?? name }

  /// Opens a regular file; a FIFO or device in its place is refused without waiting for it.
  package init(_ path: String) throws(SystemError) {
    folder = nil
    name = path
    descriptor = try Descriptor(opening: path, Self.flags)
    status = try Self.status(descriptor, path)
  }

  /// The same for a file in a folder that is open.
  init(_ name: String, in folder: OpenFolder) throws(SystemError) {
    self.folder = folder.path
    self.name = name
    descriptor = try Descriptor(opening: name, in: folder, Self.flags)
    status = try Self.status(descriptor, name)
  }

  private static let flags = O_RDONLY | O_NONBLOCK | O_NOCTTY

  private static func status(_ descriptor: borrowing Descriptor, _ path: String) throws(SystemError) -> File.Status {
    let status = try File.status(of: descriptor.fd)
    guard status.kind == .regular else { throw SystemError(EINVAL, "open", path: path) }
    return status
  }

  /// The length now; it may have grown since the file was opened.
  package func size() throws(SystemError) -> Int64 {
    try File.status(of: descriptor.fd).size
  }

  /// Fills `buffer` from `range.lowerBound` with bytes from `offset` on; fewer than asked only at the end of the file.
  func read(into buffer: inout [UInt8], _ range: Range<Int>, at offset: Int64) throws(SystemError) -> Int {
    var done = 0
    var code: Int32 = 0
    buffer.withUnsafeMutableBytes { bytes in
      guard let base = bytes.baseAddress else { return }
      while done < range.count {
        let result = pread(
          descriptor.fd, base + range.lowerBound + done, range.count - done, off_t(offset) + off_t(done))
        if result > 0 {
          done += result
        } else if result == 0 {
          return
        } else if errno != EINTR {
          code = errno
          return
        }
      }
    }
    guard code == 0 else { throw SystemError(code, "read", path: path) }
    return done
  }
}
