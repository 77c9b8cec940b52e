import AgentCore
import AgentRuntime
import AppServerProtocol
import Configuration
import HTTPClient
import HostIO
import JSON
import JSONRPC
import Store

/// Starting, finding and changing threads (app-server-threads.md §2). Resuming and forking are in ThreadOpening.swift.
extension Server {
  func startThread(_ request: Request) throws(RPCError) {
    let params = try request.params(ThreadStartParams.self)
    let made = try makeSetup(params.overrides)
    let now = options.clock.now()
    let id = options.ids.v7()
    let identity = AgentThread.Identity(
      id: id.description, originator: currentOriginator, cliVersion: Version.full, createdAtMs: now.milliseconds,
      historyMode: params.historyMode ?? .paginated, isEphemeral: params.isEphemeral)
    let path = params.isEphemeral ? nil : directory.newPath(threadID: id, startedAt: now)
    let thread = AgentThread(identity, settings: made.settings, setup: made.setup, services: services, path: path)
    threads.add(thread, subscriber: request.connection)
    let object = thread.object(canAcceptDirectInput: true)
    request.succeed { writer in
      writer.beginObject()
      writer.key("thread")
      object.write(to: &writer)
      thread.settings.writeResponseMembers(
        instructionSources: thread.instructionSources, withCollaborationMode: false, to: &writer)
      writer.endObject()
    }
    announceStarted(object)
    // A turn is likely to follow: what the first request to the model needs gets ready on its own thread.
    services.http.prewarm()
  }

  func announceStarted(_ object: ThreadObject) {
    notifier.broadcast(.threadStarted) { writer in
      writer.beginObject()
      writer.key("thread")
      object.write(to: &writer)
      writer.endObject()
    }
  }

  func listLoadedThreads(_ request: Request) throws(RPCError) {
    let params = try request.params(ThreadLoadedListParams.self)
    let ids = threads.loadedIDs
    var start = 0
    if let cursor = params.cursor {
      guard let index = ids.firstIndex(of: cursor) else { throw .invalidRequest("invalid cursor: \(cursor)") }
      start = index + 1
    }
    let end = params.limit.map { min(ids.count, start + max($0, 1)) } ?? ids.count
    request.succeed { writer in
      writer.beginObject()
      writer.key("data")
      writer.beginArray()
      for id in ids[start..<end] { writer.string(id) }
      writer.endArray()
      writer.field("nextCursor", end < ids.count ? ids[end - 1] : nil)
      writer.endObject()
    }
  }

  // MARK: - Lists

  /// Most threads that a list can be told to leave out.
  static let maximumExcludedThreads = 100

  private static func checkExcluded(_ ids: [String]) throws(RPCError) {
    guard ids.count <= maximumExcludedThreads else {
      throw RPCError(
        code: RPCError.invalidParams,
        message: "excludedThreadIds accepts at most \(maximumExcludedThreads) entries")
    }
    if let id = ids.first(where: { UUID($0) == nil }) {
      throw RPCError(
        code: RPCError.invalidParams, message: "invalid excluded thread id: \(ThreadIDText.problem(with: id))")
    }
  }

  func listThreads(_ request: Request) throws(RPCError) {
    let params = try request.params(ThreadListParams.self)
    guard params.parentThreadID == nil || params.ancestorThreadID == nil else {
      throw .invalidRequest("parentThreadId and ancestorThreadId are mutually exclusive")
    }
    guard params.originators == nil else {
      throw RPCError(
        code: RPCError.invalidParams, message: "originator filtering is not supported by the local app-server")
    }
    try Self.checkExcluded(params.excludedThreadIDs)
    let provider = (try? configuration.settings())?.provider.id ?? Settings.defaultProviderID
    request.answerLater { [directory] in
      let page = try await BlockingPool.shared.run {
        try directory.list(params, defaultModelProvider: provider)
      }
      let shown = page.threads.map { self.overlaid($0, canAcceptDirectInput: nil) }
      request.succeed { writer in
        writer.beginObject()
        writer.key("data")
        writer.beginArray()
        for thread in shown { thread.write(to: &writer) }
        writer.endArray()
        writer.key("readStates")
        writer.beginObject()
        for thread in page.threads {
          writer.key(dynamic: thread.id)
          self.readState(of: thread).write(to: &writer)
        }
        writer.endObject()
        writer.field("nextCursor", page.nextCursor)
        writer.field("backwardsCursor", page.backwardsCursor)
        writer.endObject()
      }
    }
  }

