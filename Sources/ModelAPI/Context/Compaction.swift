/// Shortens a history that has become too long: the request for a summary, and the history that takes its place
/// (agent-core §5.2).
package enum Compaction {
  /// How many tokens of the user's own messages survive, the newest first.
  package static let maximumUserMessageTokens = 20_000

  /// The share of the context window, in percent, at which a thread is compacted at the latest.
  package static let limitPercent = 90

  /// The limit in tokens: the configured one, but never beyond the share of the window.
  package static func limit(configured: Int?, contextWindow: Int) -> Int {
    let most = contextWindow / 100 * limitPercent + contextWindow % 100 * limitPercent / 100
    return configured.map { min(max($0, 0), most) } ?? most
  }

  /// The last message of a request for a summary.
  package static let prompt = """
    The conversation is about to be cut short to make room. Write a handover for the model that will carry on with the \
    work and will see only your text and the user's recent messages. Cover:

    - What the user wants, with the constraints and preferences they stated.
    - What has been done and decided so far, and why.
    - What remains to be done, in order, beginning with the very next step.
    - What is needed for it: files and places in them, commands, names, values, errors seen, dead ends.

    Be complete about these and brief about everything else. Do not continue the work itself, and call no tools.
    """

  /// What a summary in the history begins with.
  package static let summaryPrefix = """
    The earlier part of this conversation was replaced by the following summary, which the model that worked on it wrote. \
    The state of files and processes is as that model left it. Build on what it did instead of doing it again.
    """

  package static let missingSummary = "(no summary available)"

  /// The message that carries a summary.
  package static func summaryText(_ summary: String?) -> String {
    let text = summary.flatMap { $0.isEmpty ? nil : $0 } ?? missingSummary
    return summaryPrefix + "\n" + text
  }

  /// The history after a compaction: fresh context, the user's messages, the summary. In the middle of a turn the context
  /// goes before the user's last message, where the model expects the question that it is working on.
  ///
  /// `context` are items ready to be sent; `summaryID` is the id of the message that carries the summary.
  package static func history(
    context: [[UInt8]], history: [HistoryItem], summary: String?, summaryID: String?, isMidTurn: Bool,
    maximumUserMessageTokens: Int = Self.maximumUserMessageTokens
  ) -> [[UInt8]] {
    var messages = userMessages(of: history, maximumTokens: maximumUserMessageTokens)
    let place = isMidTurn ? max(messages.count - 1, 0) : 0
    messages.insert(contentsOf: context, at: place)
    messages.append(InputItem.message(.user, id: summaryID, text: summaryText(summary)))
    return messages
  }

  /// Whether an item is a message that a person wrote.
  package static func isRealUserMessage(_ item: HistoryItem) -> Bool {
    guard case .userMessage(let texts) = item.kind else { return false }
    return !(texts.first.map(ContextBlock.isContextBlock) ?? false)
  }

  /// In the order of the history. Images do not survive, and the oldest message that still has room is cut to it.
  private static func userMessages(of history: [HistoryItem], maximumTokens: Int) -> [[UInt8]] {
    var left = maximumTokens
    var kept: [[UInt8]] = []
    for item in history.reversed() where left > 0 && isRealUserMessage(item) {
      guard case .userMessage(let texts) = item.kind else { continue }
      let text = texts.joined(separator: "\n")
      guard !text.isEmpty else { continue }
      let tokens = TokenEstimate.tokens(of: text)
      if tokens <= left {
        left -= tokens
        kept.append(item.hasImages ? InputItem.message(.user, id: nil, text: text) : item.raw)
      } else {
        kept.append(InputItem.message(.user, id: nil, text: cut(text, toTokens: left)))
        left = 0
      }
    }
    return kept.reversed()
  }

  /// The head and the tail of a text with a note of how much is missing between them; never splits a character.
  static func cut(_ text: String, toTokens tokens: Int) -> String {
    let bytes = Array(text.utf8)
    let room = max(tokens, 0) * TokenEstimate.bytesPerToken
    guard bytes.count > room else { return text }
    func isContinuation(_ index: Int) -> Bool { index < bytes.count && bytes[index] & 0xC0 == 0x80 }
    var head = room / 2
    while head > 0, isContinuation(head) { head -= 1 }
    var tail = bytes.count - (room - room / 2)
    while isContinuation(tail) { tail += 1 }
    let missing = TokenEstimate.tokens(bytes: tail - head)
    return String(decoding: bytes[..<head], as: UTF8.self) + "…\(missing) tokens truncated…"
      + String(decoding: bytes[tail...], as: UTF8.self)
  }
}
