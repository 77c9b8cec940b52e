import AgentCore
import AppServerProtocol
import Configuration
import HTTPClient
import HostIO
import JSON
import ModelAPI

/// Why no request can be made: the text becomes the turn's error.
struct RequestError: Error, CustomStringConvertible {
  var description: String
}

/// Puts a request to the model together (agent-core.md §1).
extension AgentThread {
  func makeRequest(
    _ purpose: TurnMachine.Purpose, for turn: ActiveTurn
  ) throws(RequestError) -> (request: HTTPRequest, secrets: Redaction, isChatGPT: Bool) {
    let login = try credential()
    let isChatGPT: Bool
    if case .chatGPT = login { isChatGPT = true } else { isChatGPT = false }
    let metadata = metadata(purpose, turn)
    let headers = RequestHeaders(
      originator: services.originator(), userAgent: services.userAgent(),
      version: setup.provider.isBuiltInOpenAI ? services.version : nil, credential: login,
      sessionID: identity.sessionID, threadID: metadata.threadID, windowID: metadata.windowID,
      turnMetadata: metadata.text, turnState: turn.turnState, parentThreadID: metadata.parent?.threadID,
      subagent: metadata.parent?.subagent, providerHeaders: providerHeaders())
    let url = RequestHeaders.url(
      base: setup.provider.baseURL(hasChatGPTLogin: isChatGPT), queryParameters: setup.provider.queryParameters)
    let request = HTTPRequest(
      method: "POST", url: url, headers: headers.list.map { ($0.name, $0.value) },
      body: body(purpose, turn, metadata).body,
      idleTimeout: .milliseconds(setup.provider.streamIdleTimeoutMilliseconds))
    return (request, secrets(login), isChatGPT)
  }

  private func body(
    _ purpose: TurnMachine.Purpose, _ turn: ActiveTurn, _ metadata: TurnMetadata
  ) -> ResponsesRequest {
    let model = setup.catalog.model(turn.reviewer?.model ?? settings.model)
    var history = turn.reviewer?.conversation.items ?? conversation.items
    if purpose == .compaction {
      history.removeFirst(min(turn.droppedForCompaction, max(history.count - 1, 0)))
    }
    var input = HistoryItem.sanitised(history, takesImages: model.takesImages)
    if purpose == .compaction {
      input.append(
        InputItem.message(.user, id: nil, text: setup.compactPrompt ?? Compaction.prompt))
    }
    input.insert(
      InputItem.message(
        .developer, id: baseInstructionsID(metadata.threadID),
        text: turn.reviewer == nil ? baseInstructions : Review.instructions), at: 0)
    return ResponsesRequest(
      model: turn.reviewer?.model ?? settings.model, input: input, promptCacheKey: id,
      parallelToolCalls: purpose == .turn && model.supportsParallelToolCalls,
      effort: model.effort(wanted: settings.effort),
      summary: requestedSummary(model),
      verbosity: model.supportsVerbosity ? setup.verbosity ?? model.defaultVerbosity : nil,
      outputSchema: purpose == .turn ? turn.outputSchema : nil,
      serviceTier: (turn.serviceTier ?? settings.serviceTier).map(ResponsesRequest.wireServiceTier),
      clientMetadata: metadata.clientMetadata)
  }

  private func requestedSummary(_ model: Model) -> ResponsesRequest.ReasoningSummary? {
    guard let summary = settings.summary else { return model.defaultSummary }
    return ResponsesRequest.ReasoningSummary(rawValue: summary.rawValue)
  }

  /// The same for the life of a thread, so that the prompt cache keeps its first item.
  private func baseInstructionsID(_ threadID: String) -> String { "msg_base_\(threadID)" }

  private func metadata(_ purpose: TurnMachine.Purpose, _ turn: ActiveTurn) -> TurnMetadata {
    let reviewer = turn.reviewer
    var metadata = TurnMetadata(
      sessionID: identity.sessionID, threadID: reviewer?.threadID ?? id, turnID: reviewer?.turnID ?? turn.id,
      windowNumber: (reviewer?.conversation ?? conversation).window,
      requestKind: purpose == .turn ? "turn" : "compaction", sandbox: "none",
      installationID: services.installationID(), rootTurnID: turn.id, sandboxMode: settings.sandbox.mode.rawValue,
      turnStartedAt: turn.machine.startedAtMs, model: reviewer?.model ?? settings.model, effort: settings.effort)
    if reviewer != nil { metadata.parent = .init(threadID: id, turnID: turn.id, subagent: "review") }
    return metadata
  }

  /// The provider's own key or token comes first; the login goes only to providers that ask for OpenAI's.
  private func credential() throws(RequestError) -> RequestHeaders.Credential {
    let provider = setup.provider
    if let variable = provider.environmentKey {
      guard let key = services.environment.nonEmpty(variable), key.contains(where: { !$0.isWhitespace }) else {
        var text = "Missing environment variable: `\(variable)`."
        if let instructions = provider.environmentKeyInstructions { text += " \(instructions)" }
        throw RequestError(description: text)
      }
      return .bearer(key)
    }
    if let token = provider.bearerToken { return .bearer(token) }
    if provider.authCommand != nil {
      throw RequestError(
        description: "model_providers.\(provider.id).auth is not implemented in codex-swift \(services.version)")
    }
    guard provider.requiresOpenAIAuth else { return .none }
    do {
      guard let login = try services.credentials() else { return .none }
      switch login.kind {
      case .apiKey(let key): return .bearer(key.revealed)
      case .chatGPT(let token, let account, _, _):
        return .chatGPT(accessToken: token.revealed, accountID: account, routingOverride: nil)
      case .unsupported(let mode):
        throw RequestError(description: "the login of kind `\(mode)` in auth.json is not supported")
      }
    } catch let error as RequestError {
      throw error
    } catch {
      throw RequestError(description: "\(error)")
    }
  }

  private func secrets(_ login: RequestHeaders.Credential) -> Redaction {
    let provider = setup.provider
    var secrets = provider.environmentHeaders.compactMap { services.environment.nonEmpty($0.variable) }
    switch login {
    case .none: break
    case .bearer(let token): secrets.append(token)
    case .chatGPT(let token, _, _): secrets.append(token)
    }
    return Redaction(secrets)
  }

  private func providerHeaders() -> [RequestHeader] {
    let provider = setup.provider
    return provider.headers.map { RequestHeader($0.name, $0.value) }
      + provider.environmentHeaders.compactMap { header in
        services.environment.nonEmpty(header.variable).map { RequestHeader(header.name, $0) }
      }
  }
}

extension ModelProvider {
  var isBuiltInOpenAI: Bool { id == "openai" }
}
