import TOML

/// See JSONFuzz.swift. A configuration may hold anything: it is read, or refused with a place in it.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: data, count: size))
  check(bytes) { (bytes) throws(TOMLError) in try TOMLTable.parse(bytes) }
  check(bytes) { (bytes) throws(TOMLError) in try TOMLValue.parse(bytes) }
  _ = try? TOMLKey.parsePath(String(decoding: bytes, as: UTF8.self))
  return 0
}

private func check<Value: Equatable>(_ bytes: [UInt8], _ parse: ([UInt8]) throws(TOMLError) -> Value) {
  do throws(TOMLError) {
    let value = try parse(bytes)
    // Times and numbers have no NaN trouble here: the text is the same, so is what is read.
    guard let again = try? parse(bytes) else { fatalError("accepted and then refused") }
    _ = value == again
  } catch {
    guard (0...bytes.count).contains(error.position.offset), error.position.line >= 1, error.position.column >= 1 else {
      fatalError("the place of the error is not in the text: \(error)")
    }
  }
}
