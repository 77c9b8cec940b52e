import HostIO
import JSON
import Testing

@testable import AppServerProtocol
@testable import Store

@Suite struct `A search term` {
  /// What is found, in brackets.
  private func marked(_ term: String, in text: String) -> String {
    let bytes = Array(text.utf8)
    var result: [UInt8] = []
    var end = 0
    SearchTerm(term)?.forEachMatch(in: bytes) { match in
      result += bytes[end..<match.lowerBound] + [0x5B] + bytes[match] + [0x5D]
      end = match.upperBound
      return true
    }
    return String(decoding: result + bytes[end...], as: UTF8.self)
  }

  @Test func `case does not count, in any script`() {
    #expect(marked("NeeDle", in: "a needle, NEEDLE") == "a [needle], [NEEDLE]")
    #expect(marked("äÖ", in: "ÄÖÜäöü") == "[ÄÖ]Ü[äö]ü")
    #expect(marked("σίσυφοσ", in: "ΣΊΣΥΦΟΣ Σίσυφος") == "[ΣΊΣΥΦΟΣ] [Σίσυφος]")
    #expect(marked("ß", in: "Straße STRASSE") == "Stra[ß]e STRASSE")
    #expect(marked("漢字", in: "漢漢字") == "漢[漢字]")
    #expect(marked("😀n", in: "😀😀Needle") == "😀[😀N]eedle")
  }

  @Test func `scalars that change their length are found as a whole`() {
    #expect(marked("i\u{307}", in: "x İstanbul") == "x [İ]stanbul")
    #expect(marked("i", in: "aİbi") == "a[İ]b[i]")
    #expect(marked("istanbul", in: "İstanbul") == "İstanbul")
    #expect(marked("k", in: "5 \u{212A}") == "5 [\u{212A}]")
    #expect(marked("ⱥb", in: "aȺBⱥbȺ") == "a[ȺB][ⱥb]Ⱥ")
  }

  @Test func `places do not overlap`() {
    #expect(marked("aa", in: "aaaaa") == "[aa][aa]a")
    #expect(marked("abab", in: "abababab") == "[abab][abab]")
    #expect(marked("aab", in: "aaaabaab") == "aa[aab][aab]")
    #expect(marked("ab", in: "") == "")
    #expect(marked("abc", in: "ab") == "ab")
  }

  @Test func `white space alone is no term`() {
    #expect(SearchTerm("") == nil)
    #expect(SearchTerm(" \t\n\u{A0}\u{3000}") == nil)
    #expect(SearchTerm(" a ")?.text == " a ")
    #expect(SearchTerm(collapsing: " a\n\n b ")?.text == "a b")
  }

  @Test(.timeLimit(.minutes(1))) func `a hostile term takes no longer than another`() {
    let term = SearchTerm(String(repeating: "a", count: 10_000) + "b")
    #expect(term?.firstMatch(in: [UInt8](repeating: 0x61, count: 200_000)) == nil)
  }
}

@Suite struct `A snippet` {
  private func snippet(_ before: Int, _ after: Int) -> Snippet {
    let text = String(repeating: "é", count: before) + "MATCH" + String(repeating: "ü", count: after)
    let start = 2 * before
    return Snippet(of: start..<start + 5, in: Array(text.utf8))
  }

  @Test func `it shows so much of what is around, and says where it was cut off`() {
    let whole = snippet(0, 0)
    #expect(whole.text == "MATCH" && whole.match == 0..<5 && whole.trimmed == "MATCH")
    #expect(snippet(49, 96).text == String(repeating: "é", count: 49) + "MATCH" + String(repeating: "ü", count: 96))
    #expect(snippet(49, 96).match == 49..<54)
    let cut = snippet(50, 97)
    #expect(
      cut.text == "... " + String(repeating: "é", count: 49) + "MATCH" + String(repeating: "ü", count: 96) + " ...")
    #expect(cut.match == 53..<58)
  }

  @Test func `the range counts UTF-16 code units`() {
    let text = "😀é needle"
    let snippet = Snippet(of: 7..<13, in: Array(text.utf8))
    #expect(snippet.text == text && snippet.match == 4..<10 && snippet.trimmed == text)
  }

  @Test func `trimmed, it has no white space at its ends`() {
    let text = String(repeating: "x ", count: 60) + "y" + String(repeating: " z", count: 60)
    let snippet = Snippet(of: 120..<121, in: Array(text.utf8))
    #expect(snippet.text.hasPrefix("...  x x"))
    #expect(snippet.trimmed.hasPrefix("... x x"))
    #expect(snippet.trimmed.hasSuffix("z z ..."))
  }

  @Test func `white space of any kind becomes one space`() {
    let collapsed = WhiteSpace.collapsed(
      Array("\u{2003} a\r\n\tb\u{A0}\u{85}c\u{200B}d\u{1680}e\u{202F}f\u{205F}\u{2029}".utf8))
    #expect(String(decoding: collapsed, as: UTF8.self) == "a b c\u{200B}d e f")
  }
}

