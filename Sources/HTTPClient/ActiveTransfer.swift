import CCurl
import Glibc
import HostIO

/// One easy handle and what its callbacks gather, on the HTTP thread.
final class ActiveTransfer {
  /// Response headers larger than this are refused; libcurl before 8.3 has no limit of its own on their sum.
  static let maximumHeaderBytes = 256 * 1024
  static let errorTextSize = 256  // CURL_ERROR_SIZE

  let id: UInt64
  let transfer: HTTPTransfer
  let easy: UnsafeMutableRawPointer
  let url: String
  var lastActivity: Instant
  let totalDeadline: Instant?

  private let request: HTTPRequest
  private let errorText: UnsafeMutablePointer<CChar>
  private var headerList: UnsafeMutablePointer<curl_slist>?
  private var sentBytes: Int64 = 0
  private var isRequestSent = false
  private var bodyBytes = 0
  private var headerBytes = 0
  private var status: Int?
  private var headers: [HTTPHead.Header] = []
  private var isHeadDone = false
  private var head: HTTPHead?
  private var body: [UInt8] = []
  /// Why a callback ended the transfer: libcurl then only knows that one did.
  private var ownFailure: HTTPFailure.Kind?

  init(_ transfer: HTTPTransfer, _ request: HTTPRequest, _ easy: UnsafeMutableRawPointer) {
    id = transfer.id
    self.transfer = transfer
    self.request = request
    self.easy = easy
    url = request.redactedURL
    let now = Instant.now()
    lastActivity = now
    totalDeadline = request.totalTimeout.map { now + $0 }
    errorText = .allocate(capacity: Self.errorTextSize)
    errorText.initialize(repeating: 0, count: Self.errorTextSize)
  }

  deinit {
    ccurl_easy_cleanup(easy)
    ccurl_slist_free(headerList)
    errorText.deallocate()
  }

  // MARK: - Setting up

  func configure(for client: HTTPClient, usesOnlyBundle: Bool) throws(HTTPFailure) {
    guard !request.url.utf8.contains(0) else { throw HTTPFailure(.unsupportedURL, url: url) }
    guard ccurl_set_string(easy, CURLOPT_URL, request.url) == CURLE_OK else {
      throw HTTPFailure(.unsupportedURL, url: url)
    }
    try configureMethod()
    try configureHeaders()
    let context = Unmanaged.passUnretained(self).toOpaque()
    _ = ccurl_set_header(easy, { bytes, size, count, context in onHeader(bytes, size, count, context) }, context)
    _ = ccurl_set_write(easy, { bytes, size, count, context in onBody(bytes, size, count, context) }, context)
    _ = ccurl_set_pointer(easy, CURLOPT_ERRORBUFFER, errorText)
    _ = ccurl_set_long(easy, CURLOPT_NOSIGNAL, 1)
    // A cancelled name lookup is left to itself instead of being waited for. Unknown before 7.87.
    _ = ccurl_set_long(easy, CURLOPT_QUICK_EXIT, 1)
    _ = ccurl_set_long(easy, CURLOPT_TCP_NODELAY, 1)
    _ = ccurl_set_long(easy, CURLOPT_TCP_KEEPALIVE, 1)
    _ = ccurl_set_long(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
    _ = ccurl_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, Int(max(1, request.connectTimeout.clampedMilliseconds)))
    _ = ccurl_close_sockets_on_exec(easy)
    _ = ccurl_allow_only_http(easy)
    if usesOnlyBundle { _ = ccurl_set_string(easy, CURLOPT_CAPATH, nil) }
    if let proxy = client.plainProxy, asciiLowercased(request.url.utf8.prefix(7)) == "http://", !proxy.utf8.contains(0)
    {
      _ = ccurl_set_string(easy, CURLOPT_PROXY, proxy)
    }
    if let caFile = client.caFile {
      guard !caFile.utf8.contains(0), ccurl_set_string(easy, CURLOPT_CAINFO, caFile) == CURLE_OK else {
        throw HTTPFailure(.tls, detail: "unusable CA file", url: url)
      }
    }
  }

