import AgentCore
import AppServerProtocol
import HTTPClient
import HostIO
import JSON
import ModelAPI
import Store

/// Runs the effects that the turn machine asks for: requests, notifications, records.
extension AgentThread {
  // MARK: - Events for the machine

  func beginMachine(_ turn: ActiveTurn) {
    let compactFirst = turn.machine.kind == .regular && isOverBudget
    feed(turn) { $0.begin(compactFirst: compactFirst, &$1) }
  }

  func enterReview(_ turn: ActiveTurn) {
    guard turn.machine.kind.isReview else { return }
    feed(turn) { $0.enterReview(&$1) }
  }

  func queue(_ input: [UserInput], clientID: String?, for turn: ActiveTurn) {
    let item = historyItem(UserMessageBuilder.item(for: input, id: newMessageID()))
    turn.machine.steer(TurnMachine.UserMessage(content: input, clientID: clientID, item: item))
  }

  func interrupt(_ turn: ActiveTurn) {
    let item = historyItem(InputItem.message(.user, id: newMessageID(), text: ContextBlock.aborted))
    feed(turn) { $0.interrupt(abortedMessage: item, &$1) }
  }

  func newMessageID() -> String { InputItem.IDPrefix.message.id(services.ids.v7().description) }

  /// An item that was made here, which is always well-formed.
  func historyItem(_ raw: [UInt8]) -> HistoryItem {
    (try? HistoryItem(raw: raw)) ?? HistoryItem(kind: .other, raw: raw)
  }

  /// Tells the machine of an event and performs what comes of it.
  private func feed(_ turn: ActiveTurn, _ event: (inout TurnMachine, inout TurnMachine.Step) -> Void) {
    guard active === turn else { return }
    var step = TurnMachine.Step(
      nowMs: services.clock.now().milliseconds, random: Double.random(in: 0..<1, using: &turn.dice),
      makeID: { [ids = services.ids] in ids.v7().description })
    event(&turn.machine, &step)
    perform(step.effects, for: turn, atMs: step.nowMs)
  }

  // MARK: - Effects

  private func perform(_ effects: [TurnMachine.Effect], for turn: ActiveTurn, atMs nowMs: Int64) {
    for effect in effects {
      guard active === turn else { return }
      switch effect {
      case .messageDelta(let itemID, let text):
        tell(.messageDelta(turnID: turn.id, itemID: itemID, text: text))
      case .summaryPartAdded(let itemID, let index):
        tell(.summaryPartAdded(turnID: turn.id, itemID: itemID, index: index))
      case .summaryDelta(let itemID, let text, let index):
        tell(.summaryDelta(turnID: turn.id, itemID: itemID, text: text, index: index))
      case .reasoningDelta(let itemID, let text, let index):
        tell(.reasoningDelta(turnID: turn.id, itemID: itemID, text: text, index: index))
      case .itemStarted(let item):
        if turn.firstTokenAtMs == nil, !item.isUserMessage { turn.firstTokenAtMs = nowMs }
        tell(.itemStarted(item, turnID: turn.id, atMs: nowMs))
      case .itemCompleted(let item, let startedAtMs):
        log?.itemCompleted(item, threadID: id, turnID: turn.id, startedAtMs: startedAtMs, completedAtMs: nowMs)
        if item.isUserMessage { userSpoke(item, atMs: nowMs) }
        tell(.itemCompleted(item, turnID: turn.id, atMs: nowMs))
      case .record(let item, let stored):
        log?.responseItem(stored)
        conversation.append(item)
      case .recordForReviewer(let item): turn.reviewer?.conversation.append(item)
      case .briefReviewer:
        let blocks = contextBlocks
        turn.reviewer?.brief(blocks) { newMessageID() }
      case .refreshContext: refreshContext(turn)
      case .responseCompleted(let usage):
        if let usage { conversation.add(usage) }
        publishUsage(turn)
      case .reviewerResponded(let usage):
        if let usage { turn.reviewer?.conversation.add(usage) }
      case .republishUsage: publishUsage(turn)
      case .publishRateLimits: tell(.rateLimits(rateLimits))
      case .adoptRateLimits(let limits):
        rateLimits = limits.merged(after: rateLimits)
        tell(.rateLimits(rateLimits))
      case .markContextFull:
        if let window = contextWindow { conversation.markFull(window: window) }
        publishUsage(turn)
      case .report(let error, let willRetry):
        if !willRetry { setStatus(.systemError) }
        tell(.error(error, willRetry: willRetry, turnID: turn.id))
      case .warn(let text): tell(.warning(text))
      case .send(let purpose): send(purpose, for: turn)
      case .cancelRequest: turn.abandon()
      case .wake(let delay):
        turn.timer = EventLoop.main.schedule(after: delay) { [weak self, weak turn] in
          guard let self, let turn else { return }
          turn.timer = nil
          self.feed(turn) { $0.wokeUp(&$1) }
        }
      case .checkBudget:
        let compactFirst = isOverBudget
        feed(turn) { $0.proceed(compactFirst: compactFirst, &$1) }
      case .compacted(let summary, let isMidTurn): compact(summary, isMidTurn: isMidTurn, turn)
      case .shrinkCompaction: shrinkCompaction(turn)
      case .end(let outcome): end(turn, outcome, atMs: nowMs)
      }
    }
    _ = keepRecords(turn)
  }

