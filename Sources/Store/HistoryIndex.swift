import AppServerProtocol
import HostIO
import JSON

/// A place between two records of a history.
package struct HistoryCut: Sendable, Equatable {
  /// Which file, counted from the oldest of the chain.
  var segment: Int
  /// The byte where the record after the cut starts.
  package var offset: Int64
  /// The ordinal of that record; counted where the file has none.
  package var ordinal: Int64
}

/// What a turn is, and where its items are.
struct IndexedTurn {
  var id: String
  var rootTurnID: String?
  var status = Turn.Status.inProgress
  var error: TurnError?
  var startedAt: Int64?
  var completedAt: Int64?
  var durationMs: Int64?
  /// Into `HistoryIndex.items`, in the order of their first appearance.
  var items: [Int32] = []
  var firstUserItem: Int32?
  /// The message that a summary shows.
  var finalAgentItem: Int32?
  /// The last message, and the last that calls itself final, seen so far.
  var lastAgentItem: Int32?
  var lastFinalAgentItem: Int32?
  var start: HistoryCut
  /// After its last record; nil while it runs.
  var end: HistoryCut?
}

/// Where an item is stored.
struct IndexedItem {
  enum Form: UInt8 {
    /// The `item` of an `item_completed` record.
    case completed
    case userMessage
    case agentMessage
    case reasoning
    case patch
    case mcpCall
    case webSearch
    case imageGeneration
    case compaction
    case enteredReview
    case exitedReview
  }

  /// Whether a search through what was said looks at it; only known in paginated files.
  enum Message: UInt8 {
    case none
    case user
    /// Says of itself that it is a part of the answer.
    case partialAnswer
    /// Counts if it turns out to be the answer of its turn.
    case agent
  }

  var offset: Int64
  /// Of its first record: later versions of the item do not move it.
  var ordinal: Int64
  var length: Int32
  var segment: Int32
  /// Into `HistoryIndex.turns`; -1 for an item of a turn that nothing else tells of.
  var turn: Int32
  /// The number in the id that it gets because its record has none.
  var number: Int32 = 0
  var form: Form
  var message = Message.none
}

/// Turns and items of a history by their places in the files, made in one pass over them that reads little more than
/// the start of each record. It grows with the file.
///
/// Memory: about 60 bytes an item, plus the turns.
struct HistoryIndex {
  private(set) var turns: [IndexedTurn] = []
  private(set) var items: [IndexedItem] = []
  private(set) var latest = LatestRecords()
  /// Further records of items that are spread over several: reasoning in legacy files.
  private(set) var furtherRecords: [Int32: [(offset: Int64, length: Int32)]] = [:]
  /// Where the next record is expected, per segment; what lies before is indexed.
  private var nextOffset: [Int64] = []

  private var turnByID: [String: Int] = [:]
  /// Turn and item ids to item; hashed with the process's seed, so that no file can make two meet.
  private var itemByID: [Int: Int32] = [:]
  /// Items of turns that no record has told of yet: a review begins with an item, and its turn is named at its end.
  private var waitingItems: [String: [(item: Int32, role: StoredItemHead.Role)]] = [:]
  private var lastTurnID: [UInt8] = []
  private var lastTurn = -1
  private var recordCount = 0
  private var ordinal: Int64 = 0

  /// The open turn of a legacy file, and whether a record began it.
  private var openTurn: Int?
  private var openIsExplicit = false
  private var nextItemNumber: Int32 = 1
  /// The last item of a legacy turn, if more reasoning belongs to it.
  private var openReasoning: Int32?

  /// Reads what was added since the last call.
  mutating func update(_ segments: [HistorySegment]) throws(StoreError) {
    var buffer: [UInt8] = []
    for (number, segment) in segments.enumerated() {
      if nextOffset.count <= number { nextOffset.append(0) }
      // What comes before the last file of a chain does not change.
      if number < segments.count - 1, nextOffset[number] > 0 { continue }
      do throws(SystemError) {
        var scanner = LineScanner(segment.file, from: nextOffset[number], to: segment.endOffset, reusing: buffer)
        while let line = try scanner.next() {
          // A line without an end may still be being written; it counts as soon as it is a whole record.
          guard line.isComplete || Self.isWhole(scanner.buffer, line.range) else { break }
          nextOffset[number] = line.end
          guard !line.isTooLong else { continue }
          guard take(line, scanner.buffer, number, segment) else { break }
        }
        buffer = scanner.takeBuffer()
      } catch {
        throw .system(error)
      }
    }
  }

