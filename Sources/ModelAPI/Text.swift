// What the standard library offers for this lives beside its regular expressions, and one call links all of them: a tenth
// of the executable.
extension String {
  func contains(utf8 part: StaticString) -> Bool {
    let part = UnsafeBufferPointer(start: part.utf8Start, count: part.utf8CodeUnitCount)
    var rest = utf8[...]
    while rest.count >= part.count {
      if rest.starts(with: part) { return true }
      rest.removeFirst()
    }
    return false
  }

  func replacing(ascii old: Unicode.Scalar, with new: Unicode.Scalar) -> String {
    String(decoding: utf8.map { $0 == UInt8(ascii: old) ? UInt8(ascii: new) : $0 }, as: UTF8.self)
  }
}
