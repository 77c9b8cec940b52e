package import AppServerProtocol
import HostIO
package import JSON

/// The stored history of one thread, as clients see it: its turns and their items.
///
/// It keeps an index of places, not the history itself, and writes pages right from the files, so that a page of a
/// thread of any size takes the memory of the page. Not safe for use from two threads at once; to be kept as long as
/// somebody pages through the thread, because only what is new is read again.
package final class ThreadHistory {
  /// Most turns or items that a page has, whatever is asked for.
  package static let maximumPageSize = 1000
  /// What a page has if nothing is asked for.
  package static let defaultPageSize = 25

  package struct Page: Sendable, Equatable {
    /// Continues behind the last element; nil where there is nothing more.
    package var nextCursor: String?
    /// Starts with the first element again, in the other direction; nil for an empty page.
    package var backwardsCursor: String?
    package var count: Int
  }

  package let path: String
  private let segments: [HistorySegment]
  private(set) var index = HistoryIndex()
  private var window = RecordWindow()
  private(set) var scratch = JSONWriter()

  /// Opens the file at `path` and those where its history begins, and indexes them.
  ///
  /// - Parameter locate: the path of the file that other files call by this id (`ThreadDirectory.segmentPath`).
  package init(path: String, locate: (String) -> String?) throws(StoreError) {
    self.path = path
    segments = try HistoryChain.open(path: path, locate: locate)
    try index.update(segments)
  }

  /// Takes in what was appended to the file since.
  package func refresh() throws(StoreError) {
    try index.update(segments)
  }

  /// The `session_meta` of the thread itself.
  package var meta: SessionMeta { segments[segments.count - 1].meta }

  /// The settings and token counts recorded last.
  package var latest: LatestRecords { index.latest }

  package var turnCount: Int { index.turns.count }
  package var turnIDs: [String] { index.turns.map(\.id) }

  /// The last turn without its items; `isRunning` as in `writeTurns`.
  package func lastTurn(runningTurnID: String? = nil) -> Turn? {
    index.turns.indices.last.map { turn($0, .notLoaded, runningTurnID) }
  }

  // MARK: - Turns

  /// Writes a page of turns as elements of the open array.
  ///
  /// A turn without an end reads as interrupted, unless it is the running one. Throws `.invalidCursor` for text that is
  /// no cursor and for a turn that is gone.
  package func writeTurns(
    _ page: TurnsPageParams, runningTurnID: String? = nil, to writer: inout JSONWriter
  ) throws(StoreError) -> Page {
    let count = index.turns.count
    var positions = PagePositions(
      count: count, limit: page.limit, direction: page.sortDirection)
    if let text = page.cursor {
      guard let cursor = TurnCursor(text) else { throw .invalidCursor(text) }
      guard let anchor = index.turn(id: cursor.turnID) else { throw .invalidCursor(text) }
      positions.start(at: anchor, inclusive: cursor.includesAnchor)
    }
    let chosen = positions.take()
    for position in chosen { try writeTurn(position, page.itemsView, runningTurnID, to: &writer) }
    return Page(
      nextCursor: positions.hasMore ? chosen.last.map { cursor(turn: $0, includesAnchor: false) } : nil,
      backwardsCursor: chosen.first.map { cursor(turn: $0, includesAnchor: true) }, count: chosen.count)
  }

  /// Writes all turns, oldest first.
  package func writeAllTurns(
    _ view: Turn.ItemsView, runningTurnID: String? = nil, to writer: inout JSONWriter
  ) throws(StoreError) {
    if view == .full { writer.reserve(index.items.reduce(0) { $0 + Int($1.length) }) }
    for position in index.turns.indices { try writeTurn(position, view, runningTurnID, to: &writer) }
  }

  /// Cursors that a client can start paging backwards from the end of the history with: of turns, and of items.
  package var backwardsCursors: (turns: String?, items: String?) {
    let lastItem = index.items.indices.last.map { ItemCursor(item: $0, includesAnchor: true).text }
    return (index.turns.indices.last.map { cursor(turn: $0, includesAnchor: true) }, lastItem)
  }

  func cursor(turn: Int, includesAnchor: Bool) -> String {
    TurnCursor(turnID: index.turns[turn].id, includesAnchor: includesAnchor).text
  }

  private func turn(_ position: Int, _ view: Turn.ItemsView, _ runningTurnID: String?) -> Turn {
    let stored = index.turns[position]
    let isOpen = stored.end == nil && stored.status == .inProgress
    return Turn(
      id: stored.id, rootTurnID: stored.rootTurnID, itemsView: view,
      status: isOpen && stored.id != runningTurnID ? .interrupted : stored.status, error: stored.error,
      startedAt: stored.startedAt, completedAt: stored.completedAt, durationMs: stored.durationMs)
  }

  private func writeTurn(
    _ position: Int, _ view: Turn.ItemsView, _ runningTurnID: String?, to writer: inout JSONWriter
  ) throws(StoreError) {
    let stored = index.turns[position]
    try turn(position, view, runningTurnID).write(to: &writer) { (writer) throws(StoreError) in
      switch view {
      case .notLoaded: break
      case .summary:
        if let first = stored.firstUserItem { try writeItem(Int(first), to: &writer) }
        if let last = stored.finalAgentItem { try writeItem(Int(last), to: &writer) }
      case .full:
        for item in stored.items { try writeItem(Int(item), to: &writer) }
      }
    }
  }

  // MARK: - Items

  /// Writes a page of `{turnId, item, startedAtMs, completedAtMs}` as elements of the open array, of one turn or of
  /// all; items that cannot be read are left out, so a page may have fewer than asked for.
  package func writeItems(
    turnID: String? = nil, cursor text: String? = nil, limit: Int? = nil,
    direction: SortDirection = .ascending, to writer: inout JSONWriter
  ) throws(StoreError) -> Page {
    let scope: [Int32]?
    if let turnID {
      scope = index.turn(id: turnID).map { index.turns[$0].items } ?? []
    } else {
      scope = nil
    }
    var positions = PagePositions(count: scope?.count ?? index.items.count, limit: limit, direction: direction)
    if let text {
      guard let cursor = ItemCursor(text), index.items.indices.contains(cursor.item) else { throw .invalidCursor(text) }
      if let scope {
        guard let anchor = scope.firstIndex(of: Int32(clamping: cursor.item)) else { throw .invalidCursor(text) }
        positions.start(at: anchor, inclusive: cursor.includesAnchor)
      } else {
        positions.start(at: cursor.item, inclusive: cursor.includesAnchor)
      }
    }
    let chosen = positions.take().map { position in scope.map { Int($0[position]) } ?? position }
    for item in chosen { try writeEntry(item, to: &writer) }
    return Page(
      nextCursor: positions.hasMore ? chosen.last.map { ItemCursor(item: $0, includesAnchor: false).text } : nil,
      backwardsCursor: chosen.first.map { ItemCursor(item: $0, includesAnchor: true).text }, count: chosen.count)
  }

  /// An element of an item page.
  private func writeEntry(_ position: Int, to writer: inout JSONWriter) throws(StoreError) {
    let item = index.items[position]
    guard let payload = try payload(item), let entry = try? ItemEntryHead(payload) else { return }
    guard try render(position) else { return }
    let fallback = item.turn >= 0 ? index.turns[Int(item.turn)].id : ""
    writer.beginObject()
    writer.field("turnId", entry.turnID ?? fallback)
    writer.key("item")
    writer.raw(scratch.bytes)
    writer.field("startedAtMs", entry.startedAtMs)
    writer.field("completedAtMs", entry.completedAtMs)
    writer.endObject()
  }

  private func writeItem(_ position: Int, to writer: inout JSONWriter) throws(StoreError) {
    if try render(position) { writer.raw(scratch.bytes) }
  }

  /// Writes the item into `scratch`; false where it cannot be read or is not for clients.
  func render(_ position: Int) throws(StoreError) -> Bool {
    let item = index.items[position]
    guard var payload = try payload(item) else { return false }
    scratch.removeAll()
    do throws(JSONError) {
      if item.form == .completed, item.number == 0 {
        guard try Self.enterItem(&payload), try ItemTranscoder.write(rollout: &payload, to: &scratch) else {
          return false
        }
      } else if item.form == .agentMessage {
        // Most of what a legacy thread shows: copied, as items are.
        try ItemTranscoder.writeAgentMessage(legacy: &payload, id: Self.legacyID(item), to: &scratch)
      } else {
        guard var shown = try LegacyItems.item(item.form, &payload, id: Self.legacyID(item)) else {
          return false
        }
        if case .reasoning(var reasoning) = shown {
          try mergeReasoning(&reasoning, item, Int32(clamping: position))
          shown = .reasoning(reasoning)
        }
        shown.write(to: &scratch)
      }
    } catch {
      return false
    }
    return true
  }

  private static func legacyID(_ item: IndexedItem) -> String { item.number > 0 ? "item-\(item.number)" : "" }

  /// Reasoning of legacy files is one record a paragraph.
  private func mergeReasoning(
    _ reasoning: inout ReasoningItem, _ item: IndexedItem, _ position: Int32
  ) throws(JSONError) {
    var records = [(offset: item.offset, length: item.length)]
    records += index.furtherRecords[position] ?? []
    reasoning.summary = []
    reasoning.content = []
    for record in records {
      var part = item
      (part.offset, part.length) = record
      guard var reader = try? payload(part) else { continue }
      let (text, isRaw) = try LegacyItems.reasoning(&reader)
      if isRaw { reasoning.content.append(text) } else { reasoning.summary.append(text) }
    }
  }

  /// The payload of the item's record; nil where the file does not have it any more.
  func payload(_ item: IndexedItem) throws(StoreError) -> JSONReader? {
    let place = try window.load(item.offset, Int(item.length), segment: Int(item.segment), of: segments)
    return place.flatMap { RecordHead(window.buffer, in: $0)?.payload }
  }

  /// Places the reader of a payload at its `item`.
  static func enterItem(_ payload: inout JSONReader) throws(JSONError) -> Bool {
    try payload.beginObject()
    while let key = try payload.nextKey() {
      if "item" ~= key { return true }
      try payload.skip()
    }
    return false
  }

  // MARK: - Places

  /// Where a fork or a revert cuts: before the first record of a turn.
  package func cut(beforeTurn id: String) throws(StoreError) -> HistoryCut {
    guard let turn = index.turn(id: id) else { throw .turnNotFound(id: id) }
    return index.cut(beforeTurn: turn)
  }

  /// Where a fork cuts that keeps a turn.
  package func cut(afterTurn id: String) throws(StoreError) -> HistoryCut {
    guard let turn = index.turn(id: id) else { throw .turnNotFound(id: id) }
    return index.cut(afterTurn: turn)
  }

  /// The end of the history as far as it is read.
  package var end: HistoryCut { index.end }

  /// How a file that continues this history from `cut` on refers to it.
  package func base(at cut: HistoryCut) -> SessionMeta.HistoryBase {
    let file = segments[cut.segment].file.path
    let name = ThreadFileName(ThreadFileName.lastPart(of: file))
    return SessionMeta.HistoryBase(
      segmentID: name.map { "\($0.segmentID)" } ?? segments[cut.segment].meta.id, endOrdinal: cut.ordinal,
      endOffset: cut.offset)
  }

  /// The files and the parts of them that make up the history up to `cut`.
  func pieces(to cut: HistoryCut) -> [HistorySegment] {
    var pieces = Array(segments.prefix(cut.segment + 1))
    if !pieces.isEmpty { pieces[pieces.count - 1].endOffset = min(pieces[pieces.count - 1].endOffset, cut.offset) }
    return pieces
  }

  var allSegments: [HistorySegment] { segments }
}

/// The members around the item in an `item_completed` record.
private struct ItemEntryHead {
  var turnID: String?
  var startedAtMs: Int64?
  var completedAtMs: Int64?

  init(_ payload: JSONReader) throws(JSONError) {
    var reader = payload
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "turn_id": turnID = try reader.optionalString()
      case "started_at_ms": startedAtMs = try reader.takeNull() ? nil : try reader.int64()
      case "completed_at_ms": completedAtMs = try reader.takeNull() ? nil : try reader.int64()
      default: try reader.skip()
      }
    }
  }
}
