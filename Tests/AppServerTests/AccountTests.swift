import HostIO
import JSON
import TestSupport
import Testing

private func invalid(_ message: String) -> JSON { ["code": -32600, "message": .string(message)] }

/// A provider that takes OpenAI's login, whose server is the scripted one.
private var withLogin: Scene.Setting {
  var setting = Scene.Setting()
  setting.provider += "\nrequires_openai_auth = true"
  return setting
}

@Suite(.loop) struct `An account` {
  @Test @LoopActor func `is signed in with a key and signed out again`() async throws {
    try await Scene.run(withLogin) { scene in
      let client = try await scene.connect()
      let other = try await scene.connect("other")
      let nobody: JSON = ["account": nil, "requiresOpenaiAuth": true, "workspaceRouting": nil]
      #expect(try await client.call("account/read", [:]) == nobody)
      #expect(
        try await client.call("getAuthStatus", ["includeToken": true]) == [
          "authMethod": nil, "authToken": nil, "requiresOpenaiAuth": true,
        ])
      client.mark()
      let login: JSON = ["type": "apiKey", "apiKey": "sk-test"]
      #expect(try await client.call("account/login/start", login) == ["type": "apiKey"])
      #expect(
        try await client.trace(to: "account/updated") == [
          "< account/login/start", "account/login/completed", "account/updated",
        ])
      #expect(
        try await other.next("account/login/completed") == [
          "loginId": nil, "success": true, "error": nil, "onboardingEntrypoint": nil,
        ])
      #expect(try await other.next("account/updated") == ["authMode": "apikey", "planType": nil])
      #expect(
        try await other.call("account/read") == [
          "account": ["type": "apiKey"], "requiresOpenaiAuth": true, "workspaceRouting": nil,
        ])
      #expect(try await client.call("getAuthStatus", [:]).at("authToken") == .null)
      #expect(try await client.call("getAuthStatus", ["includeToken": true]).at("authToken") == "sk-test")
      #expect(try File.status(Path.join(scene.home, "auth.json")).mode & 0o777 == 0o600)

      scene.model.enqueue(.answer("Hi"))
      try await client.turn(try await client.startThread())
      #expect(scene.model.requests[0].headers["authorization"] == "Bearer sk-test")

      #expect(try await client.call("account/logout") == [:])
      #expect(try await other.next("account/updated") == ["authMode": nil, "planType": nil])
      #expect(try await client.call("account/read", ["refreshToken": true]) == nobody)
      #expect(!File.exists(Path.join(scene.home, "auth.json")))
      #expect(try await client.call("account/logout") == [:])
    }
  }

  @Test @LoopActor func `does not matter to a provider without one`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      try await client.call("account/login/start", ["type": "apiKey", "apiKey": "sk-test"])
      #expect(
        try await client.call("account/read", [:]) == [
          "account": nil, "requiresOpenaiAuth": false, "workspaceRouting": nil,
        ])
      scene.model.enqueue(.answer("Hi"))
      try await client.turn(try await client.startThread())
      #expect(scene.model.requests[0].headers["authorization"] == nil)
    }
  }

  @Test @LoopActor func `of another kind is read from the file of the reference`() async throws {
    try await Scene.run(withLogin) { scene in
      let client = try await scene.connect()
      let file = Path.join(scene.home, "auth.json")
      let claims =
        "eyJlbWFpbCI6ImFAYi5jIiwiaHR0cHM6Ly9hcGkub3BlbmFpLmNvbS9hdXRoIjp7ImNoYXRncHRfcGxhbl90eXBlIjoicHJvIn19"
      let login = #"{"tokens":{"id_token":"x.\#(claims).x","access_token":"t","account_id":"acc"}}"#
      try File.writeAtomically(Array(login.utf8), to: file)
      #expect(
        try await client.call("account/read", [:]).at("account") == [
          "type": "chatgpt", "email": "a@b.c", "planType": "pro",
        ])
      scene.model.enqueue(.answer("Hi"))
      try await client.turn(try await client.startThread())
      #expect(scene.model.requests[0].headers["chatgpt-account-id"] == "acc")
      try File.writeAtomically(Array("{".utf8), to: file)
      let error = try await client.refusal("account/read", [:])
      #expect(error.at("code") == -32603 && error.at("message").string.hasPrefix("auth.json is not valid: "))
      let turn = try await client.turn(try await client.startThread())
      #expect(turn.at("error.message").string.hasPrefix("auth.json is not valid: "))
    }
  }

  @Test @LoopActor func `cannot be had in other ways yet, and says so`() async throws {
    try await Scene.run(withLogin) { scene in
      let client = try await scene.connect()
      #expect(
        try await client.refusal("account/login/start", ["type": "apiKey", "apiKey": ""])
          == invalid("apiKey must not be empty"))
      for kind in ["chatgpt", "chatgptDeviceCode", "amazonBedrock"] {
        let error = try await client.refusal("account/login/start", ["type": .string(kind)])
        #expect(error.at("message").string.hasPrefix("this kind of login is not implemented"))
      }
      #expect(
        try await client.call("account/login/cancel", ["loginId": "01990000-0000-7000-8000-000000000000"]) == [
          "status": "notFound"
        ])
      #expect(
        try await client.refusal("account/login/cancel", ["loginId": "x"]) == invalid("invalid login id: x"))
    }
  }

  @Test @LoopActor func `that cannot be kept says why`() async throws {
    try await Scene.run(withLogin) { scene in
      let client = try await scene.connect()
      try File.makeDirectory(Path.join(scene.home, "auth.json"))
      let error = try await client.refusal("account/login/start", ["type": "apiKey", "apiKey": "sk-test"])
      #expect(error.at("code") == -32603 && error.at("message").string.hasPrefix("failed to save auth.json: "))
      #expect(!error.text.contains("sk-test"))
      #expect(client.notifications("account/login/completed") == [])
    }
  }

  /// The key goes to the model's server and into auth.json, and nowhere else.
  @Test @LoopActor func `leaves its key nowhere but in its file`() async throws {
    let key = "sk-needle-0123456789"
    try await Scene.run(withLogin) { scene in
      let client = try await scene.connect()
      try await client.call("account/login/start", ["type": "apiKey", "apiKey": .string(key)])
      let thread = try await client.startThread()
      scene.model.enqueue(
        .answer("Hi"), .json(#"{"error":{"message":"no \#(key)!"}}"#, status: 401),
        LoopbackServer.Reply(steps: [.reset]),
        .status(500), .sse([#"{"type":"response.failed","response":{"error":{"message":"wrong key: \#(key)"}}}"#]),
        .answer("Summary"))
      for _ in 0..<5 { try await client.turn(thread) }
      try await client.call("thread/compact/start", ["threadId": .string(thread)])
      try await client.next("turn/completed")
      try await client.call("account/read", [:])
      try await client.call("getAuthStatus", [:])
      try await client.call("config/read", ["includeLayers": true])
      try await client.call("thread/read", ["threadId": .string(thread), "includeTurns": true])
      #expect(scene.model.requests.allSatisfy { $0.headers["authorization"] == "Bearer \(key)" })
      #expect(scene.model.requests.allSatisfy { !$0.text.contains(key) })
      #expect(client.messages.allSatisfy { !$0.text.contains(key) })
      for text in ["no [redacted]!", "wrong key: [redacted]"] {
        #expect(client.messages.contains { $0.text.contains(text) }, "\(text)")
      }
      #expect(scene.log.all.allSatisfy { !$0.contains(key) })
      await scene.shutDown()
      let files = try scene.files()
      #expect(files.contains { $0.path.hasPrefix("sessions/") })
      let holders = files.filter { String(decoding: $0.bytes, as: UTF8.self).contains(key) }
      #expect(holders.map(\.path) == ["auth.json"])
    }
  }
}
