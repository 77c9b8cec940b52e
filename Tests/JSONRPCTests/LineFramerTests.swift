import JSONRPC
import Testing

private func events(_ chunks: [String], limit: Int = 100) -> [LineFramer.Event] {
  var framer = LineFramer(limit: limit)
  var events: [LineFramer.Event] = []
  for chunk in chunks {
    framer.append(Array(chunk.utf8))
    while let event = framer.next() { events.append(event) }
  }
  if let rest = framer.finish() { events.append(rest) }
  return events
}

private func lines(_ texts: String...) -> [LineFramer.Event] {
  texts.map { .line(Array($0.utf8)) }
}

@Suite struct LineFramerTests {
  @Test func `lines end at LF, with or without CR, and the last one needs no end`() {
    #expect(events(["a\nbb\r\n\n\r\nccc"]) == lines("a", "bb", "", "", "ccc"))
  }

  @Test func `a CR inside a line belongs to it`() {
    #expect(events(["a\rb\n"]) == lines("a\rb"))
  }

  @Test func `every way of cutting the input gives the same lines`() {
    let text = "{\"id\":1}\r\n\nüber\nlast one without end"
    let bytes = Array(text.utf8)
    let whole = events([text])
    for cut in 0...bytes.count {
      var framer = LineFramer()
      var found: [LineFramer.Event] = []
      for part in [bytes[..<cut], bytes[cut...]] {
        framer.append(part)
        while let event = framer.next() { found.append(event) }
      }
      if let rest = framer.finish() { found.append(rest) }
      #expect(found == whole, "cut at \(cut)")
    }
    var framer = LineFramer()
    var found: [LineFramer.Event] = []
    for byte in bytes {
      framer.append([byte])
      while let event = framer.next() { found.append(event) }
    }
    if let rest = framer.finish() { found.append(rest) }
    #expect(found == whole, "byte by byte")
  }

  @Test func `a line of exactly the limit passes, one byte more is reported once and skipped to its end`() {
    let fits = String(repeating: "x", count: 10)
    #expect(events([fits + "\n"], limit: 10) == lines(fits))
    let tooLong = fits + "y"
    let report = LineFramer.Event.tooLong(start: Array(tooLong.utf8))
    #expect(events([tooLong + "\nnext\n"], limit: 10) == [report] + lines("next"))
    #expect(events([tooLong, "zzzz", "zz", "\nnext\n"], limit: 10) == [report] + lines("next"))
  }

  @Test func `of an oversized line only its start is kept`() {
    let long = String(repeating: "a", count: 3 * LineFramer.keptOfLongLine)
    guard case .tooLong(let start) = events([long], limit: 100).first else {
      Issue.record("no report")
      return
    }
    #expect(start.count == LineFramer.keptOfLongLine)
  }

  @Test func `what was read is let go of`() {
    var framer = LineFramer()
    for _ in 0..<1000 {
      framer.append(Array((String(repeating: "x", count: 5000) + "\n").utf8))
      while framer.next() != nil {}
    }
    #expect(framer.bufferedBytes == 0)
  }
}
