import Glibc
package import HostIO

/// An HTTP/1.1 server on 127.0.0.1 with a free port that answers from a script, for clients under test.
///
///     let server = try LoopbackServer()
///     server.enqueue(.sse([#"{"type":"response.created"}"#]), .status(500, "busy"))
///     … the client talks to server.baseURL …
///     #expect(server.requests.first?.headers["accept"] == "text/event-stream")
///
/// Each request takes the next reply of the queue; without one, `respond` decides, and without that the answer is 599.
/// Every connection has a thread with blocking sockets, so a held reply holds nothing else.
package final class LoopbackServer: Sendable {
  package struct Request: Sendable {
    package var method: String
    /// Path and query as sent.
    package var target: String
    /// Names in lower case; of repeated ones the last.
    package var headers: [String: String]
    /// As they came, in order.
    package var headerLines: [String]
    package var body: [UInt8]
    /// Which connection of the server, from 0: the same number means that it was kept alive.
    package var connection: Int

    package var text: String { String(decoding: body, as: UTF8.self) }
  }

  /// What the server does for one request, step by step.
  package struct Reply: Sendable {
    package enum Step: Sendable {
      /// Bytes as they are.
      case raw([UInt8])
      /// One piece of a chunked body.
      case chunk([UInt8])
      /// The end of a chunked body.
      case endOfChunks
      /// Nothing until the gate opens (or the server stops).
      case hold(Gate)
      /// Opens the gate: everything before is sent.
      case signal(Gate)
      /// Nothing until the client closes the connection, which is noted in `disconnections`.
      case awaitDisconnect
      /// Closes the connection.
      case close
      /// Closes the connection with a reset.
      case reset
    }

    package var steps: [Step]

    package init(steps: [Step]) {
      self.steps = steps
    }

    /// A complete answer with a length.
    package static func status(
      _ status: Int, _ body: String = "", headers: [(String, String)] = []
    ) -> Reply {
      bytes(status, Array(body.utf8), headers: headers)
    }

    package static func json(_ body: String, status: Int = 200, headers: [(String, String)] = []) -> Reply {
      bytes(status, Array(body.utf8), headers: [("Content-Type", "application/json")] + headers)
    }

    package static func bytes(_ status: Int, _ body: [UInt8], headers: [(String, String)] = []) -> Reply {
      Reply(steps: [.raw(head(status, headers + [("Content-Length", "\(body.count)")]) + body)])
    }

    /// A stream of server-sent events, one chunk each; every text becomes the `data` of one event.
    package static func sse(_ events: [String], headers: [(String, String)] = []) -> Reply {
      Reply(
        steps: [.raw(sseHead(headers))] + events.map { .chunk(event($0)) } + [.endOfChunks])
    }

    /// As `sse`, but the connection closes after these events without the end of the stream.
    package static func cut(after events: [String], headers: [(String, String)] = []) -> Reply {
      Reply(steps: [.raw(sseHead(headers))] + events.map { .chunk(event($0)) } + [.close])
    }

    /// As `sse`, but the server falls silent after these events until the client gives up.
    package static func silence(after events: [String] = [], headers: [(String, String)] = []) -> Reply {
      Reply(steps: [.raw(sseHead(headers))] + events.map { .chunk(event($0)) } + [.awaitDisconnect])
    }

    /// Not one byte, until the client gives up.
    package static let never = Reply(steps: [.awaitDisconnect])

    /// Waits for the gate, then answers.
    package static func hold(_ gate: Gate, then reply: Reply) -> Reply {
      Reply(steps: [.hold(gate)] + reply.steps)
    }

    /// A stream of server-sent events whose pieces are held by gates: `[.event("a"), .hold(gate), .event("b")]`.
    package static func script(_ pieces: [Piece], headers: [(String, String)] = []) -> Reply {
      var steps: [Step] = [.raw(sseHead(headers))]
      for piece in pieces {
        switch piece {
        case .event(let data): steps.append(.chunk(event(data)))
        case .text(let text): steps.append(.chunk(Array(text.utf8)))
        case .hold(let gate): steps.append(.hold(gate))
        case .signal(let gate): steps.append(.signal(gate))
        }
      }
      return Reply(steps: steps + [.endOfChunks])
    }

    package enum Piece: Sendable {
      case event(String)
      /// Part of the stream as it is.
      case text(String)
      case hold(Gate)
      case signal(Gate)
    }

    private static func event(_ data: String) -> [UInt8] { Array("data: \(data)\n\n".utf8) }

    private static func sseHead(_ headers: [(String, String)]) -> [UInt8] {
      head(200, [("Content-Type", "text/event-stream"), ("Transfer-Encoding", "chunked")] + headers)
    }

    package static func head(_ status: Int, _ headers: [(String, String)]) -> [UInt8] {
      let lines = ["HTTP/1.1 \(status) Scripted"] + headers.map { "\($0): \($1)" }
      return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    }
  }

  private let core: LoopbackCore

  package init() throws(SystemError) {
    core = try LoopbackCore()
    // The threads hold the core and not the server, whose end is what stops them.
    TestThread.start { [core] in core.acceptConnections() }
  }

  deinit {
    core.stop()
  }

  package var port: UInt16 { core.port }
  package var baseURL: String { "http://127.0.0.1:\(core.port)" }

  /// Replies for the next requests, in order.
  package func enqueue(_ replies: Reply...) {
    core.state.withLock { $0.replies += replies }
  }

  /// Decides the reply when the queue is empty.
  package func respond(_ responder: @escaping @Sendable (Request) -> Reply) {
    core.state.withLock { $0.responder = responder }
  }

  /// Every request so far, complete, in order of arrival.
  package var requests: [Request] { core.received.all }

  /// The requests, once there are that many.
  package func requests(_ count: Int) async -> [Request] {
    await core.received.first(count)
  }

  /// When clients closed connections that a reply was watching.
  package var disconnections: Collector<Instant> { core.disconnections }

  package var connectionCount: Int { core.state.withLock { $0.accepted } }

  /// Closes the listener and every connection. A thread inside `.hold` still waits for its gate.
  package func stop() {
    core.stop()
  }
}

