package import AppServerProtocol
import HostIO
import JSON

/// Finding threads by what was said in them.
extension ThreadDirectory {
  /// Candidates are taken from the list in portions, so that nobody has to wait for the lock while files are searched:
  /// few at first, which is enough where most threads match, then more, up to this number.
  static let maximumSearchPortion = 1024

  package struct FoundThread: Sendable, Equatable {
    package var thread: ThreadObject
    /// Around the first place.
    package var snippet: String
  }

  package struct SearchPage: Sendable, Equatable {
    package var found: [FoundThread]
    /// Continues behind the last thread; nil where there is nothing more.
    package var nextCursor: String?
    /// Starts with the first thread again, in the other direction; nil for an empty page.
    package var backwardsCursor: String?
  }

  /// A page of `thread/search`: the threads of any provider that `list` would show and in which the user or the agent
  /// used the term, sorted as there. White space of any kind and length is the same.
  ///
  /// It looks at the messages as the model has them, in the files of the thread itself: what a fork has in common with
  /// the thread that it came from is found there. Reads files until the page is full and holds one message at a time.
  ///
  /// Throws `.invalidCursor`, and `.system` where the system has no descriptors or memory left to look with.
  package func search(
    _ params: ThreadSearchParams, for term: SearchTerm, defaultModelProvider: String
  ) throws(StoreError) -> SearchPage {
    var listed = ThreadListParams()
    listed.modelProviders = []
    listed.sourceKinds = params.sourceKinds?.map(\.rawValue)
    listed.archived = params.archived
    listed.sortKey = params.sortKey.asListKey
    listed.sortDirection = params.sortDirection
    let sorting = ThreadSorting(listed.sortKey)
    var cursor = try params.cursor.map { (text) throws(StoreError) in try ThreadCursor(known: text, sorting) }
    // Other than in a list, 0 counts as 1.
    let limit = Self.pageSize(params.limit.map { max($0, 1) })
    var portion = 2 * limit
    var found: [(thread: FoundThread, cursor: ThreadCursor)] = []
    var buffer: [UInt8] = []
    scan: while true {
      let lister = ThreadLister(
        params: listed, sorting: sorting, cursor: cursor, limit: portion, defaultModelProvider: defaultModelProvider)
      let candidates = try list(lister)
      for candidate in candidates.threads {
        guard let path = candidate.thread.path,
          let snippet = firstSnippet(of: term, in: path, threadID: candidate.thread.id, &buffer)
        else { continue }
        found.append((FoundThread(thread: candidate.thread, snippet: snippet), candidate.cursor))
        if found.count > limit { break scan }
      }
      guard candidates.hasMore, let last = candidates.threads.last else { break }
      cursor = last.cursor
      portion = min(2 * portion, Self.maximumSearchPortion)
    }
    let hasMore = found.count > limit
    if hasMore { found.removeLast() }
    return SearchPage(
      found: found.map(\.thread), nextCursor: hasMore ? found.last?.cursor.text(sorting) : nil,
      backwardsCursor: found.first?.cursor.including.text(sorting))
  }

  /// Files that cannot be read have nothing to find.
  private func firstSnippet(
    of term: SearchTerm, in path: String, threadID: String, _ buffer: inout [UInt8]
  ) -> String? {
    guard let segments = try? HistoryChain.open(path: path, locate: { self.segmentPath($0) }) else { return nil }
    for segment in segments where segment.meta.id == threadID {
      if let snippet = firstSnippet(of: term, in: segment, &buffer) { return snippet }
    }
    return nil
  }

  private func firstSnippet(of term: SearchTerm, in segment: HistorySegment, _ buffer: inout [UInt8]) -> String? {
    var scanner = LineScanner(segment.file, to: segment.endOffset, reusing: buffer)
    buffer = []
    defer { buffer = scanner.takeBuffer() }
    while let line = try? scanner.next() {
      guard !line.isTooLong, let head = RecordHead(scanner.buffer, in: line.range) else { continue }
      if let ordinal = head.ordinal, ordinal >= segment.endOrdinal { return nil }
      guard let text = SearchableMessage.text(of: head), let match = term.firstMatch(in: text) else { continue }
      return Snippet(of: match, in: text).trimmed
    }
    return nil
  }
}

/// The messages that a search through threads looks at.
enum SearchableMessage {
  /// The text of a message of the user or the agent, white space collapsed; nil for another record.
  static func text(of head: RecordHead) -> [UInt8]? {
    var payload = head.payload
    switch (head.kind, head.event) {
    case (.responseItem, _): return try? responseMessage(&payload)
    case (.eventMessage, .userMessage), (.eventMessage, .agentMessage): return try? eventMessage(&payload)
    default: return nil
    }
  }

  private static func responseMessage(_ reader: inout JSONReader) throws(JSONError) -> [UInt8]? {
    guard try reader.peekMember("type") == "message" else { return nil }
    switch try reader.peekMember("role") {
    case "user", "assistant": break
    default: return nil
    }
    var text: [UInt8] = []
    try reader.beginObject()
    while let key = try reader.nextKey() {
      guard "content" ~= key, try reader.peek() == .array else {
        try reader.skip()
        continue
      }
      try reader.beginArray()
      while try reader.nextElement() {
        try reader.beginObject()
        while let key = try reader.nextKey() {
          guard "text" ~= key, try reader.peek() == .string else {
            try reader.skip()
            continue
          }
          text.append(contentsOf: try reader.stringBytes())
          text.append(0x20)
        }
      }
    }
    return WhiteSpace.collapsed(text)
  }

  private static func eventMessage(_ reader: inout JSONReader) throws(JSONError) -> [UInt8]? {
    try reader.beginObject()
    while let key = try reader.nextKey() {
      if "message" ~= key { return WhiteSpace.collapsed(Array(try reader.stringBytes())) }
      try reader.skip()
    }
    return nil
  }
}
