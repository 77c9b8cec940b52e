package import JSON

/// Something that a client shows in a turn: a message, a command, a change of files.
///
/// There are two forms. On the wire members are camelCase and say `null` (`write`); in rollout files the type is
/// PascalCase, most members are snake_case and what is absent is left out (`init(rollout:)`, `writeRollout`).
package enum ThreadItem: Sendable, Equatable {
  case userMessage(UserMessageItem)
  case agentMessage(AgentMessageItem)
  case reasoning(ReasoningItem)
  case plan(PlanItem)
  case commandExecution(CommandExecutionItem)
  case fileChange(FileChangeItem)
  case mcpToolCall(McpToolCallItem)
  case dynamicToolCall(DynamicToolCallItem)
  case webSearch(WebSearchItem)
  case imageView(ImageViewItem)
  case enteredReviewMode(EnteredReviewModeItem)
  case exitedReviewMode(ExitedReviewModeItem)
  case contextCompaction(ContextCompactionItem)
  /// A type that is passed through without being understood.
  case unknown(UnknownItem)

  package var id: String {
    switch self {
    case .userMessage(let item): item.id
    case .agentMessage(let item): item.id
    case .reasoning(let item): item.id
    case .plan(let item): item.id
    case .commandExecution(let item): item.id
    case .fileChange(let item): item.id
    case .mcpToolCall(let item): item.id
    case .dynamicToolCall(let item): item.id
    case .webSearch(let item): item.id
    case .imageView(let item): item.id
    case .enteredReviewMode(let item): item.id
    case .exitedReviewMode(let item): item.id
    case .contextCompaction(let item): item.id
    case .unknown(let item): item.id
    }
  }

  package func write(to writer: inout JSONWriter) {
    switch self {
    case .userMessage(let item): item.write(to: &writer)
    case .agentMessage(let item): item.write(to: &writer)
    case .reasoning(let item): item.write(to: &writer)
    case .plan(let item): item.write(to: &writer)
    case .commandExecution(let item): item.write(to: &writer)
    case .fileChange(let item): item.write(to: &writer)
    case .mcpToolCall(let item): item.write(to: &writer)
    case .dynamicToolCall(let item): item.write(to: &writer)
    case .webSearch(let item): item.write(to: &writer)
    case .imageView(let item): item.write(to: &writer)
    case .enteredReviewMode(let item): item.write(to: &writer)
    case .exitedReviewMode(let item): item.write(to: &writer)
    case .contextCompaction(let item): item.write(to: &writer)
    case .unknown(let item): item.write(to: &writer)
    }
  }

  package func writeRollout(to writer: inout JSONWriter) {
    switch self {
    case .userMessage(let item): item.writeRollout(to: &writer)
    case .agentMessage(let item): item.writeRollout(to: &writer)
    case .reasoning(let item): item.writeRollout(to: &writer)
    case .plan(let item): item.writeRollout(to: &writer)
    case .commandExecution(let item): item.writeRollout(to: &writer)
    case .fileChange(let item): item.writeRollout(to: &writer)
    case .mcpToolCall(let item): item.writeRollout(to: &writer)
    case .dynamicToolCall(let item): item.writeRollout(to: &writer)
    case .webSearch(let item): item.writeRollout(to: &writer)
    case .imageView(let item): item.writeRollout(to: &writer)
    case .enteredReviewMode(let item): item.writeRollout(to: &writer)
    case .exitedReviewMode(let item): item.writeRollout(to: &writer)
    case .contextCompaction(let item): item.writeRollout(to: &writer)
    case .unknown(let item): item.writeRollout(to: &writer)
    }
  }

  /// The `item` of an `item_completed` record.
  ///
  /// Throws where a known type lacks a member that it cannot be shown without; the reference drops such an item, too.
  package init(rollout reader: inout JSONReader) throws(JSONError) {
    guard let type = try reader.peekMember("type") else {
      try reader.beginObject()
      throw reader.error(.missingField("type"))
    }
    switch type {
    case "UserMessage": self = .userMessage(try UserMessageItem(rollout: &reader))
    case "AgentMessage": self = .agentMessage(try AgentMessageItem(rollout: &reader))
    case "Reasoning": self = .reasoning(try ReasoningItem(rollout: &reader))
    case "Plan": self = .plan(try PlanItem(rollout: &reader))
    case "CommandExecution": self = .commandExecution(try CommandExecutionItem(rollout: &reader))
    case "FileChange": self = .fileChange(try FileChangeItem(rollout: &reader))
    case "McpToolCall": self = .mcpToolCall(try McpToolCallItem(rollout: &reader))
    case "DynamicToolCall": self = .dynamicToolCall(try DynamicToolCallItem(rollout: &reader))
    case "WebSearch": self = .webSearch(try WebSearchItem(rollout: &reader))
    case "ImageView": self = .imageView(try ImageViewItem(rollout: &reader))
    case "EnteredReviewMode": self = .enteredReviewMode(try EnteredReviewModeItem(rollout: &reader))
    case "ExitedReviewMode": self = .exitedReviewMode(try ExitedReviewModeItem(rollout: &reader))
    case "ContextCompaction": self = .contextCompaction(try ContextCompactionItem(rollout: &reader))
    default: self = .unknown(try UnknownItem(rollout: &reader, type: type))
    }
  }
}

