import HostIO

/// Takes the secrets of a request out of what the server says about it: error texts go to clients and into session files,
/// and some servers repeat the key that they refuse.
struct Redaction: Sendable {
  /// Shorter values hide nothing and would be found in ordinary words, in bytes.
  static let minimumLength = 8
  static let replacement = "[redacted]"

  private let secrets: [[UInt8]]

  init(_ secrets: [String] = []) {
    self.secrets = secrets.map { Array($0.utf8) }.filter { $0.count >= Self.minimumLength }
  }

  func applied(to text: [UInt8]) -> [UInt8] {
    secrets.reduce(text) { text, secret in
      var result: [UInt8] = []
      var start = 0
      while let place = Self.first(of: secret, in: text[start...]) {
        result += text[start..<place]
        result += Self.replacement.utf8
        start = place + secret.count
      }
      return start == 0 ? text : result + text[start...]
    }
  }

  func applied(to text: String) -> String { String(decoding: applied(to: Array(text.utf8)), as: UTF8.self) }

  private static func first(of secret: [UInt8], in text: ArraySlice<UInt8>) -> Int? {
    secret.withUnsafeBytes { secret in
      text.withUnsafeBytes { ByteSearch.first(of: secret, in: $0) }
    }.map { text.startIndex + $0 }
  }
}