@Suite struct `Occurrences in a thread` {
  private let home: SampleHome

  init() throws { home = try SampleHome() }

  private func found(
    _ term: String, _ history: ThreadHistory, from cursor: OccurrenceCursor? = nil, limit: Int? = nil
  ) throws -> (places: [JSON], next: OccurrenceCursor?) {
    var writer = JSONWriter()
    writer.beginArray()
    let term = try #require(SearchTerm(term))
    let next = try history.writeOccurrences(
      of: term, threadID: SampleHome.id(1), from: cursor, limit: limit, to: &writer)
    writer.endArray()
    return (try JSON.parse(writer.bytes).arrayValue ?? [], next)
  }

  private func snippets(_ term: String, _ history: ThreadHistory) throws -> [String] {
    try found(term, history).places.map { $0["snippet"]?.stringValue ?? "?" }
  }

  /// Recorded with 0.163.0.
  @Test func `what counts are messages of the user, parts of answers, and the answer of each turn`() throws {
    var file = SampleSession(1)
    file.start("t1")
    file.user("t1", "zed q1", id: "u1")
    file.agent("t1", "zed null one", id: "n1")
    file.user("t1", "zed steer", id: "u2")
    file.agent("t1", "zed null two", id: "n2")
    file.item("t1", #"{"type":"Plan","id":"p","text":"zed plan"}"#)
    file.end("t1")
    file.start("t2")
    file.agent("t2", "zed partial", id: "p1", phase: "partial_answer")
    file.agent("t2", "zed final one", id: "f1", phase: "final_answer")
    file.agent("t2", "zed final two", id: "f2", phase: "final_answer")
    file.agent("t2", "zed null", id: "n3")
    file.agent("t2", "zed comment", id: "c1", phase: "commentary")
    file.end("t2")
    file.start("t3")
    file.agent("t3", "zed first", id: "n4")
    file.event("turn_aborted", #""turn_id":"t3","reason":"interrupted""#)
    file.start("t4")
    file.user("t4", "old zed", id: "u4")
    file.user("t4", "new zed", id: "u4")
    file.agent("gone", "zed elsewhere", id: "g")
    file.agent("t4", "zed open", id: "n5")
    let history = try openHistory(home.write(file, to: home.sessionPath(1)))
    #expect(
      try snippets("zed", history) == [
        "zed q1", "zed steer", "zed null two", "zed partial", "zed final two", "zed first", "new zed",
      ])
  }

  @Test func `each has its turn, its item, its place, and a cursor that leads to its turn`() throws {
    var file = SampleSession(1)
    file.turn("t1", "where is the needle", "nothing")
    file.turn("t2", "and now", "**A** 😀 `needle`")
    let history = try openHistory(home.write(file, to: home.sessionPath(1)))
    let cursor = #"{\"turnId\":\"t2\",\"includeAnchor\":true}"#
    let second = try found("NEEDLE", history).places.last
    #expect(
      try second
        == JSON.parse(
          #"{"turnId":"t2","itemId":"a","snippet":"A 😀 needle","snippetMatchRange":{"start":5,"end":11},"turnCursor":"\#(cursor)"}"#
        ))
    let page = try history.turnsPage(.summary, limit: 1, cursor: second?["turnCursor"]?.stringValue)
    #expect(page.turns.first?["id"] == "t2")
  }

