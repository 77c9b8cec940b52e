package import JSON

/// A call of a tool of an MCP server.
package struct McpToolCallItem: Sendable, Equatable {
  package enum Status: String, Sendable {
    case inProgress
    case completed
    case failed
  }

  package struct Result: Sendable, Equatable {
    /// An array of MCP content blocks.
    package var content: RawJSON
    package var structuredContent: RawJSON?
    /// Only in files.
    package var isError: Bool?
    package var meta: RawJSON?

    package init(
      content: RawJSON, structuredContent: RawJSON? = nil, isError: Bool? = nil, meta: RawJSON? = nil
    ) {
      self.content = content
      self.structuredContent = structuredContent
      self.isError = isError
      self.meta = meta
    }

    /// As the MCP server gave it; `content` may be missing.
    package init(_ reader: inout JSONReader) throws(JSONError) {
      content = RawJSON(unchecked: Array("[]".utf8))
      try reader.beginObject()
      while let key = try reader.nextKey() {
        switch key {
        case "content": content = try RawJSON(&reader)
        case "structuredContent": structuredContent = try reader.rawOrNull()
        case "isError": isError = try reader.optionalBool()
        case "_meta": meta = try reader.rawOrNull()
        default: try reader.skip()
        }
      }
    }

    func write(to writer: inout JSONWriter) {
      writer.beginObject()
      writer.key("content")
      writer.raw(content)
      writer.field("structuredContent", structuredContent)
      writer.field("_meta", meta)
      writer.endObject()
    }

    package func writeRollout(to writer: inout JSONWriter) {
      writer.beginObject()
      writer.key("content")
      writer.raw(content)
      if let structuredContent { writer.field("structuredContent", structuredContent) }
      if let isError { writer.field("isError", isError) }
      if let meta { writer.field("_meta", meta) }
      writer.endObject()
    }
  }

  package var id: String
  package var server: String
  package var tool: String
  package var arguments: RawJSON
  package var status: Status
  package var appContext: RawJSON?
  /// On the wire only where there is one.
  package var appResourceURI: String?
  package var appUI: RawJSON?
  package var pluginID: String?
  package var readOnlyHint: Bool?
  package var result: Result?
  /// The text of the error.
  package var error: String?
  package var duration: Duration?

  package init(
    id: String, server: String, tool: String, arguments: RawJSON, status: Status = .inProgress,
    readOnlyHint: Bool? = nil, result: Result? = nil, error: String? = nil, duration: Duration? = nil
  ) {
    self.id = id
    self.server = server
    self.tool = tool
    self.arguments = arguments
    self.status = status
    self.readOnlyHint = readOnlyHint
    self.result = result
    self.error = error
    self.duration = duration
  }

  init(rollout reader: inout JSONReader) throws(JSONError) {
    var id: String?
    var server: String?
    var tool: String?
    var status: Status?
    arguments = .null
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "id": id = try reader.string()
      case "server": server = try reader.string()
      case "tool": tool = try reader.string()
      case "arguments": arguments = try RawJSON(&reader)
      case "status": status = try reader.camelWord(Status.self)
      case "appContext": appContext = try reader.rawOrNull()
      case "mcpAppResourceUri": appResourceURI = try reader.optionalString()
      case "mcpAppUi": appUI = try reader.rawOrNull()
      case "pluginId": pluginID = try reader.optionalString()
      case "readOnlyHint": readOnlyHint = try reader.optionalBool()
      case "result": if try !reader.takeNull() { result = try Result(&reader) }
      case "error": error = try Self.message(&reader)
      case "duration": duration = try reader.durationOrNull()
      default: try reader.skip()
      }
    }
    self.id = try reader.require(id, "id")
    self.server = try reader.require(server, "server")
    self.tool = try reader.require(tool, "tool")
    self.status = try reader.require(status, "status")
  }

  private static func message(_ reader: inout JSONReader) throws(JSONError) -> String? {
    if try reader.takeNull() { return nil }
    var message = ""
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "message": message = try reader.string()
      default: try reader.skip()
      }
    }
    return message
  }

  package func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.field("type", literal: "mcpToolCall")
    writer.field("id", id)
    writer.field("server", server)
    writer.field("tool", tool)
    writer.field("status", status.rawValue)
    writer.key("arguments")
    writer.raw(arguments)
    writer.field("appContext", appContext)
    if let appResourceURI { writer.field("mcpAppResourceUri", appResourceURI) }
    writer.field("mcpAppUi", appUI)
    writer.field("pluginId", pluginID)
    writer.field("readOnlyHint", readOnlyHint)
    writer.key("result")
    if let result { result.write(to: &writer) } else { writer.null() }
    writer.errorField(error)
    writer.field("durationMs", duration?.wholeMilliseconds)
    writer.endObject()
  }

  package func writeRollout(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.field("type", literal: "McpToolCall")
    writer.field("id", id)
    writer.field("server", server)
    writer.field("tool", tool)
    writer.key("arguments")
    writer.raw(arguments)
    if let appContext { writer.field("appContext", appContext) }
    if let appResourceURI { writer.field("mcpAppResourceUri", appResourceURI) }
    if let appUI { writer.field("mcpAppUi", appUI) }
    if let pluginID { writer.field("pluginId", pluginID) }
    if let readOnlyHint { writer.field("readOnlyHint", readOnlyHint) }
    writer.field("status", status.rawValue)
    if let result {
      writer.key("result")
      result.writeRollout(to: &writer)
    }
    if error != nil { writer.errorField(error) }
    if let duration { writer.duration("duration", duration) }
    writer.endObject()
  }
}

