import AgentCore
import AgentRuntime
import AppServerProtocol
import HostIO
import JSON
import ModelAPI

/// The names of the notifications, and who may hear them (app-server-threads.md §4).
extension Notification {
  static let threadStarted = Notification("thread/started")
  static let threadStatusChanged = Notification("thread/status/changed")
  static let threadArchived = Notification("thread/archived")
  static let threadUnarchived = Notification("thread/unarchived")
  static let threadDeleted = Notification("thread/deleted")
  static let threadClosed = Notification("thread/closed")
  static let threadReverted = Notification("thread/reverted")
  static let threadNameUpdated = Notification("thread/name/updated")
  static let threadSettingsUpdated = Notification("thread/settings/updated", experimental: true)
  static let threadReadStateChanged = Notification("thread/readState/changed", experimental: true)
  static let threadQueueChanged = Notification("thread/queue/changed", experimental: true)
  static let threadTokenUsageUpdated = Notification("thread/tokenUsage/updated")
  static let threadGoalCleared = Notification("thread/goal/cleared")
  static let turnStarted = Notification("turn/started")
  static let turnCompleted = Notification("turn/completed")
  static let itemStarted = Notification("item/started")
  static let itemCompleted = Notification("item/completed")
  static let agentMessageDelta = Notification("item/agentMessage/delta")
  static let reasoningSummaryPartAdded = Notification("item/reasoning/summaryPartAdded")
  static let reasoningSummaryTextDelta = Notification("item/reasoning/summaryTextDelta")
  static let reasoningTextDelta = Notification("item/reasoning/textDelta")
  static let rateLimitsUpdated = Notification("account/rateLimits/updated")
  static let error = Notification("error")
  static let warning = Notification("warning")
  static let deprecationNotice = Notification("deprecationNotice")
  static let configWarning = Notification("configWarning")
  static let remoteControlStatusChanged = Notification("remoteControl/status/changed")
  static let accountUpdated = Notification("account/updated")
  static let accountLoginCompleted = Notification("account/login/completed")
}

extension Notifier {
  /// Puts an event of a thread on the wire: its status to everyone, the rest to its subscribers.
  func announce(_ event: ThreadEvent, of threadID: String, to subscribers: [ClientConnection]) {
    /// `{threadId, turnId, …}`
    func turn(
      _ kind: Notification, _ turnID: String, _ members: (inout JSONWriter) -> Void
    ) {
      send(kind, to: subscribers) { writer in
        writer.beginObject()
        writer.field("threadId", threadID)
        writer.field("turnId", turnID)
        members(&writer)
        writer.endObject()
      }
    }
    /// `{threadId, …}`
    func thread(_ kind: Notification, _ members: (inout JSONWriter) -> Void) {
      send(kind, to: subscribers) { writer in
        writer.beginObject()
        writer.field("threadId", threadID)
        members(&writer)
        writer.endObject()
      }
    }
    switch event {
    case .messageDelta(let turnID, let itemID, let text):
      turn(.agentMessageDelta, turnID) { writer in
        writer.field("itemId", itemID)
        writer.field("delta", text)
      }
    case .statusChanged(let status):
      broadcast(.threadStatusChanged) { writer in
        writer.beginObject()
        writer.field("threadId", threadID)
        writer.key("status")
        status.write(to: &writer)
        writer.endObject()
      }
    case .turnStarted(let started):
      thread(.turnStarted) { writer in
        writer.key("turn")
        started.write(to: &writer)
      }
    case .turnCompleted(let completed):
      thread(.turnCompleted) { writer in
        writer.key("turn")
        completed.write(to: &writer)
      }
    case .itemStarted(let item, let turnID, let atMs):
      send(.itemStarted, to: subscribers) { writer in
        writer.beginObject()
        writer.key("item")
        item.write(to: &writer)
        writer.field("threadId", threadID)
        writer.field("turnId", turnID)
        writer.field("startedAtMs", atMs)
        writer.endObject()
      }
    case .itemCompleted(let item, let turnID, let atMs):
      send(.itemCompleted, to: subscribers) { writer in
        writer.beginObject()
        writer.key("item")
        item.write(to: &writer)
        writer.field("threadId", threadID)
        writer.field("turnId", turnID)
        writer.field("completedAtMs", atMs)
        writer.endObject()
      }
    case .summaryPartAdded(let turnID, let itemID, let index):
      turn(.reasoningSummaryPartAdded, turnID) { writer in
        writer.field("itemId", itemID)
        writer.field("summaryIndex", index)
      }
    case .summaryDelta(let turnID, let itemID, let text, let index):
      turn(.reasoningSummaryTextDelta, turnID) { writer in
        writer.field("itemId", itemID)
        writer.field("delta", text)
        writer.field("summaryIndex", index)
      }
    case .reasoningDelta(let turnID, let itemID, let text, let index):
      turn(.reasoningTextDelta, turnID) { writer in
        writer.field("itemId", itemID)
        writer.field("delta", text)
        writer.field("contentIndex", index)
      }
    case .tokenUsage(let turnID, let total, let last, let contextWindow):
      turn(.threadTokenUsageUpdated, turnID) { writer in
        writer.key("tokenUsage")
        writer.beginObject()
        writer.key("total")
        total.write(to: &writer)
        writer.key("last")
        last.write(to: &writer)
        writer.field("modelContextWindow", contextWindow)
        writer.endObject()
      }
    case .rateLimits(let snapshot):
      send(.rateLimitsUpdated, to: subscribers) { writer in
        writer.beginObject()
        writer.key("rateLimits")
        snapshot.write(to: &writer)
        writer.endObject()
      }
    case .error(let error, let willRetry, let turnID):
      send(.error, to: subscribers) { writer in
        writer.beginObject()
        writer.key("error")
        error.write(to: &writer)
        writer.field("willRetry", willRetry)
        writer.field("threadId", threadID)
        writer.field("turnId", turnID)
        writer.endObject()
      }
    case .warning(let message): thread(.warning) { $0.field("message", message) }
    case .settingsUpdated(let settings):
      thread(.threadSettingsUpdated) { writer in
        writer.key("threadSettings")
        settings.writeNotification(to: &writer)
      }
    case .queueChanged: thread(.threadQueueChanged) { _ in }
    case .readStateChanged(let state):
      thread(.threadReadStateChanged) { writer in
        writer.key("readState")
        state.write(to: &writer)
      }
    }
  }
}

extension ReadState {
  func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("firstUnread")
    if let firstUnreadTurnID {
      writer.beginObject()
      writer.field("type", literal: "turn")
      writer.field("turnId", firstUnreadTurnID)
      writer.endObject()
    } else {
      writer.null()
    }
    writer.field("revision", revision)
    writer.endObject()
  }
}
