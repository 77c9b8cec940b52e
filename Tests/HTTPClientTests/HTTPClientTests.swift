import Glibc
import HostIO
import TestSupport
import Testing

@testable import HTTPClient

/// The events of one transfer, with the bodies of several rounds joined.
@LoopActor private final class Recorder {
  let events = Collector<HTTPEvent>()
  var transfer: HTTPTransfer?

  init(_ client: HTTPClient, _ request: HTTPRequest) {
    transfer = client.start(request) { events in
      for event in events { self.events.append(event) }
    }
  }

  var head: HTTPHead? {
    get async {
      let all = await events.first(1)
      guard case .head(let head) = all.first else { return nil }
      return head
    }
  }

  /// The body so far, once it has at least that many bytes.
  func body(_ count: Int) async -> String {
    Self.body(await events.wait { Self.body($0).utf8.count >= count })
  }

  func end() async -> HTTPEvent? {
    await events.wait { all in
      switch all.last {
      case .end, .failed: true
      case .head, .body, nil: false
      }
    }.last
  }

  func failure() async -> HTTPFailure.Kind? {
    guard case .failed(let failure) = await end() else { return nil }
    return failure.kind
  }

  nonisolated static func body(_ events: [HTTPEvent]) -> String {
    var bytes: [UInt8] = []
    for case .body(let chunk) in events { bytes += chunk }
    return String(decoding: bytes, as: UTF8.self)
  }
}

@Suite(.loop) struct HTTPClientTests {
  private let server: LoopbackServer
  private let client = HTTPClient(environment: Environment([:]), limits: .init(threadIdleTime: .seconds(600)))

  init() throws {
    server = try LoopbackServer()
  }

  // MARK: - What is sent

  @Test @LoopActor func `a POST carries its headers and its body as they are`() async throws {
    server.enqueue(.json(#"{"ok":true}"#, headers: [("X-Thing", " a b ")]))
    let body = [UInt8]((0..<40_000).map { UInt8(truncatingIfNeeded: $0) })
    let response = try await client.send(
      HTTPRequest(
        method: "POST", url: "\(server.baseURL)/responses?api-version=1",
        headers: [("accept", "text/event-stream"), ("x-empty", ""), ("content-type", "application/json")], body: body))
    #expect(response.status == 200)
    #expect(response.body == Array(#"{"ok":true}"#.utf8))
    #expect(response.head["x-thing"] == "a b")
    #expect(response.head["X-Thing"] == nil)
    let request = try #require(server.requests.first)
    #expect(request.method == "POST" && request.target == "/responses?api-version=1")
    #expect(request.body == body)
    #expect(request.headers["accept"] == "text/event-stream")
    #expect(request.headers["x-empty"] == "")
    #expect(request.headers["content-length"] == "40000")
    #expect(request.headers["expect"] == nil && request.headers["user-agent"] == nil)
  }

  @Test @LoopActor func `other methods and empty bodies`() async throws {
    server.respond { _ in .status(204) }
    for (method, body) in [("GET", ""), ("POST", ""), ("PUT", "x"), ("DELETE", ""), ("PATCH", "y"), ("GET", "z")] {
      let response = try await client.send(
        HTTPRequest(method: method, url: server.baseURL, body: Array(body.utf8)))
      #expect(response.status == 204 && response.body == [])
    }
    #expect(
      server.requests.map { "\($0.method) \($0.text)" } == ["GET ", "POST ", "PUT x", "DELETE ", "PATCH y", "GET z"])
    #expect(server.requests.allSatisfy { $0.headers["content-type"] == nil })
    #expect(server.requests[1].headers["content-length"] == "0")
    server.enqueue(.status(200, "no body for HEAD"))
    #expect(try await client.send(HTTPRequest(method: "HEAD", url: server.baseURL)).status == 200)
  }

  @Test(arguments: [
    ("GET", "http://h/", "x\r\ny", "v", HTTPFailure.Kind.invalidRequest),
    ("GET", "http://h/", "x", "v\r\ny: z", .invalidRequest), ("GET", "http://h/", "x", "v\0", .invalidRequest),
    ("GET", "http://h/", "", "v", .invalidRequest), ("GET", "http://h/", "a:b", "v", .invalidRequest),
    ("GET X", "http://h/", "x", "v", .invalidRequest), ("", "http://h/", "x", "v", .invalidRequest),
    ("GET", "", "x", "v", .unsupportedURL), ("GET", "file:///etc/passwd", "x", "v", .unsupportedURL),
    ("GET", "ftp://127.0.0.1/", "x", "v", .unsupportedURL), ("GET", "http://", "x", "v", .unsupportedURL),
    ("GET", "http://127.0.0.1:99999/", "x", "v", .unsupportedURL), ("GET", "http://h/\0x", "x", "v", .unsupportedURL),
  ])
  @LoopActor func `what cannot be sent as it is fails without being sent`(
    method: String, url: String, name: String, value: String, kind: HTTPFailure.Kind
  ) async {
    let recorder = Recorder(client, HTTPRequest(method: method, url: url, headers: [(name, value)]))
    #expect(await recorder.failure() == kind)
  }

  @Test func `the text of a failure has no secrets`() {
    let request = HTTPRequest(url: "https://user:p@ss/w@example.com:8443/v1/responses?key=secret#frag")
    #expect(request.redactedURL == "https://example.com:8443/v1/responses")
    #expect(HTTPRequest(url: "http://h?k=v").redactedURL == "http://h")
    #expect(HTTPRequest(url: "://?").redactedURL == "://")
    #expect(HTTPRequest(url: "a@b@c").redactedURL == "c")
    #expect(HTTPRequest(url: "").redactedURL == "")
    #expect(
      "\(HTTPFailure(.tls, detail: "no", url: request.redactedURL))"
        == "TLS failed: no (https://example.com:8443/v1/responses)")
  }

