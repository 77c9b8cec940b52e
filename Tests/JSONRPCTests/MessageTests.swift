import JSON
import JSONRPC
import Testing

private func parse(_ text: String) throws -> Message { try Message(Array(text.utf8)) }

private func kind(_ text: String) -> String {
  do {
    switch try parse(text).kind {
    case .request(let id, let method): return "request \(id) \(method)"
    case .notification(let method): return "notification \(method)"
    case .response(let id): return "response \(id)"
    case .failure(let id, let error): return "failure \(id) \(error.code) \(error.message)"
    }
  } catch Message.Malformed.notJSON {
    return "not JSON"
  } catch {
    return "not a message"
  }
}

@Suite struct MessageTests {
  @Test(arguments: [
    (#"{"id":1,"method":"a/b","params":{}}"#, "request integer(1) a/b"),
    (#"{"method":"a","id":"x"}"#, #"request string("x") a"#),
    (
      #"{"jsonrpc":"1.0","id":-9223372036854775808,"method":"a","trace":{"traceparent":"t"}}"#,
      "request integer(-9223372036854775808) a"
    ),
    (#"{"method":"initialized"}"#, "notification initialized"),
    (#"{"id":7,"result":null}"#, "response integer(7)"),
    (#"{"id":7,"error":{"code":-32600,"message":"no","data":{"a":1}}}"#, "failure integer(7) -32600 no"),
    // An id that cannot be given back: taken as a notification, which nobody answers.
    (#"{"id":null,"method":"a"}"#, "notification a"),
    (#"{"id":1.5,"method":"a"}"#, "notification a"),
    (#"{"id":true,"method":"a"}"#, "notification a"),
    (#"{"id":[1],"method":"a"}"#, "notification a"),
    (#"{"id":99999999999999999999,"method":"a"}"#, "notification a"),
    // No message shape.
    (#"{"id":1}"#, "not a message"), (#"{}"#, "not a message"), (#"[]"#, "not a message"),
    (#"[{"id":1,"method":"a"}]"#, "not a message"), (#"3"#, "not a message"), (#""x""#, "not a message"),
    (#"{"id":1,"method":7}"#, "not a message"),
    (#"{"id":1,"id":2,"method":"a"}"#, "not a message"),
    (#"{"id":1,"method":"a","method":"b"}"#, "not a message"),
    (#"{"id":1,"method":"a","params":{},"params":{}}"#, "not a message"),
    (#"{"id":1,"error":{"code":"x","message":"m"}}"#, "not a message"),
    // No JSON.
    ("", "not JSON"), ("   ", "not JSON"), ("garbage", "not JSON"), ("{", "not JSON"), ("NaN", "not JSON"),
    (#"{"id":1,"method":"a"}{"id":2,"method":"b"}"#, "not JSON"),
    ("\u{FEFF}" + #"{"id":1,"method":"a"}"#, "not JSON"),
  ])
  func `each line is what it should be taken for`(text: String, expected: String) {
    #expect(kind(text) == expected)
  }

  @Test func `invalid UTF-8 is not JSON, wherever it stands`() {
    let line = Array(#"{"id":1,"method":"a","params":{"x":""#.utf8) + [0xFF] + Array(#""}}"#.utf8)
    #expect(throws: Message.Malformed.self) { try Message(line) }
  }

  @Test func `nesting is limited`() {
    let nested = { (depth: Int) in
      #"{"id":1,"method":"a","params":{"x":"# + String(repeating: "[", count: depth)
        + String(repeating: "]", count: depth) + "}}"
    }
    #expect(kind(nested(100)) == "request integer(1) a")
    #expect(kind(nested(126)) == "request integer(1) a")
    #expect(kind(nested(127)) == "not JSON")
    #expect(kind(nested(100_000)) == "not JSON")
  }

  @Test func `params are left unread and can be read later`() throws {
    let message = try parse(#"{"params": {"b": [1, 2]} ,"method":"a","id":1}"#)
    var body = try #require(message.body)
    #expect(try body.value() == ["b": [1, 2]])
    #expect(message.bodyBytes.map { String(decoding: $0, as: UTF8.self) } == #"{"b": [1, 2]}"#)
    #expect(try parse(#"{"id":1,"method":"a"}"#).body == nil)
  }

  @Test func `envelopes carry no jsonrpc member`() {
    let response = Envelope.response(.string("x")) { $0.bool(true) }
    #expect(String(decoding: response, as: UTF8.self) == #"{"id":"x","result":true}"#)
    let failure = Envelope.failure(.integer(3), .invalidRequest("no"))
    #expect(
      String(decoding: failure, as: UTF8.self) == #"{"id":3,"error":{"code":-32600,"message":"no"}}"#)
    let request = Envelope.request(.integer(0), method: "m") { $0.null() }
    #expect(String(decoding: request, as: UTF8.self) == #"{"id":0,"method":"m","params":null}"#)
    var writer = JSONWriter()
    Envelope.notification("n", emittedAtMs: 5, into: &writer) { $0.int(1) }
    #expect(String(decoding: writer.bytes, as: UTF8.self) == #"{"method":"n","params":1,"emittedAtMs":5}"#)
  }
}
