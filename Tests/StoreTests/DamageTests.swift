import Glibc
import HostIO
import JSON
import Testing

@testable import AppServerProtocol
@testable import Store

/// Files may be damaged in any way; whatever is read from them, nothing traps and nothing is written.
@Suite struct `Damaged session files` {
  private let home: SampleHome

  init() throws { home = try SampleHome() }

  private func paginated() -> [UInt8] {
    var file = SampleSession(1)
    file.message("developer", "<permissions instructions>x</permissions instructions>")
    file.start("t1")
    file.record(
      "turn_context", #"{"turn_id":"t1","cwd":"/w","approval_policy":"never","sandbox_policy":{},"model":"m"}"#)
    file.user("t1", "question \\u00e9 é")
    file.item(
      "t1",
      #"{"type":"CommandExecution","id":"c","command":["ls"],"cwd":"file:///w%20","parsed_cmd":[{"type":"read","cmd":"c","name":"n","path":"p"}],"source":"agent","status":"completed","aggregated_output":"x","exit_code":0,"duration":{"secs":1,"nanos":5}}"#
    )
    file.item("t1", #"{"type":"FileChange","id":"f","changes":{"/a":{"type":"add","content":"x"}},"status":"failed"}"#)
    file.agent("t1", "answer", phase: "final_answer")
    file.event("token_count", #""info":{"total_token_usage":{"total_tokens":1},"last_token_usage":{}}"#)
    file.record("compacted", #"{"message":"s","replacement_history":[{"type":"message","role":"user","content":[]}]}"#)
    file.end("t1")
    return Array(file.text.utf8)
  }

  private func legacy() -> [UInt8] {
    var file = SampleSession(1, mode: .legacy)
    file.start("t1")
    file.message("user", "q")
    file.event("user_message", #""message":"q","images":["data:"]"#)
    file.event("agent_reasoning", #""text":"r""#)
    file.event("agent_message", #""message":"a""#)
    file.event("patch_apply_end", #""call_id":"p","changes":{"/a":{"type":"add","content":"x"}},"status":"completed""#)
    file.record("compacted", #"{"message":"s"}"#)
    file.event("thread_rolled_back", #""num_turns":1"#)
    file.event("user_message", #""message":"q2""#)
    return Array(file.text.utf8)
  }

  /// Reads everything that can be read of a file with these bytes.
  private func readAll(_ bytes: [UInt8], _ path: String) throws {
    if let folder = ThreadFileName.folder(of: path) { try File.makeDirectories(folder) }
    try File.writeAtomically(bytes, to: path)
    let directory = ThreadDirectory(home: home.path)
    _ = try directory.list(ThreadListParams(), defaultModelProvider: "m")
    guard let history = try? openHistory(path) else { return }
    for view in [Turn.ItemsView.notLoaded, .summary, .full] { _ = try history.turnsPage(view, limit: 100) }
    _ = try history.itemsPage(limit: 100)
    _ = try history.loadModelHistory()
    for id in history.turnIDs {
      _ = try history.cut(beforeTurn: id)
      _ = history.base(at: try history.cut(afterTurn: id))
    }
    let mode = history.meta.historyMode
    let writer = try RolloutWriter.open(path: path, threadID: SampleHome.id(1), historyMode: mode)
    try writer.append(.threadRolledBack(turns: 0), at: UnixTime(milliseconds: 0))
    writer.close()
    let size = try File.status(path).size
    _ = try RolloutWriter.open(path: path, threadID: SampleHome.id(1), historyMode: mode)
    #expect(try File.status(path).size == size, "what a writer leaves needs no repair")
  }

  @Test(arguments: [0, 1])
  func `changed, lost and doubled bytes`(_ kind: Int) throws {
    let original = kind == 0 ? paginated() : legacy()
    let path = try home.write("", to: home.sessionPath(1))
    var random = SeededGenerator(seed: 7)
    for _ in 0..<400 {
      var bytes = original
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        let at = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<6, using: &random) {
        case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: at)
        case 2: bytes.insert(bytes[at], at: at)
        case 3: bytes[at] = Array("{}[]\",:0-\n".utf8).randomElement(using: &random) ?? 0
        case 4: bytes.removeSubrange(at..<min(bytes.count, at + 40))
        default: bytes.insert(contentsOf: bytes[at..<min(bytes.count, at + 60)], at: at)
        }
      }
      try readAll(bytes, path)
    }
  }

  @Test func `numbers beyond every range`() throws {
    let path = home.sessionPath(1)
    let huge = "9223372036854775807"
    var file = SampleSession(1, meta: #","history_base":null,"forked_from_ordinal_exclusive":\#(huge)"#)
    file.raw(#"{"timestamp":"","ordinal":\#(huge),"type":"event_msg","payload":{"type":"task_started","turn_id":"t"}}"#)
    file.raw(
      #"{"timestamp":"","ordinal":-\#(huge),"type":"event_msg","payload":{"type":"task_complete","turn_id":"t","duration_ms":\#(huge)}}"#
    )
    file.raw(
      #"{"timestamp":"","ordinal":\#(huge)9,"type":"event_msg","payload":{"type":"task_started","turn_id":"u"}}"#)
    file.raw(#"{"timestamp":"","ordinal":\#(huge),"type":"turn_context","payload":{}}"#)
    try readAll(Array(file.text.utf8), path)
    var legacy = SampleSession(1, mode: .legacy)
    legacy.event("user_message", #""message":"q""#)
    legacy.event("thread_rolled_back", #""num_turns":\#(huge)"#)
    legacy.event("thread_rolled_back", #""num_turns":-\#(huge)"#)
    legacy.event("user_message", #""message":"q""#)
    try readAll(Array(legacy.text.utf8), path)
  }

  @Test func `a file that shrinks under its reader`() throws {
    let path = home.sessionPath(1)
    try File.makeDirectories("\(home.path)/sessions/2026/01/02")
    try File.writeAtomically(paginated(), to: path)
    let history = try openHistory(path)
    let fd = try Descriptor(opening: path, 1)
    #expect(ftruncate(fd.fd, 300) == 0)
    let turns = try history.turnsPage().turns
    #expect(turns.count == 1)
    #expect(turns.first?["items"] == [])
    #expect(try history.itemsPage().items.isEmpty)
    try history.refresh()
  }
}
