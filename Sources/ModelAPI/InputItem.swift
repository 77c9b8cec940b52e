import JSON

/// A part of a message or of a tool's output.
package enum InputPart: Sendable, Equatable {
  case text(String)
  /// `url` may be a `data:` URL; `detail` is `high`, `low`, `auto` or `original`.
  case image(url: String, detail: String?)

  package static func image(url: String) -> InputPart { .image(url: url, detail: "high") }

  func write(to writer: inout JSONWriter) {
    writer.beginObject()
    switch self {
    case .text(let text):
      writer.field("type", literal: "input_text")
      writer.field("text", text)
    case .image(let url, let detail):
      writer.field("type", literal: "input_image")
      writer.field("image_url", url)
      if let detail { writer.field("detail", detail) }
    }
    writer.endObject()
  }
}

/// Builds items of a request's `input` as JSON text. Ids are made by the caller; a nil id is left out.
package enum InputItem {
  package enum Role: String, Sendable { case developer, user }

  /// The kinds of items that get an id here, by the prefix of their ids.
  package enum IDPrefix: String, Sendable {
    case message = "msg"
    case reasoning = "rs"
    case functionCall = "fc"
    case functionCallOutput = "fco"
    case customToolCall = "ctc"
    case customToolCallOutput = "ctco"
    case toolSearchCall = "tsc"
    case toolSearchOutput = "tso"

    /// The id for an item of this kind; `uuid` in its usual form.
    package func id(_ uuid: String) -> String { "\(rawValue)_\(uuid)" }
  }

  package enum ToolOutput: Sendable, Equatable {
    case text(String)
    case parts([InputPart])
  }

  package static func message(_ role: Role, id: String?, _ parts: [InputPart]) -> [UInt8] {
    item("message", id: id, reserving: size(parts)) { writer in
      writer.field("role", role.rawValue)
      writer.key("content")
      write(parts, to: &writer)
    }
  }

  package static func message(_ role: Role, id: String?, text: String) -> [UInt8] {
    message(role, id: id, [.text(text)])
  }

  /// A message of the model, for histories that are put together here.
  package static func assistantMessage(id: String?, text: String) -> [UInt8] {
    item("message", id: id, reserving: text.utf8.count) { writer in
      writer.field("role", literal: "assistant")
      writer.key("content")
      writer.beginArray()
      writer.beginObject()
      writer.field("type", literal: "output_text")
      writer.field("text", text)
      writer.endObject()
      writer.endArray()
    }
  }

  package static func functionCallOutput(id: String?, callID: String, _ output: ToolOutput) -> [UInt8] {
    self.output("function_call_output", id: id, callID: callID, output)
  }

  package static func customToolCallOutput(id: String?, callID: String, _ output: ToolOutput) -> [UInt8] {
    self.output("custom_tool_call_output", id: id, callID: callID, output)
  }

  /// The answer to a search for deferred tools; `tools` is a JSON array.
  package static func toolSearchOutput(id: String?, callID: String, tools: [UInt8] = Array("[]".utf8)) -> [UInt8] {
    item("tool_search_output", id: id, reserving: tools.count) { writer in
      writer.field("call_id", callID)
      writer.field("status", literal: "completed")
      writer.field("execution", literal: "client")
      writer.key("tools")
      writer.raw(tools)
    }
  }

  private static func output(
    _ type: StaticString, id: String?, callID: String, _ output: ToolOutput
  ) -> [UInt8] {
    let size =
      switch output {
      case .text(let text): text.utf8.count
      case .parts(let parts): self.size(parts)
      }
    return item(type, id: id, reserving: size) { writer in
      writer.field("call_id", callID)
      switch output {
      case .text(let text): writer.field("output", text)
      case .parts(let parts):
        writer.key("output")
        write(parts, to: &writer)
      }
    }
  }

  private static func item(
    _ type: StaticString, id: String?, reserving size: Int, _ body: (inout JSONWriter) -> Void
  ) -> [UInt8] {
    var writer = JSONWriter(reserving: size + 160)
    writer.beginObject()
    writer.field("type", literal: type)
    if let id { writer.field("id", id) }
    body(&writer)
    writer.endObject()
    return writer.bytes
  }

  private static func write(_ parts: [InputPart], to writer: inout JSONWriter) {
    writer.beginArray()
    for part in parts { part.write(to: &writer) }
    writer.endArray()
  }

  private static func size(_ parts: [InputPart]) -> Int {
    parts.reduce(0) { sum, part in
      switch part {
      case .text(let text): sum + text.utf8.count + 40
      case .image(let url, _): sum + url.utf8.count + 60
      }
    }
  }
}
