package import JSON

/// How many tokens a response took, or several together.
package struct TokenUsage: Sendable, Equatable {
  /// Tokens of the request, with the cached ones.
  package var input: Int64
  /// How many of `input` came from the prompt cache.
  package var cachedInput: Int64
  /// How many of `input` were written to the prompt cache.
  package var cacheWriteInput: Int64
  /// Tokens of the reply, with the reasoning.
  package var output: Int64
  /// How many of `output` were reasoning.
  package var reasoningOutput: Int64
  /// What the server counts altogether; not recomputed here.
  package var total: Int64

  package static let zero = TokenUsage()

  package init(
    input: Int64 = 0, cachedInput: Int64 = 0, cacheWriteInput: Int64 = 0, output: Int64 = 0,
    reasoningOutput: Int64 = 0, total: Int64 = 0
  ) {
    self.input = input
    self.cachedInput = cachedInput
    self.cacheWriteInput = cacheWriteInput
    self.output = output
    self.reasoningOutput = reasoningOutput
    self.total = total
  }

  /// Sums that would not fit stay at the largest number: the counts come from the server.
  package static func + (left: TokenUsage, right: TokenUsage) -> TokenUsage {
    TokenUsage(
      input: saturatingSum(left.input, right.input),
      cachedInput: saturatingSum(left.cachedInput, right.cachedInput),
      cacheWriteInput: saturatingSum(left.cacheWriteInput, right.cacheWriteInput),
      output: saturatingSum(left.output, right.output),
      reasoningOutput: saturatingSum(left.reasoningOutput, right.reasoningOutput),
      total: saturatingSum(left.total, right.total))
  }

  package static func += (left: inout TokenUsage, right: TokenUsage) {
    left = left + right
  }

  private static func saturatingSum(_ left: Int64, _ right: Int64) -> Int64 {
    let (sum, overflow) = left.addingReportingOverflow(right)
    return overflow ? (left < 0 ? .min : .max) : sum
  }
}

extension TokenUsage {
  /// Reads `response.usage` of the Responses API; absent details count as 0.
  package init(response reader: inout JSONReader) throws(JSONError) {
    self.init()
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "input_tokens": input = try reader.int64()
      case "output_tokens": output = try reader.int64()
      case "total_tokens": total = try reader.int64()
      case "input_tokens_details":
        let details = try Self.details(&reader)
        (cachedInput, cacheWriteInput) = (details.cached, details.written)
      case "output_tokens_details": reasoningOutput = try Self.details(&reader).reasoning
      default: try reader.skip()
      }
    }
  }

  private static func details(
    _ reader: inout JSONReader
  ) throws(JSONError) -> (cached: Int64, written: Int64, reasoning: Int64) {
    var counts: (cached: Int64, written: Int64, reasoning: Int64) = (0, 0, 0)
    guard try !reader.takeNull() else { return counts }
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "cached_tokens": counts.cached = try Self.count(&reader)
      case "cache_write_tokens": counts.written = try Self.count(&reader)
      case "reasoning_tokens": counts.reasoning = try Self.count(&reader)
      default: try reader.skip()
      }
    }
    return counts
  }

  private static func count(_ reader: inout JSONReader) throws(JSONError) -> Int64 {
    try reader.takeNull() ? 0 : try reader.int64()
  }

  /// The form of `thread/tokenUsage/updated`.
  package func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.field("totalTokens", total)
    writer.field("inputTokens", input)
    writer.field("cachedInputTokens", cachedInput)
    writer.field("cacheWriteInputTokens", cacheWriteInput)
    writer.field("outputTokens", output)
    writer.field("reasoningOutputTokens", reasoningOutput)
    writer.endObject()
  }

  /// The form of the session files.
  package func writeRollout(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.field("input_tokens", input)
    writer.field("cached_input_tokens", cachedInput)
    writer.field("cache_write_input_tokens", cacheWriteInput)
    writer.field("output_tokens", output)
    writer.field("reasoning_output_tokens", reasoningOutput)
    writer.field("total_tokens", total)
    writer.endObject()
  }

  /// Reads what `writeRollout` wrote; absent counts are 0, as in files of older versions.
  package init(rollout reader: inout JSONReader) throws(JSONError) {
    self.init()
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "input_tokens": input = try reader.int64()
      case "cached_input_tokens": cachedInput = try reader.int64()
      case "cache_write_input_tokens": cacheWriteInput = try reader.int64()
      case "output_tokens": output = try reader.int64()
      case "reasoning_output_tokens": reasoningOutput = try reader.int64()
      case "total_tokens": total = try reader.int64()
      default: try reader.skip()
      }
    }
  }
}

/// The size of text in tokens where nobody has counted: one token for each four bytes, rounded up.
package enum TokenEstimate {
  package static let bytesPerToken = 4

  package static func tokens(bytes: Int) -> Int {
    bytes / bytesPerToken + (bytes % bytesPerToken == 0 ? 0 : 1)
  }

  package static func tokens(of text: String) -> Int { tokens(bytes: text.utf8.count) }
  package static func tokens(of bytes: [UInt8]) -> Int { tokens(bytes: bytes.count) }
}
