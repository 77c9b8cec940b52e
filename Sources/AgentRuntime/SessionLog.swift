import AgentCore
package import AppServerProtocol
package import HostIO
import JSON
package import ModelAPI
package import Store

/// The session file of a loaded thread: turns what happens into records (session-files.md §4).
///
/// Records are collected and written together by `flush`, at the latest before clients hear that a turn has ended.
@LoopActor
package final class SessionLog {
  private let writer: RolloutWriter
  /// Keeps other processes from writing to the thread as long as it is loaded.
  private let lock: ThreadWriterLock
  private let clock: WallClock
  private var pending: [RolloutRecord] = []

  package init(_ writer: RolloutWriter, lock: ThreadWriterLock, clock: WallClock) {
    self.writer = writer
    self.lock = lock
    self.clock = clock
  }

  /// The same thread in another file.
  init(continuing log: SessionLog, _ writer: RolloutWriter) {
    log.close()
    self.writer = writer
    lock = log.lock
    clock = log.clock
  }

  package var path: String { writer.path }
  package var historyMode: HistoryMode { writer.historyMode }
  package var isMaterialized: Bool { writer.isMaterialized }

  /// Writes what was collected, all or nothing. What cannot be written stays for the next time.
  package func flush() throws(StoreError) {
    guard !pending.isEmpty else { return }
    try writer.append(pending, at: clock.now())
    pending.removeAll(keepingCapacity: true)
  }

  func close() { writer.close() }

  // MARK: - Records

  func sessionMeta(_ meta: SessionMeta) { pending.append(.sessionMeta(meta)) }

  /// An item of the model's history as JSON text.
  func responseItem(_ json: [UInt8]) { pending.append(.responseItem(json)) }

  func turnStarted(_ turnID: String, atMs: Int64, contextWindow: Int?) {
    pending.append(
      .taskStarted(
        turnID: turnID, rootTurnID: turnID, startedAt: atMs / 1000, contextWindow: contextWindow.map(Int64.init)))
  }

  func itemCompleted(
    _ item: ThreadItem, threadID: String, turnID: String, startedAtMs: Int64, completedAtMs: Int64
  ) {
    pending += RolloutRecord.item(
      item, in: historyMode, threadID: threadID, turnID: turnID, startedAtMs: startedAtMs,
      completedAtMs: completedAtMs)
  }

  func turnContext(_ settings: ThreadSettings, turnID: String) {
    pending.append(.turnContext(TurnContext(settings, turnID: turnID)))
  }

  func settingsApplied(_ settings: ThreadSettings, threadID: String) {
    var writer = JSONWriter()
    settings.writeStoredSettings(to: &writer)
    pending.append(.threadSettingsApplied(threadID: threadID, settings: RawJSON(unchecked: writer.bytes)))
  }

  func tokenCount(total: TokenUsage, last: TokenUsage, contextWindow: Int?, rateLimits: RateLimitSnapshot) {
    var writer = JSONWriter()
    rateLimits.writeRollout(to: &writer)
    let count = TokenCount(
      total: StoredTokenUsage(total), last: StoredTokenUsage(last), contextWindow: contextWindow.map(Int64.init))
    pending.append(.tokenCount(count, rateLimits: RawJSON(unchecked: writer.bytes)))
  }

  func compacted(message: String, replacement: [HistoryItem]) {
    pending.append(.compacted(message: message, replacement: replacement.map(\.raw)))
  }

  func turnEnded(_ turn: Turn, lastAgentMessage: String?, firstTokenMs: Int64?) {
    if turn.status == .interrupted {
      pending.append(
        .turnAborted(
          turnID: turn.id, rootTurnID: turn.id, startedAt: turn.startedAt, completedAt: turn.completedAt,
          durationMs: turn.durationMs))
    } else {
      pending.append(
        .taskComplete(
          turnID: turn.id, rootTurnID: turn.id, lastAgentMessage: lastAgentMessage, error: turn.error,
          startedAt: turn.startedAt, completedAt: turn.completedAt, durationMs: turn.durationMs,
          timeToFirstTokenMs: firstTokenMs))
    }
  }
}

extension TurnContext {
  init(_ settings: ThreadSettings, turnID: String) {
    var approval = JSONWriter()
    settings.approvalPolicy.write(to: &approval)
    var sandbox = JSONWriter()
    settings.sandbox.writeRollout(to: &sandbox)
    var mode = JSONWriter()
    settings.collaborationMode.write(to: &mode)
    self.init(
      turnID: turnID, rootTurnID: turnID, cwd: settings.cwd, approvalPolicy: RawJSON(unchecked: approval.bytes),
      sandboxPolicy: RawJSON(unchecked: sandbox.bytes), permissionProfile: settings.storedPermissionProfile,
      model: settings.model, effort: settings.effort, summary: (settings.summary ?? .none).rawValue)
    approvalsReviewer = settings.approvalsReviewer.rawValue
    collaborationMode = RawJSON(unchecked: mode.bytes)
  }
}

extension StoredTokenUsage {
  init(_ usage: TokenUsage) {
    self.init()
    input = usage.input
    cachedInput = usage.cachedInput
    cacheWriteInput = usage.cacheWriteInput
    output = usage.output
    reasoningOutput = usage.reasoningOutput
    total = usage.total
  }
}

extension TokenUsage {
  package init(_ stored: StoredTokenUsage) {
    self.init(
      input: stored.input, cachedInput: stored.cachedInput, cacheWriteInput: stored.cacheWriteInput,
      output: stored.output, reasoningOutput: stored.reasoningOutput, total: stored.total)
  }
}
