package import JSON

/// The id of a request: a string or a signed 64-bit whole number, returned to the caller as it came.
///
/// Anything else (null, fractions, numbers beyond 64 bits) cannot be answered; see `Message`.
package enum RequestID: Hashable, Sendable {
  case string(String)
  case integer(Int64)

  package func write(to writer: inout JSONWriter) {
    switch self {
    case .string(let text): writer.string(text)
    case .integer(let number): writer.int(number)
    }
  }

  /// The id that is next in the text, or nil (with the value consumed) if it is no usable one.
  static func read(from reader: inout JSONReader) throws(JSONError) -> RequestID? {
    switch try reader.peek() {
    case .string: return .string(try reader.string())
    case .number: return try reader.number().int64.map(RequestID.integer)
    default:
      try reader.skip()
      return nil
    }
  }
}
