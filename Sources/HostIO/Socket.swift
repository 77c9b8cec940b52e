import CSys
import Glibc

/// Stream sockets of the local machine. All are close-on-exec and do not block.
package enum Socket {
  /// What the kernel may hold for a listener that is slow to accept.
  package static let backlog: Int32 = 128

  /// Listens at `path`, which must not exist; only this user may connect.
  package static func listenUnix(_ path: String) throws(SystemError) -> Descriptor {
    let socket = try make(AF_UNIX, path)
    try withUnixAddress(path, "bind") { bind(socket.fd, $0, $1) }
    guard chmod(path, 0o600) == 0, listen(socket.fd, backlog) == 0 else {
      let error = SystemError(errno, "listen", path: path)
      try? File.unlink(path)
      throw error
    }
    return socket
  }

  /// A Unix socket connects at once or not at all.
  package static func connectUnix(_ path: String) throws(SystemError) -> Descriptor {
    let socket = try make(AF_UNIX, path)
    try withUnixAddress(path, "connect") { connect(socket.fd, $0, $1) }
    return socket
  }

  /// Listens on an IPv4 address such as `127.0.0.1`; port 0 takes a free one.
  package static func listenTCP(_ address: String, port: UInt16) throws(SystemError) -> Descriptor {
    var host = in_addr()
    guard !address.utf8.contains(0), inet_pton(AF_INET, address, &host) == 1 else {
      throw SystemError(EINVAL, "bind", path: address)
    }
    let socket = try make(AF_INET, address)
    var one: Int32 = 1
    setsockopt(socket.fd, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_addr = host
    name.sin_port = port.bigEndian
    let result = withUnsafePointer(to: &name) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(socket.fd, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0, listen(socket.fd, backlog) == 0 else { throw SystemError(errno, "bind", path: address) }
    return socket
  }

  /// The next waiting connection, nil when there is none. A connection that broke in the meantime is skipped.
  package static func accept(_ listener: Int32) throws(SystemError) -> Descriptor? {
    while true {
      let fd = csys_accept(listener)
      if fd >= 0 { return Descriptor(owning: fd) }
      switch errno {
      case EAGAIN, EWOULDBLOCK: return nil
      case EINTR, ECONNABORTED, EPROTO: continue
      case let code: throw SystemError(code, "accept4")
      }
    }
  }

  package static func setNoDelay(_ fd: Int32) {
    var one: Int32 = 1
    setsockopt(fd, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
  }

  /// The port that a TCP socket has on this side.
  package static func localPort(_ fd: Int32) throws(SystemError) -> UInt16 {
    var name = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafeMutablePointer(to: &name) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(fd, $0, &length) }
    }
    guard result == 0, name.sin_family == sa_family_t(AF_INET) else { throw SystemError(errno, "getsockname") }
    return UInt16(bigEndian: name.sin_port)
  }

  /// The user at the other end of a Unix socket.
  package static func peerUser(_ fd: Int32) throws(SystemError) -> UInt32 {
    var user: uid_t = 0
    guard csys_peer_user(fd, &user) == 0 else { throw SystemError(errno, "getsockopt") }
    return user
  }

  private static func make(_ family: Int32, _ path: String) throws(SystemError) -> Descriptor {
    let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
    let fd = socket(family, type, 0)
    guard fd >= 0 else { throw SystemError(errno, "socket", path: path) }
    return Descriptor(owning: fd)
  }

  /// Paths of a Unix socket hold at most 107 bytes.
  private static func withUnixAddress(
    _ path: String, _ operation: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) throws(SystemError) {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    guard !bytes.isEmpty, !bytes.contains(0) else { throw SystemError(EINVAL, operation, path: path) }
    guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
      throw SystemError(ENAMETOOLONG, operation, path: path)
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard result == 0 else { throw SystemError(errno, operation, path: path) }
  }
}
