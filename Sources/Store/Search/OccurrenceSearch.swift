import AppServerProtocol
package import JSON

/// Finding places in what was said in a thread: the messages of the user, and of the agent its answers, which are read
/// as a client shows them, without the marks of Markdown.
extension ThreadHistory {
  /// What a page of occurrences has if nothing is asked for; 0 counts as 1.
  package static let defaultOccurrences = 50
  /// Most occurrences that a page has.
  package static let maximumOccurrences = 250

  /// Writes a page of occurrences as elements of the open array, oldest message first. Returns the cursor of the rest.
  ///
  /// One message is in memory at a time. Only for paginated histories: others know no answers.
  package func writeOccurrences(
    of term: SearchTerm, threadID: String, from cursor: OccurrenceCursor? = nil, limit: Int? = nil,
    to writer: inout JSONWriter
  ) throws(StoreError) -> OccurrenceCursor? {
    let limit = min(max(limit ?? Self.defaultOccurrences, 1), Self.maximumOccurrences)
    var count = 0
    for position in index.items.indices where index.isSaid(position) {
      let item = index.items[position]
      if let cursor, item.ordinal < cursor.ordinal { continue }
      guard let message = try said(item) else { continue }
      let skipped = item.ordinal == cursor?.ordinal ? cursor?.occurrence ?? 0 : 0
      var matches: [Range<Int>] = []
      var seen = 0
      term.forEachMatch(in: message.text) { match in
        if seen >= skipped { matches.append(match) }
        seen += 1
        return count + matches.count <= limit
      }
      for (offset, match) in matches.enumerated() {
        guard count < limit else {
          return OccurrenceCursor(
            threadID: threadID, searchTerm: term.text, ordinal: item.ordinal, occurrence: skipped + offset)
        }
        write(Snippet(of: match, in: message.text), of: message.id, turn: Int(item.turn), to: &writer)
        count += 1
      }
    }
    return nil
  }

  private func write(_ snippet: Snippet, of itemID: String, turn: Int, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.field("turnId", index.turns[turn].id)
    writer.field("itemId", itemID)
    writer.field("snippet", snippet.text)
    writer.key("snippetMatchRange")
    writer.beginObject()
    writer.field("start", snippet.match.lowerBound)
    writer.field("end", snippet.match.upperBound)
    writer.endObject()
    writer.field("turnCursor", cursor(turn: turn, includesAnchor: true))
    writer.endObject()
  }

  /// A message's id and text; nil for one that cannot be read.
  private func said(_ item: IndexedItem) throws(StoreError) -> (id: String, text: [UInt8])? {
    guard var payload = try payload(item) else { return nil }
    do throws(JSONError) {
      guard try Self.enterItem(&payload) else { return nil }
      switch try ThreadItem(rollout: &payload) {
      case .userMessage(let message):
        var text: [UInt8] = []
        for case .text(let part, _) in message.content { text.append(contentsOf: part.utf8) }
        return (message.id, text)
      case .agentMessage(let message): return (message.id, MarkdownText.plain(message.text))
      default: return nil
      }
    } catch {
      return nil
    }
  }
}
