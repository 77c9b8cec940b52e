package import AgentCore

/// Why a loaded thread refuses something. The wire's codes and texts are made of these in one place.
package enum ThreadError: Error, Equatable, Sendable {
  /// Steering or interrupting without a running turn.
  case noActiveTurn(action: String)
  case wrongTurnToInterrupt(expected: String, found: String)
  case wrongTurnToSteer(expected: String, found: String)
  case turnNotSteerable(UnsteerableTurn)
  case turnIsRunning
  case queue(MessageQueue.Refusal)
  /// Without a session file there is nowhere to keep what waits.
  case ephemeralHasNoQueue(threadID: String)
  /// `thread/queue/start` while nothing waits.
  case queueIsEmpty
  /// The session file could not be read or written; the text names the cause.
  case storage(String)
}

/// A turn that takes no input besides its own.
package enum UnsteerableTurn: String, Sendable {
  case review
  case compaction = "compact"
}
