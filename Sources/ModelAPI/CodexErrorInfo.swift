package import JSON

/// The class of a failure, as clients get it in `codexErrorInfo`.
///
/// Clients and session files spell it differently, and session files know two classes more.
package enum CodexErrorInfo: Sendable, Equatable {
  case contextWindowExceeded
  case usageLimitExceeded
  case rateLimitExceeded
  case flexUnavailable
  case serverOverloaded
  case cyberPolicy
  case misalignmentPolicyViolation
  case internalServerError
  case unauthorized
  case badRequest
  case sandboxError
  case threadRollbackFailed
  /// `other` for clients.
  case invalidPrompt
  /// `other` for clients.
  case bioPolicy
  case other
  case httpConnectionFailed(status: Int?)
  case responseStreamConnectionFailed(status: Int?)
  case responseStreamDisconnected(status: Int?)
  case responseTooManyFailedAttempts(status: Int?)
  /// `review` or `compact`.
  case activeTurnNotSteerable(turnKind: String)

  /// The form of notifications and of turns.
  package func write(to writer: inout JSONWriter) {
    switch form {
    case .word(let wire, _): writer.string(wire)
    case .object(let wire, _, let member, _, let value):
      Self.write(wire, member, value, to: &writer)
    }
  }

  /// The form of session files.
  package func writeRollout(to writer: inout JSONWriter) {
    switch form {
    case .word(_, let rollout): writer.string(rollout)
    case .object(_, let rollout, _, let member, let value):
      Self.write(rollout, member, value, to: &writer)
    }
  }

  private enum Value {
    case status(Int?)
    case text(String)
  }

  private enum Form {
    case word(wire: StaticString, rollout: StaticString)
    case object(
      wire: StaticString, rollout: StaticString, wireMember: StaticString, rolloutMember: StaticString, value: Value)
  }

  private static func write(
    _ name: StaticString, _ member: StaticString, _ value: Value, to writer: inout JSONWriter
  ) {
    writer.beginObject()
    writer.key(name)
    writer.beginObject()
    switch value {
    case .status(let status): writer.field(member, status)
    case .text(let text): writer.field(member, text)
    }
    writer.endObject()
    writer.endObject()
  }

  private var form: Form {
    func status(_ wire: StaticString, _ rollout: StaticString, _ status: Int?) -> Form {
      .object(
        wire: wire, rollout: rollout, wireMember: "httpStatusCode", rolloutMember: "http_status_code",
        value: .status(status))
    }
    return switch self {
    case .contextWindowExceeded: .word(wire: "contextWindowExceeded", rollout: "context_window_exceeded")
    case .usageLimitExceeded: .word(wire: "usageLimitExceeded", rollout: "usage_limit_exceeded")
    case .rateLimitExceeded: .word(wire: "rateLimitExceeded", rollout: "rate_limit_exceeded")
    case .flexUnavailable: .word(wire: "flexUnavailable", rollout: "flex_unavailable")
    case .serverOverloaded: .word(wire: "serverOverloaded", rollout: "server_overloaded")
    case .cyberPolicy: .word(wire: "cyberPolicy", rollout: "cyber_policy")
    case .misalignmentPolicyViolation:
      .word(wire: "misalignmentPolicyViolation", rollout: "misalignment_policy_violation")
    case .internalServerError: .word(wire: "internalServerError", rollout: "internal_server_error")
    case .unauthorized: .word(wire: "unauthorized", rollout: "unauthorized")
    case .badRequest: .word(wire: "badRequest", rollout: "bad_request")
    case .sandboxError: .word(wire: "sandboxError", rollout: "sandbox_error")
    case .threadRollbackFailed: .word(wire: "threadRollbackFailed", rollout: "thread_rollback_failed")
    case .invalidPrompt: .word(wire: "other", rollout: "invalid_prompt")
    case .bioPolicy: .word(wire: "other", rollout: "bio_policy")
    case .other: .word(wire: "other", rollout: "other")
    case .httpConnectionFailed(let code): status("httpConnectionFailed", "http_connection_failed", code)
    case .responseStreamConnectionFailed(let code):
      status("responseStreamConnectionFailed", "response_stream_connection_failed", code)
    case .responseStreamDisconnected(let code):
      status("responseStreamDisconnected", "response_stream_disconnected", code)
    case .responseTooManyFailedAttempts(let code):
      status("responseTooManyFailedAttempts", "response_too_many_failed_attempts", code)
    case .activeTurnNotSteerable(let kind):
      .object(
        wire: "activeTurnNotSteerable", rollout: "active_turn_not_steerable", wireMember: "turnKind",
        rolloutMember: "turn_kind", value: .text(kind))
    }
  }
}