/// What the server's threads share.
private final class LoopbackCore: Sendable {
  /// A test that sends more is a mistake.
  static let maximumRequest = 64 << 20

  struct State: Sendable {
    var replies: [LoopbackServer.Reply] = []
    var responder: (@Sendable (LoopbackServer.Request) -> LoopbackServer.Reply)?
    var connections: Set<Int32> = []
    var accepted = 0
    var isStopped = false
  }

  let listener: Int32
  let port: UInt16
  let received = Collector<LoopbackServer.Request>()
  let disconnections = Collector<Instant>()
  let state = Locked(State())

  init() throws(SystemError) {
    let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard fd >= 0 else { throw SystemError(errno, "socket") }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isListening = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(fd, address, length) == 0 && listen(fd, 64) == 0 && getsockname(fd, address, &length) == 0
      }
    }
    guard isListening else {
      let error = SystemError(errno, "bind")
      close(fd)
      throw error
    }
    listener = fd
    port = UInt16(bigEndian: address.sin_port)
  }

  deinit {
    close(listener)
  }

  func stop() {
    state.withLock { state in
      state.isStopped = true
      for fd in state.connections { shutdown(fd, Int32(SHUT_RDWR)) }
    }
    shutdown(listener, Int32(SHUT_RDWR))
  }

  func acceptConnections() {
    while true {
      let fd = accept(listener, nil, nil)
      guard fd >= 0 else {
        if errno == EINTR || errno == ECONNABORTED { continue }
        return
      }
      Descriptor.setCloseOnExec(fd)
      var one: Int32 = 1
      setsockopt(fd, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
      let number = state.withLock { state -> Int? in
        guard !state.isStopped else { return nil }
        state.connections.insert(fd)
        defer { state.accepted += 1 }
        return state.accepted
      }
      guard let number else {
        close(fd)
        return
      }
      TestThread.start { self.serve(fd, number) }
    }
  }

  private func serve(_ fd: Int32, _ number: Int) {
    var unread: [UInt8] = []
    while let request = readRequest(fd, number, &unread) {
      received.append(request)
      let reply = state.withLock { state -> LoopbackServer.Reply? in
        state.replies.isEmpty ? nil : state.replies.removeFirst()
      }
      let responder = state.withLock { $0.responder }
      guard run(reply ?? responder?(request) ?? .status(599, "no reply scripted"), fd) else { break }
    }
    // Out of the set before the number can be used again.
    _ = state.withLock { $0.connections.remove(fd) }
    close(fd)
  }

  /// Whether the connection stays open.
  private func run(_ reply: LoopbackServer.Reply, _ fd: Int32) -> Bool {
    for step in reply.steps {
      switch step {
      case .raw(let bytes):
        guard sendAll(fd, bytes) else { return false }
      case .chunk(let bytes):
        let size = Array("\(String(bytes.count, radix: 16))\r\n".utf8)
        guard sendAll(fd, size + bytes + [0x0D, 0x0A]) else { return false }
      case .endOfChunks:
        guard sendAll(fd, Array("0\r\n\r\n".utf8)) else { return false }
      case .hold(let gate):
        gate.wait()
      case .signal(let gate):
        gate.open()
      case .awaitDisconnect:
        var byte: UInt8 = 0
        while true {
          let count = recv(fd, &byte, 1, 0)
          if count > 0 || count < 0 && errno == EINTR { continue }
          break
        }
        disconnections.append(Instant.now())
        return false
      case .close:
        return false
      case .reset:
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
        return false
      }
    }
    return true
  }

  private func sendAll(_ fd: Int32, _ bytes: [UInt8]) -> Bool {
    var offset = 0
    while offset < bytes.count {
      let count = bytes.withUnsafeBytes { buffer -> Int in
        guard let base = buffer.baseAddress else { return 0 }
        return send(fd, base + offset, buffer.count - offset, Int32(MSG_NOSIGNAL))
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return false }
      offset += count
    }
    return true
  }

  /// Nil when the client closed the connection or sent what is no request.
  private func readRequest(_ fd: Int32, _ number: Int, _ unread: inout [UInt8]) -> LoopbackServer.Request? {
    let separator: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A]
    var searched = 0
    var headEnd: Int?
    while headEnd == nil {
      if unread.count >= 4 {
        for start in max(0, searched - 3)...(unread.count - 4)
        where unread[start..<start + 4].elementsEqual(separator) {
          headEnd = start
          break
        }
      }
      searched = unread.count
      if headEnd == nil, !receiveMore(fd, &unread) { return nil }
      // The first byte of a TLS handshake: a client that came with https.
      if unread.first == 0x16 { return nil }
    }
    guard let headEnd else { return nil }
    let lines = unread[..<headEnd].split(separator: 0x0A).map { line in
      String(decoding: line.last == 0x0D ? line.dropLast() : line, as: UTF8.self)
    }
    unread.removeSubrange(..<(headEnd + 4))
    let words = (lines.first ?? "").split(separator: " ")
    guard words.count == 3 else { return nil }
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":") else { continue }
      headers[line[..<colon].lowercased()] = String(line[line.index(after: colon)...].drop { $0 == " " })
    }
    let length = min(Self.maximumRequest, max(0, headers["content-length"].flatMap { Int($0) } ?? 0))
    while unread.count < length {
      guard receiveMore(fd, &unread) else { return nil }
    }
    let body = Array(unread[..<length])
    unread.removeSubrange(..<length)
    return LoopbackServer.Request(
      method: String(words[0]), target: String(words[1]), headers: headers, headerLines: Array(lines.dropFirst()),
      body: body, connection: number)
  }

  private func receiveMore(_ fd: Int32, _ bytes: inout [UInt8]) -> Bool {
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = recv(fd, &buffer, buffer.count, 0)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return false }
      bytes.append(contentsOf: buffer[..<count])
      return true
    }
  }
}
