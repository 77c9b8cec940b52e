package import AgentCore
package import AppServerProtocol
package import Configuration
package import HostIO
package import ModelAPI
package import Store

/// A loaded thread: its settings, its conversation with the model, its session file and the turn that runs in it.
///
/// It decides nothing about the wire: what happens goes to the observer as `ThreadEvent`s, in order.
@LoopActor
package final class AgentThread {
  /// What does not change while the thread exists.
  package struct Identity: Sendable {
    package var id: String
    package var sessionID: String
    package var forkedFromID: String?
    package var parentThreadID: String?
    package var source: ThreadSource
    package var originator: String
    package var cliVersion: String
    package var createdAtMs: Int64
    package var historyMode: HistoryMode
    /// No session file is ever written.
    package var isEphemeral: Bool

    package init(
      id: String, sessionID: String? = nil, forkedFromID: String? = nil, parentThreadID: String? = nil,
      source: ThreadSource = .vscode, originator: String, cliVersion: String, createdAtMs: Int64,
      historyMode: HistoryMode = .paginated, isEphemeral: Bool = false
    ) {
      self.id = id
      self.sessionID = sessionID ?? id
      self.forkedFromID = forkedFromID
      self.parentThreadID = parentThreadID
      self.source = source
      self.originator = originator
      self.cliVersion = cliVersion
      self.createdAtMs = createdAtMs
      self.historyMode = historyMode
      self.isEphemeral = isEphemeral
    }
  }

  /// How the thread was set up, from configuration and the params that created or resumed it.
  package struct Setup: Sendable {
    package var provider: ModelProvider
    package var catalog: ModelCatalog
    /// Instead of the model's own base instructions.
    package var baseInstructions: String?
    package var developerInstructions: String?
    package var compactPrompt: String?
    /// For reviews, in place of the thread's own.
    package var reviewModel: String?
    package var autoCompactTokenLimit: Int?
    package var contextWindowOverride: Int?
    package var verbosity: String?
    package var documents: ProjectDocuments.Rules
    package var includesPermissions = true
    package var includesEnvironment = true
    package var includesMode = true

    package init(provider: ModelProvider, catalog: ModelCatalog, documents: ProjectDocuments.Rules) {
      self.provider = provider
      self.catalog = catalog
      self.documents = documents
    }
  }

  package let identity: Identity
  package let setup: Setup
  package let services: AgentServices
  package private(set) var settings: ThreadSettings
  /// Where the session file is or will be; nil for an ephemeral thread.
  package private(set) var path: String?
  package weak var observer: (any ThreadObserver)?

  package private(set) var status = ThreadStatus.idle
  package var name: String?
  package var preview = ""
  package var gitInfo: GitInfo?
  package var updatedAtMs: Int64
  package var recencyAtMs: Int64
  package var readState: ReadState

  var conversation = Conversation()
  /// Set while the model's history is only in the session file.
  private var storedHistory: StoredHistory?
  /// What the file of a resumed thread says of its usage, until its history is loaded.
  package var storedUsage: (total: TokenUsage, last: TokenUsage)?
  private var loading: Task<Void, any Error>?
  var log: SessionLog?
  var active: ActiveTurn?
  /// Whether somebody stopped the turn that ended last, which stops the queue, too.
  package var lastTurnWasInterrupted = false
  /// The turn that ran last, or runs.
  package var lastTurnID: String?
  var context = ContextState()
  var rateLimits = RateLimitSnapshot()
  private var warnedModels: Set<String> = []
  private(set) var documents: ProjectDocuments
  var hasRecordedSettings = false

  package init(
    _ identity: Identity, settings: ThreadSettings, setup: Setup, services: AgentServices, path: String?
  ) {
    self.identity = identity
    self.settings = settings
    self.setup = setup
    self.services = services
    self.path = path
    updatedAtMs = identity.createdAtMs
    recencyAtMs = identity.createdAtMs
    readState = ReadState(firstUnreadTurnID: nil, revision: "initial:\(identity.id)")
    documents = ProjectDocuments(for: settings.cwd, setup.documents)
  }

  package var id: String { identity.id }
  package var isBusy: Bool { active != nil }
  /// Whether there is a session file to read from.
  package var hasFile: Bool { log?.isMaterialized ?? false }
  /// Usage as it was recorded last; nil before the first response.
  package var usage: (total: TokenUsage, last: TokenUsage)? {
    storedUsage ?? conversation.lastUsage.map { (conversation.totalUsage, $0) }
  }
  package var instructionSources: [String] { documents.sources }
  /// The turn that runs, as clients that join should see it.
  package var runningTurn: Turn? { active?.turn }

  // MARK: - Stored threads

  /// Attaches the session file of a thread that was resumed or forked; its history is read when it is first needed.
  package func attach(_ log: SessionLog?, history: StoredHistory?) {
    self.log = log
    storedHistory = history
    if let log { path = log.path }
  }

  package func adopt(_ conversation: Conversation) { self.conversation = conversation }

  /// Whether `loadHistory` has something to do.
  package var needsHistory: Bool { storedHistory != nil }

  /// Reads the model's history from the session file, once.
  package func loadHistory() async throws {
    if let loading { return try await loading.value }
    guard let stored = storedHistory else { return }
    let task = Task.onLoop {
      let (conversation, context) = try await BlockingPool.shared.run { try stored.load() }
      self.conversation = conversation
      self.context = context
      self.storedHistory = nil
      self.storedUsage = nil
    }
    loading = task
    defer { loading = nil }
    try await task.value
  }

  // MARK: - Settings

  /// Takes over changed settings and tells the subscribers.
  package func updateSettings(_ overrides: TurnOverrides) {
    let before = settings
    settings.apply(overrides)
    guard settings != before else { return }
    hasRecordedSettings = false
    if settings.cwd != before.cwd { documents = ProjectDocuments(for: settings.cwd, setup.documents) }
    tell(.settingsUpdated(settings))
  }

  var model: Model { setup.catalog.model(settings.model) }

  /// Tokens that the model's window offers.
  package var contextWindow: Int? {
    let model = model
    return setup.contextWindowOverride.map { model.effectiveWindow(of: $0) } ?? model.effectiveContextWindow
  }

  // MARK: - Turns

  /// Prepares a turn, or adds the input to the one that runs; `run()` starts it. What is announced before the answer of
  /// `turn/start` is announced here.
  package func startTurn(_ params: TurnStartParams, overrides: TurnOverrides) throws(ThreadError) -> Turn {
    if let active {
      try requireSteerable(active)
      updateSettings(overrides)
      queue(params.input, clientID: params.clientUserMessageID, for: active)
      return active.turnForResponse
    }
    updateSettings(overrides)
    warnAboutUnknownModel()
    let turn = try begin(.regular, input: params.input, clientID: params.clientUserMessageID)
    turn.outputSchema = params.outputSchema
    turn.serviceTier = params.serviceTierForTurn
    return turn.turnForResponse
  }

  /// As above, without overrides.
  func startTurn(input: [UserInput], clientID: String?) throws(ThreadError) -> Turn {
    warnAboutUnknownModel()
    return try begin(.regular, input: input, clientID: clientID).turnForResponse
  }

  private func requireSteerable(_ turn: ActiveTurn) throws(ThreadError) {
    switch turn.machine.kind {
    case .regular: return
    case .compaction: throw .turnNotSteerable(.compaction)
    case .review: throw .turnNotSteerable(.review)
    }
  }

  package func startCompaction() throws(ThreadError) {
    guard active == nil else { throw .turnIsRunning }
    _ = try begin(.compaction, input: [], clientID: nil)
  }

  /// The file must take the first records of the turn before the turn is promised.
  func begin(
    _ kind: TurnMachine.Kind, input: [UserInput], clientID: String?
  ) throws(ThreadError) -> ActiveTurn {
    let now = services.clock.now().milliseconds
    let turn = ActiveTurn(
      id: services.ids.v7().description, kind: kind, startedAtMs: now,
      policy: RetryPolicy(
        requestRetries: setup.provider.requestMaxRetries, streamRetries: setup.provider.streamMaxRetries))
    if kind != .compaction { queue(input, clientID: clientID, for: turn) }
    try openLog()
    log?.turnStarted(turn.id, atMs: now, contextWindow: contextWindow)
    try flushLog()
    active = turn
    lastTurnID = turn.id
    return turn
  }

  /// Starts what `startTurn` or `startCompaction` prepared.
  package func run() {
    guard let active, !active.hasBegun else { return }
    active.hasBegun = true
    enterReview(active)
    guard self.active === active else { return }
    setStatus(.active([]))
    tell(.turnStarted(active.announcedTurn))
    guard needsHistory else { return beginMachine(active) }
    Task.onLoop {
      do {
        try await self.loadHistory()
      } catch {
        guard self.active === active else { return }
        return self.end(active, failingWith: TurnError(message: "failed to read the thread: \(error)"))
      }
      guard self.active === active else { return }
      self.beginMachine(active)
    }
  }

  package func steer(_ input: [UserInput], clientID: String?, expecting turnID: String) throws(ThreadError) {
    guard let active else { throw .noActiveTurn(action: "steer") }
    guard active.isCalled(turnID) else { throw .wrongTurnToSteer(expected: turnID, found: active.id) }
    try requireSteerable(active)
    queue(input, clientID: clientID, for: active)
  }

  /// Ends the running turn. Interrupting the turn that ended last is fine: there is nothing left to do.
  package func interrupt(_ turnID: String) throws(ThreadError) {
    guard let active else {
      if turnID == lastTurnID { return }
      throw .noActiveTurn(action: "interrupt")
    }
    guard active.isCalled(turnID) else { throw .wrongTurnToInterrupt(expected: turnID, found: active.id) }
    interrupt(active)
  }

  package func interruptForShutdown() {
    if let active { interrupt(active) }
  }

  /// Appends items to what the model sees. The history must be loaded.
  package func inject(_ items: [[UInt8]]) throws(ThreadError) {
    try openLog()
    for raw in items {
      let item = historyItem(raw)
      log?.responseItem(raw)
      conversation.append(item)
    }
    try flushLog()
    touch()
  }

  /// Lets go of the session file.
  package func close() {
    active?.abandon()
    active = nil
    log?.close()
    log = nil
  }

  // MARK: - The session file

  /// The file exists from the first turn on; before it there is nothing to keep.
  private func openLog() throws(ThreadError) {
    guard log == nil, !identity.isEphemeral, let path else { return }
    do throws(StoreError) {
      let lock = try ThreadWriterLock.acquire(home: services.home, threadID: id)
      let writer = RolloutWriter.new(path: path, threadID: id, historyMode: identity.historyMode)
      let log = SessionLog(writer, lock: lock, clock: services.clock)
      gitInfo = GitRepository(containing: settings.cwd)?.info
      log.sessionMeta(sessionMeta)
      self.log = log
    } catch {
      throw .storage(error.description)
    }
  }

  /// Writes the head of the file now, for calls that need one before the first turn.
  package func materialize() throws(ThreadError) {
    try openLog()
    try flushLog()
  }

  private func flushLog() throws(ThreadError) {
    do throws(StoreError) {
      try log?.flush()
    } catch {
      if log?.isMaterialized == false { log = nil }
      throw .storage(error.description)
    }
  }

  /// The head of the session file.
  package var sessionMeta: SessionMeta {
    var meta = SessionMeta(
      id: id, sessionID: identity.sessionID, timestamp: UnixTime(milliseconds: identity.createdAtMs).iso8601,
      cwd: settings.cwd, originator: identity.originator, cliVersion: identity.cliVersion, source: identity.source,
      modelProvider: settings.modelProvider, historyMode: identity.historyMode)
    meta.forkedFromID = identity.forkedFromID
    meta.parentThreadID = identity.parentThreadID
    meta.baseInstructions = baseInstructions
    meta.git = gitInfo.flatMap { $0.isEmpty ? nil : $0 }
    return meta
  }

  // MARK: - Telling

  func tell(_ event: ThreadEvent) { observer?.thread(self, did: event) }

  func setStatus(_ status: ThreadStatus) {
    guard status != self.status else { return }
    self.status = status
    tell(.statusChanged(status))
  }

  func touch() { updatedAtMs = services.clock.now().milliseconds }

  /// Once per model: without metadata the defaults may be wrong.
  func warnAboutUnknownModel() {
    guard model.isFallback, warnedModels.insert(settings.model).inserted else { return }
    tell(.warning(ModelCatalog.fallbackWarning(settings.model)))
  }

  /// The thread as clients see it, without turns.
  package func object(canAcceptDirectInput: Bool?) -> ThreadObject {
    var object = ThreadObject(
      id: id, sessionID: identity.sessionID, modelProvider: settings.modelProvider, cwd: settings.cwd,
      cliVersion: identity.cliVersion, originator: identity.originator, source: identity.source,
      createdAt: identity.createdAtMs / 1000, path: path, historyMode: identity.historyMode, status: status)
    object.environments = [ThreadEnvironment(cwd: settings.cwd, runtimeWorkspaceRoots: [settings.cwd])]
    object.forkedFromID = identity.forkedFromID
    object.parentThreadID = identity.parentThreadID
    object.preview = preview
    object.ephemeral = identity.isEphemeral
    object.model = settings.model
    object.reasoningEffort = settings.effort
    object.updatedAt = updatedAtMs / 1000
    object.recencyAt = recencyAtMs / 1000
    object.canAcceptDirectInput = canAcceptDirectInput
    object.gitInfo = gitInfo
    object.name = name
    object.firstTurnID = readState.firstUnreadTurnID
    return object
  }
}

extension AgentThread {
  /// Goes on in another file, whose history takes the place of the one so far (`thread/revert`).
  package func continueIn(_ writer: RolloutWriter, history: StoredHistory) {
    guard let log else { return }
    conversation = Conversation()
    context = ContextState()
    attach(SessionLog(continuing: log, writer), history: history)
    touch()
  }
}
