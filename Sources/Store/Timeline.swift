import AppServerProtocol
package import JSON

/// The turn boundaries and items of a thread in the order in which they stand in its files.
extension ThreadHistory {
  /// What a page of the timeline has if nothing is asked for; 0 counts as 1.
  package static let defaultTimelineEntries = 25
  /// Most entries that a page has.
  package static let maximumTimelineEntries = 100

  private enum EntryKind: UInt8 {
    case turnStarted = 0
    case item = 1
    // 2 is an item of a realtime session, which nothing here writes.
    case turnCompleted = 3
  }

  private struct Entry {
    var position: Int64
    var kind: EntryKind
    /// Into the turns or the items of the index.
    var index: Int

    var key: (Int64, UInt8) { (position, kind.rawValue) }
  }

  /// Writes the last entries before the cursor, oldest first, as elements of the open array. Returns the cursor of
  /// those before them. Items that cannot be read are left out, so a page may have fewer than asked for.
  ///
  /// Only for paginated histories: the records of others have no positions.
  package func writeTimeline(
    threadID: String, before cursor: TimelineCursor? = nil, limit: Int? = nil, to writer: inout JSONWriter
  ) throws(StoreError) -> TimelineCursor? {
    let limit = min(max(limit ?? Self.defaultTimelineEntries, 1), Self.maximumTimelineEntries)
    var entries = lastEntries(limit + 1, before: cursor.map { ($0.position, $0.kind) })
    let hasMore = entries.count > limit
    if hasMore { entries.removeFirst() }
    for entry in entries { try write(entry, to: &writer) }
    guard hasMore, let first = entries.first else { return nil }
    return TimelineCursor(
      threadID: threadID, position: first.position, kind: first.kind.rawValue, id: try id(of: first))
  }

  /// In ascending order. What another program wrote may have its records out of order, so all are looked at; never more
  /// than twice as many as asked for are kept.
  private func lastEntries(_ count: Int, before end: (Int64, UInt8)?) -> [Entry] {
    var kept: [Entry] = []
    func keepBest() {
      kept.sort { $0.key < $1.key }
      kept.removeFirst(max(0, kept.count - count))
    }
    func consider(_ entry: Entry) {
      if let end, entry.key >= end { return }
      kept.append(entry)
      if kept.count >= 2 * count { keepBest() }
    }
    for (number, turn) in index.turns.enumerated() {
      consider(Entry(position: turn.start.ordinal, kind: .turnStarted, index: number))
      if let end = turn.end { consider(Entry(position: end.ordinal - 1, kind: .turnCompleted, index: number)) }
    }
    for (number, item) in index.items.enumerated() {
      consider(Entry(position: item.ordinal, kind: .item, index: number))
    }
    keepBest()
    return kept
  }

  // The schema has the members of turn entries in snake case; on the wire they are as everywhere else.
  private func write(_ entry: Entry, to writer: inout JSONWriter) throws(StoreError) {
    switch entry.kind {
    case .turnStarted:
      let turn = index.turns[entry.index]
      begin("turnStarted", entry, turnID: turn.id, in: &writer)
      writer.field("startedAt", turn.startedAt)
    case .item:
      guard try render(entry.index) else { return }
      begin("item", entry, turnID: try turnID(ofItem: entry.index), in: &writer)
      writer.key("item")
      writer.raw(scratch.bytes)
    case .turnCompleted:
      let turn = index.turns[entry.index]
      begin("turnCompleted", entry, turnID: turn.id, in: &writer)
      writer.field("status", turn.status.rawValue)
      writer.key("error")
      if let error = turn.error { error.write(to: &writer) } else { writer.null() }
      writer.field("startedAt", turn.startedAt)
      writer.field("completedAt", turn.completedAt)
      writer.field("durationMs", turn.durationMs)
    }
    writer.endObject()
  }

  private func begin(_ type: StaticString, _ entry: Entry, turnID: String, in writer: inout JSONWriter) {
    writer.beginObject()
    writer.field("type", literal: type)
    writer.field("position", entry.position)
    writer.field("turnId", turnID)
  }

  private func turnID(ofItem position: Int) throws(StoreError) -> String {
    let item = index.items[position]
    if item.turn >= 0 { return index.turns[Int(item.turn)].id }
    return try head(ofItem: position).map { String(decoding: $0.turnID, as: UTF8.self) } ?? ""
  }

  private func id(of entry: Entry) throws(StoreError) -> String {
    switch entry.kind {
    case .turnStarted, .turnCompleted: return index.turns[entry.index].id
    case .item: return try head(ofItem: entry.index).map { String(decoding: $0.id, as: UTF8.self) } ?? ""
    }
  }

  private func head(ofItem position: Int) throws(StoreError) -> StoredItemHead? {
    guard let payload = try payload(index.items[position]) else { return nil }
    return try? StoredItemHead(payload)
  }
}
