package import JSON

/// One item of a model's reply: its JSON as it came, and what the agent needs to know of it.
///
/// The JSON goes into the history and back to the server unchanged, because reasoning is encrypted and items of kinds
/// that are unknown here must survive (agent-core §2.1).
package struct OutputItem: Sendable, Equatable {
  /// The server's id; nil where it gave none.
  package var id: String?
  package var content: Content
  /// The item as JSON text.
  package var raw: [UInt8]

  package init(id: String?, content: Content, raw: [UInt8]) {
    self.id = id
    self.content = content
    self.raw = raw
  }

  package enum Content: Sendable, Equatable {
    case message(Message)
    case reasoning(Reasoning)
    case functionCall(FunctionCall)
    case customToolCall(CustomToolCall)
    case webSearchCall(WebSearchCall)
    /// A search for deferred tools, which the client runs.
    case toolSearchCall(ToolSearchCall)
    /// The encrypted summary that a remote compaction returns.
    case compaction
    /// Recorded, not acted upon.
    case other(type: String)
  }

  package struct Message: Sendable, Equatable {
    package var role: String
    /// The `output_text` parts joined.
    package var text: String
    /// `commentary` or `final_answer`, where the model says so.
    package var phase: String?

    package init(role: String = "assistant", text: String, phase: String? = nil) {
      self.role = role
      self.text = text
      self.phase = phase
    }
  }

  package struct Reasoning: Sendable, Equatable {
    package var summary: [String]
    package var content: [String]

    package init(summary: [String], content: [String] = []) {
      self.summary = summary
      self.content = content
    }
  }

  package struct FunctionCall: Sendable, Equatable {
    package var name: String
    package var namespace: String?
    package var callID: String
    /// JSON text as the model wrote it; it need not be well-formed.
    package var arguments: String

    package init(name: String, namespace: String? = nil, callID: String, arguments: String) {
      self.name = name
      self.namespace = namespace
      self.callID = callID
      self.arguments = arguments
    }
  }

  package struct CustomToolCall: Sendable, Equatable {
    package var name: String
    package var callID: String
    package var input: String

    package init(name: String, callID: String, input: String) {
      self.name = name
      self.callID = callID
      self.input = input
    }
  }

  package struct WebSearchCall: Sendable, Equatable {
    package var status: String?
    /// The `action` member: what was searched or opened, in the server's words.
    package var action: JSON?

    package init(status: String?, action: JSON?) {
      self.status = status
      self.action = action
    }
  }

  package struct ToolSearchCall: Sendable, Equatable {
    package var callID: String?
    /// `client` or `server`.
    package var execution: String?
    package var arguments: JSON?

    package init(callID: String?, execution: String?, arguments: JSON?) {
      self.callID = callID
      self.execution = execution
      self.arguments = arguments
    }
  }
}

extension OutputItem {
  /// Reads an item from its JSON; nil where it lacks what its type requires.
  package init?(raw: [UInt8]) {
    guard let item = try? OutputItem(in: raw, at: 0..<raw.count) else { return nil }
    self = item
  }

  init?(in bytes: [UInt8], at range: Range<Int>?) throws(JSONError) {
    guard let range else { return nil }
    let members = try ItemMembers(in: bytes, at: range)
    guard let content = members.content else { return nil }
    self.init(id: members.id, content: content, raw: Array(bytes[range]))
  }
}

/// The members of all kinds of items together; which of them count depends on `type`.
private struct ItemMembers {
  var type: String?
  var id: String?
  var role: String?
  var phase: String?
  var name: String?
  var namespace: String?
  var callID: String?
  var status: String?
  var execution: String?
  var input: String?
  var arguments: Value?
  var action: JSON?
  var summary: [String] = []
  var parts: [Part] = []

  struct Part {
    var type: String
    var text: String
  }

  /// Arguments are text in a function call and an object in a tool search.
  enum Value {
    case text(String)
    case tree(JSON)
  }

  init(in bytes: [UInt8], at range: Range<Int>) throws(JSONError) {
    var reader = JSONReader(bytes, in: range)
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "type": type = try reader.string()
      case "id": id = try reader.stringIfAny()
      case "role": role = try reader.stringIfAny()
      case "phase": phase = try reader.stringIfAny()
      case "name": name = try reader.stringIfAny()
      case "namespace": namespace = try reader.stringIfAny()
      case "call_id": callID = try reader.stringIfAny()
      case "status": status = try reader.stringIfAny()
      case "execution": execution = try reader.stringIfAny()
      case "input": input = try reader.stringIfAny()
      case "arguments":
        arguments = try reader.peek() == .string ? .text(try reader.string()) : .tree(try reader.value())
      case "action": action = try reader.takeNull() ? nil : try reader.value()
      case "summary": summary = try Self.parts(&reader).map(\.text)
      case "content": parts = try Self.parts(&reader)
      default: try reader.skip()
      }
    }
  }

  /// The parts that carry a text, in order. Anything but a list counts as none.
  private static func parts(_ reader: inout JSONReader) throws(JSONError) -> [Part] {
    guard try reader.peek() == .array else {
      try reader.skip()
      return []
    }
    var parts: [Part] = []
    try reader.beginArray()
    while try reader.nextElement() {
      guard try reader.peek() == .object else {
        try reader.skip()
        continue
      }
      var part = Part(type: "", text: "")
      var hasText = false
      try reader.beginObject()
      while let key = try reader.nextKey() {
        switch key {
        case "type": part.type = try reader.stringIfAny() ?? ""
        case "text":
          if let text = try reader.stringIfAny() { (part.text, hasText) = (text, true) }
        default: try reader.skip()
        }
      }
      if hasText { parts.append(part) }
    }
    return parts
  }

  /// Nil where a required member is missing.
  var content: OutputItem.Content? {
    switch type {
    case "message":
      guard let role else { return nil }
      return .message(.init(role: role, text: parts.map(\.text).joined(), phase: phase))
    case "reasoning":
      return .reasoning(.init(summary: summary, content: parts.map(\.text)))
    case "function_call":
      guard let name, let callID, case .text(let arguments) = arguments else { return nil }
      return .functionCall(.init(name: name, namespace: namespace, callID: callID, arguments: arguments))
    case "custom_tool_call":
      guard let name, let callID, let input else { return nil }
      return .customToolCall(.init(name: name, callID: callID, input: input))
    case "web_search_call":
      return .webSearchCall(.init(status: status, action: action))
    case "tool_search_call":
      let tree: JSON? =
        switch arguments {
        case .tree(let tree): tree
        case .text(let text): .string(text)
        case nil: nil
        }
      return .toolSearchCall(.init(callID: callID, execution: execution, arguments: tree))
    case "compaction": return .compaction
    case let type?: return .other(type: type)
    case nil: return nil
    }
  }
}
