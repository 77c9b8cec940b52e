import HostIO
import JSON
import Testing

@testable import AppServerProtocol
@testable import Store

@Suite struct `The history of a paginated thread` {
  private let home: SampleHome

  init() throws { home = try SampleHome() }

  /// Recorded with 0.163.0: a file with about everything that does not go in order.
  private static func unruly() -> SampleSession {
    var file = SampleSession(1)
    file.item("t0", #"{"type":"UserMessage","id":"u0","content":[]}"#)
    file.start("t1")
    file.user("t1", "q1", id: "u1")
    file.agent("t1", "x", id: "a1")
    file.agent("t1", "x2", id: "a1")
    file.end("t1")
    file.agent("t1", "late one", id: "late")
    file.agent("nope", "unknown turn", id: "n1")
    file.start("t2")
    file.user("t2", "q2", id: "u1")
    file.start("t3")
    file.user("t3", "q3", id: "u1")
    file.agent("t2", "to t2", id: "b")
    file.event("turn_aborted", #""turn_id":"t3","reason":"interrupted","completed_at":5,"duration_ms":7"#)
    file.start("t3")
    file.user("t3", "again t3", id: "u3")
    file.end("t3")
    file.start("t4")
    file.user("t4", "q4", id: "u1")
    file.event("thread_rolled_back", #""num_turns":1"#)
    file.event("task_complete", #""turn_id":"ghost","last_agent_message":null"#)
    file.event("turn_started", #""turn_id":"t5","started_at":3"#)
    file.event("user_message", #""message":"legacy in paginated""#)
    file.agent("t5", "one", id: "c1", phase: "commentary")
    file.agent("t5", "two", id: "c2", phase: "final_answer")
    file.agent("t5", "three", id: "c3", phase: "commentary")
    file.event("turn_complete", #""turn_id":"t5""#)
    file.event("turn_aborted", #""reason":"interrupted""#)
    return file
  }

  @Test func `turns and items are those of the reference, whatever the order of the records`() throws {
    let history = try openHistory(home.write(Self.unruly(), to: home.sessionPath(1)))
    #expect(
      try history.outline() == [
        "t1 completed u1,a1,late", "t2 interrupted u1,b", "t3 interrupted u1,u3", "t4 interrupted u1",
        "ghost completed ", "t5 completed c1,c2,c3",
      ])
    #expect(
      try history.outline(.summary) == [
        "t1 completed u1,a1", "t2 interrupted u1", "t3 interrupted u1", "t4 interrupted u1", "ghost completed ",
        "t5 completed c2",
      ])
    #expect(try history.outline(.notLoaded).first == "t1 completed ")
    #expect(
      try history.itemsPage(limit: 100).items.map {
        "\($0["turnId"]?.stringValue ?? "")/\($0["item"]?["id"]?.stringValue ?? "")"
      } == [
        "t0/u0", "t1/u1", "t1/a1", "t1/late", "nope/n1", "t2/u1", "t3/u1", "t2/b", "t3/u3", "t4/u1", "t5/c1", "t5/c2",
        "t5/c3",
      ])
  }

  @Test func `a turn is written with all that its records tell`() throws {
    var file = SampleSession(1)
    file.start("t1")
    file.user("t1", "hi")
    file.end("t1", error: #","error":{"message":"m","codex_error_info":"usage_limit_exceeded"}"#)
    let turns = try openHistory(home.write(file, to: home.sessionPath(1))).turnsPage().turns
    #expect(
      turns.first?.text == """
        {"id":"t1","rootTurnId":"t1","items":[{"type":"userMessage","id":"u","clientId":null,\
        "content":[{"type":"text","text":"hi","text_elements":[]}]}],"itemsView":"full","status":"failed",\
        "error":{"message":"m","codexErrorInfo":"usageLimitExceeded","additionalDetails":null,"misalignment":null},\
        "startedAt":100,"completedAt":102,"durationMs":2000}
        """)
    let items = try openHistory(home.sessionPath(1)).itemsPage().items
    #expect(items.first?["startedAtMs"] == 100_000)
    #expect(items.first?["completedAtMs"] == 100_500)
  }

  /// As a review is stored: its turn is first named by its end.
  @Test func `items that come before their turn are part of it`() throws {
    var file = SampleSession(1)
    file.item("t1", #"{"type":"EnteredReviewMode","id":"e","target":{},"user_facing_hint":"x"}"#)
    file.start("t2")
    file.user("t2", "q")
    file.agent("t1", "found", id: "a")
    file.end("t1")
    let history = try openHistory(home.write(file, to: home.sessionPath(1)))
    #expect(try history.outline() == ["t2 interrupted u", "t1 completed e,a"])
    #expect(try history.outline(.summary) == ["t2 interrupted u", "t1 completed a"])
  }

  @Test func `a turn without an end is interrupted unless it is running`() throws {
    var file = SampleSession(1)
    file.turn("t1", "q", "a")
    file.start("t2")
    file.user("t2", "q2")
    let history = try openHistory(home.write(file, to: home.sessionPath(1)))
    #expect(try history.outline() == ["t1 completed u,a", "t2 interrupted u"])
    #expect(try history.outline(running: "t2") == ["t1 completed u,a", "t2 inProgress u"])
    #expect(history.lastTurn()?.status == .interrupted)
  }

  @Test func `damaged lines cost no more than themselves`() throws {
    var file = SampleSession(1)
    file.turn("t1", "q", "a")
    file.raw(#"{"broken"#)
    file.raw("")
    file.raw("not json")
    file.raw(#"{"timestamp":"x","ordinal":"9","type":"event_msg","payload":{"type":"task_started","turn_id":"bad"}}"#)
    file.raw(#"{"type":"event_msg","payload":{"type":"task_started","turn_id":5}}"#)
    file.raw(#"{"type":"event_msg","payload":[1]}"#)
    file.raw(#"[{"type":"event_msg"}]"#)
    file.raw(String(repeating: "[", count: 300))
    file.item("t1", #"{"type":"AgentMessage","id":"half","content":[{"type":"Text","text":5}]}"#)
    file.item("t1", #"{"type":"CommandExecution","id":"no-status","command":[],"cwd":"/"}"#)
    file.item("t1", #"{"type":"FromTheFuture","id":"future"}"#)
    file.item("t1", #"{"type":"Plan"}"#)
    file.turn("t2", "q", "a")
    let history = try openHistory(home.write(file, to: home.sessionPath(1)))
    #expect(try history.outline() == ["t1 completed u,a", "t2 completed u,a"])
    #expect(try history.itemsPage().items.count == 4)
  }

  @Test func `a file that is cut off at any byte shows what is whole`() throws {
    var file = SampleSession(1)
    file.turn("t1", "q", "a")
    let before = file.text.utf8.count
    file.start("t2")
    file.user("t2", "q2 \\u00e9 ü")
    file.agent("t2", "answer")
    let bytes = Array(file.text.utf8)
    for length in before..<bytes.count {
      let history = try openHistory(
        home.write(String(decoding: bytes.prefix(length), as: UTF8.self), to: home.sessionPath(1)))
      let outline = try history.outline()
      #expect(outline.first == "t1 completed u,a")
      #expect(outline.count <= 2)
      _ = try history.loadModelHistory()
    }
  }

  @Test func `what is appended is taken in without reading the rest again`() throws {
    var file = SampleSession(1)
    file.start("t1")
    let path = try home.write(file, to: home.sessionPath(1))
    let history = try openHistory(path)
    let writer = try RolloutWriter.open(path: path, threadID: file.id, historyMode: .paginated)
    let now = UnixTime(milliseconds: 0)
    let answer = ThreadItem.agentMessage(AgentMessageItem(id: "a", text: "hello"))
    try writer.append(
      .itemCompleted(threadID: file.id, turnID: "t1", item: answer, startedAtMs: 1, completedAtMs: 2), at: now)
    try history.refresh()
    #expect(try history.outline(running: "t1") == ["t1 inProgress a"])
    try writer.append(.taskComplete(turnID: "t1", lastAgentMessage: "hello"), at: now)
    try history.refresh()
    #expect(try history.outline(.summary) == ["t1 completed a"])
  }

  @Test func `pages of turns meet without gap or overlap in both directions`() throws {
    var file = SampleSession(1)
    for number in 0..<7 { file.turn("t\(number)", "q", "a") }
    let history = try openHistory(home.write(file, to: home.sessionPath(1)))
    for limit in 1...8 {
      for direction in [SortDirection.ascending, .descending] {
        var ids: [String] = []
        var cursor: String?
        repeat {
          let (turns, page) = try history.turnsPage(.notLoaded, direction, limit: limit, cursor: cursor)
          ids += turns.compactMap { $0["id"]?.stringValue }
          #expect(page.count == turns.count)
          cursor = page.nextCursor
        } while cursor != nil
        let all = (0..<7).map { "t\($0)" }
        #expect(ids == (direction == .ascending ? all : all.reversed()), "\(limit)")
      }
    }
    let newest = try history.turnsPage(.notLoaded, .descending, limit: 2)
    let back = try history.turnsPage(.notLoaded, .ascending, cursor: newest.page.backwardsCursor)
    #expect(back.turns.compactMap { $0["id"]?.stringValue } == ["t6"])
    #expect(back.page.nextCursor == nil)
  }

  @Test func `pages of items meet, of a thread and of a turn`() throws {
    var file = SampleSession(1)
    for number in 0..<4 { file.turn("t\(number)", "q", "a") }
    let history = try openHistory(home.write(file, to: home.sessionPath(1)))
    func all(turnID: String?, _ direction: SortDirection) throws -> [String] {
      var ids: [String] = []
      var cursor: String?
      repeat {
        let (items, page) = try history.itemsPage(turnID: turnID, direction, limit: 3, cursor: cursor)
        ids += items.map { ($0["turnId"]?.stringValue ?? "") + ($0["item"]?["id"]?.stringValue ?? "") }
        cursor = page.nextCursor
      } while cursor != nil
      return ids
    }
    let expected = ["t0u", "t0a", "t1u", "t1a", "t2u", "t2a", "t3u", "t3a"]
    #expect(try all(turnID: nil, .ascending) == expected)
    #expect(try all(turnID: nil, .descending) == expected.reversed())
    #expect(try all(turnID: "t2", .ascending) == ["t2u", "t2a"])
    #expect(try all(turnID: "unknown", .ascending).isEmpty)
    #expect(history.backwardsCursors.items != nil)
  }

  @Test func `limits of pages are named and kept`() throws {
    var file = SampleSession(1)
    for number in 0..<(ThreadHistory.maximumPageSize + 5) { file.start("t\(number)") }
    let history = try openHistory(home.write(file, to: home.sessionPath(1)))
    #expect(try history.turnsPage(limit: .max).turns.count == ThreadHistory.maximumPageSize)
    #expect(try history.turnsPage(limit: 0).turns.count == ThreadHistory.defaultPageSize)
    #expect(try history.turnsPage(limit: -4).turns.count == ThreadHistory.defaultPageSize)
  }

  @Test func `a cursor that is none is named in the error`() throws {
    var file = SampleSession(1)
    file.turn("t1", "q", "a")
    let history = try openHistory(home.write(file, to: home.sessionPath(1)))
    for cursor in ["bogus", "", "{}", #"{"turnId":"gone","includeAnchor":true}"#, #"{"item":99,"includeAnchor":true}"#]
    {
      #expect(throws: StoreError.invalidCursor(cursor)) { try history.turnsPage(cursor: cursor) }
      #expect(throws: StoreError.invalidCursor(cursor)) { try history.itemsPage(cursor: cursor) }
    }
  }

  @Test func `a file without a head is refused with its path`() throws {
    let path = home.sessionPath(1)
    for text in ["", "\n\n", "garbage\n", #"{"type":"session_meta","payload":{"id":"x"}}"# + "\n"] {
      try home.write(text, to: path)
      #expect {
        try openHistory(path)
      } throws: {
        guard case StoreError.unreadable(path, _)? = $0 as? StoreError else { return false }
        return true
      }
    }
  }
}

@Suite struct `The history of a legacy thread` {
  private let home: SampleHome

  init() throws { home = try SampleHome() }

  /// Recorded with 0.163.0.
  @Test func `every kind of record becomes the item that the reference shows`() throws {
    var file = SampleSession(1, mode: .legacy)
    file.start("t1")
    file.event(
      "user_message",
      #""client_id":"cc","message":"q1","images":["data:a"],"local_images":["/x.png"],"text_elements":[{"byte_range":{"start":0,"end":1},"placeholder":null}]"#
    )
    file.event("agent_reasoning", #""text":"r1""#)
    file.event("agent_reasoning", #""text":"r2""#)
    file.event("token_count", #""info":null,"rate_limits":null"#)
    file.event("agent_reasoning_raw_content", #""text":"raw1""#)
    file.event("agent_message", #""message":"a1","phase":"commentary""#)
    file.event("agent_reasoning", #""text":"r3""#)
    file.event("agent_message", #""message":"a2","phase":"final_answer","memory_citation":null"#)
    file.event("exec_command_end", #""call_id":"e1","command":["ls"],"exit_code":0"#)
    file.event("patch_apply_end", #""call_id":"p1","success":true,"changes":{}"#)
    file.event(
      "patch_apply_end",
      #""call_id":"p2","stdout":"ok","stderr":"","success":false,"changes":{"/b":{"type":"update","unified_diff":"d","move_path":null}},"status":"declined""#
    )
    file.event(
      "mcp_tool_call_end",
      #""call_id":"m1","invocation":{"server":"s","tool":"t","arguments":{"a":1}},"duration":{"secs":0,"nanos":5000000},"result":{"Ok":{"content":[{"type":"text","text":"x"}],"structuredContent":null,"isError":false}}"#
    )
    file.event(
      "mcp_tool_call_end",
      #""call_id":"m2","invocation":{"server":"s","tool":"t"},"duration":{"secs":0,"nanos":5000000},"result":{"Err":"bad"}"#
    )
    file.event("web_search_end", #""call_id":"w1","query":"qq","action":{"type":"search","query":"qq"}"#)
    file.event("context_compacted")
    file.item("t1", #"{"type":"Plan","id":"pl1","text":"plan"}"#)
    file.item("t1", #"{"type":"AgentMessage","id":"am1","content":[{"type":"Text","text":"not shown"}]}"#)
    file.event("entered_review_mode", #""target":{"type":"uncommittedChanges"},"user_facing_hint":"hint""#)
    file.event("exited_review_mode", #""review_output":null"#)
    file.event("image_generation_end", #""call_id":"g1","status":"completed","result":"b64","revised_prompt":null"#)
    file.event("error", #""message":"err","codex_error_info":"usage_limit_exceeded""#)
    file.end("t1")
    let history = try openHistory(home.write(file, to: home.sessionPath(1)))
    let turn = try #require(try history.turnsPage().turns.first)
    #expect(turn["status"] == "completed")
    #expect(
      turn["items"]?.arrayValue?.map(\.text) == [
        #"{"type":"userMessage","id":"item-1","clientId":"cc","content":[{"type":"text","text":"q1","text_elements":[{"byteRange":{"start":0,"end":1},"placeholder":null}]},{"type":"image","url":"data:a","detail":null},{"type":"localImage","detail":null,"path":"/x.png"}]}"#,
        #"{"type":"reasoning","id":"item-2","summary":["r1","r2"],"content":["raw1"]}"#,
        #"{"type":"agentMessage","id":"item-3","text":"a1","phase":"commentary","memoryCitation":null,"delivery":null,"questions":null}"#,
        #"{"type":"reasoning","id":"item-4","summary":["r3"],"content":[]}"#,
        #"{"type":"agentMessage","id":"item-5","text":"a2","phase":"final_answer","memoryCitation":null,"delivery":null,"questions":null}"#,
        #"{"type":"fileChange","id":"p2","changes":[{"path":"/b","kind":{"type":"update","move_path":null},"diff":"d"}],"status":"declined"}"#,
        #"{"type":"mcpToolCall","id":"m1","server":"s","tool":"t","status":"completed","arguments":{"a":1},"appContext":null,"mcpAppUi":null,"pluginId":null,"readOnlyHint":null,"result":{"content":[{"type":"text","text":"x"}],"structuredContent":null,"_meta":null},"error":null,"durationMs":5}"#,
        #"{"type":"mcpToolCall","id":"m2","server":"s","tool":"t","status":"failed","arguments":null,"appContext":null,"mcpAppUi":null,"pluginId":null,"readOnlyHint":null,"result":null,"error":{"message":"bad"},"durationMs":5}"#,
        #"{"type":"webSearch","id":"w1","query":"qq","action":{"type":"search","query":"qq","queries":null},"results":null}"#,
        #"{"type":"contextCompaction","id":"item-6"}"#,
        #"{"type":"plan","id":"pl1","text":"plan"}"#,
        #"{"type":"enteredReviewMode","id":"item-7","review":"hint"}"#,
        #"{"type":"exitedReviewMode","id":"item-8","review":"Reviewer failed to output a response."}"#,
        #"{"type":"imageGeneration","id":"g1","status":"completed","result":"b64","revisedPrompt":null}"#,
      ])
    let summary = try history.turnsPage(.summary).turns.first?["items"]?.arrayValue
    #expect(summary?.compactMap { $0["id"]?.stringValue } == ["item-1", "item-5"])
  }

  @Test func `turns that no record begins start with what the user says`() throws {
    var file = SampleSession(2, mode: .legacy)
    file.event("agent_message", #""message":"a0""#)
    file.event("user_message", #""message":"q1""#)
    file.event("agent_message", #""message":"a1""#)
    file.event("user_message", #""message":"q2""#)
    file.start("tx")
    file.event("agent_message", #""message":"z""#)
    let history = try openHistory(home.write(file, to: home.sessionPath(2)))
    #expect(
      try history.outline() == [
        "rollout-1 completed item-1", "rollout-2 completed item-2,item-3", "rollout-4 completed item-4",
        "tx interrupted item-5",
      ])
  }

  @Test func `what the user says in a running turn belongs to it`() throws {
    var file = SampleSession(2, mode: .legacy)
    file.start("t2")
    file.event("user_message", #""message":"q2""#)
    file.event("user_message", #""message":"more""#)
    file.event("agent_message", #""message":"partial""#)
    file.event("turn_aborted", #""turn_id":"t2","reason":"interrupted""#)
    file.event("turn_started", #""turn_id":"t3""#)
    file.event("user_message", #""message":"q3""#)
    file.event("turn_complete", #""turn_id":"t3""#)
    file.start("t4")
    file.end("t4", error: #","error":{"message":"m","codex_error_info":"other"}"#)
    file.event("task_started", #""model_context_window":null"#)
    let history = try openHistory(home.write(file, to: home.sessionPath(2)))
    #expect(
      try history.outline() == [
        "t2 interrupted item-1,item-2,item-3", "t3 completed item-4", "t4 failed ", "rollout-11 interrupted ",
      ])
  }

  @Test func `turns that were taken back are gone, and numbers go on from what is left`() throws {
    var file = SampleSession(4, mode: .legacy)
    for number in 0..<4 {
      file.start("t\(number)")
      file.message("user", "q\(number)")
      file.event("user_message", #""message":"q\#(number)""#)
      file.event("agent_message", #""message":"a\#(number)""#)
      file.message("assistant", "a\(number)")
      file.end("t\(number)")
    }
    file.event("thread_rolled_back", #""num_turns":2"#)
    file.start("t9")
    file.message("user", "q9")
    file.event("user_message", #""message":"q9""#)
    file.end("t9")
    let path = try home.write(file, to: home.sessionPath(4))
    let history = try openHistory(path)
    #expect(
      try history.outline() == ["t0 completed item-1,item-2", "t1 completed item-3,item-4", "t9 completed item-5"])
    #expect(try history.loadModelHistory().texts == ["q0", "a0", "q1", "a1", "q9"])

    file.event("thread_rolled_back", #""num_turns":99"#)
    let empty = try openHistory(home.write(file, to: path))
    #expect(try empty.outline().isEmpty)
    #expect(try empty.loadModelHistory().texts.isEmpty)
  }

  @Test func `a file of items for the model only has no turns`() throws {
    var file = SampleSession(3, mode: .legacy)
    file.message("user", "q")
    file.message("assistant", "a")
    let history = try openHistory(home.write(file, to: home.sessionPath(3)))
    #expect(try history.outline().isEmpty)
    #expect(try history.loadModelHistory().texts == ["q", "a"])
  }

  @Test func `items that are stored in legacy form are read back`() throws {
    let path = home.sessionPath(5)
    let writer = RolloutWriter.new(path: path, threadID: SampleHome.id(5), historyMode: .legacy)
    let now = UnixTime(milliseconds: 1_767_323_045_678)
    var meta = SessionMeta(
      id: SampleHome.id(5), timestamp: now.iso8601, cwd: "/w", originator: "o", cliVersion: "1", historyMode: .legacy)
    meta.modelProvider = "mock"
    try writer.append(.sessionMeta(meta), at: now)
    try writer.append(.taskStarted(turnID: "t", startedAt: 1, contextWindow: nil), at: now)
    let items: [ThreadItem] = [
      .userMessage(UserMessageItem(id: "item-1", clientID: "c", content: [.text("hi"), .image(url: "data:x")])),
      .reasoning(ReasoningItem(id: "item-2", summary: ["a", "b"], content: ["c"])),
      .agentMessage(AgentMessageItem(id: "item-3", text: "yes", phase: "final_answer")),
      .fileChange(
        FileChangeItem(id: "f", changes: [FileChange(path: "/a", kind: .add(content: "x"))], status: .completed)),
      .mcpToolCall(
        McpToolCallItem(
          id: "m", server: "s", tool: "t", arguments: RawJSON(["a": 1]), status: .failed, error: "bad", duration: .zero)
      ),
      .webSearch(WebSearchItem(id: "w", query: "q", action: .openPage(url: "u"))),
      .contextCompaction(ContextCompactionItem(id: "item-4")),
      .plan(PlanItem(id: "p", text: "plan")),
      .enteredReviewMode(EnteredReviewModeItem(id: "item-5", target: RawJSON(["type": "custom"]), review: "hint")),
      .exitedReviewMode(ExitedReviewModeItem(id: "item-6", output: ReviewOutput(explanation: "fine"))),
    ]
    let hidden = ThreadItem.commandExecution(CommandExecutionItem(id: "x", arguments: ["ls"], cwd: "/"))
    for item in items + [hidden] {
      try writer.append(
        RolloutRecord.item(
          item, in: .legacy, threadID: SampleHome.id(5), turnID: "t", startedAtMs: 1, completedAtMs: 2), at: now)
    }
    try writer.append(.taskComplete(turnID: "t", lastAgentMessage: "yes"), at: now)
    let turn = try #require(try openHistory(path).turnsPage().turns.first)
    var expected = JSONWriter()
    expected.beginArray()
    for item in items { item.write(to: &expected) }
    expected.endArray()
    #expect(turn["items"] == (try JSON.parse(expected.bytes)))
    #expect(!String(decoding: try File.read(path, limit: 100_000), as: UTF8.self).contains("ordinal"))
  }
}

extension ModelHistory {
  /// The text of each item.
  var texts: [String] {
    items.map { item in
      let value = try? JSON.parse(item)
      return value?["content"]?[0]?["text"]?.stringValue ?? value?["type"]?.stringValue ?? "?"
    }
  }
}