  private static func isWhole(_ buffer: [UInt8], _ range: Range<Int>) -> Bool {
    var reader = JSONReader(buffer, in: range)
    return (try? reader.skip()) != nil && (try? reader.finish()) != nil
  }

  /// False where the part of the segment that belongs is over.
  private mutating func take(
    _ line: ScannedLine, _ buffer: [UInt8], _ number: Int, _ segment: HistorySegment
  ) -> Bool {
    guard let head = RecordHead(buffer, in: line.range) else { return true }
    ordinal = head.ordinal ?? ordinal
    guard ordinal < segment.endOrdinal else { return false }
    defer {
      recordCount += 1
      ordinal &+= 1
    }
    try? latest.take(head)
    guard head.kind == .eventMessage, let event = head.event else { return true }
    let place = HistoryCut(segment: number, offset: line.offset, ordinal: ordinal)
    let record = IndexedItem(
      offset: line.offset, ordinal: ordinal, length: Int32(clamping: line.length), segment: Int32(clamping: number),
      turn: -1, form: .completed)
    switch segment.meta.historyMode {
    case .paginated: takePaginated(event, head.payload, place, record, end: line.end)
    case .legacy: takeLegacy(event, head.payload, place, record, end: line.end)
    }
    return true
  }

  // MARK: - Paginated files: records name their turn

  private mutating func takePaginated(
    _ event: EventKind, _ payload: JSONReader, _ place: HistoryCut, _ record: IndexedItem, end: Int64
  ) {
    switch event {
    case .taskStarted:
      guard let start = try? TurnBoundary(payload), let id = start.turnID, turnByID[id] == nil else { return }
      addTurn(id, start, at: place)
    case .taskComplete, .turnAborted:
      guard let boundary = try? TurnBoundary(payload), let id = boundary.turnID else { return }
      let turn = turnByID[id] ?? addTurn(id, boundary, at: place)
      guard turns[turn].end == nil else { return }
      finish(turn, boundary, isAborted: event == .turnAborted, at: place, end: end)
      turns[turn].finalAgentItem =
        event == .turnAborted ? nil : turns[turn].lastFinalAgentItem ?? turns[turn].lastAgentItem
    case .itemCompleted:
      guard let item = try? StoredItemHead(payload) else { return }
      takeItem(item, record)
    default: break
    }
  }

  private mutating func takeItem(_ head: StoredItemHead, _ record: IndexedItem) {
    let turn = turnIndex(head.turnID)
    var hasher = Hasher()
    hash(head.turnID, &hasher)
    hash(head.id, &hasher)
    let key = hasher.finalize()
    if let known = itemByID[key] {
      // Later versions take the place of earlier ones.
      items[Int(known)].offset = record.offset
      items[Int(known)].length = record.length
      items[Int(known)].segment = record.segment
      items[Int(known)].message = head.role.message
      return
    }
    let index = Int32(clamping: items.count)
    itemByID[key] = index
    var record = record
    record.turn = Int32(clamping: turn ?? -1)
    record.message = head.role.message
    items.append(record)
    if let turn {
      attach(index, head.role, to: turn)
    } else {
      waitingItems[String(decoding: head.turnID, as: UTF8.self), default: []].append((index, head.role))
    }
  }

  private mutating func attach(_ item: Int32, _ role: StoredItemHead.Role, to turn: Int) {
    turns[turn].items.append(item)
    switch role {
    case .user: if turns[turn].firstUserItem == nil { turns[turn].firstUserItem = item }
    case .agent(let phase): noteAgentMessage(turn, item, phase)
    case .other: break
    }
  }

  private func hash(_ text: ArraySlice<UInt8>, _ hasher: inout Hasher) {
    hasher.combine(text.count)
    text.withUnsafeBytes { hasher.combine(bytes: $0) }
  }