extension JSONWriter {
  /// `"error": {"message": …}`, or null.
  fileprivate mutating func errorField(_ message: String?) {
    key("error")
    guard let message else { return null() }
    beginObject()
    field("message", message)
    endObject()
  }
}

/// A call of a tool that the client offered.
package struct DynamicToolCallItem: Sendable, Equatable {
  package enum Status: String, Sendable {
    case inProgress
    case completed
    case failed
  }

  package var id: String
  package var namespace: String?
  package var tool: String
  package var arguments: RawJSON
  package var status: Status
  /// An array of `{type: inputText|inputImage|inputAudio, …}`, camelCase in both forms.
  package var contentItems: RawJSON?
  package var success: Bool?
  package var duration: Duration?

  package init(
    id: String, namespace: String? = nil, tool: String, arguments: RawJSON, status: Status = .inProgress,
    contentItems: RawJSON? = nil, success: Bool? = nil, duration: Duration? = nil
  ) {
    self.id = id
    self.namespace = namespace
    self.tool = tool
    self.arguments = arguments
    self.status = status
    self.contentItems = contentItems
    self.success = success
    self.duration = duration
  }

  init(rollout reader: inout JSONReader) throws(JSONError) {
    var id: String?
    var tool: String?
    var status: Status?
    arguments = .null
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "id": id = try reader.string()
      case "namespace": namespace = try reader.optionalString()
      case "tool": tool = try reader.string()
      case "arguments": arguments = try RawJSON(&reader)
      case "status": status = try reader.camelWord(Status.self)
      case "content_items": contentItems = try reader.rawOrNull()
      case "success": success = try reader.optionalBool()
      case "duration": duration = try reader.durationOrNull()
      default: try reader.skip()
      }
    }
    self.id = try reader.require(id, "id")
    self.tool = try reader.require(tool, "tool")
    self.status = try reader.require(status, "status")
  }

  package func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.field("type", literal: "dynamicToolCall")
    writer.field("id", id)
    writer.field("namespace", namespace)
    writer.field("tool", tool)
    writer.key("arguments")
    writer.raw(arguments)
    writer.field("status", status.rawValue)
    writer.field("contentItems", contentItems)
    writer.field("success", success)
    writer.field("durationMs", duration?.wholeMilliseconds)
    writer.endObject()
  }

  package func writeRollout(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.field("type", literal: "DynamicToolCall")
    writer.field("id", id)
    if let namespace { writer.field("namespace", namespace) }
    writer.field("tool", tool)
    writer.key("arguments")
    writer.raw(arguments)
    writer.field("status", NameCase.snake(status.rawValue))
    if let contentItems { writer.field("content_items", contentItems) }
    if let success { writer.field("success", success) }
    if let duration { writer.duration("duration", duration) }
    writer.endObject()
  }
}

