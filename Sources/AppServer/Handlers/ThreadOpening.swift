import AgentCore
import AgentRuntime
import AppServerProtocol
import Configuration
import HTTPClient
import HostIO
import JSON
import JSONRPC
import ModelAPI
import Store

/// Loading stored threads: `thread/resume`, `thread/fork`, `thread/revert` (app-server-threads.md §2).
extension Server {
  // MARK: - Resume

  func resumeThread(_ request: Request) throws(RPCError) {
    let params = try request.params(ThreadResumeParams.self)
    guard params.history == nil else {
      throw .invalidRequest("thread/resume with `history` is not implemented in codex-swift \(Version.own)")
    }
    if params.path == nil { try Self.checkThreadID(params.threadID, as: "session id") }
    if let loaded = threads.thread(params.threadID) { return try join(loaded, params, request) }
    let path = try locate(params.threadID, path: params.path)
    threads.exclusively(request, on: params.threadID) {
      try await self.load(params, path: path, for: request)
    }
  }

  /// The file of a stored thread that may be loaded.
  func locate(_ id: String, path: String?) throws(RPCError) -> String {
    if let path {
      let absolute = Path.absolute(path, from: options.codexHome)
      guard File.exists(absolute) else { throw .invalidRequest("no rollout found at path: \(path)") }
      return absolute
    }
    guard let location = directory.find(id) else { throw .invalidRequest("no rollout found for thread id \(id)") }
    guard !location.isArchived else {
      throw .invalidRequest(
        "session \(id) is archived. Run `codex unarchive \(id)` to unarchive it first.")
    }
    return location.path
  }

  /// A client joins a thread that is loaded; overrides do not count.
  private func join(_ thread: AgentThread, _ params: ThreadResumeParams, _ request: Request) throws(RPCError) {
    if let path = params.path, Path.absolute(path, from: options.codexHome) != thread.path {
      throw .invalidRequest("thread \(thread.id) is loaded from another path")
    }
    threads.subscribe(request.connection, to: thread.id)
    noteHydration(of: thread, params.excludeTurns, request.connection)
    guard thread.hasFile, let path = thread.path else {
      request.succeed { self.writeOpened(thread, Opened(), isResume: true, to: &$0) }
      return announceResumed(thread, wasLoaded: true, to: request.connection)
    }
    let runningTurn = thread.runningTurn?.id
    threads.exclusively(request, on: thread.id) { [shelf] in
      let opened = try await BlockingPool.shared.run {
        try shelf.read(path) { try Opened($0, params, runningTurn: runningTurn) }
      }
      request.succeed { self.writeOpened(thread, opened, isResume: true, to: &$0) }
      self.announceResumed(thread, wasLoaded: true, to: request.connection)
    }
  }

  /// What a stored thread's file says, read on another thread.
  private struct Stored: Sendable {
    var object: ThreadObject
    var meta: SessionMeta
    var latest: LatestRecords
    var opened: Opened
    var lastTurn: Turn?
  }

  /// The parts of an answer that come from the history, as JSON text.
  private struct Opened: Sendable {
    var turns: [UInt8] = []
    var initialTurnsPage: [UInt8]?
    var turnsCursor: String?
    var itemsCursor: String?

    init() {}

    init(_ history: ThreadHistory, _ params: ThreadResumeParams, runningTurn: String?) throws {
      if !params.excludeTurns {
        var writer = JSONWriter()
        writer.beginArray()
        try history.writeAllTurns(.full, runningTurnID: runningTurn, to: &writer)
        writer.endArray()
        turns = writer.bytes
      }
      if let page = params.initialTurnsPage {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("data")
        writer.beginArray()
        let cursors = try history.writeTurns(page, runningTurnID: runningTurn, to: &writer)
        writer.endArray()
        cursors.writeCursors(to: &writer)
        writer.endObject()
        initialTurnsPage = writer.bytes
      }
      (turnsCursor, itemsCursor) = history.backwardsCursors
    }
  }

