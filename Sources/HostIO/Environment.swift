import CSys
import Glibc

/// The environment variables, read once at the start: `getenv` later would race with any `setenv`.
package struct Environment: Sendable, Equatable {
  package var values: [String: String]

  package init(_ values: [String: String]) {
    self.values = values
  }

  /// The variables of this process. Those that are not UTF-8 are repaired; of two with one name the first counts.
  package static let process: Environment = {
    var values: [String: String] = [:]
    guard var entry = csys_environment() else { return Environment(values) }
    while let text = entry.pointee {
      let bytes = UnsafeRawBufferPointer(start: text, count: strlen(text))
      if let equals = bytes.dropFirst().firstIndex(of: UInt8(ascii: "=")) {
        let name = String(decoding: bytes[..<equals], as: UTF8.self)
        if values[name] == nil { values[name] = String(decoding: bytes[(equals + 1)...], as: UTF8.self) }
      }
      entry += 1
    }
    return Environment(values)
  }()

  package subscript(name: String) -> String? { values[name] }

  /// Nil also for a variable that is set to nothing.
  package func nonEmpty(_ name: String) -> String? {
    guard let value = values[name], !value.isEmpty else { return nil }
    return value
  }
}
