import AppServer
import Glibc
import HostIO
import JSON
import TestSupport
import Testing
import Transport

@Suite(.loop) struct `A message` {
  @Test(arguments: [
    "garbage", "[]", "7", "{}", "null", #"{"id":1}"#, #"{"id":null,"method":"thread/loaded/list"}"#,
    #"{"id":1.5,"method":"thread/loaded/list"}"#, #"{"id":9223372036854775808,"method":"thread/loaded/list"}"#,
    #"{"id":1,"method":7}"#, #"{"id":1,"id":2,"method":"thread/loaded/list"}"#, #"{"id":1,"method":"x"} {}"#,
    "\u{FEFF}{}", #"{"id":77,"result":{}}"#, #"{"id":77,"error":{"code":1,"message":"x"}}"#, #"{"method":"no/such"}"#,
    "",
    #"[{"id":1,"method":"thread/loaded/list"}]"#, #"{"id":1,"method":"initialize","params":{"#,
  ]) @LoopActor func `that is none is dropped and the connection goes on`(line: String) async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      client.mark()
      client.send(line)
      try await client.call("thread/loaded/list")
      #expect(client.trace == ["< thread/loaded/list"])
    }
  }

  @Test @LoopActor func `of bytes that are no text, or that is nested without end, is dropped and logged`() async throws
  {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let deep = String(repeating: "[", count: 10_000) + String(repeating: "]", count: 10_000)
      client.send(#"{"id":1000,"method":"thread/loaded/list","params":"# + deep + "}")
      client.send("\u{0}\u{1}\u{2}")
      try await client.call("thread/loaded/list")
      #expect(scene.log.all.count { $0.hasPrefix("warning: dropped a line: not JSON") } == 2)
    }
  }

  @Test(arguments: [
    "0", "-9223372036854775808", "9223372036854775807", #""""#, #""7""#, #""ä\n\"""#,
  ]) @LoopActor func `keeps its id in the answer`(id: String) async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      client.send(#"{"jsonrpc":"1.0","method":"thread/loaded/list","id":\#(id),"trace":{"traceparent":null},"x":1}"#)
      let answer = try await client.answer(to: try JSON.parse(id))
      #expect(answer == ["id": try JSON.parse(id), "result": ["data": [], "nextCursor": nil]])
    }
  }

  @Test @LoopActor func `with the id of another is answered like any other`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      for _ in 0..<2 { client.send(#"{"id":"twin","method":"thread/loaded/list"}"#) }
      try await client.wait(for: "two answers") { $0.count { $0["id"] == "twin" } == 2 }
    }
  }

  @Test @LoopActor func `to a method that is not built yet says so`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let error = try await client.refusal("thread/realtime/listVoices", [:])
      #expect(error.at("message").string.hasPrefix("thread/realtime/listVoices is not implemented in codex-swift "))
      let unknown = try await client.refusal("thread/nonsense")
      #expect(unknown.at("message").string.hasPrefix("Invalid request: unknown variant `thread/nonsense`"))
    }
  }

  @Test @LoopActor func `with params of the wrong shape is refused`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let thread = try await client.startThread()
      let id = JSON.string(thread)
      let wrong: [(String, JSON)] = [
        ("thread/start", 7), ("thread/start", ["cwd": 7]), ("thread/start", ["sandbox": "everything"]),
        ("thread/start", ["approvalPolicy": "sometimes"]), ("thread/resume", [:]), ("thread/fork", ["threadId": 7]),
        ("thread/list", ["limit": -1]), ("thread/list", ["limit": 4_294_967_296]), ("thread/list", ["sortKey": "x"]),
        ("thread/name/set", ["threadId": id]), ("thread/metadata/update", ["threadId": id, "gitInfo": 7]),
        ("thread/inject_items", ["threadId": id, "items": 7]), ("thread/revert", ["threadId": id]),
        ("turn/start", ["threadId": id]), ("turn/start", ["threadId": id, "input": [["text": "no type"]]]),
        ("turn/start", ["threadId": id, "input": "Hi"]),
        ("turn/start", client.turnParams(thread, "Hi", ["effort": ""])),
        ("turn/steer", ["threadId": id, "input": []]), ("turn/interrupt", ["threadId": id]),
        ("account/login/start", ["type": "password"]), ("account/login/start", ["type": "apiKey"]),
        ("model/list", ["limit": "ten"]), ("config/read", ["includeLayers": 7]), ("account/logout", [1]),
      ]
      for (method, params) in wrong {
        let error = try await client.refusal(method, params)
        #expect(
          error.at("code") == -32600 && error.at("message").string.hasPrefix("Invalid request: "),
          "\(method) \(params.text): \(error.text)")
      }
    }
  }

  @Test(arguments: [
    ("x", "invalid character: expected an optional prefix of `urn:uuid:` followed by [0-9a-fA-F-], found `x` at 1"),
    ("", "invalid length: expected length 32 for simple format, found 0"),
    ("abc", "invalid length: expected length 32 for simple format, found 3"),
    ("ab-cd", "invalid group count: expected 5, found 2"),
    ("a-b-c-d-e-f", "invalid group count: expected 5, found 6"),
    ("0199-0000-0000-0000-000000000000", "invalid group length in group 0: expected 8, found 4"),
    ("01990000-000-0000-0000-000000000000", "invalid group length in group 1: expected 4, found 3"),
    ("01990000-0000-0000-0000-0000000000001", "invalid group length in group 4: expected 12, found 13"),
    (
      "0199000ü",
      "invalid character: expected an optional prefix of `urn:uuid:` followed by [0-9a-fA-F-], found `ü` at 8"
    ),
    (
      "../../etc/passwd",
      "invalid character: expected an optional prefix of `urn:uuid:` followed by [0-9a-fA-F-], found `.` at 1"
    ),
  ]) @LoopActor func `with an id that is none hears what is wrong with it`(id: String, problem: String) async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let params: JSON = ["threadId": .string(id)]
      #expect(
        try await client.refusal("thread/read", params) == [
          "code": -32600, "message": .string("invalid thread id: \(problem)"),
        ])
      #expect(
        try await client.refusal("thread/archive", params) == [
          "code": -32600, "message": .string("invalid session id: \(problem)"),
        ])
    }
  }
}

