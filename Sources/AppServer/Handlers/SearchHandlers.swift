import AgentRuntime
import AppServerProtocol
import Configuration
import HostIO
import JSON
import JSONRPC
import Store

/// Searching through threads, and the timeline of one.
extension Server {
  func searchThreads(_ request: Request) throws(RPCError) {
    let params = try request.params(ThreadSearchParams.self)
    guard let term = SearchTerm(collapsing: params.searchTerm) else { throw .blankSearchTerm(in: request.method) }
    let provider = (try? configuration.settings())?.provider.id ?? Settings.defaultProviderID
    request.answerLater { [directory] in
      let page = try await BlockingPool.shared.run {
        try directory.search(params, for: term, defaultModelProvider: provider)
      }
      let shown = page.found.map { (self.overlaid($0.thread, canAcceptDirectInput: nil), $0.snippet) }
      request.succeed { writer in
        writer.beginObject()
        writer.key("data")
        writer.beginArray()
        for (thread, snippet) in shown {
          writer.beginObject()
          writer.key("thread")
          thread.write(to: &writer)
          writer.field("snippet", snippet)
          writer.endObject()
        }
        writer.endArray()
        writer.field("nextCursor", page.nextCursor)
        writer.field("backwardsCursor", page.backwardsCursor)
        writer.endObject()
      }
    }
  }

  func searchOccurrences(_ request: Request) throws(RPCError) {
    let params = try request.params(ThreadSearchOccurrencesParams.self)
    guard let term = SearchTerm(params.searchTerm) else { throw .blankSearchTerm(in: request.method) }
    let file = try paginatedFile(params.threadID, for: request)
    var cursor: OccurrenceCursor?
    if let text = params.cursor {
      cursor = OccurrenceCursor(text)
      guard let cursor, cursor.threadID == file.threadID, cursor.searchTerm == params.searchTerm else {
        throw RPCError(.invalidCursor(text))
      }
    }
    answer(request, from: file.path) { [cursor, method = request.method] history, writer in
      try Self.requirePaginated(history, for: method)
      writer.key("data")
      writer.beginArray()
      let next = try history.writeOccurrences(
        of: term, threadID: file.threadID, from: cursor, limit: params.limit, to: &writer)
      writer.endArray()
      writer.field("nextCursor", next?.text)
    }
  }

  func listTimeline(_ request: Request) throws(RPCError) {
    let params = try request.params(ThreadTimelineListParams.self)
    let file = try paginatedFile(params.threadID, for: request)
    guard !file.isArchived else { throw .invalidRequest("thread \(file.threadID) is archived") }
    var cursor: TimelineCursor?
    if let text = params.cursor {
      cursor = TimelineCursor(text)
      guard let cursor else { throw .invalidRequest("invalid thread timeline cursor") }
      guard cursor.threadID == file.threadID else {
        throw .invalidRequest("thread timeline cursor belongs to another thread")
      }
    }
    answer(request, from: file.path) { [cursor, method = request.method] history, writer in
      try Self.requirePaginated(history, for: method)
      writer.key("data")
      writer.beginArray()
      let next = try history.writeTimeline(
        threadID: file.threadID, before: cursor, limit: params.limit, to: &writer)
      writer.endArray()
      writer.field("nextCursor", next?.text)
      writer.nullField("activeRealtimeSessionAtPageStart")
    }
  }

  private struct PaginatedFile {
    /// As the server spells it.
    var threadID: String
    var path: String
    var isArchived: Bool
  }

  /// The file of a thread whose records have positions. Threads without a file, known or not, cannot be served.
  private func paginatedFile(_ text: String, for request: Request) throws(RPCError) -> PaginatedFile {
    try Self.checkThreadID(text, as: "thread id")
    let id = UUID(text)?.description ?? text
    if let loaded = threads.thread(id) {
      guard loaded.identity.historyMode == .paginated, loaded.hasFile, let path = loaded.path else {
        throw .notSupported(request.method)
      }
      return PaginatedFile(threadID: id, path: path, isArchived: false)
    }
    guard let location = directory.find(id) else { throw .notSupported(request.method) }
    return PaginatedFile(threadID: id, path: location.path, isArchived: location.isArchived)
  }

  private nonisolated static func requirePaginated(_ history: ThreadHistory, for method: String) throws(RPCError) {
    guard history.meta.historyMode == .paginated else { throw .notSupported(method) }
  }
}

extension RPCError {
  fileprivate static func blankSearchTerm(in method: String) -> RPCError {
    .invalidRequest("\(method) requires a non-empty searchTerm")
  }

  fileprivate static func notSupported(_ method: String) -> RPCError {
    RPCError(code: notSupported, message: "\(method) is not supported yet")
  }
}
