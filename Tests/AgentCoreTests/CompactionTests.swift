import AgentCore
import AppServerProtocol
import JSON
import ModelAPI
import Testing

@Suite struct `A compaction` {
  private let began = { (id: String) -> [Effect] in
    [.itemStarted(.contextCompaction(ContextCompactionItem(id: id))), .republishUsage, .send(.compaction)]
  }

  private func done(_ id: String, _ summary: String, isMidTurn: Bool = false, startedAtMs: Int64) -> [Effect] {
    [
      .responseCompleted(usage), .compacted(summary: summary, isMidTurn: isMidTurn), .republishUsage,
      .itemCompleted(.contextCompaction(ContextCompactionItem(id: id)), startedAtMs: startedAtMs),
      .warn(TurnMachine.compactionWarning),
    ]
  }

  private let completed = ResponseEvent.completed(responseID: "r", usage: usage)

  @Test func `goes before the user's message when the window is full`() {
    let hello = user("Hello")
    var scene = Scene(message: hello)
    #expect(scene.begin(compactFirst: true) == began("id-1"))
    #expect(scene.receive(.created, .textDelta("Sum"), .itemDone(says("Summary", id: "m"))) == [])
    #expect(
      scene.receive(completed)
        == done("id-1", "Summary", startedAtMs: 1001) + accepted(("id-2", hello), atMs: 1005) + [.send(.turn)])
    #expect(scene.receive(completed) == [.responseCompleted(usage), .end(.completed)])
    #expect(scene.machine.lastAgentMessage == nil)
  }

  @Test func `goes between two requests of a turn`() {
    let call = output(["type": "function_call", "id": "fc_1", "name": "f", "call_id": "c1", "arguments": "{}"])
    var scene = Scene()
    _ = scene.begin()
    _ = scene.receive(.itemDone(call), completed)
    #expect(scene.proceed(compactFirst: true) == began("id-2"))
    #expect(
      scene.receive(.itemDone(says("Summary")), completed)
        == done("id-2", "Summary", isMidTurn: true, startedAtMs: 1004) + [.send(.turn)])
  }

  @Test func `is a turn of its own when the user asks for it`() {
    var scene = Scene(.compaction)
    #expect(scene.begin() == began("id-1"))
    #expect(
      scene.receive(.itemDone(thinks("hm")), .itemDone(says("Summary")), completed)
        == done("id-1", "Summary", startedAtMs: 1001) + [.end(.completed)])
  }

  @Test func `takes an answer without text for an empty summary`() {
    var scene = Scene(.compaction)
    _ = scene.begin()
    #expect(scene.receive(completed) == done("id-1", "", startedAtMs: 1001) + [.end(.completed)])
  }

  @Test func `asks again with less where the model has no room`() {
    let full = ResponseEvent.failed(.init(code: "context_length_exceeded", message: nil))
    var scene = Scene(.compaction)
    _ = scene.begin()
    _ = scene.receive(.itemDone(says("half of a summ")))
    for _ in 0..<3 {
      #expect(scene.receive(full) == [.shrinkCompaction])
      #expect(scene.act { $0.compactionShrank(&$1) } == [.send(.compaction)])
    }
    #expect(
      scene.receive(.itemDone(says("Summary")), completed)
        == done("id-1", "Summary", startedAtMs: 1001) + [.end(.completed)])
  }

  @Test func `fails when nothing is left to leave out`() {
    let failure = ModelFailure.responseFailed(.init(code: "context_length_exceeded", message: nil))
    var scene = Scene(.compaction)
    _ = scene.begin()
    _ = scene.receive(.failed(.init(code: "context_length_exceeded", message: nil)))
    let error = TurnError(message: failure.message, info: RawJSON("contextWindowExceeded"))
    #expect(
      scene.act { $0.compactionCannotShrink(failure, &$1) } == [
        .report(error, willRetry: false), .end(.failed(error)),
      ])
  }

  @Test func `is tried again as a whole when its stream breaks`() {
    var scene = Scene(.compaction)
    _ = scene.begin()
    _ = scene.receive(.itemDone(says("half of a summ")))
    let effects = scene.fail(.transport(.endedEarly))
    #expect(effects.first == .cancelRequest && effects.last == .wake(after: .milliseconds(200)))
    #expect(scene.wokeUp() == [.send(.compaction)])
    #expect(scene.receive(completed).contains(.compacted(summary: "", isMidTurn: false)))
  }

  @Test(arguments: [
    ResponseEvent.failed(.init(code: "insufficient_quota", message: nil)),
    .incomplete(reason: "max_output_tokens", usage: usage), .completedUnreadable("no id"),
  ])
  func `fails its turn when it cannot be had`(event: ResponseEvent) {
    var scene = Scene(policy: RetryPolicy(requestRetries: 0, streamRetries: 0), message: user("Hello"))
    _ = scene.begin(compactFirst: true)
    let effects = scene.receive(event)
    guard case .end(.failed(let error)) = effects.last else {
      Issue.record("the turn goes on: \(effects)")
      return
    }
    #expect(effects == [.cancelRequest, .report(error, willRetry: false), .end(.failed(error))])
  }

  @Test func `lets what comes meanwhile wait`() {
    let (hello, more) = (user("Hello"), user("more"))
    var scene = Scene(message: hello)
    _ = scene.begin(compactFirst: true)
    scene.machine.steer(more)
    #expect(
      scene.receive(completed).suffix(8)
        == accepted(("id-2", hello), ("id-3", more), atMs: 1002) + [.send(.turn)])
  }
}
