/// What to ask of a server. Redirects are not followed; proxies come from the usual environment variables.
package struct HTTPRequest: Sendable {
  package var method: String
  package var url: String
  package var headers: [(name: String, value: String)]
  package var body: [UInt8]
  /// For name lookup, TCP, proxy and TLS together.
  package var connectTimeout: Duration
  /// The longest pause of the server once the request is on its way; nil waits for ever.
  package var idleTimeout: Duration?
  /// From start to end; nil for streams.
  package var totalTimeout: Duration?
  /// More bytes than this end the transfer with `.tooLarge`.
  package var maximumBodyBytes: Int?

  package static let defaultConnectTimeout = Duration.seconds(30)

  package init(
    method: String = "GET", url: String, headers: [(name: String, value: String)] = [], body: [UInt8] = [],
    connectTimeout: Duration = defaultConnectTimeout, idleTimeout: Duration? = nil, totalTimeout: Duration? = nil,
    maximumBodyBytes: Int? = nil
  ) {
    self.method = method
    self.url = url
    self.headers = headers
    self.body = body
    self.connectTimeout = connectTimeout
    self.idleTimeout = idleTimeout
    self.totalTimeout = totalTimeout
    self.maximumBodyBytes = maximumBodyBytes
  }

  /// The URL without user, password, query and fragment, where secrets may be.
  package var redactedURL: String { Self.redacted(url) }

  static func redacted(_ url: String) -> String {
    let bytes = Array(url.utf8.prefix(2048))
    var end = bytes.firstIndex { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") } ?? bytes.count
    var start = 0
    var scheme: ArraySlice<UInt8> = []
    let slash = UInt8(ascii: "/")
    if let colon = bytes[..<end].firstIndex(of: UInt8(ascii: ":")), colon + 2 < end, bytes[colon + 1] == slash,
      bytes[colon + 2] == slash
    {
      scheme = bytes[...(colon + 2)]
      start = colon + 3
    }
    // The last @ of the whole rest: a password may contain a slash or another @.
    if let at = bytes[start..<end].lastIndex(of: UInt8(ascii: "@")) { start = at + 1 }
    end = max(start, end)
    return String(decoding: scheme + bytes[start..<end].filter { $0 > 0x20 && $0 != 0x7F }, as: UTF8.self)
  }
}

package struct HTTPHead: Sendable, Equatable {
  package var status: Int
  /// Names in lower case, in the order of arrival.
  package var headers: [Header]

  package struct Header: Sendable, Equatable {
    package var name: String
    package var value: String

    package init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  package init(status: Int, headers: [Header]) {
    self.status = status
    self.headers = headers
  }

  /// The first header of that lower-case name.
  package subscript(name: String) -> String? {
    headers.first { $0.name == name }?.value
  }
}

package enum HTTPEvent: Sendable, Equatable {
  case head(HTTPHead)
  case body([UInt8])
  /// The last event of a transfer that went well, whatever its status.
  case end
  /// The last event of a transfer that did not.
  case failed(HTTPFailure)
}

package struct HTTPResponse: Sendable {
  package var head: HTTPHead
  package var body: [UInt8]

  package var status: Int { head.status }
}

/// Why a transfer ended early. Its text holds no header and no part of the URL where secrets may be.
package struct HTTPFailure: Error, Equatable, Sendable, CustomStringConvertible {
  package enum Kind: String, Equatable, Sendable {
    /// Refused, unreachable, no such name, or the same of a proxy.
    case cannotConnect = "cannot connect"
    /// Handshake or certificate.
    case tls = "TLS failed"
    case connectTimeout = "connecting took too long"
    case idleTimeout = "the server fell silent"
    case totalTimeout = "the request took too long"
    /// The connection ended or was reset before the response was complete.
    case closedEarly = "the connection closed before the response was complete"
    case tooLarge = "the response is too large"
    case unsupportedURL = "the URL is not supported"
    /// A method or header that cannot be sent as it is.
    case invalidRequest = "the request is invalid"
    case tooManyTransfers = "too many requests at once"
    case libraryMissing = "libcurl is not available"
    case other = "the request failed"
  }

  package var kind: Kind
  /// More words, possibly empty.
  package var detail: String
  /// Where to, without secrets.
  package var url: String

  package init(_ kind: Kind, detail: String = "", url: String) {
    self.kind = kind
    self.detail = detail
    self.url = url
  }

  package var description: String {
    detail.isEmpty ? "\(kind.rawValue) (\(url))" : "\(kind.rawValue): \(detail) (\(url))"
  }
}
