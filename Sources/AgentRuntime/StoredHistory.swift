import AgentCore
import HostIO
import ModelAPI
package import Store

/// Where the model's history of a resumed or forked thread is, until a turn needs it: a thread of any size costs nothing
/// while it is only looked at.
package struct StoredHistory: Sendable {
  private let path: String
  private let directory: ThreadDirectory

  package init(path: String, directory: ThreadDirectory) {
    self.path = path
    self.directory = directory
  }

  /// Reads it. Blocks for as long as the disk takes.
  func load() throws -> (Conversation, ContextState) {
    let directory = directory
    let stored = try ThreadHistory.loadModelHistory(path: path) { directory.segmentPath($0) }
    let conversation = try Conversation(stored)
    return (conversation, ContextState(recalledFrom: conversation.items))
  }
}

extension Conversation {
  package init(_ stored: ModelHistory) throws {
    self.init(
      items: try stored.items.map { try HistoryItem(raw: $0) }, window: stored.compactions,
      totalUsage: stored.latest.tokens.map { TokenUsage($0.total) } ?? .zero,
      lastUsage: stored.latest.tokens.map { TokenUsage($0.last) })
  }
}
