import Glibc
import HostIO
import TestSupport
import Testing

@Suite(.loop) struct SocketTests {
  private let folder = TemporaryFolder()

  @Test func `a Unix socket is private and knows its peer`() throws {
    let path = folder.path("s")
    let listener = try Socket.listenUnix(path)
    #expect(try File.status(path).mode == 0o600)
    let none = try Socket.accept(listener.fd) == nil
    #expect(none)
    let client = try Socket.connectUnix(path)
    guard let server = try Socket.accept(listener.fd) else {
      Issue.record("no connection")
      return
    }
    #expect(try Socket.peerUser(server.fd) == getuid())
    try client.writeAll([1, 2, 3])
    var bytes: [UInt8] = []
    #expect(try server.append(to: &bytes, upTo: 10) == 3)
    #expect(bytes == [1, 2, 3])
    #expect(fcntl(server.fd, F_GETFD) & FD_CLOEXEC != 0 && fcntl(server.fd, F_GETFL) & O_NONBLOCK != 0)
  }

  @Test func `a path that is taken, missing, too long or cut is an error`() throws {
    func code(_ body: () throws -> Void) -> Int32? {
      do {
        try body()
        return nil
      } catch {
        return (error as? SystemError)?.code
      }
    }
    let path = folder.path("s")
    let listener = try Socket.listenUnix(path)
    #expect(code { _ = try Socket.listenUnix(path) } == EADDRINUSE)
    #expect(code { _ = try Socket.connectUnix(folder.path("other")) } == ENOENT)
    #expect(code { _ = try Socket.listenUnix("/" + String(repeating: "x", count: 107)) } == ENAMETOOLONG)
    #expect(code { _ = try Socket.connectUnix("/" + String(repeating: "x", count: 106)) } == ENOENT)
    #expect(code { _ = try Socket.connectUnix("/a\0b") } == EINVAL)
    #expect(code { _ = try Socket.connectUnix("") } == EINVAL)
    #expect(code { _ = try Socket.listenTCP("localhost", port: 0) } == EINVAL)
    #expect(code { _ = try Socket.localPort(listener.fd) } != nil)
  }

  @Test @LoopActor func `the loop accepts a TCP connection on a free port`() async throws {
    let listener = try Socket.listenTCP("127.0.0.1", port: 0)
    #expect(try Socket.localPort(listener.fd) > 0)
    let fd = listener.fd
    let accepted = Collector<Bool>()
    try EventLoop.main.watch(fd, .read) { _ in
      if let connection = try? Socket.accept(fd) {
        Socket.setNoDelay(connection.fd)
        accepted.append(true)
      }
    }
    let port = try Socket.localPort(fd)
    TestThread.start {
      let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      var name = sockaddr_in()
      name.sin_family = sa_family_t(AF_INET)
      name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
      name.sin_port = port.bigEndian
      _ = withUnsafePointer(to: &name) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          connect(client, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
      close(client)
    }
    #expect(await accepted.first(1) == [true])
    EventLoop.main.unwatch(fd)
  }
}
