import AppServerProtocol
import Bytes
import HostIO
import ModelAPI

/// What a user sends, as an item for the model (agent-core.md §3.4).
enum UserMessageBuilder {
  /// A picture file beyond this is not sent; the model is told.
  static let maximumImageBytes = 20 << 20

  static func item(for input: [UserInput], id: String) -> [UInt8] {
    var parts: [InputPart] = []
    var images = 0
    for element in input {
      switch element {
      case .text(let text, _): parts.append(.text(text))
      case .image(let url, let detail): parts.append(.image(url: url, detail: detail ?? "high"))
      case .localImage(let path, let detail):
        images += 1
        parts += localImage(path, number: images, detail: detail ?? "high")
      case .imageFile(let id, _):
        parts.append(.text("[A picture that is stored as file \(id) with the service cannot be sent from here.]"))
      case .audio, .localAudio: parts.append(.text("[A sound recording was attached; it cannot be sent from here.]"))
      case .skill, .mention, .unknown: break
      }
    }
    return InputItem.message(.user, id: id, parts)
  }

  /// The picture in its frame, or a remark where it cannot be read.
  private static func localImage(_ path: String, number: Int, detail: String) -> [InputPart] {
    let bytes: [UInt8]
    do {
      bytes = try File.read(path, limit: maximumImageBytes)
    } catch {
      return [.text("[The picture \(path) could not be read: \(error)]")]
    }
    guard let type = mediaType(of: bytes) else {
      return [.text("[The picture \(path) could not be read: it is neither PNG, JPEG, GIF nor WebP]")]
    }
    return [
      .text("<image name=[Image #\(number)] path=\"\(path)\">"),
      .image(url: "data:\(type);base64,\(Base64.encode(bytes))", detail: detail), .text("</image>"),
    ]
  }

  /// By the first bytes, whatever the file is called.
  static func mediaType(of bytes: [UInt8]) -> String? {
    if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) { return "image/png" }
    if bytes.starts(with: [0xFF, 0xD8, 0xFF]) { return "image/jpeg" }
    if bytes.starts(with: "GIF87a".utf8) || bytes.starts(with: "GIF89a".utf8) { return "image/gif" }
    if bytes.starts(with: "RIFF".utf8), bytes.dropFirst(8).starts(with: "WEBP".utf8) { return "image/webp" }
    return nil
  }
}
