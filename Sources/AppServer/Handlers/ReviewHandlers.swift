import AgentRuntime
import AppServerProtocol
import HostIO
import JSON
import JSONRPC

/// `review/start` (app-server-threads.md §3, §5.9).
extension Server {
  func startReview(_ request: Request) throws(RPCError) {
    let params = try request.params(ReviewStartParams.self)
    let thread = try loadedThread(params.threadID)
    let target = try checked(params.target)
    if params.delivery == .detached { try refuseDetached(thread, request) }
    let turn = try answering { () throws(ThreadError) in try thread.startReview(target) }
    request.succeed { writer in
      writer.beginObject()
      writer.key("turn")
      turn.write(to: &writer)
      writer.field("reviewThreadId", thread.id)
      writer.endObject()
    }
    thread.run()
  }

  /// The target without white space around its texts.
  private func checked(_ target: ReviewTarget) throws(RPCError) -> ReviewTarget {
    func text(_ text: String, _ name: String) throws(RPCError) -> String {
      let text = text.trimmed
      guard !text.isEmpty else { throw .invalidRequest("\(name) must not be empty") }
      return text
    }
    switch target {
    case .uncommittedChanges: return target
    case .baseBranch(let branch): return .baseBranch(try text(branch, "branch"))
    case .commit(let sha, let title):
      let title = title?.trimmed
      return .commit(sha: try text(sha, "sha"), title: title?.isEmpty == true ? nil : title)
    case .custom(let instructions): return .custom(instructions: try text(instructions, "instructions"))
    }
  }

  /// The reference still has it for threads in legacy mode, as a fork with a skill of its own; here nothing has it.
  private func refuseDetached(_ thread: AgentThread, _ request: Request) throws(RPCError) {
    guard thread.identity.historyMode == .legacy else {
      throw .invalidRequest("paginated threads do not support detached review")
    }
    notifier.send(.deprecationNotice, to: [request.connection]) { writer in
      writer.beginObject()
      writer.field("summary", "`review/start` with the delivery `detached` is deprecated.")
      writer.field(
        "details", "For a review on a thread of its own, call `thread/start` and then `review/start` on the new thread."
      )
      writer.endObject()
    }
    throw .invalidRequest("detached review is not implemented in codex-swift \(Version.own)")
  }
}
