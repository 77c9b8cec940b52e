package import AgentCore
package import AppServerProtocol
package import HostIO
package import ModelAPI

/// What a loaded thread tells: each becomes one notification (app-server-threads.md §4, §5).
package enum ThreadEvent: Sendable {
  case statusChanged(ThreadStatus)
  case turnStarted(Turn)
  case turnCompleted(Turn)
  case itemStarted(ThreadItem, turnID: String, atMs: Int64)
  case itemCompleted(ThreadItem, turnID: String, atMs: Int64)
  case messageDelta(turnID: String, itemID: String, text: String)
  case summaryPartAdded(turnID: String, itemID: String, index: Int)
  case summaryDelta(turnID: String, itemID: String, text: String, index: Int)
  case reasoningDelta(turnID: String, itemID: String, text: String, index: Int)
  case tokenUsage(turnID: String, total: TokenUsage, last: TokenUsage, contextWindow: Int?)
  case rateLimits(RateLimitSnapshot)
  case error(TurnError, willRetry: Bool, turnID: String)
  case warning(String)
  case settingsUpdated(ThreadSettings)
  /// The first turn that nobody has marked as read; `revision` changes with each change.
  case readStateChanged(ReadState)
  /// What waits in the thread is not what it was.
  case queueChanged
}

/// Which turn of a thread is the first unread one. Nothing marks turns as read yet, so it is the first that ever ended.
package struct ReadState: Sendable, Equatable {
  package var firstUnreadTurnID: String?
  package var revision: String

  package init(firstUnreadTurnID: String?, revision: String) {
    self.firstUnreadTurnID = firstUnreadTurnID
    self.revision = revision
  }
}

/// Hears what happens in the loaded threads.
@LoopActor
package protocol ThreadObserver: AnyObject {
  func thread(_ thread: AgentThread, did event: ThreadEvent)
}