  private func load(_ params: ThreadResumeParams, path: String, for request: Request) async throws {
    let provider = (try? configuration.settings())?.provider.id ?? Settings.defaultProviderID
    noteHydration(isPaginated: true, params.excludeTurns, request.connection)
    let home = options.codexHome
    let clock = options.clock
    let read = try await BlockingPool.shared.run { [directory, shelf] in
      let object = try directory.thread(at: path, defaultModelProvider: provider)
      let lock = try ThreadWriterLock.acquire(home: home, threadID: object.id)
      let writer = try RolloutWriter.open(path: path, threadID: object.id, historyMode: object.historyMode)
      let stored = try shelf.read(path) { history in
        Stored(
          object: object, meta: history.meta, latest: history.latest,
          opened: try Opened(history, params, runningTurn: nil), lastTurn: history.lastTurn())
      }
      return (stored: stored, lock: lock, writer: writer)
    }
    if threads.thread(read.stored.object.id) != nil {
      throw RPCError.invalidRequest("thread \(read.stored.object.id) is already loaded")
    }
    guard read.stored.meta.modelProvider != nil || params.overrides.modelProvider != nil else {
      throw RPCError.internalError("failed to read thread: \(path) names no model provider")
    }
    let thread = try makeThread(
      read.stored, params.overrides, identity: identity(of: read.stored.object), path: path)
    thread.attach(
      SessionLog(read.writer, lock: read.lock, clock: clock), history: StoredHistory(path: path, directory: directory))
    threads.add(thread, subscriber: request.connection)
    request.succeed { self.writeOpened(thread, read.stored.opened, isResume: true, to: &$0) }
    announceResumed(thread, wasLoaded: false, to: request.connection)
    services.http.prewarm()
  }

  private func identity(of object: ThreadObject) -> AgentThread.Identity {
    AgentThread.Identity(
      id: object.id, sessionID: object.sessionID, forkedFromID: object.forkedFromID,
      parentThreadID: object.parentThreadID, source: object.source, originator: object.originator ?? "",
      cliVersion: object.cliVersion, createdAtMs: object.createdAt * 1000, historyMode: object.historyMode)
  }

  private func makeThread(
    _ stored: Stored, _ overrides: ThreadOverrides, identity: AgentThread.Identity, path: String?
  ) throws(RPCError) -> AgentThread {
    let made = try makeSetup(
      overrides, stored: { $0.apply(stored.object, stored.latest) }, storedBase: stored.meta.baseInstructions)
    let thread = AgentThread(
      identity, settings: made.settings, setup: made.setup, services: services, path: path)
    thread.name = stored.object.name
    thread.gitInfo = stored.object.gitInfo
    if let tokens = stored.latest.tokens { thread.storedUsage = (TokenUsage(tokens.total), TokenUsage(tokens.last)) }
    if identity.id == stored.object.id {
      thread.preview = stored.object.preview
      thread.updatedAtMs = stored.object.updatedAt * 1000
      thread.recencyAtMs = stored.object.recencyAt * 1000
      thread.lastTurnID = stored.lastTurn?.id
      thread.lastTurnWasInterrupted = stored.lastTurn?.status == .interrupted
      thread.readState = readState(of: stored.object)
    }
    return thread
  }

  /// The answer of `thread/resume` and `thread/fork`.
  private func writeOpened(_ thread: AgentThread, _ opened: Opened, isResume: Bool, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("thread")
    thread.object(canAcceptDirectInput: true).write(to: &writer) { (writer: inout JSONWriter) in
      // The elements of the array that was written elsewhere.
      if opened.turns.count > 2 {
        writer.reserve(opened.turns.count)
        writer.raw(opened.turns[1..<(opened.turns.count - 1)])
      }
    }
    thread.settings.writeResponseMembers(
      instructionSources: thread.instructionSources, withCollaborationMode: isResume, to: &writer)
    if isResume {
      writer.key("initialTurnsPage")
      if let page = opened.initialTurnsPage { writer.raw(page) } else { writer.null() }
      writer.field("turnsBackwardsCursor", opened.turnsCursor)
      writer.field("itemsBackwardsCursor", opened.itemsCursor)
    }
    writer.endObject()
  }

  /// What a resumed thread's client is told besides the answer.
  private func announceResumed(_ thread: AgentThread, wasLoaded: Bool, to connection: ClientConnection) {
    if let turnID = thread.lastTurnID { announceUsage(of: thread, turnID, to: connection) }
    if !wasLoaded { threads.announce(.idle, of: thread.id) }
    notifier.send(.threadGoalCleared, to: [connection]) { writer in
      writer.beginObject()
      writer.field("threadId", thread.id)
      writer.endObject()
    }
  }

  private func announceUsage(of thread: AgentThread, _ turnID: String, to connection: ClientConnection) {
    guard let usage = thread.usage else { return }
    notifier.announce(
      .tokenUsage(turnID: turnID, total: usage.total, last: usage.last, contextWindow: thread.contextWindow),
      of: thread.id, to: [connection])
  }

  private func noteHydration(of thread: AgentThread, _ excludesTurns: Bool, _ connection: ClientConnection) {
    noteHydration(isPaginated: thread.identity.historyMode == .paginated, excludesTurns, connection)
  }

  private func noteHydration(isPaginated: Bool, _ excludesTurns: Bool, _ connection: ClientConnection) {
    guard isPaginated, !excludesTurns else { return }
    notifier.send(.deprecationNotice, to: [connection]) { writer in
      writer.beginObject()
      writer.field(
        "summary",
        "Loading a whole history at once is deprecated for paginated threads: pass `excludeTurns: true`, and page with "
          + "`thread/turns/list` and `thread/items/list`.")
      writer.nullField("details")
      writer.endObject()
    }
  }

