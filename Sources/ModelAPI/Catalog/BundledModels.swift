/// The models of the built-in provider, for when no list is at hand. Names and numbers are the service's; the
/// descriptions are ours.
enum BundledModels {
  static let all: [Model] = [
    model("gpt-6.1-sol", "GPT-6.1-Sol", "Newest all-round model for code and daily tasks.", 1, .low) {
      $0.serviceTiers = [fast("Twice the speed for more usage")]
    },
    model("gpt-6-astra", "GPT-6-Astra", "Strongest model, for the hardest problems.", 2, .low) {
      $0.serviceTiers = [fast("Twice the speed for more usage")]
    },
    model("gpt-6-sol", "GPT-6-Sol", "All-round model of the generation before.", 3, .medium) {
      $0.defaultServiceTier = "priority"
    },
    model("gpt-6-luna", "GPT-6-Luna", "Quick, inexpensive model for lighter tasks.", 4, .medium, deepest: .max) {
      $0.defaultServiceTier = "priority"
    },
    model("gpt-5.6-sol", "GPT-5.6-Sol", "Earlier all-round model.", 5, .low) { $0.upgrade = "gpt-6-sol" },
    model("gpt-5.6-terra", "GPT-5.6-Terra", "Earlier model between speed and depth.", 8, .medium) {
      $0.upgrade = "gpt-6-sol"
    },
    model("gpt-5.6-luna", "GPT-5.6-Luna", "Earlier quick model.", 9, .medium, deepest: .max) {
      $0.upgrade = "gpt-6-luna"
      $0.multiAgentVersion = "v1"
    },
    model("gpt-daybreak-blue-latest", "Daybreak Blue", "Coding model for defensive security work.", 11, .low) {
      $0.isListed = false
      $0.specialty = "cyber"
      ($0.serviceTiers, $0.additionalSpeedTiers) = ([], [])
    },
    model("gpt-daybreak-red-latest", "Daybreak Red", "Coding model for authorised security research.", 12, .medium) {
      $0.isListed = false
      $0.specialty = "cyber"
      $0.contextWindow = 372_000
      $0.defaultVerbosity = "high"
      ($0.serviceTiers, $0.additionalSpeedTiers) = ([], [])
    },
    model("gpt-5.5", "GPT-5.5", "Coding model kept for existing set-ups.", 13, .medium, deepest: .xhigh) {
      $0.upgrade = "gpt-6-sol"
      $0.multiAgentVersion = nil
    },
    model("codex-auto-review", "Codex Auto Review", "Reviews approval requests.", 43, .medium, deepest: .max) {
      $0.isListed = false
      $0.multiAgentVersion = "v1"
    },
  ]

  private enum Level: String, CaseIterable {
    case low, medium, high, xhigh, max, ultra

    var description: String {
      switch self {
      case .low: "Brief reasoning, fastest replies"
      case .medium: "Enough reasoning for everyday work"
      case .high: "Careful reasoning for difficult tasks"
      case .xhigh: "Thorough reasoning for very difficult tasks"
      case .max: "The most reasoning, for the hardest tasks"
      case .ultra: "The most reasoning, with work split up automatically"
      }
    }
  }

  private static func fast(_ description: String) -> Model.ServiceTier {
    Model.ServiceTier(id: "priority", name: "Fast", description: description)
  }

  private static func model(
    _ slug: String, _ name: String, _ description: String, _ priority: Int, _ level: Level, deepest: Level = .ultra,
    _ adjust: (inout Model) -> Void
  ) -> Model {
    var model = Model(
      slug: slug, displayName: name, description: description, baseInstructions: BaseInstructions.text)
    model.priority = priority
    model.defaultEffort = level.rawValue
    for level in Level.allCases {
      model.efforts.append(Model.Effort(level.rawValue, level.description))
      if level == deepest { break }
    }
    model.supportsVerbosity = true
    model.defaultVerbosity = "low"
    model.takesFreeformPatches = true
    model.searchesImages = true
    model.supportsSearchTool = true
    model.supportsOriginalImageDetail = true
    model.serviceTiers = [fast("Half again the speed for more usage")]
    model.additionalSpeedTiers = ["fast"]
    model.multiAgentVersion = "v2"
    adjust(&model)
    return model
  }
}
