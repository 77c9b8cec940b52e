import AgentCore
import AgentRuntime
import AppServerProtocol
import HostIO
import JSON
import JSONRPC

/// `thread/queue/*`: messages that wait for a thread to become idle (app-server-threads.md §2).
///
/// They can be looked at and changed while the thread is not loaded; they start when it is.
extension Server {
  func addToQueue(_ request: Request) throws(RPCError) {
    let params = try request.params(ThreadQueueAddParams.self)
    try checkQueue(of: params.threadID)
    try checkQueued(params.input)
    let submission = QueuedSubmission(
      id: options.ids.v7().description, input: params.input, clientUserMessageID: params.clientUserMessageID)
    try changeQueue(params.threadID) { (queue) throws(MessageQueue.Refusal) in try queue.add(submission) }
    answer(request, with: submission)
    threads.queueChanged(of: params.threadID)
    if let thread = threads.thread(params.threadID) { threads.continueWithQueue(thread) }
  }

  func listQueue(_ request: Request) throws(RPCError) {
    let params = try request.params(ThreadQueueListParams.self)
    try checkQueue(of: params.threadID)
    let queue = try answering { () throws(ThreadError) in try AgentThread.queue(of: params.threadID, services.queues) }
    let page: (submissions: ArraySlice<QueuedSubmission>, nextCursor: String?)
    do throws(MessageQueue.Refusal) {
      page = try queue.page(cursor: params.cursor, limit: params.limit)
    } catch {
      throw RPCError(.queue(error))
    }
    request.succeed { writer in
      writer.beginObject()
      writer.key("data")
      writer.beginArray()
      for submission in page.submissions { submission.write(to: &writer) }
      writer.endArray()
      writer.field("nextCursor", page.nextCursor)
      writer.endObject()
    }
  }

  func updateQueue(_ request: Request) throws(RPCError) {
    let params = try request.params(ThreadQueueUpdateParams.self)
    try checkQueue(of: params.threadID)
    try checkQueued(params.input)
    let submission = try changeQueue(params.threadID) { (queue) throws(MessageQueue.Refusal) in
      try queue.update(params.queuedSubmissionID, input: params.input)
    }
    answer(request, with: submission)
    threads.queueChanged(of: params.threadID)
  }

  func deleteFromQueue(_ request: Request) throws(RPCError) {
    let params = try request.params(ThreadQueueDeleteParams.self)
    try checkQueue(of: params.threadID)
    let wasThere = try changeQueue(params.threadID) { $0.remove(params.queuedSubmissionID) }
    request.succeed { writer in
      writer.beginObject()
      writer.field("deleted", wasThere)
      writer.endObject()
    }
    if wasThere { threads.queueChanged(of: params.threadID) }
  }

  func reorderQueue(_ request: Request) throws(RPCError) {
    let params = try request.params(ThreadQueueReorderParams.self)
    try checkQueue(of: params.threadID)
    try changeQueue(params.threadID) { (queue) throws(MessageQueue.Refusal) in
      try queue.reorder(params.queuedSubmissionIDs)
    }
    request.succeed()
    threads.queueChanged(of: params.threadID)
  }

  /// Starts a message now, also after an interrupt.
  func startFromQueue(_ request: Request) throws(RPCError) {
    let params = try request.params(ThreadQueueStartParams.self)
    try checkQueue(of: params.threadID)
    guard let thread = threads.thread(params.threadID) else {
      throw .invalidRequest("resume the thread before starting a queued message")
    }
    let turn = try answering { () throws(ThreadError) in try thread.startQueued(params.queuedSubmissionID) }
    request.succeed { writer in
      writer.beginObject()
      writer.key("turn")
      turn.write(to: &writer)
      writer.endObject()
    }
    threads.queueChanged(of: thread.id)
    thread.run()
  }

  /// A thread that is gone has nothing to wait for.
  func forgetQueue(of id: String) {
    do throws(ThreadError) {
      guard !(try AgentThread.queue(of: id, services.queues)).submissions.isEmpty else { return }
      try AgentThread.changeQueue(of: id, services.queues) { queue in queue = MessageQueue() }
    } catch {
      log(.warning, "what waits in deleted thread \(id) was not removed: \(error)")
    }
  }

  // MARK: - Checks

  /// Whether messages can wait in this thread: it must be loaded or stored, and not archived.
  private func checkQueue(of id: String) throws(RPCError) {
    try Self.checkThreadID(id, as: "thread id")
    if let loaded = threads.thread(id) {
      guard !loaded.identity.isEphemeral else { throw RPCError(.ephemeralHasNoQueue(threadID: id)) }
      return
    }
    _ = try locate(id, path: nil)
  }

  private func checkQueued(_ input: [UserInput]) throws(RPCError) {
    try checkLength(of: input)
    try checkImages(in: input)
  }

  @discardableResult
  private func changeQueue<Value>(
    _ id: String, _ change: (inout MessageQueue) throws(MessageQueue.Refusal) -> Value
  ) throws(RPCError) -> Value {
    try answering { () throws(ThreadError) in try AgentThread.changeQueue(of: id, services.queues, change) }
  }

  private func answer(_ request: Request, with submission: QueuedSubmission) {
    request.succeed { writer in
      writer.beginObject()
      writer.key("queuedSubmission")
      submission.write(to: &writer)
      writer.endObject()
    }
  }
}
