import JSON

/// The body of `POST …/responses`.
///
/// History and tools are JSON texts already and are copied as they are, so that the prefix of a later request is the
/// same bytes as before and the server's prompt cache holds (agent-core §1.3, §3.1).
package struct ResponsesRequest: Sendable {
  package var model: String
  package var baseInstructions: BaseInstructions
  /// The items of `input`, each a JSON object.
  package var input: [[UInt8]]
  /// A JSON array. A compaction sends an empty one.
  package var tools: [UInt8]
  package var parallelToolCalls: Bool
  package var effort: String?
  package var summary: ReasoningSummary?
  package var verbosity: String?
  /// The JSON schema that the final answer must follow.
  package var outputSchema: [UInt8]?
  package var serviceTier: String?
  package var promptCacheKey: String
  /// Written in this order.
  package var clientMetadata: [(key: String, value: String)]

  /// Where the base instructions travel.
  package enum BaseInstructions: Sendable, Equatable {
    /// They are the first item of `input`, as a developer message: the form since 0.163.
    case inInput
    /// In the field `instructions`: the form up to 0.136, for servers that need it.
    case field(String)
  }

  package enum ReasoningSummary: String, Sendable {
    case auto, concise, detailed, none
  }

  package static let outputSchemaName: StaticString = "codex_output_schema"

  package init(
    model: String, input: [[UInt8]], promptCacheKey: String, baseInstructions: BaseInstructions = .inInput,
    tools: [UInt8] = Array("[]".utf8), parallelToolCalls: Bool = true, effort: String? = nil,
    summary: ReasoningSummary? = nil, verbosity: String? = nil, outputSchema: [UInt8]? = nil,
    serviceTier: String? = nil, clientMetadata: [(key: String, value: String)] = []
  ) {
    self.model = model
    self.baseInstructions = baseInstructions
    self.input = input
    self.tools = tools
    self.parallelToolCalls = parallelToolCalls
    self.effort = effort
    self.summary = summary
    self.verbosity = verbosity
    self.outputSchema = outputSchema
    self.serviceTier = serviceTier
    self.promptCacheKey = promptCacheKey
    self.clientMetadata = clientMetadata
  }

  /// The name of a service tier on the wire: the configuration's `fast` is the service's `priority`.
  package static func wireServiceTier(_ name: String) -> String {
    name == "fast" ? "priority" : name
  }

  package var body: [UInt8] {
    let size = input.reduce(tools.count + (outputSchema?.count ?? 0)) { $0 + $1.count + 1 }
    var writer = JSONWriter(reserving: size + Self.overhead)
    writer.beginObject()
    writer.field("model", model)
    writer.field("stream", true)
    if case .field(let text) = baseInstructions { writer.field("instructions", text) }
    if let serviceTier { writer.field("service_tier", Self.wireServiceTier(serviceTier)) }
    writer.key("input")
    writer.beginArray()
    for item in input { writer.raw(item) }
    writer.endArray()
    writer.key("tools")
    writer.raw(tools)
    writer.field("tool_choice", literal: "auto")
    writer.field("parallel_tool_calls", parallelToolCalls)
    writeReasoning(to: &writer)
    writer.field("store", false)
    writer.field("include", ["reasoning.encrypted_content"])
    writer.field("prompt_cache_key", promptCacheKey)
    writeText(to: &writer)
    if !clientMetadata.isEmpty {
      writer.key("client_metadata")
      writer.beginObject()
      for (key, value) in clientMetadata {
        writer.key(dynamic: key)
        writer.string(value)
      }
      writer.endObject()
    }
    writer.endObject()
    return writer.bytes
  }

  /// Enough for everything besides history, tools and schema in most requests; only a first guess.
  private static let overhead = 4096

  private func writeReasoning(to writer: inout JSONWriter) {
    let summary = summary == ReasoningSummary.none ? nil : summary
    guard effort != nil || summary != nil else { return }
    writer.key("reasoning")
    writer.beginObject()
    if let effort { writer.field("effort", effort) }
    if let summary { writer.field("summary", summary.rawValue) }
    writer.endObject()
  }

  private func writeText(to writer: inout JSONWriter) {
    guard verbosity != nil || outputSchema != nil else { return }
    writer.key("text")
    writer.beginObject()
    if let verbosity { writer.field("verbosity", verbosity) }
    if let outputSchema {
      writer.key("format")
      writer.beginObject()
      writer.field("type", literal: "json_schema")
      writer.field("strict", true)
      writer.key("schema")
      writer.raw(outputSchema)
      writer.field("name", literal: Self.outputSchemaName)
      writer.endObject()
    }
    writer.endObject()
  }
}
