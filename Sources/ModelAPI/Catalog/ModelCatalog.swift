package import JSON

/// The models that the agent knows, in the order in which clients offer them.
package struct ModelCatalog: Sendable, Equatable {
  package private(set) var models: [Model]

  /// A catalog from outside may list this many models.
  package static let maximumModels = 1000

  package init(_ models: [Model]) {
    // A stable order: equal priorities keep theirs.
    self.models = models.enumerated().sorted {
      ($0.element.priority, $0.offset) < ($1.element.priority, $1.offset)
    }.map(\.element)
  }

  package static let bundled = ModelCatalog(BundledModels.all)

  /// The slug to use where nobody chose one; nil if nothing is listed.
  package var defaultSlug: String? { models.first { $0.isListed }?.slug }

  package func find(_ slug: String) -> Model? {
    models.first { $0.slug.utf8.elementsEqual(slug.utf8) }
  }

  /// What is known about the slug, or the fallback for unknown ones.
  package func model(_ slug: String) -> Model {
    find(slug) ?? Self.fallback(slug)
  }

  /// For models that no catalog knows, such as local ones: only what nearly every server accepts.
  package static func fallback(_ slug: String) -> Model {
    var model = Model(slug: slug, displayName: slug, description: "", baseInstructions: BaseInstructions.text)
    model.isListed = false
    model.truncation = .bytes(10_000)
    model.defaultSummary = .auto
    model.isFallback = true
    return model
  }

  /// The warning that a thread with such a model gets. Clients know its words.
  package static func fallbackWarning(_ slug: String) -> String {
    "Model metadata for `\(slug)` not found. Defaulting to fallback metadata; this can degrade performance and cause "
      + "issues."
  }

  // MARK: - model/list

  package struct Page: Sendable, Equatable {
    package var models: [Model]
    package var nextCursor: String?
  }

  /// A part of the list; nil if the cursor is none. A cursor is the number of models before it.
  package func page(cursor: String?, limit: Int?, includeHidden: Bool) -> Page? {
    let all = includeHidden ? models : models.filter(\.isListed)
    var from = 0
    if let cursor {
      guard let offset = Int(cursor), offset >= 0, offset <= all.count else { return nil }
      from = offset
    }
    let end = min(all.count, from + min(max(limit ?? all.count, 1), all.count))
    return Page(models: Array(all[from..<end]), nextCursor: end < all.count ? String(end) : nil)
  }

  /// The answer to `model/list`.
  package func write(_ page: Page, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("data")
    writer.beginArray()
    for model in page.models { model.write(isDefault: model.slug == defaultSlug, to: &writer) }
    writer.endArray()
    writer.field("nextCursor", page.nextCursor)
    writer.endObject()
  }
}
