import AppServerProtocol
import JSON

/// Picks the positions of a page among `count` elements that are kept in ascending order.
struct PagePositions {
  private let count: Int
  private let limit: Int
  private let direction: SortDirection
  private var next: Int
  private(set) var hasMore = false

  /// - Parameter limit: nil and 0 mean the default.
  init(count: Int, limit: Int?, direction: SortDirection) {
    self.count = count
    self.limit = min(
      limit.flatMap { $0 > 0 ? $0 : nil } ?? ThreadHistory.defaultPageSize, ThreadHistory.maximumPageSize)
    self.direction = direction
    next = direction == .ascending ? 0 : count - 1
  }

  /// Starts at an element, or behind it in the direction of the page.
  mutating func start(at anchor: Int, inclusive: Bool) {
    next = inclusive ? anchor : direction == .ascending ? anchor + 1 : anchor - 1
  }

  mutating func take() -> [Int] {
    var chosen: [Int] = []
    while chosen.count < limit, (0..<count).contains(next) {
      chosen.append(next)
      next += direction == .ascending ? 1 : -1
    }
    hasMore = (0..<count).contains(next)
    return chosen
  }
}

/// Where a page of turns starts: `{"turnId":…,"includeAnchor":…}`, as the reference has it for legacy threads.
struct TurnCursor {
  var turnID: String
  var includesAnchor: Bool

  init(turnID: String, includesAnchor: Bool) {
    self.turnID = turnID
    self.includesAnchor = includesAnchor
  }

  /// nil for text that is no cursor.
  init?(_ text: String) {
    guard let value = try? JSON.parse(text), let id = value["turnId"]?.stringValue,
      let includes = value["includeAnchor"]?.boolValue
    else { return nil }
    self.init(turnID: id, includesAnchor: includes)
  }

  var text: String {
    JSON.object(JSONObject([("turnId", .string(turnID)), ("includeAnchor", .bool(includesAnchor))])).text
  }
}

/// Where a page of items starts. Items keep their position in the history, because histories only grow.
struct ItemCursor {
  var item: Int
  var includesAnchor: Bool

  init(item: Int, includesAnchor: Bool) {
    self.item = item
    self.includesAnchor = includesAnchor
  }

  init?(_ text: String) {
    guard let value = try? JSON.parse(text), let item = value["item"]?.intValue,
      let includes = value["includeAnchor"]?.boolValue
    else { return nil }
    self.init(item: item, includesAnchor: includes)
  }

  var text: String {
    JSON.object(JSONObject([("item", .int(item)), ("includeAnchor", .bool(includesAnchor))])).text
  }
}

/// Where a page of occurrences starts: with one of those in the message at an ordinal, in the form of the reference.
package struct OccurrenceCursor: Sendable, Equatable {
  package var threadID: String
  package var searchTerm: String
  package var ordinal: Int64
  package var occurrence: Int

  package init(threadID: String, searchTerm: String, ordinal: Int64, occurrence: Int) {
    self.threadID = threadID
    self.searchTerm = searchTerm
    self.ordinal = ordinal
    self.occurrence = occurrence
  }

  /// nil for text that is no cursor.
  package init?(_ text: String) {
    guard let value = try? JSON.parse(text), let threadID = value["threadId"]?.stringValue,
      let searchTerm = value["searchTerm"]?.stringValue, let ordinal = value["nextRolloutOrdinal"]?.intValue,
      let occurrence = value["nextOccurrenceIndex"]?.intValue, ordinal >= 0, occurrence >= 0
    else { return nil }
    self.init(threadID: threadID, searchTerm: searchTerm, ordinal: Int64(ordinal), occurrence: occurrence)
  }

  package var text: String {
    JSON.object(
      JSONObject([
        ("threadId", .string(threadID)), ("searchTerm", .string(searchTerm)),
        ("nextRolloutOrdinal", .int(Int(ordinal))), ("nextOccurrenceIndex", .int(occurrence)),
      ])
    ).text
  }
}

/// Where a page of a timeline ends: before this entry, in the form of the reference.
package struct TimelineCursor: Sendable, Equatable {
  package var threadID: String
  package var position: Int64
  package var kind: UInt8
  /// Of the turn or the item; says nothing that the position does not.
  package var id: String

  package init(threadID: String, position: Int64, kind: UInt8, id: String) {
    self.threadID = threadID
    self.position = position
    self.kind = kind
    self.id = id
  }

  /// nil for text that is no cursor.
  package init?(_ text: String) {
    guard let value = try? JSON.parse(text), let threadID = value["threadId"]?.stringValue,
      let position = value["position"]?.intValue, position >= 0,
      let kind = value["kind"]?.intValue.flatMap({ UInt8(exactly: $0) }), let id = value["id"]?.stringValue
    else { return nil }
    self.init(threadID: threadID, position: Int64(position), kind: kind, id: id)
  }

  package var text: String {
    JSON.object(
      JSONObject([
        ("threadId", .string(threadID)), ("position", .int(Int(position))), ("kind", .int(Int(kind))),
        ("id", .string(id)),
      ])
    ).text
  }
}
