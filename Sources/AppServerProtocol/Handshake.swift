package import JSON

/// `initialize`: who connects, and what it can do (app-server-transport.md §5.1).
package struct InitializeParams: Params {
  package static let method = "initialize"

  package var clientName = ""
  package var clientTitle: String?
  package var clientVersion = ""
  package var capabilities = Capabilities()

  package struct Capabilities: Sendable, Equatable {
    package var experimentalAPI = false
    /// Exact names of the notifications that this connection does not want.
    package var optOutNotificationMethods: Set<String> = []
    package var requestAttestation = false

    package init() {}
  }

  package init(from reader: inout JSONReader) throws(JSONError) {
    var hasInfo = false
    var name: String?
    var title: String?
    var version: String?
    var capabilities = Capabilities()
    try reader.members { (key, reader) throws(JSONError) in
      switch key {
      case "clientInfo":
        hasInfo = true
        try reader.members { (key, reader) throws(JSONError) in
          switch key {
          case "name": name = try reader.string()
          case "title": title = try reader.optionalString()
          case "version": version = try reader.string()
          default: try reader.skip()
          }
        }
        name = try reader.require(name, "name")
        version = try reader.require(version, "version")
      case "capabilities":
        if try reader.takeNull() { return }
        try reader.members { (key, reader) throws(JSONError) in
          switch key {
          case "experimentalApi": capabilities.experimentalAPI = try reader.optionalBool() ?? false
          case "optOutNotificationMethods":
            capabilities.optOutNotificationMethods = Set(try reader.optionalStrings() ?? [])
          case "requestAttestation": capabilities.requestAttestation = try reader.optionalBool() ?? false
          default: try reader.skip()
          }
        }
      default: try reader.skip()
      }
    }
    guard hasInfo else { throw reader.error(.missingField("clientInfo")) }
    clientName = name ?? ""
    clientTitle = title
    clientVersion = version ?? ""
    self.capabilities = capabilities
  }
}

package struct InitializeResult: Sendable {
  package var userAgent: String
  package var codexHome: String

  package init(userAgent: String, codexHome: String) {
    self.userAgent = userAgent
    self.codexHome = codexHome
  }

  package func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.field("userAgent", userAgent)
    writer.field("codexHome", codexHome)
    writer.field("platformFamily", literal: "unix")
    writer.field("platformOs", literal: "linux")
    writer.endObject()
  }
}
