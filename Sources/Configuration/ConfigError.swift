package import JSON
import TOML

/// Why settings were refused: which key, and where it stands if a file says so.
package struct ConfigError: Error, Equatable, Sendable, CustomStringConvertible {
  /// A stretch of a file; lines and columns count from 1, and the end is the place of the last character.
  package struct Location: Equatable, Sendable {
    package var file: String
    package var line: Int
    package var column: Int
    package var endLine: Int
    package var endColumn: Int
  }

  /// What is wrong, without the place.
  package var message: String
  /// The key that has the wrong value; empty if the message is about something else.
  package var keyPath: [String]
  package var location: Location?

  package init(_ message: String, at keyPath: [String] = [], location: Location? = nil) {
    self.message = message
    self.keyPath = keyPath
    self.location = location
  }

  /// `FILE:LINE:COLUMN: message` where there is a file, else as `messageWithKey`.
  package var description: String {
    guard let location else { return messageWithKey }
    return "\(location.file):\(location.line):\(location.column): \(message)"
  }

  /// The parameters of a `configWarning` that reports this: with `path` and `range` where there is a file.
  package func warning(summary: String = "Invalid configuration; using defaults.") -> JSON {
    var warning = JSONObject([("summary", .string(summary)), ("details", .string(description))])
    if let location {
      warning["path"] = .string(location.file)
      warning["range"] = [
        "start": ["line": .int(location.line), "column": .int(location.column)],
        "end": ["line": .int(location.endLine), "column": .int(location.endColumn)],
      ]
    }
    return .object(warning)
  }

  /// The message and the key, for values that come from a request and not from a file.
  package var messageWithKey: String {
    keyPath.isEmpty ? message : "\(message)\nin `\(keyPath.joined(separator: "."))`\n"
  }
}

extension ConfigError.Location {
  init(file: String, span: TOMLSpan) {
    self.file = file
    line = span.start.line
    column = span.start.column
    endLine = span.end.line
    endColumn =
      span.end.line == span.start.line ? max(span.end.column - 1, span.start.column) : max(span.end.column - 1, 1)
  }
}

extension ConfigError {
  init(_ error: TOMLError, file: String) {
    self.init(
      error.reason, location: Location(file: file, span: TOMLSpan(start: error.position, end: error.position)))
  }
}