/// An item of a type that is kept as it was stored.
package struct UnknownItem: Sendable, Equatable {
  package var id: String
  /// As stored, in PascalCase.
  package var type: String
  /// The whole object as stored.
  package var raw: RawJSON

  /// Types that the reference has and this server does not make itself. Their wire form follows by rule from the stored
  /// one, so a thread of the reference shows them.
  private static let shown = [
    "CollabAgentToolCall", "FunctionCallOutput", "HookPrompt", "ImageGeneration", "Sleep", "SubAgentActivity",
  ]

  /// Whether clients of this protocol know the type; others are kept in the file and not sent.
  package var isShown: Bool { Self.shown.contains(type) }

  init(rollout reader: inout JSONReader, type: String) throws(JSONError) {
    id = try reader.require(try reader.peekMember("id"), "id")
    self.type = type
    raw = try RawJSON(&reader)
  }

  package func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("type")
    writer.string(NameCase.lowerFirst(type))
    writer.field("id", id)
    var reader = JSONReader(raw.bytes)
    if (try? reader.beginObject()) != nil {
      while let key = try? reader.nextKey() {
        let name = key.string
        guard name != "type" && name != "id" else {
          guard (try? reader.skip()) != nil else { break }
          continue
        }
        writer.key(dynamic: NameCase.camel(name))
        if name == "tool" || name == "kind" || name == "status", let word = try? reader.string() {
          writer.string(NameCase.camel(word))
        } else if let range = try? reader.skip() {
          writer.raw(raw.bytes[range])
        } else {
          writer.null()
          break
        }
      }
    }
    writer.endObject()
  }

  package func writeRollout(to writer: inout JSONWriter) {
    writer.raw(raw)
  }
}

/// Between the spellings of the wire and of the files.
package enum NameCase {
  /// `usage_limit_exceeded` as `usageLimitExceeded`.
  package static func camel(_ name: String) -> String {
    var result: [UInt8] = []
    var raisesNext = false
    for byte in name.utf8 {
      if byte == UInt8(ascii: "_"), !result.isEmpty {
        raisesNext = true
      } else {
        let isLower = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
        result.append(raisesNext && isLower ? byte & 0xDF : byte)
        raisesNext = false
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// `usageLimitExceeded` as `usage_limit_exceeded`.
  package static func snake(_ name: String) -> String {
    var result: [UInt8] = []
    for byte in name.utf8 {
      if (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) {
        if !result.isEmpty { result.append(UInt8(ascii: "_")) }
        result.append(byte | 0x20)
      } else {
        result.append(byte)
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// `AgentMessage` as `agentMessage`.
  package static func lowerFirst(_ name: String) -> String {
    var bytes = Array(name.utf8)
    if let first = bytes.first, (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(first) { bytes[0] = first | 0x20 }
    return String(decoding: bytes, as: UTF8.self)
  }
}
