import CSys
import Glibc

/// A refused system call. Its text is that of the reference: `No such file or directory (os error 2)`.
package struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
  package var code: Int32
  /// The name of the call, for logs.
  package var operation: String
  package var path: String?

  package init(_ code: Int32, _ operation: String, path: String? = nil) {
    self.code = code
    self.operation = operation
    self.path = path
  }

  package var isNotFound: Bool { code == ENOENT }

  /// The system has nothing left to do the call with; it says nothing about the file.
  package var isExhaustion: Bool { [EMFILE, ENFILE, ENOMEM].contains(code) }

  package var description: String { "\(Self.text(code)) (os error \(code))" }

  /// With the call and the path in front, for logs.
  package var logDescription: String {
    path.map { "\(operation) \($0): \(description)" } ?? "\(operation): \(description)"
  }

  /// The C library's words for an errno value.
  package static func text(_ code: Int32) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
      guard let base = buffer.baseAddress else { return "" }
      csys_strerror(code, base, buffer.count)
      return String(cString: base)
    }
  }
}