  private func configureMethod() throws(HTTPFailure) {
    let method = request.method
    guard !method.isEmpty, method.utf8.count <= 32, method.utf8.allSatisfy(isTokenByte) else {
      throw HTTPFailure(.invalidRequest, detail: "method", url: url)
    }
    if method == "HEAD" {
      _ = ccurl_set_long(easy, CURLOPT_NOBODY, 1)
      return
    }
    if method == "POST" || !request.body.isEmpty {
      _ = ccurl_set_long(easy, CURLOPT_POST, 1)
      let code = request.body.withUnsafeBytes { ccurl_set_body(easy, $0.baseAddress, $0.count) }
      guard code == CURLE_OK else { throw HTTPFailure(.other, detail: "libcurl is out of memory", url: url) }
    }
    if method != "POST" && method != "GET" || method == "GET" && !request.body.isEmpty {
      _ = ccurl_set_string(easy, CURLOPT_CUSTOMREQUEST, method)
    }
  }

  private func configureHeaders() throws(HTTPFailure) {
    // Without a 100-continue round trip, and without the content type of web forms.
    var lines = ["Expect:"]
    var hasContentType = false
    for (name, value) in request.headers {
      guard !name.isEmpty, name.utf8.allSatisfy(isTokenByte) else {
        throw HTTPFailure(.invalidRequest, detail: "header name", url: url)
      }
      // A line end here would be a way to smuggle in further headers. The value stays out of the text.
      guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
        throw HTTPFailure(.invalidRequest, detail: "value of header \(name)", url: url)
      }
      if asciiLowercased(name.utf8) == "content-type" { hasContentType = true }
      // For libcurl "name:" means to leave a header out, and "name;" to send it empty.
      lines.append(value.utf8.allSatisfy { $0 == 0x20 || $0 == 0x09 } ? "\(name);" : "\(name): \(value)")
    }
    if !hasContentType { lines.append("Content-Type:") }
    for line in lines {
      guard let list = ccurl_slist_append(headerList, line) else {
        throw HTTPFailure(.other, detail: "libcurl is out of memory", url: url)
      }
      headerList = list
    }
    _ = ccurl_set_headers(easy, headerList)
  }

  // MARK: - What arrives

  fileprivate func receiveHeader(_ line: UnsafeRawBufferPointer) -> Bool {
    lastActivity = Instant.now()
    headerBytes += line.count
    guard headerBytes <= Self.maximumHeaderBytes else {
      ownFailure = .tooLarge
      return false
    }
    // What comes after the body is of no interest.
    if isHeadDone { return true }
    var end = line.count
    while end > 0, line[end - 1] == UInt8(ascii: "\r") || line[end - 1] == UInt8(ascii: "\n") { end -= 1 }
    let text = line[..<end]
    if text.isEmpty {
      // 1xx answers are followed by the real one.
      guard let status, status >= 200 else {
        headers = []
        return true
      }
      isHeadDone = true
      head = HTTPHead(status: status, headers: headers)
      headers = []
    } else if text.starts(with: "HTTP/".utf8) {
      headers = []
      status = ccurl_get_long(easy, CURLINFO_RESPONSE_CODE)
    } else if let colon = text.firstIndex(of: UInt8(ascii: ":")) {
      let value = text[(colon + 1)...].drop(while: isBlank)
      let length = (value.lastIndex { !isBlank($0) } ?? value.startIndex - 1) + 1 - value.startIndex
      headers.append(
        HTTPHead.Header(
          name: asciiLowercased(text[..<colon]), value: String(decoding: value.prefix(length), as: UTF8.self)))
    }
    return true
  }

  fileprivate enum Admission { case taken, pause, refuse }

  fileprivate func receiveBody(_ bytes: UnsafeRawBufferPointer) -> Admission {
    lastActivity = Instant.now()
    if let limit = request.maximumBodyBytes, bodyBytes + bytes.count > limit {
      ownFailure = .tooLarge
      return .refuse
    }
    guard transfer.flow.admits(bytes.count) else { return .pause }
    bodyBytes += bytes.count
    body.append(contentsOf: bytes)
    return .taken
  }

  var hasEvents: Bool { head != nil || !body.isEmpty }

  func takeEvents() -> [HTTPEvent] {
    var events: [HTTPEvent] = []
    if let head {
      events.append(.head(head))
      self.head = nil
    }
    if !body.isEmpty {
      events.append(.body(body))
      body = []
    }
    return events
  }

  // MARK: - Time

  /// Sending counts as activity, too: a large body may take longer than the server may be silent.
  func noteProgress(_ now: Instant) {
    guard !isHeadDone, request.idleTimeout != nil else { return }
    let sent =
      Int64(ccurl_get_long(easy, CURLINFO_REQUEST_SIZE)) &+ Int64(ccurl_get_offset(easy, CURLINFO_SIZE_UPLOAD_T))
    guard sent != sentBytes else { return }
    sentBytes = sent
    isRequestSent = true
    lastActivity = now
  }

  /// Nil while connecting, which has a limit of its own, and while the loop holds the transfer back.
  var idleDeadline: Instant? {
    guard let idleTimeout = request.idleTimeout, isRequestSent || isHeadDone, !transfer.flow.isPaused else {
      return nil
    }
    return lastActivity + idleTimeout
  }

  // MARK: - The end

  func failure(for code: CURLcode) -> HTTPFailure? {
    if let ownFailure { return HTTPFailure(ownFailure, url: url) }
    if code == CURLE_OK { return nil }
    let socketError = ccurl_take_socket_error()
    if code == CURLE_COULDNT_CONNECT, socketError == EMFILE || socketError == ENFILE || socketError == ENOMEM {
      return HTTPFailure(.other, detail: SystemError(socketError, "socket").description, url: url)
    }
    let kind: HTTPFailure.Kind =
      switch code {
      case CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_PROXY:
        .cannotConnect
      case CURLE_OPERATION_TIMEDOUT: .connectTimeout
      case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM,
        CURLE_SSL_CIPHER, CURLE_SSL_CRL_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_INVALIDCERTSTATUS,
        CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_SSL_ENGINE_INITFAILED, CURLE_USE_SSL_FAILED:
        .tls
      case CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_HTTP2,
        CURLE_HTTP2_STREAM:
        .closedEarly
      // After the request it means an answer that is no HTTP.
      case CURLE_UNSUPPORTED_PROTOCOL where ccurl_get_long(easy, CURLINFO_REQUEST_SIZE) > 0: .other
      case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: .unsupportedURL
      case CURLE_FILESIZE_EXCEEDED: .tooLarge
      default: .other
      }
    // libcurl's own words about a URL that it cannot take apart might repeat it.
    var detail = kind == .unsupportedURL ? "" : String(cString: errorText)
    if detail.isEmpty, let text = ccurl_easy_strerror(code) { detail = String(cString: text) }
    return HTTPFailure(kind, detail: detail, url: url)
  }
}

// MARK: - Callbacks from C

private func onHeader(
  _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
  guard let bytes, let context else { return 0 }
  // libcurl always says 1 for the size.
  let line = UnsafeRawBufferPointer(start: bytes, count: size &* count)
  let active = Unmanaged<ActiveTransfer>.fromOpaque(context).takeUnretainedValue()
  return active.receiveHeader(line) ? line.count : (line.isEmpty ? 1 : 0)
}

private func onBody(
  _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
  guard let bytes, let context else { return 0 }
  let chunk = UnsafeRawBufferPointer(start: bytes, count: size &* count)
  if chunk.isEmpty { return 0 }
  switch Unmanaged<ActiveTransfer>.fromOpaque(context).takeUnretainedValue().receiveBody(chunk) {
  case .taken: return chunk.count
  case .pause: return Int(CURL_WRITEFUNC_PAUSE)
  case .refuse: return 0
  }
}

private func isTokenByte(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
    UInt8(ascii: "0")...UInt8(ascii: "9"):
    true
  default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
  }
}

private func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

private func asciiLowercased(_ bytes: some Sequence<UInt8>) -> String {
  String(decoding: bytes.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
}
