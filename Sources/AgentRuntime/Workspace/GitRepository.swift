package import AppServerProtocol
import HostIO

/// The facts about a git work tree that a thread records, read from its files: starting `git` would cost a hundred times
/// as much, and the program may be missing.
///
/// Layout per gitrepository-layout(5): a `.git` file points elsewhere (work trees, submodules), `commondir` names the
/// folder that work trees share. Repositories that keep refs as reftables have no readable commit here.
package struct GitRepository: Sendable {
  /// No file of git that is read here is anywhere near this.
  private static let maximumFileBytes = 16 << 20
  /// A symbolic ref may point to another; git gives up at five.
  private static let maximumRefDepth = 5

  /// The top folder of the work tree.
  package let root: String
  private let gitDirectory: String
  private let commonDirectory: String

  /// The repository that `folder` is in; nil if it is in none.
  package init?(containing folder: String) {
    for current in Path.ancestors(of: folder) {
      let candidate = Path.join(current, ".git")
      guard let status = try? File.status(candidate) else { continue }
      guard let directory = Self.gitDirectory(at: candidate, status, under: current) else { return nil }
      root = current
      gitDirectory = directory
      commonDirectory = Self.commonDirectory(of: directory)
      return
    }
    return nil
  }

  /// Commit, branch and the address of `origin`, each nil where there is none.
  package var info: GitInfo {
    let head = Self.text(Path.join(gitDirectory, "HEAD"))
    let reference = head.flatMap(Self.symbolicTarget)
    let branch = reference.flatMap { $0.hasBytePrefix("refs/heads/") ? String($0.dropFirst(11)) : nil }
    return GitInfo(sha: head.flatMap { resolve($0, depth: 0) }, branch: branch, originURL: originURL)
  }

  private static func gitDirectory(at path: String, _ status: File.Status, under folder: String) -> String? {
    switch status.kind {
    case .directory: return path
    case .regular:
      guard let text = text(path), text.hasBytePrefix("gitdir: ") else { return nil }
      let target = String(text.dropFirst(8))
      return target.hasBytePrefix("/") ? target : Path.join(folder, target)
    default: return nil
    }
  }

  private static func commonDirectory(of directory: String) -> String {
    guard let common = text(Path.join(directory, "commondir")), !common.isEmpty else { return directory }
    return common.hasBytePrefix("/") ? common : Path.join(directory, common)
  }

  private static func symbolicTarget(_ text: String) -> String? {
    text.hasBytePrefix("ref: ") ? String(text.dropFirst(5)) : nil
  }

  private func resolve(_ text: String, depth: Int) -> String? {
    guard depth < Self.maximumRefDepth else { return nil }
    guard let name = Self.symbolicTarget(text) else { return Self.isObjectName(text) ? text : nil }
    guard !name.utf8.split(separator: UInt8(ascii: "/")).contains(where: { $0.elementsEqual("..".utf8) }) else {
      return nil
    }
    for directory in [gitDirectory, commonDirectory] {
      if let text = Self.text(Path.join(directory, name)) { return resolve(text, depth: depth + 1) }
    }
    return packedRef(name)
  }

  private func packedRef(_ name: String) -> String? {
    guard let bytes = try? File.read(Path.join(commonDirectory, "packed-refs"), limit: Self.maximumFileBytes) else {
      return nil
    }
    for line in bytes.split(separator: UInt8(ascii: "\n")) {
      guard let space = line.firstIndex(of: UInt8(ascii: " ")),
        line[line.index(after: space)...].elementsEqual(name.utf8)
      else { continue }
      let sha = String(decoding: line[..<space], as: UTF8.self)
      return Self.isObjectName(sha) ? sha : nil
    }
    return nil
  }

  private static func isObjectName(_ text: String) -> Bool {
    [40, 64].contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
      }
  }

  /// `url` of `[remote "origin"]` in the shared configuration.
  private var originURL: String? {
    guard let bytes = try? File.read(Path.join(commonDirectory, "config"), limit: Self.maximumFileBytes) else {
      return nil
    }
    var isInOrigin = false
    for rawLine in bytes.split(separator: UInt8(ascii: "\n")) {
      let line = Self.trimmed(String(decoding: rawLine, as: UTF8.self))
      if line.hasBytePrefix("[") {
        isInOrigin = line.utf8.elementsEqual("[remote \"origin\"]".utf8)
      } else if isInOrigin, let equals = line.firstIndex(of: "="), Self.trimmed(String(line[..<equals])) == "url" {
        return Self.trimmed(String(line[line.index(after: equals)...]))
      }
    }
    return nil
  }

  /// The trimmed content of a small text file; nil if it cannot be read.
  private static func text(_ path: String) -> String? {
    guard let bytes = try? File.read(path, limit: maximumFileBytes) else { return nil }
    return trimmed(String(decoding: bytes, as: UTF8.self))
  }

  private static func trimmed(_ text: String) -> String {
    let isSpace = { (byte: UInt8) in byte == 0x20 || (0x09...0x0D).contains(byte) }
    let utf8 = text.utf8
    guard let first = utf8.firstIndex(where: { !isSpace($0) }), let last = utf8.lastIndex(where: { !isSpace($0) })
    else {
      return ""
    }
    return String(text[first...last])
  }
}
