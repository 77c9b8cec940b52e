package import AppServerProtocol
package import ModelAPI

/// What a turn wants done.
extension TurnMachine {
  package enum Effect: Sendable, Equatable {
    /// Send the whole history as it now is.
    case send(Purpose)
    case cancelRequest
    /// Call `wokeUp` after this time.
    case wake(after: Duration)
    case itemStarted(ThreadItem)
    case messageDelta(itemID: String, text: String)
    case summaryPartAdded(itemID: String, index: Int)
    case summaryDelta(itemID: String, text: String, index: Int)
    case reasoningDelta(itemID: String, text: String, index: Int)
    case itemCompleted(ThreadItem, startedAtMs: Int64)
    /// Append to the model's history, and `stored` to the session file: an item as it came, with what only it has.
    case record(HistoryItem, stored: [UInt8])
    /// Append to the reviewer's conversation, of which nothing is stored.
    case recordForReviewer(HistoryItem)
    /// The context that goes before the next user message, if it changed.
    case refreshContext
    /// The context that the reviewer's conversation begins with.
    case briefReviewer
    /// A response is complete: add its usage, tell the clients.
    case responseCompleted(TokenUsage?)
    /// As above, of the reviewer's conversation; clients are not told.
    case reviewerResponded(TokenUsage?)
    /// Tell the clients the usage as it is known.
    case republishUsage
    /// Tell the clients the limits as they are known.
    case publishRateLimits
    /// Limits that an error reply named: keep them, tell the clients.
    case adoptRateLimits(RateLimitSnapshot)
    /// The model's window is full: the usage is set to its size.
    case markContextFull
    case report(TurnError, willRetry: Bool)
    /// Replace the history by what is kept and this summary.
    case compacted(summary: String, isMidTurn: Bool)
    /// Leave out the oldest item of the history in the next compaction request; `compactionCannotShrink` if none is left.
    case shrinkCompaction
    case warn(String)
    /// Decide whether the history must be compacted before the next request, and call `proceed`.
    case checkBudget
    case end(Outcome)
  }

  /// One step: what the reducer needs to know, and what comes of it.
  package struct Step: Sendable {
    package var nowMs: Int64
    /// In 0..<1, for jitter.
    package var random: Double
    package var makeID: @Sendable () -> String
    package var effects: [Effect] = []

    package init(nowMs: Int64, random: Double, makeID: @escaping @Sendable () -> String) {
      self.nowMs = nowMs
      self.random = random
      self.makeID = makeID
    }
  }
}
