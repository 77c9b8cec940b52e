package import JSON

extension ModelCatalog {
  /// Reads `{"models": […]}`: a file that the configuration names as `model_catalog_json`, or a server's list
  /// (agent-core §2.8). An entry needs a `slug`; for everything else there is a default. Unknown members are ignored, so
  /// that newer lists can be read.
  package init(json bytes: [UInt8]) throws(JSONError) {
    var models: [Model]?
    var reader = JSONReader(bytes)
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "models": models = try Self.models(&reader)
      default: try reader.skip()
      }
    }
    try reader.finish()
    guard let models else { throw JSONError(.missingField("models"), at: 0) }
    self.init(models)
  }

  private static func models(_ reader: inout JSONReader) throws(JSONError) -> [Model] {
    var models: [Model] = []
    try reader.beginArray()
    while try reader.nextElement() {
      guard models.count < maximumModels else {
        throw reader.error(.invalidValue("more than \(maximumModels) models"))
      }
      models.append(try Model(catalogEntry: &reader))
    }
    return models
  }
}

extension Model {
  fileprivate init(catalogEntry reader: inout JSONReader) throws(JSONError) {
    let start = reader.offset
    self.init(slug: "", displayName: "", description: "", baseInstructions: BaseInstructions.text)
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "slug": slug = try reader.string()
      case "display_name": displayName = try reader.stringIfAny() ?? ""
      case "description": description = try reader.stringIfAny() ?? ""
      case "default_reasoning_level": defaultEffort = try reader.stringIfAny()
      case "supported_reasoning_levels":
        efforts = try reader.objectsIfAny().compactMap { entry in
          entry["effort"]?.stringValue.map { Effort($0, entry["description"]?.stringValue ?? "") }
        }
      case "visibility": isListed = try reader.stringIfAny() == "list"
      case "priority": priority = Self.bounded(try reader.intIfAny(), to: Int(Int32.min)...Int(Int32.max)) ?? 0
      case "base_instructions":
        if let text = try reader.stringIfAny(), !text.isEmpty { baseInstructions = text }
      case "context_window":
        contextWindow = Self.bounded(try reader.intIfAny(), to: 1...Self.maximumContextWindow) ?? contextWindow
      case "effective_context_window_percent":
        effectiveContextWindowPercent =
          Self.bounded(try reader.intIfAny(), to: 1...100) ?? effectiveContextWindowPercent
      case "truncation_policy": truncation = Self.truncation(try reader.value()) ?? truncation
      case "default_reasoning_summary":
        defaultSummary =
          try reader.stringIfAny().flatMap(ResponsesRequest.ReasoningSummary.init(rawValue:)) ?? defaultSummary
      case "support_verbosity": supportsVerbosity = try reader.boolIfAny() ?? false
      case "default_verbosity": defaultVerbosity = try reader.stringIfAny()
      case "apply_patch_tool_type": takesFreeformPatches = try reader.stringIfAny() == "freeform"
      case "web_search_tool_type": searchesImages = try reader.stringIfAny() == "text_and_image"
      case "input_modalities": inputModalities = try reader.stringsIfAny()
      case "supports_search_tool": supportsSearchTool = try reader.boolIfAny() ?? false
      case "supports_image_detail_original": supportsOriginalImageDetail = try reader.boolIfAny() ?? false
      case "service_tiers":
        serviceTiers = try reader.objectsIfAny().compactMap { entry in
          entry["id"]?.stringValue.map { id in
            ServiceTier(
              id: id, name: entry["name"]?.stringValue ?? id, description: entry["description"]?.stringValue ?? "")
          }
        }
      case "default_service_tier": defaultServiceTier = try reader.stringIfAny()
      case "additional_speed_tiers": additionalSpeedTiers = try reader.stringsIfAny()
      case "multi_agent_version": multiAgentVersion = try reader.stringIfAny()
      case "model_specialty": specialty = try reader.stringIfAny()
      case "upgrade": upgrade = try reader.value()["model"]?.stringValue
      default: try reader.skip()
      }
    }
    guard !slug.isEmpty else { throw JSONError(.missingField("slug"), at: start) }
    if displayName.isEmpty { displayName = slug }
  }

  /// A window of more tokens than this is a mistake.
  package static let maximumContextWindow = 1_000_000_000

  private static func bounded(_ value: Int64?, to range: ClosedRange<Int>) -> Int? {
    value.flatMap { Int(exactly: $0) }.flatMap { range.contains($0) ? $0 : nil }
  }

  private static func truncation(_ json: JSON) -> Truncation? {
    guard let limit = json["limit"]?.intValue, (1...maximumContextWindow).contains(limit) else { return nil }
    return switch json["mode"]?.stringValue {
    case "tokens": .tokens(limit)
    case "bytes": .bytes(limit)
    default: nil
    }
  }
}

extension JSONReader {
  /// The objects of an array, without its other elements; empty for anything but an array.
  fileprivate mutating func objectsIfAny() throws(JSONError) -> [JSONObject] {
    try value().arrayValue?.compactMap(\.objectValue) ?? []
  }
}