  // MARK: - Fork

  func forkThread(_ request: Request) throws(RPCError) {
    let params = try request.params(ThreadForkParams.self)
    if params.path == nil { try Self.checkThreadID(params.threadID, as: "session id") }
    guard params.beforeTurnID == nil || params.lastTurnID == nil else {
      throw .invalidRequest("`beforeTurnId` cannot be combined with `lastTurnId`")
    }
    let source = threads.thread(params.threadID)
    if let source, !source.hasFile {
      throw .invalidRequest("no rollout found for thread id \(params.threadID)")
    }
    let path: String
    if let known = source?.path { path = known } else { path = try locate(params.threadID, path: params.path) }
    if params.isEphemeral, !params.excludeTurns {
      throw .invalidRequest("`ephemeral` forks need `excludeTurns`, because there is no file to page through")
    }
    let name = source?.name
    threads.exclusively(request, on: params.threadID) {
      try await self.fork(params, path: path, sourceName: name, for: request)
    }
  }

  private func fork(
    _ params: ThreadForkParams, path: String, sourceName: String?, for request: Request
  ) async throws {
    let provider = (try? configuration.settings())?.provider.id ?? Settings.defaultProviderID
    noteHydration(isPaginated: true, params.excludeTurns, request.connection)
    let id = options.ids.v7()
    let now = options.clock.now()
    let newPath = directory.newPath(threadID: id, startedAt: now)
    let origin = currentOriginator
    let clock = options.clock
    // Reads the source and writes the head of the fork; everything else waits for what the file says.
    let made = try await BlockingPool.shared.run { [directory, shelf] in
      let object = try directory.thread(at: path, defaultModelProvider: provider)
      return try shelf.read(path) { history in
        try ForkedFile(
          history, object, params, id: id.description, at: now, originator: origin, path: newPath,
          directory: directory)
      }
    }
    var stored = Stored(
      object: made.source, meta: made.meta, latest: made.latest, opened: Opened(), lastTurn: nil)
    stored.object.name = sourceName ?? made.source.name
    stored.opened.turns = made.turns
    let identity = AgentThread.Identity(
      id: id.description, forkedFromID: made.source.id, source: made.source.source, originator: origin,
      cliVersion: Version.full, createdAtMs: now.milliseconds, historyMode: made.source.historyMode,
      isEphemeral: params.isEphemeral)
    let thread: AgentThread
    do {
      thread = try makeThread(
        stored, params.overrides, identity: identity, path: params.isEphemeral ? nil : newPath)
    } catch {
      made.writer?.close()
      if !params.isEphemeral { try? File.unlink(newPath) }
      throw error
    }
    if let conversation = made.conversation {
      thread.adopt(conversation)
      thread.preview = made.source.preview
    }
    if let writer = made.writer, let lock = made.lock {
      thread.attach(
        SessionLog(writer, lock: lock, clock: clock), history: StoredHistory(path: newPath, directory: directory))
      if let name = stored.object.name { try? directory.setName(name, of: id.description, at: now) }
    }
    threads.add(thread, subscriber: request.connection)
    request.succeed { self.writeOpened(thread, stored.opened, isResume: false, to: &$0) }
    if !params.excludeTurns, let lastTurn = made.lastTurnID {
      announceUsage(of: thread, lastTurn, to: request.connection)
    }
    announceStarted(thread.object(canAcceptDirectInput: true))
  }

  /// A fork on disk, or in memory if it is ephemeral.
  private struct ForkedFile: Sendable {
    var source: ThreadObject
    var meta: SessionMeta
    var latest: LatestRecords
    var lastTurnID: String?
    var turns: [UInt8] = []
    var writer: RolloutWriter?
    var lock: ThreadWriterLock?
    var conversation: Conversation?

