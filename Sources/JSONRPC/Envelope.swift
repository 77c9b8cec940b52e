package import JSON

/// The envelopes of what we send. None of them carries a `jsonrpc` member.
package enum Envelope {
  /// `{"id":…,"result":…}`
  package static func response<Failure>(
    _ id: RequestID, result: (inout JSONWriter) throws(Failure) -> Void
  ) throws(Failure) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("id")
    id.write(to: &writer)
    writer.key("result")
    try result(&writer)
    writer.endObject()
    return writer.bytes
  }

  /// `{"id":…,"error":{…}}`
  package static func failure(_ id: RequestID, _ error: RPCError) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("id")
    id.write(to: &writer)
    writer.key("error")
    error.write(to: &writer)
    writer.endObject()
    return writer.bytes
  }

  /// `{"method":…,"params":…,"emittedAtMs":…}`, into a writer that is used again and again.
  package static func notification(
    _ method: StaticString, emittedAtMs: Int64, into writer: inout JSONWriter, params: (inout JSONWriter) -> Void
  ) {
    writer.removeAll()
    writer.beginObject()
    writer.field("method", literal: method)
    writer.key("params")
    params(&writer)
    writer.field("emittedAtMs", emittedAtMs)
    writer.endObject()
  }

  /// `{"id":…,"method":…,"params":…}`
  package static func request(
    _ id: RequestID, method: String, params: (inout JSONWriter) -> Void
  ) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("id")
    id.write(to: &writer)
    writer.field("method", method)
    writer.key("params")
    params(&writer)
    writer.endObject()
    return writer.bytes
  }
}
