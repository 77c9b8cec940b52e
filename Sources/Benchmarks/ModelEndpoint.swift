import Glibc
import HostIO

/// A Responses endpoint on loopback that answers every request with the same stream, on a thread of its own.
final class ModelEndpoint: Sendable {
  let port: UInt16
  private let listener: Int32
  private struct Answer: Sendable {
    var bytes: [UInt8] = []
    var isWrittenByEvent = false
  }

  private let answer = Locked(Answer())

  init() {
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let fd = listener
    _ = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        bind(fd, generic, length) + listen(fd, 16) + getsockname(fd, generic, &length)
      }
    }
    port = UInt16(bigEndian: address.sin_port)
    var thread = pthread_t()
    let own = Unmanaged.passRetained(self).toOpaque()
    pthread_create(
      &thread, nil,
      { raw in
        Unmanaged<ModelEndpoint>.fromOpaque(raw!).takeUnretainedValue().serve()
        return nil
      }, own)
  }

  /// The answer from now on: a message of so many deltas, written in large pieces or each event by itself.
  func answer(deltas: Int, text: String, byEvent: Bool = false) {
    var body = event(#"{"type":"response.created","response":{"id":"r"}}"#)
    let message = { (content: String) in
      #""item":{"type":"message","role":"assistant","id":"m","content":[\#(content)]}"#
    }
    body += event(#"{"type":"response.output_item.added",\#(message(""))}"#)
    for _ in 0..<deltas {
      body += event(#"{"type":"response.output_text.delta","item_id":"m","delta":"\#(text)"}"#)
    }
    let whole = String(repeating: text, count: deltas)
    body += event(
      #"{"type":"response.output_item.done",\#(message(#"{"type":"output_text","text":"\#(whole)"}"#))}"#)
    body += event(
      #"{"type":"response.completed","response":{"id":"r","usage":{"input_tokens":10,"output_tokens":10,"total_tokens":20}}}"#
    )
    let bytes = Array(body.utf8)
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: \(bytes.count)\r\n\r\n"
    answer.withLock { $0 = Answer(bytes: Array(head.utf8) + bytes, isWrittenByEvent: byEvent) }
  }

  private func event(_ json: String) -> String { "data: \(json)\n\n" }

  private func serve() {
    while true {
      let peer = accept(listener, nil, nil)
      guard peer >= 0 else { continue }
      var one: Int32 = 1
      setsockopt(peer, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
      var thread = pthread_t()
      let box = Unmanaged.passRetained(Box(endpoint: self, peer: peer)).toOpaque()
      pthread_create(
        &thread, nil,
        { raw in
          let box = Unmanaged<Box>.fromOpaque(raw!).takeRetainedValue()
          box.endpoint.talk(box.peer)
          return nil
        }, box)
      pthread_detach(thread)
    }
  }

  private final class Box: Sendable {
    let endpoint: ModelEndpoint
    let peer: Int32
    init(endpoint: ModelEndpoint, peer: Int32) {
      self.endpoint = endpoint
      self.peer = peer
    }
  }

  private func talk(_ peer: Int32) {
    var received: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(peer, &chunk, chunk.count)
      guard count > 0 else { break }
      received.append(contentsOf: chunk[..<count])
      while let length = requestLength(received), received.count >= length {
        received.removeSubrange(..<length)
        send(answer.withLock { $0 }, to: peer)
      }
    }
    close(peer)
  }

  private func requestLength(_ bytes: [UInt8]) -> Int? {
    let text = String(decoding: bytes.prefix(16_384), as: UTF8.self).lowercased()
    guard let end = text.utf8.firstRange(of: "\r\n\r\n".utf8) else { return nil }
    let head = text.utf8.distance(from: text.utf8.startIndex, to: end.upperBound)
    guard let mark = text.utf8.firstRange(of: "content-length:".utf8) else { return head }
    let digits = text[mark.upperBound...].drop { $0 == " " }.prefix { $0.isNumber }
    return head + (Int(digits) ?? 0)
  }

  private func send(_ answer: Answer, to peer: Int32) {
    var rest = answer.bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { bytes in
        let size = answer.isWrittenByEvent ? eventLength(bytes) : min(bytes.count, 1 << 16)
        return Glibc.send(peer, bytes.baseAddress, size, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }

  /// Up to and with the first empty line.
  private func eventLength(_ bytes: UnsafeRawBufferPointer) -> Int {
    for index in 1..<max(bytes.count, 1) where bytes[index] == 10 && bytes[index - 1] == 10 { return index + 1 }
    return bytes.count
  }
}
