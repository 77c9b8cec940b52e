import AppServerProtocol
import JSON

/// Items as legacy files store them: event messages of one kind an item.
enum LegacyItems {
  /// - Parameter id: for records that have none.
  static func item(
    _ form: IndexedItem.Form, _ payload: inout JSONReader, id: String
  ) throws(JSONError) -> ThreadItem? {
    switch form {
    case .completed: try completed(&payload)
    case .userMessage: .userMessage(try userMessage(&payload, id))
    case .agentMessage: .agentMessage(try agentMessage(&payload, id))
    case .reasoning: .reasoning(ReasoningItem(id: id, summary: [try text(&payload)]))
    case .patch: .fileChange(try patch(&payload))
    case .mcpCall: .mcpToolCall(try mcpCall(&payload))
    case .webSearch: .webSearch(try webSearch(&payload))
    case .imageGeneration: try imageGeneration(&payload)
    case .compaction: .contextCompaction(ContextCompactionItem(id: id))
    case .enteredReview: .enteredReviewMode(try enteredReview(&payload, id))
    case .exitedReview: .exitedReviewMode(try exitedReview(&payload, id))
    }
  }

  /// The text of a record of reasoning, and whether it is raw.
  static func reasoning(_ payload: inout JSONReader) throws(JSONError) -> (text: String, isRaw: Bool) {
    let isRaw = try payload.peekMember("type") == "agent_reasoning_raw_content"
    return (try text(&payload), isRaw)
  }

  private static func completed(_ reader: inout JSONReader) throws(JSONError) -> ThreadItem? {
    var item: ThreadItem?
    try reader.beginObject()
    while let key = try reader.nextKey() {
      if "item" ~= key { item = try ThreadItem(rollout: &reader) } else { try reader.skip() }
    }
    return item
  }

  private static func text(_ reader: inout JSONReader) throws(JSONError) -> String {
    var text: String?
    try reader.beginObject()
    while let key = try reader.nextKey() {
      if "text" ~= key { text = try reader.string() } else { try reader.skip() }
    }
    return try reader.require(text, "text")
  }

  private static func userMessage(_ reader: inout JSONReader, _ id: String) throws(JSONError) -> UserMessageItem {
    var clientID: String?
    var message: String?
    var elements: [TextElement] = []
    var attachments: [UserInput] = []
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "client_id": clientID = try reader.optionalString()
      case "message": message = try reader.string()
      case "images": attachments += (try reader.optionalStrings() ?? []).map { .image(url: $0) }
      case "local_images": attachments += (try reader.optionalStrings() ?? []).map { .localImage(path: $0) }
      case "audio": attachments += (try reader.optionalStrings() ?? []).map { .audio(url: $0) }
      case "local_audio": attachments += (try reader.optionalStrings() ?? []).map { .localAudio(path: $0) }
      case "text_elements":
        if try reader.takeNull() { continue }
        elements = try reader.elements { (reader) throws(JSONError) in try TextElement(&reader) }
      default: try reader.skip()
      }
    }
    let text = try reader.require(message, "message")
    let content: [UserInput] = text.isEmpty && !attachments.isEmpty ? [] : [.text(text, elements: elements)]
    return UserMessageItem(id: id, clientID: clientID, content: content + attachments)
  }

  private static func agentMessage(_ reader: inout JSONReader, _ id: String) throws(JSONError) -> AgentMessageItem {
    var message: String?
    var phase: String?
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "message": message = try reader.string()
      case "phase": phase = try reader.optionalString()
      default: try reader.skip()
      }
    }
    return AgentMessageItem(id: id, text: try reader.require(message, "message"), phase: phase)
  }

  private static func patch(_ reader: inout JSONReader) throws(JSONError) -> FileChangeItem {
    var id: String?
    var changes: [FileChange] = []
    var status: String?
    var output = ""
    var errors = ""
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "call_id": id = try reader.string()
      case "changes": changes = try FileChange.sortedMap(rollout: &reader)
      case "status": status = try reader.string()
      case "stdout": output = try reader.optionalString() ?? ""
      case "stderr": errors = try reader.optionalString() ?? ""
      default: try reader.skip()
      }
    }
    guard let known = FileChangeItem.Status(rawValue: try reader.require(status, "status")) else {
      throw reader.error(.invalidValue("unknown variant `\(status ?? "")`"))
    }
    return FileChangeItem(
      id: try reader.require(id, "call_id"), changes: changes, status: known, standardOutput: output,
      standardError: errors)
  }

  private static func mcpCall(_ reader: inout JSONReader) throws(JSONError) -> McpToolCallItem {
    var id: String?
    var server: String?
    var tool: String?
    var arguments = RawJSON.null
    var item = McpToolCallItem(id: "", server: "", tool: "", arguments: .null)
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "call_id": id = try reader.string()
      case "invocation":
        try reader.beginObject()
        while let member = try reader.nextKey() {
          switch member {
          case "server": server = try reader.string()
          case "tool": tool = try reader.string()
          case "arguments": arguments = try RawJSON(&reader)
          default: try reader.skip()
          }
        }
      case "plugin_id": item.pluginID = try reader.optionalString()
      case "duration": item.duration = try reader.durationOrNull()
      case "result": try mcpResult(&reader, &item)
      default: try reader.skip()
      }
    }
    item.id = try reader.require(id, "call_id")
    item.server = try reader.require(server, "server")
    item.tool = try reader.require(tool, "tool")
    item.arguments = arguments
    item.status = item.error == nil && item.result?.isError != true ? .completed : .failed
    return item
  }

  private static func mcpResult(_ reader: inout JSONReader, _ item: inout McpToolCallItem) throws(JSONError) {
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "Ok": item.result = try McpToolCallItem.Result(&reader)
      case "Err": item.error = try reader.string()
      default: try reader.skip()
      }
    }
  }

  private static func webSearch(_ reader: inout JSONReader) throws(JSONError) -> WebSearchItem {
    var id: String?
    var item = WebSearchItem(id: "", query: "")
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "call_id": id = try reader.string()
      case "query": item.query = try reader.optionalString() ?? ""
      case "action": if try !reader.takeNull() { item.action = try WebSearchItem.Action(&reader) }
      default: try reader.skip()
      }
    }
    item.id = try reader.require(id, "call_id")
    return item
  }

  private static func imageGeneration(_ reader: inout JSONReader) throws(JSONError) -> ThreadItem? {
    let stored = try reader.value()
    guard let id = stored["call_id"]?.stringValue, let object = stored.objectValue else { return nil }
    var item = JSONObject([("type", "ImageGeneration"), ("id", .string(id))])
    for (key, value) in object.members where key != "type" && key != "call_id" { item[key] = value }
    var again = JSONReader(JSON.object(item).encoded)
    return try ThreadItem(rollout: &again)
  }

  private static func enteredReview(
    _ reader: inout JSONReader, _ id: String
  ) throws(JSONError) -> EnteredReviewModeItem {
    var item = EnteredReviewModeItem(id: id, target: .null, review: "")
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "target": item.target = try RawJSON(&reader)
      case "user_facing_hint": item.review = try reader.optionalString() ?? ""
      default: try reader.skip()
      }
    }
    return item
  }

  private static func exitedReview(_ reader: inout JSONReader, _ id: String) throws(JSONError) -> ExitedReviewModeItem {
    var item = ExitedReviewModeItem(id: id, output: nil)
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "review_output": if try !reader.takeNull() { item.output = try ReviewOutput(&reader) }
      default: try reader.skip()
      }
    }
    return item
  }
}
