import HostIO
import JSON
import Testing

@testable import AppServerProtocol
@testable import Store

private let now = UnixTime(milliseconds: 1_767_323_045_678)

@Suite struct `Histories that begin in another file` {
  private let home: SampleHome
  private let directory: ThreadDirectory

  init() throws {
    home = try SampleHome()
    directory = ThreadDirectory(home: home.path)
  }

  /// A file that continues `segment` from its first `records` records on, as the reference writes it.
  private func continuation(
    _ number: Int, of parent: SampleSession, segment: String, records: Int, offset: Int? = nil
  ) -> SampleSession {
    let bytes = offset ?? parent.lines.prefix(records).reduce(0) { $0 + $1.utf8.count + 1 }
    let first = parent.ordinal - parent.lines.count
    return SampleSession(
      number, firstOrdinal: first + records,
      meta:
        #","history_base":{"thread_id":"\#(segment)","end_ordinal_exclusive":\#(first + records),"end_byte_offset":\#(bytes)}"#
    )
  }

  private func parent() -> SampleSession {
    var parent = SampleSession(1)
    parent.turn("t1", "q1", "a1")
    parent.turn("t2", "q2", "a2")
    parent.turn("t3", "q3", "a3")
    return parent
  }

  /// The number of records up to the start of the last turn: a head and two turns of six.
  private let untilThird = 13

  @Test func `a fork shows the parent up to the cut and then its own`() throws {
    let parent = parent()
    try home.write(parent, to: home.sessionPath(1))
    var child = continuation(2, of: parent, segment: parent.id, records: untilThird)
    child.turn("f1", "fork q", "fork a")
    try home.write(child, to: home.sessionPath(2, second: 9))
    var grandchild = continuation(3, of: child, segment: child.id, records: 1)
    grandchild.turn("g1", "grand q", "grand a")
    try home.write(grandchild, to: home.sessionPath(3, day: 3))

    let fork = try directory.history(of: child.id)
    #expect(try fork.outline() == ["t1 completed u,a", "t2 completed u,a", "f1 completed u,a"])
    #expect(try fork.loadModelHistory().texts == ["q1", "a1", "q2", "a2", "fork q", "fork a"])
    #expect(fork.meta.id == child.id)
    let last = try directory.history(of: grandchild.id)
    #expect(try last.outline() == ["t1 completed u,a", "t2 completed u,a", "g1 completed u,a"])
    #expect(try last.loadModelHistory().texts == ["q1", "a1", "q2", "a2", "grand q", "grand a"])
  }

  @Test func `an offset that cuts no record is not believed`() throws {
    let parent = parent()
    try home.write(parent, to: home.sessionPath(1))
    for offset in [0, -5, 77, Int.max] {
      var child = continuation(2, of: parent, segment: parent.id, records: untilThird, offset: offset)
      child.turn("f1", "fork q", "fork a")
      try home.write(child, to: home.sessionPath(2))
      #expect(try directory.history(of: child.id).turnIDs == ["t1", "t2", "f1"])
    }
  }

  @Test func `a thread that was taken back goes on in its newest file`() throws {
    let first = parent()
    try home.write(first, to: home.sessionPath(1))
    var second = continuation(1, of: first, segment: first.id, records: untilThird)
    second.turn("t4", "q4", "a4")
    second.turn("t5", "q5", "a5")
    try home.write(second, to: home.sessionPath(1, continuation: 101))
    // The second file is called by the id that its name ends in.
    var third = continuation(1, of: second, segment: SampleHome.id(101), records: 7)
    third.turn("t6", "q6", "a6")
    try home.write(third, to: home.sessionPath(1, continuation: 102))
    let history = try directory.history(of: first.id)
    #expect(history.path == home.sessionPath(1, continuation: 102))
    #expect(history.turnIDs == ["t1", "t2", "t4", "t6"])
    #expect(try history.loadModelHistory().texts == ["q1", "a1", "q2", "a2", "q4", "a4", "q6", "a6"])
    let list = try directory.list(ThreadListParams(), defaultModelProvider: "mock")
    #expect(list.threads.map(\.path) == [home.sessionPath(1, continuation: 102)])
  }

