package import JSON

/// An error as it goes over the wire: `{code, message, data?}` (app-server-transport.md §6).
package struct RPCError: Error, Equatable, Sendable {
  /// The request is malformed, or cannot be served as things stand. The reference uses it for almost everything.
  package static let invalidRequest = -32600
  /// The method does not apply to this thread.
  package static let notSupported = -32601
  /// A value is out of its range.
  package static let invalidParams = -32602
  /// Something failed on our side or in the operating system.
  package static let internalError = -32603

  package var code: Int
  package var message: String
  package var data: JSON?

  package init(code: Int, message: String, data: JSON? = nil) {
    self.code = code
    self.message = message
    self.data = data
  }

  package static func invalidRequest(_ message: String) -> RPCError {
    RPCError(code: invalidRequest, message: message)
  }

  package static func internalError(_ message: String) -> RPCError {
    RPCError(code: internalError, message: message)
  }

  /// Params that do not have the shape of the method: clients look at the prefix only.
  package init(params error: JSONError) {
    self.init(code: Self.invalidRequest, message: "Invalid request: \(error.reason)")
  }

  package func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.field("code", code)
    writer.field("message", message)
    if let data { writer.field("data", data) }
    writer.endObject()
  }

  /// The error member of a response that a client sent.
  static func read(from reader: inout JSONReader) throws(JSONError) -> RPCError {
    var code: Int?
    var message: String?
    var data: JSON?
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "code": code = try reader.int()
      case "message": message = try reader.string()
      case "data": data = try reader.value()
      default: try reader.skip()
      }
    }
    guard let code else { throw reader.error(.missingField("code")) }
    guard let message else { throw reader.error(.missingField("message")) }
    return RPCError(code: code, message: message, data: data)
  }
}
