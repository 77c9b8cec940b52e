package import JSON

/// A message of the dialect that the app server speaks: JSON-RPC 2.0 without the `jsonrpc` member
/// (app-server-transport.md §6).
///
/// Params and results stay unread: `body` gives a reader for them.
package struct Message: Sendable {
  package enum Kind: Sendable {
    case request(RequestID, method: String)
    case notification(method: String)
    case response(RequestID)
    case failure(RequestID, RPCError)
  }

  /// Why a line is no message. Such lines are dropped and logged, as the reference does: where the id is not usable
  /// nobody could be answered.
  package enum Malformed: Error, Equatable, Sendable, CustomStringConvertible {
    case notJSON(JSONError)
    case notAMessage(String)

    package var description: String {
      switch self {
      case .notJSON(let error): "not JSON: \(error)"
      case .notAMessage(let reason): "not a message: \(reason)"
      }
    }
  }

  package let kind: Kind
  private let bytes: [UInt8]
  private let bodyRange: Range<Int>?

  /// A reader for the params or the result; nil where there are none.
  package var body: JSONReader? { bodyRange.map { JSONReader(bytes, in: $0) } }

  /// The text of the params or the result.
  package var bodyBytes: ArraySlice<UInt8>? { bodyRange.map { bytes[$0] } }

  /// Reads one line without its line end. A second member of the same name makes it no message.
  package init(_ line: [UInt8]) throws(Malformed) {
    (kind, bodyRange) = try Self.parse(line)
    bytes = line
  }

  private static func parse(_ line: [UInt8]) throws(Malformed) -> (Kind, Range<Int>?) {
    var reader = JSONReader(line)
    do throws(JSONError) {
      guard try reader.peek() == .object else {
        try reader.skip()
        try reader.finish()
        throw JSONError(.wrongType(expected: "a message", found: "another value"), at: 0)
      }
      var members = Members()
      try reader.beginObject()
      while let key = try reader.nextKey() { try members.read(key, from: &reader) }
      try reader.finish()
      return try members.message(at: reader)
    } catch {
      throw error.isSyntax ? .notJSON(error) : .notAMessage(error.reason)
    }
  }
}

/// What has been met of an envelope.
private struct Members {
  private var id: RequestID?
  private var method: String?
  private var params: Range<Int>?
  private var result: Range<Int>?
  private var error: RPCError?
  private var seen: Seen = []

  private struct Seen: OptionSet {
    let rawValue: UInt8
    static let id = Seen(rawValue: 1)
    static let method = Seen(rawValue: 2)
    static let params = Seen(rawValue: 4)
    static let result = Seen(rawValue: 8)
    static let error = Seen(rawValue: 16)
  }

  mutating func read(_ key: JSONKey, from reader: inout JSONReader) throws(JSONError) {
    switch key {
    case "id":
      try note(.id, "id", reader)
      id = try RequestID.read(from: &reader)
    case "method":
      try note(.method, "method", reader)
      method = try reader.string()
    case "params":
      try note(.params, "params", reader)
      params = try reader.skip()
    case "result":
      try note(.result, "result", reader)
      result = try reader.skip()
    case "error":
      try note(.error, "error", reader)
      error = try RPCError.read(from: &reader)
    default: try reader.skip()  // `jsonrpc`, `trace` and whatever else
    }
  }

  private mutating func note(_ member: Seen, _ name: String, _ reader: JSONReader) throws(JSONError) {
    guard seen.insert(member).inserted else { throw reader.error(.invalidValue("duplicate field `\(name)`")) }
  }

  func message(at reader: JSONReader) throws(JSONError) -> (Message.Kind, Range<Int>?) {
    switch (method, id) {
    case (let method?, let id?): return (.request(id, method: method), params)
    case (let method?, nil): return (.notification(method: method), params)
    case (nil, let id?):
      if let error { return (.failure(id, error), nil) }
      if let result { return (.response(id), result) }
      throw reader.error(.invalidValue("neither a call nor a response"))
    case (nil, nil): throw reader.error(.invalidValue("no method and no usable id"))
    }
  }
}
