import HostIO
import JSON
import TestSupport
import Testing

private func invalid(_ message: String) -> JSON { ["code": -32600, "message": .string(message)] }
private func only(_ thread: String) -> JSON { ["threadId": .string(thread)] }
private let missing = "01990000-0000-7000-8000-000000000000"

@Suite(.loop) struct `A thread` {
  @Test @LoopActor func `is described to who starts it, and announced to everyone`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let other = try await scene.connect("other")
      client.mark()
      let result = try await client.call("thread/start", [:])
      let thread = result.at("thread")
      let (id, now, path) = (thread.at("id"), JSON.int(scene.clock.seconds), thread.at("path").string)
      #expect(path.hasPrefix("\(scene.home)/sessions/2026/09/") && path.hasSuffix("-\(id.string).jsonl"))
      let expected: JSON = [
        "id": id,
        "environments": [
          [
            "environmentId": "local", "cwd": .string(scene.work),
            "runtimeWorkspaceRoots": [.string(scene.work)],
          ]
        ],
        "extra": nil, "sessionId": id, "forkedFromId": nil, "parentThreadId": nil, "preview": "", "ephemeral": false,
        "section": nil, "sectionEnteredAt": nil, "projectId": nil, "historyMode": "paginated",
        "modelProvider": "mock", "model": "gpt-5.5", "reasoningEffort": nil, "createdAt": now, "updatedAt": now,
        "recencyAt": now, "status": ["type": "idle"], "path": .string(path), "cwd": .string(scene.work),
        "cliVersion": thread.at("cliVersion"), "originator": "test", "source": "vscode", "canAcceptDirectInput": true,
        "threadSource": nil, "agentNickname": nil, "agentRole": nil, "gitInfo": nil, "name": nil,
        "daybreakEnabled": nil, "turns": [],
      ]
      #expect(
        result == [
          "thread": expected, "model": "gpt-5.5", "modelProvider": "mock", "serviceTier": nil, "disabledPluginIds": [],
          "cwd": .string(scene.work), "runtimeWorkspaceRoots": [.string(scene.work)], "instructionSources": [],
          "approvalPolicy": "on-request", "approvalsReviewer": "user",
          "sandbox": ["type": "readOnly", "networkAccess": false],
          "activePermissionProfile": ["id": ":read-only", "extends": nil], "reasoningEffort": nil,
          "multiAgentMode": "explicitRequestOnly",
        ])
      #expect(try await client.trace(to: "thread/started") == ["< thread/start", "thread/started"])
      #expect(try await other.next("thread/started") == ["thread": expected])
      #expect(try await client.call("thread/loaded/list") == ["data": [id], "nextCursor": nil])
      #expect(!File.exists(path))
    }
  }

  @Test @LoopActor func `starts with what its request overrides`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let result = try await client.call(
        "thread/start",
        [
          "model": "gpt-6-sol", "cwd": "../else", "sandbox": "workspace-write", "approvalPolicy": "never",
          "serviceTier": "flex", "config": ["model_reasoning_effort": "high"], "personality": "none", "new": [1],
        ])
      #expect(result.at("model") == "gpt-6-sol" && result.at("cwd").string == scene.folder.path("else"))
      #expect(result.at("sandbox.type") == "workspaceWrite" && result.at("approvalPolicy") == "never")
      #expect(result.at("serviceTier") == "flex" && result.at("reasoningEffort") == "high")
      let wrong: [(JSON, String)] = [
        (
          ["sandbox": "read-only", "permissions": ":read-only"],
          "`permissions` cannot be combined with `sandbox`"
        ),
        (
          ["permissions": ":nothing"],
          "failed to load configuration: default_permissions refers to unknown built-in profile `:nothing`"
        ),
      ]
      for (params, message) in wrong { #expect(try await client.refusal("thread/start", params) == invalid(message)) }
      let error = try await client.refusal("thread/start", ["modelProvider": "nobody"])
      #expect(error.at("message").string.hasPrefix("failed to load configuration: "))
    }
  }

  @Test @LoopActor func `that nobody has is not found, in the words of each method`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let cases: [(String, JSON, String)] = [
        ("thread/read", [:], "thread not loaded: "), ("thread/turns/list", [:], "thread not loaded: "),
        ("thread/items/list", [:], "thread not loaded: "), ("thread/resume", [:], "no rollout found for thread id "),
        ("thread/fork", [:], "no rollout found for thread id "),
        ("thread/archive", [:], "no rollout found for thread id "),
        ("thread/delete", [:], "no rollout found for thread id "),
        ("thread/name/set", ["name": "x"], "no rollout found for thread id "),
        ("thread/metadata/update", ["gitInfo": ["sha": "1"]], "no rollout found for thread id "),
        ("thread/unarchive", [:], "no archived rollout found for thread id "),
        ("thread/compact/start", [:], "thread not found: "), ("thread/settings/update", [:], "thread not found: "),
        ("thread/inject_items", ["items": []], "thread not found: "),
        ("thread/revert", ["beforeTurnId": "x"], "thread not found: "),
        ("turn/interrupt", ["turnId": "x"], "thread not found: "),
        ("turn/steer", ["expectedTurnId": "x", "input": []], "thread not found: "),
      ]
      for (method, more, message) in cases {
        var params = try #require(more.objectValue)
        params["threadId"] = .string(missing)
        #expect(try await client.refusal(method, .object(params)) == invalid(message + missing), "\(method)")
      }
      #expect(try await client.call("thread/unsubscribe", only(missing)) == ["status": "notLoaded"])
    }
  }

  @Test @LoopActor func `is found again in the next process and goes on`() async throws {
    try await Scene.run { scene in
      var client = try await scene.connect()
      let thread = try await client.startThread(["model": "gpt-6-sol"])
      scene.model.enqueue(.answer("One"), .answer("Two", id: "msg_2"))
      let turn = try await client.turn(thread, "First", ["effort": "high"]).at("id")
      let path = try await client.call("thread/read", only(thread)).at("thread.path").string
      #expect(try File.status(path).mode & 0o777 == 0o600)
      try await scene.restart()
      client = try await scene.connect()

      let stored = try await client.call("thread/read", only(thread)).at("thread")
      #expect(stored.at("status.type") == "notLoaded" && stored.at("preview") == "First")
      #expect(stored.at("canAcceptDirectInput") == .null && stored.at("environments") == .null)
      client.mark()
      let resumed = try await client.call("thread/resume", only(thread))
      #expect(resumed.at("thread.turns").map("id") == [turn])
      #expect(resumed.at("thread.turns.0.items").map("type") == ["userMessage", "agentMessage"])
      #expect(resumed.at("thread.turns.0.itemsView") == "full" && resumed.at("thread.turns.0.status") == "completed")
      #expect(resumed.at("model") == "gpt-6-sol" && resumed.at("reasoningEffort") == "high")
      #expect(resumed.at("thread.status.type") == "idle" && resumed.at("initialTurnsPage") == .null)
      #expect(resumed.at("collaborationMode.mode") == "default")
      #expect(
        Set(client.trace) == [
          "deprecationNotice", "< thread/resume", "thread/tokenUsage/updated", "thread/status/changed idle",
          "thread/goal/cleared",
        ])
      #expect(client.notifications("thread/tokenUsage/updated")[0].at("tokenUsage.total.totalTokens") == 15)
      try await client.turn(thread, "Second")
      #expect(scene.model.requests[1].talk == ["user: First", "assistant: One", "user: Second"])
      #expect(
        scene.model.requests[1].conversation == scene.model.requests[0].conversation + [
          "assistant: One", "user: Second",
        ])
    }
  }

  @Test @LoopActor func `can be resumed with a page of turns in place of all of them`() async throws {
    try await Scene.run { scene in
      var client = try await scene.connect()
      let thread = try await client.startThread()
      scene.model.respond { _ in .answer("Yes") }
      var turns: [JSON] = []
      for number in 1...3 { turns.append(try await client.turn(thread, "Question \(number)").at("id")) }
      try await scene.restart()
      client = try await scene.connect()
      let resumed = try await client.call(
        "thread/resume",
        [
          "threadId": .string(thread), "excludeTurns": true,
          "initialTurnsPage": ["limit": 2, "itemsView": "notLoaded"],
        ])
      #expect(resumed.at("thread.turns") == [])
      #expect(resumed.at("initialTurnsPage.data").map("id") == [turns[2], turns[1]])
      #expect(client.notifications("deprecationNotice") == [])
      let rest = try await client.call(
        "thread/turns/list",
        ["threadId": .string(thread), "cursor": resumed.at("initialTurnsPage.nextCursor"), "limit": 2])
      #expect(rest.at("data").map("id") == [turns[0]] && rest.at("nextCursor") == .null)
    }
  }

  @Test @LoopActor func `pages its turns and its items`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let thread = try await client.startThread()
      let empty: JSON = ["data": [], "nextCursor": nil, "backwardsCursor": nil]
      #expect(try await client.call("thread/turns/list", only(thread)) == empty)
      #expect(try await client.call("thread/items/list", only(thread)) == empty)
      scene.model.respond { _ in .answer("Yes") }
      var turns: [JSON] = []
      for number in 1...3 { turns.append(try await client.turn(thread, "Question \(number)").at("id")) }

      var seen: [JSON] = []
      var cursor = JSON.null
      repeat {
        let page = try await client.call(
          "thread/turns/list", ["threadId": .string(thread), "limit": 1, "sortDirection": "asc", "cursor": cursor])
        seen += page.at("data").map("id")
        cursor = page.at("nextCursor")
      } while cursor != .null
      #expect(seen == turns)
      let summary = try await client.call("thread/turns/list", ["threadId": .string(thread), "limit": 1])
      #expect(summary.at("data").map("id") == [turns[2]])
      #expect(summary.at("data.0.items").map("type") == ["userMessage", "agentMessage"])
      #expect(summary.at("data.0.itemsView") == "summary")

      let items = try await client.call("thread/items/list", ["threadId": .string(thread), "limit": 3])
      #expect(items.at("data").map("item.type") == ["userMessage", "agentMessage", "userMessage"])
      #expect(items.at("data").map("turnId") == [turns[0], turns[0], turns[1]])
      let ofOne = try await client.call("thread/items/list", ["threadId": .string(thread), "turnId": turns[1]])
      #expect(ofOne.at("data").map("turnId") == [turns[1], turns[1]])
      let error = try await client.refusal("thread/turns/list", ["threadId": .string(thread), "cursor": "nonsense"])
      #expect(error == invalid("invalid cursor: nonsense"))
    }
  }

  @Test @LoopActor func `in legacy mode has no pages of items`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let thread = try await client.startThread(["historyMode": "legacy"])
      scene.model.enqueue(.answer("Hi"))
      #expect(
        try await client.refusal("thread/read", ["threadId": .string(thread), "includeTurns": true])
          == invalid(
            "thread \(thread) is not materialized yet; includeTurns is unavailable before first user message"))
      try await client.turn(thread)
      let read = try await client.call("thread/read", ["threadId": .string(thread), "includeTurns": true])
      #expect(read.at("thread.turns.0.items").map("type") == ["userMessage", "agentMessage"])
      #expect(
        try await client.refusal("thread/items/list", only(thread)) == [
          "code": -32601, "message": "thread/items/list is not supported yet",
        ])
    }
  }

  @Test @LoopActor func `can be forked whole, up to a turn, or before one`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let thread = try await client.startThread()
      #expect(
        try await client.refusal("thread/fork", only(thread)) == invalid("no rollout found for thread id \(thread)"))
      scene.model.respond { _ in .answer("Yes") }
      let one = try await client.turn(thread, "One").at("id")
      let two = try await client.turn(thread, "Two").at("id")
      try await client.call("thread/name/set", ["threadId": .string(thread), "name": "Source"])
      for (cut, turns): (JSON, Int) in [
        ([:], 2), (["lastTurnId": one], 1), (["beforeTurnId": two], 1), (["beforeTurnId": one], 0),
      ] {
        client.mark()
        var params = try #require(cut.objectValue)
        params["threadId"] = .string(thread)
        let fork = try await client.call("thread/fork", .object(params))
        #expect(fork.at("thread.forkedFromId").string == thread && fork.at("thread.name") == "Source")
        #expect(fork.at("thread.preview") == "" && fork.at("thread.sessionId") == fork.at("thread.id"))
        #expect(fork.at("thread.turns").count == turns)
        #expect(try await client.next("thread/started").at("thread.id") == fork.at("thread.id"))
        try await client.turn(fork.at("thread.id").string, "New")
        let talk = try #require(scene.model.requests.last).talk
        #expect(
          talk == ["user: One", "assistant: Yes", "user: Two", "assistant: Yes"].prefix(turns * 2) + ["user: New"])
      }
      let unknown: JSON = ["threadId": .string(thread), "lastTurnId": "nope"]
      #expect(try await client.refusal("thread/fork", unknown) == invalid("turn not found: nope"))
      let both: JSON = ["threadId": .string(thread), "lastTurnId": one, "beforeTurnId": two]
      #expect(
        try await client.refusal("thread/fork", both)
          == invalid("`beforeTurnId` cannot be combined with `lastTurnId`"))
    }
  }

  @Test @LoopActor func `can be forked without a file`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let thread = try await client.startThread()
      scene.model.respond { _ in .answer("Yes") }
      try await client.turn(thread, "One")
      let before = try scene.files(in: "sessions").count
      let fork = try await client.call(
        "thread/fork", ["threadId": .string(thread), "ephemeral": true, "excludeTurns": true])
      #expect(
        fork.at("thread.ephemeral") == true && fork.at("thread.path") == .null && fork.at("thread.preview") == "One")
      try await client.turn(fork.at("thread.id").string, "Two")
      #expect(try #require(scene.model.requests.last).talk == ["user: One", "assistant: Yes", "user: Two"])
      #expect(try scene.files(in: "sessions").count == before)
      let error = try await client.refusal("thread/fork", ["threadId": .string(thread), "ephemeral": true])
      #expect(error.at("message").string.contains("excludeTurns"))
    }
  }

  @Test @LoopActor func `can be taken back to before a turn`() async throws {
    try await Scene.run { scene in
      var client = try await scene.connect()
      let thread = try await client.startThread()
      scene.model.respond { _ in .answer("Yes") }
      let one = try await client.turn(thread, "One").at("id")
      let two = try await client.turn(thread, "Two").at("id")
      client.mark()
      let reverted = try await client.call("thread/revert", ["threadId": .string(thread), "beforeTurnId": two])
      #expect(reverted.at("thread.id").string == thread && reverted.at("thread.status.type") == "idle")
      #expect(
        client.trace == [
          "thread/status/changed notLoaded", "thread/status/changed idle", "< thread/revert", "thread/reverted",
        ])
      #expect(
        try await client.call("thread/turns/list", ["threadId": .string(thread), "itemsView": "notLoaded"])
          .at("data").map("id") == [one])
      try await client.turn(thread, "Three")
      #expect(
        try #require(scene.model.requests.last).talk == ["user: One", "assistant: Yes", "user: Three"])
      try await scene.restart()
      client = try await scene.connect()
      let resumed = try await client.call("thread/resume", only(thread))
      #expect(resumed.at("thread.turns").map("items.0.content.0.text") == ["One", "Three"])
      #expect(
        try await client.refusal("thread/revert", ["threadId": .string(thread), "beforeTurnId": two])
          == invalid("turn not found: \(two.string)"))
    }
  }

  @Test @LoopActor func `without a file leaves none and cannot be archived`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let thread = try await client.startThread(["ephemeral": true])
      scene.model.enqueue(.answer("Hi"))
      try await client.turn(thread)
      #expect(!File.exists(Path.join(scene.home, "sessions")))
      #expect(
        try await client.refusal("thread/archive", only(thread)) == invalid("no rollout found for thread id \(thread)"))
      #expect(try await client.call("thread/list", [:]).at("data") == [])
      #expect(try await client.call("thread/delete", only(thread)) == [:])
    }
  }

  @Test @LoopActor func `is archived, found in the archive, and brought back`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let thread = try await client.startThread()
      scene.model.enqueue(.answer("Hi"))
      try await client.turn(thread)
      client.mark()
      #expect(try await client.call("thread/archive", only(thread)) == [:])
      try await client.next("thread/archived")
      #expect(try await client.call("thread/list", [:]).at("data") == [])
      let archived = try await client.call("thread/list", ["archived": true]).at("data")
      #expect(archived.map("id") == [.string(thread)])
      #expect(archived.at("0.path").string.hasPrefix("\(scene.home)/archived_sessions/"))
      #expect(
        try await client.refusal("thread/resume", only(thread))
          == invalid("session \(thread) is archived. Run `codex unarchive \(thread)` to unarchive it first."))
      let back = try await client.call("thread/unarchive", only(thread))
      #expect(back.at("thread.id").string == thread && back.at("thread.status.type") == "notLoaded")
      #expect(try await client.next("thread/unarchived") == only(thread))
      #expect(try await client.call("thread/list", [:]).at("data").map("id") == [.string(thread)])
      #expect(try await client.call("thread/resume", only(thread)).at("thread.turns").count == 1)
    }
  }

  @Test @LoopActor func `can be archived before its first turn`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let thread = try await client.startThread()
      #expect(try await client.call("thread/archive", only(thread)) == [:])
      let files = try scene.files(in: "archived_sessions")
      #expect(files.count == 1 && files[0].path.hasSuffix("-\(thread).jsonl"))
    }
  }

  @Test @LoopActor func `is gone once it is deleted`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let thread = try await client.startThread()
      scene.model.enqueue(.answer("Hi"))
      try await client.turn(thread)
      #expect(try await client.call("thread/delete", only(thread)) == [:])
      #expect(try await client.next("thread/deleted") == only(thread))
      #expect(try scene.files(in: "sessions").isEmpty)
      #expect(
        try await client.refusal("thread/delete", only(thread)) == invalid("no rollout found for thread id \(thread)"))
      let unborn = try await client.startThread()
      #expect(try await client.call("thread/delete", only(unborn)) == [:])
    }
  }

  @Test @LoopActor func `has the name that it was given, also in the next process`() async throws {
    try await Scene.run { scene in
      var client = try await scene.connect()
      let thread = try await client.startThread()
      scene.model.enqueue(.answer("Hi"))
      try await client.turn(thread)
      #expect(try await client.call("thread/name/set", ["threadId": .string(thread), "name": "  A name\n"]) == [:])
      #expect(
        try await client.next("thread/name/updated") == ["threadId": .string(thread), "threadName": "A name"])
      #expect(
        try await client.refusal("thread/name/set", ["threadId": .string(thread), "name": " \t"])
          == invalid("thread name must not be empty"))
      try await scene.restart()
      client = try await scene.connect()
      #expect(try await client.call("thread/read", only(thread)).at("thread.name") == "A name")
      try await client.call("thread/name/set", ["threadId": .string(thread), "name": "Another"])
      #expect(try await client.call("thread/list", ["searchTerm": "noth"]).at("data").map("name") == ["Another"])
    }
  }

  @Test @LoopActor func `keeps what it is told about its repository`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let thread = try await client.startThread()
      scene.model.enqueue(.answer("Hi"))
      try await client.turn(thread)
      func update(_ git: JSON) -> JSON { ["threadId": .string(thread), "gitInfo": git] }
      let steps: [(JSON, JSON)] = [
        (["sha": "abc", "branch": "main"], ["sha": "abc", "branch": "main", "originUrl": nil]),
        (["branch": nil, "originUrl": "u"], ["sha": "abc", "branch": nil, "originUrl": "u"]),
        (["sha": nil, "originUrl": nil], nil),
      ]
      for (patch, expected) in steps {
        #expect(try await client.call("thread/metadata/update", update(patch)).at("thread.gitInfo") == expected)
        #expect(try await client.call("thread/read", only(thread)).at("thread.gitInfo") == expected)
      }
      let wrong: [(JSON, String)] = [
        (only(thread), "thread metadata update must include at least one field"),
        (update([:]), "gitInfo must include at least one field"),
        (update(["sha": " "]), "gitInfo.sha must not be empty"),
      ]
      for (params, message) in wrong {
        #expect(try await client.refusal("thread/metadata/update", params) == invalid(message))
      }
    }
  }

  @Test @LoopActor func `takes items into what the model sees`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let thread = try await client.startThread()
      let item: JSON = [
        "type": "message", "role": "user", "id": "msg_0", "content": [["type": "input_text", "text": "Injected"]],
      ]
      #expect(try await client.call("thread/inject_items", ["threadId": .string(thread), "items": [item]]) == [:])
      scene.model.enqueue(.answer("Hi"))
      try await client.turn(thread)
      #expect(scene.model.requests[0].talk == ["user: Injected", "user: Hello"])
      let wrong: [(JSON, String)] = [
        ([], "items must not be empty"),
        ([item, 7], "items[1] is not a valid response item: invalid type, expected a map"),
        ([["role": "user"]], "items[0] is not a valid response item: missing field `type`"),
      ]
      for (items, message) in wrong {
        #expect(
          try await client.refusal("thread/inject_items", ["threadId": .string(thread), "items": items])
            == invalid(message))
      }
    }
  }

  @Test @LoopActor func `changes its settings between turns`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let thread = try await client.startThread()
      client.mark()
      let params: JSON = ["threadId": .string(thread), "effort": "low", "permissions": ":workspace"]
      #expect(try await client.call("thread/settings/update", params) == [:])
      let settings = try await client.next("thread/settings/updated").at("threadSettings")
      #expect(settings.at("effort") == "low" && settings.at("sandboxPolicy.type") == "workspaceWrite")
      #expect(try await client.call("thread/settings/update", params) == [:])
      #expect(client.notifications("thread/settings/updated").count == 1)
      let error = try await client.refusal(
        "thread/settings/update", ["threadId": .string(thread), "permissions": ":nothing"])
      #expect(error.at("message").string.contains("`:nothing`"))
    }
  }

  @Test @LoopActor func `is unloaded when nobody has listened for a while`() async throws {
    var setting = Scene.Setting()
    setting.config = "thread_unload_delay_secs = 0"
    try await Scene.run(setting) { scene in
      let client = try await scene.connect()
      let thread = try await client.startThread()
      client.mark()
      #expect(try await client.call("thread/unsubscribe", only(thread)) == ["status": "unsubscribed"])
      #expect(
        try await client.trace(to: "thread/closed").suffix(2) == ["thread/status/changed notLoaded", "thread/closed"])
      #expect(try await client.call("thread/unsubscribe", only(thread)) == ["status": "notLoaded"])
    }
  }
}

