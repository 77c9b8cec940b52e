import AppServerProtocol
import HostIO
import JSON

/// What a thread needs to go on with the model: the items that were sent and received, and the settings in force.
package struct ModelHistory: Sendable {
  /// Items of the Responses API, each as JSON text, ready to be sent.
  package var items: [[UInt8]] = []
  /// How often the history was replaced by a summary.
  package var compactions = 0
  package var latest = LatestRecords()
}

extension ThreadHistory {
  /// Of old files that keep only the summary, this much of what the user said stays, in bytes (20,000 tokens).
  static let keptUserMessageBytes = 80_000

  /// Reads all that the model needs, in two passes: one to find what is still part of the history, one to read that.
  ///
  /// With a cut, what comes after it does not count. Memory: the result and one line.
  package func loadModelHistory(to cut: HistoryCut? = nil) throws(StoreError) -> ModelHistory {
    var loader = ModelHistoryLoader(segments: cut.map(pieces) ?? allSegments)
    return try loader.load()
  }

  /// The same without looking at turns, for a thread that is only to go on.
  package static func loadModelHistory(
    path: String, locate: (String) -> String?
  ) throws(StoreError) -> ModelHistory {
    var loader = ModelHistoryLoader(segments: try HistoryChain.open(path: path, locate: locate))
    return try loader.load()
  }
}

private struct ModelHistoryLoader {
  /// A record of the history, or an item of a `compacted` record.
  private struct Entry {
    var segment: Int
    var offset: Int64
    var length: Int
    /// The item inside of a `compacted` record; -1 for a `response_item`, `.max` for the summary itself.
    var element = -1
    /// Something the user said, as opposed to context.
    var isUserMessage = false
  }

  let segments: [HistorySegment]
  private var entries: [Entry] = []
  private var history = ModelHistory()
  /// Stands in for the last summary of a file that keeps no replacement with it.
  private var summary: [UInt8] = []

  init(segments: [HistorySegment]) { self.segments = segments }

  mutating func load() throws(StoreError) -> ModelHistory {
    var buffer: [UInt8] = []
    for (number, segment) in segments.enumerated() {
      do throws(SystemError) {
        var scanner = LineScanner(segment.file, to: segment.endOffset, reusing: buffer)
        while let line = try scanner.next() {
          guard !line.isTooLong, let head = RecordHead(scanner.buffer, in: line.range) else { continue }
          if let ordinal = head.ordinal, ordinal >= segment.endOrdinal { break }
          let entry = Entry(segment: number, offset: line.offset, length: line.length)
          // A record that is broken somewhere is passed over as a whole.
          do throws(JSONError) {
            try take(head, entry, in: segment.meta.historyMode)
          } catch {}
        }
        buffer = scanner.takeBuffer()
      } catch {
        throw .system(error)
      }
    }
    try readItems()
    return history
  }

  // MARK: - First pass

  private mutating func take(
    _ head: RecordHead, _ entry: Entry, in mode: HistoryMode
  ) throws(JSONError) {
    var payload = head.payload
    switch head.kind {
    case .responseItem:
      var entry = entry
      entry.isUserMessage = try Self.isUserMessage(payload)
      try payload.skip()
      entries.append(entry)
    case .compacted: try compact(&payload, entry)
    case .turnContext: try history.latest.take(head)
    case .eventMessage:
      if head.event == .threadRolledBack {
        if mode == .legacy { rollBack(try TurnBoundary.rolledBackTurns(payload)) }
      } else {
        try history.latest.take(head)
      }
    case .sessionMeta, .other: break
    }
  }

  private mutating func compact(_ payload: inout JSONReader, _ entry: Entry) throws(JSONError) {
    var message = ""
    var replacement: [Entry]?
    try payload.beginObject()
    while let key = try payload.nextKey() {
      switch key {
      case "message": message = try payload.optionalString() ?? ""
      case "replacement_history":
        if try payload.takeNull() { continue }
        var elements: [Entry] = []
        try payload.beginArray()
        while try payload.nextElement() {
          var element = entry
          element.element = elements.count
          element.isUserMessage = try Self.isUserMessage(payload)
          try payload.skip()
          elements.append(element)
        }
        replacement = elements
      default: try payload.skip()
      }
    }
    history.compactions += 1
    if let replacement {
      entries = replacement
      return
    }
    // Old files keep the summary only: what remains is what the user said, and the summary as the last message.
    var budget = ThreadHistory.keptUserMessageBytes
    var kept: [Entry] = []
    for earlier in entries.reversed() where earlier.isUserMessage && earlier.element < 0 {
      budget -= earlier.length
      guard budget >= 0 else { break }
      kept.append(earlier)
    }
    var last = entry
    last.element = .max
    entries = kept.reversed() + [last]
    summary = Self.summaryItem(message)
  }

  private static func summaryItem(_ message: String) -> [UInt8] {
    JSON.object(
      JSONObject([
        ("type", "message"), ("role", "user"),
        ("content", .array([.object(JSONObject([("type", "input_text"), ("text", .string(message))]))])),
      ])
    ).encoded
  }

