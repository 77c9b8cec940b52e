import Glibc
import HostIO
import JSON
import Testing

@testable import AppServerProtocol
@testable import Store

@Suite struct `The timeline of a thread` {
  private let home: SampleHome

  init() throws { home = try SampleHome() }

  private func page(
    _ history: ThreadHistory, before cursor: TimelineCursor? = nil, limit: Int? = nil
  ) throws -> (entries: [JSON], next: TimelineCursor?) {
    var writer = JSONWriter()
    writer.beginArray()
    let next = try history.writeTimeline(threadID: "T", before: cursor, limit: limit, to: &writer)
    writer.endArray()
    return (try JSON.parse(writer.bytes).arrayValue ?? [], next)
  }

  /// `position type turn item` of each.
  private func outline(_ entries: [JSON]) -> [String] {
    entries.map { entry in
      let item = entry["item"]?["id"]?.stringValue.map { " \($0)" } ?? ""
      return
        "\(entry["position"]?.intValue ?? -1) \(entry["type"]?.stringValue ?? "?") \(entry["turnId"]?.stringValue ?? "?")\(item)"
    }
  }

  /// As 0.163.0 shows such a file.
  @Test func `items stand where they were first written, with what was written last`() throws {
    var file = SampleSession(1)
    file.start("t1")
    file.item("t1", #"{"type":"UserMessage","id":"u","content":[]}"#)
    file.item("t1", #"{"type":"AgentMessage","id":"a","content":[{"type":"Text","text":"old"}]}"#)
    file.item("t1", #"{"type":"AgentMessage","id":"a","content":[{"type":"Text","text":"new"}]}"#)
    file.item("t1", #"{"type":"Plan","id":"p","text":"plan"}"#)
    file.end("t1")
    file.start("t2")
    file.item("t2", #"{"type":"UserMessage","id":"u","content":[]}"#)
    file.item("gone", #"{"type":"AgentMessage","id":"g","content":[{"type":"Text","text":"x"}]}"#)
    file.item("t2", #"{"type":"Nonsense","id":"n"}"#)
    file.event(
      "turn_aborted", #""turn_id":"t2","reason":"interrupted","started_at":1,"completed_at":2,"duration_ms":3"#)
    file.end("ghost", error: #","error":{"message":"no","codex_error_info":"usage_limit_exceeded"}"#)
    file.start("t1")
    file.start("t3")
    let entries = try page(try openHistory(home.write(file, to: home.sessionPath(1)))).entries
    #expect(
      outline(entries) == [
        "1 turnStarted t1", "2 item t1 u", "3 item t1 a", "5 item t1 p", "6 turnCompleted t1", "7 turnStarted t2",
        "8 item t2 u", "9 item gone g", "11 turnCompleted t2", "12 turnStarted ghost", "12 turnCompleted ghost",
        "14 turnStarted t3",
      ])
    #expect(entries[2]["item"]?["text"] == "new")
    #expect(try entries[0] == JSON.parse(#"{"type":"turnStarted","position":1,"turnId":"t1","startedAt":100}"#))
    #expect(
      try entries[8]
        == JSON.parse(
          #"{"type":"turnCompleted","position":11,"turnId":"t2","status":"interrupted","error":null,"startedAt":1,"completedAt":2,"durationMs":3}"#
        ))
    #expect(entries[10]["status"] == "failed")
    #expect(entries[10]["error"]?["codexErrorInfo"] == "usageLimitExceeded")
  }

  @Test(arguments: [1, 2, 3, 5, 100]) func `pages go back from the end and make up the whole`(limit: Int) throws {
    var file = SampleSession(1)
    for turn in 1...4 { file.turn("t\(turn)", "q", "a") }
    let history = try openHistory(home.write(file, to: home.sessionPath(1)))
    let all = try page(history, limit: 100).entries
    #expect(all.count == 16)
    var entries: [JSON] = []
    var cursor: TimelineCursor?
    repeat {
      let page = try page(history, before: cursor, limit: limit)
      #expect(page.entries.count == limit || page.next == nil)
      entries = page.entries + entries
      cursor = page.next.flatMap { TimelineCursor($0.text) }
      #expect(cursor == page.next)
    } while cursor != nil
    #expect(entries == all)
  }

  @Test func `pages have limits, and cursors name their first entry`() throws {
    var file = SampleSession(1)
    for turn in 1...40 { file.turn("t\(turn)", "q", "a") }
    let history = try openHistory(home.write(file, to: home.sessionPath(1)))
    let first = try page(history)
    #expect(first.entries.count == ThreadHistory.defaultTimelineEntries)
    #expect(first.next?.text == #"{"threadId":"T","position":204,"kind":3,"id":"t34"}"#)
    #expect(try page(history, limit: 0).entries.count == 1)
    #expect(try page(history, limit: 1000).entries.count == ThreadHistory.maximumTimelineEntries)
    let middle = try page(history, before: TimelineCursor(threadID: "T", position: 4, kind: 1, id: "?"), limit: 1)
    #expect(outline(middle.entries) == ["3 item t1 u"])
    #expect(middle.next?.text == #"{"threadId":"T","position":3,"kind":1,"id":"u"}"#)
    #expect(try page(history, before: TimelineCursor(threadID: "T", position: 0, kind: 1, id: "?")).entries == [])
  }

  @Test func `what is appended is seen`() throws {
    var file = SampleSession(1)
    file.turn("t1", "q", "a")
    let path = try home.write(file, to: home.sessionPath(1))
    let history = try openHistory(path)
    #expect(try page(history).entries.count == 4)
    let before = file.text.utf8.count
    file.start("t2")
    let descriptor = try Descriptor(opening: path, O_WRONLY | O_APPEND)
    try descriptor.writeAll(Array(file.text.utf8.dropFirst(before)), path: path)
    try history.refresh()
    #expect(outline(try page(history).entries).last == "7 turnStarted t2")
  }

  @Test func `only whole cursors are cursors`() {
    for text in [
      "", "zz", "{}", "100", #"{"threadId":"a","position":"1","kind":1,"id":"x"}"#,
      #"{"threadId":"a","position":-1,"kind":1,"id":"x"}"#, #"{"threadId":"a","position":1,"kind":256,"id":"x"}"#,
      #"{"threadId":"a","position":1,"kind":1}"#,
    ] { #expect(TimelineCursor(text) == nil, "\(text)") }
    let more = #"{"threadId":"a","position":1,"kind":7,"id":"x","extra":1}"#
    #expect(TimelineCursor(more) == TimelineCursor(threadID: "a", position: 1, kind: 7, id: "x"))
  }
}