  @Test func `the text parts of a message count as one text, as they are written`() throws {
    var file = SampleSession(1)
    file.start("t1")
    let parts =
      #"{"type":"text","text":"**one** foo"},{"type":"image","image_url":"bar"},{"type":"text","text":"bar\n\ntwo"}"#
    file.item("t1", #"{"type":"UserMessage","id":"u","content":[\#(parts)]}"#)
    let history = try openHistory(home.write(file, to: home.sessionPath(1)))
    #expect(try snippets("foobar", history) == ["**one** foobar\n\ntwo"])
    #expect(try snippets("bar two", history) == [])
  }

  @Test(arguments: [1, 2, 3, 7]) func `pages of any size make up the whole`(limit: Int) throws {
    var file = SampleSession(1)
    file.turn("t1", "x x x", "x x")
    file.turn("t2", "none", "x")
    file.turn("t3", "x x x x", "none")
    let history = try openHistory(home.write(file, to: home.sessionPath(1)))
    let all = try found("x", history).places
    #expect(all.count == 10)
    var places: [JSON] = []
    var cursor: OccurrenceCursor?
    repeat {
      let page = try found("x", history, from: cursor, limit: limit)
      #expect(page.places.count == limit || page.next == nil)
      places += page.places
      cursor = page.next.flatMap { OccurrenceCursor($0.text) }
      #expect(cursor == page.next)
    } while cursor != nil
    #expect(places == all)
  }

  @Test func `pages have limits`() throws {
    var file = SampleSession(1)
    file.turn("t1", String(repeating: "x ", count: 300), "y")
    let history = try openHistory(home.write(file, to: home.sessionPath(1)))
    #expect(try found("x", history).places.count == ThreadHistory.defaultOccurrences)
    #expect(try found("x", history, limit: 0).places.count == 1)
    let longest = try found("x", history, limit: 1000)
    #expect(longest.places.count == ThreadHistory.maximumOccurrences)
    #expect(
      longest.next?.text
        == #"{"threadId":"\#(SampleHome.id(1))","searchTerm":"x","nextRolloutOrdinal":3,"nextOccurrenceIndex":250}"#)
  }

  @Test func `only whole cursors are cursors`() {
    for text in [
      "", "zz", "{}", "[]", #"{"threadId":"a","searchTerm":"b","nextRolloutOrdinal":1}"#,
      #"{"threadId":"a","searchTerm":"b","nextRolloutOrdinal":-1,"nextOccurrenceIndex":0}"#,
      #"{"threadId":"a","searchTerm":"b","nextRolloutOrdinal":"1","nextOccurrenceIndex":0}"#,
    ] { #expect(OccurrenceCursor(text) == nil, "\(text)") }
  }
}

@Suite struct `A search through threads` {
  private let home: SampleHome
  private let directory: ThreadDirectory

  init() throws {
    home = try SampleHome()
    directory = ThreadDirectory(home: home.path)
  }

  @discardableResult
  private func add(_ number: Int, _ question: String, _ answer: String, meta: String = "") throws -> String {
    var file = SampleSession(number, meta: meta)
    file.turn("t1", question, answer)
    return try home.write(file, to: home.sessionPath(number, second: number % 60))
  }

  private func search(
    _ term: String, _ change: (inout ThreadSearchParams) -> Void = { _ in }
  ) throws -> ThreadDirectory.SearchPage {
    var params = ThreadSearchParams(searchTerm: term)
    change(&params)
    return try directory.search(
      params, for: try #require(SearchTerm(collapsing: term)), defaultModelProvider: "mock")
  }

  /// `number snippet` of each.
  private func outline(_ page: ThreadDirectory.SearchPage) -> [String] {
    page.found.map { "\(Int($0.thread.id.suffix(12)) ?? -1) \($0.snippet)" }
  }

  @Test func `it finds what either said, newest thread first, whatever the case and the white space`() throws {
    try add(1, "the needle", "answer")
    try add(2, "nothing", #"so\n\n  The NEEDLE  "#)
    try add(3, "nothing", "nothing")
    #expect(outline(try search(" the\n needle ")) == ["2 so The NEEDLE", "1 the needle"])
    #expect(outline(try search("haystack")) == [])
    #expect(outline(try search("needle") { $0.sortDirection = .ascending }) == ["1 the needle", "2 so The NEEDLE"])
  }

  @Test func `what tools, developers and settings say is not looked at`() throws {
    var file = SampleSession(1, meta: #","base_instructions":{"text":"needle"}"#)
    file.start("t1")
    file.message("developer", "needle")
    file.record("response_item", #"{"type":"function_call","name":"x","call_id":"c","arguments":"needle"}"#)
    file.record("response_item", #"{"type":"function_call_output","call_id":"c","output":"needle"}"#)
    file.record("compacted", #"{"message":"needle"}"#)
    file.user("t1", "hello")
    file.end("t1")
    try home.write(file, to: home.sessionPath(1))
    #expect(try search("needle").found == [])
    #expect(try search("hello").found.count == 1)
  }

  @Test
  func `legacy threads, other providers and archived threads are found, and others than interactive ones on demand`()
    throws
  {
    var legacy = SampleSession(1, mode: .legacy)
    legacy.event("user_message", #""message":"needle in legacy","images":[]"#)
    try home.write(legacy, to: home.sessionPath(1, second: 1))
    try add(2, "needle elsewhere", "x", meta: #","model_provider":"other""#)
    let third = try add(3, "needle in the archive", "x")
    try File.makeDirectories("\(home.path)/archived_sessions")
    try File.rename(third, to: "\(home.path)/archived_sessions/\(ThreadFileName.lastPart(of: third))")
    #expect(outline(try search("needle")) == ["2 needle elsewhere", "1 needle in legacy"])
    #expect(outline(try search("needle") { $0.archived = true }) == ["3 needle in the archive"])
    #expect(try search("needle") { $0.sourceKinds = [.exec] }.found == [])
    #expect(try search("needle") { $0.sourceKinds = [] }.found.count == 2)
  }

  @Test(arguments: [1, 2, 5]) func `pages of any size make up the whole, both ways`(limit: Int) throws {
    for number in 1...9 { try add(number, number % 4 == 0 ? "hay" : "needle \(number)", "x") }
    for key in [ThreadSearchSortKey.createdAt, .updatedAt] {
      var seen: [String] = []
      var cursor: String?
      var back: String?
      repeat {
        let page = try search("needle") { ($0.limit, $0.cursor, $0.sortKey) = (limit, cursor, key) }
        seen += outline(page)
        cursor = page.nextCursor
        back = page.backwardsCursor
      } while cursor != nil
      #expect(seen.sorted().reversed() == [9, 7, 6, 5, 3, 2, 1].map { "\($0) needle \($0)" })
      let reversed = try search("needle") { ($0.cursor, $0.sortKey, $0.sortDirection) = (back, key, .ascending) }
      #expect(outline(reversed).last == seen.first)
    }
  }

  @Test func `pages have limits, and a bad cursor is refused`() throws {
    for number in 1...30 { try add(number, "needle", "x") }
    #expect(try search("needle").found.count == 25)
    #expect(try search("needle") { $0.limit = 0 }.found.count == 1)
    #expect(try search("needle") { $0.limit = 1000 }.found.count == 30)
    #expect(throws: StoreError.invalidCursor("zz")) { try search("needle") { $0.cursor = "zz" } }
  }

  /// What was taken back is in a file of the thread, but not of its history.
  @Test func `after a revert the kept part of the older file is searched`() throws {
    var first = SampleSession(1)
    first.turn("t1", "kept needle", "x")
    let end = first.text.utf8.count
    let ordinal = first.ordinal
    first.turn("t2", "dropped thread", "x")
    try home.write(first, to: home.sessionPath(1))
    var second = SampleSession(
      1, firstOrdinal: ordinal,
      meta:
        #","history_base":{"thread_id":"\#(SampleHome.id(1))","end_ordinal_exclusive":\#(ordinal),"end_byte_offset":\#(end)}"#
    )
    second.turn("t3", "later words", "x")
    try home.write(second, to: home.sessionPath(1, continuation: 7))
    #expect(outline(try search("needle")) == ["1 kept needle"])
    #expect(outline(try search("later")) == ["1 later words"])
    #expect(try search("dropped").found == [])
  }
}
