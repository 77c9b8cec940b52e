import Glibc
import HostIO
import JSON
import Testing

@testable import AppServerProtocol
@testable import Store

private let now = UnixTime(milliseconds: 1_767_323_045_678)

private func started(_ turn: String) -> RolloutRecord {
  .taskStarted(turnID: turn, rootTurnID: turn, startedAt: 5, contextWindow: 1000)
}

@Suite struct `Writing a session file` {
  private let home: SampleHome
  private let id = SampleHome.id(1)

  init() throws { home = try SampleHome() }

  private func text(_ path: String) throws -> String {
    String(decoding: try File.read(path, limit: 1 << 20), as: UTF8.self)
  }

  @Test func `records have the envelope, the order and the spelling of the reference`() throws {
    let path = home.sessionPath(1)
    let writer = RolloutWriter.new(path: path, threadID: id, historyMode: .paginated)
    #expect(!writer.isMaterialized)
    var meta = SessionMeta(
      id: id, timestamp: now.iso8601, cwd: "/w", originator: "o", cliVersion: "1.0", modelProvider: "mock")
    meta.baseInstructions = "be good"
    meta.windowID = "w"
    meta.git = GitInfo(sha: "abc", branch: "main")
    try writer.append(.sessionMeta(meta), at: now)
    let context = TurnContext(
      turnID: "t", rootTurnID: "t", cwd: "/w", approvalPolicy: RawJSON("never"),
      sandboxPolicy: RawJSON(["type": "danger-full-access"]), model: "m", effort: "high")
    let usage = StoredTokenUsage(input: 1, cachedInput: 2, output: 3, reasoningOutput: 4, total: 10)
    let failure = TurnError(message: "m", info: RawJSON("usageLimitExceeded"))
    try writer.append(
      [
        started("t"), .responseItem(Array("{\n\"type\":\"x\\n\"\r\n}".utf8)), .turnContext(context),
        .threadSettingsApplied(threadID: id, settings: RawJSON(["model": "m"])),
        .itemCompleted(
          threadID: id, turnID: "t", item: .plan(PlanItem(id: "p", text: "x")), startedAtMs: 1, completedAtMs: 2),
        .tokenCount(TokenCount(total: usage, last: usage, contextWindow: nil)),
        .compacted(message: "s", replacement: [Array("{}".utf8)]),
        .taskComplete(
          turnID: "t", rootTurnID: "t", lastAgentMessage: "a", startedAt: 5, completedAt: 6, durationMs: 7,
          timeToFirstTokenMs: 8),
        .taskComplete(turnID: "t", lastAgentMessage: "dropped", error: failure),
        .turnAborted(turnID: "t", rootTurnID: "t", startedAt: 1, completedAt: 2, durationMs: 3),
        .threadRolledBack(turns: 2),
      ], at: now)
    let head = #"{"timestamp":"2026-01-02T03:04:05.678Z","ordinal":"#
    let tokens =
      #"{"input_tokens":1,"cached_input_tokens":2,"cache_write_input_tokens":0,"output_tokens":3,"reasoning_output_tokens":4,"total_tokens":10}"#
    let payloads = [
      #""session_meta","payload":{"session_id":"\#(id)","id":"\#(id)","timestamp":"2026-01-02T03:04:05.678Z","cwd":"/w","runtime_workspace_roots":["/w"],"originator":"o","cli_version":"1.0","source":"vscode","model_provider":"mock","base_instructions":{"text":"be good"},"history_mode":"paginated","context_window":{"window_id":"w"},"git":{"commit_hash":"abc","branch":"main"}}}"#,
      #""event_msg","payload":{"type":"task_started","turn_id":"t","root_turn_id":"t","started_at":5,"model_context_window":1000,"collaboration_mode_kind":"default"}}"#,
      #""response_item","payload":{"type":"x\n"}}"#,
      #""turn_context","payload":{"turn_id":"t","root_turn_id":"t","cwd":"/w","approval_policy":"never","sandbox_policy":{"type":"danger-full-access"},"model":"m","effort":"high","summary":"auto"}}"#,
      #""event_msg","payload":{"type":"thread_settings_applied","thread_id":"\#(id)","thread_settings":{"model":"m"}}}"#,
      #""event_msg","payload":{"type":"item_completed","thread_id":"\#(id)","turn_id":"t","item":{"type":"Plan","id":"p","text":"x"},"started_at_ms":1,"completed_at_ms":2}}"#,
      #""event_msg","payload":{"type":"token_count","info":{"total_token_usage":\#(tokens),"last_token_usage":\#(tokens),"model_context_window":null},"rate_limits":null}}"#,
      #""compacted","payload":{"message":"s","replacement_history":[{}]}}"#,
      #""event_msg","payload":{"type":"task_complete","root_turn_id":"t","turn_id":"t","last_agent_message":"a","started_at":5,"completed_at":6,"duration_ms":7,"time_to_first_token_ms":8}}"#,
      #""event_msg","payload":{"type":"task_complete","turn_id":"t","last_agent_message":null,"error":{"message":"m","codex_error_info":"usage_limit_exceeded"}}}"#,
      #""event_msg","payload":{"type":"turn_aborted","root_turn_id":"t","turn_id":"t","reason":"interrupted","started_at":1,"completed_at":2,"duration_ms":3}}"#,
      #""event_msg","payload":{"type":"thread_rolled_back","num_turns":2}}"#,
    ]
    let expected = payloads.enumerated().map { "\(head)\($0.offset),\"type\":\($0.element)\n" }.joined()
    #expect(try text(path) == expected)
    #expect(writer.nextOrdinal == 12)
    #expect(try writer.size() == Int64(expected.utf8.count))

    let history = try openHistory(path)
    #expect(history.meta == meta)
    let model = try history.loadModelHistory()
    #expect(model.latest.turnContext == context)
    #expect(model.latest.tokens == TokenCount(total: usage, last: usage, contextWindow: nil))
  }

