import AgentCore
import AgentRuntime
import HostIO
import JSON
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
    case .turnNotSteerable(let kind): self.init(kind)
    case .turnIsRunning: self = .invalidRequest("thread already has an active or pending turn")
    case .queue(let refusal): self = .invalidRequest(refusal.text)
    case .ephemeralHasNoQueue(let id):
      self = .invalidRequest("ephemeral thread does not support queued submissions: \(id)")
    case .queueIsEmpty: self = .invalidRequest("queue is empty")
    case .storage(let reason): self = .internalError(reason)
    }
  }

  private init(_ kind: UnsteerableTurn) {
    let message = "cannot steer a \(kind.rawValue) turn"
    self.init(
      code: Self.invalidRequest, message: message,
      data: [
        "message": .string(message), "codexErrorInfo": ["activeTurnNotSteerable": ["turnKind": .string(kind.rawValue)]],
        "additionalDetails": nil, "misalignment": nil,
      ])
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

extension MessageQueue.Refusal {
  fileprivate var text: String {
    switch self {
    case .full: "queue cannot contain more than \(MessageQueue.maximumSubmissions) submissions"
    case .emptyInput: "only user input can be added to the user-message queue"
    case .unknownSubmission(let id): "queued submission not found: \(id)"
    case .incompleteOrder: "queue reorder must include every queued submission exactly once"
    case .invalidCursor(let cursor): "invalid queue pagination cursor: \(cursor)"
    }
  }
}
