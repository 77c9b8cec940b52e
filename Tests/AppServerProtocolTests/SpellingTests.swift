import JSON
import Testing

@testable import AppServerProtocol

@Suite struct `Spellings` {
  /// Recorded with 0.163.0 for a command of these arguments.
  @Test func `a command line is quoted as the reference quotes it`() {
    let words = [
      "a b", "c\"d", "", "it's", "$x", "a\nb", "plain-_./=:@%+,", "~", "*", "é", "a!b", "a#b", "a^b", "{a}", "[a]",
      "a;b", "-x", "A=1", "it's $x", "a`b", "a\\b", "?", "a&b", "a|b", "<a", "(a)", "a\tb", "'", "''", "\"", "=a", "%",
      "^a", "a~", "a\u{1}b", "!",
    ]
    #expect(
      ShellWords.join(words)
        == "'a b' 'c\"d' '' \"it's\" '$x' 'a\nb' 'plain-_./=:@%+,' '~' '*' 'é' 'a!b' 'a#b' a'^b' '{a}' '[a]' 'a;b' -x "
        + "'A=1' \"it's \"'$x' 'a`b' \"a\\\\b\" '?' 'a&b' 'a|b' '<a' '(a)' 'a\tb' \"'\" \"''\" '\"' '=a' '%' '^a' 'a~' "
        + "'a\u{1}b' '!'")
    #expect(ShellWords.join(["/bin/bash", "-lc", "echo out"]) == "/bin/bash -lc 'echo out'")
    #expect(ShellWords.join(["x\u{0}y", "a b"]) == "<command included NUL byte>")
    #expect(ShellWords.join([]) == "")
  }

  @Test func `file URLs and paths go both ways`() {
    for path in ["/", "/a b/ü%.txt", "/x/[1]?#", "/plain"] { #expect(FileURL.path(FileURL.url(path)) == path) }
    #expect(FileURL.path("/not/a/url%20") == "/not/a/url%20")
    #expect(FileURL.path("file://host/x") == "/x")
    #expect(FileURL.path("file://") == "file://")
    #expect(FileURL.path("file:///a%2") == "/a%2")
    #expect(FileURL.path("file:///a%zz") == "/a%zz")
    #expect(FileURL.path("file:///%ff") == "/\u{FFFD}")
    #expect(FileURL.url("relative") == "relative")
  }

  @Test func `paths are resolved by their text`() {
    #expect(LexicalPath.resolve("./x", against: "/tmp/d") == "/tmp/d/x")
    #expect(LexicalPath.resolve("../../../x", against: "/tmp/d") == "/x")
    #expect(LexicalPath.resolve("/q/../x/", against: "/tmp") == "/x")
    #expect(LexicalPath.resolve("", against: "/") == "/")
    #expect(LexicalPath.resolve("a//b/.", against: "c") == "c/a/b")
  }

  @Test func `names change their case and come back`() {
    #expect(NameCase.camel("usage_limit_exceeded") == "usageLimitExceeded")
    #expect(NameCase.snake("usageLimitExceeded") == "usage_limit_exceeded")
    #expect(NameCase.camel("_x_1y") == "_x1y")
    #expect(NameCase.lowerFirst("AgentMessage") == "agentMessage")
    #expect(NameCase.lowerFirst("") == "")
  }
}

@Suite struct `User input` {
  private func read(_ text: String) throws -> UserInput {
    var reader = JSONReader(text)
    return try UserInput(wire: &reader)
  }

