package import AppServerProtocol
package import JSON

/// The settings that a turn ran under: the payload of a `turn_context` record.
///
/// Policies are kept as they stand in the file (`approval_policy` as on the wire; `sandbox_policy` with a kebab-case
/// `type`), because a newer version may have kinds that this one does not know.
package struct TurnContext: Sendable, Equatable {
  package var turnID: String?
  package var rootTurnID: String?
  package var cwd: String
  package var approvalPolicy: RawJSON
  package var approvalsReviewer: String?
  package var sandboxPolicy: RawJSON
  package var permissionProfile: RawJSON?
  package var model: String
  package var effort: String?
  package var summary: String?
  package var collaborationMode: RawJSON?

  package init(
    turnID: String?, rootTurnID: String? = nil, cwd: String, approvalPolicy: RawJSON, sandboxPolicy: RawJSON,
    permissionProfile: RawJSON? = nil, model: String, effort: String? = nil, summary: String? = "auto"
  ) {
    self.turnID = turnID
    self.rootTurnID = rootTurnID
    self.cwd = cwd
    self.approvalPolicy = approvalPolicy
    self.sandboxPolicy = sandboxPolicy
    self.permissionProfile = permissionProfile
    self.model = model
    self.effort = effort
    self.summary = summary
  }

  /// Throws `.missingField` without `cwd` or `model`; other members may be absent.
  package init(_ reader: inout JSONReader) throws(JSONError) {
    var cwd: String?
    var model: String?
    approvalPolicy = .null
    sandboxPolicy = .null
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "turn_id": turnID = try reader.optionalString()
      case "root_turn_id": rootTurnID = try reader.optionalString()
      case "cwd": cwd = FileURL.path(try reader.string())
      case "approval_policy": approvalPolicy = try RawJSON(&reader)
      case "approvals_reviewer": approvalsReviewer = try reader.optionalString()
      case "sandbox_policy": sandboxPolicy = try RawJSON(&reader)
      case "permission_profile": permissionProfile = try reader.optionalRaw().map(RawJSON.init(unchecked:))
      case "model": model = try reader.string()
      case "effort": effort = try reader.optionalString()
      case "summary": summary = try reader.optionalString()
      case "collaboration_mode": collaborationMode = try reader.optionalRaw().map(RawJSON.init(unchecked:))
      default: try reader.skip()
      }
    }
    self.cwd = try reader.require(cwd, "cwd")
    self.model = try reader.require(model, "model")
  }

  package func write(to writer: inout JSONWriter) {
    writer.beginObject()
    if let turnID { writer.field("turn_id", turnID) }
    if let rootTurnID { writer.field("root_turn_id", rootTurnID) }
    writer.field("cwd", cwd)
    writer.field("approval_policy", approvalPolicy)
    if let approvalsReviewer { writer.field("approvals_reviewer", approvalsReviewer) }
    writer.field("sandbox_policy", sandboxPolicy)
    if let permissionProfile { writer.field("permission_profile", permissionProfile) }
    writer.field("model", model)
    if let effort { writer.field("effort", effort) }
    if let collaborationMode { writer.field("collaboration_mode", collaborationMode) }
    writer.field("summary", summary ?? "none")
    writer.endObject()
  }
}

/// Settings of a thread that hold from their record on: `thread_settings` of a `thread_settings_applied` event.
package struct ThreadSettingsRecord: Sendable, Equatable {
  package var model: String?
  package var modelProvider: String?
  package var effort: String?
  package var serviceTier: String?
  package var cwd: String?
  /// The whole object, for what is not read here.
  package var raw: RawJSON

  package init(_ reader: inout JSONReader) throws(JSONError) {
    var whole = reader
    raw = try RawJSON(&whole)
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "model": model = try reader.optionalString()
      case "model_provider_id": modelProvider = try reader.optionalString()
      case "reasoning_effort", "effort": effort = try reader.optionalString()
      case "service_tier": serviceTier = try reader.optionalString()
      case "cwd": cwd = try reader.optionalString().map(FileURL.path)
      default: try reader.skip()
      }
    }
  }
}

/// Counts of tokens as the model's service reports them.
package struct StoredTokenUsage: Sendable, Equatable {
  package var input: Int64 = 0
  package var cachedInput: Int64 = 0
  package var cacheWriteInput: Int64 = 0
  package var output: Int64 = 0
  package var reasoningOutput: Int64 = 0
  package var total: Int64 = 0

  package init() {}

  package init(
    input: Int64, cachedInput: Int64, cacheWriteInput: Int64 = 0, output: Int64, reasoningOutput: Int64, total: Int64
  ) {
    self.input = input
    self.cachedInput = cachedInput
    self.cacheWriteInput = cacheWriteInput
    self.output = output
    self.reasoningOutput = reasoningOutput
    self.total = total
  }

  package init(_ reader: inout JSONReader) throws(JSONError) {
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "input_tokens": input = try reader.int64()
      case "cached_input_tokens": cachedInput = try reader.int64()
      case "cache_write_input_tokens": cacheWriteInput = try reader.int64()
      case "output_tokens": output = try reader.int64()
      case "reasoning_output_tokens": reasoningOutput = try reader.int64()
      case "total_tokens": total = try reader.int64()
      default: try reader.skip()
      }
    }
  }

  package func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.field("input_tokens", input)
    writer.field("cached_input_tokens", cachedInput)
    writer.field("cache_write_input_tokens", cacheWriteInput)
    writer.field("output_tokens", output)
    writer.field("reasoning_output_tokens", reasoningOutput)
    writer.field("total_tokens", total)
    writer.endObject()
  }
}

/// The `info` of a `token_count` event.
package struct TokenCount: Sendable, Equatable {
  package var total: StoredTokenUsage
  package var last: StoredTokenUsage
  package var contextWindow: Int64?

  package init(total: StoredTokenUsage, last: StoredTokenUsage, contextWindow: Int64?) {
    self.total = total
    self.last = last
    self.contextWindow = contextWindow
  }

  /// The payload of the event; nil where it has rate limits only.
  static func read(_ reader: inout JSONReader) throws(JSONError) -> TokenCount? {
    var count: TokenCount?
    try reader.beginObject()
    while let key = try reader.nextKey() {
      guard "info" ~= key, try !reader.takeNull() else {
        if !("info" ~= key) { try reader.skip() }
        continue
      }
      var info = TokenCount(total: StoredTokenUsage(), last: StoredTokenUsage(), contextWindow: nil)
      try reader.beginObject()
      while let member = try reader.nextKey() {
        switch member {
        case "total_token_usage": info.total = try StoredTokenUsage(&reader)
        case "last_token_usage": info.last = try StoredTokenUsage(&reader)
        case "model_context_window": info.contextWindow = try reader.takeNull() ? nil : try reader.int64()
        default: try reader.skip()
        }
      }
      count = info
    }
    return count
  }
}
