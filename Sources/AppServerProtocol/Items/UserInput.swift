package import JSON

/// A part of the text of a message that stands for something else, such as a pasted picture.
package struct TextElement: Sendable, Equatable {
  /// Bytes of the UTF-8 text; as the client gave it, not checked against the text.
  package var start: Int
  package var end: Int
  package var placeholder: String?

  package init(start: Int, end: Int, placeholder: String? = nil) {
    self.start = start
    self.end = end
    self.placeholder = placeholder
  }

  /// Reads either form: `byteRange` as on the wire, `byte_range` as in rollouts.
  package init(_ reader: inout JSONReader) throws(JSONError) {
    var range: (start: Int, end: Int)?
    var placeholder: String?
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "byteRange", "byte_range":
        var start: Int?
        var end: Int?
        try reader.beginObject()
        while let bound = try reader.nextKey() {
          switch bound {
          case "start": start = try reader.int()
          case "end": end = try reader.int()
          default: try reader.skip()
          }
        }
        range = (try reader.require(start, "start"), try reader.require(end, "end"))
      case "placeholder": placeholder = try reader.optionalString()
      default: try reader.skip()
      }
    }
    (start, end) = try reader.require(range, "byteRange")
    self.placeholder = placeholder
  }

  package func writeRollout(to writer: inout JSONWriter) { write(to: &writer, rangeName: "byte_range") }

  func write(to writer: inout JSONWriter, rangeName: StaticString) {
    writer.beginObject()
    writer.key(rangeName)
    writer.beginObject()
    writer.field("start", start)
    writer.field("end", end)
    writer.endObject()
    writer.field("placeholder", placeholder)
    writer.endObject()
  }
}

