import Glibc
import JSON
import TOML
import Testing

/// The public toml-test suite, which is not part of this project: `CONFORMANCE_DATA` names the folder that holds
/// `toml/tests`.
@Suite(.enabled(if: conformanceData != nil, "CONFORMANCE_DATA does not name a folder with toml/tests"))
struct `The toml-test suite for TOML 1.0` {
  @Test func `every valid text parses to its tagged form`() throws {
    let cases = try cases(under: "valid/")
    #expect(cases.count > 150)
    for name in cases {
      let expected = try JSON.parse(try contents(of: name.replacingSuffix(".toml", with: ".json")))
      do {
        let table = try TOMLTable.parse(try contents(of: name))
        #expect(matches(.table(table), expected), "\(name)")
      } catch let error as TOMLError {
        Issue.record("\(name) was refused: \(error)")
      }
    }
    print("toml-test: \(cases.count) valid texts")
  }

  @Test func `every invalid text is refused`() throws {
    let cases = try cases(under: "invalid/")
    #expect(cases.count > 350)
    for name in cases {
      let bytes = try contents(of: name)
      #expect(throws: TOMLError.self, "\(name)") { try TOMLTable.parse(bytes) }
    }
    print("toml-test: \(cases.count) invalid texts")
  }
}

private let conformanceData: String? = getenv("CONFORMANCE_DATA").map { String(cString: $0) + "/toml/tests/" }

private struct CannotRead: Error { let path: String }

private func contents(of name: String) throws -> [UInt8] {
  let path = (conformanceData ?? "") + name
  guard let file = fopen(path, "rb") else { throw CannotRead(path: path) }
  defer { fclose(file) }
  var bytes: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 4096)
  while true {
    let count = fread(&chunk, 1, chunk.count, file)
    guard count > 0 else { return bytes }
    bytes.append(contentsOf: chunk[..<count])
  }
}

private func cases(under folder: String) throws -> [String] {
  String(decoding: try contents(of: "files-toml-1.0.0"), as: UTF8.self)
    .split(separator: "\n").map(String.init)
    .filter { $0.hasPrefix(folder) && $0.hasSuffix(".toml") }
}

extension String {
  fileprivate func replacingSuffix(_ suffix: String, with other: String) -> String {
    String(dropLast(suffix.count)) + other
  }
}

/// Compares with the suite's form, in which a scalar is `{"type": …, "value": "…"}`.
private func matches(_ value: TOMLValue, _ tagged: JSON) -> Bool {
  switch value {
  case .table(let table):
    guard let object = tagged.objectValue, object.count == table.count else { return false }
    return table.members.allSatisfy { member in
      object[member.key.name].map { matches(member.value, $0) } ?? false
    }
  case .array(let elements):
    guard let others = tagged.arrayValue, others.count == elements.count else { return false }
    return zip(elements, others).allSatisfy { matches($0.value, $1) }
  case .string, .integer, .float, .boolean, .dateTime:
    guard let type = tagged["type"]?.stringValue, let text = tagged["value"]?.stringValue else { return false }
    return scalar(value, isTagged: type, text)
  }
}

private func scalar(_ value: TOMLValue, isTagged type: String, _ text: String) -> Bool {
  switch value {
  case .string(let string): return type == "string" && string.utf8.elementsEqual(text.utf8)
  case .integer(let integer): return type == "integer" && Int64(text) == integer
  case .boolean(let boolean): return type == "bool" && text == String(boolean)
  case .float(let float):
    guard type == "float", let other = Double(text) else { return false }
    return float == other || float.isNaN && other.isNaN
  case .dateTime(let dateTime):
    let types: [TOMLDateTime.Kind: String] = [
      .offsetDateTime: "datetime", .localDateTime: "datetime-local", .localDate: "date-local",
      .localTime: "time-local",
    ]
    return type == types[dateTime.kind] && canonical(dateTime.text) == canonical(text)
  case .array, .table: return false
  }
}

/// One spelling for separators and for fractions that mean the same.
private func canonical(_ dateTime: String) -> String {
  var text = dateTime.uppercased().map { $0 == " " ? "T" : $0 }
  guard let dot = text.firstIndex(of: ".") else { return String(text) }
  var end = text[(dot + 1)...].firstIndex { !$0.isNumber } ?? text.endIndex
  while text[end - 1] == "0" {
    text.remove(at: end - 1)
    end -= 1
  }
  if text[end - 1] == "." { text.remove(at: end - 1) }
  return String(text)
}
