import HostIO
import JSON
import TestSupport
import Testing

private let info: JSON = ["name": "probe", "version": "1.2"]

private func invalid(_ message: String) -> JSON { ["code": -32600, "message": .string(message)] }

@Suite(.loop) struct `The handshake` {
  @Test @LoopActor func `answers who serves, and tells the state of remote control`() async throws {
    try await Scene.run { scene in
      let client = scene.attach()
      let result = try await client.call("initialize", ["clientInfo": info, "capabilities": nil])
      let agent = result.at("userAgent").string
      #expect(agent.hasPrefix("probe/0.163.0+swift."))
      #expect(agent.hasSuffix(") unknown (probe; 1.2)"))
      #expect(
        result == [
          "userAgent": .string(agent), "codexHome": .string(scene.home), "platformFamily": "unix",
          "platformOs": "linux",
        ])
      let status = try await client.next("remoteControl/status/changed")
      #expect(status.at("status") == "disabled" && status.at("environmentId") == .null)
      let id = try File.read(Path.join(scene.home, "installation_id"), limit: 100)
      #expect(status.at("installationId").string == String(decoding: id, as: UTF8.self))
      let experimental = try await scene.connect()
      #expect(try await experimental.call("remoteControl/status/read") == status)
    }
  }

  @Test @LoopActor func `comes before everything else and only once`() async throws {
    try await Scene.run { scene in
      let client = scene.attach()
      #expect(try await client.refusal("thread/loaded/list", [:]) == invalid("Not initialized"))
      #expect(try await client.refusal("thread/settings/update", [:]) == invalid("Not initialized"))
      let unknown = try await client.refusal("no/such", [:])
      #expect(unknown.at("message").string.hasPrefix("Invalid request: unknown variant `no/such`, expected one of "))
      try await client.call("initialize", ["clientInfo": info])
      #expect(try await client.refusal("initialize", ["clientInfo": info]) == invalid("Already initialized"))
      #expect(try await client.call("thread/loaded/list", [:]) == ["data": [], "nextCursor": nil])
    }
  }

  @Test @LoopActor func `can be tried again after a mistake`() async throws {
    try await Scene.run { scene in
      let client = scene.attach()
      let mistakes: [(JSON?, String)] = [
        (nil, "Invalid request: missing field `clientInfo`"), ([:], "Invalid request: missing field `clientInfo`"),
        (["clientInfo": ["version": "1"]], "Invalid request: missing field `name`"),
        (["clientInfo": ["name": "x"]], "Invalid request: missing field `version`"),
        (
          ["clientInfo": ["name": "a\nb", "version": "1"]],
          "Invalid clientInfo.name: 'a\nb'. Must be a valid HTTP header value."
        ),
      ]
      for (params, message) in mistakes {
        #expect(try await client.refusal("initialize", params) == invalid(message))
      }
      for params: JSON in [7, ["clientInfo": 7], ["clientInfo": ["name": 7, "version": "1"]]] {
        let error = try await client.refusal("initialize", params)
        #expect(error.at("code") == -32600 && error.at("message").string.hasPrefix("Invalid request: "))
      }
      #expect(try await client.refusal("thread/loaded/list") == invalid("Not initialized"))
      try await client.call(
        "initialize", ["clientInfo": info, "capabilities": ["experimentalApi": nil, "extensions": ["x": 1]], "new": 1])
    }
  }

  @Test @LoopActor func `of the first client names the originator, the latest one comes in parentheses`() async throws {
    try await Scene.run { scene in
      let one = try await scene.connect("one")
      let two = scene.attach()
      let agent = try await two.call("initialize", ["clientInfo": ["name": "two", "version": "2"]]).at("userAgent")
        .string
      #expect(agent.hasPrefix("one/") && agent.hasSuffix("(two; 2)"))
      scene.model.enqueue(.answer("Hi"))
      try await one.turn(try await one.startThread())
      let headers = scene.model.requests[0].headers
      #expect(headers["originator"] == "one")
      #expect(headers["user-agent"] == agent)
    }
  }

  @Test @LoopActor func `tells of a broken configuration, and the server works on defaults`() async throws {
    var setting = Scene.Setting()
    setting.wholeConfig = "model = \"x\"\nthis is no TOML\n"
    try await Scene.run(setting) { scene in
      let client = try await scene.connect()
      let warning = try await client.next("configWarning")
      #expect(warning.at("summary") == "Invalid configuration; using defaults.")
      #expect(warning.at("path").string == Path.join(scene.home, "config.toml"))
      #expect(warning.at("range.start.line") == 2)
      #expect(try await client.call("thread/loaded/list") == ["data": [], "nextCursor": nil])
      let error = try await client.refusal("thread/start", [:])
      #expect(error.at("message").string.hasPrefix("failed to load configuration: "))
      try File.writeAtomically(Array("model = \"mended\"".utf8), to: Path.join(scene.home, "config.toml"))
      #expect(try await client.call("thread/start", [:]).at("model") == "mended")
    }
  }

  @Test @LoopActor func `tells of keys that nobody knows`() async throws {
    var setting = Scene.Setting()
    setting.config = "flux_capacitor = true"
    try await Scene.run(setting) { scene in
      let client = try await scene.connect()
      let warning = try await client.next("configWarning")
      #expect(warning.at("summary").string.contains("flux_capacitor"))
      #expect(warning.at("details") == .null)
    }
  }
}

@Suite(.loop) struct `Without the experimental capability` {
  @Test @LoopActor func `experimental methods and fields are refused`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect(experimental: false)
      let thread = try await client.startThread()
      let granular: JSON = ["granular": ["mcp_elicitations": true, "rules": true, "sandbox_approval": true]]
      let refused: [(String, JSON, String)] = [
        ("collaborationMode/list", [:], "collaborationMode/list"), ("memory/reset", nil, "memory/reset"),
        ("mock/experimentalMethod", [:], "mock/experimentalMethod"),
        ("thread/settings/update", ["threadId": .string(thread)], "thread/settings/update"),
        ("remoteControl/status/read", nil, "remoteControl/status/read"),
        ("thread/start", ["historyMode": "legacy"], "thread/start.historyMode"),
        ("thread/start", ["approvalPolicy": granular], "askForApproval.granular"),
        ("turn/start", client.turnParams(thread, "Hi", ["approvalPolicy": granular]), "askForApproval.granular"),
        (
          "turn/start", client.turnParams(thread, "Hi", ["collaborationMode": ["mode": "plan"]]),
          "turn/start.collaborationMode"
        ),
      ]
      for (method, params, what) in refused {
        #expect(try await client.refusal(method, params) == invalid("\(what) requires experimentalApi capability"))
      }
      try await client.call("thread/start", ["historyMode": nil])
    }
  }

  @Test @LoopActor func `experimental notifications do not come`() async throws {
    try await Scene.run { scene in
      let plain = try await scene.connect(experimental: false)
      let full = try await scene.connect()
      let thread = try await plain.startThread()
      try await full.call("thread/resume", ["threadId": .string(thread)])
      scene.model.enqueue(.answer("Hi"))
      try await plain.turn(thread, "Hello", ["model": "gpt-6-sol"])
      try await full.next("turn/completed")
      for method in ["thread/settings/updated", "thread/readState/changed"] {
        #expect(plain.notifications(method) == [] && full.notifications(method).count == 1)
      }
    }
  }
}
