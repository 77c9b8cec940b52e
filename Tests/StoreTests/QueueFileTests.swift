import AppServerProtocol
import HostIO
import JSON
import Testing

@testable import Store

@Suite struct `The file of queued messages` {
  private let home: SampleHome
  private let file: QueueFile
  private var path: String { "\(home.path)/\(QueueFile.fileName)" }

  init() throws {
    home = try SampleHome()
    file = QueueFile(home: home.path)
  }

  private func submission(_ id: String) -> QueuedSubmission {
    QueuedSubmission(
      id: id,
      input: [
        .text("hello \"\(id)\" ä", elements: [TextElement(start: 0, end: 5, placeholder: "p")]),
        .image(url: "data:image/png;base64,AA==", detail: "low"), .localImage(path: "/p.png"),
        .skill(name: "s", path: "/s"), .mention(name: "m", path: "/m"), .audio(url: "data:"), .localAudio(path: "/a"),
      ], clientUserMessageID: "mine-\(id)")
  }

  private func add(_ id: String, to thread: String, in file: QueueFile) throws {
    try file.change(thread) { $0.append(submission(id)) }
  }

  @Test func `keeps what waits for the next process`() throws {
    try add("a", to: "one", in: file)
    try add("b", to: "one", in: file)
    try add("c", to: "two", in: file)
    let next = QueueFile(home: home.path)
    #expect(try next.queue(of: "one") == [submission("a"), submission("b")])
    #expect(try next.queue(of: "two") == [submission("c")])
    #expect(try next.queue(of: "three") == [])
    #expect(try File.status(path).mode == 0o600)
  }

  @Test func `sees what another process did`() throws {
    let other = QueueFile(home: home.path)
    try add("a", to: "one", in: file)
    try add("b", to: "one", in: other)
    try add("c", to: "one", in: file)
    #expect(try other.queue(of: "one").map(\.id) == ["a", "b", "c"])
  }

  @Test func `is gone when nothing waits any more`() throws {
    try add("a", to: "one", in: file)
    try file.change("one") { $0 = [] }
    #expect(!File.exists(path))
    #expect(try file.queue(of: "one") == [])
    try file.change("one") { $0 = [] }
  }

  @Test func `is not written when nothing changes`() throws {
    try add("a", to: "one", in: file)
    let before = try File.status(path)
    let count = try file.change("one") { $0.count }
    #expect(count == 1)
    #expect(try File.status(path) == before)
  }

  @Test(arguments: [
    "", "[]", "{", #"{"version":2,"threads":{}}"#, #"{"version":1,"threads":{"one":[{"id":"a"}]}}"#,
  ]) func `is left alone if it cannot be read`(text: String) throws {
    try home.write(text, to: path)
    #expect(throws: QueueFile.Failure.self) { try file.queue(of: "one") }
    #expect(throws: QueueFile.Failure.self) { try add("a", to: "one", in: file) }
    #expect(try File.read(path, limit: 1000) == Array(text.utf8))
  }

  @Test func `does not grow beyond its limit`() throws {
    try add("a", to: "one", in: file)
    let large = QueuedSubmission(
      id: "b", input: [.text(String(repeating: "x", count: QueueFile.maximumBytes))], clientUserMessageID: "")
    #expect(throws: QueueFile.Failure.tooLarge(limit: QueueFile.maximumBytes)) {
      try file.change("two") { $0.append(large) }
    }
    #expect(try file.queue(of: "one") == [submission("a")])
    #expect(try file.queue(of: "two") == [])
  }
}
