import AgentRuntime
import AppServerProtocol
import HostIO
import JSON
import JSONRPC

/// `account/*` and the older `getAuthStatus` (app-server-methods.md §5).
extension Server {
  /// Nil whenever the active provider does not need OpenAI's login, even if someone is logged in.
  func readAccount(_ request: Request) throws(RPCError) {
    _ = try request.params(AccountReadParams.self)
    let needsAuth = try configuration.activeProviderNeedsAuth()
    let credentials = needsAuth ? try currentCredentials() : nil
    request.succeed { writer in
      writer.beginObject()
      writer.key("account")
      switch credentials?.kind {
      case .apiKey:
        writer.beginObject()
        writer.field("type", literal: "apiKey")
        writer.endObject()
      case .chatGPT(_, _, let planType, let email):
        writer.beginObject()
        writer.field("type", literal: "chatgpt")
        writer.field("email", email)
        writer.field("planType", planType ?? "unknown")
        writer.endObject()
      case .unsupported, nil: writer.null()
      }
      writer.field("requiresOpenaiAuth", needsAuth)
      writer.nullField("workspaceRouting")
      writer.endObject()
    }
  }

  func startLogin(_ request: Request) throws(RPCError) {
    switch try request.params(LoginParams.self) {
    case .apiKey(let key):
      guard !key.isEmpty else { throw .invalidRequest("apiKey must not be empty") }
      do throws(SystemError) {
        try accounts.signIn(apiKey: key)
      } catch {
        throw .internalError("failed to save auth.json: \(error)")
      }
      request.succeed { writer in
        writer.beginObject()
        writer.field("type", literal: "apiKey")
        writer.endObject()
      }
      notifier.broadcast(.accountLoginCompleted) { writer in
        writer.beginObject()
        writer.nullField("loginId")
        writer.field("success", true)
        writer.nullField("error")
        writer.nullField("onboardingEntrypoint")
        writer.endObject()
      }
      announceAccount()
    case .chatGPT, .chatGPTDeviceCode, .chatGPTAuthTokens, .amazonBedrock:
      throw .invalidRequest(
        "this kind of login is not implemented in codex-swift \(Version.own); sign in with an API key")
    }
  }

  /// No login of ours takes time, so there is never one to cancel.
  func cancelLogin(_ request: Request) throws(RPCError) {
    let params = try request.params(LoginCancelParams.self)
    guard UUID(params.loginID) != nil else { throw .invalidRequest("invalid login id: \(params.loginID)") }
    request.succeed { writer in
      writer.beginObject()
      writer.field("status", literal: "notFound")
      writer.endObject()
    }
  }

  func logOut(_ request: Request) throws(RPCError) {
    try request.requireNoParams()
    do throws(SystemError) {
      try accounts.signOut()
    } catch {
      throw .internalError("failed to remove auth.json: \(error)")
    }
    request.succeed()
    announceAccount()
  }

  /// `authMethod` and `authToken` are null when the provider needs no login.
  func readAuthStatus(_ request: Request) throws(RPCError) {
    let params = try request.params(AuthStatusParams.self)
    let needsAuth = try configuration.activeProviderNeedsAuth()
    let credentials = needsAuth ? try currentCredentials() : nil
    request.succeed { writer in
      writer.beginObject()
      writer.field("authMethod", credentials?.mode)
      writer.field("authToken", params.includeToken ? credentials?.bearer?.revealed : nil)
      writer.field("requiresOpenaiAuth", needsAuth)
      writer.endObject()
    }
  }

  private func currentCredentials() throws(RPCError) -> Credentials? {
    do throws(CredentialFile.Failure) {
      return try accounts.current()
    } catch {
      throw .internalError(error.description)
    }
  }

  private func announceAccount() {
    let credentials = try? accounts.current()
    notifier.broadcast(.accountUpdated) { writer in
      writer.beginObject()
      writer.field("authMode", credentials?.mode)
      writer.field("planType", credentials?.planType)
      writer.endObject()
    }
  }
}
