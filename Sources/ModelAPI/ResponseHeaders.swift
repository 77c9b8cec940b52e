/// The header fields of an HTTP reply, found by name whatever their case.
package struct ResponseHeaders: Sendable, Equatable {
  private var fields: [(name: String, value: String)]

  package init(_ fields: [(name: String, value: String)] = []) {
    self.fields = fields.map { (Self.lowercased($0.name), $0.value) }
  }

  /// The first field of this name, which must be given in lower case.
  package subscript(_ name: String) -> String? {
    fields.first { $0.name.utf8.elementsEqual(name.utf8) }?.value
  }

  /// All names, in lower case, in the order of arrival.
  package var names: [String] { fields.map(\.name) }

  package static func == (left: ResponseHeaders, right: ResponseHeaders) -> Bool {
    left.fields.elementsEqual(right.fields) { $0.name == $1.name && $0.value == $1.value }
  }

  private static func lowercased(_ name: String) -> String {
    String(decoding: name.utf8.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
  }
}
