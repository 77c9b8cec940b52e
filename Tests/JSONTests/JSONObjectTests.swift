import JSON
import Testing

@Suite struct `JSON objects` {
  @Test(arguments: [1, 16, 17, 18, 100]) func `members are found, replaced and removed at every size`(_ count: Int) {
    var object = JSONObject((0..<count).map { ("k\($0)", .int($0)) })
    #expect(object.count == count)
    for at in 0..<count { #expect(object["k\(at)"] == .int(at)) }
    object["k0"] = "new"
    object["k\(count)"] = "last"
    #expect(object.count == count + 1)
    #expect(object["k0"] == "new")
    for at in 0...count {
      object["k\(at)"] = nil
      #expect(object["k\(at)"] == nil)
      #expect(object.keys == (at + 1..<count + 1).map { "k\($0)" })
      #expect(object["k\(count)"] == (at < count ? "last" : nil))
    }
  }

  @Test func `names that look alike stay apart at every size`() {
    var object = JSONObject((0..<20).map { ("k\($0)", .int($0)) })
    object["\u{E9}"] = 1
    object["e\u{301}"] = 2
    #expect(object.count == 22)
    #expect(object["\u{E9}"] == 1)
  }

  @Test func `a large object takes time in proportion`() throws {
    // Searching member by member would take minutes here.
    let text = "{" + (0..<100_000).map { "\"k\($0)\":0" }.joined(separator: ",") + "}"
    #expect(try JSON.parse(text).objectValue?.count == 100_000)
  }
}
