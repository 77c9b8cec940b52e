import HostIO
import JSON

/// What `codex exec` shows: the answer as it streams, or with `--json` one event a line.
@LoopActor
final class ExecOutput {
  private let json: Bool
  private var itemCount = 0
  private var lastUsage: JSON?
  private var streamedItem: String?
  private var hasStreamed = false

  init(json: Bool) { self.json = json }

  /// Something to know that is not part of the answer.
  func note(_ text: String) { Console.error(text) }

  func threadStarted(_ id: String, settings: JSON, prompt: String) {
    if json { return emit(["type": "thread.started", "thread_id": .string(id)]) }
    let line = String(repeating: "-", count: 8)
    let text = { (key: String) in settings[key]?.stringValue ?? "none" }
    Console.error(
      """
      codex-swift
      \(line)
      workdir: \(text("cwd"))
      model: \(text("model"))
      provider: \(text("modelProvider"))
      session id: \(id)
      \(line)
      user
      \(prompt)
      """)
  }

  func notified(_ method: String, _ params: JSON) {
    switch method {
    case "turn/started": if json { emit(["type": "turn.started"]) }
    case "item/agentMessage/delta":
      guard !json, let text = params["delta"]?.stringValue else { return }
      let item = params["itemId"]?.stringValue
      if hasStreamed, streamedItem != item { Console.stream("\n") }
      streamedItem = item
      hasStreamed = true
      Console.stream(text)
    case "item/completed": completed(params["item"] ?? .null)
    case "thread/tokenUsage/updated": lastUsage = params["tokenUsage"]?["last"]
    case "warning":
      warn(params["message"]?.stringValue ?? "")
    case "configWarning":
      warn([params["summary"], params["details"]].compactMap { $0?.stringValue }.joined(separator: " "))
    case "error":
      let message = params["error"]?["message"]?.stringValue ?? ""
      if json { emit(["type": "error", "message": .string(message)]) } else { Console.error("ERROR: \(message)") }
    case "turn/completed": turnCompleted(params["turn"] ?? .null)
    default: break
    }
  }

  func failed(_ message: String) {
    if json { emit(["type": "error", "message": .string(message)]) } else { Console.error("ERROR: \(message)") }
  }

  /// Ends the line that the answer may have left open.
  func finish() {
    if hasStreamed { Console.stream("\n") }
    hasStreamed = false
  }

  private func warn(_ message: String) {
    guard json else { return Console.error("warning: \(message)") }
    emitItem(["type": "error", "message": .string(message)])
  }

  private func completed(_ item: JSON) {
    guard json else { return }
    switch item["type"]?.stringValue {
    case "agentMessage": emitItem(["type": "agent_message", "text": item["text"] ?? ""])
    case "reasoning":
      let summary = item["summary"]?.arrayValue?.compactMap(\.stringValue).joined(separator: "\n\n") ?? ""
      emitItem(["type": "reasoning", "text": .string(summary)])
    default: break
    }
  }

  private func emitItem(_ members: JSON) {
    var item = JSONObject([("id", .string("item_\(itemCount)"))])
    for (key, value) in members.objectValue?.members ?? [] { item[key] = value }
    itemCount += 1
    emit(["type": "item.completed", "item": .object(item)])
  }

  private func turnCompleted(_ turn: JSON) {
    guard json else {
      finish()
      if let total = lastUsage?["totalTokens"]?.intValue { Console.error("tokens used\n\(total)") }
      return
    }
    switch turn["status"]?.stringValue {
    case "completed":
      let number = { (key: String) in self.lastUsage?[key] ?? 0 }
      emit([
        "type": "turn.completed",
        "usage": [
          "input_tokens": number("inputTokens"), "cached_input_tokens": number("cachedInputTokens"),
          "cache_write_input_tokens": number("cacheWriteInputTokens"), "output_tokens": number("outputTokens"),
          "reasoning_output_tokens": number("reasoningOutputTokens"),
        ],
      ])
    case "interrupted": emit(["type": "turn.failed", "error": ["message": "interrupted"]])
    default: emit(["type": "turn.failed", "error": ["message": turn["error"]?["message"] ?? ""]])
    }
  }

  private func emit(_ event: JSON) { Console.print(event.text) }
}
