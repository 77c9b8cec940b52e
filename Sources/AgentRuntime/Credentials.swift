import Bytes
package import HostIO
import JSON

/// What is in `$CODEX_HOME/auth.json` (auth-and-config.md §1), and what a client signed in with for this process only.
///
/// Tokens and keys print as a placeholder, so that no log or error text can carry them.
package struct Credentials: Sendable, Equatable {
  package enum Kind: Sendable, Equatable {
    case apiKey(Secret)
    /// `accountID`, `planType` and `email` come from the tokens' claims, which are read, not verified.
    case chatGPT(accessToken: Secret, accountID: String?, planType: String?, email: String?)
    /// A login of a kind that is read without error and not supported.
    case unsupported(mode: String)
  }

  package var kind: Kind

  package init(_ kind: Kind) { self.kind = kind }

  /// `authMode` on the wire.
  package var mode: String? {
    switch kind {
    case .apiKey: "apikey"
    case .chatGPT: "chatgpt"
    case .unsupported(let mode): mode
    }
  }

  package var planType: String? {
    if case .chatGPT(_, _, let plan, _) = kind { plan } else { nil }
  }

  /// What requests to the model carry, if anything.
  package var bearer: Secret? {
    switch kind {
    case .apiKey(let key): key
    case .chatGPT(let token, _, _, _): token
    case .unsupported: nil
    }
  }

  package var accountID: String? {
    if case .chatGPT(_, let account, _, _) = kind { account } else { nil }
  }
}

/// A text that never shows itself.
package struct Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package let revealed: String

  package init(_ text: String) { revealed = text }

  package var description: String { "<secret>" }
  package var debugDescription: String { "<secret>" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}

/// Reads and writes `auth.json`: 0600, replaced as a whole, members that are not ours kept.
package struct CredentialFile: Sendable {
  package static let maximumBytes = 1 << 20

  package enum Failure: Error, Equatable, CustomStringConvertible {
    case unreadable(String)
    case malformed(String)

    package var description: String {
      switch self {
      case .unreadable(let reason): "failed to read auth.json: \(reason)"
      case .malformed(let reason): "auth.json is not valid: \(reason)"
      }
    }
  }

  private let path: String

  package init(home: String) { path = Path.join(home, "auth.json") }

  /// Nil when nobody is logged in.
  package func read() throws(Failure) -> Credentials? {
    let bytes: [UInt8]
    do {
      bytes = try File.read(path, limit: Self.maximumBytes)
    } catch let error as SystemError where error.isNotFound {
      return nil
    } catch {
      throw .unreadable("\(error)")
    }
    let document: JSON
    do throws(JSONError) {
      document = try JSON.parse(bytes)
    } catch {
      throw .malformed(error.description)
    }
    let key = document["OPENAI_API_KEY"]?.stringValue
    let mode = document["auth_mode"]?.stringValue ?? (key != nil ? "apikey" : "chatgpt")
    switch mode.lowercased() {
    case "apikey":
      guard let key, !key.isEmpty else { return nil }
      return Credentials(.apiKey(Secret(key)))
    case "chatgpt":
      guard let tokens = document["tokens"], let access = tokens["access_token"]?.stringValue else { return nil }
      let claims = tokens["id_token"]?.stringValue.flatMap(TokenClaims.init)
      return Credentials(
        .chatGPT(
          accessToken: Secret(access), accountID: tokens["account_id"]?.stringValue ?? claims?.accountID,
          planType: claims?.planType, email: claims?.email))
    default: return Credentials(.unsupported(mode: mode))
    }
  }

  /// Stores an API key in place of whatever login there was.
  package func write(apiKey: String) throws(SystemError) {
    let document: JSON = ["auth_mode": "apikey", "OPENAI_API_KEY": .string(apiKey)]
    try File.writeAtomically(document.encoded, to: path, mode: 0o600)
  }

  package func remove() throws(SystemError) {
    do {
      try File.unlink(path)
    } catch {
      if !error.isNotFound { throw error }
    }
  }
}

/// What a JSON web token says about its holder; the signature is the backend's business.
struct TokenClaims: Equatable {
  var email: String?
  var planType: String?
  var accountID: String?

  init?(_ token: String) {
    let parts = token.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count == 3, let bytes = try? Base64.decode(parts[1], as: .urlSafeUnpadded),
      let claims = try? JSON.parse(bytes)
    else { return nil }
    let auth = claims["https://api.openai.com/auth"]
    email = claims["email"]?.stringValue ?? claims["https://api.openai.com/profile"]?["email"]?.stringValue
    planType = auth?["chatgpt_plan_type"]?.stringValue
    accountID = auth?["chatgpt_account_id"]?.stringValue
  }
}
