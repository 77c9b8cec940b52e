import AgentCore
import AppServerProtocol
import Testing

@Suite struct `A queue of messages` {
  private func queue(_ ids: String...) throws -> MessageQueue {
    var queue = MessageQueue()
    for id in ids { try queue.add(submission(id)) }
    return queue
  }

  private func submission(_ id: String, _ text: String = "hello") -> QueuedSubmission {
    QueuedSubmission(id: id, input: [.text(text)], clientUserMessageID: "mine-\(id)")
  }

  private func ids(_ queue: MessageQueue) -> [String] { queue.submissions.map(\.id) }

  @Test func `keeps the order in which they came`() throws {
    var queue = try queue("a", "b", "c")
    #expect(ids(queue) == ["a", "b", "c"])
    #expect(try queue.take(nil) == submission("a"))
    #expect(try queue.take("c") == submission("c"))
    #expect(try queue.take(nil) == submission("b"))
    #expect(try queue.take(nil) == nil)
  }

  @Test func `takes no more than its limit`() throws {
    var queue = MessageQueue()
    for number in 0..<MessageQueue.maximumSubmissions { try queue.add(submission("\(number)")) }
    #expect(throws: MessageQueue.Refusal.full) { try queue.add(submission("one more")) }
    _ = try queue.take(nil)
    try queue.add(submission("one more"))
    #expect(queue.submissions.count == MessageQueue.maximumSubmissions)
  }

  @Test func `refuses messages without input`() throws {
    var queue = try queue("a")
    let empty = QueuedSubmission(id: "b", input: [], clientUserMessageID: "")
    #expect(throws: MessageQueue.Refusal.emptyInput) { try queue.add(empty) }
    #expect(throws: MessageQueue.Refusal.emptyInput) { try queue.update("a", input: []) }
    #expect(queue.submissions == [submission("a")])
  }

  @Test func `changes a message in its place`() throws {
    var queue = try queue("a", "b")
    #expect(try queue.update("a", input: [.text("new")]) == submission("a", "new"))
    #expect(queue.submissions == [submission("a", "new"), submission("b")])
  }

  @Test func `says which message it does not have`() throws {
    var queue = try queue("a")
    #expect(throws: MessageQueue.Refusal.unknownSubmission(id: "z")) { try queue.update("z", input: [.text("x")]) }
    #expect(throws: MessageQueue.Refusal.unknownSubmission(id: "z")) { try queue.take("z") }
    #expect(["z", "a", "a"].map { queue.remove($0) } == [false, true, false])
    #expect(ids(queue) == [])
  }

  @Test(arguments: [["a", "b"], ["a", "b", "z"], ["a", "b", "b"], ["a", "b", "c", "c"], []])
  func `is put in order only by all of its ids`(order: [String]) throws {
    var queue = try queue("a", "b", "c")
    #expect(throws: MessageQueue.Refusal.incompleteOrder) { try queue.reorder(order) }
    #expect(ids(queue) == ["a", "b", "c"])
    try queue.reorder(["c", "a", "b"])
    #expect(ids(queue) == ["c", "a", "b"])
  }

  @Test func `takes back a message whose turn could not start`() throws {
    var queue = try queue("a", "b")
    let taken = try #require(try queue.take("b"))
    queue.putBack(taken)
    #expect(ids(queue) == ["b", "a"])
  }

  @Test func `is read in pages`() throws {
    let queue = try queue("a", "b", "c")
    func page(_ cursor: String?, _ limit: Int?) throws -> [String?] {
      let page = try queue.page(cursor: cursor, limit: limit)
      return page.submissions.map(\.id) + [page.nextCursor]
    }
    #expect(try page(nil, nil) == ["a", "b", "c", nil])
    #expect(try page(nil, 2) == ["a", "b", "2"])
    #expect(try page("2", 2) == ["c", nil])
    #expect(try page(nil, 0) == ["a", "1"])
    #expect(try page("1", .max) == ["b", "c", nil])
    #expect(try page("1000", 1) == [nil])
  }

  @Test(arguments: ["", "x", "-1", "1.5", "99999999999999999999"])
  func `has no page for what is no cursor`(cursor: String) throws {
    let queue = try queue("a")
    #expect(throws: MessageQueue.Refusal.invalidCursor(cursor)) { try queue.page(cursor: cursor, limit: nil) }
  }
}
