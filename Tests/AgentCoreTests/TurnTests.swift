import AgentCore
import AppServerProtocol
import JSON
import ModelAPI
import Testing

@Suite struct `A turn` {
  @Test func `sends the user's message and shows the answer as it comes`() {
    let hello = user("Hello", clientID: "mine")
    let answer = says("Hi there", id: "msg_1")
    var scene = Scene(message: hello)
    #expect(scene.begin() == accepted(("id-1", hello), atMs: 1001) + [.send(.turn)])
    #expect(scene.receive(.created, .ignored, .malformed) == [])
    #expect(scene.receive(.itemAdded(says("", id: "msg_1"))) == [.itemStarted(agentMessage("msg_1", ""))])
    #expect(
      scene.receive(.textDelta("Hi"), .textDelta(" there")) == [
        .messageDelta(itemID: "msg_1", text: "Hi"), .messageDelta(itemID: "msg_1", text: " there"),
      ])
    #expect(scene.machine.runningItems == [agentMessage("msg_1", "Hi there")])
    #expect(
      scene.receive(.itemDone(answer)) == [
        .itemCompleted(agentMessage("msg_1", "Hi there"), startedAtMs: 1005), record(answer),
      ])
    #expect(!scene.machine.hasEnded)
    #expect(
      scene.receive(.completed(responseID: "resp", usage: usage)) == [.responseCompleted(usage), .end(.completed)])
    #expect(scene.machine.hasEnded)
    #expect(scene.machine.lastAgentMessage == agentMessage("msg_1", "Hi there"))
    #expect(scene.machine.lastAgentText == "Hi there")
    #expect(scene.machine.runningItems == [])
  }

  @Test func `without input sends the history as it is`() {
    var scene = Scene()
    #expect(scene.begin() == [.send(.turn)])
    #expect(scene.receive(.completed(responseID: "resp", usage: nil)) == [.responseCompleted(nil), .end(.completed)])
    #expect(scene.machine.lastAgentMessage == nil)
  }

  @Test func `shows reasoning, its parts and its text`() {
    let thought = thinks("First", "Second", id: "rs_1")
    var scene = Scene()
    _ = scene.begin()
    #expect(
      scene.receive(.itemAdded(thinks(id: "rs_1"))) == [.itemStarted(.reasoning(ReasoningItem(id: "rs_1")))])
    #expect(
      scene.receive(
        .reasoningSummaryPartAdded(summaryIndex: 0), .reasoningSummaryDelta("Fir", summaryIndex: 0),
        .reasoningSummaryDelta("st", summaryIndex: 0), .reasoningSummaryDelta("Second", summaryIndex: 1),
        .reasoningTextDelta("hm", contentIndex: 0)) == [
          .summaryPartAdded(itemID: "rs_1", index: 0), .summaryDelta(itemID: "rs_1", text: "Fir", index: 0),
          .summaryDelta(itemID: "rs_1", text: "st", index: 0), .summaryDelta(itemID: "rs_1", text: "Second", index: 1),
          .reasoningDelta(itemID: "rs_1", text: "hm", index: 0),
        ])
    #expect(scene.machine.runningItems == [.reasoning(ReasoningItem(id: "rs_1", summary: ["First", "Second"]))])
    #expect(
      scene.receive(.itemDone(thought)) == [
        .itemCompleted(.reasoning(ReasoningItem(id: "rs_1", summary: ["First", "Second"])), startedAtMs: 1002),
        record(thought),
      ])
    #expect(scene.machine.lastAgentMessage == nil)
  }

  @Test(arguments: [-1, Int.min, 7, Int.max])
  func `takes a summary part of an impossible number for the next`(index: Int) {
    var scene = Scene()
    _ = scene.begin()
    _ = scene.receive(.itemAdded(thinks(id: "rs_1")), .reasoningSummaryDelta("one", summaryIndex: 0))
    _ = scene.receive(.reasoningSummaryDelta("two", summaryIndex: index))
    #expect(scene.machine.runningItems == [.reasoning(ReasoningItem(id: "rs_1", summary: ["one", "two"]))])
  }

  @Test func `has nothing to show for reasoning that was never announced`() {
    var scene = Scene()
    _ = scene.begin()
    #expect(
      scene.receive(
        .reasoningSummaryPartAdded(summaryIndex: 0), .reasoningSummaryDelta("x", summaryIndex: 0),
        .reasoningTextDelta("x", contentIndex: 0)) == [])
  }

  @Test func `starts and ends an item that comes as a whole`() {
    let answer = says("All at once", id: "msg_1")
    var scene = Scene()
    _ = scene.begin()
    #expect(
      scene.receive(.itemDone(answer)) == [
        .itemStarted(agentMessage("msg_1", "")),
        .itemCompleted(agentMessage("msg_1", "All at once"), startedAtMs: 1002), record(answer),
      ])
  }

  @Test func `gives an item without an id one, and keeps it to the end`() {
    let answer = says("Hi")
    var scene = Scene()
    _ = scene.begin()
    #expect(
      scene.receive(.itemAdded(says("")), .textDelta("Hi"), .itemDone(answer)) == [
        .itemStarted(agentMessage("id-1", "")), .messageDelta(itemID: "id-1", text: "Hi"),
        .itemCompleted(agentMessage("id-1", "Hi"), startedAtMs: 1002), record(answer),
      ])
  }

  @Test(arguments: ["msg_1", nil])
  func `opens a message for text that was never announced, and ends that one`(id: String?) {
    let answer = says("Hi", id: id)
    var scene = Scene()
    _ = scene.begin()
    #expect(
      scene.receive(.textDelta("Hi"), .itemDone(answer)) == [
        .itemStarted(agentMessage("id-1", "")), .messageDelta(itemID: "id-1", text: "Hi"),
        .itemCompleted(agentMessage("id-1", "Hi"), startedAtMs: 1002), record(answer),
      ])
    #expect(scene.machine.runningItems == [])
  }

  @Test func `adds text to the newest of several open messages`() {
    var scene = Scene()
    _ = scene.begin()
    #expect(
      scene.receive(
        .itemAdded(says("", id: "msg_1")), .itemAdded(thinks(id: "rs_1")), .itemAdded(says("", id: "msg_2")),
        .textDelta("Hi")
      ).last == .messageDelta(itemID: "msg_2", text: "Hi"))
    #expect(
      scene.receive(.itemDone(says("first", id: "msg_1"))).first
        == .itemCompleted(agentMessage("msg_1", "first"), startedAtMs: 1002))
    #expect(scene.machine.runningItems == [.reasoning(ReasoningItem(id: "rs_1")), agentMessage("msg_2", "Hi")])
  }

  @Test func `keeps items that clients do not see`() {
    let unknown = output(["type": "hologram", "id": "h_1", "beam": 1.50])
    let own = output(["type": "message", "role": "user", "id": "msg_9", "content": []])
    var scene = Scene()
    _ = scene.begin()
    #expect(scene.receive(.itemAdded(unknown), .itemDone(unknown)) == [record(unknown)])
    #expect(scene.receive(.itemAdded(own), .itemDone(own)) == [record(own)])
  }

  @Test func `tells the model about tools that it does not have, and asks again`() {
    let call = output(["type": "function_call", "id": "fc_1", "name": "shell", "call_id": "c1", "arguments": "{"])
    let custom = output([
      "type": "custom_tool_call", "id": "ctc_1", "name": "apply_patch", "call_id": "c2", "input": "",
    ])
    let answers = [
      InputItem.functionCallOutput(id: "fco_id-1", callID: "c1", .text("unsupported call: shell")),
      InputItem.customToolCallOutput(
        id: "ctco_id-2", callID: "c2", .text("unsupported custom tool call: apply_patch")),
    ]
    var scene = Scene()
    _ = scene.begin()
    #expect(scene.receive(.itemDone(call), .itemDone(custom)) == [record(call), record(custom)])
    #expect(
      scene.receive(.completed(responseID: "r1", usage: usage))
        == answers.map { .record(history($0), stored: $0) } + [.responseCompleted(usage), .checkBudget])
    #expect(scene.proceed() == [.send(.turn)])
    #expect(scene.receive(.completed(responseID: "r2", usage: nil)) == [.responseCompleted(nil), .end(.completed)])
  }

  // MARK: - Steering

  @Test func `takes what it was steered with before its first request`() {
    let (one, two) = (user("one"), user("two", clientID: "b"))
    var scene = Scene(message: one)
    scene.machine.steer(two)
    #expect(scene.begin() == accepted(("id-1", one), ("id-2", two), atMs: 1001) + [.send(.turn)])
  }

  @Test func `takes what it was steered with when the answer under way is complete`() {
    let (more, evenMore) = (user("more"), user("even more"))
    var scene = Scene()
    _ = scene.begin()
    scene.machine.steer(more)
    #expect(
      scene.receive(.completed(responseID: "r1", usage: usage)) == [.responseCompleted(usage), .checkBudget])
    scene.machine.steer(evenMore)
    #expect(scene.proceed() == accepted(("id-1", more), ("id-2", evenMore), atMs: 1003) + [.send(.turn)])
    #expect(scene.receive(.completed(responseID: "r2", usage: nil)) == [.responseCompleted(nil), .end(.completed)])
  }

  @Test func `keeps what it was steered with through a retry`() {
    let more = user("more")
    var scene = Scene()
    _ = scene.begin()
    scene.machine.steer(more)
    _ = scene.fail(.transport(.broken))
    #expect(scene.wokeUp() == [.send(.turn)])
    _ = scene.receive(.completed(responseID: "r", usage: nil))
    #expect(scene.proceed() == accepted(("id-1", more), atMs: 1005) + [.send(.turn)])
  }

  // MARK: - Interrupting

  private static let interrupted: [Effect] = [
    .cancelRequest, .republishUsage, .record(aborted, stored: aborted.raw), .end(.interrupted),
  ]

  @Test(arguments: ["before it began", "while it asks", "while it waits", "while it decides", "while it compacts"])
  func `can be interrupted at any time, once`(phase: String) {
    var scene = Scene()
    if phase != "before it began" { _ = scene.begin(compactFirst: phase == "while it compacts") }
    if phase == "while it asks" { _ = scene.receive(.textDelta("Hi")) }
    if phase == "while it waits" { _ = scene.fail(.transport(.broken)) }
    if phase == "while it decides" {
      scene.machine.steer(user("more"))
      _ = scene.receive(.completed(responseID: "r", usage: nil))
    }
    #expect(scene.interrupt() == Self.interrupted)
    #expect(scene.machine.hasEnded)
    #expect(scene.machine.runningItems == [])
    #expect(scene.interrupt() == [])
    #expect(scene.begin() == [] && scene.wokeUp() == [] && scene.proceed() == [])
  }

  // MARK: - After the end, and altogether

  @Test func `hears nothing after its end`() {
    var scene = Scene()
    _ = scene.begin()
    _ = scene.receive(.completed(responseID: "r", usage: nil))
    scene.machine.steer(user("late"))
    scene.machine.replyBegan()
    #expect(
      scene.receive(
        .textDelta("x"), .itemAdded(says("", id: "m")), .itemDone(says("x", id: "m")),
        .completed(responseID: "r", usage: usage), .failed(.init(code: nil, message: nil)),
        .incomplete(reason: "x", usage: usage), .completedUnreadable("x")) == [])
    #expect(scene.fail(.transport(.broken)) == [] && scene.wokeUp() == [] && scene.proceed() == [])
    #expect(scene.interrupt() == [] && scene.begin() == [])
    #expect(scene.act { $0.compactionShrank(&$1) } == [])
    #expect(scene.act { $0.compactionCannotShrink(.transport(.broken), &$1) } == [])
  }

  /// Whatever comes in whatever order: one end at most, nothing after it, and never two requests at a time.
  @Test(arguments: 0..<200) func `ends once at most`(seed: UInt64) {
    var chance = Chance(state: seed)
    var scene = Scene(
      seed % 5 == 0 ? .compaction : .regular, policy: RetryPolicy(requestRetries: 1, streamRetries: 2),
      message: user("Hi"))
    var effects = scene.begin(compactFirst: chance.next(3) == 0)
    for _ in 0..<60 { effects += Self.anything(&scene, &chance) }
    if !scene.machine.hasEnded { effects += scene.interrupt() }
    let ends = effects.indices.filter { if case .end = effects[$0] { true } else { false } }
    #expect(ends == [effects.count - 1])
    var isAsking = false
    for effect in effects {
      switch effect {
      case .send:
        #expect(!isAsking)
        isAsking = true
      case .cancelRequest, .responseCompleted, .shrinkCompaction: isAsking = false
      default: break
      }
    }
  }

  private static func anything(_ scene: inout Scene, _ chance: inout Chance) -> [Effect] {
    switch chance.next(16) {
    case 0: return scene.receive(.textDelta("x"))
    case 1: return scene.receive(.itemAdded(says("", id: "msg_\(chance.next(3))")))
    case 2: return scene.receive(.itemDone(says("x", id: chance.next(2) == 0 ? nil : "msg_\(chance.next(3))")))
    case 3:
      return scene.receive(.itemDone(output(["type": "function_call", "name": "f", "call_id": "c", "arguments": ""])))
    case 4: return scene.receive(.completed(responseID: "r", usage: usage))
    case 5: return scene.fail(.transport(.broken))
    case 6: return scene.fail(.transport(.cannotConnect("refused")))
    case 7:
      let effects = scene.receive(.failed(.init(code: "context_length_exceeded", message: nil)))
      guard effects == [.shrinkCompaction] else { return effects }
      return effects
        + scene.act { machine, step in
          if chance.next(3) == 0 {
            machine.compactionCannotShrink(.transport(.broken), &step)
          } else {
            machine.compactionShrank(&step)
          }
        }
    case 8: return scene.receive(.completedUnreadable("x"))
    case 9:
      scene.machine.steer(user("more"))
      return []
    case 10, 11: return scene.wokeUp()
    case 12: return scene.proceed(compactFirst: chance.next(2) == 0)
    case 13: return scene.fail(.transport(.noReply("reset")))
    default: return chance.next(20) == 0 ? scene.interrupt() : []
    }
  }
}

/// A sequence that is the same each time.
struct Chance {
  var state: UInt64

  mutating func next(_ bound: UInt64) -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return (mixed ^ mixed >> 31) % bound
  }
}
