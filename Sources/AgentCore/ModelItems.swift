import AppServerProtocol
import JSON
package import ModelAPI

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
  /// Whether the agent has to answer this item.
  var isCall: Bool {
    switch content {
    case .functionCall, .customToolCall: true
    default: false
    }
  }
}

extension HistoryItem {
  /// An item that was made here, which is always well-formed.
  package init(own raw: [UInt8]) {
    self = (try? HistoryItem(raw: raw)) ?? HistoryItem(kind: .other, raw: raw)
  }

  /// An item of the model's, as it goes back to it.
  init(_ item: OutputItem) {
    self = (try? HistoryItem(raw: item.raw)) ?? HistoryItem(kind: .other, raw: item.raw)
  }

  /// What the model is told about a call of a tool that it does not have.
  static func unsupportedOutput(of call: OutputItem, id: String) -> HistoryItem? {
    switch call.content {
    case .functionCall(let call):
      HistoryItem(
        kind: .output(.function, callID: call.callID),
        raw: InputItem.functionCallOutput(
          id: InputItem.IDPrefix.functionCallOutput.id(id), callID: call.callID,
          .text("unsupported call: \(call.name)")))
    case .customToolCall(let call):
      HistoryItem(
        kind: .output(.custom, callID: call.callID),
        raw: InputItem.customToolCallOutput(
          id: InputItem.IDPrefix.customToolCallOutput.id(id), callID: call.callID,
          .text("unsupported custom tool call: \(call.name)")))
    default: nil
    }
  }
}

extension TurnError {
  init(_ failure: ModelFailure) {
    self.init(message: failure.message, info: RawJSON(failure.info))
  }

  init(_ notice: ModelFailure.Notice) {
    self.init(message: notice.message, info: RawJSON(notice.info), additionalDetails: notice.additionalDetails)
  }
}

extension RawJSON {
  init(_ info: CodexErrorInfo) {
    var writer = JSONWriter()
    info.write(to: &writer)
    self.init(unchecked: writer.bytes)
  }
}
