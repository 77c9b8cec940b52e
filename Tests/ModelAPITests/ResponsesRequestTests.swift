import JSON
import Testing

@testable import ModelAPI

@Suite struct ResponsesRequestTests {
  @Test func `the least request has what every server needs`() {
    var request = ResponsesRequest(
      model: "m", input: [Array("{}".utf8), Array(#"{"a": 1}"#.utf8)], promptCacheKey: "t")
    #expect(
      text(request.body)
        == #"{"model":"m","stream":true,"input":[{},{"a": 1}],"tools":[],"tool_choice":"auto","parallel_tool_calls":true,"store":false,"include":["reasoning.encrypted_content"],"prompt_cache_key":"t"}"#
    )
    request.summary = ResponsesRequest.ReasoningSummary.none
    #expect(!text(request.body).contains("reasoning\":"))
    request.summary = .auto
    #expect(text(request.body).contains(#""reasoning":{"summary":"auto"},"#))
  }

  @Test func `everything that may be set is written in its place`() throws {
    let request = ResponsesRequest(
      model: "m", input: [], promptCacheKey: "t", baseInstructions: .field("be good"),
      tools: Array(#"[{"type":"function"}]"#.utf8), parallelToolCalls: false, effort: "high", summary: .concise,
      verbosity: "low", outputSchema: Array(#"{"type":"object","b":1.0}"#.utf8), serviceTier: "fast",
      clientMetadata: [("session_id", "s"), ("x\"", "ü")])
    #expect(
      text(request.body)
        == #"{"model":"m","stream":true,"instructions":"be good","service_tier":"priority","input":[],"tools":[{"type":"function"}],"tool_choice":"auto","parallel_tool_calls":false,"reasoning":{"effort":"high","summary":"concise"},"store":false,"include":["reasoning.encrypted_content"],"prompt_cache_key":"t","text":{"verbosity":"low","format":{"type":"json_schema","strict":true,"schema":{"type":"object","b":1.0},"name":"codex_output_schema"}},"client_metadata":{"session_id":"s","x\"":"ü"}}"#
    )
    _ = try JSON.parse(request.body)
    #expect(ResponsesRequest.wireServiceTier("flex") == "flex")
  }

  @Test func `the same prefix gives the same bytes`() {
    let items = (0..<3).map { InputItem.message(.user, id: "msg_\($0)", text: "é \($0)") }
    let short = text(ResponsesRequest(model: "m", input: Array(items[..<2]), promptCacheKey: "t").body)
    let long = text(ResponsesRequest(model: "m", input: items, promptCacheKey: "t").body)
    let shared = short.prefix(upTo: short.range(of: "],\"tools\"")!.lowerBound)
    #expect(long.hasPrefix(shared))
  }
}

extension String {
  /// The first place of a text.
  fileprivate func range(of other: String) -> Range<Index>? { firstRange(of: other) }
}

@Suite struct RequestHeadersTests {
  private func headers(_ credential: RequestHeaders.Credential = .none) -> RequestHeaders {
    RequestHeaders(
      originator: "probe", userAgent: "probe/1", credential: credential, sessionID: "s", threadID: "t", windowID: "t:0",
      turnMetadata: "{}")
  }

  @Test func `every request says who asks and for which thread`() {
    #expect(
      headers().list == [
        RequestHeader("originator", "probe"), RequestHeader("user-agent", "probe/1"),
        RequestHeader("x-codex-window-id", "t:0"), RequestHeader("x-codex-turn-metadata", "{}"),
        RequestHeader("x-client-request-id", "t"), RequestHeader("session-id", "s"), RequestHeader("thread-id", "t"),
        RequestHeader("accept", "text/event-stream"), RequestHeader("content-type", "application/json"),
      ])
  }

  @Test func `what is set is sent`() {
    var headers = headers(.chatGPT(accessToken: "a", accountID: "acc", routingOverride: "r"))
    headers.version = "1.2"
    headers.turnState = "state"
    headers.parentThreadID = "p"
    headers.subagent = "review"
    headers.betaFeatures = ["a", "b"]
    let list = headers.list
    func value(_ name: String) -> String? { list.first { $0.name == name }?.value }
    #expect(value("authorization") == "Bearer a")
    #expect(value("chatgpt-account-id") == "acc")
    #expect(value("x-openai-account-routing-override") == "r")
    #expect(value("version") == "1.2")
    #expect(value("x-codex-turn-state") == "state")
    #expect(value("x-codex-parent-thread-id") == "p")
    #expect(value("x-openai-subagent") == "review")
    #expect(value("x-codex-beta-features") == "a,b")
    headers.credential = .chatGPT(accessToken: "a", accountID: nil, routingOverride: "NO_CONSTRAINT")
    #expect(
      !headers.list.contains { $0.name == "x-openai-account-routing-override" || $0.name == "chatgpt-account-id" })
  }

  @Test func `a provider replaces the originator, but not the credential`() {
    var headers = headers(.bearer("key"))
    headers.providerHeaders = [
      RequestHeader("Originator", "zz"), RequestHeader("Authorization", "X"), RequestHeader("Accept", "q"),
      RequestHeader("X-A", "1"),
    ]
    let list = headers.list
    #expect(list.filter { $0.name == "originator" } == [RequestHeader("originator", "zz")])
    #expect(list.filter { $0.name == "authorization" } == [RequestHeader("authorization", "Bearer key")])
    #expect(list.filter { $0.name == "accept" } == [RequestHeader("accept", "text/event-stream")])
    #expect(list.contains(RequestHeader("x-a", "1")))
    headers.credential = .none
    #expect(headers.list.contains(RequestHeader("authorization", "X")))
  }

  @Test func `no value can add a line or hold what HTTP refuses`() {
    #expect(RequestHeaders.sanitised("plain text\t~") == "plain text\t~")
    #expect(RequestHeaders.sanitised("a\r\nx: y\u{0}é😀\u{7F}") == "a__x: y____")
  }

  @Test func `the query is encoded`() {
    #expect(RequestHeaders.url(base: "https://a/v1") == "https://a/v1/responses")
    #expect(RequestHeaders.url(base: "https://a/v1//") == "https://a/v1/responses")
    #expect(
      RequestHeaders.url(base: "https://a/v1?x=1", queryParameters: [("b c", "d&=ü/")])
        == "https://a/v1/responses?x=1&b%20c=d%26%3D%C3%BC%2F")
    #expect(RequestHeaders.url(base: "") == "/responses")
  }
}