  /// A stored thread with what is known better because it is loaded.
  func overlaid(_ stored: ThreadObject, canAcceptDirectInput: Bool?) -> ThreadObject {
    guard let thread = threads.thread(stored.id) else { return stored }
    var object = thread.object(canAcceptDirectInput: canAcceptDirectInput)
    object.name = stored.name ?? object.name
    object.gitInfo = object.gitInfo ?? stored.gitInfo
    return object
  }

  func readState(of thread: ThreadObject) -> ReadState {
    if let loaded = threads.thread(thread.id) { return loaded.readState }
    return ReadState(
      firstUnreadTurnID: thread.forkedFromID == nil ? thread.firstTurnID : nil, revision: "initial:\(thread.id)")
  }

  // MARK: - Reading

  func readThread(_ request: Request) throws(RPCError) {
    let params = try request.params(ThreadReadParams.self)
    try Self.checkThreadID(params.threadID, as: "thread id")
    let loaded = threads.thread(params.threadID)
    let object: ThreadObject
    if let loaded {
      object = loaded.object(canAcceptDirectInput: true)
    } else {
      object = try storedThread(params.threadID, missing: "thread not loaded: \(params.threadID)")
    }
    let state = readState(of: object)
    guard params.includeTurns, let path = try turnsPath(of: object, loaded) else {
      return request.succeed { writer in
        writer.beginObject()
        writer.key("thread")
        object.write(to: &writer)
        writer.key("readState")
        state.write(to: &writer)
        writer.endObject()
      }
    }
    let runningTurn = loaded?.runningTurn?.id
    request.answerLater { [shelf, id = request.id] in
      let message = try await BlockingPool.shared.run {
        try shelf.read(path) { history in
          try Envelope.response(id) { writer throws(StoreError) in
            writer.beginObject()
            writer.key("thread")
            try object.write(to: &writer) { (writer) throws(StoreError) in
              try history.writeAllTurns(.full, runningTurnID: runningTurn, to: &writer)
            }
            writer.key("readState")
            state.write(to: &writer)
            writer.endObject()
          }
        }
      }
      request.succeed(wholeMessage: message)
    }
  }

  /// The file with a thread's turns; nil where there are none yet.
  private func turnsPath(of object: ThreadObject, _ loaded: AgentThread?) throws(RPCError) -> String? {
    guard let loaded else { return object.path }
    if loaded.hasFile { return loaded.path }
    guard loaded.identity.historyMode == .paginated else {
      throw .invalidRequest(
        "thread \(object.id) is not materialized yet; includeTurns is unavailable before first user message")
    }
    return nil
  }

  /// A thread that is not loaded, as its file says.
  func storedThread(_ id: String, missing: String) throws(RPCError) -> ThreadObject {
    let provider = (try? configuration.settings())?.provider.id ?? Settings.defaultProviderID
    do throws(StoreError) {
      return try directory.thread(id, defaultModelProvider: provider)
    } catch {
      if case .threadNotFound = error { throw .invalidRequest(missing) }
      throw .internalError("failed to read thread: \(error)")
    }
  }

  func listTurns(_ request: Request) throws(RPCError) {
    let params = try request.params(ThreadTurnsListParams.self)
    let (path, runningTurn) = try pagedFile(params.threadID)
    guard let path else {
      return request.succeed { $0.value(["data": [], "nextCursor": nil, "backwardsCursor": nil]) }
    }
    answer(request, from: path) { history, writer in
      writer.key("data")
      writer.beginArray()
      let page = try history.writeTurns(params.page, runningTurnID: runningTurn, to: &writer)
      writer.endArray()
      page.writeCursors(to: &writer)
    }
  }

