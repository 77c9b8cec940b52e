import AgentCore
import ModelAPI
import Testing

/// An item of so many tokens by estimate.
private func item(tokens: Int) -> HistoryItem {
  HistoryItem(kind: .other, raw: [UInt8](repeating: 0x20, count: tokens * TokenEstimate.bytesPerToken))
}

@Suite struct `A conversation` {
  @Test func `estimates until the server has counted, and then what came since`() {
    var talk = Conversation()
    #expect(talk.contextTokens == 0 && talk.lastUsage == nil)
    talk.append(item(tokens: 30))
    talk.append(item(tokens: 12))
    #expect(talk.contextTokens == 42)
    talk.add(TokenUsage(input: 60, output: 40, total: 100))
    #expect(talk.contextTokens == 100)
    talk.append(item(tokens: 7))
    #expect(talk.contextTokens == 107)
    talk.add(TokenUsage(input: 110, output: 40, total: 150))
    #expect(talk.contextTokens == 150)
    #expect(talk.totalUsage == TokenUsage(input: 170, output: 80, total: 250))
    #expect(talk.lastUsage == TokenUsage(input: 110, output: 40, total: 150))
    #expect(talk.items == [item(tokens: 30), item(tokens: 12), item(tokens: 7)])
  }

  @Test func `of a stored thread goes by the stored count, or else by an estimate`() {
    let items = [item(tokens: 5), item(tokens: 6)]
    let counted = Conversation(
      items: items, window: 2, totalUsage: TokenUsage(total: 500), lastUsage: TokenUsage(total: 90))
    #expect(counted.contextTokens == 90 && counted.window == 2 && counted.totalUsage.total == 500)
    #expect(Conversation(items: items, window: 0, totalUsage: .zero, lastUsage: nil).contextTokens == 11)
  }

  @Test func `begins a new window when it is replaced`() {
    var talk = Conversation(
      items: [item(tokens: 900)], window: 1, totalUsage: TokenUsage(total: 950), lastUsage: TokenUsage(total: 950))
    talk.append(item(tokens: 10))
    talk.replace(by: [item(tokens: 20), item(tokens: 3)], baseTokens: 100)
    #expect(talk.items == [item(tokens: 20), item(tokens: 3)])
    #expect(talk.window == 2)
    #expect(talk.contextTokens == 123)
    #expect(talk.totalUsage == TokenUsage(total: 950))
  }

  @Test func `is as full as its window once the server says so, never less full than it was`() {
    var talk = Conversation()
    talk.markFull(window: 1000)
    #expect(talk.contextTokens == 1000)
    talk.add(TokenUsage(total: 5000))
    talk.markFull(window: 1000)
    #expect(talk.lastUsage == TokenUsage(total: 5000))
  }

  @Test func `survives counts that no window has`() {
    var talk = Conversation()
    talk.add(TokenUsage(total: .max))
    talk.append(item(tokens: 1))
    #expect(talk.contextTokens == .max)
  }
}
