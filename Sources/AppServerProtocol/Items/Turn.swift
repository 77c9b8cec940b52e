package import JSON

/// Why a turn failed.
package struct TurnError: Sendable, Equatable {
  package var message: String
  /// `codexErrorInfo` in the wire's form: a camelCase word such as `"usageLimitExceeded"`, or an object with one member.
  package var info: RawJSON?
  /// Sent, not stored.
  package var additionalDetails: String?
  package var misalignment: RawJSON?

  package init(message: String, info: RawJSON? = nil, additionalDetails: String? = nil, misalignment: RawJSON? = nil) {
    self.message = message
    self.info = info
    self.additionalDetails = additionalDetails
    self.misalignment = misalignment
  }

  /// The `error` of a `task_complete` record.
  package init(rollout reader: inout JSONReader) throws(JSONError) {
    message = ""
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "message": message = try reader.string()
      case "codex_error_info":
        info = try reader.takeNull() ? nil : RawJSON(Self.renamed(try reader.value(), NameCase.camel))
      default: try reader.skip()
      }
    }
  }

  package func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.field("message", message)
    writer.field("codexErrorInfo", info)
    writer.field("additionalDetails", additionalDetails)
    writer.field("misalignment", misalignment)
    writer.endObject()
  }

  package func writeRollout(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.field("message", message)
    writer.field("codex_error_info", info.flatMap(\.value).map { Self.renamed($0, NameCase.snake) })
    writer.endObject()
  }

  /// Words and member names in the other spelling.
  private static func renamed(_ value: JSON, _ rename: (String) -> String) -> JSON {
    switch value {
    case .null, .bool, .number: value
    case .string(let word): .string(rename(word))
    case .array(let elements): .array(elements.map { renamed($0, rename) })
    case .object(let object): .object(JSONObject(object.members.map { (rename($0.key), renamed($0.value, rename)) }))
    }
  }
}

/// One round of a thread: what the user sent and all that came of it.
package struct Turn: Sendable, Equatable {
  package enum Status: String, Sendable {
    case inProgress
    case completed
    case interrupted
    case failed
  }

  /// How much of the items is there.
  package enum ItemsView: String, WireEnum {
    case notLoaded
    /// The messages of the user and the last of the agent.
    case summary
    case full
  }

  package var id: String
  /// The turn of the root thread that this one belongs to; its own id in a root thread, nil in old files.
  package var rootTurnID: String?
  package var items: [ThreadItem]
  package var itemsView: ItemsView
  package var status: Status
  package var error: TurnError?
  /// Seconds since 1970.
  package var startedAt: Int64?
  package var completedAt: Int64?
  package var durationMs: Int64?

  package init(
    id: String, rootTurnID: String?, items: [ThreadItem] = [], itemsView: ItemsView = .notLoaded,
    status: Status = .inProgress, error: TurnError? = nil, startedAt: Int64? = nil, completedAt: Int64? = nil,
    durationMs: Int64? = nil
  ) {
    self.id = id
    self.rootTurnID = rootTurnID
    self.items = items
    self.itemsView = itemsView
    self.status = status
    self.error = error
    self.startedAt = startedAt
    self.completedAt = completedAt
    self.durationMs = durationMs
  }

  package func write(to writer: inout JSONWriter) {
    write(to: &writer) { (writer: inout JSONWriter) in
      for item in items { item.write(to: &writer) }
    }
  }

  /// Writes the turn with items that the caller writes itself, as elements of the open array, instead of its own.
  package func write<Failure>(
    to writer: inout JSONWriter, items: (inout JSONWriter) throws(Failure) -> Void
  ) throws(Failure) {
    writer.beginObject()
    writer.field("id", id)
    writer.field("rootTurnId", rootTurnID)
    writer.key("items")
    writer.beginArray()
    try items(&writer)
    writer.endArray()
    writer.field("itemsView", itemsView.rawValue)
    writer.field("status", status.rawValue)
    writer.key("error")
    if let error { error.write(to: &writer) } else { writer.null() }
    writer.field("startedAt", startedAt)
    writer.field("completedAt", completedAt)
    writer.field("durationMs", durationMs)
    writer.endObject()
  }
}
