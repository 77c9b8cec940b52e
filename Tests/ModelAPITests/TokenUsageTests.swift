import JSON
import Testing

@testable import ModelAPI

@Suite struct TokenUsageTests {
  private let usage = TokenUsage(
    input: 100, cachedInput: 10, cacheWriteInput: 5, output: 20, reasoningOutput: 3, total: 120)

  @Test func `usage is written as clients and session files expect it`() throws {
    #expect(
      written { usage.write(to: &$0) }
        == #"{"totalTokens":120,"inputTokens":100,"cachedInputTokens":10,"cacheWriteInputTokens":5,"outputTokens":20,"reasoningOutputTokens":3}"#
    )
    let rollout = written { usage.writeRollout(to: &$0) }
    #expect(
      rollout
        == #"{"input_tokens":100,"cached_input_tokens":10,"cache_write_input_tokens":5,"output_tokens":20,"reasoning_output_tokens":3,"total_tokens":120}"#
    )
    var reader = JSONReader(rollout)
    #expect(try TokenUsage(rollout: &reader) == usage)
  }

  @Test func `sums stay within 64 bits`() {
    var sum = usage
    sum += usage
    #expect(sum.total == 240)
    #expect((TokenUsage(total: .max) + usage).total == .max)
    #expect((TokenUsage(total: .min) + TokenUsage(total: -1)).total == .min)
  }

  @Test func `four bytes are a token, and a part of four is one too`() {
    #expect([0, 1, 4, 5, .max].map(TokenEstimate.tokens(bytes:)) == [0, 1, 1, 2, .max / 4 + 1])
    #expect(TokenEstimate.tokens(of: "é€") == 2)
  }
}
