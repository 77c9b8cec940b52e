import JSON
import Testing

@testable import ModelAPI

@Suite struct ModelCatalogTests {
  private let catalog = ModelCatalog.bundled

  @Test func `the bundled models come in the order of their priority`() {
    #expect(
      catalog.models.filter(\.isListed).map(\.slug) == [
        "gpt-6.1-sol", "gpt-6-astra", "gpt-6-sol", "gpt-6-luna", "gpt-5.6-sol", "gpt-5.6-terra", "gpt-5.6-luna",
        "gpt-5.5",
      ])
    #expect(catalog.models.filter { !$0.isListed }.count == 3)
    #expect(catalog.defaultSlug == "gpt-6.1-sol")
    for model in catalog.models {
      #expect(model.effectiveContextWindow > 0 && !model.baseInstructions.isEmpty)
      #expect(model.efforts.contains { $0.name == model.defaultEffort })
    }
    #expect(catalog.model("gpt-5.5").effectiveContextWindow == 258_400)
    #expect(catalog.model("gpt-5.5").truncation == .tokens(10_000))
  }

  @Test func `an unknown slug gets what nearly every server accepts`() {
    let model = catalog.model("mock-model")
    #expect(model.isFallback)
    #expect(model.effectiveContextWindow == 258_400)
    #expect(model.truncation == .bytes(10_000))
    #expect(model.defaultSummary == .auto)
    #expect(model.effort(wanted: nil) == nil)
    #expect(model.effort(wanted: "high") == "high")
    #expect(!model.supportsVerbosity && !model.takesFreeformPatches)
    #expect(
      ModelCatalog.fallbackWarning("mock-model")
        == "Model metadata for `mock-model` not found. Defaulting to fallback metadata; this can degrade performance and cause issues."
    )
  }

  @Test func `an effort that a model lacks gives way to the next below`() {
    let model = catalog.model("gpt-5.5")
    #expect(model.effort(wanted: "ultra") == "xhigh")
    #expect(model.effort(wanted: "low") == "low")
    #expect(model.effort(wanted: "none") == "low")
    #expect(model.effort(wanted: "strange") == "medium")
    #expect(model.effort(wanted: nil) == "medium")
  }

  @Test func `the list has every member of the schema`() {
    let page = catalog.page(cursor: nil, limit: 1, includeHidden: false)!
    #expect(
      written { catalog.write(page, to: &$0) }
        == #"{"data":[{"id":"gpt-6.1-sol","model":"gpt-6.1-sol","upgrade":null,"upgradeInfo":null,"availabilityNux":null,"displayName":"GPT-6.1-Sol","description":"Newest all-round model for code and daily tasks.","modelSpecialty":null,"hidden":false,"supportedReasoningEfforts":[{"reasoningEffort":"low","description":"Brief reasoning, fastest replies"},{"reasoningEffort":"medium","description":"Enough reasoning for everyday work"},{"reasoningEffort":"high","description":"Careful reasoning for difficult tasks"},{"reasoningEffort":"xhigh","description":"Thorough reasoning for very difficult tasks"},{"reasoningEffort":"max","description":"The most reasoning, for the hardest tasks"},{"reasoningEffort":"ultra","description":"The most reasoning, with work split up automatically"}],"defaultReasoningEffort":"low","inputModalities":["text","image"],"supportsPersonality":false,"multiAgentVersion":"v2","additionalSpeedTiers":["fast"],"serviceTiers":[{"id":"priority","name":"Fast","description":"Twice the speed for more usage"}],"defaultServiceTier":null,"availableAccessPrograms":null,"isDefault":true}],"nextCursor":"1"}"#
    )
    #expect(
      written { catalog.model("gpt-5.5").write(isDefault: false, to: &$0) }.contains(
        #""upgrade":"gpt-6-sol","upgradeInfo":{"model":"gpt-6-sol","upgradeCopy":null,"modelLink":null,"migrationMarkdown":null,"retirementAt":null}"#
      ))
  }

  @Test func `the list comes in pages`() {
    func slugs(_ cursor: String?, _ limit: Int?) -> (count: Int, next: String?)? {
      catalog.page(cursor: cursor, limit: limit, includeHidden: false).map { ($0.models.count, $0.nextCursor) }
    }
    #expect(slugs(nil, nil)! == (8, nil))
    #expect(slugs("6", 2)! == (2, nil))
    #expect(slugs("5", 2)! == (2, "7"))
    #expect(slugs(nil, 0)! == (1, "1"))
    #expect(slugs(nil, .max)! == (8, nil))
    #expect(slugs("8", -3)! == (0, nil))
    for cursor in ["bogus", "-1", "9", "", "99999999999999999999"] { #expect(slugs(cursor, 2) == nil) }
    #expect(catalog.page(cursor: nil, limit: nil, includeHidden: true)?.models.count == 11)
    #expect(ModelCatalog([]).page(cursor: nil, limit: 5, includeHidden: true)?.models.isEmpty == true)
  }

  @Test func `a catalog from outside needs slugs only`() throws {
    let json = #"""
      {"etag":"x","models":[
        {"slug":"b","priority":2,"visibility":"list","future":[{}]},
        {"slug":"a","display_name":"A","description":"d","priority":1,"visibility":"hide","default_reasoning_level":"low",
         "supported_reasoning_levels":[{"effort":"low","description":"l"},{"x":1},7],"context_window":1000,
         "effective_context_window_percent":50,"truncation_policy":{"mode":"bytes","limit":5},
         "default_reasoning_summary":"detailed","support_verbosity":true,"default_verbosity":"high",
         "apply_patch_tool_type":"freeform","web_search_tool_type":"text_and_image","input_modalities":["text"],
         "supports_search_tool":true,"supports_image_detail_original":true,"base_instructions":"be good",
         "service_tiers":[{"id":"flex"}],"additional_speed_tiers":["fast"],"upgrade":{"model":"b"}}]}
      """#
    let catalog = try ModelCatalog(json: Array(json.utf8))
    #expect(catalog.models.map(\.slug) == ["a", "b"])
    #expect(catalog.defaultSlug == "b")
    let model = catalog.model("a")
    #expect(model.efforts == [Model.Effort("low", "l")])
    #expect(model.effectiveContextWindow == 500)
    #expect(model.truncation == .bytes(5))
    #expect(model.defaultSummary == .detailed)
    #expect(!model.takesImages && model.takesFreeformPatches && model.searchesImages)
    #expect(model.serviceTiers == [Model.ServiceTier(id: "flex", name: "flex", description: "")])
    #expect(model.baseInstructions == "be good")
    #expect(model.upgrade == "b")
    #expect(catalog.model("b").displayName == "b")
    #expect(catalog.model("b").baseInstructions == BaseInstructions.text)
  }

  @Test func `a catalog that is none is refused`() {
    for json in [
      "", "[]", "{}", #"{"models":{}}"#, #"{"models":[{}]}"#, #"{"models":[{"slug":3}]}"#, #"{"models":[]} x"#,
    ] {
      #expect(throws: JSONError.self, "\(json)") { try ModelCatalog(json: Array(json.utf8)) }
    }
    let entries = [String](repeating: #"{"slug":"a"}"#, count: ModelCatalog.maximumModels + 1).joined(separator: ",")
    #expect(throws: JSONError.self) { try ModelCatalog(json: Array("{\"models\":[\(entries)]}".utf8)) }
  }

  @Test func `numbers out of range count as absent`() throws {
    let json =
      #"{"models":[{"slug":"a","context_window":-5,"effective_context_window_percent":900,"priority":1e99,"truncation_policy":{"mode":"tokens","limit":0}}]}"#
    let model = try ModelCatalog(json: Array(json.utf8)).model("a")
    #expect(model.effectiveContextWindow == 258_400)
    #expect(model.truncation == .tokens(10_000))
    #expect(model.effectiveWindow(of: .max) == .max / 100 * 95)
  }

  @Test func `the base instructions are a page, and do not promise tools`() {
    #expect(BaseInstructions.text.utf8.count < 8000)
    #expect(BaseInstructions.text.contains("use only those that are declared"))
  }
}
