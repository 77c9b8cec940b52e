package import JSON

/// The settings that `thread/start`, `thread/resume` and `thread/fork` can override; nil leaves what configuration or
/// the stored thread say.
package struct ThreadOverrides: Sendable {
  package var model: String?
  package var modelProvider: String?
  /// A relative path counts from the server's own folder.
  package var cwd: String?
  package var sandbox: SandboxMode?
  /// The name of a permission profile; not together with `sandbox`.
  package var permissions: String?
  package var approvalPolicy: ApprovalPolicy?
  package var approvalsReviewer: ApprovalsReviewer?
  /// Configuration values by dotted key.
  package var config: JSONObject?
  package var baseInstructions: String?
  package var developerInstructions: String?
  package var serviceTier: String?

  package init() {}

  /// Reads a member if it is one of these; false if it is another.
  package mutating func read(_ key: JSONKey, from reader: inout JSONReader) throws(JSONError) -> Bool {
    switch key {
    case "model": model = try reader.optionalString()
    case "modelProvider": modelProvider = try reader.optionalString()
    case "cwd": cwd = try reader.optionalString()
    case "sandbox": sandbox = try reader.optionalEnumeration()
    case "permissions": permissions = try reader.optionalString()
    case "approvalPolicy": approvalPolicy = try reader.takeNull() ? nil : try ApprovalPolicy(from: &reader)
    case "approvalsReviewer": approvalsReviewer = try reader.optionalEnumeration()
    case "config":
      if try reader.takeNull() { return true }
      let place = reader.error(.unexpectedEnd).offset
      guard let object = try reader.value().objectValue else {
        throw JSONError(.wrongType(expected: "a map", found: "another value"), at: place)
      }
      config = object
    case "baseInstructions": baseInstructions = try reader.optionalString()
    case "developerInstructions": developerInstructions = try reader.optionalString()
    case "serviceTier": serviceTier = try reader.optionalString()
    default: return false
    }
    return true
  }
}

package struct ThreadStartParams: Params {
  package static let method = "thread/start"

  package var overrides = ThreadOverrides()
  package var isEphemeral = false
  package var historyMode: HistoryMode?
  package var threadSource: JSON?
  package var dynamicTools: [JSON] = []

  package init() {}

  package init(from reader: inout JSONReader) throws(JSONError) {
    try reader.beginObject()
    while let key = try reader.nextKey() {
      if try overrides.read(key, from: &reader) { continue }
      switch key {
      case "ephemeral": isEphemeral = try reader.optionalBool() ?? false
      case "historyMode": historyMode = try reader.optionalEnumeration()
      case "threadSource": threadSource = try reader.optionalValue()
      case "dynamicTools":
        dynamicTools =
          try reader.takeNull() ? [] : try reader.elements { (reader) throws(JSONError) in try reader.value() }
      default: try reader.skip()
      }
    }
  }
}

package struct ThreadResumeParams: Params {
  package static let method = "thread/resume"

  package var threadID = ""
  package var path: String?
  /// Response items that replace the stored history.
  package var history: [[UInt8]]?
  package var overrides = ThreadOverrides()
  package var excludeTurns = false
  package var initialTurnsPage: TurnsPageParams?

  package init(from reader: inout JSONReader) throws(JSONError) {
    var id: String?
    try reader.beginObject()
    while let key = try reader.nextKey() {
      if try overrides.read(key, from: &reader) { continue }
      switch key {
      case "threadId": id = try reader.string()
      case "path": path = try reader.optionalString()
      case "history":
        if try reader.takeNull() { continue }
        history = try reader.elements { (reader) throws(JSONError) in Array(reader.bytes[try reader.skip()]) }
      case "excludeTurns": excludeTurns = try reader.bool()
      case "initialTurnsPage":
        if try reader.takeNull() { continue }
        var page = TurnsPageParams()
        try reader.members { (key, reader) throws(JSONError) in
          if try !page.read(key, from: &reader) { try reader.skip() }
        }
        initialTurnsPage = page
      default: try reader.skip()
      }
    }
    threadID = try reader.require(id, "threadId")
  }
}

package struct ThreadForkParams: Params {
  package static let method = "thread/fork"

  package var threadID = ""
  package var path: String?
  package var overrides = ThreadOverrides()
  package var isEphemeral = false
  package var excludeTurns = false
  package var lastTurnID: String?
  package var beforeTurnID: String?

  package init(from reader: inout JSONReader) throws(JSONError) {
    var id: String?
    try reader.beginObject()
    while let key = try reader.nextKey() {
      if try overrides.read(key, from: &reader) { continue }
      switch key {
      case "threadId": id = try reader.string()
      case "path": path = try reader.optionalString()
      case "ephemeral": isEphemeral = try reader.bool()
      case "excludeTurns": excludeTurns = try reader.bool()
      case "lastTurnId": lastTurnID = try reader.optionalString()
      case "beforeTurnId": beforeTurnID = try reader.optionalString()
      default: try reader.skip()
      }
    }
    threadID = try reader.require(id, "threadId")
  }
}

