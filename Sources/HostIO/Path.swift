/// Paths as text. Everything works on bytes, so that names are never compared by canonical equivalence.
package enum Path {
  private static let slash = UInt8(ascii: "/")

  package static func isAbsolute(_ path: String) -> Bool { path.utf8.first == slash }

  package static func join(_ folder: String, _ name: String) -> String {
    folder.utf8.last == slash ? folder + name : folder + "/" + name
  }

  /// The folder that holds `path`; nil for `/` and for names without a folder.
  package static func parent(of path: String) -> String? {
    File.parent(of: path)
  }

  /// `path` as an absolute one without `.`, `..` and doubled slashes. Links are not followed, nothing needs to exist.
  package static func absolute(_ path: String, from folder: String) -> String {
    let whole = isAbsolute(path) ? path : join(folder, path)
    var parts: [Substring.UTF8View] = []
    for part in whole.utf8.split(separator: slash) {
      if part.elementsEqual(".".utf8) { continue }
      if part.elementsEqual("..".utf8) {
        _ = parts.popLast()
      } else {
        parts.append(part)
      }
    }
    return "/" + parts.map { String(Substring($0)) }.joined(separator: "/")
  }

  /// `folder` and every folder above it, nearest first.
  package static func ancestors(of folder: String) -> [String] {
    var chain = [folder]
    while let parent = parent(of: chain[chain.count - 1]) { chain.append(parent) }
    return chain
  }
}

extension StringProtocol {
  /// A prefix test on bytes: `hasPrefix` compares by canonical equivalence.
  package func hasBytePrefix(_ prefix: String) -> Bool { utf8.starts(with: prefix.utf8) }
}
