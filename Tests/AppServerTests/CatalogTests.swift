import HostIO
import JSON
import TestSupport
import Testing

private func invalid(_ message: String) -> JSON { ["code": -32600, "message": .string(message)] }

@Suite(.loop) struct `What a server offers` {
  @Test @LoopActor func `are models, in pages, one of them the default`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let all = try await client.call("model/list", [:])
      let names = all.at("data").map("id")
      #expect(names.count > 3 && names.contains("gpt-5.5") && all.at("nextCursor") == .null)
      #expect(all.at("data").map("isDefault").filter { $0 == true }.count == 1)
      #expect(try await client.call("model/list", ["includeHidden": true]).at("data").count > names.count)
      var seen: [JSON] = []
      var cursor = JSON.null
      repeat {
        let page = try await client.call("model/list", ["limit": 3, "cursor": cursor])
        seen += page.at("data").map("id")
        cursor = page.at("nextCursor")
      } while cursor != .null
      #expect(seen == names)
      #expect(try await client.refusal("model/list", ["cursor": "x"]) == invalid("invalid cursor: x"))
    }
  }

  @Test @LoopActor func `are the models of a catalog of the user's own`() async throws {
    try await Scene.run { scene in
      let file = Path.join(scene.home, "models.json")
      let model: JSON = [
        "slug": "mine", "display_name": "Mine", "visibility": "list", "supported_in_api": true, "priority": 1,
        "context_window": 1000, "base_instructions": "Be mine.", "supported_reasoning_levels": [],
      ]
      try File.writeAtomically(JSON.object(JSONObject([("models", [model])])).encoded, to: file)
      let config = "model_catalog_json = \"\(file)\"\nmodel = \"mine\""
      try File.writeAtomically(Array(config.utf8), to: Path.join(scene.home, "config.toml"))
      let client = try await scene.connect()
      #expect(try await client.call("model/list", [:]).at("data").map("id") == ["mine"])
      try File.writeAtomically(Array("nonsense".utf8), to: file)
      #expect(try await client.refusal("model/list", [:]).at("code") == -32603)
    }
  }

  @Test @LoopActor func `are modes and permission profiles`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      #expect(
        try await client.call("collaborationMode/list", [:]) == [
          "data": [
            ["name": "Plan", "mode": "plan", "model": nil, "reasoning_effort": "medium"],
            ["name": "Default", "mode": "default", "model": nil, "reasoning_effort": nil],
          ]
        ])
      let profiles = try await client.call("permissionProfile/list", [:])
      #expect(profiles.at("data").map("id") == [":read-only", ":workspace", ":danger-full-access"])
      #expect(profiles.at("data.0") == ["id": ":read-only", "description": nil, "allowed": true])
    }
  }

  @Test @LoopActor func `is an echo for those who try the experimental capability`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      #expect(try await client.call("mock/experimentalMethod", ["value": "hello"]) == ["echoed": "hello"])
      #expect(try await client.call("mock/experimentalMethod") == ["echoed": nil])
      #expect(try await client.call("memory/reset") == [:])
      #expect(
        try await client.refusal("memory/reset", [1]) == invalid("Invalid request: invalid type, expected unit"))
    }
  }

  @Test @LoopActor func `is its configuration as it is now, with its layers`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let read = try await client.call("config/read", [:])
      #expect(read.at("config.model") == "gpt-5.5" && read.at("config.model_provider") == "mock")
      let file = Path.join(scene.home, "config.toml")
      #expect(read.at("origins.model.name") == ["type": "user", "file": .string(file), "profile": nil])
      #expect(read.at("layers") == .null)
      let layers = try await client.call("config/read", ["includeLayers": true]).at("layers")
      #expect(layers.map("name.type").contains("user"))
      try File.writeAtomically(Array("model = \"new\"".utf8), to: file)
      #expect(try await client.call("config/read").at("config.model") == "new")
      try File.writeAtomically(Array("model = 7".utf8), to: file)
      let error = try await client.refusal("config/read", [:])
      #expect(error.at("code") == -32603)
      #expect(
        try await client.call("configRequirements/read") == [
          "requirements": nil, "supportsIndependentSpeedModes": true,
        ])
    }
  }

  @Test @LoopActor func `includes the settings of a project that is trusted`() async throws {
    try await Scene.run { scene in
      try File.makeDirectory(Path.join(scene.work, ".codex"))
      try File.writeAtomically(Array("model = \"project\"".utf8), to: Path.join(scene.work, ".codex/config.toml"))
      let client = try await scene.connect()
      #expect(try await client.call("config/read", ["cwd": .string(scene.work)]).at("config.model") == "gpt-5.5")
      #expect(client.notifications("configWarning").count == 1)
      let file = Path.join(scene.home, "config.toml")
      let trusting =
        try File.read(file, limit: 1 << 20) + Array("\n[projects.\"\(scene.work)\"]\ntrust_level = \"trusted\"\n".utf8)
      try File.writeAtomically(trusting, to: file)
      #expect(try await client.call("config/read", ["cwd": .string(scene.work)]).at("config.model") == "project")
      #expect(try await client.call("thread/start", [:]).at("model") == "project")
    }
  }
}