@Suite(.loop) struct `The list of threads` {
  /// Five threads a second apart; "Question 5" is the newest.
  @LoopActor private func withThreads(_ body: @LoopActor (Scene, TestClient, [JSON]) async throws -> Void) async throws
  {
    try await Scene.run { scene in
      let client = try await scene.connect()
      scene.model.respond { _ in .answer("Yes") }
      var threads: [JSON] = []
      for number in 1...5 {
        scene.clock.advance(by: 1000)
        let thread = try await client.startThread(number == 2 ? ["cwd": "/tmp"] : [:])
        try await client.turn(thread, "Question \(number)")
        threads.append(.string(thread))
      }
      try await body(scene, client, threads)
    }
  }

  @Test @LoopActor func `comes in pages, the newest first`() async throws {
    try await withThreads { scene, client, threads in
      var seen: [JSON] = []
      var cursor = JSON.null
      var pages = 0
      repeat {
        let page = try await client.call("thread/list", ["limit": 2, "cursor": cursor])
        seen += page.at("data").map("id")
        cursor = page.at("nextCursor")
        pages += 1
      } while cursor != .null
      #expect(seen == threads.reversed() && pages == 3)
      let ascending = try await client.call("thread/list", ["sortDirection": "asc", "sortKey": "updated_at"])
      #expect(ascending.at("data").map("id") == threads)
      #expect(ascending.at("data").map("preview").first == "Question 1")
      #expect(ascending.at("data.0.turns") == [])
      #expect(try await client.refusal("thread/list", ["cursor": "nonsense"]) == invalid("invalid cursor: nonsense"))
    }
  }

