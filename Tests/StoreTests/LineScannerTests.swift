import Glibc
import HostIO
import Testing

@testable import Store

@Suite struct `Lines of a file` {
  private let home: SampleHome

  init() throws { home = try SampleHome() }

  private func file(_ text: String) throws -> SessionFile {
    try SessionFile(home.write(text, to: "\(home.path)/f"))
  }

  private func forward(_ file: SessionFile, chunk: Int, limit: Int = 1000) throws -> [String] {
    var scanner = LineScanner(file, chunkSize: chunk, maximumLineLength: limit)
    var lines: [String] = []
    var expected: Int64 = 0
    while let line = try scanner.next() {
      #expect(line.offset == expected)
      expected = line.end
      let text = String(decoding: scanner.buffer[line.range], as: UTF8.self)
      lines.append(line.isTooLong ? "<\(line.length)>" : line.isComplete ? text : text + "…")
    }
    #expect(expected == file.status.size)
    return lines
  }

  private func backward(_ file: SessionFile, chunk: Int, limit: Int = 1000) throws -> [String] {
    var scanner = BackwardLineScanner(file, end: file.status.size, chunkSize: chunk, maximumLineLength: limit)
    var lines: [String] = []
    var end = file.status.size
    while let line = try scanner.next() {
      #expect(line.end == end)
      end = line.offset
      let text = String(decoding: scanner.buffer[line.range], as: UTF8.self)
      lines.append(line.isTooLong ? "<\(line.length)>" : line.isComplete ? text : text + "…")
    }
    #expect(end == 0)
    return lines.reversed()
  }

  @Test func `lines come out whole in pieces of any size and in both directions`() throws {
    let cases: [(String, [String])] = [
      ("", []), ("\n", [""]), ("a", ["a…"]), ("a\n", ["a"]), ("\n\n", ["", ""]), ("a\nbb\nccc", ["a", "bb", "ccc…"]),
      ("first line\n\nthird\n", ["first line", "", "third"]),
      ("\nx", ["", "x…"]),
    ]
    for (text, lines) in cases {
      let file = try file(text)
      for chunk in 1...14 {
        #expect(try forward(file, chunk: chunk) == lines, "\(chunk)")
        #expect(try backward(file, chunk: chunk) == lines, "\(chunk)")
      }
    }
  }

  @Test func `a line beyond the limit is passed over and its neighbours are not`() throws {
    let long = String(repeating: "x", count: 50)
    let text = try file("ab\n\(long)\ncd\n\(long)")
    for chunk in [1, 3, 7, 16] {
      #expect(try forward(text, chunk: chunk, limit: 20) == ["ab", "<50>", "cd", "<50>"], "\(chunk)")
      #expect(try backward(text, chunk: chunk, limit: 20) == ["ab", "<50>", "cd", "<50>"], "\(chunk)")
    }
    // A piece that holds more than the limit shows the line, because it costs nothing more.
    #expect(try forward(text, chunk: 200, limit: 20) == ["ab", long, "cd", "<50>"])
  }

  @Test func `a scan begins and ends where it is told`() throws {
    let file = try file("a\nbb\nccc\n")
    var scanner = LineScanner(file, from: 2, to: 5)
    #expect(try scanner.next()?.offset == 2)
    #expect(try scanner.next() == nil)
    #expect(try scanner.next() == nil)
  }

  @Test func `the memory of a long line is given back`() throws {
    let file = try file(String(repeating: "y", count: 5000) + "\n" + String(repeating: "z\n", count: 20_000))
    var scanner = LineScanner(file, chunkSize: 64)
    _ = try scanner.next()
    #expect(scanner.buffer.count > 5000)
    while try scanner.next() != nil {}
    #expect(scanner.buffer.count == 64)
  }

  @Test func `a FIFO in place of a session file is refused without waiting`() throws {
    let path = "\(home.path)/fifo"
    #expect(mkfifo(path, 0o600) == 0)
    #expect(throws: SystemError.self) { try SessionFile(path) }
    #expect(throws: SystemError.self) { try SessionFile(home.path) }
  }
}
