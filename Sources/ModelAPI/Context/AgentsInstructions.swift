/// The instructions of AGENTS.md files as one block (agent-core §3.3). Finding and reading the files is the caller's.
package enum AgentsInstructions {
  /// The default of `project_doc_max_bytes`: how many bytes the project's files may have together.
  package static let defaultMaximumBytes = 32 * 1024

  static let opening = "# AGENTS.md instructions for "
  private static let separator = "\n\n--- project-doc ---\n\n"

  /// The text of all files together, or nil if there is none.
  ///
  /// `documents` come in order from the root of the project downwards. They are cut where `maximumBytes` is used up (0
  /// leaves them out), which the global file does not count towards; blank files are skipped; what is no UTF-8 becomes
  /// U+FFFD.
  package static func text(
    global: [UInt8]?, documents: [[UInt8]], maximumBytes: Int = Self.defaultMaximumBytes
  ) -> String? {
    var left = max(maximumBytes, 0)
    var parts: [String] = []
    for document in documents where left > 0 {
      let part = String(decoding: document.prefix(left), as: UTF8.self)
      guard !isBlank(part) else { continue }
      left -= min(left, document.count)
      parts.append(part)
    }
    let project = parts.isEmpty ? nil : parts.joined(separator: "\n\n")
    let general = global.map { String(decoding: $0, as: UTF8.self) }.flatMap { isBlank($0) ? nil : trimmed($0) }
    return switch (general, project) {
    case (let general?, let project?): general + separator + project
    case (let general?, nil): general
    case (nil, let project): project
    }
  }

  /// The block for the history.
  package static func block(cwd: String, text: String) -> String {
    "\(opening)\(cwd)\n\n<INSTRUCTIONS>\n\(text)\n</INSTRUCTIONS>"
  }

  private static func isBlank(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy(\.properties.isWhitespace)
  }

  private static func trimmed(_ text: String) -> String {
    var scalars = Substring(text).unicodeScalars
    while scalars.first?.properties.isWhitespace == true { scalars.removeFirst() }
    while scalars.last?.properties.isWhitespace == true { scalars.removeLast() }
    return String(Substring(scalars))
  }
}
