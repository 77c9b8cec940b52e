import JSON
import Testing

@testable import ModelAPI

@Suite struct ContextBlockTests {
  @Test func `blocks of an agent are told from the words of a person`() {
    for text in [
      ContextBlock.aborted, ContextBlock.skill(name: "n", path: "p", body: "b"), ContextBlock.collaborationMode("x"),
      ContextBlock.skills("x"), ContextBlock.userAction("x"), Compaction.summaryText("s"),
      AgentsInstructions.block(cwd: "/w", text: "t"), " \n<environment_context>", "<user_instructions>x",
      "Another language model started to solve this problem and so on", "<permissions instructions>\n",
    ] {
      #expect(ContextBlock.isContextBlock(text), "\(text)")
    }
    for text in ["", "hi", "what is <environment_context>?", "<skills>", "# AGENTS.md", "<turn_abort"] {
      #expect(!ContextBlock.isContextBlock(text), "\(text)")
    }
  }
}

@Suite struct AgentsInstructionsTests {
  private func join(_ global: String?, _ documents: [String], _ limit: Int = 100) -> String? {
    AgentsInstructions.text(
      global: global.map { Array($0.utf8) }, documents: documents.map { Array($0.utf8) }, maximumBytes: limit)
  }

  @Test func `the global file comes first, then the project from its root down`() {
    #expect(join("g\n", ["a\n", "b"]) == "g\n\n--- project-doc ---\n\na\n\n\nb")
    #expect(join(nil, ["a"]) == "a")
    #expect(join("g", []) == "g")
    #expect(join(" \n", ["", "\t"]) == nil)
    #expect(join(nil, []) == nil)
  }

  @Test func `the project's files share a budget`() {
    #expect(join("global", ["abcd", "efgh", "i"], 6) == "global\n\n--- project-doc ---\n\nabcd\n\nef")
    #expect(join("g", ["a"], 0) == "g")
    #expect(join(nil, ["aé"], 2) == "a\u{FFFD}")
    #expect(join(nil, ["a"], -1) == nil)
    #expect(AgentsInstructions.defaultMaximumBytes == 32_768)
    #expect(AgentsInstructions.text(global: nil, documents: [[0x61, 0xFF]]) == "a\u{FFFD}")
  }

  @Test func `the block names the folder`() {
    #expect(
      AgentsInstructions.block(cwd: "/w", text: "t")
        == "# AGENTS.md instructions for /w\n\n<INSTRUCTIONS>\nt\n</INSTRUCTIONS>")
  }
}

@Suite struct EnvironmentContextTests {
  private let environment = EnvironmentContext(
    cwd: "/w", shell: "bash", currentDate: "2026-11-25", timeZone: "Etc/UTC", workspaceRoots: ["/w"],
    permissions: .disabled)

  @Test func `the block says where the model is`() {
    #expect(
      environment.block == """
        <environment_context>
          <cwd>/w</cwd>
          <shell>bash</shell>
          <current_date>2026-11-25</current_date>
          <timezone>Etc/UTC</timezone>
          <filesystem><workspace_roots><root>/w</root></workspace_roots><permission_profile type="disabled"><file_system type="unrestricted" /></permission_profile></filesystem>
        </environment_context>
        """)
  }

  @Test func `an update says what is new`() {
    #expect(environment.update(since: environment) == nil)
    var changed = environment
    changed.permissions = .managed([.init(.read, .special(":root")), .init(.write, .path("/a<b>&c"))])
    #expect(
      changed.update(since: environment) == """
        <environment_context>
          <current_date>2026-11-25</current_date>
          <timezone>Etc/UTC</timezone>
          <filesystem><workspace_roots><root>/w</root></workspace_roots><permission_profile type="managed"><file_system type="restricted"><entry access="read"><special>:root</special></entry><entry access="write"><path>/a&lt;b&gt;&amp;c</path></entry></file_system></permission_profile></filesystem>
        </environment_context>
        """)
    changed = environment
    changed.currentDate = "2026-11-26"
    #expect(
      changed.update(since: environment) == """
        <environment_context>
          <current_date>2026-11-26</current_date>
          <timezone>Etc/UTC</timezone>
        </environment_context>
        """)
    changed = environment
    changed.cwd = "/x"
    #expect(changed.update(since: environment) == changed.block)
  }
}