  private func userSpoke(_ item: ThreadItem, atMs nowMs: Int64) {
    recencyAtMs = nowMs
    guard preview.isEmpty, case .userMessage(let message) = item else { return }
    preview = message.previewText
  }

  private func publishUsage(_ turn: ActiveTurn) {
    touch()
    if let last = conversation.lastUsage {
      log?.tokenCount(
        total: conversation.totalUsage, last: last, contextWindow: contextWindow, rateLimits: rateLimits)
      tell(
        .tokenUsage(
          turnID: turn.id, total: conversation.totalUsage, last: last, contextWindow: contextWindow))
    }
    tell(.rateLimits(rateLimits))
  }

  private var isOverBudget: Bool {
    guard conversation.lastUsage != nil else { return false }
    let window = setup.contextWindowOverride ?? model.contextWindow
    return conversation.contextTokens
      >= Compaction.limit(configured: setup.autoCompactTokenLimit, contextWindow: window)
  }

  // MARK: - Context

  /// The blocks that tell the model where it works and what it may, ahead of a user message: all of them at first, later
  /// only what changed. Earlier items are never rewritten.
  private func refreshContext(_ turn: ActiveTurn) {
    let items = contextItems(changedOnly: true)
    for item in items {
      log?.responseItem(item.raw)
      conversation.append(item)
    }
    log?.turnContext(settings, turnID: turn.id)
    guard !hasRecordedSettings else { return }
    hasRecordedSettings = true
    log?.settingsApplied(settings, threadID: id)
  }

  private func contextItems(changedOnly: Bool) -> [HistoryItem] {
    context.take(contextBlocks, changedOnly: changedOnly) { newMessageID() }
  }

  private func compact(_ summary: String, isMidTurn: Bool, _ turn: ActiveTurn) {
    turn.droppedForCompaction = 0
    let items = Compaction.history(
      context: contextItems(changedOnly: false).map(\.raw), history: conversation.items, summary: summary,
      summaryID: newMessageID(), isMidTurn: isMidTurn
    ).map(historyItem)
    conversation.replace(by: items, baseTokens: TokenEstimate.tokens(of: baseInstructions))
    log?.compacted(message: summary, replacement: items)
  }

  private func shrinkCompaction(_ turn: ActiveTurn) {
    guard conversation.items.count - turn.droppedForCompaction > 1 else {
      let failure = ModelFailure.responseFailed(.init(code: "context_length_exceeded", message: nil))
      return feed(turn) { $0.compactionCannotShrink(failure, &$1) }
    }
    turn.droppedForCompaction += 1
    feed(turn) { $0.compactionShrank(&$1) }
  }

  var baseInstructions: String { setup.baseInstructions ?? model.baseInstructions }

  // MARK: - Requests

