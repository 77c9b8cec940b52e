import Glibc
import HostIO
import JSON
import Testing

@testable import AppServerProtocol
@testable import Store

private let now = UnixTime(milliseconds: 1_767_323_045_678)

@Suite struct `The threads of a home` {
  private let home: SampleHome
  private let directory: ThreadDirectory

  init() throws {
    home = try SampleHome()
    directory = ThreadDirectory(home: home.path)
  }

  /// A thread of one message; its file was last changed `number` minutes after the others' start.
  @discardableResult
  private func add(
    _ number: Int, _ text: String = "hello", day: Int = 2, second: Int = 5, meta: String = "",
    mode: HistoryMode = .paginated
  ) throws -> String {
    var file = SampleSession(number, mode: mode, meta: meta)
    if mode == .paginated {
      file.start("t1")
      file.user("t1", text)
    } else {
      file.event("user_message", #""message":"\#(text)""#)
    }
    let path = try home.write(file, to: home.sessionPath(number, day: day, second: second))
    touch(path, minutes: number)
    return path
  }

  private func touch(_ path: String, minutes: Int) {
    let time = timespec(tv_sec: 1_767_323_045 + minutes * 60, tv_nsec: 0)
    utimensat(AT_FDCWD, path, [time, time], 0)
  }

  private func list(_ change: (inout ThreadListParams) -> Void = { _ in }) throws -> ThreadDirectory.Page {
    var params = ThreadListParams()
    change(&params)
    return try directory.list(params, defaultModelProvider: "mock")
  }

  private func ids(_ page: ThreadDirectory.Page) -> [Int] {
    page.threads.compactMap { Int($0.id.suffix(6)) }
  }

  private func ids(_ change: (inout ThreadListParams) -> Void = { _ in }) throws -> [Int] {
    try ids(list(change))
  }

  @Test func `a home without anything has no threads`() throws {
    #expect(try list() == ThreadDirectory.Page(threads: [], nextCursor: nil, backwardsCursor: nil))
    #expect(directory.find(SampleHome.id(1)) == nil)
    #expect(throws: StoreError.threadNotFound(id: "x")) { try directory.thread("x", defaultModelProvider: "m") }
  }

  @Test func `a thread is shown from the head of its file`() throws {
    var file = SampleSession(
      1,
      meta:
        #","git":{"commit_hash":"abc","branch":"b","repository_url":"u"},"forked_from_id":"f","base_instructions":{"text":"long"}"#
    )
    file.start("t1")
    file.record(
      "turn_context",
      #"{"turn_id":"t1","cwd":"/proj","approval_policy":"never","sandbox_policy":{},"model":"m1","effort":"low"}"#)
    file.user("t1", "  hello\\nworld ")
    file.record(
      "turn_context",
      #"{"turn_id":"t1","cwd":"/proj","approval_policy":"never","sandbox_policy":{},"model":"later"}"#)
    let path = try home.write(file, to: home.sessionPath(1))
    touch(path, minutes: 1)
    try directory.setName("My name", of: file.id, at: now)
    let thread = try #require(try list().threads.first)
    var expected = ThreadObject(
      id: file.id, modelProvider: "mock", cwd: "/proj", cliVersion: "0.163.0", originator: "sample",
      createdAt: 1_767_323_045, path: path)
    expected.preview = "hello\nworld"
    expected.updatedAt = 1_767_323_105
    expected.recencyAt = 1_767_323_105
    expected.forkedFromID = "f"
    expected.firstTurnID = "t1"
    expected.model = "m1"
    expected.reasoningEffort = "low"
    expected.gitInfo = GitInfo(sha: "abc", branch: "b", originURL: "u")
    expected.name = "My name"
    #expect(thread == expected)
    #expect(try directory.thread(file.id, defaultModelProvider: "mock") == expected)
  }

  /// Recorded with 0.163.0.
  @Test func `only threads with a message of the user are listed`() throws {
    try add(1)
    try add(2, "")
    try add(3, "legacy", mode: .legacy)
    var file = SampleSession(4)
    file.message("user", "for the model only")
    try home.write(file, to: home.sessionPath(4))
    file = SampleSession(5)
    file.item("t", #"{"type":"UserMessage","id":"u","content":[{"type":"image","image_url":"data:"}]}"#)
    try home.write(file, to: home.sessionPath(5))
    file = SampleSession(6)
    file.item(
      "t", #"{"type":"UserMessage","id":"u","content":[{"type":"text","text":"one"},{"type":"text","text":"two"}]}"#)
    try home.write(file, to: home.sessionPath(6))
    try add(7, "surroundings\\n## My request for Codex:\\nthe request")
    try home.write("garbage\n" + file.text, to: home.sessionPath(8))
    try home.write(file.text.replacing("\"cwd\"", with: "\"cwdx\""), to: home.sessionPath(9))
    try home.write(String(repeating: "garbage\n", count: 1000) + file.text, to: home.sessionPath(10))
    let page = try list { $0.sortDirection = .ascending }
    #expect(
      page.threads.map { "\($0.id.suffix(1)) \($0.preview)" } == [
        "1 hello", "3 legacy", "5 [Image]", "6 onetwo", "7 the request",
      ])
    // It is there all the same.
    #expect(try directory.thread(SampleHome.id(4), defaultModelProvider: "m").preview == "")
    #expect {
      try directory.thread(SampleHome.id(9), defaultModelProvider: "m")
    } throws: {
      guard case StoreError.unreadable(let path, let reason)? = $0 as? StoreError else { return false }
      return path == home.sessionPath(9) && reason.contains("cwd")
    }
  }

  @Test func `a long first message is cut at a character`() throws {
    try add(1, String(repeating: "é", count: HeadSummary.previewLimit))
    #expect(try list().threads.first?.preview == String(repeating: "é", count: HeadSummary.previewLimit / 2))
  }

  @Test func `what is no session file is passed over`() throws {
    try add(1)
    for name in ["notes.txt", "rollout-x.jsonl", "rollout-2026-01-02T03-04-05-nonsense.jsonl"] {
      try home.write("{}", to: "\(home.path)/sessions/2026/01/02/\(name)")
    }
    try File.makeDirectories("\(home.sessionPath(2))/folder")
    #expect(mkfifo(home.sessionPath(3), 0o600) == 0)
    #expect(symlink("/nonexistent", home.sessionPath(4)) == 0)
    #expect(try ids() == [1])
    #expect(try ids { $0.sortKey = .updatedAt } == [1])
  }

  @Test func `pages meet without gap or overlap, for every key, direction and size, also within one second`() throws {
    for number in 1...9 { try add(number, second: number < 6 ? 5 : 6) }
    for number in [2, 3, 4] { touch(home.sessionPath(number), minutes: 99) }
    for key in ThreadSortKey.allCases {
      for direction in SortDirection.allCases {
        let all = try ids { ($0.sortKey, $0.sortDirection) = (key, direction) }
        #expect(Set(all) == Set(1...9))
        for limit in 1...10 {
          var found: [Int] = []
          var cursor: String?
          repeat {
            let page = try list {
              ($0.sortKey, $0.sortDirection, $0.limit, $0.cursor) = (key, direction, limit, cursor)
            }
            found += ids(page)
            cursor = page.nextCursor
          } while cursor != nil
          #expect(found == all, "\(key) \(direction) \(limit)")
        }
      }
    }
    #expect(try ids() == [9, 8, 7, 6, 5, 4, 3, 2, 1])
    #expect(try ids { $0.sortKey = .updatedAt } == [4, 3, 2, 9, 8, 7, 6, 5, 1])
  }

  @Test func `the backwards cursor starts with the first thread again`() throws {
    for number in 1...6 { try add(number) }
    for key in [ThreadSortKey.createdAt, .updatedAt] {
      let first = try list { ($0.sortKey, $0.limit) = (key, 2) }
      let second = try list { ($0.sortKey, $0.limit, $0.cursor) = (key, 2, first.nextCursor) }
      #expect(ids(second) == [4, 3])
      let back = try ids { ($0.sortKey, $0.sortDirection, $0.cursor) = (key, .ascending, second.backwardsCursor) }
      #expect(back == [4, 5, 6])
    }
  }

  @Test func `cursors of the reference are understood and nonsense is not`() throws {
    try add(1, second: 5)
    try add(2, second: 6)
    #expect(try ids { $0.cursor = "2026-01-02T03:04:06Z" } == [1])
    #expect(try ids { ($0.cursor, $0.sortDirection) = ("2026-01-02T03:04:05.677Z", .ascending) } == [2])
    #expect(
      try ids { ($0.sortKey, $0.cursor) = (.recencyAt, "2026-01-02T03:06:05Z|\(SampleHome.id(2))") } == [1])
    for cursor in ["", "xx", "5", "2026-01-02T03:04:05Z|x", "2026-01-02T03:04:05Z|\(SampleHome.id(1))|x", "|||"] {
      #expect(throws: StoreError.invalidCursor(cursor)) { try list { $0.cursor = cursor } }
    }
  }

  @Test func `filters choose as those of the reference`() throws {
    try add(1, "plain")
    try add(2, "cli", meta: #","source":"cli""#)
    try add(3, "exec", meta: #","source":"exec""#)
    try add(
      4, "spawned",
      meta:
        #","source":{"subagent":{"thread_spawn":{"parent_thread_id":"\#(SampleHome.id(1))","depth":1,"agent_nickname":"nick","agent_role":"role"}}}"#
    )
    try add(5, "review", meta: #","source":{"subagent":"review"}"#)
    try add(6, "custom", meta: #","source":{"custom":"foo"}"#)
    try add(7, "mcp", meta: #","source":"mcp""#)
    try add(8, "unknown", meta: #","source":"zzz""#)
    try add(9, "Elsewhere", meta: #","cwd":"/other/""#)
    try add(10, "other provider", meta: #","model_provider":"other""#)
    try add(
      11, "grandchild",
      meta: #","source":{"subagent":{"thread_spawn":{"parent_thread_id":"\#(SampleHome.id(4))","depth":2}}}"#)
    func found(_ change: (inout ThreadListParams) -> Void) throws -> [Int] {
      try ids {
        $0.sortDirection = .ascending
        change(&$0)
      }
    }
    #expect(try found { _ in } == [1, 2, 9])
    #expect(try found { $0.sourceKinds = [] } == [1, 2, 9])
    let kinds: [(String, [Int])] = [
      ("cli", [2]), ("vscode", [1, 9]), ("exec", [3]), ("appServer", [7]), ("subAgent", [4, 5, 11]),
      ("subAgentReview", [5]), ("subAgentThreadSpawn", [4, 11]), ("subAgentOther", []), ("unknown", [8]),
    ]
    for (kind, expected) in kinds { #expect(try found { $0.sourceKinds = [kind] } == expected, "\(kind)") }
    #expect(try found { $0.modelProviders = ["other"] } == [10])
    #expect(try found { $0.modelProviders = [] } == [1, 2, 9, 10])
    #expect(try found { $0.cwds = ["/other"] } == [9])
    #expect(try found { $0.cwds = ["/other/", "/nowhere"] } == [9])
    #expect(try found { $0.cwds = [] } == [])
    #expect(try found { $0.searchTerm = "lsewh" } == [9])
    #expect(try found { $0.searchTerm = "elsewh" } == [])
    #expect(try found { $0.searchTerm = "" } == [1, 2, 9])
    #expect(try found { $0.excludedThreadIDs = [SampleHome.id(2), "junk"] } == [1, 9])
    #expect(try found { $0.parentThreadID = SampleHome.id(1) } == [4])
    #expect(try found { $0.ancestorThreadID = SampleHome.id(1) } == [4, 11])
    #expect(try found { $0.ancestorThreadID = "junk" } == [])
    #expect(try found { $0.sectionID = .some("s") } == [])
    #expect(try found { $0.projectID = .some(nil) } == [1, 2, 9])
    let spawned = try #require(try list { $0.parentThreadID = SampleHome.id(1) }.threads.first)
    #expect(spawned.agentNickname == "nick")
    #expect(spawned.agentRole == "role")
    try directory.setName("renamed 100%", of: SampleHome.id(2), at: now)
    #expect(try found { $0.searchTerm = "100%" } == [2])
  }

  @Test func `threads that claim to be each other's parents end no search`() throws {
    for (number, parent) in [(1, 2), (2, 1), (3, 3)] {
      try add(number, meta: #","parent_thread_id":"\#(SampleHome.id(parent))""#)
    }
    #expect(try ids { $0.ancestorThreadID = SampleHome.id(9) } == [])
    #expect(try ids { $0.ancestorThreadID = SampleHome.id(3) } == [3])
  }

  @Test func `limits of pages are named and kept`() throws {
    for number in 1...ThreadDirectory.maximumPageSize + 3 { try add(number) }
    #expect(try list { $0.limit = 0 }.threads.count == ThreadDirectory.defaultPageSize)
    #expect(try list { $0.limit = Int.max }.threads.count == ThreadDirectory.maximumPageSize)
  }

  @Test func `changes of the files are seen at the next call`() throws {
    let path = try add(1, "first")
    #expect(try list().threads.map(\.preview) == ["first"])
    try add(2, "second")
    #expect(try ids() == [2, 1])
    // The head of a file that only grows stays as it is.
    let writer = try RolloutWriter.open(path: path, threadID: SampleHome.id(1), historyMode: .paginated)
    try writer.append(.taskComplete(turnID: "t1", lastAgentMessage: nil), at: now)
    #expect(try list().threads.map(\.preview) == ["second", "first"])
    #expect(try ids { $0.sortKey = .updatedAt } == [1, 2])
    // A file that takes the place of another is read again.
    try add(2, "replaced")
    #expect(try list().threads.map(\.preview) == ["replaced", "first"])
    try File.unlink(home.sessionPath(2))
    #expect(try ids() == [1])
    // A thread without a message is looked at again when it grows.
    let quiet = home.sessionPath(3)
    var file = SampleSession(3)
    try home.write(file, to: quiet)
    #expect(try ids() == [1])
    file.user("t", "now")
    let bytes = Array(file.text.utf8)
    let fd = try Descriptor(opening: quiet, O_WRONLY | O_TRUNC)
    try fd.writeAll(bytes)
    #expect(try ids() == [3, 1])
  }

  @Test func `names are kept in the reference's file, the last one counts`() throws {
    let id = SampleHome.id(1)
    try home.write(
      #"{"id":"\#(id)","thread_name":"old","updated_at":"x"}"# + "\ngarbage\n{}\n"
        + #"{"id":"\#(SampleHome.id(2))","thread_name":"half"#, to: "\(home.path)/session_index.jsonl")
    #expect(directory.name(of: id) == "old")
    try directory.setName("new \"ä\"", of: id, at: now)
    #expect(directory.name(of: id) == "new \"ä\"")
    #expect(directory.name(of: SampleHome.id(2)) == nil)
    #expect(ThreadDirectory(home: home.path).name(of: id) == "new \"ä\"")
    let last = String(decoding: try File.read("\(home.path)/session_index.jsonl", limit: 10_000), as: UTF8.self)
      .split(separator: "\n").last
    #expect(last == #"{"id":"\#(id)","thread_name":"new \"ä\"","updated_at":"2026-01-02T03:04:05.678Z"}"#)
    // Replaced by another program.
    try home.write(#"{"id":"\#(id)","thread_name":"theirs"}"# + "\n", to: "\(home.path)/session_index.jsonl")
    #expect(directory.name(of: id) == "theirs")
    try File.unlink("\(home.path)/session_index.jsonl")
    #expect(directory.name(of: id) == nil)
  }

  @Test func `repository information that was changed outlives a restart and leaves the file alone`() throws {
    let path = try add(1, meta: #","git":{"commit_hash":"abc","branch":"b"}"#)
    let before = try File.read(path, limit: 10_000)
    let id = SampleHome.id(1)
    #expect(try list().threads.first?.gitInfo == GitInfo(sha: "abc", branch: "b"))
    try directory.setGitInfo(GitInfo(sha: "def", originURL: "u"), of: id, at: now)
    #expect(try list().threads.first?.gitInfo == GitInfo(sha: "def", originURL: "u"))
    let again = ThreadDirectory(home: home.path)
    #expect(again.gitInfo(of: id) == GitInfo(sha: "def", originURL: "u"))
    try again.setGitInfo(GitInfo(), of: id, at: now)
    #expect(try list().threads.first?.gitInfo == nil)
    #expect(try File.read(path, limit: 10_000) == before)
  }

  @Test func `a thread goes to the archive and comes back to its day`() throws {
    let path = try add(1, day: 7)
    let id = SampleHome.id(1)
    let archived = "\(home.path)/archived_sessions/\(ThreadFileName.lastPart(of: path))"
    #expect(try directory.archive(id) == archived)
    #expect(directory.find(id) == .init(path: archived, isArchived: true))
    #expect(try ids() == [])
    #expect(try ids { $0.archived = true } == [1])
    #expect(throws: StoreError.threadNotFound(id: id)) { try directory.archive(id) }
    #expect(try directory.unarchive(id) == path)
    #expect(try ids { $0.archived = true } == [])
    #expect(try ids() == [1])
    #expect(directory.find(id) == .init(path: path, isArchived: false))
    #expect(throws: StoreError.threadNotFound(id: id)) { try directory.unarchive(id) }
    // Nothing is overwritten.
    try home.write("x", to: archived)
    #expect(throws: StoreError.exists(path: archived)) { try directory.archive(id) }
  }

  @Test func `all files of a thread are moved and removed together`() throws {
    try add(1)
    var second = SampleSession(1)
    second.user("t", "again")
    try home.write(second, to: home.sessionPath(1, continuation: 101))
    let id = SampleHome.id(1)
    #expect(try directory.archive(id).hasSuffix("_\(SampleHome.id(101)).jsonl"))
    #expect(try File.list("\(home.path)/archived_sessions").count == 2)
    try directory.delete(id)
    #expect(try File.list("\(home.path)/archived_sessions").isEmpty)
    #expect(throws: StoreError.threadNotFound(id: id)) { try directory.delete(id) }
  }

  @Test func `a new thread's file is named as the reference names it`() throws {
    let id = try #require(UUID(SampleHome.id(1)))
    let path = directory.newPath(threadID: id, startedAt: now)
    let name = try #require(ThreadFileName(ThreadFileName.lastPart(of: path)))
    #expect(name.threadID == id)
    #expect(path == "\(home.path)/sessions/\(name.dayFolder)/\(name.text)")
    #expect(name.stampText == now.local.fileNameStamp)
    let continued = try #require(directory.continuationPath(of: path, segmentID: id))
    #expect(ThreadFileName(ThreadFileName.lastPart(of: continued))?.continuation == id)
    #expect(ThreadFileName("rollout-2026-01-02T03-04-05-\(SampleHome.id(1)).jsonl")?.text.utf8.count == 70)
    for name in ["", "rollout-", "rollout-2026-01-02T03-04-05-\(SampleHome.id(1)).json"] {
      #expect(ThreadFileName(name) == nil)
    }
  }
}
