import AgentRuntime
import AppServerProtocol
import HostIO
import JSON
import JSONRPC

/// The loaded threads, who listens to them, and the order of the requests about each.
@LoopActor
final class ThreadRegistry: ThreadObserver {
  private struct Entry {
    var thread: AgentThread
    var subscribers: [ClientConnection] = []
    var unloadTimer: TimerID?
  }

  /// A thread that nobody listens to and that does nothing is unloaded after this time (`thread_unload_delay_secs`).
  static let defaultUnloadDelay = Duration.seconds(1800)

  private unowned let server: Server
  private var entries: [String: Entry] = [:]
  /// Ids in the order in which they were loaded.
  private var order: [String] = []
  /// Threads that a slow request works on; later requests about them wait here, in order.
  private var waiting: [String: [Request]] = [:]

  init(server: Server) { self.server = server }

  // MARK: - Loaded threads

  var loadedIDs: [String] { order }

  func thread(_ id: String) -> AgentThread? { entries[id]?.thread }

  func add(_ thread: AgentThread, subscriber: ClientConnection?) {
    thread.observer = self
    entries[thread.id] = Entry(thread: thread, subscribers: subscriber.map { [$0] } ?? [])
    order.append(thread.id)
    scheduleUnload(thread.id)
  }

  /// Takes the thread out of memory and lets go of its file. Nothing is announced.
  func unload(_ id: String) {
    guard let entry = entries.removeValue(forKey: id) else { return }
    if let timer = entry.unloadTimer { EventLoop.main.cancel(timer) }
    order.removeAll { $0 == id }
    entry.thread.close()
  }

  // MARK: - Subscriptions

  func subscribe(_ connection: ClientConnection, to id: String) {
    guard entries[id] != nil, entries[id]?.subscribers.contains(where: { $0 === connection }) == false else { return }
    entries[id]?.subscribers.append(connection)
    scheduleUnload(id)
  }

  enum UnsubscribeResult: String { case unsubscribed, notSubscribed, notLoaded }

  func unsubscribe(_ connection: ClientConnection, from id: String) -> UnsubscribeResult {
    guard let entry = entries[id] else { return .notLoaded }
    guard entry.subscribers.contains(where: { $0 === connection }) else { return .notSubscribed }
    entries[id]?.subscribers.removeAll { $0 === connection }
    scheduleUnload(id)
    return .unsubscribed
  }

  /// The connection is gone; its threads and turns go on.
  func unsubscribe(_ connection: ClientConnection) {
    for id in order where entries[id]?.subscribers.contains(where: { $0 === connection }) == true {
      _ = unsubscribe(connection, from: id)
    }
  }

  // MARK: - Events

  func thread(_ thread: AgentThread, did event: ThreadEvent) {
    server.notifier.announce(event, of: thread.id, to: entries[thread.id]?.subscribers ?? [])
    guard case .turnCompleted = event else { return }
    scheduleUnload(thread.id)
    // The thread is still at ending the turn.
    EventLoop.main.post { [weak self] in self?.continueWithQueue(thread) }
  }

  /// Starts what waits in the thread, if it is still loaded and no request works on it; such a request calls this at its
  /// end.
  func continueWithQueue(_ thread: AgentThread) {
    guard entries[thread.id]?.thread === thread, waiting[thread.id] == nil else { return }
    thread.continueWithQueue()
    scheduleUnload(thread.id)
  }

  /// What waits in the thread is not what it was.
  func queueChanged(of id: String) {
    if let entry = entries[id] { self.thread(entry.thread, did: .queueChanged) }
  }

  // MARK: - Unloading

  private func scheduleUnload(_ id: String) {
    guard let entry = entries[id] else { return }
    if let timer = entry.unloadTimer {
      EventLoop.main.cancel(timer)
      entries[id]?.unloadTimer = nil
    }
    guard entry.subscribers.isEmpty, !entry.thread.isBusy else { return }
    let delay = server.configuration.unloadDelay ?? Self.defaultUnloadDelay
    entries[id]?.unloadTimer = EventLoop.main.schedule(after: delay) { [weak self] in self?.unloadIdle(id) }
  }

  private func unloadIdle(_ id: String) {
    guard let entry = entries[id], entry.subscribers.isEmpty, !entry.thread.isBusy else { return }
    unload(id)
    announce(.notLoaded, of: id)
    server.notifier.broadcast(.threadClosed) { writer in
      writer.beginObject()
      writer.field("threadId", id)
      writer.endObject()
    }
  }

  func announce(_ status: ThreadStatus, of id: String) {
    server.notifier.announce(.statusChanged(status), of: id, to: [])
  }

  // MARK: - Order of requests

  /// Whether a request about this thread has to wait for an earlier one; then it is kept and dispatched later.
  func mustWait(_ request: Request, on id: String) -> Bool {
    guard waiting[id] != nil else { return false }
    request.connection.requestIsPending(request)
    waiting[id]?.append(request)
    return true
  }

  /// Answers a request with slow work on a thread; requests about the same thread that come meanwhile wait for it.
  func exclusively(_ request: Request, on id: String, _ work: @escaping @LoopActor () async throws -> Void) {
    waiting[id] = []
    request.answerLater {
      defer { self.release(id) }
      try await work()
    }
  }

  private func release(_ id: String) {
    guard let queue = waiting.removeValue(forKey: id) else { return }
    for (index, request) in queue.enumerated() {
      server.dispatch(request)
      // That one may be slow, too: the rest goes behind it.
      if waiting[id] != nil {
        waiting[id]?.append(contentsOf: queue[(index + 1)...])
        return
      }
    }
    if let thread = entries[id]?.thread { continueWithQueue(thread) }
  }

  // MARK: - The end

  func interruptAll() {
    for id in order { entries[id]?.thread.interruptForShutdown() }
  }

  func closeAll() {
    for id in order { unload(id) }
  }
}
