package import JSON

/// `account/login/start`: how to sign in.
package enum LoginParams: Params {
  package static let method = "account/login/start"
  private static let kinds = [
    "apiKey", "chatgpt", "chatgptDeviceCode", "chatgptAuthTokens", "amazonBedrock",
  ]

  case apiKey(String)
  case chatGPT
  case chatGPTDeviceCode
  /// Tokens that the client manages; they stay in memory.
  case chatGPTAuthTokens(accessToken: String, accountID: String, planType: String?)
  case amazonBedrock

  package init(from reader: inout JSONReader) throws(JSONError) {
    let place = reader.error(.unexpectedEnd).offset
    let value = try reader.value()
    func text(_ name: String) throws(JSONError) -> String {
      guard let text = value[name]?.stringValue else { throw JSONError(.missingField(name), at: place) }
      return text
    }
    switch value["type"]?.stringValue {
    case "apiKey": self = .apiKey(try text("apiKey"))
    case "chatgpt": self = .chatGPT
    case "chatgptDeviceCode": self = .chatGPTDeviceCode
    case "chatgptAuthTokens":
      self = .chatGPTAuthTokens(
        accessToken: try text("accessToken"), accountID: try text("chatgptAccountId"),
        planType: value["chatgptPlanType"]?.stringValue)
    case "amazonBedrock": self = .amazonBedrock
    case let other?: throw JSONError(.unknownVariant(other, expected: Self.kinds), at: place)
    case nil: throw JSONError(.missingField("type"), at: place)
    }
  }
}

package struct LoginCancelParams: Params {
  package static let method = "account/login/cancel"

  package var loginID = ""

  package init(from reader: inout JSONReader) throws(JSONError) {
    var id: String?
    try reader.members { (key, reader) throws(JSONError) in
      if "loginId" ~= key { id = try reader.string() } else { try reader.skip() }
    }
    loginID = try reader.require(id, "loginId")
  }
}

package struct AccountReadParams: Params {
  package static let method = "account/read"

  package var refreshToken = false

  package init(from reader: inout JSONReader) throws(JSONError) {
    if try reader.takeNull() { return }
    try reader.beginObject()
    while let key = try reader.nextKey() {
      if "refreshToken" ~= key { refreshToken = try reader.optionalBool() ?? false } else { try reader.skip() }
    }
  }
}

/// The older `getAuthStatus`.
package struct AuthStatusParams: Params {
  package static let method = "getAuthStatus"

  package var includeToken = false

  package init(from reader: inout JSONReader) throws(JSONError) {
    try reader.beginObject()
    while let key = try reader.nextKey() {
      if "includeToken" ~= key { includeToken = try reader.optionalBool() ?? false } else { try reader.skip() }
    }
  }
}
