package import JSON

/// By what found threads can be sorted.
package enum ThreadSearchSortKey: String, WireEnum {
  case createdAt = "created_at"
  case updatedAt = "updated_at"
  case recencyAt = "recency_at"

  package var asListKey: ThreadSortKey {
    switch self {
    case .createdAt: .createdAt
    case .updatedAt: .updatedAt
    case .recencyAt: .recencyAt
    }
  }
}

/// The kinds of sources that a filter can name.
package enum ThreadSourceKind: String, WireEnum {
  case cli
  case vscode
  case exec
  case appServer
  case subAgent
  case subAgentReview
  case subAgentCompact
  case subAgentThreadSpawn
  case subAgentOther
  case unknown
}

package struct ThreadSearchParams: Params {
  package static let method = "thread/search"

  package var searchTerm: String
  package var cursor: String?
  package var limit: Int?
  package var sortKey = ThreadSearchSortKey.createdAt
  package var sortDirection = SortDirection.descending
  package var sourceKinds: [ThreadSourceKind]?
  package var archived = false

  package init(searchTerm: String) { self.searchTerm = searchTerm }

  package init(from reader: inout JSONReader) throws(JSONError) {
    var term: String?
    searchTerm = ""
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "searchTerm": term = try reader.string()
      case "cursor": cursor = try reader.optionalString()
      case "limit": limit = try reader.optionalLimit()
      case "sortKey": sortKey = try reader.optionalEnumeration() ?? .createdAt
      case "sortDirection": sortDirection = try reader.optionalEnumeration() ?? .descending
      case "sourceKinds":
        sourceKinds =
          try reader.takeNull()
          ? nil : try reader.elements { (reader) throws(JSONError) in try reader.enumeration() }
      case "archived": archived = try reader.optionalBool() ?? false
      default: try reader.skip()
      }
    }
    searchTerm = try reader.require(term, "searchTerm")
  }
}

package struct ThreadSearchOccurrencesParams: Params {
  package static let method = "thread/searchOccurrences"

  package var threadID: String
  package var searchTerm: String
  package var cursor: String?
  package var limit: Int?

  package init(from reader: inout JSONReader) throws(JSONError) {
    var id: String?
    var term: String?
    (threadID, searchTerm) = ("", "")
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "threadId": id = try reader.string()
      case "searchTerm": term = try reader.string()
      case "cursor": cursor = try reader.optionalString()
      case "limit": limit = try reader.optionalLimit()
      default: try reader.skip()
      }
    }
    searchTerm = try reader.require(term, "searchTerm")
    threadID = try reader.require(id, "threadId")
  }
}

package struct ThreadTimelineListParams: Params {
  package static let method = "thread/timeline/list"

  package var threadID: String
  package var cursor: String?
  package var limit: Int?

  package init(from reader: inout JSONReader) throws(JSONError) {
    var id: String?
    threadID = ""
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "threadId": id = try reader.string()
      case "cursor": cursor = try reader.optionalString()
      case "limit": limit = try reader.optionalLimit()
      default: try reader.skip()
      }
    }
    threadID = try reader.require(id, "threadId")
  }
}
