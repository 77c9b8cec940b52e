import JSON
import Testing

@testable import ModelAPI

@Suite struct ResponseEventTests {
  @Test func `deltas carry their text, wherever the type stands`() {
    #expect(event(#"{"type":"response.output_text.delta","item_id":"m","delta":"Hé\n"}"#) == .textDelta("Hé\n"))
    #expect(event(#"{"delta":"x","logprobs":[{"a":1}],"type":"response.output_text.delta"}"#) == .textDelta("x"))
    #expect(
      event(#"{"type":"response.reasoning_summary_text.delta","delta":"x","summary_index":2}"#)
        == .reasoningSummaryDelta("x", summaryIndex: 2))
    #expect(
      event(#"{"type":"response.reasoning_text.delta","delta":"x","content_index":1}"#)
        == .reasoningTextDelta("x", contentIndex: 1))
    #expect(
      event(#"{"type":"response.reasoning_summary_part.added","summary_index":1}"#)
        == .reasoningSummaryPartAdded(summaryIndex: 1))
  }

  @Test func `what is unknown is ignored, and what is broken is malformed`() {
    for json in [
      #"{"type":"error","error":{"message":"x"}}"#, #"{"type":"response.in_progress","response":{}}"#, "{}",
      #"{"type":"response.custom_tool_call_input.delta","delta":{}}"#, #"{"type":"output_text.delta"}"#,
    ] {
      #expect(event(json) == .ignored, "\(json)")
    }
    for json in [
      "", "{", "[]", "null", "[DONE]", #"{"type":3}"#, #"{"type":"response.output_text.delta"}"#,
      #"{"type":"response.output_text.delta","delta":3}"#, #"{"type":"response.output_text.delta","delta":"x"} x"#,
      #"{"type":"response.reasoning_text.delta","delta":"x"}"#, #"{"type":"response.output_item.done"}"#,
      #"{"type":"response.output_item.done","item":{"id":"x"}}"#,
      #"{"type":"response.output_item.done","item":{"type":"function_call","name":"x"}}"#,
      #"{"type":"response.completed"}"#, "{\"type\":\"response.output_text.delta\",\"delta\":\"\u{1}\"}",
    ] {
      #expect(event(json) == .malformed, "\(json)")
    }
    let invalid = Array(#"{"type":"response.output_text.delta","delta":""#.utf8) + [0xFF] + Array(#""}"#.utf8)
    #expect(ResponseEvent(ServerSentEvent(invalid)) == .malformed)
  }

  @Test func `a completion brings the usage, if there is one`() {
    #expect(event(#"{"type":"response.created","response":{"id":"r"}}"#) == .created)
    #expect(
      event(#"{"type":"response.completed","response":{"id":"r"}}"#) == .completed(responseID: "r", usage: nil))
    #expect(
      event(#"{"type":"response.completed","response":{"id":"r","usage":null,"error":null}}"#)
        == .completed(responseID: "r", usage: nil))
    let usage = """
      {"input_tokens":10,"input_tokens_details":{"cached_tokens":3,"cache_write_tokens":2},"output_tokens":5,\
      "output_tokens_details":{"reasoning_tokens":1},"total_tokens":15}
      """
    #expect(
      event(#"{"type":"response.completed","response":{"id":"r","usage":\#(usage)}}"#)
        == .completed(
          responseID: "r",
          usage: TokenUsage(
            input: 10, cachedInput: 3, cacheWriteInput: 2, output: 5, reasoningOutput: 1, total: 15)))
    #expect(
      event(
        #"{"type":"response.completed","response":{"id":"r","usage":{"input_tokens":1,"input_tokens_details":null}}}"#)
        == .completed(responseID: "r", usage: TokenUsage(input: 1)))
  }

  @Test func `a completion that cannot be read says why`() {
    #expect(event(#"{"type":"response.completed","response":{}}"#) == .completedUnreadable("missing field `id`"))
    guard
      case .completedUnreadable = event(
        #"{"type":"response.completed","response":{"id":"r","usage":{"input_tokens":"x"}}}"#)
    else {
      Issue.record("a usage that is no number was accepted")
      return
    }
  }

  @Test func `failures keep what the server said`() {
    #expect(
      event(#"{"type":"response.failed","response":{"id":"r","error":{"code":"c","message":"m"}}}"#)
        == .failed(.init(code: "c", message: "m")))
    #expect(
      event(#"{"type":"response.failed","response":{"error":{"code":null}}}"#)
        == .failed(.init(code: nil, message: nil)))
    for json in [#"{"type":"response.failed"}"#, #"{"type":"response.failed","response":{"error":null}}"#] {
      #expect(event(json) == .failed(.init(code: nil, message: nil, isPresent: false)))
    }
    #expect(
      event(
        #"{"type":"response.incomplete","response":{"incomplete_details":{"reason":"x"},"usage":{"total_tokens":1}}}"#)
        == .incomplete(reason: "x", usage: TokenUsage(total: 1)))
    #expect(event(#"{"type":"response.incomplete"}"#) == .incomplete(reason: "unknown", usage: nil))
  }

  private func done(_ item: String) -> OutputItem? {
    guard case .itemDone(let done) = event(#"{"type":"response.output_item.done","output_index":0,"item":\#(item)}"#)
    else { return nil }
    #expect(text(done.raw) == item)
    #expect(OutputItem(raw: done.raw) == done)
    return done
  }

  @Test func `items keep their JSON and show what the agent needs`() {
    let message = done(
      #"{"type":"message","id":"msg_1","role":"assistant","phase":"final_answer","content":[{"type":"output_text","text":"a","annotations":[]},{"type":"refusal","refusal":"r"},{"type":"output_text","text":"b"}]}"#
    )
    #expect(message?.id == "msg_1")
    #expect(message?.content == .message(.init(text: "ab", phase: "final_answer")))
    #expect(
      done(
        #"{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"s"}],"content":[{"type":"reasoning_text","text":"c"}],"encrypted_content":"e"}"#
      )?.content == .reasoning(.init(summary: ["s"], content: ["c"])))
    #expect(
      done(#"{"type":"reasoning","summary":[],"content":null}"#)?.content == .reasoning(.init(summary: [])))
    #expect(
      done(#"{"type":"function_call","name":"n","namespace":"s","call_id":"c","arguments":"{\"a\":1}"}"#)?.content
        == .functionCall(.init(name: "n", namespace: "s", callID: "c", arguments: #"{"a":1}"#)))
    #expect(
      done(#"{"type":"custom_tool_call","name":"n","call_id":"c","input":"i","status":"completed"}"#)?.content
        == .customToolCall(.init(name: "n", callID: "c", input: "i")))
    #expect(
      done(#"{"type":"web_search_call","status":"completed","action":{"type":"search","query":"q"}}"#)?.content
        == .webSearchCall(.init(status: "completed", action: ["type": "search", "query": "q"])))
    #expect(
      done(#"{"type":"tool_search_call","call_id":"c","execution":"client","arguments":{"query":"q"}}"#)?.content
        == .toolSearchCall(.init(callID: "c", execution: "client", arguments: ["query": "q"])))
    #expect(done(#"{"type":"compaction","encrypted_content":"e"}"#)?.content == .compaction)
    #expect(done(#"{"type":"zzz_call","call_id":7}"#)?.content == .other(type: "zzz_call"))
    #expect(done(#"{ "type" : "zzz" }"#)?.content == .other(type: "zzz"))
  }

  @Test func `an item that begins needs no content`() {
    #expect(
      event(#"{"type":"response.output_item.added","item":{"type":"message","id":"m","role":"assistant"}}"#)
        == .itemAdded(
          OutputItem(
            id: "m", content: .message(.init(text: "")),
            raw: Array(#"{"type":"message","id":"m","role":"assistant"}"#.utf8))))
  }

  @Test func `hostile texts never trap`() {
    let whole =
      #"{"type":"response.output_item.done","item":{"type":"message","id":"m","role":"a","content":[{"type":"output_text","text":"\ud83d\ude00é"}]},"delta":"x","summary_index":99999999999999999999}"#
    let bytes = Array(whole.utf8)
    for end in bytes.indices { _ = ResponseEvent(ServerSentEvent(Array(bytes[..<end]))) }
    for index in bytes.indices {
      for byte: UInt8 in [0, 0x22, 0x5C, 0x7B, 0x7D, 0xC3, 0xFF] {
        var changed = bytes
        changed[index] = byte
        _ = ResponseEvent(ServerSentEvent(changed))
      }
    }
    let deep = #"{"type":"response.output_item.done","item":"# + String(repeating: "[", count: 5000)
    #expect(event(deep) == .malformed)
    #expect(event(#"{"type":"response.reasoning_text.delta","delta":"x","content_index":1e400}"#) == .malformed)
  }
}
