import JSON
import Testing

@testable import AppServerProtocol

/// Items as the reference stores them, next to what it then sent to clients (recorded with 0.163.0).
private let recordedItems: [(stored: String, wire: String)] = [
  (
    """
    {"type":"UserMessage","id":"i1","client_id":"cl","content":[\
    {"type":"text","text":"a","text_elements":[{"byte_range":{"start":0,"end":1},"placeholder":"x"}]},\
    {"type":"image","image_url":"data:x","detail":"high"},{"type":"image","image_url":"data:y"},\
    {"type":"image","file_id":"f"},{"type":"local_image","path":"/a.png","detail":null},\
    {"type":"skill","name":"n","path":"/p"},{"type":"mention","name":"n","path":"app://x"},\
    {"type":"audio","audio_url":"data:z"},{"type":"local_audio","path":"/b.wav"}]}
    """,
    """
    {"type":"userMessage","id":"i1","clientId":"cl","content":[\
    {"type":"text","text":"a","text_elements":[{"byteRange":{"start":0,"end":1},"placeholder":"x"}]},\
    {"type":"image","url":"data:x","detail":"high"},{"type":"image","url":"data:y","detail":null},\
    {"type":"image","fileId":"f","detail":null},{"type":"localImage","detail":null,"path":"/a.png"},\
    {"type":"skill","name":"n","path":"/p"},{"type":"mention","name":"n","path":"app://x"},\
    {"type":"audio","url":"data:z"},{"type":"localAudio","path":"/b.wav"}]}
    """
  ),
  (
    #"{"type":"UserMessage","id":"i2","content":[{"type":"text","text":"line\n\"two\" é \u00e9"}]}"#,
    #"{"type":"userMessage","id":"i2","clientId":null,"content":[{"type":"text","text":"line\n\"two\" é é","text_elements":[]}]}"#
  ),
  (
    #"{"type":"AgentMessage","id":"i3","content":[{"type":"Text","text":"a\n"},{"type":"Text","text":"b"}],"phase":"final_answer"}"#,
    #"{"type":"agentMessage","id":"i3","text":"a\nb","phase":"final_answer","memoryCitation":null,"delivery":null,"questions":null}"#
  ),
  (
    #"{"type":"AgentMessage","id":"i4","content":[]}"#,
    #"{"type":"agentMessage","id":"i4","text":"","phase":null,"memoryCitation":null,"delivery":null,"questions":null}"#
  ),
  (
    #"{"type":"AgentMessage","id":"i5","content":[{"type":"Text","text":"a"}],"memory_citation":{"entries":[{"path":"/m","lineStart":1,"lineEnd":2,"note":"n"}],"rolloutIds":["x"]},"phase":"commentary"}"#,
    #"{"type":"agentMessage","id":"i5","text":"a","phase":"commentary","memoryCitation":{"entries":[{"path":"/m","lineStart":1,"lineEnd":2,"note":"n"}],"threadIds":["x"]},"delivery":null,"questions":null}"#
  ),
  (#"{"type":"Plan","id":"i6","text":"plan"}"#, #"{"type":"plan","id":"i6","text":"plan"}"#),
  (
    #"{"type":"Reasoning","id":"i7","summary_text":["s"],"raw_content":["r"]}"#,
    #"{"type":"reasoning","id":"i7","summary":["s"],"content":["r"]}"#
  ),
  (
    #"{"type":"Reasoning","id":"i8","summary_text":["s"]}"#,
    #"{"type":"reasoning","id":"i8","summary":["s"],"content":[]}"#
  ),
  (
    """
    {"type":"CommandExecution","id":"i9","process_id":"1","command":["/bin/bash","-lc","echo 'a b'"],\
    "cwd":"file:///tmp/a%20b","parsed_cmd":[{"type":"read","cmd":"cat x","name":"x","path":"../x"},\
    {"type":"list_files","cmd":"ls","path":null},{"type":"search","cmd":"rg a","query":"a","path":"."},\
    {"type":"unknown","cmd":"x"}],"source":"user_shell","status":"failed","aggregated_output":"out\\n",\
    "exit_code":1,"duration":{"secs":1,"nanos":999999999}}
    """,
    """
    {"type":"commandExecution","id":"i9","pluginId":null,"scriptPath":null,\
    "command":"/bin/bash -lc \\"echo 'a b'\\"","cwd":"/tmp/a b","processId":"1","source":"userShell",\
    "status":"failed","commandActions":[{"type":"read","command":"cat x","name":"x","path":"/tmp/x"},\
    {"type":"listFiles","command":"ls","path":null},{"type":"search","command":"rg a","query":"a","path":"."},\
    {"type":"unknown","command":"x"}],"aggregatedOutput":"out\\n","exitCode":1,"durationMs":1999}
    """
  ),
  (
    #"{"type":"CommandExecution","id":"i10","command":["ls"],"cwd":"file:///tmp","parsed_cmd":[],"status":"in_progress","source":"unified_exec_interaction","aggregated_output":"","plugin_id":"pp","script_path":"/s"}"#,
    #"{"type":"commandExecution","id":"i10","pluginId":"pp","scriptPath":"/s","command":"ls","cwd":"/tmp","processId":null,"source":"unifiedExecInteraction","status":"inProgress","commandActions":[],"aggregatedOutput":null,"exitCode":null,"durationMs":null}"#
  ),
  (
    """
    {"type":"FileChange","id":"i11","changes":{"b":{"type":"add","content":"x\\n"},"a":{"type":"delete","content":"y\\n"},\
    "/c":{"type":"update","unified_diff":"@@\\n","move_path":"/tmp/d"},"/tmp/e":{"type":"update","unified_diff":"@@","move_path":null}},\
    "status":"completed","stdout":"","stderr":""}
    """,
    """
    {"type":"fileChange","id":"i11","changes":[{"path":"/c","kind":{"type":"update","move_path":"/tmp/d"},\
    "diff":"@@\\n\\n\\nMoved to: /tmp/d"},{"path":"/tmp/e","kind":{"type":"update","move_path":null},"diff":"@@"},\
    {"path":"a","kind":{"type":"delete"},"diff":"y\\n"},{"path":"b","kind":{"type":"add"},"diff":"x\\n"}],"status":"completed"}
    """
  ),
  (
    #"{"type":"FileChange","id":"i12","changes":{},"status":null}"#,
    #"{"type":"fileChange","id":"i12","changes":[],"status":"inProgress"}"#
  ),
  (
    #"{"type":"McpToolCall","id":"i13","server":"s","tool":"t","arguments":{"a":1},"status":"completed","result":{"content":[{"type":"text","text":"x"}],"structuredContent":{"z":1},"isError":true,"_meta":{"m":1}},"duration":{"secs":2,"nanos":5000000},"readOnlyHint":true,"pluginId":"p","mcpAppResourceUri":"u"}"#,
    #"{"type":"mcpToolCall","id":"i13","server":"s","tool":"t","status":"completed","arguments":{"a":1},"appContext":null,"mcpAppResourceUri":"u","mcpAppUi":null,"pluginId":"p","readOnlyHint":true,"result":{"content":[{"type":"text","text":"x"}],"structuredContent":{"z":1},"_meta":{"m":1}},"error":null,"durationMs":2005}"#
  ),
  (
    #"{"type":"McpToolCall","id":"i14","server":"s","tool":"t","arguments":null,"status":"failed","error":{"message":"bad"}}"#,
    #"{"type":"mcpToolCall","id":"i14","server":"s","tool":"t","status":"failed","arguments":null,"appContext":null,"mcpAppUi":null,"pluginId":null,"readOnlyHint":null,"result":null,"error":{"message":"bad"},"durationMs":null}"#
  ),
  (
    #"{"type":"DynamicToolCall","id":"i15","tool":"t","namespace":"ns","arguments":{},"status":"completed","content_items":[{"type":"inputText","text":"x"},{"type":"inputImage","imageUrl":"data:"}],"success":true,"duration":{"secs":0,"nanos":7000000}}"#,
    #"{"type":"dynamicToolCall","id":"i15","namespace":"ns","tool":"t","arguments":{},"status":"completed","contentItems":[{"type":"inputText","text":"x"},{"type":"inputImage","imageUrl":"data:"}],"success":true,"durationMs":7}"#
  ),
  (
    #"{"type":"WebSearch","id":"i16","query":"q","action":{"type":"search","query":"q"},"results":[1]}"#,
    #"{"type":"webSearch","id":"i16","query":"q","action":{"type":"search","query":"q","queries":null},"results":[1]}"#
  ),
  (
    #"{"type":"WebSearch","id":"i17","query":"","action":{"type":"find_in_page","url":"u"}}"#,
    #"{"type":"webSearch","id":"i17","query":"","action":{"type":"findInPage","url":"u","pattern":null},"results":null}"#
  ),
  (
    #"{"type":"ImageView","id":"i18","path":"file:///a%20b.png"}"#,
    #"{"type":"imageView","id":"i18","path":"/a b.png"}"#
  ),
  (
    #"{"type":"EnteredReviewMode","id":"i19","target":{"type":"custom","instructions":"look"},"user_facing_hint":"hint"}"#,
    #"{"type":"enteredReviewMode","id":"i19","review":"hint"}"#
  ),
  (
    #"{"type":"ExitedReviewMode","id":"i20","review_output":{"findings":[{"title":"t","body":"b\nc","confidence_score":0.5,"priority":1,"code_location":{"absolute_file_path":"/a.c","line_range":{"start":3,"end":4}}}],"overall_correctness":"x","overall_explanation":"expl","overall_confidence_score":0.5}}"#,
    #"{"type":"exitedReviewMode","id":"i20","review":"expl\n\nReview comment:\n\n- t — /a.c:3-4\n  b\n  c"}"#
  ),
  (
    #"{"type":"ExitedReviewMode","id":"i21","review_output":{"findings":[{"title":"t","body":"b","confidence_score":0.5,"priority":1,"code_location":{"absolute_file_path":"/a.c","line_range":{"start":3,"end":4}}},{"title":"t2","body":"","confidence_score":0.5,"priority":1,"code_location":{"absolute_file_path":"/a.c","line_range":{"start":3,"end":3}}}],"overall_correctness":"x","overall_explanation":"","overall_confidence_score":0.5}}"#,
    #"{"type":"exitedReviewMode","id":"i21","review":"Full review comments:\n\n- t — /a.c:3-4\n  b\n\n- t2 — /a.c:3-3"}"#
  ),
  (
    #"{"type":"ExitedReviewMode","id":"i22","review_output":null}"#,
    #"{"type":"exitedReviewMode","id":"i22","review":"Reviewer failed to output a response."}"#
  ),
  (#"{"type":"ContextCompaction","id":"i23"}"#, #"{"type":"contextCompaction","id":"i23"}"#),
  (
    #"{"type":"CollabAgentToolCall","id":"i24","tool":"spawn_agent","status":"completed","sender_thread_id":"s","receiver_thread_ids":[],"prompt":"p","agents_states":{}}"#,
    #"{"type":"collabAgentToolCall","id":"i24","tool":"spawnAgent","status":"completed","senderThreadId":"s","receiverThreadIds":[],"prompt":"p","agentsStates":{}}"#
  ),
  (
    #"{"type":"FunctionCallOutput","id":"i25","name":"n","output":"x"}"#,
    #"{"type":"functionCallOutput","id":"i25","name":"n","output":"x"}"#
  ),
]

private func item(_ stored: String) throws(JSONError) -> ThreadItem {
  var reader = JSONReader(stored)
  let item = try ThreadItem(rollout: &reader)
  try reader.finish()
  return item
}

private func wire(_ item: ThreadItem) -> String {
  var writer = JSONWriter()
  item.write(to: &writer)
  return String(decoding: writer.bytes, as: UTF8.self)
}

private func rollout(_ item: ThreadItem) -> String {
  var writer = JSONWriter()
  item.writeRollout(to: &writer)
  return String(decoding: writer.bytes, as: UTF8.self)
}

private func transcoded(_ stored: String) throws(JSONError) -> String? {
  var reader = JSONReader(stored)
  var writer = JSONWriter()
  guard try ItemTranscoder.write(rollout: &reader, to: &writer) else { return nil }
  return String(decoding: writer.bytes, as: UTF8.self)
}

@Suite struct `Items in both forms` {
  @Test(arguments: recordedItems)
  func `a stored item is shown as the reference shows it`(_ recorded: (stored: String, wire: String)) throws {
    #expect(wire(try item(recorded.stored)) == recorded.wire)
  }

  @Test(arguments: recordedItems)
  func `copying a stored item says the same as reading and writing it`(
    _ recorded: (stored: String, wire: String)
  ) throws {
    let copy = try #require(try transcoded(recorded.stored))
    #expect(try JSON.parse(copy) == JSON.parse(recorded.wire))
  }

  @Test(arguments: recordedItems)
  func `an item that is stored and read again is the same`(_ recorded: (stored: String, wire: String)) throws {
    let first = try item(recorded.stored)
    #expect(try item(rollout(first)) == first)
  }

  @Test(arguments: recordedItems)
  func `an item that is cut off anywhere is an error and no more`(_ recorded: (stored: String, wire: String)) {
    let bytes = Array(recorded.stored.utf8)
    for length in 0..<bytes.count {
      let cut = Array(bytes.prefix(length))
      #expect(throws: JSONError.self) {
        var reader = JSONReader(cut)
        _ = try ThreadItem(rollout: &reader)
        try reader.finish()
      }
      #expect(throws: JSONError.self) {
        var reader = JSONReader(cut)
        var writer = JSONWriter()
        _ = try ItemTranscoder.write(rollout: &reader, to: &writer)
        try reader.finish()
      }
    }
  }

  @Test(arguments: recordedItems)
  func `a member of a wrong type is an error and no more`(_ recorded: (stored: String, wire: String)) throws {
    let object = try #require(try JSON.parse(recorded.stored).objectValue)
    for key in object.keys {
      for wrong: JSON in [.null, 1, "x", [], ["a"], [[:]], [:], true] {
        var changed = object
        changed[key] = wrong
        let text = JSON.object(changed).text
        // Either way is fine, as long as both readers agree and neither traps.
        let read = try? wire(item(text))
        let copied = (try? transcoded(text)) ?? nil
        if let read, let copied { #expect(try JSON.parse(read) == JSON.parse(copied)) }
      }
    }
  }

  @Test func `what is stored has the form that the reference reads`() {
    let command = CommandExecutionItem(
      id: "c", arguments: ["/bin/bash", "-lc", "ls"], cwd: "/tmp/a b", processID: "7")
    #expect(
      rollout(.commandExecution(command))
        == #"{"type":"CommandExecution","id":"c","process_id":"7","command":["/bin/bash","-lc","ls"],"cwd":"file:///tmp/a%20b","parsed_cmd":[],"source":"agent","status":"in_progress"}"#
    )
    let call = McpToolCallItem(
      id: "m", server: "s", tool: "t", arguments: RawJSON(unchecked: Array("{}".utf8)), status: .completed,
      readOnlyHint: true, result: .init(content: RawJSON([])), duration: .milliseconds(1500))
    #expect(
      rollout(.mcpToolCall(call))
        == #"{"type":"McpToolCall","id":"m","server":"s","tool":"t","arguments":{},"readOnlyHint":true,"status":"completed","result":{"content":[]},"duration":{"secs":1,"nanos":500000000}}"#
    )
    let dynamic = DynamicToolCallItem(id: "d", tool: "t", arguments: .null)
    #expect(
      rollout(.dynamicToolCall(dynamic))
        == #"{"type":"DynamicToolCall","id":"d","tool":"t","arguments":null,"status":"in_progress"}"#)
  }

  @Test func `an item of an unknown type is kept as it is and not shown`() throws {
    let stored = #"{"type":"FromTheFuture","id":"x","deep":{"a":[1,2.50]}}"#
    let unknown = try item(stored)
    #expect(rollout(unknown) == stored)
    #expect(try transcoded(stored) == nil)
  }

  @Test func `durations beyond all measure are limited`() throws {
    let huge = try item(
      #"{"type":"DynamicToolCall","id":"d","tool":"t","arguments":1,"status":"failed","duration":{"secs":9223372036854775807,"nanos":-5}}"#
    )
    guard case .dynamicToolCall(let call) = huge else { return }
    #expect(call.duration?.wholeMilliseconds == 1_125_899_906_842_624_000)
    #expect(Duration.seconds(Int64.max).wholeMilliseconds == .max)
    #expect(Duration.seconds(Int64.min + 1).wholeMilliseconds == .min)
  }
}
