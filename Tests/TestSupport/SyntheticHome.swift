import HostIO

/// Homes with many or long threads, to measure and test on: files of the reference's form with its usual sizes.
package struct SyntheticHome {
  package let path: String

  package init(path: String) { self.path = path }

  /// Makes `count` threads spread over `days` days, with a head of about `headBytes` before the first message, as the
  /// instructions of the reference take (some 30 KB), and one turn each. Returns the ids, oldest first.
  package func addThreads(_ count: Int, days: Int = 200, headBytes: Int = 30_000) throws -> [String] {
    let start: Int64 = 1_735_700_000_000
    let instructions = String(repeating: "Do as you are told and mind your step. ", count: headBytes / 78)
    var ids: [String] = []
    for number in 0..<count {
      let time = UnixTime(milliseconds: start + Int64(number) * Int64(days) * 86_400_000 / Int64(max(count, 1)))
      let id = Self.id(number, time)
      var file = SyntheticSession(id: id, time: time, instructions: instructions)
      file.message("developer", instructions)
      file.turn(0, question: "question \(number) about the code", answer: "answer \(number)", outputBytes: 200)
      try write(file, id, time)
      ids.append(id)
    }
    return ids
  }

  /// Makes one thread of about `bytes` bytes: turns of three commands with `outputBytes` of output each.
  package func addLongThread(_ number: Int, bytes: Int, outputBytes: Int = 2000) throws -> String {
    let time = UnixTime(milliseconds: 1_760_000_000_000 + Int64(number) * 1000)
    let id = Self.id(number, time)
    var file = SyntheticSession(id: id, time: time, instructions: "Be brief.")
    var turn = 0
    while file.bytes.count < bytes {
      file.turn(turn, question: "step \(turn)", answer: "did step \(turn)", outputBytes: outputBytes)
      turn += 1
    }
    try write(file, id, time)
    return id
  }

  private static func id(_ number: Int, _ time: UnixTime) -> String {
    UUIDGenerator(clock: .fixed(time), seed: UInt64(number)).v7().description
  }

  private func write(_ file: SyntheticSession, _ id: String, _ time: UnixTime) throws {
    let local = time.local
    let folder = "\(path)/sessions/" + local.dayPath.joined(separator: "/")
    try File.makeDirectories(folder)
    let descriptor = try Descriptor(
      opening: "\(folder)/rollout-\(local.fileNameStamp)-\(id).jsonl", 0o101, mode: 0o600)
    try descriptor.writeAll(file.bytes)
  }
}

/// The lines of one synthetic file.
private struct SyntheticSession {
  let id: String
  let time: String
  private(set) var bytes: [UInt8] = []
  private var ordinal = 0

  init(id: String, time: UnixTime, instructions: String) {
    self.id = id
    self.time = time.iso8601
    record(
      "session_meta",
      #"{"session_id":"\#(id)","id":"\#(id)","timestamp":"\#(self.time)","cwd":"/proj/project","originator":"synthetic","cli_version":"0.163.0","source":"vscode","model_provider":"openai","base_instructions":{"text":"\#(instructions)"},"history_mode":"paginated"}"#
    )
  }

  private mutating func record(_ type: String, _ payload: String) {
    let line = #"{"timestamp":"\#(time)","ordinal":\#(ordinal),"type":"\#(type)","payload":\#(payload)}"# + "\n"
    bytes.append(contentsOf: line.utf8)
    ordinal += 1
  }

  mutating func message(_ role: String, _ text: String) {
    record(
      "response_item",
      #"{"type":"message","role":"\#(role)","content":[{"type":"input_text","text":"\#(text)"}]}"#)
  }

  private mutating func item(_ turn: String, _ item: String) {
    record(
      "event_msg",
      #"{"type":"item_completed","thread_id":"\#(id)","turn_id":"\#(turn)","item":\#(item),"started_at_ms":1795610307688,"completed_at_ms":1795610307688}"#
    )
  }

  mutating func turn(_ number: Int, question: String, answer: String, outputBytes: Int) {
    let turn = "\(id.prefix(24))\(100_000_000_000 + number)"
    record(
      "event_msg",
      #"{"type":"task_started","turn_id":"\#(turn)","root_turn_id":"\#(turn)","started_at":1795610307,"model_context_window":258400,"collaboration_mode_kind":"default"}"#
    )
    record(
      "turn_context",
      #"{"turn_id":"\#(turn)","cwd":"/proj/project","approval_policy":"never","sandbox_policy":{"type":"danger-full-access"},"model":"synthetic-model","summary":"none"}"#
    )
    message("user", question)
    item(
      turn,
      #"{"type":"UserMessage","id":"u\#(number)","content":[{"type":"text","text":"\#(question)","text_elements":[]}]}"#
    )
    let output = String(repeating: #"some output é \"quoted\"\n"#, count: outputBytes / 27)
    for call in 0..<3 {
      let callID = "c\(number)-\(call)"
      record(
        "response_item",
        #"{"type":"function_call","name":"exec_command","arguments":"{\"cmd\":\"ls -l\"}","call_id":"\#(callID)"}"#)
      item(
        turn,
        #"{"type":"CommandExecution","id":"\#(callID)","process_id":"46151","command":["/bin/bash","-lc","ls -l"],"cwd":"file:///proj/project","parsed_cmd":[{"type":"list_files","cmd":"ls -l","path":null}],"source":"unified_exec_startup","status":"completed","aggregated_output":"\#(output)","exit_code":0,"duration":{"secs":0,"nanos":34672}}"#
      )
      record(
        "response_item", #"{"type":"function_call_output","call_id":"\#(callID)","output":"\#(output)"}"#)
    }
    item(turn, #"{"type":"AgentMessage","id":"a\#(number)","content":[{"type":"Text","text":"\#(answer)"}]}"#)
    message("assistant", answer)
    record(
      "event_msg",
      #"{"type":"task_complete","turn_id":"\#(turn)","last_agent_message":"\#(answer)","started_at":1795610307,"completed_at":1795610307,"duration_ms":79}"#
    )
  }
}
