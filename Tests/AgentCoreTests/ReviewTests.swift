import AgentCore
import AppServerProtocol
import JSON
import ModelAPI
import Testing

@Suite struct `A review` {
  private let target = ReviewTarget.custom(instructions: "look closely")
  private let completed = ResponseEvent.completed(responseID: "r", usage: usage)

  private func entered(_ id: String, atMs: Int64) -> [Effect] {
    let item = ThreadItem.enteredReviewMode(
      EnteredReviewModeItem(id: id, target: target.raw, review: "look closely"))
    return [.itemStarted(item), .itemCompleted(item, startedAtMs: atMs)]
  }

  /// The reviewer's context and request.
  private func asked(_ id: String, _ message: TurnMachine.UserMessage, atMs: Int64) -> [Effect] {
    let item = ThreadItem.userMessage(UserMessageItem(id: id, clientID: nil, content: message.content))
    return [
      .briefReviewer, .recordForReviewer(message.item), .itemStarted(item), .itemCompleted(item, startedAtMs: atMs),
    ]
  }

  /// The end of the review, with ids from `first` on.
  private func left(_ output: ReviewOutput?, _ text: String, first: Int, atMs: Int64) -> [Effect] {
    let report = InputItem.message(.user, id: "msg_id-\(first)", text: Review.report(output))
    let answer = InputItem.assistantMessage(id: "msg_id-\(first + 2)", text: text)
    let exited = ThreadItem.exitedReviewMode(ExitedReviewModeItem(id: "id-\(first + 1)", output: output))
    let message = agentMessage("msg_id-\(first + 2)", text)
    return [
      .record(history(report), stored: report), .itemStarted(exited), .itemCompleted(exited, startedAtMs: atMs),
      .record(history(answer), stored: answer), .itemStarted(message), .itemCompleted(message, startedAtMs: atMs),
    ]
  }

  private func begun(_ request: TurnMachine.UserMessage) -> Scene {
    var scene = Scene(.review(target), message: request)
    #expect(scene.act { $0.enterReview(&$1) } == entered("id-1", atMs: 1001))
    #expect(scene.begin() == asked("id-2", request, atMs: 1002) + [.send(.turn)])
    return scene
  }

  @Test func `is a conversation apart, of which the thread gets the result`() throws {
    let answer = says(#"{"findings": [], "overall_explanation": "Fine."}"#, id: "msg_1")
    var scene = begun(user("look closely"))
    #expect(scene.receive(.itemAdded(says("", id: "msg_1"))) == [.itemStarted(agentMessage("msg_1", ""))])
    #expect(scene.receive(.textDelta("{"), .itemDone(answer)) == [.recordForReviewer(history(answer.raw))])
    #expect(scene.machine.runningItems == [])
    let output = ReviewOutput(explanation: "Fine.")
    #expect(
      scene.receive(completed)
        == [.reviewerResponded(usage)] + left(output, "Fine.", first: 3, atMs: 1006) + [.end(.completed)])
    #expect(scene.machine.lastAgentMessage == agentMessage("msg_id-5", "Fine."))
    #expect(scene.machine.lastAgentText == "Fine.")
  }

  @Test func `goes on after a call, and counts the last message`() {
    let call = output(["type": "function_call", "id": "fc_1", "name": "f", "call_id": "c1", "arguments": "{}"])
    var scene = begun(user("x"))
    _ = scene.receive(.itemDone(says("first")), .itemDone(call))
    let effects = scene.receive(completed)
    #expect(effects.dropFirst() == [.reviewerResponded(usage), .checkBudget])
    #expect(scene.proceed(compactFirst: true) == [.send(.turn)])
    _ = scene.receive(.itemDone(says("second")))
    _ = scene.receive(completed)
    #expect(scene.machine.lastAgentText == "second")
  }

