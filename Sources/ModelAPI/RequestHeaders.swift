/// One header field of a request. Names are lower case.
package struct RequestHeader: Sendable, Equatable {
  package var name: String
  package var value: String

  package init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }
}

/// What the header fields of a model request are made of (agent-core §1.2).
package struct RequestHeaders: Sendable {
  /// The client's name, as it was given in `initialize`.
  package var originator: String
  package var userAgent: String
  /// Our version; sent to the built-in provider only.
  package var version: String?
  package var credential: Credential
  package var sessionID: String
  package var threadID: String
  package var windowID: String
  /// The JSON of `TurnMetadata`.
  package var turnMetadata: String
  /// What the server's `x-codex-turn-state` said first in this turn.
  package var turnState: String?
  package var parentThreadID: String?
  /// `review`, `compact` and so on, in requests of a sub-thread.
  package var subagent: String?
  package var betaFeatures: [String]
  /// The provider's own fields from the configuration, variables already replaced.
  package var providerHeaders: [RequestHeader]

  package enum Credential: Sendable, Equatable {
    case none
    case bearer(String)
    case chatGPT(accessToken: String, accountID: String?, routingOverride: String?)
  }

  package init(
    originator: String, userAgent: String, version: String? = nil, credential: Credential = .none, sessionID: String,
    threadID: String, windowID: String, turnMetadata: String, turnState: String? = nil, parentThreadID: String? = nil,
    subagent: String? = nil, betaFeatures: [String] = [], providerHeaders: [RequestHeader] = []
  ) {
    self.originator = originator
    self.userAgent = userAgent
    self.version = version
    self.credential = credential
    self.sessionID = sessionID
    self.threadID = threadID
    self.windowID = windowID
    self.turnMetadata = turnMetadata
    self.turnState = turnState
    self.parentThreadID = parentThreadID
    self.subagent = subagent
    self.betaFeatures = betaFeatures
    self.providerHeaders = providerHeaders
  }

  /// All fields, each name once, with values that are legal in HTTP. A provider may replace the originator and the user
  /// agent; of the other names ours win, as in the reference.
  package var list: [RequestHeader] {
    var list: [RequestHeader] = []
    func set(_ name: String, _ value: String?) {
      guard let value else { return }
      let field = RequestHeader(name, Self.sanitised(value))
      if let index = list.firstIndex(where: { $0.name == name }) { list[index] = field } else { list.append(field) }
    }
    set("originator", originator)
    set("user-agent", userAgent)
    set("version", version)
    for field in providerHeaders { set(field.name.lowercased(), field.value) }
    if !betaFeatures.isEmpty { set("x-codex-beta-features", betaFeatures.joined(separator: ",")) }
    set("x-codex-window-id", windowID)
    set("x-codex-turn-metadata", turnMetadata)
    set("x-codex-turn-state", turnState)
    set("x-codex-parent-thread-id", parentThreadID)
    set("x-openai-subagent", subagent)
    set("x-client-request-id", threadID)
    set("session-id", sessionID)
    set("thread-id", threadID)
    switch credential {
    case .none: break
    case .bearer(let key): set("authorization", "Bearer \(key)")
    case .chatGPT(let token, let accountID, let routingOverride):
      set("authorization", "Bearer \(token)")
      set("chatgpt-account-id", accountID)
      if routingOverride != "NO_CONSTRAINT" { set("x-openai-account-routing-override", routingOverride) }
    }
    set("accept", "text/event-stream")
    set("content-type", "application/json")
    return list
  }

  /// `{base}/responses` with the provider's parameters as a query.
  package static func url(base: String, queryParameters: [(name: String, value: String)] = []) -> String {
    let parts = base.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    var path = parts.first ?? ""
    while path.utf8.last == UInt8(ascii: "/") { path.removeLast() }
    var query = parts.dropFirst().map(String.init).filter { !$0.isEmpty }
    query += queryParameters.map { "\(percentEncoded($0.name))=\(percentEncoded($0.value))" }
    return "\(path)/responses" + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
  }

  /// Everything but the unreserved characters of RFC 3986 as `%XX`.
  package static func percentEncoded(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var encoded: [UInt8] = []
    encoded.reserveCapacity(text.utf8.count)
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        encoded.append(byte)
      default:
        encoded += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: encoded, as: UTF8.self)
  }

  /// The text with each character that no header value may have (beyond printable ASCII and tab) replaced by `_`. Line
  /// ends are among them, so that no value can add a field.
  package static func sanitised(_ value: String) -> String {
    guard !value.utf8.allSatisfy(isLegal) else { return value }
    return String(
      decoding: value.unicodeScalars.map { scalar in
        scalar.isASCII && isLegal(UInt8(truncatingIfNeeded: scalar.value)) ? UInt8(scalar.value) : UInt8(ascii: "_")
      }, as: UTF8.self)
  }

  private static func isLegal(_ byte: UInt8) -> Bool {
    byte >= 0x20 && byte < 0x7F || byte == UInt8(ascii: "\t")
  }
}
