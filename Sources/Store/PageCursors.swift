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
