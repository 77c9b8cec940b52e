import AgentRuntime
import HostIO
import JSONRPC
import Store

/// One place that decides codes and texts, so that they can be compared with the reference.
extension RPCError {
  init(_ error: ThreadError) {
    switch error {
    case .noActiveTurn(let action): self = .invalidRequest("no active turn to \(action)")
    case .wrongTurnToInterrupt(let expected, let found):
      self = .invalidRequest("expected active turn id \(expected) but found \(found)")
    case .wrongTurnToSteer(let expected, let found):
      self = .invalidRequest("expected active turn id `\(expected)` but found `\(found)`")
    case .turnNotSteerable: self = .invalidRequest("the running turn compacts the thread and takes no input")
    case .turnIsRunning: self = .invalidRequest("a turn is running in this thread")
    case .storage(let reason): self = .internalError(reason)
    }
  }

  init(_ error: StoreError) {
    switch error {
    case .activeWriter, .threadNotFound, .turnNotFound, .invalidCursor, .exists:
      self = .invalidRequest(error.description)
    case .unreadable, .missingBase, .endlessChain, .notWritten, .closed, .system:
      self = .internalError("failed to read thread: \(error)")
    }
  }

  /// Whatever else can be thrown on the way to an answer.
  init(any error: any Error) {
    switch error {
    case let error as RPCError: self = error
    case let error as ThreadError: self.init(error)
    case let error as StoreError: self.init(error)
    case let error as SystemError: self = .internalError(error.description)
    case let error as BlockingPool.Refused: self = .internalError(error.description)
    default: self = .internalError("\(error)")
    }
  }
}
