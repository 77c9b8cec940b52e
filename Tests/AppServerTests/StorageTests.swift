import HostIO
import JSON
import TestSupport
import Testing

private func only(_ thread: String) -> JSON { ["threadId": .string(thread)] }

@Suite(.loop) struct `A home that does not work` {
  @Test @LoopActor func `refuses a turn with a clear error, and takes it once the home is mended`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let thread = try await client.startThread()
      let sessions = Path.join(scene.home, "sessions")
      try File.writeAtomically([], to: sessions)
      for _ in 0..<2 {
        let error = try await client.refusal("turn/start", client.turnParams(thread))
        #expect(error.at("code") == -32603)
        #expect(error.at("message").string.hasPrefix("failed to write the session file: "), "\(error.text)")
      }
      let archive = try await client.refusal("thread/archive", only(thread))
      #expect(archive.at("message").string.hasPrefix("failed to write the session file: "))
      #expect(client.notifications("turn/started") == [])
      #expect(try await client.call("thread/read", only(thread)).at("thread.status.type") == "idle")
      try File.unlink(sessions)
      scene.model.enqueue(.answer("Hi"))
      #expect(try await client.turn(thread).at("status") == "completed")
      let read = try await client.call("thread/read", ["threadId": .string(thread), "includeTurns": true])
      #expect(read.at("thread.turns").count == 1)
    }
  }

  @Test @LoopActor func `in which locks cannot be made refuses a turn`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let thread = try await client.startThread()
      try File.writeAtomically([], to: Path.join(scene.home, "thread-writer-locks"))
      let error = try await client.refusal("turn/start", client.turnParams(thread))
      #expect(error.at("code") == -32603 && !error.at("message").string.isEmpty)
      scene.model.enqueue(.answer("Hi"))
      let ephemeral = try await client.startThread(["ephemeral": true])
      #expect(try await client.turn(ephemeral).at("status") == "completed")
    }
  }

  @Test @LoopActor func `with a folder for a configuration file is told of`() async throws {
    try await Scene.run { scene in
      try File.unlink(Path.join(scene.home, "config.toml"))
      try File.makeDirectory(Path.join(scene.home, "config.toml"))
      let client = try await scene.connect()
      let warning = try await client.next("configWarning")
      #expect(warning.at("summary") == "Invalid configuration; using defaults.")
      #expect(
        try await client.refusal("thread/start", [:]).at("message").string.hasPrefix("failed to load configuration: "))
      #expect(try await client.refusal("config/read").at("code") == -32603)
      #expect(try await client.call("thread/list", [:]).at("data") == [])
    }
  }

  @Test @LoopActor func `with a file that lost its end keeps all that was whole`() async throws {
    try await Scene.run { scene in
      var client = try await scene.connect()
      let thread = try await client.startThread()
      scene.model.respond { _ in .answer("Yes") }
      try await client.turn(thread, "One")
      try await client.turn(thread, "Two")
      await scene.shutDown()
      let path = try #require(scene.files(in: "sessions").first?.path)
      let whole = try File.read(Path.join(scene.home, path), limit: 1 << 20)
      let half = whole + Array(#"{"timestamp":"2026-01-01T00:00:00.000Z","ordinal":99,"type":"respon"#.utf8)
      try File.writeAtomically(half, to: Path.join(scene.home, path))
      try await scene.restart()
      client = try await scene.connect()
      #expect(try await client.call("thread/list", [:]).at("data").map("preview") == ["One"])
      #expect(try await client.call("thread/resume", only(thread)).at("thread.turns").count == 2)
      try await client.turn(thread, "Three")
      let after = try File.read(Path.join(scene.home, path), limit: 1 << 20)
      #expect(after.starts(with: whole) && after.count > whole.count)
      for line in after.split(separator: UInt8(ascii: "\n")) {
        #expect(throws: Never.self) { try JSON.parse(Array(line)) }
      }
      let read = try await client.call("thread/read", ["threadId": .string(thread), "includeTurns": true])
      #expect(read.at("thread.turns").map("items.0.content.0.text") == ["One", "Two", "Three"])
    }
  }

  @Test(arguments: [("nothing", ""), ("garbage", "\u{0}\u{1}garbage\n"), ("another kind of JSON", "[1,2]\n{}\n")])
  @LoopActor func `with a broken session file names it`(what: String, content: String) async throws {
    try await Scene.run { scene in
      let thread = "01990000-0000-7000-8000-000000000000"
      let folder = Path.join(scene.home, "sessions/2026/01/01")
      try File.makeDirectories(folder)
      let path = Path.join(folder, "rollout-2026-01-01T00-00-00-\(thread).jsonl")
      try File.writeAtomically(Array(content.utf8), to: path)
      let client = try await scene.connect()
      #expect(try await client.call("thread/list", [:]).at("data") == [])
      for method in ["thread/resume", "thread/fork", "thread/read"] {
        let error = try await client.refusal(method, only(thread))
        #expect(error.at("code") == -32603 && error.at("message").string.contains(path), "\(method): \(error.text)")
      }
      #expect(try await client.call("thread/loaded/list") == ["data": [], "nextCursor": nil])
      #expect(try await client.call("thread/delete", only(thread)) == [:])
      #expect(!File.exists(path))
    }
  }
}