    init(
      _ history: ThreadHistory, _ source: ThreadObject, _ params: ThreadForkParams, id: String, at now: UnixTime,
      originator: String, path: String, directory: ThreadDirectory
    ) throws {
      self.source = source
      let cut =
        if let last = params.lastTurnID {
          try history.cut(afterTurn: last)
        } else if let before = params.beforeTurnID {
          try history.cut(beforeTurn: before)
        } else {
          history.end
        }
      latest = history.latest
      meta = history.meta
      if params.isEphemeral {
        let model = try history.loadModelHistory(to: cut)
        latest = model.latest
        conversation = try Conversation(model)
        return
      }
      var head = SessionMeta(
        id: id, timestamp: now.iso8601, cwd: history.meta.cwd, originator: originator, cliVersion: Version.full,
        source: source.source, modelProvider: history.meta.modelProvider ?? source.modelProvider,
        historyMode: source.historyMode)
      head.forkedFromID = source.id
      head.baseInstructions = history.meta.baseInstructions
      head.git = source.gitInfo
      let lock = try ThreadWriterLock.acquire(home: directory.home, threadID: id)
      self.lock = lock
      if source.historyMode == .paginated {
        // As the reference does it: the fork refers to the records of its source.
        head.historyBase = history.base(at: cut)
        head.forkedFromOrdinal = cut.ordinal
        let writer = RolloutWriter.new(
          path: path, threadID: id, historyMode: .paginated, firstOrdinal: cut.ordinal)
        try writer.append(.sessionMeta(head), at: now)
        self.writer = writer
      } else {
        writer = try RolloutFork.copy(history, to: cut, meta: head, path: path, at: now)
      }
      let forked = try ThreadHistory(path: path) { directory.segmentPath($0) }
      latest = forked.latest
      lastTurnID = forked.lastTurn()?.id
      guard !params.excludeTurns else { return }
      var json = JSONWriter()
      json.beginArray()
      try forked.writeAllTurns(.full, to: &json)
      json.endArray()
      turns = json.bytes
    }
  }

  // MARK: - Revert

  func revertThread(_ request: Request) throws(RPCError) {
    let params = try request.params(ThreadRevertParams.self)
    let thread = try loadedThread(params.threadID)
    guard thread.identity.historyMode == .paginated, !thread.identity.isEphemeral else {
      throw .invalidRequest("thread/revert only supports paginated threads")
    }
    guard !thread.isBusy else { throw .invalidRequest("a turn is running in this thread") }
    guard thread.hasFile, let path = thread.path else {
      throw .invalidRequest("turn not found: \(params.beforeTurnID)")
    }
    threads.exclusively(request, on: thread.id) {
      try await self.revert(thread, path: path, beforeTurn: params.beforeTurnID, for: request)
    }
  }

  private func revert(
    _ thread: AgentThread, path: String, beforeTurn turnID: String, for request: Request
  ) async throws {
    let now = options.clock.now()
    var head = thread.sessionMeta
    let segment = options.ids.v7()
    guard let next = directory.continuationPath(of: path, segmentID: segment) else {
      throw RPCError.internalError("failed to revert: \(path) is no session file of ours")
    }
    let made = try await BlockingPool.shared.run { [shelf, directory, head] in
      var head = head
      return try shelf.read(path) { history in
        let cut = try history.cut(beforeTurn: turnID)
        head.historyBase = history.base(at: cut)
        head.forkedFromID = history.meta.forkedFromID
        let writer = RolloutWriter.new(
          path: next, threadID: head.id, historyMode: .paginated, firstOrdinal: cut.ordinal)
        try writer.append(.sessionMeta(head), at: now)
        let reverted = try ThreadHistory(path: next) { directory.segmentPath($0) }
        return (
          writer: writer, cursors: reverted.backwardsCursors, lastTurn: reverted.lastTurn()?.id,
          latest: reverted.latest
        )
      }
    }
    head.historyBase = nil
    threads.announce(.notLoaded, of: thread.id)
    thread.continueIn(made.writer, history: StoredHistory(path: next, directory: directory))
    if let tokens = made.latest.tokens { thread.storedUsage = (TokenUsage(tokens.total), TokenUsage(tokens.last)) }
    thread.lastTurnID = made.lastTurn
    threads.announce(.idle, of: thread.id)
    request.succeed { writer in
      writer.beginObject()
      writer.key("thread")
      thread.object(canAcceptDirectInput: true).write(to: &writer)
      writer.field("turnsBackwardsCursor", made.cursors.turns)
      writer.field("itemsBackwardsCursor", made.cursors.items)
      writer.endObject()
    }
    announce(.threadReverted, of: thread.id)
  }
}

extension ThreadSettings {
  /// What a stored thread says of itself.
  mutating func apply(_ object: ThreadObject, _ latest: LatestRecords) {
    modelProvider = object.modelProvider
    cwd = object.cwd
    if let context = latest.turnContext {
      var stored = JSONObject([("cwd", .string(context.cwd)), ("model", .string(context.model))])
      stored["approval_policy"] = context.approvalPolicy.value
      stored["approvals_reviewer"] = context.approvalsReviewer.map(JSON.string)
      stored["sandbox_policy"] = context.sandboxPolicy.value
      stored["effort"] = context.effort.map(JSON.string)
      stored["summary"] = context.summary.map(JSON.string)
      stored["collaboration_mode"] = context.collaborationMode?.value
      apply(stored: .object(stored))
    }
    if latest.settingsAreNewer, let settings = latest.settings?.raw.value { apply(stored: settings) }
  }
}