  @Test func `the file is made at the first record, for the owner only`() throws {
    let path = home.sessionPath(1)
    let writer = RolloutWriter.new(path: path, threadID: id, historyMode: .paginated)
    try writer.append([], at: now)
    #expect(!File.exists(path))
    try writer.append(started("t"), at: now)
    #expect(writer.isMaterialized)
    #expect(try File.status(path).mode == 0o600)
    #expect(try File.status("\(home.path)/sessions/2026/01").mode == 0o700)
    let second = RolloutWriter.new(path: path, threadID: id, historyMode: .paginated)
    #expect(throws: StoreError.exists(path: path)) { try second.append(started("t"), at: now) }
    writer.close()
    #expect(throws: StoreError.closed(path: path)) { try writer.append(started("t"), at: now) }
  }

  @Test func `only one holds the file at a time, also among processes`() throws {
    let path = home.sessionPath(1)
    let writer = RolloutWriter.new(path: path, threadID: id, historyMode: .paginated)
    try writer.append(started("t"), at: now)
    let taken = StoreError.activeWriter(threadID: id)
    #expect(throws: taken) { try RolloutWriter.open(path: path, threadID: id, historyMode: .paginated) }
    #expect("\(taken)" == "thread \(id) already has an active writer")
    #expect(system("flock -n \(path) true") != 0)
    // Reading stays possible.
    #expect(try File.read(path, limit: 1000).count > 0)
    writer.close()
    #expect(system("flock -n \(path) true") == 0)
    _ = try RolloutWriter.open(path: path, threadID: id, historyMode: .paginated)
  }