  // MARK: - What arrives

  @Test @LoopActor func `events of a stream arrive while it goes on`() async throws {
    let (first, second) = (Gate(), Gate())
    server.enqueue(.script([.event("one"), .hold(first), .event("two"), .hold(second), .event("three")]))
    let recorder = Recorder(client, HTTPRequest(method: "POST", url: server.baseURL))
    let head = try #require(await recorder.head)
    #expect(head.status == 200 && head["content-type"] == "text/event-stream")
    #expect(await recorder.body(11) == "data: one\n\n")
    first.open()
    #expect(await recorder.body(22) == "data: one\n\ndata: two\n\n")
    #expect(recorder.transfer?.isFinished == false)
    second.open()
    #expect(await recorder.end() == .end)
    #expect(Recorder.body(recorder.events.all).hasSuffix("data: three\n\n"))
    #expect(recorder.transfer?.isFinished == true)
  }

  @Test @LoopActor func `any status is a good end, and redirects are not followed`() async throws {
    server.enqueue(.status(500, "busy"), .status(302, headers: [("Location", "\(server.baseURL)/other")]))
    let failed = try await client.send(HTTPRequest(url: server.baseURL))
    #expect(failed.status == 500 && failed.body == Array("busy".utf8))
    #expect(try await client.send(HTTPRequest(url: server.baseURL)).status == 302)
    #expect(server.requests.count == 2)
  }

