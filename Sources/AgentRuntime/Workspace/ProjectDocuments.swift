import Glibc
import HostIO

/// The `AGENTS.md` files in force for a folder (agent-core.md §3.3).
package struct ProjectDocuments: Sendable, Equatable {
  package struct Rules: Sendable, Equatable {
    /// `$CODEX_HOME`.
    package var home: String
    /// What marks the top of a project; empty means that only the folder itself counts.
    package var rootMarkers: [String]
    /// Names that are tried after `AGENTS.override.md` and `AGENTS.md`.
    package var fallbackNames: [String]
    /// Bytes that the project's files may have together; 0 leaves them out. The global file does not count.
    package var maximumBytes: Int

    package init(
      home: String, rootMarkers: [String] = [".git"], fallbackNames: [String] = [], maximumBytes: Int = 32_768
    ) {
      self.home = home
      self.rootMarkers = rootMarkers
      self.fallbackNames = fallbackNames
      self.maximumBytes = maximumBytes
    }
  }

  /// The whole text for the model; nil where there is none.
  package var text: String?
  /// Absolute paths of the files in the text, in its order.
  package var sources: [String] = []

  private static let names = ["AGENTS.override.md", "AGENTS.md"]
  /// The global file is cut here: nobody means to send more with every request.
  private static let maximumGlobalBytes = 1 << 20
  private static let separator = "\n\n--- project-doc ---\n\n"

  package init(for folder: String, _ rules: Rules) {
    var parts: [String] = []
    var budget = rules.maximumBytes
    let global = Self.firstFile(in: rules.home, Self.names)
      .flatMap { path in Self.read(path, limit: Self.maximumGlobalBytes).map { (path, $0) } }
    if let global { sources.append(global.0) }
    if budget > 0 {
      for directory in Self.directories(from: folder, markers: rules.rootMarkers) {
        guard budget > 0 else { break }
        guard let path = Self.firstFile(in: directory, Self.names + rules.fallbackNames),
          let bytes = Self.bytes(path, limit: budget)
        else { continue }
        let text = String(decoding: bytes, as: UTF8.self)
        guard !Self.isBlank(text) else { continue }
        budget -= bytes.count
        parts.append(text)
        sources.append(path)
      }
    }
    let project = parts.isEmpty ? nil : parts.joined(separator: "\n\n")
    switch (global?.1, project) {
    case (let global?, let project?): text = global + Self.separator + project
    case (let only?, nil), (nil, let only?): text = only
    case (nil, nil): text = nil
    }
  }

  /// From the project's top down to the folder; the folder alone where no top is found.
  private static func directories(from folder: String, markers: [String]) -> [String] {
    guard !markers.isEmpty else { return [folder] }
    let chain = Path.ancestors(of: folder)
    let top = chain.firstIndex { folder in markers.contains { File.exists(Path.join(folder, $0)) } }
    return top.map { chain[...$0].reversed() } ?? [folder]
  }

  private static func firstFile(in folder: String, _ names: [String]) -> String? {
    names.lazy.map { Path.join(folder, $0) }.first { (try? File.status($0))?.kind == .regular }
  }

  private static func read(_ path: String, limit: Int) -> String? {
    guard let bytes = bytes(path, limit: limit) else { return nil }
    let text = String(decoding: bytes, as: UTF8.self)
    return isBlank(text) ? nil : text
  }

  /// The first `limit` bytes of a file.
  private static func bytes(_ path: String, limit: Int) -> [UInt8]? {
    guard let file = try? Descriptor(opening: path, O_RDONLY) else { return nil }
    var bytes: [UInt8] = []
    while bytes.count < limit {
      guard let count = try? file.append(to: &bytes, upTo: min(limit - bytes.count, 65_536)) else { return nil }
      if count == 0 { break }
    }
    return bytes
  }

  private static func isBlank(_ text: String) -> Bool {
    text.utf8.allSatisfy { $0 == 0x20 || (0x09...0x0D).contains($0) }
  }

}
