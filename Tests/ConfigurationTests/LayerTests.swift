import Configuration
import JSON
import Testing

@Suite struct `Layers of settings` {
  @Test func `a file becomes an object in its order, with dates as strings`() throws {
    let layer = try userLayer("z = 1\na = 1.50\nd = 1979-05-27\nl = [true, {k = 'v'}]\nx.y = inf\n")
    #expect(layer.content.keys == ["z", "a", "d", "l", "x"])
    #expect(
      JSON.object(layer.content).text
        == #"{"z":1,"a":1.5,"d":"1979-05-27","l":[true,{"k":"v"}],"x":{"y":"inf"}}"#)
  }

  @Test func `the version is the digest of the sorted compact content, as the reference computes it`() throws {
    #expect(
      try userLayer("").version == "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a")
    #expect(
      try userLayer("model = 'x'").version
        == "sha256:78b0e11c6754fc9671c2034f4a068d3a0e53c1c22a5a33900dd46bc8cd9136f3")
    #expect(try userLayer("a = 1\nb.c = 2\nb.d = 3").version != userLayer("# x\n[b]\nd = 3\nc = 2").version)
    #expect(try userLayer("a = 1\nb.c = 2\nb.d = 3").version == userLayer("b = {d = 3, c = 2}\na = 1").version)
  }

  @Test func `a broken file is refused with its name and place`() {
    #expect(throws: ConfigError.self) { try userLayer("model = [1") }
    #expect(refusal("model = [1") == "/home/u/.codex/config.toml:1:11: unclosed array, expected `]`")
  }

  @Test func `a file beyond a limit is refused`() throws {
    let comment = "#" + String(repeating: "x", count: ConfigLayer.maximumFileLength - 1)
    _ = try userLayer(comment)
    #expect(throws: ConfigError.self) { try userLayer(comment + "x") }
    let keys = (0..<ConfigLayer.maximumKeys).map { "k\($0)=1\n" }.joined()
    _ = try userLayer(keys)
    #expect(throws: ConfigError.self) { try userLayer(keys + "k=1") }
    #expect(throws: ConfigError.self) { try userLayer("a = [" + String(repeating: "{k=1},", count: 10_000) + "]") }
    let object = JSONObject((0...ConfigLayer.maximumKeys).map { ("k\($0)", 1) })
    #expect(throws: ConfigError.self) { try ConfigLayer.threadRequest(object) }
  }

  @Test(arguments: [
    ("model=gpt", #"{"model":"gpt"}"#),
    ("model= low ", #"{"model":"low"}"#),
    ("model=\"x\"", #"{"model":"x"}"#),
    ("model='x'", #"{"model":"x"}"#),
    ("model=\"x", #"{"model":"x"}"#),
    ("model=", #"{"model":""}"#),
    ("model=a=b", #"{"model":"a=b"}"#),
    ("n=0x10", #"{"n":16}"#),
    ("f=1.50", #"{"f":1.5}"#),
    ("b=true", #"{"b":true}"#),
    ("b=True", #"{"b":"True"}"#),
    ("l=[\"a\", 'b']", #"{"l":["a","b"]}"#),
    ("t={a=1}", #"{"t":{"a":1}}"#),
    ("a.b.c=1", #"{"a":{"b":{"c":1}}}"#),
    ("a.\"b.c\".d=1", #"{"a":{"b.c":{"d":1}}}"#),
    ("projects./tmp.trust_level=trusted", #"{"projects":{"/tmp":{"trust_level":"trusted"}}}"#),
    ("a..b=1", #"{"a":{"":{"b":1}}}"#),
    ("when=1979-05-27", #"{"when":"1979-05-27"}"#),
  ])
  func `an override is a dotted key and a TOML value, or else a string`(_ text: String, _ content: String) throws {
    #expect(JSON.object(try ConfigLayer.sessionFlags([.setting(text)]).content).text == content)
  }

  @Test func `later overrides win and join tables`() throws {
    let layer = try ConfigLayer.sessionFlags([
      .setting("history={max_bytes=5}"), .setting("history.persistence=none"), .feature("memories", isEnabled: true),
      .setting("model=a"), .feature("hooks", isEnabled: false), .setting("model=b"), .setting("x=1"),
      .setting("x.y=2"),
    ])
    #expect(
      JSON.object(layer.content).text
        == #"{"history":{"max_bytes":5,"persistence":"none"},"features":{"memories":true,"hooks":false},"#
        + #""model":"b","x":{"y":2}}"#)
  }

  @Test(
    arguments: [
      (.setting("model"), "error parsing -c overrides: Invalid override (missing '='): model"),
      (.setting("=1"), "error parsing -c overrides: Empty key in override: =1"),
      (.feature("zip", isEnabled: true), "Unknown feature flag: zip"),
      (.setting(String(repeating: "a.", count: 64) + "a=1"), "key of more than 64 parts"),
    ] as [(ConfigOverride, String)])
  func `an override that makes no sense is refused`(_ override: ConfigOverride, _ message: String) {
    #expect(throws: ConfigError(message)) { try ConfigLayer.sessionFlags([override]) }
  }

  @Test func `a thread request may use dotted keys, and null asks for nothing`() throws {
    let layer = try ConfigLayer.threadRequest(
      JSONObject([
        ("model", "m"), ("history.persistence", "none"), ("history", ["max_bytes": 3, "persistence": nil]),
        ("review_model", nil),
      ]))
    #expect(JSON.object(layer.content).text == #"{"model":"m","history":{"max_bytes":3}}"#)
  }
}

@Suite struct `Layers on top of each other` {
  @Test func `tables merge by key, everything else is replaced, and the rank decides whatever the order`() throws {
    let layers = [
      try ConfigLayer.threadRequest(JSONObject([("model", "thread")])),
      try ConfigLayer.sessionFlags([.setting("model=flags"), .setting("notify=['z']"), .setting("tools=1")]),
      try projectLayer("model = 'project'\nreview_model = 'project'").layer,
      try ConfigLayer(.user(file: "/p", profile: "p"), file: Array("history.max_bytes = 2".utf8)),
      try userLayer(
        "model = 'user'\nnotify = ['a', 'b']\nhistory = {persistence = 'none', max_bytes = 1}\ntools.x = 1"),
      try ConfigLayer(.system(file: "/etc/codex/config.toml"), file: Array("model = 's'\nlog_dir = '/l'".utf8)),
    ]
    let stack = ConfigStack(layers, paths: paths)
    let expected: JSON = [
      "model": "thread", "log_dir": "/l", "notify": ["z"], "history": ["persistence": "none", "max_bytes": 2],
      "tools": 1, "review_model": "project",
    ]
    #expect(JSON.object(stack.effective) == expected)
    let origins = stack.origins
    let found = origins.members.map { "\($0.key) \($0.value["name"]?["type"]?.stringValue ?? "")" }.sorted()
    #expect(
      found == [
        "history.max_bytes user", "history.persistence user", "log_dir system", "model sessionFlags",
        "notify.0 sessionFlags", "review_model project", "tools sessionFlags",
      ])
    #expect(origins["history.max_bytes"]?["name"]?["profile"] == "p")
    #expect(origins["model"]?["version"] == .string(layers[0].version))
  }

  @Test func `a disabled layer is listed but does not count`() throws {
    let project = try projectLayer("model = 'p'", disabledReason: "why")
    let stack = ConfigStack([try userLayer("model = 'u'"), project.layer], paths: paths)
    #expect(stack.effective["model"] == "u")
    let layers = stack.readResult(includesLayers: true)["layers"]
    #expect(layers?[0]?["disabledReason"] == "why")
    #expect(layers?[0]?["name"] == ["type": "project", "dotCodexFolder": "/proj/.codex"])
    #expect(layers?[1]?["disabledReason"] == nil)
  }

  @Test func `paths are relative to the folder of their file, and to the working directory elsewhere`() throws {
    let stack = try stack(
      "log_dir = 'l'\nsandbox_workspace_write.writable_roots = ['r', '~/x', '/a/../b/.', '~']\n"
        + "model_providers.x = {name = 'X', auth = {command = 'c', cwd = '..'}}",
      flags: ["sqlite_home=s"])
    #expect(stack.effective["log_dir"] == "/home/u/.codex/l")
    #expect(stack.effective["sqlite_home"] == "/proj/s")
    #expect(
      stack.effective["sandbox_workspace_write"]?["writable_roots"] == [
        "/home/u/.codex/r", "/home/u/x", "/b", "/home/u",
      ])
    #expect(stack.effective["model_providers"]?["x"]?["auth"]?["cwd"] == "/home/u")
    #expect(paths.absolute("../../..", relativeTo: "/a") == "/")
    #expect(paths.absolute("//x//\u{301}", relativeTo: "/a") == "/x/\u{301}")
  }

  @Test func `a project may not say where requests go or what runs`() throws {
    let project = try projectLayer(
      "notify = ['x']\nmodel = 'm'\nmodel_provider = 'p'\n[model_providers.p]\nname = 'P'\n[otel]\n"
        + "[hooks.state]\na = 1\n[hooks.Stop]\n")
    #expect(project.ignoredKeys == ["model_provider", "model_providers", "notify", "otel", "hooks.state"])
    #expect(project.layer.content.keys == ["model", "hooks"])
    #expect(project.layer.content["hooks"] == ["Stop": [:]])
    #expect(
      project.warning
        == "Ignored unsupported project-local config keys in /proj/.codex/config.toml: model_provider, "
        + "model_providers, notify, otel, hooks.state. If you want these settings to apply, manually set them in your "
        + "user-level config.toml.")
    #expect(try projectLayer("model = 'm'").warning == nil)
    #expect(try projectLayer("notify = []", disabledReason: "no").warning == nil)
  }

  @Test func `a broken project file matters only where the project is trusted`() throws {
    #expect(throws: ConfigError.self) { try projectLayer("model = [") }
    let disabled = try projectLayer("model = [", disabledReason: "no")
    #expect(disabled.layer.content.isEmpty)
    #expect(disabled.layer.disabledReason == "no")
  }

  @Test func `trust is looked up by folder, first match first, and never taken from a project`() throws {
    let stack = ConfigStack(
      [
        try userLayer("[projects.'/a']\ntrust_level = 'trusted'\n[projects.'/b/']\ntrust_level = 'untrusted'\n"),
        try projectLayer("[projects.'/c']\ntrust_level = 'trusted'").layer,
      ], paths: paths)
    let trust = stack.trust
    #expect(trust.level(of: ["/a"]) == .trusted)
    #expect(trust.level(of: ["/a/x", "/b"]) == .untrusted)
    #expect(trust.level(of: ["/b", "/a"]) == .untrusted)
    #expect(trust.level(of: ["/a/x"]) == nil)
    #expect(trust.level(of: ["/c"]) == nil)
    #expect(trust.level(of: []) == nil)
  }

  @Test func `untrusted folders are named in one warning`() throws {
    #expect(ProjectTrust.disabledReason(level: .trusted, folder: "/w", userFile: "/u") == nil)
    let reason = ProjectTrust.disabledReason(level: nil, folder: "/proj", userFile: "/u")
    let layer = try projectLayer("", disabledReason: reason).layer
    #expect(
      ProjectTrust.disabledFoldersWarning([try userLayer(""), layer])
        == "Project-local config, hooks, and exec policies are disabled in the following folders until the project is "
        + "trusted, but skills still load.\n    1. /proj/.codex\n       To load project-local config, hooks, and exec "
        + "policies, add /proj as a trusted project in /u.\n")
    #expect(ProjectTrust.disabledFoldersWarning([try userLayer("")]) == nil)
    #expect(
      ProjectTrust.disabledReason(level: .untrusted, folder: "/w", userFile: "/u")?.hasPrefix(
        "/w is marked as untrusted") == true)
  }

  @Test func `unknown keys are found at any depth and named with their place`() throws {
    let stack = ConfigStack(
      [
        try userLayer("zip = 1\n[history]\n  max = 2\n[features]\nhooks = true\nnope = true\n[tui]\nanything = 1\n"),
        try projectLayer("[model_providers]\n[projects.'/x']\nzap = 1").layer,
        try .sessionFlags([.setting("model_providers.x.foo=1"), .setting("agents.role.x=1")]),
      ], paths: paths)
    #expect(
      stack.unknownKeys.map(\.error.description) == [
        "/home/u/.codex/config.toml:1:1: unknown configuration field `zip`",
        "/home/u/.codex/config.toml:3:3: unknown configuration field `history.max`",
        "/home/u/.codex/config.toml:6:1: unknown configuration field `features.nope`",
        "/proj/.codex/config.toml:3:1: unknown configuration field `projects./x.zap`",
        "unknown configuration field `model_providers.x.foo` in -c/--config override",
      ])
    #expect(throws: stack.unknownKeys[0].error) { try stack.refuseUnknownKeys() }
    #expect(
      stack.unknownKeysWarning
        == """
        Codex is ignoring 5 unrecognized configuration settings. Check for typos or deprecated settings.
          project (/proj/.codex/config.toml): `projects./x.zap` is ignored.
          session-flags: `model_providers.x.foo` is ignored.
          user (/home/u/.codex/config.toml): `features.nope` is ignored.
          ... and 2 more ignored settings.
        """)
    let one = ConfigStack([try userLayer("zip = 1")], paths: paths)
    #expect(
      one.unknownKeysWarning
        == "Codex is ignoring 1 unrecognized configuration setting. Check for typos or deprecated settings.\n"
        + "  user (/home/u/.codex/config.toml): `zip` is ignored.")
    let none = ConfigStack([try userLayer("model = 'x'")], paths: paths)
    #expect(none.unknownKeysWarning == nil)
    try none.refuseUnknownKeys()
  }

  @Test func `config read shows every known key, null without a value, and lets unknown ones pass`() throws {
    let stack = try stack(
      "zip = 1\nmodel = 'x'\nhistory.max_bytes = 1\nsandbox_workspace_write.network_access = true\n"
        + "[model_providers.p]\nname = 'P'\nauth = {command = 'c'}\n")
    let result = stack.readResult(includesLayers: false)
    #expect(result.keys == ["config", "origins"])
    let config = try #require(result["config"]?.objectValue)
    #expect(config.count == 107)
    #expect(config["model"] == "x")
    #expect(config["zip"] == 1)
    #expect(config["review_model"]?.isNull == true)
    #expect(config["history"] == ["persistence": "save-all", "max_bytes": 1])
    #expect(config["project_doc_max_bytes"] == 32768)
    #expect(config["features"]?["memories"] == false)
    #expect(
      config["sandbox_workspace_write"] == [
        "writable_roots": [], "network_access": true, "exclude_tmpdir_env_var": false, "exclude_slash_tmp": false,
      ])
    #expect(config["model_providers"]?["p"]?["wire_api"] == "responses")
    #expect(config["model_providers"]?["p"]?["auth"]?["timeout_ms"] == 5000)
    #expect(result["origins"]?["history.max_bytes"]?["name"]?["file"] == "/home/u/.codex/config.toml")
    let layers = stack.readResult(includesLayers: true)["layers"]?.arrayValue
    #expect(layers?.count == 3)
    #expect(layers?.last?["name"]?["profile"]?.isNull == true)
  }
}