  @Test func `a thread without a file cannot be continued`() {
    #expect(throws: StoreError.threadNotFound(id: id)) {
      try RolloutWriter.open(path: home.sessionPath(1), threadID: id, historyMode: .paginated)
    }
  }

  @Test func `a last record cut off at any byte is cut away, and the next one stands on its own`() throws {
    let path = home.sessionPath(1)
    var file = SampleSession(1)
    file.start("t1")
    let kept = file.text
    file.agent("t1", "é")
    let whole = Array(file.text.utf8.dropLast())
    for length in kept.utf8.count...whole.count {
      try home.write(String(decoding: whole.prefix(length), as: UTF8.self), to: path)
      let writer = try RolloutWriter.open(path: path, threadID: id, historyMode: .paginated)
      try writer.append(.taskComplete(turnID: "t1", lastAgentMessage: nil), at: now)
      writer.close()
      let lines = try text(path).split(separator: "\n", omittingEmptySubsequences: false)
      #expect(lines.last == "")
      let ordinals = try lines.dropLast().map { try JSON.parse(String($0))["ordinal"]?.intValue }
      #expect(ordinals == Array(0..<ordinals.count), "\(length)")
      #expect(ordinals.count >= 3)
    }
  }

  @Test func `a whole last record without its line end is kept`() throws {
    let path = home.sessionPath(1)
    var file = SampleSession(1)
    file.turn("t1", "q", "a")
    try home.write(String(file.text.dropLast()), to: path)
    let writer = try RolloutWriter.open(path: path, threadID: id, historyMode: .paginated)
    #expect(writer.nextOrdinal == Int64(file.ordinal))
    try writer.append(started("t2"), at: now)
    #expect(try openHistory(path).outline() == ["t1 completed u,a", "t2 interrupted "])
  }

  @Test func `ordinals go on after the last record that has one`() throws {
    let path = home.sessionPath(1)
    var file = SampleSession(1)
    file.ordinal = 41
    file.start("t1")
    file.raw("garbage")
    file.raw(#"{"type":"event_msg","payload":{"type":"warning"}}"#)
    try home.write(file, to: path)
    let writer = try RolloutWriter.open(path: path, threadID: id, historyMode: .paginated)
    #expect(writer.nextOrdinal == 42)
  }

  @Test func `zeros at the end, as a crash of the machine leaves them, are cut away`() throws {
    let path = home.sessionPath(1)
    var file = SampleSession(1)
    file.turn("t1", "q", "a")
    let before = file.text
    try home.write(before + String(repeating: "\0", count: 5000), to: path)
    let writer = try RolloutWriter.open(path: path, threadID: id, historyMode: .paginated)
    #expect(try text(path) == before)
    #expect(writer.nextOrdinal == Int64(file.ordinal))
  }

  @Test func `a write that the disk takes only in part leaves nothing behind`() throws {
    let path = home.sessionPath(1)
    var file = SampleSession(1)
    file.turn("t1", "q", "a")
    // A hole makes the file so large that the limit cannot hit anybody else's.
    let limit: Int64 = 1 << 33
    try home.write("", to: path)
    let fd = try Descriptor(opening: path, O_RDWR)
    let tail = Array(("\n" + file.text).utf8)
    #expect(pwrite(fd.fd, tail, tail.count, off_t(limit) - 40 - off_t(tail.count)) == tail.count)
    let writer = try RolloutWriter.open(path: path, threadID: id, historyMode: .paginated)
    let size = try writer.size()
    let ordinal = writer.nextOrdinal

    signal(SIGXFSZ, SIG_IGN)
    var before = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &before)
    var lowered = before
    lowered.rlim_cur = rlim_t(limit)
    setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &lowered)
    defer { setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &before) }

    #expect {
      try writer.append([started("t2"), started("t3")], at: now)
    } throws: {
      guard case StoreError.notWritten(let error)? = $0 as? StoreError else { return false }
      return error.code == EFBIG
    }
    #expect(try writer.size() == size)
    #expect(writer.nextOrdinal == ordinal)

    setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &before)
    try writer.append(started("t2"), at: now)
    #expect(try writer.size() > size)
    var lines = BackwardLineScanner(try SessionFile(path), end: try writer.size())
    _ = try lines.next()
    let last = try #require(try lines.next())
    #expect(RecordHead(lines.buffer, in: last.range)?.event == .taskComplete)
  }

  @Test func `many threads of the process write whole records`() async throws {
    let path = home.sessionPath(1)
    let writer = RolloutWriter.new(path: path, threadID: id, historyMode: .paginated)
    await withTaskGroup(of: Void.self) { group in
      for number in 0..<8 {
        group.addTask {
          for _ in 0..<50 { try? writer.append([started("\(number)"), started("\(number)")], at: now) }
        }
      }
    }
    let lines = try text(path).split(separator: "\n")
    #expect(try lines.map { try JSON.parse(String($0))["ordinal"]?.intValue } == Array(0..<800))
  }
}

@Suite struct `The lock of a thread` {
  private let home: SampleHome
  private let id = SampleHome.id(7)

  init() throws { home = try SampleHome() }

  private var path: String { "\(home.path)/thread-writer-locks/\(id).lock" }

  @Test func `it is the reference's file, held while the thread is loaded and gone after`() throws {
    var lock: ThreadWriterLock? = try ThreadWriterLock.acquire(home: home.path, threadID: id)
    #expect(lock != nil)
    #expect(File.exists(path))
    #expect(system("flock -n \(path) true") != 0)
    #expect(throws: StoreError.activeWriter(threadID: id)) {
      try ThreadWriterLock.acquire(home: home.path, threadID: id)
    }
    _ = try ThreadWriterLock.acquire(home: home.path, threadID: SampleHome.id(8))
    lock = nil
    #expect(!File.exists(path))
    _ = try ThreadWriterLock.acquire(home: home.path, threadID: id)
  }

  @Test func `another process that has it keeps us out`() throws {
    try File.makeDirectories("\(home.path)/thread-writer-locks")
    let marker = "\(home.path)/held"
    // Holds the lock until the marker is gone.
    #expect(
      system(
        "flock -n \(path) sh -c 'touch \(marker); while [ -e \(marker) ]; do sleep 0.01; done' & while [ ! -e \(marker) ]; do sleep 0.01; done"
      )
        == 0)
    #expect(throws: StoreError.activeWriter(threadID: id)) {
      try ThreadWriterLock.acquire(home: home.path, threadID: id)
    }
    try File.unlink(marker)
    // The other process lets go a moment later.
    #expect(system("flock -w 10 \(path) true") == 0)
    _ = try ThreadWriterLock.acquire(home: home.path, threadID: id)
  }

  @Test func `an id that is none names no file`() {
    for id in ["../x", "", "01b7a000", "\0"] {
      #expect(throws: StoreError.threadNotFound(id: id)) { try ThreadWriterLock.acquire(home: home.path, threadID: id) }
    }
  }
}
