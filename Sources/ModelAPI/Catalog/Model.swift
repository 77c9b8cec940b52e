package import JSON

/// What is known about a model: how to ask it, how much it takes, and how clients list it.
package struct Model: Sendable, Equatable {
  package var slug: String
  package var displayName: String
  package var description: String
  package var defaultEffort: String?
  /// From the lightest to the deepest.
  package var efforts: [Effort] = []
  package var isListed = true
  /// The smallest among the listed ones is the default.
  package var priority = 0
  package var baseInstructions: String
  /// Tokens.
  package var contextWindow = Self.defaultContextWindow
  package var effectiveContextWindowPercent = 95
  /// How much of a tool's output is kept.
  package var truncation = Truncation.tokens(10_000)
  package var defaultSummary = ResponsesRequest.ReasoningSummary.none
  package var supportsVerbosity = false
  package var defaultVerbosity: String?
  package var supportsParallelToolCalls = true
  /// Whether `apply_patch` is offered as a free-form tool.
  package var takesFreeformPatches = false
  /// Whether web search may return images too.
  package var searchesImages = false
  package var inputModalities = ["text", "image"]
  package var supportsSearchTool = false
  package var supportsOriginalImageDetail = false
  package var serviceTiers: [ServiceTier] = []
  package var defaultServiceTier: String?
  package var additionalSpeedTiers: [String] = []
  package var multiAgentVersion: String?
  package var specialty: String?
  /// The slug of the model that replaces this one.
  package var upgrade: String?
  /// Whether this is made up for a slug that no catalog knows.
  package var isFallback = false

  package static let defaultContextWindow = 272_000

  package struct Effort: Sendable, Equatable {
    package var name: String
    package var description: String

    package init(_ name: String, _ description: String) {
      self.name = name
      self.description = description
    }
  }

  package struct ServiceTier: Sendable, Equatable {
    package var id: String
    package var name: String
    package var description: String

    package init(id: String, name: String, description: String) {
      self.id = id
      self.name = name
      self.description = description
    }
  }

  package enum Truncation: Sendable, Equatable {
    case tokens(Int)
    case bytes(Int)
  }

  package init(slug: String, displayName: String, description: String, baseInstructions: String) {
    self.slug = slug
    self.displayName = displayName
    self.description = description
    self.baseInstructions = baseInstructions
  }

  package var takesImages: Bool { inputModalities.contains("image") }

  /// What clients see as the size of the window, in tokens: the rest is kept for the reply.
  package var effectiveContextWindow: Int { effectiveWindow(of: contextWindow) }

  /// The same for a window that the configuration sets.
  package func effectiveWindow(of tokens: Int) -> Int {
    let (product, overflow) = tokens.multipliedReportingOverflow(by: effectiveContextWindowPercent)
    return overflow ? tokens / 100 * effectiveContextWindowPercent : product / 100
  }

  /// The effort to ask for: the wanted one if the model has it, else the deepest one below it, else the lightest. A model
  /// that lists none takes any.
  package func effort(wanted: String?) -> String? {
    guard let wanted else { return defaultEffort }
    if efforts.isEmpty || efforts.contains(where: { $0.name == wanted }) { return wanted }
    guard let rank = Self.effortOrder.firstIndex(of: wanted) else { return defaultEffort }
    let lighter = efforts.filter { (Self.effortOrder.firstIndex(of: $0.name) ?? .max) < rank }
    return (lighter.last ?? efforts.first)?.name
  }

  private static let effortOrder = ["none", "minimal", "low", "medium", "high", "xhigh", "max", "ultra"]
}

extension Model {
  /// The entry of `model/list`.
  package func write(isDefault: Bool, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.field("id", slug)
    writer.field("model", slug)
    writer.field("upgrade", upgrade)
    writer.key("upgradeInfo")
    if let upgrade {
      writer.beginObject()
      writer.field("model", upgrade)
      writer.nullField("upgradeCopy")
      writer.nullField("modelLink")
      writer.nullField("migrationMarkdown")
      writer.nullField("retirementAt")
      writer.endObject()
    } else {
      writer.null()
    }
    writer.nullField("availabilityNux")
    writer.field("displayName", displayName)
    writer.field("description", description)
    writer.field("modelSpecialty", specialty)
    writer.field("hidden", !isListed)
    writer.key("supportedReasoningEfforts")
    writer.beginArray()
    for effort in efforts {
      writer.beginObject()
      writer.field("reasoningEffort", effort.name)
      writer.field("description", effort.description)
      writer.endObject()
    }
    writer.endArray()
    // Required by the schema, and not allowed to be empty there.
    writer.field("defaultReasoningEffort", defaultEffort ?? efforts.first?.name ?? "none")
    writer.field("inputModalities", inputModalities)
    writer.field("supportsPersonality", false)
    writer.field("multiAgentVersion", multiAgentVersion)
    writer.field("additionalSpeedTiers", additionalSpeedTiers)
    writer.key("serviceTiers")
    writer.beginArray()
    for tier in serviceTiers {
      writer.beginObject()
      writer.field("id", tier.id)
      writer.field("name", tier.name)
      writer.field("description", tier.description)
      writer.endObject()
    }
    writer.endArray()
    writer.field("defaultServiceTier", defaultServiceTier)
    writer.nullField("availableAccessPrograms")
    writer.field("isDefault", isDefault)
    writer.endObject()
  }
}