  @Test @LoopActor func `can be narrowed`() async throws {
    try await withThreads { scene, client, threads in
      _ = try await client.startThread()
      let all = Array(threads.reversed())
      let cases: [(JSON, [JSON])] = [
        (["searchTerm": "stion 3"], [threads[2]]), (["searchTerm": "question"], []), (["searchTerm": "nothing"], []),
        (["cwd": "/tmp"], [threads[1]]),
        (["cwd": ["/tmp", "/var"]], [threads[1]]), (["modelProviders": ["mock"]], all),
        (["modelProviders": ["openai"]], []), (["modelProviders": []], all), (["sourceKinds": ["exec"]], []),
        (["sourceKinds": []], all), (["archived": true], []),
        (["excludedThreadIds": [threads[4], threads[3]]], Array(all.dropFirst(2))),
        (["useStateDbOnly": true, "limit": 0], all),
      ]
      for (params, expected) in cases {
        #expect(try await client.call("thread/list", params).at("data").map("id") == expected, "\(params.text)")
      }
      #expect(
        try await client.refusal("thread/list", ["parentThreadId": threads[0], "ancestorThreadId": threads[0]])
          == invalid("parentThreadId and ancestorThreadId are mutually exclusive"))
      #expect(try await client.refusal("thread/list", ["originators": ["x"]]).at("code") == -32602)
      let excluded = JSON.array(Array(repeating: .string(missing), count: 100))
      #expect(try await client.call("thread/list", ["excludedThreadIds": excluded]).at("data").map("id") == all)
      #expect(
        try await client.refusal(
          "thread/list", ["excludedThreadIds": .array(Array(repeating: .string(missing), count: 101))])
          == ["code": -32602, "message": "excludedThreadIds accepts at most 100 entries"])
      #expect(
        try await client.refusal("thread/list", ["excludedThreadIds": ["0199"]])
          == [
            "code": -32602,
            "message":
              "invalid excluded thread id: invalid length: expected length 32 for simple format, found 4",
          ])
    }
  }

  @Test @LoopActor func `of loaded threads comes in the order of loading`() async throws {
    try await withThreads { scene, client, threads in
      #expect(try await client.call("thread/loaded/list", [:]) == ["data": .array(threads), "nextCursor": nil])
      let page = try await client.call("thread/loaded/list", ["limit": 2])
      #expect(page.at("data") == [threads[0], threads[1]])
      let next = try await client.call("thread/loaded/list", ["limit": 9, "cursor": page.at("nextCursor")])
      #expect(next == ["data": .array(Array(threads[2...])), "nextCursor": nil])
      #expect(try await client.refusal("thread/loaded/list", ["cursor": "x"]) == invalid("invalid cursor: x"))
    }
  }
}