/// Params that are nothing but a thread id: `thread/archive`, `thread/unarchive`, `thread/delete`,
/// `thread/unsubscribe`, `thread/compact/start`.
package struct ThreadIDParams: Params {
  package var threadID = ""

  package init(from reader: inout JSONReader) throws(JSONError) {
    var id: String?
    try reader.members { (key, reader) throws(JSONError) in
      if "threadId" ~= key { id = try reader.string() } else { try reader.skip() }
    }
    threadID = try reader.require(id, "threadId")
  }
}

package struct ThreadReadParams: Params {
  package static let method = "thread/read"

  package var threadID = ""
  package var includeTurns = false

  package init(from reader: inout JSONReader) throws(JSONError) {
    var id: String?
    var includeTurns = false
    try reader.members { (key, reader) throws(JSONError) in
      switch key {
      case "threadId": id = try reader.string()
      case "includeTurns": includeTurns = try reader.bool()
      default: try reader.skip()
      }
    }
    threadID = try reader.require(id, "threadId")
    self.includeTurns = includeTurns
  }
}

package enum SortDirection: String, WireEnum {
  case ascending = "asc"
  case descending = "desc"
}

package enum ThreadSortKey: String, WireEnum {
  case createdAt = "created_at"
  case updatedAt = "updated_at"
  case recencyAt = "recency_at"
  case sectionPosition = "section_position"
}

package struct ThreadListParams: Params {
  package static let method = "thread/list"

  package var cursor: String?
  package var limit: Int?
  package var sortKey = ThreadSortKey.createdAt
  package var sortDirection = SortDirection.descending
  package var modelProviders: [String]?
  package var sourceKinds: [String]?
  package var archived = false
  /// Working directories, compared exactly.
  package var cwds: [String]?
  package var searchTerm: String?
  package var parentThreadID: String?
  package var ancestorThreadID: String?
  package var excludedThreadIDs: [String] = []
  package var originators: [String]?
  /// Filters on things that no thread here has; a null one means "without".
  package var sectionID: String??
  package var projectID: String??

  package init() {}

  package init(from reader: inout JSONReader) throws(JSONError) {
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "cursor": cursor = try reader.optionalString()
      case "limit":
        let place = reader.error(.unexpectedEnd).offset
        limit = try reader.optionalInt()
        if let limit, limit < 0 || limit > Int(UInt32.max) { throw JSONError(.numberOutOfRange, at: place) }
      case "sortKey": sortKey = try reader.optionalEnumeration() ?? .createdAt
      case "sortDirection": sortDirection = try reader.optionalEnumeration() ?? .descending
      case "modelProviders": modelProviders = try reader.optionalStrings()
      case "sourceKinds": sourceKinds = try reader.optionalStrings()
      case "archived": archived = try reader.optionalBool() ?? false
      case "cwd":
        switch try reader.peek() {
        case .null: _ = try reader.takeNull()
        case .array: cwds = try reader.strings()
        default: cwds = [try reader.string()]
        }
      case "searchTerm": searchTerm = try reader.optionalString()
      case "parentThreadId": parentThreadID = try reader.optionalString()
      case "ancestorThreadId": ancestorThreadID = try reader.optionalString()
      case "excludedThreadIds": excludedThreadIDs = try reader.optionalStrings() ?? []
      case "originators": originators = try reader.optionalStrings()
      case "sectionId": sectionID = .some(try reader.optionalString())
      case "projectId": projectID = .some(try reader.optionalString())
      default: try reader.skip()
      }
    }
  }
}

package struct ThreadLoadedListParams: Params {
  package static let method = "thread/loaded/list"

  package var cursor: String?
  package var limit: Int?

  package init(from reader: inout JSONReader) throws(JSONError) {
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "cursor": cursor = try reader.optionalString()
      case "limit": limit = try reader.optionalInt()
      default: try reader.skip()
      }
    }
  }
}

package struct ThreadNameSetParams: Params {
  package static let method = "thread/name/set"

  package var threadID = ""
  package var name = ""

  package init(from reader: inout JSONReader) throws(JSONError) {
    var id: String?
    var name: String?
    try reader.members { (key, reader) throws(JSONError) in
      switch key {
      case "threadId": id = try reader.string()
      case "name": name = try reader.string()
      default: try reader.skip()
      }
    }
    threadID = try reader.require(id, "threadId")
    self.name = try reader.require(name, "name")
  }
}