@Suite(.loop) struct `A client in a hurry` {
  /// Far more than the pipes hold, so that all of it has to be read while answers leave.
  @Test @LoopActor func `gets an answer to each of 20,000 requests, in their order`() async throws {
    try await Scene.run { scene in
      let (input, output) = (try Descriptor.pipe(), try Descriptor.pipe())
      scene.server.accept(StdioConnection(input: input.read, output: output.write))
      var lines = #"{"id":0,"method":"initialize","params":{"clientInfo":{"name":"hasty","version":"1"}}}"# + "\n"
      for id in 1...20_000 {
        let method = id % 3 == 0 ? "model/list" : id % 3 == 1 ? "thread/loaded/list" : "thread/read"
        lines += #"{"id":\#(id),"method":"\#(method)","params":{"limit":1}}"# + "\n"
      }
      let bytes = Array(lines.utf8)
      TestThread.start {
        var sent = 0
        while sent < bytes.count {
          let count = bytes.withUnsafeBytes { write(input.write, $0.baseAddress! + sent, $0.count - sent) }
          guard count > 0 else { break }
          sent += count
        }
      }
      let reader = LineReader(output.read) { $0.starts(with: #"{"id":20000,"#.utf8) }
      let answers = await reader.lines().filter { $0.starts(with: #"{"id":"#.utf8) }
      #expect(answers.count == 20_001)
      #expect(
        answers.enumerated().allSatisfy { place, line in line.starts(with: #"{"id":\#(place),"#.utf8) },
        "answers are missing or out of order")
      let refusals = answers.count { String(decoding: $0.prefix(40), as: UTF8.self).contains(#""error""#) }
      #expect(refusals == 6667)
      await scene.shutDown()
      for fd in [input.read, input.write, output.read, output.write] { close(fd) }
    }
  }

  @Test @LoopActor func `that does not read is read from no more, and loses nothing`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      client.pauseReading()
      let ids = (0..<2000).map { _ in client.request("model/list", [:]) }
      let probe = try await scene.connect("probe")
      try await probe.call("thread/loaded/list")
      client.resumeReading()
      for id in ids { try await client.result(of: id) }
      let order = client.messages.compactMap { $0["id"]?.intValue }
      #expect(order == order.sorted())
    }
  }

  @Test @LoopActor func `gets all of many slow requests answered`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let ids = (0..<1000).map { _ in client.request("thread/list", [:]) }
      for id in ids {
        #expect(
          try await client.result(of: id) == [
            "data": [], "readStates": [:], "nextCursor": nil, "backwardsCursor": nil,
          ])
      }
    }
  }

  @Test @LoopActor func `is told which of its messages was too long`() async throws {
    try await Scene.run { scene in
      let (input, output) = (try Descriptor.pipe(), try Descriptor.pipe())
      scene.server.accept(StdioConnection(input: input.read, output: output.write, lineLimit: 200))
      let long = String(repeating: "x", count: 300)
      let lines = [
        #"{"id":"a","method":"thread/read","params":{"threadId":"\#(long)"}}"#,
        #"{"params":"\#(long)","id":"b","method":"thread/read"}"#, #"{"id":"c","method":"thread/loaded/list"}"#,
      ]
      let bytes = Array((lines.joined(separator: "\n") + "\n").utf8)
      #expect(write(input.write, bytes, bytes.count) == bytes.count)
      let reader = LineReader(output.read) { $0.starts(with: #"{"id":"c","#.utf8) }
      #expect(
        await reader.lines().map { String(decoding: $0, as: UTF8.self) } == [
          #"{"id":"a","error":{"code":-32600,"message":"Invalid request: message is longer than 200 bytes"}}"#,
          #"{"id":"b","error":{"code":-32600,"message":"Invalid request: message is longer than 200 bytes"}}"#,
          #"{"id":"c","error":{"code":-32600,"message":"Not initialized"}}"#,
        ])
      await scene.shutDown()
      for fd in [input.read, input.write, output.read, output.write] { close(fd) }
    }
  }
}

/// Reads lines on a thread of its own until the last one.
private final class LineReader: Sendable {
  private let result = Collector<[[UInt8]]>()

  init(_ fd: Int32, until isLast: @escaping @Sendable ([UInt8]) -> Bool) {
    TestThread.start { [result] in
      var lines: [[UInt8]] = []
      var line: [UInt8] = []
      var buffer = [UInt8](repeating: 0, count: 1 << 16)
      while true {
        let count = read(fd, &buffer, buffer.count)
        guard count > 0 else { break }
        for byte in buffer[..<count] {
          guard byte == UInt8(ascii: "\n") else {
            line.append(byte)
            continue
          }
          lines.append(line)
          if isLast(line) { return result.append(lines) }
          line = []
        }
      }
      result.append(lines)
    }
  }

  func lines() async -> [[UInt8]] { await result.first(1)[0] }
}