  private func send(_ purpose: TurnMachine.Purpose, for turn: ActiveTurn) {
    let request: (request: HTTPRequest, secrets: Redaction, isChatGPT: Bool)
    do throws(RequestError) {
      request = try makeRequest(purpose, for: turn)
    } catch {
      let failure = ModelFailure(.other, error.description, retry: .no)
      return feed(turn) { $0.requestFailed(failure, &$1) }
    }
    turn.stream = ModelStream(
      request.request, secrets: request.secrets, client: services.http, clock: services.clock,
      isChatGPT: request.isChatGPT
    ) { [weak self, weak turn] signal in
      guard let self, let turn, self.active === turn else { return }
      switch signal {
      case .head(let headers):
        turn.machine.replyBegan()
        self.noteHeaders(headers, turn)
      case .event(let event): self.feed(turn) { $0.receive(event, &$1) }
      case .failed(let failure): self.feed(turn) { $0.requestFailed(failure, &$1) }
      }
    }
  }

  private func noteHeaders(_ headers: ResponseHeaders, _ turn: ActiveTurn) {
    if turn.turnState == nil { turn.turnState = headers["x-codex-turn-state"] }
    if let latest = RateLimitSnapshot.all(in: headers).last { rateLimits = latest.merged(after: rateLimits) }
  }

  // MARK: - The end

  private func end(_ turn: ActiveTurn, _ outcome: TurnMachine.Outcome, atMs nowMs: Int64) {
    let durationMs = nowMs - turn.machine.startedAtMs
    var ended = turn.turn
    ended.completedAt = nowMs / 1000
    ended.durationMs = durationMs
    switch outcome {
    case .completed:
      ended.status = .completed
      if let message = turn.machine.lastAgentMessage {
        ended.items = [message]
        ended.itemsView = .summary
      }
    case .interrupted: ended.status = .interrupted
    case .failed(let error):
      ended.status = .failed
      ended.error = error
    }
    log?.turnEnded(
      ended, lastAgentMessage: turn.machine.lastAgentText,
      firstTokenMs: turn.firstTokenAtMs.map { $0 - turn.machine.startedAtMs })
    guard keepRecords(turn) else { return }
    finish(turn, ended)
  }

  /// Ends a turn that never got to its machine.
  func end(_ turn: ActiveTurn, failingWith error: TurnError) {
    let nowMs = services.clock.now().milliseconds
    setStatus(.systemError)
    tell(.error(error, willRetry: false, turnID: turn.id))
    var ended = turn.turn
    ended.status = .failed
    ended.error = error
    ended.completedAt = nowMs / 1000
    ended.durationMs = nowMs - turn.machine.startedAtMs
    log?.turnEnded(ended, lastAgentMessage: nil, firstTokenMs: nil)
    do throws(StoreError) {
      try log?.flush()
    } catch {
      services.log("the end of turn \(turn.id) was not recorded: \(error)")
    }
    finish(turn, ended)
  }

  private func finish(_ turn: ActiveTurn, _ ended: Turn) {
    turn.abandon()
    active = nil
    touch()
    lastTurnWasInterrupted = ended.status == .interrupted
    if turn.machine.kind != .compaction, !identity.isEphemeral {
      if readState.firstUnreadTurnID == nil { readState.firstUnreadTurnID = turn.id }
      readState.revision = services.ids.v4().description
      tell(.readStateChanged(readState))
    }
    if ended.status != .failed { setStatus(.idle) }
    tell(.turnCompleted(ended))
  }

  // MARK: - Records

  /// Writes the records so far. What cannot be kept ends the turn with an error, because a turn that goes on without its
  /// records would be lost at the next start; then the answer is false.
  private func keepRecords(_ turn: ActiveTurn) -> Bool {
    guard let log, active === turn else { return active === turn }
    do throws(StoreError) {
      try log.flush()
      return true
    } catch {
      end(turn, failingWith: TurnError(message: error.description))
      return false
    }
  }
}

extension ThreadItem {
  var isUserMessage: Bool {
    if case .userMessage = self { true } else { false }
  }
}

extension UserMessageItem {
  /// The texts of the message, as lists show it.
  var previewText: String {
    content.compactMap { part in if case .text(let text, _) = part { text } else { nil } }.joined(separator: "\n")
  }
}