  @Test @LoopActor func `interim answers and trailers do not show`() async throws {
    let interim = LoopbackServer.Reply.head(103, [("Link", "x")])
    let head = LoopbackServer.Reply.head(200, [("Transfer-Encoding", "chunked"), ("A", "1"), ("A", "2")])
    let end = Array("0\r\nTrailer: t\r\n\r\n".utf8)
    server.enqueue(.init(steps: [.raw(interim), .raw(head), .chunk([0x78]), .raw(end)]))
    let response = try await client.send(HTTPRequest(url: server.baseURL))
    #expect(
      response.head
        == HTTPHead(
          status: 200,
          headers: [
            .init(name: "transfer-encoding", value: "chunked"), .init(name: "a", value: "1"),
            .init(name: "a", value: "2"),
          ]))
    #expect(response.body == [0x78])
  }

  @Test @LoopActor func `connections are kept and reused`() async throws {
    server.respond { _ in .json("{}") }
    for _ in 0..<5 { _ = try await client.send(HTTPRequest(method: "POST", url: server.baseURL, body: [1])) }
    #expect(server.requests.map(\.connection) == [0, 0, 0, 0, 0])
  }

  @Test @LoopActor func `a kept connection that the server closed is replaced silently`() async throws {
    server.enqueue(
      .init(steps: [.raw(LoopbackServer.Reply.head(200, [("Content-Length", "0")])), .close]), .json("{}"))
    #expect(try await client.send(HTTPRequest(method: "POST", url: server.baseURL, body: [1])).status == 200)
    #expect(try await client.send(HTTPRequest(method: "POST", url: server.baseURL, body: [2])).status == 200)
    #expect(server.requests.last?.body == [2])
  }

  @Test @LoopActor func `many transfers run at once`() async throws {
    let gate = Gate()
    server.respond { request in .hold(gate, then: .status(200, request.text)) }
    let recorders = (0..<20).map { number in
      Recorder(client, HTTPRequest(method: "POST", url: server.baseURL, body: Array("\(number)".utf8)))
    }
    _ = await server.requests(20)
    gate.open()
    for (number, recorder) in recorders.enumerated() {
      #expect(await recorder.end() == .end)
      #expect(Recorder.body(recorder.events.all) == "\(number)")
    }
  }

  // MARK: - How it fails

  @Test @LoopActor func `a refused connection`() async throws {
    let port = try LoopbackServer().port
    let recorder = Recorder(client, HTTPRequest(url: "http://127.0.0.1:\(port)/v1?secret"))
    guard case .failed(let failure) = await recorder.end() else {
      Issue.record("connected")
      return
    }
    #expect(failure.kind == .cannotConnect)
    #expect(failure.description.hasSuffix("(http://127.0.0.1:\(port)/v1)"))
  }

  @Test @LoopActor func `a name that does not exist`() async {
    let recorder = Recorder(client, HTTPRequest(url: "http://no-such-host.invalid/", connectTimeout: .seconds(20)))
    #expect([.cannotConnect, .connectTimeout].contains(await recorder.failure()))
  }

  @Test @LoopActor func `a server without TLS behind an https URL`() async {
    #expect(await Recorder(client, HTTPRequest(url: "https://127.0.0.1:\(server.port)/")).failure() == .tls)
  }

  @Test @LoopActor func `a CA file that cannot be read is a TLS failure`() async {
    for name in ["CODEX_CA_CERTIFICATE", "SSL_CERT_FILE"] {
      let client = HTTPClient(environment: Environment([name: "/nonexistent/ca.pem"]))
      let recorder = Recorder(client, HTTPRequest(url: "https://127.0.0.1:\(server.port)/"))
      guard case .failed(let failure) = await recorder.end() else {
        Issue.record("connected")
        continue
      }
      #expect(failure.kind == .tls)
      #expect(failure.detail.contains("/nonexistent/ca.pem"))
    }
  }

  @Test @LoopActor func `the upper case variable of the plain proxy counts, the lower case one wins, CGI has none`()
    async throws
  {
    let proxied = HTTPRequest(url: "http://name.invalid/path", connectTimeout: .seconds(20))
    server.enqueue(.json("{}"))
    let client = HTTPClient(environment: Environment(["HTTP_PROXY": server.baseURL]))
    let recorder = Recorder(client, proxied)
    #expect(await recorder.head?.status == 200)
    #expect(server.requests.last?.target == "http://name.invalid/path")
    for other in ["http_proxy", "REQUEST_METHOD"] {
      let environment = Environment(["HTTP_PROXY": server.baseURL, other: "GET"])
      #expect(HTTPClient(environment: environment).plainProxy == nil)
    }
  }

  @Test @LoopActor func `a connection that is not answered times out`() async throws {
    // A listener with a full backlog drops further connections silently.
    let full = try FullListener()
    let start = Instant.now()
    let recorder = Recorder(
      client, HTTPRequest(url: "http://127.0.0.1:\(full.port)/", connectTimeout: .milliseconds(50)))
    #expect(await recorder.failure() == .connectTimeout)
    #expect(Instant.now() - start >= .milliseconds(50))
  }

  @Test @LoopActor func `a silent server ends by the idle timeout, before its head and within its body`() async {
    server.respond { $0.text == "mute" ? .never : .silence(after: ["one"]) }
    // Long enough for a busy machine to answer within it.
    let idleTimeout = Duration.milliseconds(400)
    let start = Instant.now()
    let cases = [("mute", ""), ("chatty", "data: one\n\n")].map { text, body in
      let request = HTTPRequest(method: "POST", url: server.baseURL, body: Array(text.utf8), idleTimeout: idleTimeout)
      return (Recorder(client, request), body)
    }
    for (recorder, body) in cases {
      #expect(await recorder.failure() == .idleTimeout)
      #expect(Instant.now() - start >= idleTimeout)
      #expect(Recorder.body(recorder.events.all) == body)
    }
    _ = await server.disconnections.first(2)
  }

  @Test @LoopActor func `the total timeout counts from the start`() async {
    server.enqueue(.silence())
    let start = Instant.now()
    let recorder = Recorder(
      client, HTTPRequest(url: server.baseURL, idleTimeout: .seconds(30), totalTimeout: .milliseconds(40)))
    #expect(await recorder.failure() == .totalTimeout)
    #expect(Instant.now() - start >= .milliseconds(40))
  }

  @Test @LoopActor func `a response that breaks off is told from one that ends`() async {
    server.enqueue(
      .cut(after: ["one"]), .init(steps: [.reset]), .init(steps: [.close]),
      .init(steps: [.raw(LoopbackServer.Reply.head(200, [("Content-Length", "10")])), .close]))
    for body in ["data: one\n\n", "", "", ""] {
      let recorder = Recorder(client, HTTPRequest(method: "POST", url: server.baseURL, body: [1]))
      #expect(await recorder.failure() == .closedEarly)
      #expect(Recorder.body(recorder.events.all) == body)
    }
  }

  @Test @LoopActor func `what is no HTTP is an error`() async {
    server.enqueue(.init(steps: [.raw(Array("SSH-2.0-OpenSSH_9\r\n\r\n".utf8)), .close]))
    #expect(await Recorder(client, HTTPRequest(url: server.baseURL)).failure() == .other)
  }

  @Test @LoopActor func `a body of exactly the limit is taken and one byte more is not`() async throws {
    server.respond { _ in .status(200, "0123456789") }
    let response = try await client.send(HTTPRequest(url: server.baseURL, maximumBodyBytes: 10))
    #expect(response.body.count == 10)
    let recorder = Recorder(client, HTTPRequest(url: server.baseURL, maximumBodyBytes: 9))
    #expect(await recorder.failure() == .tooLarge)
  }

  @Test @LoopActor func `headers without end are refused`() async {
    let line = Array("x: \(String(repeating: "y", count: 1000))\r\n".utf8)
    let lines = Array(repeating: LoopbackServer.Reply.Step.raw(line), count: 300)
    server.enqueue(.init(steps: [.raw(Array("HTTP/1.1 200 OK\r\n".utf8))] + lines + [.awaitDisconnect]))
    #expect(await Recorder(client, HTTPRequest(url: server.baseURL)).failure() == .tooLarge)
  }

  @Test @LoopActor func `requests beyond the limit fail at once`() async {
    let client = HTTPClient(environment: Environment([:]), limits: .init(transfers: 2))
    server.respond { _ in .never }
    let running = (0..<2).map { _ in Recorder(client, HTTPRequest(url: server.baseURL)) }
    #expect(await Recorder(client, HTTPRequest(url: server.baseURL)).failure() == .tooManyTransfers)
    for recorder in running { recorder.transfer?.cancel() }
    _ = await server.disconnections.first(2)
  }

  @Test func `without libcurl requests fail and say so`() async {
    await #expect(processExitsWith: .exitCode(7)) {
      await TestSupport.onLoop {
        let client = HTTPClient(environment: Environment([:]), library: "libcurl-nowhere.so.4")
        for _ in 0..<2 {
          do {
            _ = try await client.send(HTTPRequest(url: "http://127.0.0.1/"))
            exit(1)
          } catch {
            guard let failure = error as? HTTPFailure, failure.kind == .libraryMissing,
              failure.detail.contains("libcurl-nowhere")
            else { exit(2) }
          }
        }
        exit(7)
      }
    }
  }

  // MARK: - Cancelling

  @Test @LoopActor func `a cancelled transfer is silent and its connection closes`() async {
    server.enqueue(.silence(after: ["one"]))
    let recorder = Recorder(client, HTTPRequest(method: "POST", url: server.baseURL, body: [1]))
    _ = await recorder.body(11)
    recorder.transfer?.cancel()
    recorder.transfer?.cancel()
    #expect(recorder.transfer?.isFinished == true)
    _ = await server.disconnections.first(1)
    #expect(recorder.events.all.count == 2)
  }

  @Test @LoopActor func `a transfer cancelled in its own handler is silent afterwards`() async {
    let gate = Gate()
    server.enqueue(.script([.event("one"), .hold(gate), .event("two")]))
    var calls = 0
    var transfer: HTTPTransfer?
    await withUnsafeContinuation { continuation in
      transfer = client.start(HTTPRequest(url: server.baseURL)) { _ in
        calls += 1
        transfer?.cancel()
        continuation.resume()
      }
    }
    gate.open()
    server.enqueue(.status(200))
    _ = try? await client.send(HTTPRequest(url: server.baseURL))
    #expect(calls == 1)
  }

  @Test @LoopActor func `cancelling before anything happened`() async throws {
    let recorder = Recorder(client, HTTPRequest(url: server.baseURL))
    recorder.transfer?.cancel()
    server.respond { _ in .status(200) }
    _ = try await client.send(HTTPRequest(url: server.baseURL))
    #expect(recorder.events.all == [])
  }

  @Test @LoopActor func `cancelling the task of send ends the transfer`() async {
    server.enqueue(.never)
    let task = Task { @LoopActor in try await client.send(HTTPRequest(url: server.baseURL)) }
    _ = await server.requests(1)
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    _ = await server.disconnections.first(1)
  }

  // MARK: - Limits between the threads

  @Test @LoopActor func `a large body arrives whole although the threads run apart`() async throws {
    let size = 8 << 20
    let body = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      for index in 0..<size { buffer[index] = UInt8(truncatingIfNeeded: index &* 31 >> 7) }
      count = size
    }
    server.enqueue(.bytes(200, body))
    #expect(try await client.send(HTTPRequest(url: server.baseURL)).body == body)
  }

  @Test func `a stalled loop holds the server back at the limit, and its stall does not count as silence`() async {
    // In a process of its own, because it blocks the loop.
    await #expect(processExitsWith: .exitCode(0)) {
      try await TestSupport.onLoop {
        let server = try LoopbackServer()
        let client = HTTPClient(environment: Environment([:]))
        let piece = [UInt8](repeating: 0x61, count: 1 << 20)
        let head = LoopbackServer.Reply.head(200, [("Content-Length", "\(16 << 20)")])
        server.enqueue(.init(steps: [.raw(head)] + Array(repeating: .raw(piece), count: 16)))
        var largest = 0
        var total = 0
        let end: HTTPEvent? = await withUnsafeContinuation { continuation in
          _ = client.start(HTTPRequest(url: server.baseURL, idleTimeout: .milliseconds(500))) { events in
            for event in events {
              switch event {
              case .head: break
              case .body(let bytes):
                // The HTTP thread runs into its limit while the loop is away for longer than the idle timeout.
                if total == 0 { Gate().wait(until: Instant.now() + .milliseconds(700)) }
                largest = max(largest, bytes.count)
                total += bytes.count
              case .end, .failed: continuation.resume(returning: event)
              }
            }
          }
        }
        guard end == .end else { exit(1) }
        guard total == 16 << 20 else { exit(2) }
        // Less than one chunk of libcurl above the limit.
        exit(largest < HTTPTransfer.maximumBytesInFlight + 16 * 1024 ? 0 : 3)
      }
    }
  }

  // MARK: - The thread

  @Test @LoopActor func `the thread ends when idle and comes back`() async throws {
    let ended = Collector<Bool>()
    let client = HTTPClient(environment: Environment([:]), limits: .init(threadIdleTime: .milliseconds(1))) {
      ended.append(true)
    }
    server.respond { _ in .status(200) }
    #expect(!client.isThreadRunning)
    _ = try await client.send(HTTPRequest(url: server.baseURL))
    _ = await ended.first(1)
    #expect(!client.isThreadRunning)
    client.prewarm()
    _ = await ended.first(2)
    _ = try await client.send(HTTPRequest(url: server.baseURL))
    _ = await ended.first(3)
    #expect(server.requests.count == 2)
  }

  @Test @LoopActor func `sockets are closed in programs that are started meanwhile`() async {
    server.enqueue(.silence(after: ["x"]))
    let recorder = Recorder(client, HTTPRequest(url: server.baseURL))
    _ = await recorder.body(5)
    for fd: Int32 in 3..<200 {
      var address = sockaddr_in()
      var length = socklen_t(MemoryLayout<sockaddr_in>.size)
      let result = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(fd, $0, &length) }
      }
      guard result == 0, address.sin_family == sa_family_t(AF_INET),
        UInt16(bigEndian: address.sin_port) == server.port
      else { continue }
      #expect(fcntl(fd, F_GETFD) & FD_CLOEXEC != 0)
    }
    recorder.transfer?.cancel()
  }
}

/// A listener whose queue is full, so that further connections get no answer.
private final class FullListener {
  let port: UInt16
  private let listener: Int32
  private var clients: [Int32] = []

  init() throws {
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let fd = listener
    let isListening = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(fd, address, length) == 0 && listen(fd, 0) == 0 && getsockname(fd, address, &length) == 0
      }
    }
    port = UInt16(bigEndian: address.sin_port)
    guard isListening else { throw SystemError(errno, "listen") }
    for _ in 0..<4 {
      let flags = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
      let client = socket(AF_INET, flags, 0)
      clients.append(client)
      withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = connect(client, $0, length) }
      }
    }
  }

  deinit {
    for fd in clients + [listener] { close(fd) }
  }
}
