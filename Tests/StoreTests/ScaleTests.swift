import HostIO
import JSON
import TestSupport
import Testing

@testable import AppServerProtocol
@testable import Store

/// What keeps large homes and long threads cheap, told without a clock.
@Suite struct `Large homes` {
  private let home: SampleHome

  init() throws { home = try SampleHome() }

  @Test func `a page reads the heads that it shows and no others`() throws {
    let ids = try SyntheticHome(path: home.path).addThreads(300, days: 20, headBytes: 2000)
    let directory = ThreadDirectory(home: home.path)
    var params = ThreadListParams()
    params.limit = 25
    let page = try directory.list(params, defaultModelProvider: "openai")
    #expect(page.threads.map(\.id) == Array(ids.reversed().prefix(25)))
    #expect(directory.state.withLock { $0.summaries.count } == 26)
    // One more tells whether there is a next page.
    _ = try directory.list(params, defaultModelProvider: "openai")
    #expect(directory.state.withLock { $0.summaries.count } == 26)
  }

  @Test func `the turns of a long thread are the same in one piece and in pages`() throws {
    let id = try SyntheticHome(path: home.path).addLongThread(1, bytes: 2_000_000)
    let history = try ThreadDirectory(home: home.path).history(of: id)
    var whole = JSONWriter()
    whole.beginArray()
    try history.writeAllTurns(.full, to: &whole)
    whole.endArray()
    var paged: [JSON] = []
    var cursor: String?
    repeat {
      let (turns, page) = try history.turnsPage(.full, .descending, limit: 7, cursor: cursor)
      paged += turns
      cursor = page.nextCursor
    } while cursor != nil
    #expect(try JSON.parse(whole.bytes).arrayValue == paged.reversed())
    #expect(paged.count == history.turnCount)
    #expect(paged.allSatisfy { $0["items"]?.arrayValue?.count == 5 })
  }
}