/// One part of what a user sends: the elements of `turn/start`'s `input` and of a user message's `content`.
package enum UserInput: Sendable, Equatable {
  case text(String, elements: [TextElement] = [])
  /// `url` is a data URL.
  case image(url: String, detail: String? = nil)
  case imageFile(id: String, detail: String? = nil)
  case localImage(path: String, detail: String? = nil)
  case skill(name: String, path: String)
  case mention(name: String, path: String)
  case audio(url: String)
  case localAudio(path: String)
  /// A type that this version does not know, with all its members; the reference refuses it on the wire.
  case unknown(type: String, raw: RawJSON)

  /// The types in the order in which the reference names them in errors.
  package static let knownTypes = ["text", "image", "localImage", "audio", "localAudio", "skill", "mention"]

  /// From the parameters of a request (camelCase).
  ///
  /// Throws `.missingField` where a known type lacks a member.
  package init(wire reader: inout JSONReader) throws(JSONError) {
    self = try Self.read(&reader)
  }

  /// From a stored user message (snake_case).
  package init(rollout reader: inout JSONReader) throws(JSONError) {
    self = try Self.read(&reader)
  }

  package static func list(wire reader: inout JSONReader) throws(JSONError) -> [UserInput] {
    var inputs: [UserInput] = []
    try reader.beginArray()
    while try reader.nextElement() { inputs.append(try read(&reader)) }
    return inputs
  }

  /// The two forms differ only in names, and no name means two things, so one reader takes both.
  private static func read(_ reader: inout JSONReader) throws(JSONError) -> UserInput {
    var whole = reader
    var type: String?
    var text: String?
    var url: String?
    var fileID: String?
    var path: String?
    var name: String?
    var detail: String?
    var elements: [TextElement] = []
    guard let tag = try reader.peekMember("type") else {
      _ = try reader.beginObject()
      throw reader.error(.missingField("type"))
    }
    guard isKnown(tag) else {
      try reader.skip()
      return .unknown(type: tag, raw: try RawJSON(&whole))
    }
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "type": type = try reader.string()
      case "text": text = try reader.string()
      case "text_elements", "textElements":
        if try reader.takeNull() { continue }
        try reader.beginArray()
        while try reader.nextElement() { elements.append(try TextElement(&reader)) }
      case "url", "image_url", "audio_url": url = try reader.optionalString()
      case "fileId", "file_id": fileID = try reader.optionalString()
      case "path": path = try reader.string()
      case "name": name = try reader.string()
      case "detail": detail = try reader.optionalString()
      default: try reader.skip()
      }
    }
    switch type ?? tag {
    case "text": return .text(try reader.require(text, "text"), elements: elements)
    case "image":
      if let url { return .image(url: url, detail: detail) }
      if let fileID { return .imageFile(id: fileID, detail: detail) }
      throw reader.error(.missingField("url"))
    case "localImage", "local_image": return .localImage(path: try reader.require(path, "path"), detail: detail)
    case "skill": return .skill(name: try reader.require(name, "name"), path: try reader.require(path, "path"))
    case "mention": return .mention(name: try reader.require(name, "name"), path: try reader.require(path, "path"))
    case "audio": return .audio(url: try reader.require(url, "url"))
    default: return .localAudio(path: try reader.require(path, "path"))
    }
  }

  private static func isKnown(_ type: String) -> Bool {
    knownTypes.contains(type) || type == "local_image" || type == "local_audio"
  }

  /// The number of Unicode scalars that count against the limit of an input's length.
  package var textLength: Int {
    if case .text(let text, _) = self { text.unicodeScalars.count } else { 0 }
  }

  package func write(to writer: inout JSONWriter) {
    writer.beginObject()
    switch self {
    case .text(let text, let elements):
      writer.field("type", literal: "text")
      writer.field("text", text)
      writer.key("text_elements")
      writer.beginArray()
      for element in elements { element.write(to: &writer, rangeName: "byteRange") }
      writer.endArray()
    case .image(let url, let detail):
      writer.field("type", literal: "image")
      writer.field("url", url)
      writer.field("detail", detail)
    case .imageFile(let id, let detail):
      writer.field("type", literal: "image")
      writer.field("fileId", id)
      writer.field("detail", detail)
    case .localImage(let path, let detail):
      writer.field("type", literal: "localImage")
      writer.field("detail", detail)
      writer.field("path", path)
    case .skill(let name, let path):
      writer.field("type", literal: "skill")
      writer.field("name", name)
      writer.field("path", path)
    case .mention(let name, let path):
      writer.field("type", literal: "mention")
      writer.field("name", name)
      writer.field("path", path)
    case .audio(let url):
      writer.field("type", literal: "audio")
      writer.field("url", url)
    case .localAudio(let path):
      writer.field("type", literal: "localAudio")
      writer.field("path", path)
    case .unknown(_, let raw):
      writer.copyMembers(of: raw)
    }
    writer.endObject()
  }

  package func writeRollout(to writer: inout JSONWriter) {
    writer.beginObject()
    switch self {
    case .text(let text, let elements):
      writer.field("type", literal: "text")
      writer.field("text", text)
      writer.key("text_elements")
      writer.beginArray()
      for element in elements { element.write(to: &writer, rangeName: "byte_range") }
      writer.endArray()
    case .image(let url, let detail):
      writer.field("type", literal: "image")
      writer.field("image_url", url)
      if let detail { writer.field("detail", detail) }
    case .imageFile(let id, let detail):
      writer.field("type", literal: "image")
      writer.field("file_id", id)
      if let detail { writer.field("detail", detail) }
    case .localImage(let path, let detail):
      writer.field("type", literal: "local_image")
      writer.field("path", path)
      if let detail { writer.field("detail", detail) }
    case .skill(let name, let path):
      writer.field("type", literal: "skill")
      writer.field("name", name)
      writer.field("path", path)
    case .mention(let name, let path):
      writer.field("type", literal: "mention")
      writer.field("name", name)
      writer.field("path", path)
    case .audio(let url):
      writer.field("type", literal: "audio")
      writer.field("audio_url", url)
    case .localAudio(let path):
      writer.field("type", literal: "local_audio")
      writer.field("path", path)
    case .unknown(_, let raw):
      writer.copyMembers(of: raw)
    }
    writer.endObject()
  }
}

extension JSONWriter {
  /// Copies the members of an object that passes through into the object that is open; anything else adds nothing.
  mutating func copyMembers(of raw: RawJSON) {
    var reader = JSONReader(raw.bytes)
    guard (try? reader.beginObject()) != nil else { return }
    while let key = try? reader.nextKey(), let range = try? reader.skip() {
      self.key(dynamic: key.string)
      self.raw(raw.bytes[range])
    }
  }
}
