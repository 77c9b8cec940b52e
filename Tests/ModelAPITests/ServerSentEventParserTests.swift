import Testing

@testable import ModelAPI

@Suite struct ServerSentEventParserTests {
  /// The data of all events in `chunks`, with the end of the stream.
  private func events(_ chunks: [[UInt8]], limit: Int = 1000) throws(ServerSentEventError) -> [String] {
    var parser = ServerSentEventParser(maximumEventBytes: limit)
    var events: [String] = []
    for chunk in chunks {
      parser.append(chunk)
      while let event = try parser.next() { events.append(text(event.data)) }
    }
    while let event = try parser.finish() { events.append(text(event.data)) }
    return events
  }

  /// Whole, cut once at every place, and byte by byte.
  private func splits(_ bytes: [UInt8]) -> [[[UInt8]]] {
    [[bytes], bytes.map { [$0] }] + bytes.indices.map { [Array(bytes[..<$0]), Array(bytes[$0...])] }
  }

  private func check(
    _ stream: String, _ expected: [String], sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    for chunks in splits(Array(stream.utf8)) {
      #expect(try events(chunks) == expected, "\(chunks)", sourceLocation: sourceLocation)
    }
  }

  @Test func `events end at a blank line whatever ends the lines`() throws {
    try check("data: a\n\ndata: b\n\n", ["a", "b"])
    try check("data: a\r\n\r\ndata: b\r\n\r\n", ["a", "b"])
    try check("data: a\r\rdata: b\r\r", ["a", "b"])
    try check("data: a\r\n\ndata: b\n\r\n\r", ["a", "b"])
    try check("data: é€😀\n\n", ["é€😀"])
  }

  @Test func `several data lines are joined with LF`() throws {
    try check("data: a\ndata:b\ndata\ndata:  c\n\n", ["a\nb\n\n c"])
    try check("data\ndata\n\n", ["\n"])
  }

  @Test func `comments and other fields are dropped`() throws {
    try check(": hello\nevent: x\ndata: a\nid: 1\nretry: 5\n\n:\n\ndatax: b\nda\n\n", ["a"])
  }

  @Test func `an event without data is none`() throws {
    try check("\n\n\ndata:\n\ndata: \n\nevent: x\n\ndata: a\n\n", ["a"])
  }

  @Test func `a byte order mark counts at the start only`() throws {
    try check("\u{FEFF}data: a\n\n\u{FEFF}data: b\n\ndata: c\n\n", ["a", "c"])
    try check("\u{FEFF}\ndata: a\n\n", ["a"])
  }

  @Test func `the last event needs no blank line`() throws {
    try check("data: a\n\ndata: b\n", ["a", "b"])
    try check("data: a\n\ndata: b", ["a", "b"])
    try check("data: a\n\nevent: b", ["a"])
    try check("", [])
  }

  @Test func `an event larger than the limit is refused, and everything after it`() throws {
    #expect(try events([Array("data: 12345\n\n".utf8)], limit: 11) == ["12345"])
    #expect(try events([Array("data: 12\ndata: 34567\n\n".utf8)], limit: 13) == ["12\n34567"])
    for stream in [
      "data: a\n\ndata: 123456\n\ndata: b\n\n", "data: a\n\ndata: 12345\ndata:1\n\n", "data: a\n\n:234567890123",
    ] {
      for chunks in splits(Array(stream.utf8)) {
        var parser = ServerSentEventParser(maximumEventBytes: 11 - (stream.contains("data:1\n") ? 1 : 0))
        var events: [String] = []
        var failures = 0
        for chunk in chunks {
          parser.append(chunk)
          do throws(ServerSentEventError) {
            while let event = try parser.next() { events.append(text(event.data)) }
          } catch {
            failures += 1
          }
        }
        #expect(events == ["a"])
        #expect(failures > 0)
        #expect(throws: ServerSentEventError.self) { _ = try parser.finish() }
      }
    }
    #expect(ServerSentEventParser.maximumEventBytes == 64 << 20)
  }

  @Test func `an event inside one chunk is handed out in place`() throws {
    let chunk = Array("data: a\n\ndata: b\n\n".utf8)
    var parser = ServerSentEventParser()
    parser.append(chunk)
    let first = try #require(try parser.next())
    let second = try #require(try parser.next())
    #expect((first.range, second.range) == (6..<7, 15..<16))
    let addresses = [chunk, first.bytes, second.bytes].map { $0.withUnsafeBufferPointer { $0.baseAddress } }
    #expect(Set(addresses).count == 1)
  }

  @Test func `chunks that were not read yet are kept`() throws {
    var parser = ServerSentEventParser()
    parser.append(Array("data: a\n\nda".utf8)[...])
    parser.append(Array("__ta: b\n\n".utf8)[2...])
    #expect(try parser.next()?.data == Array("a".utf8))
    #expect(try parser.next()?.data == Array("b".utf8))
    #expect(try parser.next()?.data == nil)
  }
}
