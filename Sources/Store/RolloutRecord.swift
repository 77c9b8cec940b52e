package import AppServerProtocol
import JSON

/// A record to be appended to a session file: its type and its payload. Time and ordinal come from the writer.
package struct RolloutRecord: Sendable, Equatable {
  package let type: String
  package let payload: [UInt8]

  private init(_ type: String, _ payload: [UInt8]) {
    self.type = type
    self.payload = payload
  }

  private init(_ type: String, _ build: (inout JSONWriter) -> Void) {
    var writer = JSONWriter()
    build(&writer)
    self.init(type, writer.bytes)
  }

  private static func event(_ name: StaticString, _ build: (inout JSONWriter) -> Void) -> RolloutRecord {
    RolloutRecord("event_msg") { writer in
      writer.beginObject()
      writer.field("type", literal: name)
      build(&writer)
      writer.endObject()
    }
  }

  /// Writes the whole line with its LF.
  func write(to line: inout [UInt8], at time: String, ordinal: Int64?) {
    var head = JSONWriter()
    head.beginObject()
    head.field("timestamp", time)
    if let ordinal { head.field("ordinal", ordinal) }
    head.field("type", type)
    line.append(contentsOf: head.bytes)
    line.append(contentsOf: ",\"payload\":".utf8)
    line.append(contentsOf: payload)
    line.append(contentsOf: "}\n".utf8)
  }

  // MARK: - The thread

  package static func sessionMeta(_ meta: SessionMeta) -> RolloutRecord {
    RolloutRecord("session_meta") { meta.write(to: &$0) }
  }

  package static func turnContext(_ context: TurnContext) -> RolloutRecord {
    RolloutRecord("turn_context") { context.write(to: &$0) }
  }

  /// `settings` is an object with the members of `ThreadSettingsRecord` and more.
  package static func threadSettingsApplied(threadID: String, settings: RawJSON) -> RolloutRecord {
    event("thread_settings_applied") { writer in
      writer.field("thread_id", threadID)
      writer.field("thread_settings", settings)
    }
  }

  /// An item of the model's history, as it was sent or received; LFs outside of strings are taken out.
  package static func responseItem(_ json: some Sequence<UInt8>) -> RolloutRecord {
    RolloutRecord("response_item", oneLine(json))
  }

  /// The history up to here is replaced by `replacement`, items as for `responseItem`.
  package static func compacted(message: String, replacement: [[UInt8]]) -> RolloutRecord {
    RolloutRecord("compacted") { writer in
      writer.beginObject()
      writer.field("message", message)
      writer.key("replacement_history")
      writer.beginArray()
      for item in replacement { writer.raw(oneLine(item)) }
      writer.endArray()
      writer.endObject()
    }
  }

  /// A valid JSON text has raw LFs and CRs only between its tokens.
  private static func oneLine(_ json: some Sequence<UInt8>) -> [UInt8] {
    let bytes = Array(json)
    guard bytes.contains(0x0A) || bytes.contains(0x0D) else { return bytes }
    return bytes.filter { $0 != 0x0A && $0 != 0x0D }
  }

  // MARK: - Turns

  package static func taskStarted(
    turnID: String, rootTurnID: String? = nil, startedAt: Int64, contextWindow: Int64?,
    collaborationMode: String = "default"
  ) -> RolloutRecord {
    event("task_started") { writer in
      writer.field("turn_id", turnID)
      if let rootTurnID { writer.field("root_turn_id", rootTurnID) }
      writer.field("started_at", startedAt)
      writer.field("model_context_window", contextWindow)
      writer.field("collaboration_mode_kind", collaborationMode)
    }
  }

  /// The end of a turn that ran to its end; with `error`, of one that failed.
  package static func taskComplete(
    turnID: String, rootTurnID: String? = nil, lastAgentMessage: String?, error: TurnError? = nil,
    startedAt: Int64? = nil, completedAt: Int64? = nil, durationMs: Int64? = nil, timeToFirstTokenMs: Int64? = nil
  ) -> RolloutRecord {
    event("task_complete") { writer in
      if let rootTurnID { writer.field("root_turn_id", rootTurnID) }
      writer.field("turn_id", turnID)
      writer.field("last_agent_message", error == nil ? lastAgentMessage : nil)
      if let error {
        writer.key("error")
        error.writeRollout(to: &writer)
      }
      if let startedAt { writer.field("started_at", startedAt) }
      if let completedAt { writer.field("completed_at", completedAt) }
      if let durationMs { writer.field("duration_ms", durationMs) }
      if let timeToFirstTokenMs { writer.field("time_to_first_token_ms", timeToFirstTokenMs) }
    }
  }

  package static func turnAborted(
    turnID: String, rootTurnID: String? = nil, reason: String = "interrupted", startedAt: Int64? = nil,
    completedAt: Int64? = nil, durationMs: Int64? = nil
  ) -> RolloutRecord {
    event("turn_aborted") { writer in
      if let rootTurnID { writer.field("root_turn_id", rootTurnID) }
      writer.field("turn_id", turnID)
      writer.field("reason", reason)
      if let startedAt { writer.field("started_at", startedAt) }
      if let completedAt { writer.field("completed_at", completedAt) }
      if let durationMs { writer.field("duration_ms", durationMs) }
    }
  }

  package static func itemCompleted(
    threadID: String, turnID: String, item: ThreadItem, startedAtMs: Int64, completedAtMs: Int64
  ) -> RolloutRecord {
    event("item_completed") { writer in
      writer.field("thread_id", threadID)
      writer.field("turn_id", turnID)
      writer.key("item")
      item.writeRollout(to: &writer)
      writer.field("started_at_ms", startedAtMs)
      writer.field("completed_at_ms", completedAtMs)
    }
  }

  package static func tokenCount(_ count: TokenCount?, rateLimits: RawJSON? = nil) -> RolloutRecord {
    event("token_count") { writer in
      writer.key("info")
      if let count {
        writer.beginObject()
        writer.key("total_token_usage")
        count.total.write(to: &writer)
        writer.key("last_token_usage")
        count.last.write(to: &writer)
        writer.field("model_context_window", count.contextWindow)
        writer.endObject()
      } else {
        writer.null()
      }
      writer.field("rate_limits", rateLimits)
    }
  }

  /// Takes back the last turns; only in legacy files.
  package static func threadRolledBack(turns: Int) -> RolloutRecord {
    event("thread_rolled_back") { $0.field("num_turns", turns) }
  }

  /// What a finished item becomes in a file of this mode. Legacy files have no records for some kinds.
  package static func item(
    _ item: ThreadItem, in mode: HistoryMode, threadID: String, turnID: String, startedAtMs: Int64,
    completedAtMs: Int64
  ) -> [RolloutRecord] {
    guard mode == .legacy else {
      return [
        itemCompleted(
          threadID: threadID, turnID: turnID, item: item, startedAtMs: startedAtMs, completedAtMs: completedAtMs)
      ]
    }
    switch item {
    case .userMessage(let item): return [userMessage(item)]
    case .agentMessage(let item): return [agentMessage(item)]
    case .reasoning(let item):
      return item.summary.map(agentReasoning) + item.content.map(agentReasoningRaw)
    case .fileChange(let item): return [patchApplyEnd(item, turnID: turnID)]
    case .mcpToolCall(let item): return [mcpToolCallEnd(item)]
    case .webSearch(let item): return [webSearchEnd(item)]
    case .contextCompaction: return [event("context_compacted") { _ in }]
    case .enteredReviewMode(let item):
      return [
        event("entered_review_mode") { writer in
          writer.field("target", item.target)
          writer.field("user_facing_hint", item.review)
        }
      ]
    case .exitedReviewMode(let item):
      return [
        event("exited_review_mode") { writer in
          writer.key("review_output")
          if let output = item.output { output.write(to: &writer) } else { writer.null() }
        }
      ]
    case .plan:
      return [
        itemCompleted(
          threadID: threadID, turnID: turnID, item: item, startedAtMs: startedAtMs, completedAtMs: completedAtMs)
      ]
    case .commandExecution, .dynamicToolCall, .imageView, .unknown: return []
    }
  }

  // MARK: - Items of legacy files

  private static func userMessage(_ item: UserMessageItem) -> RolloutRecord {
    var text = ""
    var elements: [TextElement] = []
    var images: [String] = []
    var localImages: [String] = []
    var audio: [String] = []
    var localAudio: [String] = []
    for part in item.content {
      switch part {
      case .text(let more, let moreElements):
        let shift = text.utf8.count
        text += more
        elements += moreElements.map {
          TextElement(start: $0.start &+ shift, end: $0.end &+ shift, placeholder: $0.placeholder)
        }
      case .image(let url, _): images.append(url)
      case .localImage(let path, _): localImages.append(path)
      case .audio(let url): audio.append(url)
      case .localAudio(let path): localAudio.append(path)
      case .imageFile, .skill, .mention, .unknown: break
      }
    }
    return event("user_message") { writer in
      if let clientID = item.clientID { writer.field("client_id", clientID) }
      writer.field("message", text)
      writer.field("images", images)
      writer.field("local_images", localImages)
      writer.field("audio", audio)
      writer.field("local_audio", localAudio)
      writer.key("text_elements")
      writer.beginArray()
      for element in elements { element.writeRollout(to: &writer) }
      writer.endArray()
    }
  }

  private static func agentMessage(_ item: AgentMessageItem) -> RolloutRecord {
    event("agent_message") { writer in
      writer.field("message", item.text)
      writer.field("phase", item.phase)
      writer.nullField("memory_citation")
    }
  }

  private static func agentReasoning(_ text: String) -> RolloutRecord {
    event("agent_reasoning") { $0.field("text", text) }
  }

  private static func agentReasoningRaw(_ text: String) -> RolloutRecord {
    event("agent_reasoning_raw_content") { $0.field("text", text) }
  }

  private static func patchApplyEnd(_ item: FileChangeItem, turnID: String) -> RolloutRecord {
    event("patch_apply_end") { writer in
      writer.field("call_id", item.id)
      writer.field("turn_id", turnID)
      writer.field("stdout", item.standardOutput)
      writer.field("stderr", item.standardError)
      writer.field("success", item.status == .completed)
      writer.key("changes")
      item.writeRolloutChanges(to: &writer)
      writer.field("status", item.status == .inProgress ? "failed" : item.status.rawValue)
    }
  }

  private static func mcpToolCallEnd(_ item: McpToolCallItem) -> RolloutRecord {
    event("mcp_tool_call_end") { writer in
      writer.field("call_id", item.id)
      writer.key("invocation")
      writer.beginObject()
      writer.field("server", item.server)
      writer.field("tool", item.tool)
      writer.field("arguments", item.arguments)
      writer.endObject()
      if let pluginID = item.pluginID { writer.field("plugin_id", pluginID) }
      writer.duration("duration", item.duration ?? .zero)
      writer.key("result")
      writer.beginObject()
      if let result = item.result {
        writer.key("Ok")
        result.writeRollout(to: &writer)
      } else {
        writer.field("Err", item.error ?? "")
      }
      writer.endObject()
    }
  }

  private static func webSearchEnd(_ item: WebSearchItem) -> RolloutRecord {
    event("web_search_end") { writer in
      writer.field("call_id", item.id)
      writer.field("query", item.query)
      writer.key("action")
      (item.action ?? .other).writeRollout(to: &writer)
    }
  }
}
