import Glibc
import JSON

/// The checkout that these tests belong to, found from the place of this file.
enum Repository {
  static let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")

  struct CannotRead: Error { let path: String }

  static func exists(_ path: String) -> Bool { access("\(root)/\(path)", R_OK) == 0 }

  static func contents(of path: String) throws -> [UInt8] {
    guard let file = fopen("\(root)/\(path)", "rb") else { throw CannotRead(path: path) }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = fread(&chunk, 1, chunk.count, file)
      guard count > 0 else { return bytes }
      bytes.append(contentsOf: chunk[..<count])
    }
  }

  static func text(of path: String) throws -> String { String(decoding: try contents(of: path), as: UTF8.self) }

  /// The names in a folder, sorted; those of folders end in a slash.
  static func names(in folder: String) throws -> [String] {
    guard let listing = opendir("\(root)/\(folder)") else { throw CannotRead(path: folder) }
    defer { closedir(listing) }
    var names: [String] = []
    while let entry = readdir(listing) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name.hasPrefix(".") { continue }
      names.append(entry.pointee.d_type == UInt8(DT_DIR) ? name + "/" : name)
    }
    return names.sorted()
  }

  /// All Swift files below a folder, as paths from the root.
  static func swiftFiles(under folder: String) throws -> [String] {
    try names(in: folder).flatMap { name in
      let path = "\(folder)/\(name)"
      if name.hasSuffix("/") { return try swiftFiles(under: String(path.dropLast())) }
      return name.hasSuffix(".swift") ? [path] : []
    }
  }

  /// `protocol/methods.json`.
  static func methods() throws -> [Method] {
    let list = try JSON.parse(try contents(of: "protocol/methods.json"))
    return (list["methods"]?.arrayValue ?? []).map(Method.init)
  }
}

/// One row of `protocol/methods.json`.
struct Method {
  let name: String
  let direction: String
  let stability: String
  let status: String
  let label: String
  let experimentalFields: [String]

  init(_ row: JSON) {
    func text(_ column: String) -> String { row[column]?.stringValue ?? "" }
    name = text("method")
    direction = text("direction")
    stability = text("stability")
    status = text("status")
    label = text("label")
    experimentalFields = row["experimentalFields"]?.arrayValue?.compactMap(\.stringValue) ?? []
  }
}