  @Test func `files that continue each other for ever are an error`() throws {
    let parent = parent()
    try home.write(continuation(1, of: parent, segment: SampleHome.id(2), records: 3), to: home.sessionPath(1))
    try home.write(continuation(2, of: parent, segment: SampleHome.id(1), records: 3), to: home.sessionPath(2))
    let path = home.sessionPath(1)
    #expect(throws: StoreError.endlessChain(path: path)) { try directory.history(of: SampleHome.id(1)) }
    try home.write(continuation(3, of: parent, segment: SampleHome.id(3), records: 3), to: home.sessionPath(3))
    #expect(throws: StoreError.endlessChain(path: home.sessionPath(3))) { try directory.history(of: SampleHome.id(3)) }
  }

  @Test func `a chain as long as allowed is read, and a longer one is an error`() throws {
    let parent = parent()
    let count = HistoryChain.maximumLength
    try home.write(parent, to: home.sessionPath(1))
    for number in 2...count + 1 {
      try home.write(
        continuation(number, of: parent, segment: SampleHome.id(number - 1), records: untilThird),
        to: home.sessionPath(number))
    }
    #expect(try directory.history(of: SampleHome.id(count)).turnIDs == ["t1", "t2"])
    #expect(throws: StoreError.endlessChain(path: home.sessionPath(count + 1))) {
      try directory.history(of: SampleHome.id(count + 1))
    }
  }

  @Test func `a missing parent is named`() throws {
    let parent = parent()
    try home.write(continuation(2, of: parent, segment: parent.id, records: 3), to: home.sessionPath(2))
    #expect(throws: StoreError.missingBase(path: home.sessionPath(2), segmentID: parent.id)) {
      try directory.history(of: SampleHome.id(2))
    }
  }

  @Test func `a parent in the archive is found`() throws {
    let parent = parent()
    try home.write(parent, to: home.sessionPath(1))
    try home.write(continuation(2, of: parent, segment: parent.id, records: untilThird), to: home.sessionPath(2))
    _ = try directory.archive(parent.id)
    #expect(try directory.history(of: SampleHome.id(2)).turnIDs == ["t1", "t2"])
  }

  private func meta(_ number: Int, forkOf parent: SampleSession, mode: HistoryMode = .paginated) -> SessionMeta {
    var meta = SessionMeta(
      id: SampleHome.id(number), timestamp: now.iso8601, cwd: "/w", originator: "o", cliVersion: "1",
      modelProvider: "mock", historyMode: mode)
    meta.forkedFromID = parent.id
    return meta
  }

  @Test func `a copied fork has the history up to the cut under its own name`() throws {
    var parent = parent()
    parent.record("world_state", "{}")
    parent.raw("garbage")
    parent.event("thread_settings_applied", #""thread_id":"\#(parent.id)","thread_settings":{"model":"m"}"#)
    try home.write(parent, to: home.sessionPath(1))
    let history = try directory.history(of: parent.id)

    let path = home.sessionPath(2)
    let cut = try history.cut(afterTurn: "t2")
    let writer = try RolloutFork.copy(history, to: cut, meta: meta(2, forkOf: parent), path: path, at: now)
    let fork = try directory.history(of: SampleHome.id(2))
    #expect(fork.turnIDs == ["t1", "t2"])
    #expect(try fork.loadModelHistory().texts == ["q1", "a1", "q2", "a2"])
    let text = String(decoding: try File.read(path, limit: 1 << 20), as: UTF8.self)
    let lines = try text.split(separator: "\n").map { try JSON.parse(String($0)) }
    #expect(lines.map { $0["ordinal"]?.intValue } == Array(0..<lines.count))
    #expect(writer.nextOrdinal == Int64(lines.count))
    #expect(lines[0]["payload"]?["forked_from_id"] == .string(parent.id))
    #expect(lines.dropFirst().allSatisfy { $0["payload"]?["thread_id"] != .string(parent.id) })
    #expect(lines.count == untilThird)
    try writer.append(.taskStarted(turnID: "f1", startedAt: 1, contextWindow: nil), at: now)
    #expect(try directory.history(of: SampleHome.id(2)).turnIDs == ["t1", "t2", "f1"])

    let before = try history.cut(beforeTurn: "t1")
    _ = try RolloutFork.copy(history, to: before, meta: meta(3, forkOf: parent), path: home.sessionPath(3), at: now)
    #expect(try directory.history(of: SampleHome.id(3)).turnIDs.isEmpty)
    _ = try RolloutFork.copy(
      history, to: history.end, meta: meta(4, forkOf: parent), path: home.sessionPath(4), at: now)
    #expect(try directory.history(of: SampleHome.id(4)).turnIDs == ["t1", "t2", "t3"])
    #expect(throws: StoreError.turnNotFound(id: "x")) { try history.cut(afterTurn: "x") }
    #expect(throws: StoreError.exists(path: path)) {
      try RolloutFork.copy(history, to: cut, meta: meta(2, forkOf: parent), path: path, at: now)
    }
    #expect(File.exists(path))
  }

  @Test func `a fork of a fork is copied whole`() throws {
    let parent = parent()
    try home.write(parent, to: home.sessionPath(1))
    var child = continuation(2, of: parent, segment: parent.id, records: untilThird)
    child.turn("f1", "fork q", "fork a")
    try home.write(child, to: home.sessionPath(2))
    let history = try directory.history(of: child.id)
    _ = try RolloutFork.copy(history, to: history.end, meta: meta(5, forkOf: child), path: home.sessionPath(5), at: now)
    #expect(try directory.history(of: SampleHome.id(5)).outline() == history.outline())
  }

  @Test func `a legacy thread is copied without ordinals`() throws {
    var parent = SampleSession(1, mode: .legacy)
    parent.event("user_message", #""message":"q1""#)
    parent.event("user_message", #""message":"q2""#)
    try home.write(parent, to: home.sessionPath(1))
    let history = try directory.history(of: parent.id)
    let cut = try history.cut(beforeTurn: "rollout-2")
    let path = home.sessionPath(2)
    _ = try RolloutFork.copy(history, to: cut, meta: meta(2, forkOf: parent, mode: .legacy), path: path, at: now)
    #expect(try directory.history(of: SampleHome.id(2)).outline() == ["rollout-1 completed item-1"])
    #expect(!String(decoding: try File.read(path, limit: 10_000), as: UTF8.self).contains("ordinal"))
  }

  @Test func `what the reference needs to refer to a place is the place that it writes`() throws {
    let parent = parent()
    try home.write(parent, to: home.sessionPath(1))
    let history = try directory.history(of: parent.id)
    let base = history.base(at: try history.cut(beforeTurn: "t3"))
    let bytes = parent.lines.prefix(untilThird).reduce(0) { $0 + $1.utf8.count + 1 }
    #expect(base == .init(segmentID: parent.id, endOrdinal: Int64(untilThird), endOffset: Int64(bytes)))
    #expect(history.base(at: try history.cut(afterTurn: "t2")) == base)
    // A file of ours that refers to it is read back.
    var meta = meta(2, forkOf: parent)
    meta.historyBase = base
    meta.forkedFromOrdinal = base.endOrdinal
    let writer = RolloutWriter.new(
      path: home.sessionPath(2), threadID: meta.id, historyMode: .paginated, firstOrdinal: base.endOrdinal)
    try writer.append(.sessionMeta(meta), at: now)
    #expect(try directory.history(of: meta.id).turnIDs == ["t1", "t2"])
    #expect(try directory.history(of: meta.id).meta == meta)
  }
}

@Suite struct `The history for the model` {
  private let home: SampleHome

  init() throws { home = try SampleHome() }

  @Test func `items come as they were sent, without what the reference adds`() throws {
    var file = SampleSession(1)
    file.message("user", "q", members: #","internal_chat_message_metadata_passthrough":{"turn_id":"t"}"#)
    file.record("response_item", #"{"type":"reasoning","summary":[],"encrypted_content":"x","n":1.50}"#)
    file.raw(
      #"{"timestamp":"t","ordinal":9,"type":"response_item","payload":{"type":"function_call","call_id":"c"},"metadata":{"x":1}}"#
    )
    file.raw(#"{"timestamp":"t","ordinal":10,"type":"response_item","payload":{"type":"broken""#)
    let history = try openHistory(home.write(file, to: home.sessionPath(1))).loadModelHistory()
    #expect(
      history.items.map { String(decoding: $0, as: UTF8.self) } == [
        #"{"type":"message","role":"user","content":[{"type":"input_text","text":"q"}]}"#,
        #"{"type":"reasoning","summary":[],"encrypted_content":"x","n":1.50}"#,
        #"{"type":"function_call","call_id":"c"}"#,
      ])
  }

  @Test func `the last replacement and what follows is the history`() throws {
    func item(_ text: String) -> String {
      #"{"type":"message","role":"user","content":[{"type":"input_text","text":"\#(text)"}],"internal_chat_message_metadata_passthrough":{}}"#
    }
    var file = SampleSession(1)
    file.message("user", "old")
    file.record("compacted", #"{"message":"s1","replacement_history":[\#(item("one"))]}"#)
    file.message("assistant", "middle")
    file.record("compacted", #"{"message":"s2","replacement_history":[\#(item("two")),\#(item("three"))]}"#)
    file.message("assistant", "after")
    let history = try openHistory(home.write(file, to: home.sessionPath(1))).loadModelHistory()
    #expect(history.texts == ["two", "three", "after"])
    #expect(history.compactions == 2)
    #expect(!history.items.contains { String(decoding: $0, as: UTF8.self).contains("passthrough") })
  }

  @Test func `an old summary without a replacement keeps what the user said`() throws {
    var file = SampleSession(1, mode: .legacy)
    file.message("user", "<environment_context>x</environment_context>")
    file.message("user", "first")
    file.message("assistant", "answer")
    file.message("user", "second")
    file.record("compacted", #"{"message":"SUMMARY"}"#)
    file.message("assistant", "after")
    let history = try openHistory(home.write(file, to: home.sessionPath(1))).loadModelHistory()
    #expect(history.texts == ["first", "second", "SUMMARY", "after"])
    #expect(history.compactions == 1)
  }

  @Test func `of what the user said before an old summary only so much is kept`() throws {
    var file = SampleSession(1, mode: .legacy)
    let long = String(repeating: "x", count: ThreadHistory.keptUserMessageBytes - 400)
    file.message("user", "too old")
    file.message("user", long)
    file.message("user", "newest")
    file.record("compacted", #"{"message":"S","replacement_history":null}"#)
    let history = try openHistory(home.write(file, to: home.sessionPath(1))).loadModelHistory()
    #expect(history.texts == [long, "newest", "S"])
  }

  @Test func `settings and tokens are the last ones`() throws {
    var file = SampleSession(1)
    func context(_ model: String) -> String {
      #"{"turn_id":"t","cwd":"file:///a%20b","approval_policy":"never","sandbox_policy":{"type":"read-only"},"model":"\#(model)","effort":"low","summary":"none"}"#
    }
    func tokens(_ total: Int) -> String {
      #""info":{"total_token_usage":{"input_tokens":1,"total_tokens":\#(total)},"last_token_usage":{"total_tokens":3},"model_context_window":99}"#
    }
    file.record("turn_context", context("m1"))
    file.event("token_count", tokens(10))
    file.record("turn_context", context("m2"))
    file.event("token_count", tokens(20))
    file.event("token_count", #""info":null,"rate_limits":{}"#)
    file.event("thread_settings_applied", #""thread_id":"x","thread_settings":{"model":"m3","cwd":"/c","extra":1}"#)
    let history = try openHistory(home.write(file, to: home.sessionPath(1))).loadModelHistory()
    #expect(history.latest.turnContext?.model == "m2")
    #expect(history.latest.turnContext?.cwd == "/a b")
    #expect(history.latest.turnContext?.effort == "low")
    #expect(history.latest.settings?.model == "m3")
    #expect(history.latest.settings?.raw == RawJSON(["model": "m3", "cwd": "/c", "extra": 1]))
    #expect(history.latest.settingsAreNewer)
    #expect(history.latest.tokens?.total.total == 20)
    #expect(history.latest.tokens?.contextWindow == 99)
  }
}
