import Glibc
import JSON
import Testing

/// What we decided where JSONTestSuite leaves the choice to the parser; docs/json.md tells why.
private let decisions: [(name: String, isAccepted: Bool)] = [
  ("i_number_double_huge_neg_exp.json", true),
  ("i_number_huge_exp.json", true),
  ("i_number_neg_int_huge_exp.json", true),
  ("i_number_pos_double_huge_exp.json", true),
  ("i_number_real_neg_overflow.json", true),
  ("i_number_real_pos_overflow.json", true),
  ("i_number_real_underflow.json", true),
  ("i_number_too_big_neg_int.json", true),
  ("i_number_too_big_pos_int.json", true),
  ("i_number_very_big_negative_int.json", true),
  ("i_object_key_lone_2nd_surrogate.json", false),
  ("i_string_1st_surrogate_but_2nd_missing.json", false),
  ("i_string_1st_valid_surrogate_2nd_invalid.json", false),
  ("i_string_UTF-16LE_with_BOM.json", false),
  ("i_string_UTF-8_invalid_sequence.json", false),
  ("i_string_UTF8_surrogate_U+D800.json", false),
  ("i_string_incomplete_surrogate_and_escape_valid.json", false),
  ("i_string_incomplete_surrogate_pair.json", false),
  ("i_string_incomplete_surrogates_escape_valid.json", false),
  ("i_string_invalid_lonely_surrogate.json", false),
  ("i_string_invalid_surrogate.json", false),
  ("i_string_invalid_utf-8.json", false),
  ("i_string_inverted_surrogates_U+1D11E.json", false),
  ("i_string_iso_latin_1.json", false),
  ("i_string_lone_second_surrogate.json", false),
  ("i_string_lone_utf8_continuation_byte.json", false),
  ("i_string_not_in_unicode_range.json", false),
  ("i_string_overlong_sequence_2_bytes.json", false),
  ("i_string_overlong_sequence_6_bytes.json", false),
  ("i_string_overlong_sequence_6_bytes_null.json", false),
  ("i_string_truncated-utf-8.json", false),
  ("i_string_utf16BE_no_BOM.json", false),
  ("i_string_utf16LE_no_BOM.json", false),
  ("i_structure_500_nested_arrays.json", false),
  ("i_structure_UTF-8_BOM_empty_object.json", false),
]

@Suite struct `The choices that the format leaves open` {
  @Test func `docs/json.md lists them as they are made`() throws {
    let page = String(decoding: try contents(of: repositoryRoot + "/docs/json.md"), as: UTF8.self)
    let rows = page.split(separator: "\n").filter { $0.hasPrefix("| `i_") }.map { row in
      let cells = row.split(separator: "|").map { $0.trimmed }
      return "\(cells[0]) \(cells[1])"
    }
    let expected = decisions.map { "`\($0.name.dropLast(".json".count))` \($0.isAccepted ? "accepted" : "refused")" }
    #expect(rows == expected)
  }
}

/// The public JSONTestSuite, which is not part of this project: `CONFORMANCE_DATA` names the folder that holds `json/`.
@Suite(.enabled(if: conformanceData != nil, "CONFORMANCE_DATA does not name a folder with json/test_parsing"))
struct `The JSONTestSuite` {
  @Test func `every text is accepted or refused as it should be`() throws {
    let folder = (conformanceData ?? "") + "/test_parsing"
    let names = try files(in: folder)
    let decided = Dictionary(uniqueKeysWithValues: decisions.map { ($0.name, $0.isAccepted) })
    #expect(names.count > 300)
    #expect(Set(names.filter { $0.hasPrefix("i_") }) == Set(decided.keys))
    for name in names {
      let text = try contents(of: folder + "/" + name)
      let isAccepted = name.hasPrefix("y_") || decided[name] == true
      for way in Way.allCases {
        do throws(JSONError) {
          try way.read(text)
          #expect(isAccepted, "\(name) was accepted by \(way)")
        } catch {
          #expect(!isAccepted, "\(name) was refused by \(way): \(error)")
          #expect((0...text.count).contains(error.offset) && error.isSyntax, "\(name) by \(way): \(error)")
        }
      }
    }
  }

  @Test func `odd values become what is written beside them`() throws {
    func check(_ name: String, _ text: String) throws {
      let read = try JSON.parse(try contents(of: (conformanceData ?? "") + "/test_transform/" + name + ".json"))
      #expect(read.text == text, "\(name)")
    }
    for number in [
      "-9223372036854775808", "-9223372036854775809", "1.0", "1.000000000000000005", "1000000000000000",
      "10000000000000000999", "9223372036854775807", "9223372036854775808",
    ] {
      try check("number_\(number)", "[\(number)]")
    }
    try check("number_1e-999", "[1E-999]")
    try check("number_1e6", "[1E6]")
    try check("object_key_nfc_nfd", "{\"\u{E9}\":\"NFC\",\"e\u{301}\":\"NFD\"}")
    try check("object_key_nfd_nfc", "{\"e\u{301}\":\"NFD\",\"\u{E9}\":\"NFC\"}")
    try check("object_same_key_different_values", #"{"a":2}"#)
    try check("object_same_key_same_value", #"{"a":1}"#)
    try check("object_same_key_unclear_values", #"{"a":-0}"#)
    try check("string_with_escaped_NULL", #"["A\u0000B"]"#)
  }

  @Test func `code points that do not exist are refused, escaped or not`() throws {
    for count in ["1", "2", "3"] {
      let plural = count == "1" ? "" : "s"
      for (name, kind, offset) in [
        ("string_\(count)_escaped_invalid_codepoint\(plural)", JSONError.Kind.loneSurrogate, 2),
        ("string_\(count)_invalid_codepoint\(plural)", .invalidUTF8, 2),
      ] {
        let text = try contents(of: (conformanceData ?? "") + "/test_transform/" + name + ".json")
        expectRefusal(text, kind, at: offset)
      }
    }
  }
}

private let conformanceData: String? = getenv("CONFORMANCE_DATA").map { String(cString: $0) + "/json" }

/// The folder of Package.swift: three up from this file.
private let repositoryRoot = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
  .joined(separator: "/")

private struct CannotRead: Error { let path: String }

private func contents(of path: String) throws -> [UInt8] {
  guard let file = fopen(path, "rb") else { throw CannotRead(path: path) }
  defer { fclose(file) }
  var bytes: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 65536)
  while true {
    let count = fread(&chunk, 1, chunk.count, file)
    guard count > 0 else { return bytes }
    bytes.append(contentsOf: chunk[..<count])
  }
}

private func files(in folder: String) throws -> [String] {
  guard let listing = opendir(folder) else { throw CannotRead(path: folder) }
  defer { closedir(listing) }
  var names: [String] = []
  while let entry = readdir(listing) {
    let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    if name.hasSuffix(".json") { names.append(name) }
  }
  return names.sorted()
}

extension Substring {
  fileprivate var trimmed: Substring {
    var text = self
    while text.first == " " { text.removeFirst() }
    while text.last == " " { text.removeLast() }
    return text
  }
}