  @Test func `without an answer came to nothing`() {
    var scene = begun(user("x"))
    #expect(
      scene.receive(completed)
        == [.reviewerResponded(usage)] + left(nil, Review.unfinishedText, first: 3, atMs: 1003) + [.end(.completed)])
  }

  @Test func `that is interrupted is left before the thread is told so`() {
    var scene = begun(user("x"))
    _ = scene.receive(.itemDone(says("half")))
    #expect(
      scene.interrupt()
        == [.cancelRequest] + left(nil, Review.unfinishedText, first: 3, atMs: 1004)
        + [.record(aborted, stored: aborted.raw), .end(.interrupted)])
    #expect(scene.interrupt() == [])
  }

  @Test func `that fails is left after the error is told`() {
    var scene = begun(user("x"))
    let effects = scene.fail(ModelFailure(.other, "no", retry: .no))
    let error = TurnError(message: "no", info: RawJSON(.string("other")))
    #expect(
      effects
        == [.cancelRequest, .report(error, willRetry: false)]
        + left(nil, Review.unfinishedText, first: 3, atMs: 1003) + [.end(.failed(error))])
  }

  // MARK: - Texts

  @Test(arguments: [
    (ReviewTarget.uncommittedChanges, "uncommitted changes"), (.baseBranch("main"), "changes against 'main'"),
    (.commit(sha: "0123456789abcdef", title: nil), "commit 0123456"),
    (.commit(sha: "01", title: "Fix it"), "commit 01: Fix it"), (.custom(instructions: "look"), "look"),
  ])
  func `has a label for its target`(target: ReviewTarget, label: String) {
    #expect(Review.label(of: target) == label)
    #expect(!Review.request(for: target).isEmpty)
  }

  @Test func `asks for what it can read`() throws {
    let lines = Review.instructions.split(separator: "\n")
    let first = try #require(lines.firstIndex(of: "{"))
    let example = lines[first...].joined(separator: "\n")
    let output = try #require(Review.output(from: example))
    #expect(output.findings.first?.firstLine == 10)
    #expect(output.correctness == "patch is correct")
  }

  private static let finding =
    #"{"title":"T","body":"B","confidence_score":0.5,"priority":2,"#
    + #""code_location":{"absolute_file_path":"/a","line_range":{"start":3,"end":4}}}"#

  @Test(arguments: [
    #"{"findings":[\#(finding)],"overall_explanation":"E"}"#,
    "Here it is:\n```json\n{\"findings\":[\(finding)],\"overall_explanation\":\"E\"}\n```\nThat is all.",
    #"{"findings":[\#(finding)],"overall_explanation":"E","overall_correctness":"","more":[{}]}"#,
  ])
  func `finds the answer in what the reviewer says`(answer: String) {
    let finding = ReviewOutput.Finding(
      title: "T", body: "B", confidence: 0.5, priority: 2, path: "/a", firstLine: 3, lastLine: 4)
    #expect(Review.output(from: answer) == ReviewOutput(findings: [finding], explanation: "E"))
  }

  @Test(arguments: [
    "Looks good.", "{}", #"{"answer": 42}"#, "[]", "{ half", "} {", #"{"findings": 7}"#,
    #"{"findings":[{"title":"T","body":"B"}],"overall_explanation":"E"}"#,
    #"{"findings":[],"overall_explanation":7}"#,
  ])
  func `takes anything else for an explanation`(answer: String) {
    #expect(Review.output(from: " \(answer)\n") == ReviewOutput(explanation: answer))
  }

  @Test(arguments: ["", " \n\t"]) func `takes silence for nothing`(answer: String) {
    #expect(Review.output(from: answer) == nil)
  }

  @Test func `reports in a form that no list takes for a message of the user's`() {
    for report in [Review.report(nil), Review.report(ReviewOutput(explanation: "E"))] {
      #expect(ContextBlock.isContextBlock(report))
    }
    #expect(Review.report(ReviewOutput(explanation: "One mistake.")).contains("\nOne mistake.\n"))
  }
}