@Suite struct PermissionsContextTests {
  @Test func `each policy says whether the user can be asked`() {
    func block(_ approval: PermissionsContext.Approval) -> String {
      PermissionsContext(
        sandbox: .workspaceWrite, networkAccess: false, approval: approval, writableRoots: ["/z"],
        approvedPrefixes: [["npm", "test"]]
      ).block
    }
    #expect(block(.onRequest).contains("require_escalated"))
    #expect(!block(.never).contains("require_escalated") && !block(.never).contains("npm test"))
    #expect(block(.untrusted).contains("- `npm test`"))
    #expect(block(.onFailure).contains("Writable: `/z`.") && block(.onFailure).contains("no network access"))
    for approval in [PermissionsContext.Approval.never, .onRequest] {
      #expect(block(approval).hasPrefix("<permissions instructions>\n"))
      #expect(block(approval).hasSuffix("\n</permissions instructions>"))
      #expect(ContextBlock.isContextBlock(block(approval)))
    }
  }

  @Test func `each sandbox is named`() {
    for sandbox in [PermissionsContext.Sandbox.readOnly, .workspaceWrite, .dangerFullAccess] {
      let context = PermissionsContext(sandbox: sandbox, networkAccess: true, approval: .never)
      #expect(context.block.contains("`\(sandbox.rawValue)`") && context.block.contains("They have network access."))
    }
  }

  @Test func `a long list of rules is cut`() {
    let prefixes = (0..<PermissionsContext.maximumListedPrefixes + 5).map { ["c\($0)"] }
    let context = PermissionsContext(
      sandbox: .readOnly, networkAccess: false, approval: .onRequest, approvedPrefixes: prefixes)
    #expect(context.block.contains("`c99`") && !context.block.contains("`c100`"))
  }
}

@Suite struct CompactionTests {
  private func user(_ text: String) throws -> HistoryItem {
    try HistoryItem(raw: InputItem.message(.user, id: nil, text: text))
  }

  private func texts(_ items: [[UInt8]]) throws -> [String] {
    try items.map { try JSON.parse($0)["content"]?[0]?["text"]?.stringValue ?? "" }
  }

  @Test func `context, the user's messages and the summary make the new history`() throws {
    let items = try [
      user("<environment_context>\n"), user("one"), HistoryItem(raw: InputItem.assistantMessage(id: nil, text: "a")),
      user(Compaction.summaryText("earlier")), user("two"),
    ]
    let context = [InputItem.message(.developer, id: nil, text: "context")]
    func compacted(_ summary: String?, isMidTurn: Bool) throws -> [String] {
      try texts(
        Compaction.history(
          context: context, history: items, summary: summary, summaryID: "msg_s", isMidTurn: isMidTurn))
    }
    #expect(
      try compacted("new", isMidTurn: false) == ["context", "one", "two", Compaction.summaryPrefix + "\nnew"])
    #expect(try compacted("", isMidTurn: true).dropLast() == ["one", "context", "two"])
    #expect(try compacted(nil, isMidTurn: true).last == Compaction.summaryPrefix + "\n(no summary available)")
    #expect(
      try texts(
        Compaction.history(context: context, history: [], summary: "s", summaryID: nil, isMidTurn: true)
      ).first == "context")
  }

  @Test func `the newest messages are kept first, and one is cut`() throws {
    let items = try [user("oldest"), user(String(repeating: "é", count: 20)), user("12345678")]
    let kept = try texts(
      Compaction.history(
        context: [], history: items, summary: "s", summaryID: nil, isMidTurn: false, maximumUserMessageTokens: 5))
    #expect(kept.dropLast() == ["ééé…7 tokens truncated…ééé", "12345678"])
    #expect(Compaction.maximumUserMessageTokens == 20_000)
  }

  @Test func `images do not survive`() throws {
    let item = try HistoryItem(raw: InputItem.message(.user, id: nil, [.text("a"), .image(url: "u"), .text("b")]))
    let only = try HistoryItem(raw: InputItem.message(.user, id: nil, [.image(url: "u")]))
    let kept = Compaction.history(
      context: [], history: [item, only], summary: "s", summaryID: nil, isMidTurn: false)
    #expect(kept.dropLast() == [InputItem.message(.user, id: nil, text: "a\nb")])
  }

  @Test func `cutting keeps head and tail and whole characters`() {
    #expect(Compaction.cut("abcd", toTokens: 1) == "abcd")
    #expect(Compaction.cut("abcdefgh", toTokens: 1) == "ab…1 tokens truncated…gh")
    #expect(Compaction.cut("😀😀😀", toTokens: 1) == "…3 tokens truncated…")
    #expect(Compaction.cut("abc", toTokens: 0) == "…1 tokens truncated…")
    #expect(Compaction.cut("abc", toTokens: -1) == "…1 tokens truncated…")
  }

  @Test func `a thread is compacted at nine tenths of its window at the latest`() {
    #expect(Compaction.limit(configured: nil, contextWindow: 272_000) == 244_800)
    #expect(Compaction.limit(configured: 5, contextWindow: 272_000) == 5)
    #expect(Compaction.limit(configured: 999_999, contextWindow: 272_000) == 244_800)
    #expect(Compaction.limit(configured: -1, contextWindow: .max) == 0)
  }
}
