import JSON

/// What relative paths in settings are relative to. Purely about text: nothing is looked up.
package struct PathContext: Sendable {
  /// Absolute; what `~` stands for.
  package var home: String
  /// Absolute; the base for paths that come from no file.
  package var workingDirectory: String

  package init(home: String, workingDirectory: String) {
    self.home = home
    self.workingDirectory = workingDirectory
  }

  /// The absolute form of `path`, without `.`, `..` and doubled slashes.
  package func absolute(_ path: String, relativeTo base: String) -> String {
    let bytes = path.utf8
    if bytes.elementsEqual("~".utf8) { return Self.normalized(home) }
    if bytes.starts(with: "~/".utf8) { return Self.normalized(home + "/" + String(Substring(bytes.dropFirst(2)))) }
    return Self.normalized(bytes.first == UInt8(ascii: "/") ? path : base + "/" + path)
  }

  static func normalized(_ path: String) -> String {
    var parts: [Substring.UTF8View] = []
    for part in Substring(path).utf8.split(separator: UInt8(ascii: "/")) {
      if part.elementsEqual(".".utf8) { continue }
      if part.elementsEqual("..".utf8) {
        _ = parts.popLast()
      } else {
        parts.append(part)
      }
    }
    return "/" + parts.map { String(Substring($0)) }.joined(separator: "/")
  }

  /// The folder that holds the file of a source, or the working directory.
  func base(for source: ConfigSource) -> String {
    guard let file = source.file, let slash = file.utf8.lastIndex(of: UInt8(ascii: "/")) else {
      return workingDirectory
    }
    return slash == file.utf8.startIndex ? "/" : String(file[..<slash])
  }

  /// The layer with every setting that is a path made absolute. Its version stays that of what was read.
  func resolvingPaths(in layer: ConfigLayer) -> ConfigLayer {
    let base = base(for: layer.source)
    let resolved = ConfigSchema.root.mapPaths(in: .object(layer.content)) { absolute($0, relativeTo: base) }
    return layer.replacing(content: resolved.objectValue ?? layer.content)
  }
}
