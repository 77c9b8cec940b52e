package import ModelAPI

/// What the model has been told and has said in one thread, and how full its window is.
package struct Conversation: Sendable {
  /// Everything but the base instructions, in order; never rewritten except by a compaction, so that the provider's
  /// prompt cache keeps its prefix.
  package private(set) var items: [HistoryItem] = []
  /// How often the thread has been compacted.
  package private(set) var window = 0
  package private(set) var totalUsage = TokenUsage()
  /// Of the last response; nil before the first.
  package private(set) var lastUsage: TokenUsage?
  /// Estimated tokens of what was appended since the last response.
  private var pendingTokens = 0

  package init() {}

  package init(items: [HistoryItem], window: Int, totalUsage: TokenUsage, lastUsage: TokenUsage?) {
    self.items = items
    self.window = window
    self.totalUsage = totalUsage
    self.lastUsage = lastUsage
    if lastUsage == nil { pendingTokens = Self.estimate(items) }
  }

  package mutating func append(_ item: HistoryItem) {
    items.append(item)
    pendingTokens += TokenEstimate.tokens(of: item.raw)
  }

  package mutating func add(_ usage: TokenUsage) {
    totalUsage = totalUsage + usage
    lastUsage = usage
    pendingTokens = 0
  }

  /// The window is full, whatever was counted.
  package mutating func markFull(window tokens: Int) {
    var usage = lastUsage ?? TokenUsage()
    usage.total = max(Int64(tokens), usage.total)
    lastUsage = usage
    totalUsage.total = max(Int64(tokens), totalUsage.total)
  }

  /// The summary takes the place of what it summarizes.
  package mutating func replace(by items: [HistoryItem], baseTokens: Int) {
    self.items = items
    window += 1
    lastUsage = TokenUsage(total: Int64(Self.estimate(items) + baseTokens))
    pendingTokens = 0
  }

  /// Tokens that the next request is likely to take. The count comes from the server and may be anything.
  package var contextTokens: Int {
    let (sum, overflow) = Int(clamping: lastUsage?.total ?? 0).addingReportingOverflow(pendingTokens)
    return overflow ? .max : sum
  }

  private static func estimate(_ items: [HistoryItem]) -> Int {
    items.reduce(0) { $0 + TokenEstimate.tokens(of: $1.raw) }
  }
}
