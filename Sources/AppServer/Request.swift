import AppServerProtocol
package import HostIO
import JSON
package import JSONRPC

/// One request on its way to its answer. Exactly one of `succeed` and `fail` must be called, now or later.
@LoopActor
package final class Request {
  let connection: ClientConnection
  package let id: RequestID
  package let method: String
  private let message: Message
  private var isAnswered = false

  init(_ message: Message, id: RequestID, method: String, from connection: ClientConnection) {
    self.message = message
    self.id = id
    self.method = method
    self.connection = connection
  }

  var server: Server { connection.server }

  /// The params in their type; missing params read as an empty object.
  func params<P: Params>(_: P.Type = P.self) throws(RPCError) -> P {
    do throws(JSONError) {
      var reader = message.body ?? JSONReader("{}")
      return try P(from: &reader)
    } catch {
      throw RPCError(params: error)
    }
  }

  /// A reader for the params, for checks that need no type.
  var body: JSONReader? { message.body }

  /// The params of a method that has none: anything but `null` or an object is refused.
  func requireNoParams() throws(RPCError) {
    guard var body = message.body else { return }
    guard let token = try? body.peek(), token == .object || token == .null else {
      throw .invalidRequest("Invalid request: invalid type, expected unit")
    }
  }

  func succeed(_ result: (inout JSONWriter) -> Void) {
    guard !isAnswered else { return }
    answer(Envelope.response(id, result: result))
  }

  /// Answers with a response that was put together elsewhere, envelope included.
  func succeed(wholeMessage message: [UInt8]) {
    answer(message)
  }

  /// Answers `{}`.
  func succeed() {
    succeed { writer in
      writer.beginObject()
      writer.endObject()
    }
  }

  func fail(_ error: RPCError) {
    answer(Envelope.failure(id, error))
  }

  /// The answer is queued before the request counts as done: when the server ends, the last request to be done closes the
  /// connection.
  private func answer(_ message: [UInt8]) {
    guard !isAnswered else { return }
    isAnswered = true
    connection.send(message)
    connection.requestEnded(self)
  }

  /// Answers with what `work` makes, which may wait. Until then the request counts as pending on its connection.
  func answerLater(_ work: @escaping @LoopActor () async throws -> Void) {
    connection.requestIsPending(self)
    Task.onLoop {
      do {
        try await work()
      } catch {
        self.fail(RPCError(any: error))
      }
    }
  }

  private(set) var isPending = false
  func becamePending() { isPending = true }
}
