package import JSON

/// A message that waits for its thread to become idle, as clients see it and as it is stored.
package struct QueuedSubmission: Sendable, Equatable {
  package var id: String
  package var input: [UserInput]
  /// Comes back as the `clientId` of the user message.
  package var clientUserMessageID: String

  package init(id: String, input: [UserInput], clientUserMessageID: String) {
    self.id = id
    self.input = input
    self.clientUserMessageID = clientUserMessageID
  }

  package init(from reader: inout JSONReader) throws(JSONError) {
    var id: String?
    var input: [UserInput]?
    var clientID: String?
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "id": id = try reader.string()
      case "input": input = try UserInput.list(wire: &reader)
      case "clientUserMessageId": clientID = try reader.string()
      default: try reader.skip()
      }
    }
    self.id = try reader.require(id, "id")
    self.input = try reader.require(input, "input")
    clientUserMessageID = try reader.require(clientID, "clientUserMessageId")
  }

  package func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.field("id", id)
    writer.key("input")
    writer.beginArray()
    for part in input { part.write(to: &writer) }
    writer.endArray()
    writer.field("clientUserMessageId", clientUserMessageID)
    writer.endObject()
  }
}

extension UserInput {
  /// The input of a message that is to be kept: parts of a type that this version does not know are refused, because
  /// there is nobody to refuse them later.
  fileprivate static func lasting(_ reader: inout JSONReader) throws(JSONError) -> [UserInput] {
    let place = reader.error(.unexpectedEnd).offset
    let input = try list(wire: &reader)
    for case .unknown(let type, _) in input { throw JSONError(.unknownVariant(type, expected: knownTypes), at: place) }
    return input
  }
}

package struct ThreadQueueAddParams: Params {
  package static let method = "thread/queue/add"

  package var threadID = ""
  package var input: [UserInput] = []
  package var clientUserMessageID = ""

  package init(from reader: inout JSONReader) throws(JSONError) {
    var id: String?
    var input: [UserInput]?
    var clientID: String?
    try reader.members { (key, reader) throws(JSONError) in
      switch key {
      case "threadId": id = try reader.string()
      case "input": input = try UserInput.lasting(&reader)
      case "clientUserMessageId": clientID = try reader.string()
      default: try reader.skip()
      }
    }
    threadID = try reader.require(id, "threadId")
    self.input = try reader.require(input, "input")
    clientUserMessageID = try reader.require(clientID, "clientUserMessageId")
  }
}

package struct ThreadQueueListParams: Params {
  package static let method = "thread/queue/list"

  package var threadID = ""
  package var cursor: String?
  package var limit: Int?

  package init(from reader: inout JSONReader) throws(JSONError) {
    var id: String?
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "threadId": id = try reader.string()
      case "cursor": cursor = try reader.optionalString()
      case "limit":
        let place = reader.error(.unexpectedEnd).offset
        limit = try reader.optionalInt()
        if let limit, limit < 0 || limit > Int(UInt32.max) { throw JSONError(.numberOutOfRange, at: place) }
      default: try reader.skip()
      }
    }
    threadID = try reader.require(id, "threadId")
  }
}

package struct ThreadQueueUpdateParams: Params {
  package static let method = "thread/queue/update"

  package var threadID = ""
  package var queuedSubmissionID = ""
  package var input: [UserInput] = []

  package init(from reader: inout JSONReader) throws(JSONError) {
    var id: String?
    var submission: String?
    var input: [UserInput]?
    try reader.members { (key, reader) throws(JSONError) in
      switch key {
      case "threadId": id = try reader.string()
      case "queuedSubmissionId": submission = try reader.string()
      case "input": input = try UserInput.lasting(&reader)
      default: try reader.skip()
      }
    }
    threadID = try reader.require(id, "threadId")
    queuedSubmissionID = try reader.require(submission, "queuedSubmissionId")
    self.input = try reader.require(input, "input")
  }
}

package struct ThreadQueueDeleteParams: Params {
  package static let method = "thread/queue/delete"

  package var threadID = ""
  package var queuedSubmissionID = ""

  package init(from reader: inout JSONReader) throws(JSONError) {
    var id: String?
    var submission: String?
    try reader.members { (key, reader) throws(JSONError) in
      switch key {
      case "threadId": id = try reader.string()
      case "queuedSubmissionId": submission = try reader.string()
      default: try reader.skip()
      }
    }
    threadID = try reader.require(id, "threadId")
    queuedSubmissionID = try reader.require(submission, "queuedSubmissionId")
  }
}

package struct ThreadQueueReorderParams: Params {
  package static let method = "thread/queue/reorder"

  package var threadID = ""
  /// All of them, in their new order.
  package var queuedSubmissionIDs: [String] = []

  package init(from reader: inout JSONReader) throws(JSONError) {
    var id: String?
    var submissions: [String]?
    try reader.members { (key, reader) throws(JSONError) in
      switch key {
      case "threadId": id = try reader.string()
      case "queuedSubmissionIds": submissions = try reader.strings()
      default: try reader.skip()
      }
    }
    threadID = try reader.require(id, "threadId")
    queuedSubmissionIDs = try reader.require(submissions, "queuedSubmissionIds")
  }
}

package struct ThreadQueueStartParams: Params {
  package static let method = "thread/queue/start"

  package var threadID = ""
  /// The one that waits longest, if none is named.
  package var queuedSubmissionID: String?

  package init(from reader: inout JSONReader) throws(JSONError) {
    var id: String?
    var submission: String?
    try reader.members { (key, reader) throws(JSONError) in
      switch key {
      case "threadId": id = try reader.string()
      case "queuedSubmissionId": submission = try reader.optionalString()
      default: try reader.skip()
      }
    }
    threadID = try reader.require(id, "threadId")
    queuedSubmissionID = submission
  }
}
