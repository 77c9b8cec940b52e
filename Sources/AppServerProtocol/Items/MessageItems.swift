package import JSON

/// What the user said.
package struct UserMessageItem: Sendable, Equatable {
  package var id: String
  /// The client's own name for the message (`clientUserMessageId` of `turn/start`).
  package var clientID: String?
  package var content: [UserInput]

  package init(id: String, clientID: String? = nil, content: [UserInput]) {
    self.id = id
    self.clientID = clientID
    self.content = content
  }

  init(rollout reader: inout JSONReader) throws(JSONError) {
    var id: String?
    var content: [UserInput]?
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "id": id = try reader.string()
      case "client_id": clientID = try reader.optionalString()
      case "content":
        var parts: [UserInput] = []
        try reader.beginArray()
        while try reader.nextElement() { parts.append(try UserInput(rollout: &reader)) }
        content = parts
      default: try reader.skip()
      }
    }
    self.id = try reader.require(id, "id")
    self.content = try reader.require(content, "content")
  }

  package func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.field("type", literal: "userMessage")
    writer.field("id", id)
    writer.field("clientId", clientID)
    writer.key("content")
    writer.beginArray()
    for part in content { part.write(to: &writer) }
    writer.endArray()
    writer.endObject()
  }

  package func writeRollout(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.field("type", literal: "UserMessage")
    writer.field("id", id)
    if let clientID { writer.field("client_id", clientID) }
    writer.key("content")
    writer.beginArray()
    for part in content { part.writeRollout(to: &writer) }
    writer.endArray()
    writer.endObject()
  }
}

/// What the model said.
package struct AgentMessageItem: Sendable, Equatable {
  package var id: String
  package var text: String
  /// `commentary`, `partial_answer`, `final_answer` or nil, the same word in both forms.
  package var phase: String?
  /// In the wire's form.
  package var memoryCitation: RawJSON?
  package var delivery: RawJSON?
  package var questions: RawJSON?

  package init(id: String, text: String, phase: String? = nil) {
    self.id = id
    self.text = text
    self.phase = phase
  }

  init(rollout reader: inout JSONReader) throws(JSONError) {
    var id: String?
    var text: String?
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "id": id = try reader.string()
      case "phase": phase = try reader.optionalString()
      case "content":
        var joined = ""
        try reader.beginArray()
        while try reader.nextElement() { joined += try Self.contentText(&reader) }
        text = joined
      case "memory_citation": memoryCitation = try Self.citation(&reader)
      default: try reader.skip()
      }
    }
    self.id = try reader.require(id, "id")
    self.text = try reader.require(text, "content")
  }

  private static func contentText(_ reader: inout JSONReader) throws(JSONError) -> String {
    var text = ""
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "text": text = try reader.string()
      default: try reader.skip()
      }
    }
    return text
  }

  private static func citation(_ reader: inout JSONReader) throws(JSONError) -> RawJSON? {
    guard let stored = try reader.rawOrNull()?.value else { return nil }
    return RawJSON([
      "entries": stored["entries"] ?? [], "threadIds": stored["rolloutIds"] ?? stored["rollout_ids"] ?? [],
    ])
  }

  package func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.field("type", literal: "agentMessage")
    writer.field("id", id)
    writer.field("text", text)
    writer.field("phase", phase)
    writer.field("memoryCitation", memoryCitation)
    writer.field("delivery", delivery)
    writer.field("questions", questions)
    writer.endObject()
  }

  package func writeRollout(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.field("type", literal: "AgentMessage")
    writer.field("id", id)
    writer.key("content")
    writer.beginArray()
    writer.beginObject()
    writer.field("type", literal: "Text")
    writer.field("text", text)
    writer.endObject()
    writer.endArray()
    if let phase { writer.field("phase", phase) }
    if let memoryCitation, let shown = memoryCitation.value {
      writer.key("memory_citation")
      writer.beginObject()
      writer.field("entries", shown["entries"] ?? [])
      writer.field("rolloutIds", shown["threadIds"] ?? [])
      writer.endObject()
    }
    writer.endObject()
  }
}

/// What the model thought: short summaries, and the raw text where the provider gives it.
package struct ReasoningItem: Sendable, Equatable {
  package var id: String
  package var summary: [String]
  package var content: [String]

  package init(id: String, summary: [String] = [], content: [String] = []) {
    self.id = id
    self.summary = summary
    self.content = content
  }

  init(rollout reader: inout JSONReader) throws(JSONError) {
    var id: String?
    var summary: [String]?
    content = []
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "id": id = try reader.string()
      case "summary_text": summary = try reader.strings()
      case "raw_content": content = try reader.takeNull() ? [] : try reader.strings()
      default: try reader.skip()
      }
    }
    self.id = try reader.require(id, "id")
    self.summary = try reader.require(summary, "summary_text")
  }

  package func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.field("type", literal: "reasoning")
    writer.field("id", id)
    writer.field("summary", summary)
    writer.field("content", content)
    writer.endObject()
  }

  package func writeRollout(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.field("type", literal: "Reasoning")
    writer.field("id", id)
    writer.field("summary_text", summary)
    writer.field("raw_content", content)
    writer.endObject()
  }
}

/// A plan that the model proposed in plan mode.
package struct PlanItem: Sendable, Equatable {
  package var id: String
  package var text: String

  package init(id: String, text: String) {
    self.id = id
    self.text = text
  }

  init(rollout reader: inout JSONReader) throws(JSONError) {
    var id: String?
    var text: String?
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "id": id = try reader.string()
      case "text": text = try reader.string()
      default: try reader.skip()
      }
    }
    self.id = try reader.require(id, "id")
    self.text = try reader.require(text, "text")
  }

  package func write(to writer: inout JSONWriter) { write(to: &writer, type: "plan") }
  package func writeRollout(to writer: inout JSONWriter) { write(to: &writer, type: "Plan") }

  private func write(to writer: inout JSONWriter, type: StaticString) {
    writer.beginObject()
    writer.field("type", literal: type)
    writer.field("id", id)
    writer.field("text", text)
    writer.endObject()
  }
}

/// A mark where the history before was replaced by a summary.
package struct ContextCompactionItem: Sendable, Equatable {
  package var id: String

  package init(id: String) { self.id = id }

  init(rollout reader: inout JSONReader) throws(JSONError) {
    var id: String?
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "id": id = try reader.string()
      default: try reader.skip()
      }
    }
    self.id = try reader.require(id, "id")
  }

  package func write(to writer: inout JSONWriter) { write(to: &writer, type: "contextCompaction") }
  package func writeRollout(to writer: inout JSONWriter) { write(to: &writer, type: "ContextCompaction") }

  private func write(to writer: inout JSONWriter, type: StaticString) {
    writer.beginObject()
    writer.field("type", literal: type)
    writer.field("id", id)
    writer.endObject()
  }
}
