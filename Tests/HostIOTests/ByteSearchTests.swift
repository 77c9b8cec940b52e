import HostIO
import Testing

@Suite struct ByteSearchTests {
  private func first(of part: String, in text: String) -> Int? {
    Array(part.utf8).withUnsafeBytes { part in
      Array(text.utf8).withUnsafeBytes { ByteSearch.first(of: part, in: $0) }
    }
  }

  @Test func `the first of several places is found, or none`() {
    #expect(first(of: "b", in: "abab") == 1)
    #expect(first(of: "abab", in: "abab") == 0)
    #expect(first(of: "ba", in: "ab") == nil)
    #expect(first(of: "ababa", in: "abab") == nil)
    #expect(first(of: "a", in: "") == nil)
    #expect(first(of: "b\0c", in: "a\0b\0c") == 2)
  }

  @Test func `a literal is found in part of a text`() {
    let text = Array(#"{"phase":1}"#.utf8)
    text.withUnsafeBytes { text in
      #expect(ByteSearch.contains(#""phase""#, in: text))
      #expect(!ByteSearch.contains(#""phase""#, in: UnsafeRawBufferPointer(rebasing: text[2...])))
      #expect(!ByteSearch.contains(#""phase""#, in: UnsafeRawBufferPointer(rebasing: text[..<7])))
    }
  }
}