  private func written(_ input: UserInput) -> String {
    var writer = JSONWriter()
    input.write(to: &writer)
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  @Test func `input from a request comes back as items show it`() throws {
    let cases = [
      (#"{"type":"text","text":"hi"}"#, #"{"type":"text","text":"hi","text_elements":[]}"#),
      (
        #"{"text_elements":[{"byteRange":{"start":0,"end":2}}],"text":"hi","type":"text"}"#,
        #"{"type":"text","text":"hi","text_elements":[{"byteRange":{"start":0,"end":2},"placeholder":null}]}"#
      ),
      (#"{"type":"image","url":"data:x"}"#, #"{"type":"image","url":"data:x","detail":null}"#),
      (#"{"type":"localImage","path":"/x"}"#, #"{"type":"localImage","detail":null,"path":"/x"}"#),
      (#"{"type":"skill","name":"n","path":"/x"}"#, #"{"type":"skill","name":"n","path":"/x"}"#),
      (#"{"type":"future","a":{"b":1.0}}"#, #"{"type":"future","a":{"b":1.0}}"#),
    ]
    for (text, expected) in cases { #expect(written(try read(text)) == expected) }
  }

  @Test func `a known type without its members is an error that names the member`() {
    for (text, missing) in [
      ("{}", "type"), (#"{"type":"text"}"#, "text"), (#"{"type":"image"}"#, "url"),
      (#"{"type":"skill","name":"n"}"#, "path"),
      (#"{"type":"localAudio"}"#, "path"), (#"{"type":"text","text":"","text_elements":[{}]}"#, "byteRange"),
    ] {
      #expect { try read(text) } throws: { ($0 as? JSONError)?.kind == .missingField(missing) }
    }
  }
}

@Suite struct `Turns and threads` {
  @Test func `an error is stored in the files' spelling and shown in the wire's`() throws {
    let stored = #"{"message":"m","codex_error_info":{"http_connection_failed":{"http_status_code":401}}}"#
    var reader = JSONReader(stored)
    let error = try TurnError(rollout: &reader)
    var wire = JSONWriter()
    error.write(to: &wire)
    #expect(
      String(decoding: wire.bytes, as: UTF8.self)
        == #"{"message":"m","codexErrorInfo":{"httpConnectionFailed":{"httpStatusCode":401}},"additionalDetails":null,"misalignment":null}"#
    )
    var again = JSONWriter()
    error.writeRollout(to: &again)
    #expect(String(decoding: again.bytes, as: UTF8.self) == stored)
  }

  @Test func `a turn says every null`() {
    var writer = JSONWriter()
    Turn(id: "t", rootTurnID: nil).write(to: &writer)
    #expect(
      String(decoding: writer.bytes, as: UTF8.self)
        == #"{"id":"t","rootTurnId":null,"items":[],"itemsView":"notLoaded","status":"inProgress","error":null,"startedAt":null,"completedAt":null,"durationMs":null}"#
    )
  }

  /// Member for member the recorded answer to `thread/start`.
  @Test func `a thread has the members of the reference in their order`() {
    var thread = ThreadObject(
      id: "t", modelProvider: "mock", cwd: "/w", cliVersion: "0.163.0", originator: "acceptance", createdAt: 5,
      path: "/p", status: .active([.waitingOnApproval]))
    thread.environments = [ThreadEnvironment(cwd: "/w", runtimeWorkspaceRoots: ["/w"])]
    thread.model = "mock-model"
    thread.canAcceptDirectInput = true
    thread.gitInfo = GitInfo(sha: "s", branch: "b")
    var writer = JSONWriter()
    thread.write(to: &writer)
    #expect(
      String(decoding: writer.bytes, as: UTF8.self) == """
        {"id":"t","environments":[{"environmentId":"local","cwd":"/w","runtimeWorkspaceRoots":["/w"]}],"extra":null,\
        "sessionId":"t","forkedFromId":null,"parentThreadId":null,"preview":"","ephemeral":false,"section":null,\
        "sectionEnteredAt":null,"projectId":null,"historyMode":"paginated","modelProvider":"mock","model":"mock-model",\
        "reasoningEffort":null,"createdAt":5,"updatedAt":5,"recencyAt":5,\
        "status":{"type":"active","activeFlags":["waitingOnApproval"]},"path":"/p","cwd":"/w","cliVersion":"0.163.0",\
        "originator":"acceptance","source":"vscode","canAcceptDirectInput":true,"threadSource":null,"agentNickname":null,\
        "agentRole":null,"gitInfo":{"sha":"s","branch":"b","originUrl":null},"name":null,"daybreakEnabled":null,"turns":[]}
        """)
  }

  @Test func `sources are read in the files' spelling and shown in the wire's`() throws {
    let cases = [
      (#""cli""#, #""cli""#, "cli"), (#""mcp""#, #""appServer""#, "appServer"), (#""zzz""#, #""unknown""#, "unknown"),
      (#"{"custom":"x"}"#, #"{"custom":"x"}"#, "custom"), ("5", #""unknown""#, "unknown"),
      (#"{"subagent":"review"}"#, #"{"subAgent":"review"}"#, "subAgentReview"),
      (
        #"{"subagent":{"thread_spawn":{"parent_thread_id":"p","depth":1}}}"#,
        #"{"subAgent":{"thread_spawn":{"parent_thread_id":"p","depth":1}}}"#, "subAgentThreadSpawn"
      ),
    ]
    for (stored, shown, kind) in cases {
      var reader = JSONReader(stored)
      let source = try ThreadSource(rollout: &reader)
      var writer = JSONWriter()
      source.write(to: &writer)
      #expect(String(decoding: writer.bytes, as: UTF8.self) == shown)
      #expect(source.kind == kind)
    }
  }
}
