import AgentCore
import AppServerProtocol
import JSON
import ModelAPI
import Synchronization
import Testing

typealias Effect = TurnMachine.Effect

/// A turn under test: gives the machine the time and its ids, `id-1`, `id-2` and so on.
struct Scene {
  var machine: TurnMachine
  var nowMs: Int64 = 1000
  private let ids = Ids()

  init(
    _ kind: TurnMachine.Kind = .regular, policy: RetryPolicy = RetryPolicy(), message: TurnMachine.UserMessage? = nil
  ) {
    machine = TurnMachine(turnID: "turn", kind: kind, startedAtMs: 1000, policy: policy, message: message)
  }

  /// What comes of an event that happens a millisecond after the one before.
  mutating func act(_ event: (inout TurnMachine, inout TurnMachine.Step) -> Void) -> [Effect] {
    nowMs += 1
    var step = TurnMachine.Step(nowMs: nowMs, random: 0.5, makeID: { [ids] in ids.next() })
    event(&machine, &step)
    return step.effects
  }

  mutating func begin(compactFirst: Bool = false) -> [Effect] { act { $0.begin(compactFirst: compactFirst, &$1) } }
  mutating func proceed(compactFirst: Bool = false) -> [Effect] { act { $0.proceed(compactFirst: compactFirst, &$1) } }
  mutating func wokeUp() -> [Effect] { act { $0.wokeUp(&$1) } }
  mutating func interrupt() -> [Effect] { act { $0.interrupt(abortedMessage: aborted, &$1) } }

  mutating func receive(_ events: ResponseEvent...) -> [Effect] {
    events.flatMap { event in act { $0.receive(event, &$1) } }
  }

  mutating func fail(_ failure: ModelFailure) -> [Effect] { act { $0.requestFailed(failure, &$1) } }

  private final class Ids: Sendable {
    private let count = Atomic(0)
    func next() -> String { "id-\(count.add(1, ordering: .relaxed).newValue)" }
  }
}

// MARK: - What the user and the model say

func user(_ text: String, clientID: String? = nil) -> TurnMachine.UserMessage {
  TurnMachine.UserMessage(
    content: [.text(text)], clientID: clientID,
    item: history(InputItem.message(.user, id: "msg_\(text)", text: text)))
}

let aborted = history(InputItem.message(.user, id: "msg_aborted", text: "<turn_aborted>"))

func history(_ raw: [UInt8]) -> HistoryItem {
  (try? HistoryItem(raw: raw)) ?? HistoryItem(kind: .other, raw: raw)
}

func output(_ json: JSON) -> OutputItem {
  OutputItem(raw: json.encoded) ?? OutputItem(id: nil, content: .other(type: "broken"), raw: json.encoded)
}

/// An item of the assistant's as the server sends it.
func says(_ text: String, id: String? = nil) -> OutputItem {
  var item = JSONObject([
    ("type", "message"), ("role", "assistant"), ("content", [["type": "output_text", "text": .string(text)]]),
  ])
  item["id"] = id.map(JSON.string)
  return output(.object(item))
}

func thinks(_ summary: String..., id: String? = nil) -> OutputItem {
  var item = JSONObject([
    ("type", "reasoning"),
    ("summary", .array(summary.map { ["type": "summary_text", "text": .string($0)] })),
  ])
  item["id"] = id.map(JSON.string)
  return output(.object(item))
}

func agentMessage(_ id: String, _ text: String) -> ThreadItem { .agentMessage(AgentMessageItem(id: id, text: text)) }

func record(_ item: OutputItem) -> Effect { .record(history(item.raw), stored: item.raw) }

/// The effects of a user message that enters the history, and of those that go before it.
func accepted(_ messages: (id: String, message: TurnMachine.UserMessage)..., atMs: Int64) -> [Effect] {
  [.refreshContext]
    + messages.flatMap { id, message -> [Effect] in
      let item = ThreadItem.userMessage(
        UserMessageItem(id: id, clientID: message.clientID, content: message.content))
      return [
        .record(message.item, stored: message.item.raw), .itemStarted(item), .itemCompleted(item, startedAtMs: atMs),
      ]
    }
}

/// The text that `write` makes, as a value.
func written(_ write: (inout JSONWriter) -> Void) throws -> JSON {
  var writer = JSONWriter()
  write(&writer)
  return try JSON.parse(writer.bytes)
}

let usage = TokenUsage(input: 10, output: 5, total: 15)
