package import JSON

/// A page of a list that is held in memory.
package struct PageParams: Params {
  package var cursor: String?
  package var limit: Int?
  package var includeHidden = false

  package init(from reader: inout JSONReader) throws(JSONError) {
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "cursor": cursor = try reader.optionalString()
      case "limit":
        let place = reader.error(.unexpectedEnd).offset
        limit = try reader.optionalInt()
        if let limit, limit < 0 || limit > Int(UInt32.max) { throw JSONError(.numberOutOfRange, at: place) }
      case "includeHidden": includeHidden = try reader.optionalBool() ?? false
      default: try reader.skip()
      }
    }
  }
}

package struct ConfigReadParams: Params {
  package static let method = "config/read"

  package var includeLayers = false
  package var cwd: String?

  package init(from reader: inout JSONReader) throws(JSONError) {
    if try reader.takeNull() { return }
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "includeLayers": includeLayers = try reader.bool()
      case "cwd": cwd = try reader.optionalString()
      default: try reader.skip()
      }
    }
  }
}