  private mutating func turnIndex(_ id: ArraySlice<UInt8>) -> Int? {
    if lastTurn >= 0, lastTurnID.count == id.count, lastTurnID.elementsEqual(id) { return lastTurn }
    guard let turn = turnByID[String(decoding: id, as: UTF8.self)] else { return nil }
    lastTurn = turn
    lastTurnID = Array(id)
    return turn
  }

  private mutating func noteAgentMessage(_ turn: Int, _ item: Int32, _ phase: StoredItemHead.Phase) {
    switch phase {
    case .commentary: break
    case .final: turns[turn].lastFinalAgentItem = item
    case .partial, .unsaid: turns[turn].lastAgentItem = item
    }
  }

  // MARK: - Legacy files: records belong to the open turn

  private mutating func takeLegacy(
    _ event: EventKind, _ payload: JSONReader, _ place: HistoryCut, _ record: IndexedItem, end: Int64
  ) {
    switch event {
    case .taskStarted:
      guard let start = try? TurnBoundary(payload) else { return }
      closeOpenTurn(at: place)
      openTurn = addTurn(start.turnID ?? "rollout-\(recordCount)", start, at: place)
      openIsExplicit = true
    case .taskComplete, .turnAborted:
      guard let boundary = try? TurnBoundary(payload) else { return }
      guard let turn = boundary.turnID.flatMap({ turnByID[$0] }) ?? openTurn else { return }
      if turns[turn].end == nil {
        finish(turn, boundary, isAborted: event == .turnAborted, at: place, end: end)
      }
      if turn == openTurn { openTurn = nil }
      openReasoning = nil
    case .userMessage:
      if openTurn == nil || !openIsExplicit {
        closeOpenTurn(at: place)
        openImplicitTurn(at: place)
      }
      let index = addLegacy(.userMessage, record, at: place, isNumbered: true)
      if let openTurn, turns[openTurn].firstUserItem == nil { turns[openTurn].firstUserItem = index }
    case .agentMessage:
      let phase = (try? StoredItemHead.phase(of: payload)) ?? .unsaid
      let index = addLegacy(.agentMessage, record, at: place, isNumbered: true)
      if let openTurn {
        noteAgentMessage(openTurn, index, phase)
        turns[openTurn].finalAgentItem = turns[openTurn].lastFinalAgentItem ?? turns[openTurn].lastAgentItem
      }
    case .agentReasoning, .agentReasoningRaw:
      if let openReasoning, openTurn != nil {
        furtherRecords[openReasoning, default: []].append((record.offset, record.length))
      } else {
        openReasoning = addLegacy(.reasoning, record, at: place, isNumbered: true)
      }
    case .patchApplyEnd: addLegacy(.patch, record, at: place)
    case .mcpToolCallEnd: addLegacy(.mcpCall, record, at: place)
    case .webSearchEnd: addLegacy(.webSearch, record, at: place)
    case .imageGenerationEnd: addLegacy(.imageGeneration, record, at: place)
    case .contextCompacted: addLegacy(.compaction, record, at: place, isNumbered: true)
    case .enteredReviewMode: addLegacy(.enteredReview, record, at: place, isNumbered: true)
    case .exitedReviewMode: addLegacy(.exitedReview, record, at: place, isNumbered: true)
    case .itemCompleted:
      // Messages and tools have records of their own here; only what has none is taken from these.
      guard let item = try? StoredItemHead(payload), item.isShownInLegacyFiles else { return }
      addLegacy(.completed, record, at: place)
    case .threadRolledBack:
      if let count = try? TurnBoundary.rolledBackTurns(payload) { rollBack(count) }
    case .tokenCount, .threadSettingsApplied, .other: break
    }
  }

  /// A turn that no record ends: one that a record began was cut short, the others never have an end.
  private mutating func closeOpenTurn(at place: HistoryCut) {
    openReasoning = nil
    guard let turn = openTurn else { return }
    openTurn = nil
    turns[turn].end = place
    turns[turn].status = openIsExplicit ? .interrupted : .completed
  }

