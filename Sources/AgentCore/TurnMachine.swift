package import AppServerProtocol
import JSON
package import ModelAPI

/// What happens next in one turn (agent-core.md §4): requests to the model, its answers, retries, steering, compaction,
/// the end.
///
/// A reducer: it is told what happened and appends what is to be done to `step.effects`, in order. It owns no history, no
/// clock and no connection. Whoever runs it performs the effects in order, and calls `proceed` after `.checkBudget`.
package struct TurnMachine: Sendable {
  package enum Kind: Sendable, Equatable {
    case regular
    /// `thread/compact/start`: a turn that does nothing else.
    case compaction
    /// `review/start`: another conversation of the model's, of which the thread's own gets the result.
    case review(ReviewTarget)

    package var isReview: Bool { if case .review = self { true } else { false } }
  }

  /// A user message on its way into the history.
  package struct UserMessage: Sendable, Equatable {
    package var content: [UserInput]
    package var clientID: String?
    /// The message as a Responses API item.
    package var item: HistoryItem

    package init(content: [UserInput], clientID: String?, item: HistoryItem) {
      self.content = content
      self.clientID = clientID
      self.item = item
    }
  }

  package enum Purpose: Sendable, Equatable { case turn, compaction }

  package enum Outcome: Sendable, Equatable {
    case completed
    case interrupted
    case failed(TurnError)
  }

  private enum Phase: Equatable {
    case notStarted
    /// A request is under way, or its answer is being read.
    case requesting(Purpose)
    case waiting(Purpose)
    case deciding
    case ended
  }

  /// What follows a compaction.
  private enum AfterCompaction { case end, acceptInput, nextRequest }

  package let turnID: String
  package let kind: Kind
  package let startedAtMs: Int64
  private let policy: RetryPolicy
  private var phase = Phase.notStarted
  private var afterCompaction = AfterCompaction.end
  private var compactionItem: (id: String, startedAtMs: Int64)?
  private var compactionText = ""

  /// Messages that wait for the next request: the turn's own first, then what it was steered with.
  private var pendingMessages: [UserMessage]
  private var attempts = RetryPolicy.Attempts()
  /// Whether the request under way has got an answer, complete or not.
  private var hasReply = false

  /// Items that have begun and not ended, in order.
  private var openItems: [OpenItem] = []
  /// Calls of the response that is being read; they are answered when it is complete.
  private var calls: [OutputItem] = []

  /// The last complete message of the agent: what `turn/completed` shows.
  package private(set) var lastAgentMessage: ThreadItem?
  package private(set) var lastAgentText: String?

  private struct OpenItem {
    var item: ThreadItem
    var startedAtMs: Int64
    /// The id is ours: the server began the item without one, or without announcing it.
    var hasOwnID: Bool
  }

  package init(
    turnID: String, kind: Kind, startedAtMs: Int64, policy: RetryPolicy, message: UserMessage? = nil
  ) {
    self.turnID = turnID
    self.kind = kind
    self.startedAtMs = startedAtMs
    self.policy = policy
    pendingMessages = message.map { [$0] } ?? []
  }

  package var hasEnded: Bool { phase == .ended }

  /// The items that are in progress, with their text so far.
  package var runningItems: [ThreadItem] { openItems.map(\.item) }

  // MARK: - Events

  /// Marks where a review begins. Clients hear of it before they hear of the turn.
  package mutating func enterReview(_ step: inout Step) {
    guard case .review(let target) = kind, phase == .notStarted else { return }
    let item = ThreadItem.enteredReviewMode(
      EnteredReviewModeItem(id: step.makeID(), target: target.raw, review: Review.label(of: target)))
    step.effects.append(.itemStarted(item))
    step.effects.append(.itemCompleted(item, startedAtMs: step.nowMs))
  }

  /// Starts the turn. `compactFirst` is the answer to `.checkBudget` for its first request.
  package mutating func begin(compactFirst: Bool, _ step: inout Step) {
    guard phase == .notStarted else { return }
    if kind == .compaction {
      startCompaction(then: .end, &step)
    } else if compactFirst {
      startCompaction(then: .acceptInput, &step)
    } else {
      acceptPendingMessages(&step)
      send(.turn, &step)
    }
  }

  /// Goes on after `.checkBudget`.
  package mutating func proceed(compactFirst: Bool, _ step: inout Step) {
    guard phase == .deciding else { return }
    if compactFirst, kind == .regular {
      startCompaction(then: .nextRequest, &step)
    } else {
      acceptPendingMessages(&step)
      send(.turn, &step)
    }
  }

  /// Input for the running turn: it becomes a user message before the next request. Not for compactions and reviews.
  package mutating func steer(_ message: UserMessage) {
    pendingMessages.append(message)
  }

  package mutating func interrupt(abortedMessage: HistoryItem, _ step: inout Step) {
    guard phase != .ended else { return }
    step.effects.append(.cancelRequest)
    if kind.isReview {
      leaveReview(with: nil, &step)
    } else {
      step.effects.append(.republishUsage)
    }
    step.effects.append(.record(abortedMessage, stored: abortedMessage.raw))
    end(.interrupted, &step)
  }

  package mutating func wokeUp(_ step: inout Step) {
    guard case .waiting(let purpose) = phase else { return }
    send(purpose, &step)
  }

  /// An answer begins: the server can be reached.
  package mutating func replyBegan() {
    attempts.replyBegan()
    hasReply = true
  }

  /// An event of the answer that is being read.
  package mutating func receive(_ event: ResponseEvent, _ step: inout Step) {
    guard case .requesting(let purpose) = phase else { return }
    switch purpose {
    case .turn: receiveForTurn(event, &step)
    case .compaction: receiveForCompaction(event, &step)
    }
  }

  /// The answer broke off, never came, or was an error.
  package mutating func requestFailed(_ failure: ModelFailure, _ step: inout Step) {
    guard case .requesting(let purpose) = phase else { return }
    fail(failure, purpose, &step)
  }

  /// The history has nothing left that a compaction request could do without.
  package mutating func compactionCannotShrink(_ failure: ModelFailure, _ step: inout Step) {
    guard case .requesting(.compaction) = phase else { return }
    give(up: failure, &step)
  }

  // MARK: - The turn's own requests

  private mutating func receiveForTurn(_ event: ResponseEvent, _ step: inout Step) {
    switch event {
    case .created, .ignored, .malformed: break
    case .itemAdded(let item): open(item, &step)
    case .textDelta(let delta):
      // A reviewer's words are data for the review, not yet a message.
      if kind.isReview { return }
      let index = openMessage(&step)
      openItems[index].item.appendText(delta)
      step.effects.append(.messageDelta(itemID: openItems[index].item.id, text: delta))
    case .reasoningSummaryPartAdded(let summaryIndex):
      guard let index = openReasoning else { return }
      step.effects.append(.summaryPartAdded(itemID: openItems[index].item.id, index: summaryIndex))
    case .reasoningSummaryDelta(let delta, let summaryIndex):
      guard let index = openReasoning else { return }
      openItems[index].item.appendSummary(delta, at: summaryIndex)
      step.effects.append(.summaryDelta(itemID: openItems[index].item.id, text: delta, index: summaryIndex))
    case .reasoningTextDelta(let delta, let contentIndex):
      guard let index = openReasoning else { return }
      step.effects.append(.reasoningDelta(itemID: openItems[index].item.id, text: delta, index: contentIndex))
    case .itemDone(let item): close(item, &step)
    case .completed(_, let usage): complete(usage, &step)
    case .incomplete(let reason, let usage):
      if let usage { step.effects.append(kind.isReview ? .reviewerResponded(usage) : .responseCompleted(usage)) }
      fail(.incomplete(reason: reason), .turn, &step)
    case .completedUnreadable(let reason): fail(.unreadableCompletion(reason), .turn, &step)
    case .failed(let error): fail(.responseFailed(error), .turn, &step)
    }
  }

  private mutating func open(_ item: OutputItem, _ step: inout Step) {
    guard let started = ThreadItem(started: item, id: item.id ?? step.makeID()) else { return }
    openItems.append(OpenItem(item: started, startedAtMs: step.nowMs, hasOwnID: item.id == nil))
    step.effects.append(.itemStarted(started))
  }

  /// The message that a delta belongs to, which is the newest one; text of a message that was never announced opens one.
  private mutating func openMessage(_ step: inout Step) -> Int {
    if let index = openItems.lastIndex(where: { if case .agentMessage = $0.item { true } else { false } }) {
      return index
    }
    let item = ThreadItem.agentMessage(AgentMessageItem(id: step.makeID(), text: ""))
    openItems.append(OpenItem(item: item, startedAtMs: step.nowMs, hasOwnID: true))
    step.effects.append(.itemStarted(item))
    return openItems.count - 1
  }

  private var openReasoning: Int? {
    openItems.lastIndex { if case .reasoning = $0.item { true } else { false } }
  }

  /// A reviewer's message is kept for the end: as with the reference its start is announced, but it never completes as
  /// a message of its own (app-server.md §4, 12).
  private mutating func keepReviewerMessage(_ message: ThreadItem) -> Bool {
    guard kind.isReview, case .agentMessage(let answer) = message else { return false }
    if let index = index(ofOpen: message) { openItems.remove(at: index) }
    lastAgentText = answer.text
    return true
  }

  private mutating func close(_ item: OutputItem, _ step: inout Step) {
    if let shown = ThreadItem(finished: item, id: item.id ?? ""), !keepReviewerMessage(shown) {
      var startedAtMs = step.nowMs
      var finished = shown
      if let index = index(ofOpen: shown) {
        let opened = openItems.remove(at: index)
        startedAtMs = opened.startedAtMs
        finished = ThreadItem(finished: item, id: opened.item.id) ?? shown
      } else {
        let id = item.id ?? step.makeID()
        finished = ThreadItem(finished: item, id: id) ?? shown
        step.effects.append(.itemStarted(ThreadItem(started: item, id: id) ?? finished))
      }
      step.effects.append(.itemCompleted(finished, startedAtMs: startedAtMs))
      if case .agentMessage(let message) = finished {
        lastAgentMessage = finished
        lastAgentText = message.text
      }
    }
    record(HistoryItem(item), stored: item.raw, &step)
    if item.isCall { calls.append(item) }
  }

  /// The item that began as this one: by its id, or where the server gave none at the start or the end, the oldest of its
  /// kind.
  private func index(ofOpen finished: ThreadItem) -> Int? {
    guard !finished.id.isEmpty else { return openItems.firstIndex { $0.item.isSameKind(as: finished) } }
    return openItems.firstIndex { $0.item.id == finished.id }
      ?? openItems.firstIndex { $0.hasOwnID && $0.item.isSameKind(as: finished) }
  }

  private mutating func complete(_ usage: TokenUsage?, _ step: inout Step) {
    let calls = calls
    self.calls = []
    openItems = []
    attempts.responseCompleted()
    for call in calls {
      guard let output = HistoryItem.unsupportedOutput(of: call, id: step.makeID()) else { continue }
      record(output, stored: output.raw, &step)
    }
    step.effects.append(kind.isReview ? .reviewerResponded(usage) : .responseCompleted(usage))
    if calls.isEmpty, pendingMessages.isEmpty {
      end(.completed, &step)
    } else {
      phase = .deciding
      step.effects.append(.checkBudget)
    }
  }

  private mutating func acceptPendingMessages(_ step: inout Step) {
    let messages = pendingMessages
    pendingMessages = []
    if !messages.isEmpty { step.effects.append(kind.isReview ? .briefReviewer : .refreshContext) }
    for message in messages {
      let item = ThreadItem.userMessage(
        UserMessageItem(id: step.makeID(), clientID: message.clientID, content: message.content))
      record(message.item, stored: message.item.raw, &step)
      step.effects.append(.itemStarted(item))
      step.effects.append(.itemCompleted(item, startedAtMs: step.nowMs))
    }
  }

  /// Appends to the conversation that this turn has with the model.
  private func record(_ item: HistoryItem, stored: [UInt8], _ step: inout Step) {
    step.effects.append(kind.isReview ? .recordForReviewer(item) : .record(item, stored: stored))
  }

  // MARK: - Review

  /// Ends the review for clients and hands its result to the thread's own conversation; nil where it came to nothing.
  private mutating func leaveReview(with output: ReviewOutput?, _ step: inout Step) {
    let report = InputItem.message(
      .user, id: InputItem.IDPrefix.message.id(step.makeID()), text: Review.report(output))
    step.effects.append(.record(HistoryItem(own: report), stored: report))
    let exited = ThreadItem.exitedReviewMode(ExitedReviewModeItem(id: step.makeID(), output: output))
    step.effects.append(.itemStarted(exited))
    step.effects.append(.itemCompleted(exited, startedAtMs: step.nowMs))
    let id = InputItem.IDPrefix.message.id(step.makeID())
    let text = output?.text ?? Review.unfinishedText
    let message = InputItem.assistantMessage(id: id, text: text)
    let item = ThreadItem.agentMessage(AgentMessageItem(id: id, text: text))
    step.effects.append(.record(HistoryItem(own: message), stored: message))
    step.effects.append(.itemStarted(item))
    step.effects.append(.itemCompleted(item, startedAtMs: step.nowMs))
    lastAgentMessage = item
    lastAgentText = text
  }

  // MARK: - Compaction

  private mutating func startCompaction(then next: AfterCompaction, _ step: inout Step) {
    afterCompaction = next
    compactionText = ""
    let item = ThreadItem.contextCompaction(ContextCompactionItem(id: step.makeID()))
    compactionItem = (item.id, step.nowMs)
    step.effects.append(.itemStarted(item))
    step.effects.append(.republishUsage)
    send(.compaction, &step)
  }

  private mutating func receiveForCompaction(_ event: ResponseEvent, _ step: inout Step) {
    switch event {
    case .itemDone(let item):
      if case .message(let message) = item.content { compactionText = message.text }
    case .completed(_, let usage):
      attempts.responseCompleted()
      step.effects.append(.responseCompleted(usage))
      finishCompaction(&step)
    case .failed(let error):
      let failure = ModelFailure.responseFailed(error)
      if failure.info == .contextWindowExceeded {
        step.effects.append(.shrinkCompaction)
      } else {
        fail(failure, .compaction, &step)
      }
    case .incomplete(let reason, _): fail(.incomplete(reason: reason), .compaction, &step)
    case .completedUnreadable(let reason): fail(.unreadableCompletion(reason), .compaction, &step)
    default: break
    }
  }

  /// Sends the compaction request once more, after `.shrinkCompaction` made it smaller.
  package mutating func compactionShrank(_ step: inout Step) {
    guard case .requesting(.compaction) = phase else { return }
    compactionText = ""
    send(.compaction, &step)
  }

  private mutating func finishCompaction(_ step: inout Step) {
    let next = afterCompaction
    step.effects.append(.compacted(summary: compactionText, isMidTurn: next == .nextRequest))
    step.effects.append(.republishUsage)
    if let item = compactionItem {
      step.effects.append(
        .itemCompleted(.contextCompaction(ContextCompactionItem(id: item.id)), startedAtMs: item.startedAtMs))
    }
    compactionItem = nil
    step.effects.append(.warn(Self.compactionWarning))
    switch next {
    case .end: end(.completed, &step)
    case .acceptInput, .nextRequest:
      acceptPendingMessages(&step)
      send(.turn, &step)
    }
  }

  package static let compactionWarning =
    "This thread was compacted. Long threads and repeated compactions make the model less accurate: "
    + "start a new thread when you can, and keep threads small and focused."

  // MARK: - Failure and the end

  private mutating func send(_ purpose: Purpose, _ step: inout Step) {
    phase = .requesting(purpose)
    hasReply = false
    step.effects.append(.send(purpose))
  }

  private mutating func fail(_ failure: ModelFailure, _ purpose: Purpose, _ step: inout Step) {
    step.effects.append(.cancelRequest)
    // An answer had begun: clients hear of its limits as after any answer.
    if hasReply, !kind.isReview { step.effects.append(.publishRateLimits) }
    if failure.info == .contextWindowExceeded, !kind.isReview { step.effects.append(.markContextFull) }
    switch policy.decide(failure, &attempts, random: step.random) {
    case .giveUp: give(up: failure, &step)
    case .retryRequest(let delay): wait(delay, purpose, &step)
    case .retryStream(let delay, let notice):
      step.effects.append(.report(TurnError(notice), willRetry: true))
      wait(delay, purpose, &step)
    case .waitForNetwork(let delay, let notice):
      if let notice { step.effects.append(.report(TurnError(notice), willRetry: true)) }
      wait(delay, purpose, &step)
    }
  }

  private mutating func wait(_ delay: Duration, _ purpose: Purpose, _ step: inout Step) {
    // Items that had begun in the broken stream will begin anew; calls in it are in the history and get their answers
    // from the sanitiser.
    openItems = []
    calls = []
    compactionText = ""
    phase = .waiting(purpose)
    step.effects.append(.wake(after: delay))
  }

  private mutating func give(up failure: ModelFailure, _ step: inout Step) {
    if let limits = failure.rateLimits { step.effects.append(.adoptRateLimits(limits)) }
    end(.failed(TurnError(failure)), &step)
  }

  private mutating func end(_ outcome: Outcome, _ step: inout Step) {
    phase = .ended
    openItems = []
    if case .failed(let error) = outcome { step.effects.append(.report(error, willRetry: false)) }
    if kind.isReview {
      switch outcome {
      case .completed: leaveReview(with: lastAgentText.flatMap(Review.output), &step)
      case .failed: leaveReview(with: nil, &step)
      case .interrupted: break  // It was left before the message that says so.
      }
    }
    step.effects.append(.end(outcome))
  }
}