  /// Takes back the last `count` messages of the user and all that follows the first of them.
  private mutating func rollBack(_ count: Int) {
    guard count > 0 else { return }
    var left = count
    var cut = entries.count
    for position in entries.indices.reversed() where entries[position].isUserMessage {
      cut = position
      left -= 1
      if left == 0 { break }
    }
    // With fewer messages than that, all of them go; what stood before the first stays.
    if cut < entries.count { entries.removeSubrange(cut...) }
  }

  private static func isUserMessage(_ payload: JSONReader) throws(JSONError) -> Bool {
    guard let text = try MessageText.first(payload, role: "user") else { return false }
    return !contextOpenings.contains { opening in
      text.starts(with: UnsafeBufferPointer(start: opening.utf8Start, count: opening.utf8CodeUnitCount))
    }
  }

  /// How the messages in a user's name begin that an agent wrote.
  private static let contextOpenings: [StaticString] = [
    "# AGENTS.md instructions for ",
    "<environment_context>",
    "<user_instructions>",
    "<turn_aborted>",
    "<user_action>",
    "<skill>",
    // The summaries of the reference, and ours.
    "Another language model started to solve this problem",
    "The earlier part of this conversation was replaced by the following summary",
  ]

  // MARK: - Second pass

  private mutating func readItems() throws(StoreError) {
    var window = RecordWindow()
    history.items.reserveCapacity(entries.count)
    var position = 0
    while position < entries.count {
      let entry = entries[position]
      guard let place = try window.load(entry.offset, entry.length, segment: entry.segment, of: segments),
        let head = RecordHead(window.buffer, in: place)
      else {
        position += 1
        continue
      }
      if entry.element < 0 {
        append(head.payload)
        position += 1
      } else if entry.element == .max {
        history.items.append(summary)
        position += 1
      } else {
        position += readReplacement(head.payload, from: position)
      }
    }
  }

  /// Reads the items of a replacement that are entries from `position` on; returns how many entries these are.
  private mutating func readReplacement(_ payload: JSONReader, from position: Int) -> Int {
    let offset = entries[position].offset
    let segment = entries[position].segment
    var count = 0
    while position + count < entries.count, entries[position + count].element >= 0,
      entries[position + count].element != .max, entries[position + count].offset == offset,
      entries[position + count].segment == segment
    { count += 1 }
    var reader = payload
    do throws(JSONError) {
      try reader.beginObject()
      while let key = try reader.nextKey() {
        guard "replacement_history" ~= key else {
          try reader.skip()
          continue
        }
        try reader.beginArray()
        var taken = 0
        while taken < count, try reader.nextElement() {
          append(reader)
          try reader.skip()
          taken += 1
        }
        break
      }
    } catch {}
    return max(count, 1)
  }

  /// Adds the item that the reader is at.
  private mutating func append(_ payload: JSONReader) {
    guard let item = try? Self.forSending(payload) else { return }
    history.items.append(item)
  }

  /// The item without what the reference adds for itself.
  private static func forSending(_ payload: JSONReader) throws(JSONError) -> [UInt8] {
    var whole = payload
    let range = try whole.skip()
    var reader = payload
    guard try reader.peek() == .object else { return Array(payload.bytes[range]) }
    var hasPassthrough = false
    var members: [(key: String, value: Range<Int>)] = []
    try reader.beginObject()
    while let key = try reader.nextKey() {
      let isPassthrough = "internal_chat_message_metadata_passthrough" ~= key
      let value = try reader.skip()
      if isPassthrough { hasPassthrough = true } else { members.append((key.string, value)) }
    }
    guard hasPassthrough else { return Array(payload.bytes[range]) }
    var writer = JSONWriter(reserving: range.count)
    writer.beginObject()
    for member in members {
      writer.key(dynamic: member.key)
      writer.raw(payload.bytes[member.value])
    }
    writer.endObject()
    return writer.bytes
  }
}

/// The texts of a message item.
enum MessageText {
  /// The first text of a message of that role; nil for anything else.
  static func first(_ payload: JSONReader, role: String) throws(JSONError) -> ArraySlice<UInt8>? {
    var first: ArraySlice<UInt8>?
    try each(payload, role: role) { if first == nil { first = $0 } }
    return first
  }

  static func each(
    _ payload: JSONReader, role: String, _ body: (ArraySlice<UInt8>) -> Void
  ) throws(JSONError) {
    var reader = payload
    var content: JSONReader?
    var isMessage = false
    var hasRole = false
    guard try reader.peek() == .object else { return }
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "type":
        guard try reader.peek() == .string else { return }
        isMessage = try reader.stringBytes().elementsEqual("message".utf8)
        if !isMessage { return }
      case "role":
        guard try reader.peek() == .string else { return }
        hasRole = try reader.stringBytes().elementsEqual(role.utf8)
        if !hasRole { return }
      case "content":
        content = reader
        try reader.skip()
      default: try reader.skip()
      }
    }
    guard isMessage, hasRole, var parts = content, try parts.peek() == .array else { return }
    try parts.beginArray()
    while try parts.nextElement() {
      guard try parts.peek() == .object else {
        try parts.skip()
        continue
      }
      try parts.beginObject()
      while let key = try parts.nextKey() {
        guard "text" ~= key, try parts.peek() == .string else {
          try parts.skip()
          continue
        }
        body(try parts.stringBytes())
      }
    }
  }
}
