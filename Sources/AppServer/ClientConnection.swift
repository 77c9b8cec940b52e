import AppServerProtocol
package import HostIO
import JSON
import JSONRPC
import Transport

/// One client: its handshake, what it wants to hear, and the order of what it says.
///
/// Messages are handled in the order of their arrival, on the loop. A client that does not read its answers, or that has
/// many slow requests under way, is read from less, so that what it sent waits in its own pipe; nothing is refused.
@LoopActor
package final class ClientConnection {
  /// Requests of one connection that may wait for something (a file, a turn) at the same time.
  package static let maximumPendingRequests = 128

  package let id: Int
  let transport: any MessageConnection
  unowned let server: Server

  /// What `initialize` said; nil before.
  private(set) var client: InitializeParams?
  private var pendingRequests = 0
  private var isReadingPaused = false
  private(set) var hasInputEnded = false
  private(set) var isBroken = false

  init(id: Int, transport: any MessageConnection, server: Server) {
    self.id = id
    self.transport = transport
    self.server = server
  }

  var isInitialized: Bool { client != nil }
  var isExperimental: Bool { client?.capabilities.experimentalAPI ?? false }
  var hasPendingRequests: Bool { pendingRequests > 0 }

  func start() {
    transport.onEvent = { [weak self] event in self?.handle(event) }
    transport.onDrained = { [weak self] in self?.balanceReading() }
    transport.start()
  }

  private func handle(_ event: ConnectionEvent) {
    switch event {
    case .message(let bytes): receive(bytes)
    case .tooLong(let start, let limit): refuseOversized(start, limit: limit)
    case .endOfInput:
      hasInputEnded = true
      server.connectionInputEnded(self)
    case .broken(let reason):
      isBroken = true
      server.connectionBroke(self, reason: reason)
    }
  }

  // MARK: - In

  private func receive(_ bytes: [UInt8]) {
    let message: Message
    do throws(Message.Malformed) {
      message = try Message(bytes)
    } catch {
      if !bytes.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) { server.log(.warning, "dropped a line: \(error)") }
      return
    }
    switch message.kind {
    case .request(let id, let method):
      server.dispatch(Request(message, id: id, method: method, from: self))
    case .notification("initialized"): break  // all that follows was ready with the answer to `initialize`
    case .notification(let method): server.log(.debug, "an unknown notification: \(method)")
    case .response(let id), .failure(let id, _): server.log(.debug, "an answer to no question: \(id)")
    }
    balanceReading()
  }

  /// A message beyond the limit is not read, but its caller should not wait for ever: if the id is within what was kept,
  /// it is answered.
  private func refuseOversized(_ start: [UInt8], limit: Int) {
    server.log(.warning, "dropped a message of more than \(limit) bytes")
    guard let id = Self.requestID(inPrefix: start) else { return }
    send(Envelope.failure(id, .invalidRequest("Invalid request: message is longer than \(limit) bytes")))
  }

  /// The id of a request whose text is cut off.
  private static func requestID(inPrefix bytes: [UInt8]) -> RequestID? {
    var reader = JSONReader(bytes)
    var id: RequestID?
    var hasMethod = false
    do throws(JSONError) {
      try reader.beginObject()
      while let key = try reader.nextKey() {
        switch key {
        case "id":
          if try reader.peek() == .string {
            id = .string(try reader.string())
          } else {
            id = .integer(try reader.int64())
          }
        case "method":
          _ = try reader.string()
          hasMethod = true
        default: try reader.skip()
        }
      }
    } catch {
      // The cut: what was read so far is all there is.
    }
    return hasMethod ? id : nil
  }

  // MARK: - Out

  func send(_ message: [UInt8]) {
    guard !isBroken else { return }
    transport.send(message)
    balanceReading()
  }

  /// Whether this connection wants notifications of this kind.
  func wants(_ notification: Notification) -> Bool {
    guard let client else { return false }
    if notification.isExperimental, !client.capabilities.experimentalAPI { return false }
    let silenced = client.capabilities.optOutNotificationMethods
    return silenced.isEmpty || !silenced.contains(notification.method.description)
  }

  func initialized(as client: InitializeParams) {
    self.client = client
  }

  // MARK: - Back-pressure

  func requestIsPending(_ request: Request) {
    guard !request.isPending else { return }
    request.becamePending()
    pendingRequests += 1
    balanceReading()
  }

  func requestEnded(_ request: Request) {
    guard request.isPending else { return }
    pendingRequests -= 1
    balanceReading()
    server.requestEnded(on: self)
  }

  private func balanceReading() {
    let isBehind =
      pendingRequests >= Self.maximumPendingRequests || transport.queuedBytes > type(of: transport).highWaterMark
    guard isBehind != isReadingPaused else { return }
    isReadingPaused = isBehind
    if isBehind { transport.pauseReading() } else { transport.resumeReading() }
  }
}
