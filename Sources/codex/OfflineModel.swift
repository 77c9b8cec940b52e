import Glibc
import HostIO
import JSON

/// A model that needs no account and no network: a Responses endpoint on loopback in this process, so that a newcomer
/// sees the whole path work. Everything that it says names it as a demonstration.
@LoopActor
final class OfflineModel {
  static let notice =
    "No login and no model provider were found: the embedded offline model answers. "
    + "It is a demonstration and understands nothing."
  static let modelName = "offline-demonstration"

  /// A request larger than this is not for us.
  private static let maximumRequestBytes = 16 << 20

  private let listener: Int32
  private let port: UInt16
  private var peers: [ObjectIdentifier: Peer] = [:]

  /// What points the server here, as `-c` overrides.
  var overrides: [String] {
    [
      "model=\"\(Self.modelName)\"", "model_provider=\"offline\"",
      "model_providers.offline={name=\"Offline demonstration\", base_url=\"http://127.0.0.1:\(port)/v1\", "
        + "stream_max_retries=0, request_max_retries=0}",
    ]
  }

  static func start() throws -> OfflineModel {
    let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard fd >= 0 else { throw SystemError(errno, "socket") }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        bind(fd, generic, length) == 0 && listen(fd, 8) == 0 && getsockname(fd, generic, &length) == 0
      }
    }
    guard bound else {
      let code = errno
      close(fd)
      throw SystemError(code, "listen")
    }
    let model = OfflineModel(listener: fd, port: UInt16(bigEndian: address.sin_port))
    try EventLoop.main.watch(fd, .read) { _ in model.accept() }
    return model
  }

  private init(listener: Int32, port: UInt16) {
    self.listener = listener
    self.port = port
  }

  func stop() {
    EventLoop.main.unwatch(listener)
    close(listener)
    for peer in peers.values { peer.close() }
    peers = [:]
  }

  private func accept() {
    let fd = Glibc.accept(listener, nil, nil)
    guard fd >= 0 else { return }
    _ = fcntl(fd, F_SETFD, FD_CLOEXEC)
    _ = fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK)
    let peer = Peer(fd: fd, limit: Self.maximumRequestBytes)
    peers[ObjectIdentifier(peer)] = peer
    peer.onClose = { [weak self, weak peer] in
      if let peer { self?.peers.removeValue(forKey: ObjectIdentifier(peer)) }
    }
    peer.start()
  }
}

/// One HTTP connection of the offline model.
@LoopActor
private final class Peer {
  var onClose: (() -> Void)?

  private let fd: Int32
  private let limit: Int
  private let sink: ByteSink
  private var source: ByteSource?
  private var received: [UInt8] = []

  init(fd: Int32, limit: Int) {
    self.fd = fd
    self.limit = limit
    sink = ByteSink(fd: fd)
    sink.onFailure = { [weak self] _ in self?.close() }
    source = ByteSource(fd: fd) { [weak self] event in self?.handle(event) }
  }

  func start() {
    do { try source?.start() } catch { close() }
  }

  func close() {
    guard source != nil else { return }
    source?.cancel()
    source = nil
    sink.close()
    Glibc.close(fd)
    onClose?()
  }

  private func handle(_ event: ByteSource.Event) {
    guard case .bytes(let bytes) = event else { return close() }
    received.append(contentsOf: bytes)
    guard received.count <= limit else { return close() }
    guard let body = takeRequest() else { return }
    sink.write(Self.answer(to: body))
  }

  /// The body of a request that has arrived as a whole.
  private func takeRequest() -> [UInt8]? {
    let mark = Array("\r\n\r\n".utf8)
    guard received.count >= 4,
      let end = (0...received.count - 4).first(where: { received[$0..<$0 + 4].elementsEqual(mark) })
    else { return nil }
    let head = String(decoding: received[..<end], as: UTF8.self).lowercased()
    var length = 0
    for line in head.utf8.split(separator: UInt8(ascii: "\n")) {
      let text = String(decoding: line, as: UTF8.self)
      guard text.utf8.starts(with: "content-length:".utf8) else { continue }
      length = Int(text.dropFirst(15).filter { $0 != " " && $0 != "\r" }) ?? 0
    }
    guard length >= 0, length <= limit, received.count - end - 4 >= length else { return nil }
    let body = Array(received[(end + 4)..<(end + 4 + length)])
    received.removeSubrange(..<(end + 4 + length))
    return body
  }

  /// A whole reply: the answer in words, streamed, with a usage.
  private static func answer(to body: [UInt8]) -> [UInt8] {
    let words = reply(to: lastUserText(body)).split(separator: " ", omittingEmptySubsequences: false)
    let id = "msg_demonstration"
    let text = words.joined(separator: " ")
    let message = { (content: JSON) -> JSON in
      ["type": "message", "role": "assistant", "id": .string(id), "content": content]
    }
    var events: [JSON] = [
      ["type": "response.created", "response": ["id": "resp_demonstration"]],
      ["type": "response.output_item.added", "item": message([])],
    ]
    for (index, word) in words.enumerated() {
      let delta = index == 0 ? String(word) : " " + word
      events.append(["type": "response.output_text.delta", "item_id": .string(id), "delta": .string(delta)])
    }
    let done: JSON = [["type": "output_text", "text": .string(text)]]
    let (sent, said) = (body.count / 4, text.utf8.count / 4)
    events.append(["type": "response.output_item.done", "item": message(done)])
    events.append([
      "type": "response.completed",
      "response": [
        "id": "resp_demonstration",
        "usage": [
          "input_tokens": .int(sent), "output_tokens": .int(said), "total_tokens": .int(sent + said),
        ],
      ],
    ])
    let stream = events.map { "data: \($0.text)\n\n" }.joined()
    let head =
      "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: \(stream.utf8.count)\r\n\r\n"
    return Array((head + stream).utf8)
  }

  private static func reply(to question: String) -> String {
    let quoted = question.count > 200 ? String(question.prefix(200)) + " …" : question
    return "[demonstration] The offline model received your message (\"\(quoted)\") and streams this fixed answer. "
      + "The whole path works: thread, turn, model request, event stream, session file. "
      + "To talk to a real model, sign in with an API key or configure a provider in config.toml (see README.md)."
  }

  private static func lastUserText(_ body: [UInt8]) -> String {
    guard let request = try? JSON.parse(body) else { return "" }
    let messages = request["input"]?.arrayValue ?? []
    let last = messages.last { $0["role"]?.stringValue == "user" }
    return last?["content"]?.arrayValue?.compactMap { $0["text"]?.stringValue }.joined(separator: " ") ?? ""
  }
}
