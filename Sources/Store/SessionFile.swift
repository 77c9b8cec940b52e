import Glibc
package import HostIO

/// A session file that is open for reading. Reads do not move a position, so one object serves many readers.
package final class SessionFile: Sendable {
  package let path: String
  private let descriptor: Descriptor
  package let status: File.Status

  /// Opens a regular file; a FIFO or device in its place is refused without waiting for it.
  package init(_ path: String) throws(SystemError) {
    self.path = path
    descriptor = try Descriptor(opening: path, O_RDONLY | O_NONBLOCK | O_NOCTTY)
    status = try File.status(of: descriptor.fd)
    guard status.kind == .regular else { throw SystemError(EINVAL, "open", path: path) }
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
