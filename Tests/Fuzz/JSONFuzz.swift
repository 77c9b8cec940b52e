import JSON

/// libFuzzer calls this with one text after another (`make fuzz`). A property that does not hold ends the process, and
/// the text that did it is kept in `fuzz-out/`.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: data, count: size))
  let tree = outcome(bytes) { (reader) throws(JSONError) in try reader.value() }
  let skipped = outcome(bytes) { (reader) throws(JSONError) in try reader.skip() }
  let pulled = outcome(bytes) { (reader) throws(JSONError) in try pull(&reader) }

  switch (tree, skipped, pulled) {
  case (.success(let value), .success(let range), .success(let other)):
    require(value == other, "pulling and building make the same value")
    require(JSONReader.isValue(bytes, in: range), "the skipped range is the value")
    let text = value.encoded
    guard let again = try? JSON.parse(text) else { fatalError("what we write we can read") }
    require(again == value, "writing and reading keep the value")
    require(again.encoded == text, "writing is stable")
    _ = try? JSONReader(bytes).peekMember("type")
  case (.failure(let first), .failure(let second), .failure(let third)):
    require(first == second && second == third, "all ways refuse alike: \(first), \(second), \(third)")
    require((0...size).contains(first.offset), "the offset lies in the text")
    require(first.isSyntax, "only the syntax was in question")
  default: fatalError("accepted by one way and refused by another")
  }

  checkWithin(bytes, tree)
  checkTypedCalls(bytes)
  return 0
}

private func outcome<Value>(
  _ bytes: [UInt8], _ read: (inout JSONReader) throws(JSONError) -> Value
) -> Result<Value, JSONError> {
  var reader = JSONReader(bytes)
  do throws(JSONError) {
    let value = try read(&reader)
    try reader.finish()
    return .success(value)
  } catch {
    return .failure(error)
  }
}

/// The same text in the middle of another reads the same.
private func checkWithin(_ bytes: [UInt8], _ expected: Result<JSON, JSONError>) {
  var reader = JSONReader([0x22, 0x5C] + bytes + [0x30, 0x22], in: 2..<2 + bytes.count)
  do throws(JSONError) {
    let value = try reader.value()
    try reader.finish()
    require(expected == .success(value), "a range reads as the text alone")
  } catch {
    require(expected == .failure(error), "a range fails as the text alone")
  }
}

/// Typed calls on anything: they may throw, and must not trap.
private func checkTypedCalls(_ bytes: [UInt8]) {
  let faults = [
    fault(outcome(bytes) { (reader) throws(JSONError) in try reader.int64() }),
    fault(outcome(bytes) { (reader) throws(JSONError) in try reader.double() }),
    fault(outcome(bytes) { (reader) throws(JSONError) in try reader.bool() }),
    fault(outcome(bytes) { (reader) throws(JSONError) in try reader.takeNull() }),
    fault(outcome(bytes) { (reader) throws(JSONError) in try reader.string() }),
    fault(outcome(bytes) { (reader) throws(JSONError) in try reader.stringBytes() }),
  ]
  for case let fault? in faults { require((0...bytes.count).contains(fault.offset), "the offset lies in the text") }
}

private func fault<Value>(_ outcome: Result<Value, JSONError>) -> JSONError? {
  if case .failure(let error) = outcome { error } else { nil }
}

private func pull(_ reader: inout JSONReader) throws(JSONError) -> JSON {
  switch try reader.peek() {
  case .null: return try reader.takeNull() ? .null : "not null"
  case .bool: return .bool(try reader.bool())
  case .number: return .number(try reader.number())
  case .string: return .string(String(decoding: try reader.stringBytes(), as: UTF8.self))
  case .array:
    var elements: [JSON] = []
    try reader.beginArray()
    while try reader.nextElement() { elements.append(try pull(&reader)) }
    return .array(elements)
  case .object:
    var members: [(String, JSON)] = []
    try reader.beginObject()
    while let key = try reader.nextKey() { members.append((key.string, try pull(&reader))) }
    return .object(JSONObject(members))
  }
}

private func require(_ holds: Bool, _ property: @autoclosure () -> String) {
  if !holds { fatalError(property()) }
}

extension JSONReader {
  /// Whether the range holds one value and nothing around it.
  fileprivate static func isValue(_ bytes: [UInt8], in range: Range<Int>) -> Bool {
    var reader = JSONReader(bytes, in: range)
    return (try? reader.skip()) == range && reader.offset == range.upperBound
  }
}
