import CSys

/// Looks for bytes in bytes, with the C library's search, which is made for it.
package enum ByteSearch {
  /// Where `part`, which is not empty, first stands in `text`.
  package static func first(of part: UnsafeRawBufferPointer, in text: UnsafeRawBufferPointer) -> Int? {
    guard let base = text.baseAddress, let start = part.baseAddress else { return nil }
    let found = csys_find(base, text.count, start, part.count)
    return found < 0 ? nil : found
  }

  package static func contains(_ part: StaticString, in text: UnsafeRawBufferPointer) -> Bool {
    first(of: UnsafeRawBufferPointer(start: part.utf8Start, count: part.utf8CodeUnitCount), in: text) != nil
  }
}
