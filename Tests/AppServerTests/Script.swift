import JSON
import TestSupport

/// What the scripted model says.
extension LoopbackServer.Reply {
  /// An answer in one message, word by word.
  static func answer(_ text: String, id: String = "msg_1", tokens: Int = 15, headers: [(String, String)] = []) -> Self {
    .sse(Event.answer(text, id: id) + [Event.completed(tokens: tokens)], headers: headers)
  }
}

enum Event {
  static let created = #"{"type":"response.created","response":{"id":"resp_1"}}"#

  static func answer(_ text: String, id: String = "msg_1") -> [String] {
    let words = text.split(separator: " ", omittingEmptySubsequences: false)
    return [created, added(id)]
      + words.enumerated().map { delta($0 == 0 ? String($1) : " \($1)") } + [done(text, id: id)]
  }

  static func added(_ id: String) -> String {
    item("added", ["type": "message", "role": "assistant", "id": .string(id), "content": []])
  }

  static func delta(_ text: String) -> String {
    JSON.object(JSONObject([("type", "response.output_text.delta"), ("delta", .string(text))])).text
  }

  static func done(_ text: String, id: String) -> String {
    item(
      "done",
      [
        "type": "message", "role": "assistant", "id": .string(id),
        "content": [["type": "output_text", "text": .string(text)]],
      ])
  }

  static func item(_ what: String, _ item: JSON) -> String {
    JSON.object(JSONObject([("type", .string("response.output_item.\(what)")), ("item", item)])).text
  }

  static func completed(tokens: Int = 15) -> String {
    #"{"type":"response.completed","response":{"id":"resp_1","usage":{"input_tokens":10,"output_tokens":5,"#
      + #""total_tokens":\#(tokens)}}}"#
  }

  static func failed(_ code: String, _ message: String = "no") -> String {
    #"{"type":"response.failed","response":{"id":"r","error":{"code":"\#(code)","message":"\#(message)"}}}"#
  }

  static func incomplete(_ reason: String) -> String {
    #"{"type":"response.incomplete","response":{"id":"r","incomplete_details":{"reason":"\#(reason)"}}}"#
  }
}

extension LoopbackServer.Request {
  /// The body.
  var json: JSON { (try? JSON.parse(body)) ?? .null }

  /// The texts of the items in `input`, by role.
  var conversation: [String] {
    (json["input"]?.arrayValue ?? []).flatMap { item -> [String] in
      let role = item["role"]?.stringValue ?? item["type"]?.stringValue ?? ""
      let texts = (item["content"]?.arrayValue ?? []).compactMap { $0["text"]?.stringValue }
      return texts.isEmpty ? [role] : texts.map { "\(role): \($0)" }
    }
  }

  /// The conversation without base instructions and context.
  var talk: [String] {
    conversation.filter { !$0.hasPrefix("developer: ") && !$0.hasPrefix("user: <environment_context>") }
  }
}

func text(_ text: String) -> JSON { [["type": "text", "text": .string(text)]] }

extension TestClient {
  /// A new thread's id.
  func startThread(_ params: JSON = [:]) async throws -> String {
    try await call("thread/start", params).at("thread.id").string
  }

  func startTurn(_ thread: String, _ input: String = "Hello", _ more: JSON = [:]) async throws -> String {
    try await call("turn/start", turnParams(thread, input, more)).at("turn.id").string
  }

  func turnParams(_ thread: String, _ input: String = "Hello", _ more: JSON = [:]) -> JSON {
    var params = JSONObject([("threadId", .string(thread)), ("input", text(input))])
    for (key, value) in more.objectValue?.members ?? [] { params[key] = value }
    return .object(params)
  }

  /// A whole turn; what `turn/completed` says.
  @discardableResult
  func turn(_ thread: String, _ input: String = "Hello", _ more: JSON = [:]) async throws -> JSON {
    let id = try await startTurn(thread, input, more)
    return try await next("turn/completed") { $0.at("turn.id").string == id }.at("turn")
  }
}
