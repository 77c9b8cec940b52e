import Glibc
import HostIO
import JSON

/// Homes and session files to measure on, in the form that both implementations read.
enum SyntheticHome {
  /// A fresh folder with a configuration that points at the model endpoint.
  static func make(_ name: String, in root: String, port: UInt16) throws -> String {
    let home = Path.join(root, name)
    try File.makeDirectories(home, mode: 0o700)
    let config = """
      model = "bench-model"
      model_provider = "bench"
      approval_policy = "never"
      sandbox_mode = "danger-full-access"
      check_for_update_on_startup = false

      [analytics]
      enabled = false

      [model_providers.bench]
      name = "bench"
      base_url = "http://127.0.0.1:\(port)/v1"
      request_max_retries = 0
      stream_max_retries = 0
      """
    try File.writeAtomically(Array(config.utf8), to: Path.join(home, "config.toml"))
    return home
  }

  /// `count` stored threads of one turn each, spread over ten days; returns their ids, oldest first.
  static func addThreads(_ count: Int, to home: String, cwd: String) throws -> [String] {
    var ids: [String] = []
    let start: Int64 = 1_790_000_000_000
    for index in 0..<count {
      let time = UnixTime(milliseconds: start + Int64(index) * (10 * 86_400_000 / Int64(count)))
      let id = UUIDGenerator(clock: .fixed(time), seed: UInt64(index) + 1).v7().description
      ids.append(id)
      var file = SessionFile(id: id, time: time, cwd: cwd)
      file.turn(number: 0, user: "question number \(index) about the code", agent: "an answer", padding: 0)
      try file.write(to: home)
    }
    return ids
  }

  /// One stored thread of at least `bytes` bytes, by less than one turn more; most of it is output of commands, as in real
  /// long threads.
  static func addLongThread(bytes: Int, to home: String, cwd: String) throws -> (id: String, bytes: Int) {
    let time = UnixTime(milliseconds: 1_795_000_000_000)
    let id = UUIDGenerator(clock: .fixed(time), seed: UInt64(bytes)).v7().description
    var file = SessionFile(id: id, time: time, cwd: cwd)
    var number = 0
    while file.bytes.count < bytes {
      file.turn(number: number, user: "step \(number)", agent: "done with step \(number)", padding: 40_000)
      number += 1
    }
    try file.write(to: home)
    return (id, file.bytes.count)
  }

  private struct SessionFile {
    let id: String
    let time: UnixTime
    private var ordinal = 0
    private(set) var bytes: [UInt8] = []

    init(id: String, time: UnixTime, cwd: String) {
      self.id = id
      self.time = time
      let text: JSON = ["text": .string(String(repeating: "Base instructions. ", count: 600))]
      record(
        "session_meta",
        [
          "id": .string(id), "session_id": .string(id), "timestamp": .string(time.iso8601), "cwd": .string(cwd),
          "originator": "bench", "cli_version": "0.163.0", "source": "vscode", "model_provider": "bench",
          "base_instructions": text, "history_mode": "paginated",
        ])
      self.cwd = cwd
    }

    private var cwd = ""

    private mutating func record(_ type: String, _ payload: JSON) {
      let line: JSON = [
        "timestamp": .string(time.iso8601), "ordinal": .int(ordinal), "type": .string(type), "payload": payload,
      ]
      bytes += line.encoded
      bytes.append(UInt8(ascii: "\n"))
      ordinal += 1
    }

    mutating func turn(number: Int, user: String, agent: String, padding: Int) {
      let turn = "\(id.prefix(24))\(String(number + 100_000_000_000))"
      let seconds = JSON.int(Int(time.seconds))
      let stamp = JSON.int(Int(time.milliseconds))
      record(
        "event_msg",
        [
          "type": "task_started", "turn_id": .string(turn), "root_turn_id": .string(turn), "started_at": seconds,
          "model_context_window": 258_400, "collaboration_mode_kind": "default",
        ])
      let text = { (type: String, words: String) -> JSON in [["type": .string(type), "text": .string(words)]] }
      record(
        "turn_context",
        [
          "turn_id": .string(turn), "cwd": .string(cwd), "approval_policy": "never",
          "sandbox_policy": ["type": "danger-full-access"], "model": "bench-model", "summary": "none",
        ])
      record(
        "response_item",
        ["type": "message", "id": .string("msg_u\(number)"), "role": "user", "content": text("input_text", user)])
      item(turn, stamp, ["type": "UserMessage", "id": .string("u\(number)"), "content": text("text", user)])
      if padding > 0 {
        let output = String(repeating: "0123456789 abcdef \u{e9}\n", count: padding / 20)
        let call = JSON.string("c\(number)")
        record(
          "response_item",
          ["type": "function_call", "name": "exec_command", "call_id": call, "arguments": "{\"cmd\":\"ls\"}"])
        item(
          turn, stamp,
          [
            "type": "CommandExecution", "id": call, "process_id": "1", "command": ["/bin/bash", "-lc", "ls"],
            "cwd": .string(cwd), "parsed_cmd": [["type": "unknown", "cmd": "ls"]], "source": "unified_exec_startup",
            "status": "completed", "aggregated_output": .string(output), "exit_code": 0,
            "duration": ["secs": 0, "nanos": 1000],
          ])
        record(
          "response_item", ["type": "function_call_output", "call_id": call, "output": .string(output)])
      }
      item(
        turn, stamp,
        [
          "type": "AgentMessage", "id": .string("msg_a\(number)"),
          "content": [["type": "Text", "text": .string(agent)]],
        ])
      record(
        "response_item",
        [
          "type": "message", "id": .string("msg_a\(number)"), "role": "assistant",
          "content": text("output_text", agent),
        ])
      record(
        "event_msg",
        [
          "type": "task_complete", "turn_id": .string(turn), "last_agent_message": .string(agent),
          "started_at": seconds, "completed_at": seconds, "duration_ms": 10,
        ])
    }

    private mutating func item(_ turn: String, _ stamp: JSON, _ item: JSON) {
      record(
        "event_msg",
        [
          "type": "item_completed", "thread_id": .string(id), "turn_id": .string(turn), "item": item,
          "started_at_ms": stamp, "completed_at_ms": stamp,
        ])
    }

    func write(to home: String) throws {
      let local = time.local
      let folder = ([home, "sessions"] + local.dayPath).joined(separator: "/")
      try File.makeDirectories(folder, mode: 0o700)
      let file = try AppendFile(Path.join(folder, "rollout-\(local.fileNameStamp)-\(id).jsonl"))
      try file.append(bytes)
    }
  }
}
