import JSON
import Testing

@testable import AppServerProtocol

@Suite struct `Params of searches` {
  private func read<P: Params>(_ text: String, as: P.Type = P.self) throws(JSONError) -> P {
    var reader = JSONReader(text)
    return try P(from: &reader)
  }

  @Test func `methods have their names`() {
    #expect(ThreadSearchParams.method == "thread/search")
    #expect(ThreadSearchOccurrencesParams.method == "thread/searchOccurrences")
    #expect(ThreadTimelineListParams.method == "thread/timeline/list")
  }

  @Test func `a search has defaults`() throws {
    let plain = try read(
      #"{"searchTerm":"x","cursor":null,"limit":null,"sortKey":null,"sortDirection":null,"sourceKinds":null,"archived":null,"new":1}"#,
      as: ThreadSearchParams.self)
    #expect(plain.searchTerm == "x")
    #expect(plain.cursor == nil && plain.limit == nil && plain.sourceKinds == nil && !plain.archived)
    #expect(plain.sortKey == .createdAt && plain.sortDirection == .descending)
    let full = try read(
      #"{"searchTerm":"x","cursor":"c","limit":3,"sortKey":"recency_at","sortDirection":"asc","sourceKinds":["cli","subAgentOther"],"archived":true}"#,
      as: ThreadSearchParams.self)
    #expect(full.cursor == "c" && full.limit == 3 && full.sourceKinds == [.cli, .subAgentOther] && full.archived)
    #expect(full.sortKey.asListKey == .recencyAt && full.sortDirection == .ascending)
  }

  @Test func `what is missing or unknown is said`() {
    func reason<P: Params>(_ text: String, _: P.Type) -> String? {
      do { _ = try read(text, as: P.self) } catch { return error.reason }
      return nil
    }
    #expect(reason("{}", ThreadSearchParams.self) == "missing field `searchTerm`")
    #expect(reason(#"{"searchTerm":"x"}"#, ThreadSearchOccurrencesParams.self) == "missing field `threadId`")
    #expect(reason("{}", ThreadTimelineListParams.self) == "missing field `threadId`")
    #expect(
      reason(#"{"searchTerm":"x","sortKey":"section_position"}"#, ThreadSearchParams.self)
        == "unknown variant `section_position`, expected one of `created_at`, `updated_at`, `recency_at`")
    #expect(
      reason(#"{"searchTerm":"x","sourceKinds":["qq"]}"#, ThreadSearchParams.self)?
        .hasPrefix("unknown variant `qq`, expected one of `cli`, `vscode`, `exec`, `appServer`") == true)
    for limit in ["-1", "4294967296", "1.5", #""1""#] {
      #expect(reason(#"{"threadId":"x","limit":\#(limit)}"#, ThreadTimelineListParams.self) != nil)
    }
  }
}