  func listItems(_ request: Request) throws(RPCError) {
    let params = try request.params(ThreadItemsListParams.self)
    let (path, _) = try pagedFile(params.threadID)
    let isLegacy: Bool
    if let loaded = threads.thread(params.threadID) {
      isLegacy = loaded.identity.historyMode == .legacy
    } else {
      isLegacy =
        try storedThread(params.threadID, missing: "thread not loaded: \(params.threadID)").historyMode == .legacy
    }
    guard !isLegacy else {
      throw RPCError(code: RPCError.notSupported, message: "thread/items/list is not supported yet")
    }
    guard let path else {
      return request.succeed { $0.value(["data": [], "nextCursor": nil, "backwardsCursor": nil]) }
    }
    answer(request, from: path) { history, writer in
      writer.key("data")
      writer.beginArray()
      let page = try history.writeItems(
        turnID: params.turnID, cursor: params.cursor, limit: params.limit, direction: params.sortDirection, to: &writer)
      writer.endArray()
      page.writeCursors(to: &writer)
    }
  }

  /// Answers with what `body` writes into the open object of the result, from the history in a file. The message is made
  /// where the file is read, and not copied afterwards.
  func answer(
    _ request: Request, from path: String,
    _ body: @escaping @Sendable (ThreadHistory, inout JSONWriter) throws -> Void
  ) {
    request.answerLater { [shelf, id = request.id] in
      let message = try await BlockingPool.shared.run {
        try shelf.read(path) { history in
          try Envelope.response(id) { writer in
            writer.beginObject()
            try body(history, &writer)
            writer.endObject()
          }
        }
      }
      request.succeed(wholeMessage: message)
    }
  }

  /// The file to page through, nil before there is one, and the turn that runs.
  private func pagedFile(_ id: String) throws(RPCError) -> (path: String?, runningTurn: String?) {
    try Self.checkThreadID(id, as: "thread id")
    if let loaded = threads.thread(id) {
      return (loaded.hasFile ? loaded.path : nil, loaded.runningTurn?.id)
    }
    guard let location = directory.find(id) else { throw .invalidRequest("thread not loaded: \(id)") }
    return (location.path, nil)
  }

  // MARK: - Names and metadata

  func setThreadName(_ request: Request) throws(RPCError) {
    let params = try request.params(ThreadNameSetParams.self)
    try Self.checkThreadID(params.threadID, as: "thread id")
    let name = params.name.trimmed
    guard !name.isEmpty else { throw .invalidRequest("thread name must not be empty") }
    let loaded = threads.thread(params.threadID)
    guard loaded != nil || directory.find(params.threadID) != nil else {
      throw .invalidRequest("no rollout found for thread id \(params.threadID)")
    }
    if loaded?.identity.isEphemeral != true {
      try storing { () throws(StoreError) in
        try directory.setName(name, of: params.threadID, at: options.clock.now())
      }
    }
    loaded?.name = name
    request.succeed()
    notifier.broadcast(.threadNameUpdated) { writer in
      writer.beginObject()
      writer.field("threadId", params.threadID)
      writer.field("threadName", name)
      writer.endObject()
    }
  }

  func updateThreadMetadata(_ request: Request) throws(RPCError) {
    let params = try request.params(ThreadMetadataUpdateParams.self)
    try Self.checkThreadID(params.threadID, as: "thread id")
    guard let patch = params.gitInfo else {
      throw .invalidRequest("thread metadata update must include at least one field")
    }
    guard !patch.isEmpty else { throw .invalidRequest("gitInfo must include at least one field") }
    for (name, field) in [("sha", patch.sha), ("branch", patch.branch), ("originUrl", patch.originURL)] {
      if case .set(let text) = field, text.trimmed.isEmpty {
        throw .invalidRequest("gitInfo.\(name) must not be empty")
      }
    }
    let loaded = threads.thread(params.threadID)
    var object: ThreadObject
    if let loaded {
      object = loaded.object(canAcceptDirectInput: nil)
    } else {
      object = try storedThread(params.threadID, missing: "no rollout found for thread id \(params.threadID)")
    }
    let before = object.gitInfo
    let git = GitInfo(
      sha: patch.sha.applied(to: before?.sha), branch: patch.branch.applied(to: before?.branch),
      originURL: patch.originURL.applied(to: before?.originURL))
    if !object.ephemeral {
      try storing { () throws(StoreError) in
        try directory.setGitInfo(git, of: params.threadID, at: options.clock.now())
      }
    }
    loaded?.gitInfo = git.isEmpty ? nil : git
    object.gitInfo = git.isEmpty ? nil : git
    request.succeed { writer in
      writer.beginObject()
      writer.key("thread")
      object.write(to: &writer)
      writer.endObject()
    }
  }