/// A page of turns: of `thread/turns/list` and of the first page that `thread/resume` can bring along.
package struct TurnsPageParams: Sendable {
  package var cursor: String?
  package var limit: Int?
  package var sortDirection = SortDirection.descending
  package var itemsView = Turn.ItemsView.summary

  package init() {}

  mutating func read(_ key: JSONKey, from reader: inout JSONReader) throws(JSONError) -> Bool {
    switch key {
    case "cursor": cursor = try reader.optionalString()
    case "limit":
      let place = reader.error(.unexpectedEnd).offset
      limit = try reader.optionalInt()
      if let limit, limit < 0 || limit > Int(UInt32.max) { throw JSONError(.numberOutOfRange, at: place) }
    case "sortDirection": sortDirection = try reader.optionalEnumeration() ?? .descending
    case "itemsView": itemsView = try reader.optionalEnumeration() ?? .summary
    default: return false
    }
    return true
  }
}

package struct ThreadTurnsListParams: Params {
  package static let method = "thread/turns/list"

  package var threadID = ""
  package var page = TurnsPageParams()

  package init(from reader: inout JSONReader) throws(JSONError) {
    var id: String?
    try reader.beginObject()
    while let key = try reader.nextKey() {
      if try page.read(key, from: &reader) { continue }
      if "threadId" ~= key { id = try reader.string() } else { try reader.skip() }
    }
    threadID = try reader.require(id, "threadId")
  }
}

package struct ThreadItemsListParams: Params {
  package static let method = "thread/items/list"

  package var threadID = ""
  package var turnID: String?
  package var cursor: String?
  package var limit: Int?
  package var sortDirection = SortDirection.ascending

  package init(from reader: inout JSONReader) throws(JSONError) {
    var id: String?
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "threadId": id = try reader.string()
      case "turnId": turnID = try reader.optionalString()
      case "cursor": cursor = try reader.optionalString()
      case "limit":
        let place = reader.error(.unexpectedEnd).offset
        limit = try reader.optionalInt()
        if let limit, limit < 0 || limit > Int(UInt32.max) { throw JSONError(.numberOutOfRange, at: place) }
      case "sortDirection": sortDirection = try reader.optionalEnumeration() ?? .ascending
      default: try reader.skip()
      }
    }
    threadID = try reader.require(id, "threadId")
  }
}

/// One part of a patch: leave it, clear it, or set it.
package enum FieldPatch: Sendable, Equatable {
  case keep
  case clear
  case set(String)

  package func applied(to value: String?) -> String? {
    switch self {
    case .keep: value
    case .clear: nil
    case .set(let text): text
    }
  }
}

package struct ThreadMetadataUpdateParams: Params {
  package static let method = "thread/metadata/update"

  package var threadID = ""
  package var gitInfo: GitInfoPatch?

  package struct GitInfoPatch: Sendable {
    package var sha = FieldPatch.keep
    package var branch = FieldPatch.keep
    package var originURL = FieldPatch.keep

    package var isEmpty: Bool { sha == .keep && branch == .keep && originURL == .keep }
  }

  package init(from reader: inout JSONReader) throws(JSONError) {
    var id: String?
    var patch: GitInfoPatch?
    func field(_ reader: inout JSONReader) throws(JSONError) -> FieldPatch {
      try reader.takeNull() ? .clear : .set(try reader.string())
    }
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "threadId": id = try reader.string()
      case "gitInfo":
        if try reader.takeNull() { continue }
        var git = GitInfoPatch()
        try reader.beginObject()
        while let key = try reader.nextKey() {
          switch key {
          case "sha": git.sha = try field(&reader)
          case "branch": git.branch = try field(&reader)
          case "originUrl": git.originURL = try field(&reader)
          default: try reader.skip()
          }
        }
        patch = git
      default: try reader.skip()
      }
    }
    threadID = try reader.require(id, "threadId")
    gitInfo = patch
  }
}

package struct ThreadInjectItemsParams: Params {
  package static let method = "thread/inject_items"

  package var threadID = ""
  /// Responses API items, each as its text.
  package var items: [[UInt8]] = []

  package init(from reader: inout JSONReader) throws(JSONError) {
    var id: String?
    var items: [[UInt8]]?
    try reader.members { (key, reader) throws(JSONError) in
      switch key {
      case "threadId": id = try reader.string()
      case "items":
        items = try reader.elements { (reader) throws(JSONError) in Array(reader.bytes[try reader.skip()]) }
      default: try reader.skip()
      }
    }
    threadID = try reader.require(id, "threadId")
    self.items = try reader.require(items, "items")
  }
}

package struct ThreadRevertParams: Params {
  package static let method = "thread/revert"

  package var threadID = ""
  package var beforeTurnID = ""

  package init(from reader: inout JSONReader) throws(JSONError) {
    var id: String?
    var turn: String?
    try reader.members { (key, reader) throws(JSONError) in
      switch key {
      case "threadId": id = try reader.string()
      case "beforeTurnId": turn = try reader.string()
      default: try reader.skip()
      }
    }
    threadID = try reader.require(id, "threadId")
    beforeTurnID = try reader.require(turn, "beforeTurnId")
  }
}
