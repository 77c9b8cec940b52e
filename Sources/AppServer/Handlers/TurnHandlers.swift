import AgentRuntime
import AppServerProtocol
import HostIO
import JSON
import JSONRPC

/// `turn/*`, and what else needs a loaded thread (app-server-threads.md §3).
extension Server {
  func startTurn(_ request: Request) throws(RPCError) {
    let params = try request.params(TurnStartParams.self)
    let thread = try loadedThread(params.threadID)
    try checkLength(of: params.input)
    try checkImages(in: params.input)
    let overrides = try resolved(params.overrides, for: thread)
    let turn = try answering { () throws(ThreadError) in try thread.startTurn(params, overrides: overrides) }
    request.succeed { writer in
      writer.beginObject()
      writer.key("turn")
      turn.write(to: &writer)
      writer.endObject()
    }
    thread.run()
  }

  func steerTurn(_ request: Request) throws(RPCError) {
    let params = try request.params(TurnSteerParams.self)
    let thread = try loadedThread(params.threadID)
    try checkLength(of: params.input)
    try checkImages(in: params.input)
    try answering { () throws(ThreadError) in
      try thread.steer(params.input, clientID: params.clientUserMessageID, expecting: params.expectedTurnID)
    }
    request.succeed { writer in
      writer.beginObject()
      writer.field("turnId", params.expectedTurnID)
      writer.endObject()
    }
  }

  /// Answers when the turn has ended, which is at once. The turn that ended last is interrupted as well as it can be.
  func interruptTurn(_ request: Request) throws(RPCError) {
    let params = try request.params(TurnInterruptParams.self)
    let thread = try loadedThread(params.threadID)
    try answering { () throws(ThreadError) in try thread.interrupt(params.turnID) }
    request.succeed()
  }

  func compactThread(_ request: Request) throws(RPCError) {
    let params = try request.params(ThreadIDParams.self)
    let thread = try loadedThread(params.threadID)
    try answering { () throws(ThreadError) in try thread.startCompaction() }
    request.succeed()
    thread.run()
  }

  func injectItems(_ request: Request) throws(RPCError) {
    let params = try request.params(ThreadInjectItemsParams.self)
    let thread = try loadedThread(params.threadID)
    guard !params.items.isEmpty else { throw .invalidRequest("items must not be empty") }
    for (index, item) in params.items.enumerated() {
      var reader = JSONReader(item)
      guard (try? reader.peek()) == .object else {
        throw .invalidRequest("items[\(index)] is not a valid response item: invalid type, expected a map")
      }
      guard (try? reader.peekMember("type")) != nil else {
        throw .invalidRequest("items[\(index)] is not a valid response item: missing field `type`")
      }
    }
    exclusivelyIfNeeded(request, thread) { () throws(RPCError) in
      try self.answering { () throws(ThreadError) in try thread.inject(params.items) }
      request.succeed()
    }
  }

  func updateThreadSettings(_ request: Request) throws(RPCError) {
    let params = try request.params(ThreadSettingsUpdateParams.self)
    let thread = try loadedThread(params.threadID)
    let overrides = try resolved(params.overrides, for: thread)
    request.succeed()
    thread.updateSettings(overrides)
  }

  // MARK: - Checks

  /// The loaded thread of this id, for calls that need one.
  func loadedThread(_ id: String) throws(RPCError) -> AgentThread {
    try Self.checkThreadID(id, as: "thread id")
    guard let thread = threads.thread(id) else { throw .invalidRequest("thread not found: \(id)") }
    return thread
  }

  static func checkThreadID(_ id: String, as what: String) throws(RPCError) {
    guard UUID(id) != nil else { throw .invalidRequest("invalid \(what): \(ThreadIDText.problem(with: id))") }
  }

  func checkLength(of input: [UserInput]) throws(RPCError) {
    let characters = input.reduce(0) { $0 + $1.textLength }
    let limit = TurnStartParams.maximumInputCharacters
    guard characters > limit else { return }
    throw RPCError(
      code: RPCError.invalidParams, message: "Input exceeds the maximum length of \(limit) characters.",
      data: ["input_error_code": "input_too_large", "max_chars": .int(limit), "actual_chars": .int(characters)])
  }

  func checkImages(in input: [UserInput]) throws(RPCError) {
    for case .image(let url, _) in input where !url.utf8.starts(with: "data:".utf8) {
      throw .invalidRequest("remote image URLs are not supported; use an inline data URL instead")
    }
  }

  /// Overrides with an absolute folder and the sandbox that a permission profile stands for.
  private func resolved(_ overrides: TurnOverrides, for thread: AgentThread) throws(RPCError) -> TurnOverrides {
    var overrides = overrides
    if let cwd = overrides.cwd { overrides.cwd = Path.absolute(cwd, from: options.cwd) }
    if let name = overrides.permissions {
      guard overrides.sandboxPolicy == nil else {
        throw .invalidRequest("`permissions` cannot be combined with `sandboxPolicy`")
      }
      overrides.sandboxPolicy = try configuration.sandbox(ofProfile: name)
    }
    return overrides
  }

  /// Turns the errors of the agent into those of the wire.
  func answering<Value>(_ work: () throws(ThreadError) -> Value) throws(RPCError) -> Value {
    do throws(ThreadError) {
      return try work()
    } catch {
      throw RPCError(error)
    }
  }

  /// Runs `work` now, or once the thread's stored history is in memory.
  private func exclusivelyIfNeeded(
    _ request: Request, _ thread: AgentThread, _ work: @escaping @LoopActor () throws(RPCError) -> Void
  ) {
    guard thread.needsHistory else {
      do throws(RPCError) {
        try work()
      } catch {
        request.fail(error)
      }
      return
    }
    threads.exclusively(request, on: thread.id) {
      try await thread.loadHistory()
      try work()
    }
  }
}