  // MARK: - Closing, archiving, deleting

  func unsubscribeThread(_ request: Request) throws(RPCError) {
    let params = try request.params(ThreadIDParams.self)
    try Self.checkThreadID(params.threadID, as: "thread id")
    let result = threads.unsubscribe(request.connection, from: params.threadID)
    request.succeed { writer in
      writer.beginObject()
      writer.field("status", result.rawValue)
      writer.endObject()
    }
  }

  func archiveThread(_ request: Request) throws(RPCError) {
    let id = try request.params(ThreadIDParams.self).threadID
    try Self.checkThreadID(id, as: "session id")
    if let loaded = threads.thread(id) {
      guard !loaded.identity.isEphemeral else { throw .invalidRequest("no rollout found for thread id \(id)") }
      try answering { () throws(ThreadError) in try loaded.materialize() }
    }
    try withThreadClosed(id) { () throws(StoreError) in
      guard let location = directory.find(id), !location.isArchived else { throw .threadNotFound(id: id) }
      shelf.forget(location.path)
      _ = try directory.archive(id)
    }
    request.succeed()
    announce(.threadArchived, of: id)
  }

  func unarchiveThread(_ request: Request) throws(RPCError) {
    let id = try request.params(ThreadIDParams.self).threadID
    try Self.checkThreadID(id, as: "session id")
    guard let location = directory.find(id), location.isArchived else {
      throw .invalidRequest("no archived rollout found for thread id \(id)")
    }
    shelf.forget(location.path)
    try storing { () throws(StoreError) in _ = try directory.unarchive(id) }
    let object = try storedThread(id, missing: "no rollout found for thread id \(id)")
    request.succeed { writer in
      writer.beginObject()
      writer.key("thread")
      object.write(to: &writer)
      writer.endObject()
    }
    announce(.threadUnarchived, of: id)
  }

  func deleteThread(_ request: Request) throws(RPCError) {
    let id = try request.params(ThreadIDParams.self).threadID
    try Self.checkThreadID(id, as: "session id")
    let isOnlyLoaded = threads.thread(id).map { !$0.hasFile } ?? false
    try withThreadClosed(id) { () throws(StoreError) in
      if isOnlyLoaded { return }
      if let location = directory.find(id) { shelf.forget(location.path) }
      try directory.delete(id)
    }
    forgetQueue(of: id)
    request.succeed()
    announce(.threadDeleted, of: id)
  }

  /// Moves or removes a thread's files while nobody writes to them: a loaded thread is closed first, another process that
  /// has it is left alone.
  private func withThreadClosed(_ id: String, _ work: () throws(StoreError) -> Void) throws(RPCError) {
    if threads.thread(id) != nil {
      threads.thread(id)?.interruptForShutdown()
      threads.unload(id)
      threads.announce(.notLoaded, of: id)
      return try storing(work)
    }
    try storing { () throws(StoreError) in
      guard directory.find(id) != nil else { throw .threadNotFound(id: id) }
      let lock = try ThreadWriterLock.acquire(home: options.codexHome, threadID: id)
      // No `defer`: that keeps nothing alive.
      let result = withExtendedLifetime(lock) { Result { () throws(StoreError) in try work() } }
      try result.get()
    }
  }

  func announce(_ notification: Notification, of id: String) {
    notifier.broadcast(notification) { writer in
      writer.beginObject()
      writer.field("threadId", id)
      writer.endObject()
    }
  }

  /// Turns the errors of the store into those of the wire.
  func storing<Value>(_ work: () throws(StoreError) -> Value) throws(RPCError) -> Value {
    do throws(StoreError) {
      return try work()
    } catch {
      throw RPCError(error)
    }
  }
}

extension ThreadHistory.Page {
  func writeCursors(to writer: inout JSONWriter) {
    writer.field("nextCursor", nextCursor)
    writer.field("backwardsCursor", backwardsCursor)
  }
}

extension String {
  /// Without white space around it.
  var trimmed: String {
    let isSpace = { (scalar: Unicode.Scalar) in scalar.properties.isWhitespace }
    guard let first = unicodeScalars.firstIndex(where: { !isSpace($0) }),
      let last = unicodeScalars.lastIndex(where: { !isSpace($0) })
    else { return "" }
    return String(self[first...last])
  }
}