  private mutating func openImplicitTurn(at place: HistoryCut) {
    openTurn = addTurn("rollout-\(recordCount)", TurnBoundary(), at: place)
    openIsExplicit = false
    if let openTurn { turns[openTurn].status = .completed }
  }

  @discardableResult
  private mutating func addLegacy(
    _ form: IndexedItem.Form, _ record: IndexedItem, at place: HistoryCut, isNumbered: Bool = false
  ) -> Int32 {
    if openTurn == nil { openImplicitTurn(at: place) }
    openReasoning = nil
    var record = record
    record.form = form
    record.turn = Int32(clamping: openTurn ?? -1)
    if isNumbered {
      record.number = nextItemNumber
      nextItemNumber &+= 1
    }
    let index = Int32(clamping: items.count)
    items.append(record)
    if let openTurn { turns[openTurn].items.append(index) }
    return index
  }

  private mutating func rollBack(_ count: Int) {
    guard count > 0 else { return }
    let kept = max(0, turns.count - count)
    for turn in turns[kept...] { turnByID[turn.id] = nil }
    // Items of legacy files stand in the order of their turns.
    if let first = turns[kept...].lazy.compactMap(\.items.first).first {
      items.removeSubrange(Int(first)...)
      furtherRecords = furtherRecords.filter { $0.key < first }
    }
    turns.removeSubrange(kept...)
    openTurn = nil
    openReasoning = nil
    lastTurn = -1
    nextItemNumber = Int32(clamping: items.count + 1)
  }

  // MARK: - Both

  @discardableResult
  private mutating func addTurn(_ id: String, _ boundary: TurnBoundary, at place: HistoryCut) -> Int {
    let index = turns.count
    var turn = IndexedTurn(id: id, start: place)
    turn.rootTurnID = boundary.rootTurnID
    turn.startedAt = boundary.startedAt
    turns.append(turn)
    turnByID[id] = index
    for (item, role) in waitingItems.removeValue(forKey: id) ?? [] {
      items[Int(item)].turn = Int32(clamping: index)
      attach(item, role, to: index)
    }
    return index
  }

  private mutating func finish(
    _ turn: Int, _ boundary: TurnBoundary, isAborted: Bool, at place: HistoryCut, end: Int64
  ) {
    turns[turn].status = isAborted ? .interrupted : boundary.error == nil ? .completed : .failed
    turns[turn].error = isAborted ? nil : boundary.error
    turns[turn].startedAt = boundary.startedAt ?? turns[turn].startedAt
    turns[turn].rootTurnID = boundary.rootTurnID ?? turns[turn].rootTurnID
    turns[turn].completedAt = boundary.completedAt
    turns[turn].durationMs = boundary.durationMs
    turns[turn].end = HistoryCut(segment: place.segment, offset: end, ordinal: place.ordinal &+ 1)
  }

  func turn(id: String) -> Int? { turnByID[id] }

  /// Where the records of a turn begin.
  func cut(beforeTurn index: Int) -> HistoryCut { turns[index].start }

  /// After the last record of a turn; for one without an end, where the next begins or the history ends.
  func cut(afterTurn index: Int) -> HistoryCut {
    if let end = turns[index].end { return end }
    return index + 1 < turns.count ? turns[index + 1].start : end
  }

  /// Whether an item is something that a client shows as said: by the user, as a part of an answer, or as the answer.
  func isSaid(_ position: Int) -> Bool {
    let item = items[position]
    guard item.turn >= 0 else { return false }
    switch item.message {
    case .none: return false
    case .user, .partialAnswer: return true
    case .agent:
      let turn = turns[Int(item.turn)]
      // Without a word of its own on that, the last message is the answer as soon as the turn has ended.
      let answer = turn.lastFinalAgentItem ?? (turn.end == nil ? nil : turn.lastAgentItem)
      return answer == Int32(clamping: position)
    }
  }

  /// The end of what is indexed.
  var end: HistoryCut {
    HistoryCut(segment: max(0, nextOffset.count - 1), offset: nextOffset.last ?? 0, ordinal: ordinal)
  }
}
