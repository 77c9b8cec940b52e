import JSON
import Testing

@testable import ModelAPI

@Suite struct InputItemTests {
  @Test func `messages have their parts in order`() {
    #expect(
      text(
        InputItem.message(.user, id: "msg_1", [.text("a\"\n"), .image(url: "data:x"), .image(url: "u", detail: nil)]))
        == #"{"type":"message","id":"msg_1","role":"user","content":[{"type":"input_text","text":"a\"\n"},{"type":"input_image","image_url":"data:x","detail":"high"},{"type":"input_image","image_url":"u"}]}"#
    )
    #expect(
      text(InputItem.message(.developer, id: nil, text: "a"))
        == #"{"type":"message","role":"developer","content":[{"type":"input_text","text":"a"}]}"#)
    #expect(
      text(InputItem.assistantMessage(id: nil, text: "a"))
        == #"{"type":"message","role":"assistant","content":[{"type":"output_text","text":"a"}]}"#)
  }

  @Test func `outputs name their call`() {
    #expect(
      text(InputItem.functionCallOutput(id: "fco_1", callID: "c", .text("o")))
        == #"{"type":"function_call_output","id":"fco_1","call_id":"c","output":"o"}"#)
    #expect(
      text(InputItem.customToolCallOutput(id: nil, callID: "c", .parts([.text("o")])))
        == #"{"type":"custom_tool_call_output","call_id":"c","output":[{"type":"input_text","text":"o"}]}"#)
    #expect(
      text(InputItem.toolSearchOutput(id: nil, callID: "c"))
        == #"{"type":"tool_search_output","call_id":"c","status":"completed","execution":"client","tools":[]}"#)
  }

  @Test func `ids begin with the kind`() {
    #expect(InputItem.IDPrefix.message.id("u") == "msg_u")
    #expect(InputItem.IDPrefix.customToolCallOutput.id("u") == "ctco_u")
  }
}

@Suite struct HistoryItemTests {
  private let call = #"{"type":"function_call","call_id":"a","name":"n","arguments":"{}"}"#
  private let output = #"{"type":"function_call_output","call_id":"a","output":"o"}"#

  private func sanitised(_ items: [HistoryItem], takesImages: Bool = true) -> [String] {
    HistoryItem.sanitised(items, takesImages: takesImages).map(text)
  }

  @Test func `a whole history comes out as it is`() throws {
    let items = [
      #"{"type":"message","role":"user","content":[{"type":"input_image","image_url":"u"}]}"#, call, output,
      #"{"type":"custom_tool_call","call_id":"a"}"#, #"{"type":"custom_tool_call_output","call_id":"a","output":"o"}"#,
      #"{ "type": "zzz", "call_id": "q" }"#, #"{"type":"reasoning","encrypted_content":"e"}"#,
    ]
    #expect(sanitised(try items.map { try HistoryItem(raw: Array($0.utf8)) }) == items)
  }

  @Test func `a call without an output gets one right after it`() throws {
    let items = try history(
      call, #"{"type":"custom_tool_call","call_id":"b"}"#, #"{"type":"local_shell_call","call_id":"c"}"#,
      #"{"type":"tool_search_call","call_id":"d","execution":"client"}"#,
      #"{"type":"tool_search_call","call_id":"e","execution":"server"}"#)
    #expect(
      sanitised(items) == [
        call, #"{"type":"function_call_output","call_id":"a","output":"aborted"}"#,
        #"{"type":"custom_tool_call","call_id":"b"}"#,
        #"{"type":"custom_tool_call_output","call_id":"b","output":"aborted"}"#,
        #"{"type":"local_shell_call","call_id":"c"}"#,
        #"{"type":"function_call_output","call_id":"c","output":"aborted"}"#,
        #"{"type":"tool_search_call","call_id":"d","execution":"client"}"#,
        #"{"type":"tool_search_output","call_id":"d","status":"completed","execution":"client","tools":[]}"#,
        #"{"type":"tool_search_call","call_id":"e","execution":"server"}"#,
      ])
  }

  @Test func `outputs without a call before them are dropped, and so are second ones`() throws {
    let aborted = #"{"type":"function_call_output","call_id":"a","output":"aborted"}"#
    #expect(sanitised(try history(output, call)) == [call, aborted])
    #expect(sanitised(try history(call, output, output)) == [call, output])
    #expect(sanitised(try history(#"{"type":"custom_tool_call","call_id":"a"}"#, output)).count == 2)
    #expect(sanitised(try history(call, call, output, output)) == [call, call, output, output])
    #expect(sanitised(try history(call, call, output)) == [call, call, aborted, output])
  }

  @Test func `images give way to a note if the model takes none`() throws {
    let items = try history(
      #"{"type":"message","role":"user","content":[{"type":"input_text","text":"t"},{"type":"input_image","image_url":"u"}]}"#,
      call, #"{"type":"function_call_output","call_id":"a","output":[{"type":"input_image","image_url":"u"}]}"#)
    let note = #"{"type":"input_text","text":"\#(HistoryItem.omittedImage)"}"#
    #expect(
      sanitised(items, takesImages: false) == [
        #"{"type":"message","role":"user","content":[{"type":"input_text","text":"t"},\#(note)]}"#, call,
        #"{"type":"function_call_output","call_id":"a","output":[\#(note)]}"#,
      ])
  }

  @Test func `what only session files have, and ids that no server takes, are left out`() throws {
    func raw(_ json: String) throws -> String { text(try HistoryItem(raw: Array(json.utf8)).raw) }
    #expect(
      try raw(
        #"{"type":"message","id":"msg-2","role":"user","content":[ ],"internal_chat_message_metadata_passthrough":{"a":1}}"#
      ) == #"{"type":"message","role":"user","content":[ ]}"#)
    #expect(try raw(#"{"id":"msg_2"}"#) == #"{"id":"msg_2"}"#)
    for id in [#""""#, "null", "7", #""_""#, #""_a""#, #""a_""#, #""abc""#] {
      #expect(try raw(#"{"id":\#(id),"a":1}"#) == #"{"a":1}"#, "\(id)")
    }
  }

  @Test func `kinds are told apart`() throws {
    func kind(_ json: String) throws -> HistoryItem.Kind { try HistoryItem(raw: Array(json.utf8)).kind }
    #expect(
      try kind(#"{"type":"message","role":"user","content":[{"type":"input_text","text":"a"},{"text":"b"},3]}"#)
        == .userMessage(texts: ["a", "b"]))
    #expect(try kind(#"{"type":"message","role":"developer","content":"x"}"#) == .developerMessage)
    #expect(try kind(#"{"type":"message","role":"assistant"}"#) == .assistantMessage)
    #expect(try kind(#"{"type":"function_call"}"#) == .other)
    #expect(try kind("{}") == .other)
    #expect(throws: JSONError.self) { try kind("[]") }
    #expect(throws: JSONError.self) { try kind("{} x") }
  }

  @Test func `many calls are paired in time that grows with their number`() {
    let call = HistoryItem(kind: .call(.function, callID: "c"), raw: [])
    let output = HistoryItem(kind: .output(.function, callID: "c"), raw: [])
    let items = [HistoryItem](repeating: call, count: 20_000) + [HistoryItem](repeating: output, count: 20_000)
    #expect(HistoryItem.sanitised(items, takesImages: true).count == 40_000)
  }
}
