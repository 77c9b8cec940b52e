package import JSON

/// Turns stored items into the wire's form without building them: texts, which are most of any thread, are copied as
/// they stand, escapes included. The result says the same as reading a `ThreadItem` and writing it.
package enum ItemTranscoder {
  /// Reads the `item` of an `item_completed` record and writes it as one value.
  ///
  /// False where the item is of a type that clients do not know. A throw may leave half a value in `writer`: give a
  /// scratch one, and copy what it holds when all went well.
  package static func write(rollout reader: inout JSONReader, to writer: inout JSONWriter) throws(JSONError) -> Bool {
    var probe = reader
    switch try tag(&probe) {
    case .agentMessage: try agentMessage(&reader, &writer)
    case .userMessage: try userMessage(&reader, &writer)
    case .reasoning: try reasoning(&reader, &writer)
    case .commandExecution: try commandExecution(&reader, &writer)
    case .other:
      let item = try ThreadItem(rollout: &reader)
      if case .unknown(let item) = item, !item.isShown { return false }
      item.write(to: &writer)
    }
    return true
  }

  private enum Tag { case agentMessage, userMessage, reasoning, commandExecution, other }

  private static func tag(_ reader: inout JSONReader) throws(JSONError) -> Tag {
    try reader.beginObject()
    while let key = try reader.nextKey() {
      guard "type" ~= key else {
        try reader.skip()
        continue
      }
      let name = try reader.stringBytes()
      switch name.count {
      case 12 where name.elementsEqual("AgentMessage".utf8): return .agentMessage
      case 11 where name.elementsEqual("UserMessage".utf8): return .userMessage
      case 9 where name.elementsEqual("Reasoning".utf8): return .reasoning
      case 16 where name.elementsEqual("CommandExecution".utf8): return .commandExecution
      default: return .other
      }
    }
    return .other
  }

  // MARK: - Messages

  private static func agentMessage(_ reader: inout JSONReader, _ writer: inout JSONWriter) throws(JSONError) {
    var id: Range<Int>?
    var phase: Range<Int>?
    var texts: [Range<Int>]?
    var citation = false
    let whole = reader
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "id": id = try reader.rawString()
      case "phase": phase = try reader.rawStringOrNull()
      case "content":
        var parts: [Range<Int>] = []
        try reader.beginArray()
        while try reader.nextElement() {
          try reader.beginObject()
          while let member = try reader.nextKey() {
            if "text" ~= member { parts.append(try reader.rawString()) } else { try reader.skip() }
          }
        }
        texts = parts
      case "memory_citation": if try !reader.takeNull() { citation = true; try reader.skip() }
      default: try reader.skip()
      }
    }
    if citation {
      var again = whole
      return try ThreadItem(rollout: &again).write(to: &writer)
    }
    let parts = try reader.require(texts, "content")
    let rawID = reader.bytes[try reader.require(id, "id")]
    writeAgentMessage(parts, phase: phase, of: reader, to: &writer) { $0.raw(rawID) }
  }

  /// The same for an `agent_message` record of a legacy file, which has no id for the item.
  package static func writeAgentMessage(
    legacy reader: inout JSONReader, id: String, to writer: inout JSONWriter
  ) throws(JSONError) {
    var message: Range<Int>?
    var phase: Range<Int>?
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "message": message = try reader.rawString()
      case "phase": phase = try reader.rawStringOrNull()
      default: try reader.skip()
      }
    }
    let text = try reader.require(message, "message")
    writeAgentMessage([text], phase: phase, of: reader, to: &writer) { $0.string(id) }
  }

  private static func writeAgentMessage(
    _ parts: [Range<Int>], phase: Range<Int>?, of reader: borrowing JSONReader, to writer: inout JSONWriter,
    id: (inout JSONWriter) -> Void
  ) {
    writer.beginObject()
    writer.field("type", literal: "agentMessage")
    writer.key("id")
    id(&writer)
    writer.key("text")
    if parts.count == 1 {
      writer.raw(reader.bytes[parts[0]])
    } else {
      // Two JSON strings end to end, without the quotes between them, are one.
      var joined: [UInt8] = [UInt8(ascii: "\"")]
      for part in parts { joined.append(contentsOf: reader.bytes[part.lowerBound + 1..<part.upperBound - 1]) }
      joined.append(UInt8(ascii: "\""))
      writer.raw(joined)
    }
    writer.key("phase")
    writer.rawOrNull(phase, of: reader)
    writer.nullField("memoryCitation")
    writer.nullField("delivery")
    writer.nullField("questions")
    writer.endObject()
  }

  private static func userMessage(_ reader: inout JSONReader, _ writer: inout JSONWriter) throws(JSONError) {
    var id: Range<Int>?
    var clientID: Range<Int>?
    var content: JSONReader?
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "id": id = try reader.rawString()
      case "client_id": clientID = try reader.rawStringOrNull()
      case "content":
        content = reader
        try reader.skip()
      default: try reader.skip()
      }
    }
    var parts = try reader.require(content, "content")
    writer.beginObject()
    writer.field("type", literal: "userMessage")
    writer.key("id")
    writer.raw(reader.bytes[try reader.require(id, "id")])
    writer.key("clientId")
    writer.rawOrNull(clientID, of: reader)
    writer.key("content")
    writer.beginArray()
    try parts.beginArray()
    while try parts.nextElement() { try userInput(&parts, &writer) }
    writer.endArray()
    writer.endObject()
  }

  /// Text without elements and pictures are copied; the rest is short.
  private static func userInput(_ reader: inout JSONReader, _ writer: inout JSONWriter) throws(JSONError) {
    let whole = reader
    var kind: ArraySlice<UInt8> = []
    var text: Range<Int>?
    var url: Range<Int>?
    var detail: Range<Int>?
    var isPlain = true
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "type": kind = try reader.stringBytes()
      case "text": text = try reader.rawString()
      case "image_url": url = try reader.rawStringOrNull()
      case "detail": detail = try reader.rawStringOrNull()
      case "text_elements":
        let range = try reader.skip()
        if range.count > 2 { isPlain = false }
      default:
        isPlain = false
        try reader.skip()
      }
    }
    if isPlain, kind.elementsEqual("text".utf8), let text {
      writer.beginObject()
      writer.field("type", literal: "text")
      writer.key("text")
      writer.raw(reader.bytes[text])
      writer.key("text_elements")
      writer.beginArray()
      writer.endArray()
      writer.endObject()
    } else if isPlain, kind.elementsEqual("image".utf8), let url {
      writer.beginObject()
      writer.field("type", literal: "image")
      writer.key("url")
      writer.raw(reader.bytes[url])
      writer.key("detail")
      writer.rawOrNull(detail, of: reader)
      writer.endObject()
    } else {
      var again = whole
      try UserInput(rollout: &again).write(to: &writer)
    }
  }

  private static func reasoning(_ reader: inout JSONReader, _ writer: inout JSONWriter) throws(JSONError) {
    var id: Range<Int>?
    var summary: Range<Int>?
    var content: Range<Int>?
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "id": id = try reader.rawString()
      case "summary_text": summary = try reader.rawStrings()
      case "raw_content": content = try reader.takeNull() ? nil : try reader.rawStrings()
      default: try reader.skip()
      }
    }
    writer.beginObject()
    writer.field("type", literal: "reasoning")
    writer.key("id")
    writer.raw(reader.bytes[try reader.require(id, "id")])
    writer.key("summary")
    writer.raw(reader.bytes[try reader.require(summary, "summary_text")])
    writer.key("content")
    if let content {
      writer.raw(reader.bytes[content])
    } else {
      writer.beginArray()
      writer.endArray()
    }
    writer.endObject()
  }

  // MARK: - Commands

  private static func commandExecution(_ reader: inout JSONReader, _ writer: inout JSONWriter) throws(JSONError) {
    // Everything but the output is short: take the item without it, and copy the output between head and tail.
    var output: Range<Int>?
    let item = try CommandExecutionItem(rollout: &reader) { (reader) throws(JSONError) in
      output = try reader.rawStringOrNull()
    }
    writer.beginObject()
    item.writeWireHead(to: &writer)
    writer.key("aggregatedOutput")
    writer.rawOrNull(output.flatMap { $0.count > 2 ? $0 : nil }, of: reader)
    item.writeWireTail(to: &writer)
    writer.endObject()
  }
}

extension JSONReader {
  /// The text of a string with its quotes and escapes, checked.
  fileprivate mutating func rawString() throws(JSONError) -> Range<Int> {
    guard try peek() == .string else {
      throw error(.wrongType(expected: "a string", found: try peek().rawValue))
    }
    return try skip()
  }

  fileprivate mutating func rawStringOrNull() throws(JSONError) -> Range<Int>? {
    try takeNull() ? nil : try rawString()
  }

  /// The text of an array of strings, checked.
  fileprivate mutating func rawStrings() throws(JSONError) -> Range<Int> {
    var start = self
    let range = try skip()
    try start.beginArray()
    while try start.nextElement() { _ = try start.rawString() }
    return range
  }
}

extension JSONWriter {
  fileprivate mutating func rawOrNull(_ range: Range<Int>?, of reader: borrowing JSONReader) {
    if let range { raw(reader.bytes[range]) } else { null() }
  }
}