/// A search on the web that the model's provider did.
package struct WebSearchItem: Sendable, Equatable {
  package enum Action: Sendable, Equatable {
    case search(query: String?, queries: [String]?)
    case openPage(url: String?)
    case findInPage(url: String?, pattern: String?)
    case other

    /// Reads either form: `open_page` in files and model items, `openPage` on the wire.
    package init(_ reader: inout JSONReader) throws(JSONError) {
      var type: String?
      var query: String?
      var queries: [String]?
      var url: String?
      var pattern: String?
      try reader.beginObject()
      while let key = try reader.nextKey() {
        switch key {
        case "type": type = try reader.string()
        case "query": query = try reader.optionalString()
        case "queries": queries = try reader.takeNull() ? nil : try reader.strings()
        case "url": url = try reader.optionalString()
        case "pattern": pattern = try reader.optionalString()
        default: try reader.skip()
        }
      }
      switch try reader.require(type, "type") {
      case "search": self = .search(query: query, queries: queries)
      case "open_page", "openPage": self = .openPage(url: url)
      case "find_in_page", "findInPage": self = .findInPage(url: url, pattern: pattern)
      default: self = .other
      }
    }

    func write(to writer: inout JSONWriter) {
      writer.beginObject()
      switch self {
      case .search(let query, let queries):
        writer.field("type", literal: "search")
        writer.field("query", query)
        if let queries { writer.field("queries", queries) } else { writer.nullField("queries") }
      case .openPage(let url):
        writer.field("type", literal: "openPage")
        writer.field("url", url)
      case .findInPage(let url, let pattern):
        writer.field("type", literal: "findInPage")
        writer.field("url", url)
        writer.field("pattern", pattern)
      case .other: writer.field("type", literal: "other")
      }
      writer.endObject()
    }

    package func writeRollout(to writer: inout JSONWriter) {
      writer.beginObject()
      switch self {
      case .search(let query, let queries):
        writer.field("type", literal: "search")
        if let query { writer.field("query", query) }
        if let queries { writer.field("queries", queries) }
      case .openPage(let url):
        writer.field("type", literal: "open_page")
        if let url { writer.field("url", url) }
      case .findInPage(let url, let pattern):
        writer.field("type", literal: "find_in_page")
        if let url { writer.field("url", url) }
        if let pattern { writer.field("pattern", pattern) }
      case .other: writer.field("type", literal: "other")
      }
      writer.endObject()
    }
  }

  package var id: String
  package var query: String
  /// nil while it is running; files always have one.
  package var action: Action?
  package var results: RawJSON?

  package init(id: String, query: String, action: Action? = nil, results: RawJSON? = nil) {
    self.id = id
    self.query = query
    self.action = action
    self.results = results
  }

  init(rollout reader: inout JSONReader) throws(JSONError) {
    var id: String?
    query = ""
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "id": id = try reader.string()
      case "query": query = try reader.optionalString() ?? ""
      case "action": if try !reader.takeNull() { action = try Action(&reader) }
      case "results": results = try reader.rawOrNull()
      default: try reader.skip()
      }
    }
    self.id = try reader.require(id, "id")
  }

  package func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.field("type", literal: "webSearch")
    writer.field("id", id)
    writer.field("query", query)
    writer.key("action")
    if let action { action.write(to: &writer) } else { writer.null() }
    writer.field("results", results)
    writer.endObject()
  }

  package func writeRollout(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.field("type", literal: "WebSearch")
    writer.field("id", id)
    writer.field("query", query)
    writer.key("action")
    (action ?? .other).writeRollout(to: &writer)
    if let results { writer.field("results", results) }
    writer.endObject()
  }
}

/// A picture of the workspace that the model looked at.
package struct ImageViewItem: Sendable, Equatable {
  package var id: String
  package var path: String

  package init(id: String, path: String) {
    self.id = id
    self.path = path
  }

  init(rollout reader: inout JSONReader) throws(JSONError) {
    var id: String?
    var path: String?
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "id": id = try reader.string()
      case "path": path = FileURL.path(try reader.string())
      default: try reader.skip()
      }
    }
    self.id = try reader.require(id, "id")
    self.path = try reader.require(path, "path")
  }

  package func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.field("type", literal: "imageView")
    writer.field("id", id)
    writer.field("path", path)
    writer.endObject()
  }

  package func writeRollout(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.field("type", literal: "ImageView")
    writer.field("id", id)
    writer.field("path", FileURL.url(path))
    writer.endObject()
  }
}
