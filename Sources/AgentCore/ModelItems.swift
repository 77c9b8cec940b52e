import AppServerProtocol
import ModelAPI

/// What clients see of a model's output items.
extension ThreadItem {
  /// The item as it begins, without content; nil for kinds that are not shown.
  init?(started item: OutputItem, id: String) {
    switch item.content {
    case .message(let message) where message.role == "assistant":
      self = .agentMessage(AgentMessageItem(id: id, text: "", phase: message.phase))
    case .reasoning: self = .reasoning(ReasoningItem(id: id))
    default: return nil
    }
  }

  /// The item as it ended; nil for kinds that are not shown.
  init?(finished item: OutputItem, id: String) {
    switch item.content {
    case .message(let message) where message.role == "assistant":
      self = .agentMessage(AgentMessageItem(id: id, text: message.text, phase: message.phase))
    case .reasoning(let reasoning):
      self = .reasoning(ReasoningItem(id: id, summary: reasoning.summary, content: reasoning.content))
    default: return nil
    }
  }

  mutating func appendText(_ text: String) {
    guard case .agentMessage(var message) = self else { return }
    // The payload must not be shared while it grows, or each delta copies the whole text.
    self = .contextCompaction(ContextCompactionItem(id: ""))
    message.text += text
    self = .agentMessage(message)
  }

  /// Summary parts come in order; one that is far beyond the next is taken for the next.
  mutating func appendSummary(_ text: String, at index: Int) {
    guard case .reasoning(var reasoning) = self else { return }
    self = .contextCompaction(ContextCompactionItem(id: ""))
    if index >= 0, index < reasoning.summary.count {
      reasoning.summary[index] += text
    } else {
      reasoning.summary.append(text)
    }
    self = .reasoning(reasoning)
  }

  func isSameKind(as other: ThreadItem) -> Bool {
    switch (self, other) {
    case (.agentMessage, .agentMessage), (.reasoning, .reasoning): true
    default: false
    }
  }
}

extension OutputItem {
  /// The name and the call id of a call that the agent has to answer.
  var call: (name: String, id: String)? {
    switch content {
    case .functionCall(let call): (call.name, call.callID)
    case .customToolCall(let call): (call.name, call.callID)
    default: nil
    }
  }
}