@Suite struct TurnMetadataTests {
  private var metadata: TurnMetadata {
    TurnMetadata(
      sessionID: "s", threadID: "t", turnID: "u", windowNumber: 2, requestKind: "turn", sandbox: "none",
      installationID: "i", rootTurnID: "r", historyInitialization: "new", sandboxMode: "read-only", turnStartedAt: 5,
      model: "m", effort: "low", workspaces: [.init(path: "/ü😀", latestCommit: "c", hasChanges: true)])
  }

  @Test func `metadata is ASCII and says which turn it is`() throws {
    #expect(
      metadata.text
        == #"{"installation_id":"i","session_id":"s","thread_id":"t","turn_id":"u","window_id":"t:2","window_number":2,"request_kind":"turn","sandbox":"none","root_turn_id":"r","history_initialization":"new","sandbox_mode":"read-only","turn_started_at_unix_ms":5,"model":"m","reasoning_effort":"low","workspaces":{"/\u00fc\ud83d\ude00":{"latest_git_commit_hash":"c","has_changes":true}}}"#
    )
    #expect(try JSON.parse(metadata.text)["workspaces"]?["/ü😀"]?["has_changes"] == true)
    #expect(RequestHeaders.sanitised(metadata.text) == metadata.text)
  }

  @Test func `what does not fit is left out, workspaces first`() {
    var metadata = metadata
    metadata.workspaces = [
      .init(path: String(repeating: "/é", count: TurnMetadata.maximumBytes / 7), latestCommit: nil, hasChanges: nil)
    ]
    #expect(metadata.text.hasSuffix(#""reasoning_effort":"low"}"#))
    metadata.model = String(repeating: "m", count: TurnMetadata.maximumBytes)
    #expect(metadata.text.hasSuffix(#""sandbox":"none"}"#))
    metadata.threadID = metadata.model!
    #expect(metadata.text == "{}")
    #expect(TurnMetadata.maximumBytes == 8192)
  }

  @Test func `the body repeats it`() {
    #expect(
      metadata.clientMetadata.map(\.key) == [
        "x-codex-installation-id", "session_id", "thread_id", "turn_id", "root_turn_id", "x-codex-window-id",
        "x-codex-turn-metadata",
      ])
  }
}
