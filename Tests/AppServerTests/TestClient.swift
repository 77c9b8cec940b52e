import HostIO
import JSON
import TestSupport
import Testing
import Transport

/// A client: sends requests, keeps everything that comes, and waits for what it is told to.
@LoopActor final class TestClient {
  /// An error answer where a result was expected.
  struct Refused: Error, CustomStringConvertible {
    let method: String
    let error: JSON
    var description: String { "\(method) was refused: \(error.text)" }
  }

  struct NothingCame: Error, CustomStringConvertible {
    let what: String
    let trace: [String]
    var description: String { "no \(what) came, only \(trace)" }
  }

  private let connection: any MessageConnection
  private var lastID = 0
  private var methods: [Int: String] = [:]
  /// Everything that came, in order.
  private(set) var messages: [JSON] = []
  /// Where `next` and `trace` go on.
  private var position = 0
  private var waiters: [Int: Waiter] = [:]
  private var lastWaiter = 0
  private(set) var isClosedByServer = false

  private struct Waiter {
    let test: ([JSON]) -> Bool
    let continuation: UnsafeContinuation<Bool, Never>
    let timer: TimerID
  }

  init(_ connection: any MessageConnection) {
    self.connection = connection
    connection.onEvent = { [weak self] event in self?.received(event) }
    connection.start()
  }

  private func received(_ event: ConnectionEvent) {
    switch event {
    case .message(let bytes):
      messages.append((try? JSON.parse(bytes)) ?? .string(String(decoding: bytes, as: UTF8.self)))
    case .tooLong, .endOfInput, .broken: isClosedByServer = true
    }
    for (number, waiter) in waiters where waiter.test(messages) {
      waiters[number] = nil
      EventLoop.main.cancel(waiter.timer)
      waiter.continuation.resume(returning: true)
    }
  }

  /// Waits until `test` holds for what has come.
  func wait(for what: String, _ test: @escaping ([JSON]) -> Bool) async throws {
    lastWaiter += 1
    let number = lastWaiter
    let came = await withUnsafeContinuation { continuation in
      // Looked at here and not before: the loop may have had a turn on the way in.
      if test(messages) { return continuation.resume(returning: true) }
      let timer = EventLoop.main.schedule(after: TestSupport.patience) { [weak self] in
        self?.waiters.removeValue(forKey: number)?.continuation.resume(returning: false)
      }
      waiters[number] = Waiter(test: test, continuation: continuation, timer: timer)
    }
    guard came else { throw NothingCame(what: what, trace: messages[position...].map(label)) }
  }

  func pauseReading() { connection.pauseReading() }
  func resumeReading() { connection.resumeReading() }

  // MARK: - Out

  func send(_ text: String) { connection.send(Array(text.utf8)) }

  @discardableResult
  func request(_ method: String, _ params: JSON? = nil) -> Int {
    lastID += 1
    methods[lastID] = method
    var message = JSONObject([("id", .int(lastID)), ("method", .string(method))])
    message["params"] = params
    connection.send(JSON.object(message).encoded)
    return lastID
  }

  func notify(_ method: String) { connection.send(JSON.object(JSONObject([("method", .string(method))])).encoded) }

  /// The client ends the connection.
  func disconnect() { connection.close(within: .zero) { _ in } }

  // MARK: - In

  func answer(to id: JSON) async throws -> JSON {
    try await wait(for: "answer to \(id.text)") { $0.contains { $0["id"] == id } }
    return messages.first { $0["id"] == id } ?? .null
  }

  @discardableResult
  func result(of id: Int) async throws -> JSON {
    let answer = try await answer(to: .int(id))
    guard let result = answer["result"] else {
      throw Refused(method: methods[id] ?? "", error: answer["error"] ?? .null)
    }
    return result
  }

  /// The result of a request.
  @discardableResult
  func call(_ method: String, _ params: JSON? = nil) async throws -> JSON {
    try await result(of: request(method, params))
  }

  /// The error of a request.
  func refusal(_ method: String, _ params: JSON? = nil) async throws -> JSON {
    try await answer(to: .int(request(method, params)))["error"] ?? "no error"
  }

  /// The params of the next such notification, which may have come already; what came before it is passed over.
  @discardableResult
  func next(_ method: String, where isWanted: @escaping (JSON) -> Bool = { _ in true }) async throws -> JSON {
    let start = position
    let isIt = { (message: JSON) in
      message["method"]?.stringValue == method && message["id"] == nil && isWanted(message["params"] ?? .null)
    }
    try await wait(for: method) { $0.dropFirst(start).contains(where: isIt) }
    guard let index = messages[start...].firstIndex(where: isIt) else { return .null }
    position = index + 1
    return messages[index]["params"] ?? .null
  }

  /// Passes over everything so far.
  func mark() { position = messages.count }

  /// What came since the last `mark` or `next`, a word or two each.
  var trace: [String] { messages[position...].map(label) }

  /// The labels of everything up to and with the next such notification.
  func trace(to method: String) async throws -> [String] {
    let start = position
    try await next(method)
    return messages[start..<position].map(label)
  }

  private func label(_ message: JSON) -> String {
    if let id = message["id"] {
      let method = id.intValue.flatMap { methods[$0] } ?? id.text
      return message["error"] == nil ? "< \(method)" : "< \(method) refused"
    }
    let method = message["method"]?.stringValue ?? message.text
    let params = message["params"] ?? .null
    switch method {
    case "item/started", "item/completed": return "\(method) \(params.at("item.type").string)"
    case "item/agentMessage/delta": return "delta \(params.at("delta").string)"
    case "thread/status/changed": return "\(method) \(params.at("status.type").string)"
    case "turn/completed": return "\(method) \(params.at("turn.status").string)"
    case "error": return "error \(params.at("error.message").string)"
    default: return method
    }
  }

  func notifications(_ method: String) -> [JSON] {
    messages.filter { $0["method"]?.stringValue == method }.map { $0["params"] ?? .null }
  }
}

extension JSON {
  /// What stands at a path of member names and places, `turn.items.0.text`; null where there is nothing.
  func at(_ path: String) -> JSON {
    path.split(separator: ".").reduce(self) { value, step in
      Int(step).map { value[$0] ?? .null } ?? value[String(step)] ?? .null
    }
  }

  /// The text of a string; empty for anything else.
  var string: String { stringValue ?? "" }
  var count: Int { arrayValue?.count ?? 0 }
  func map(_ path: String) -> [JSON] { arrayValue?.map { $0.at(path) } ?? [] }
}
