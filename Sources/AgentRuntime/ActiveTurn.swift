import AgentCore
import AppServerProtocol
import HostIO
import ModelAPI

/// The turn that runs in a thread: its machine, and what the machine's effects have under way.
@LoopActor
final class ActiveTurn {
  let id: String
  var machine: TurnMachine
  /// For jitter only, and rolled for every event of an answer: a call into the kernel each would be a sixth of its cost.
  var dice = SeededGenerator(seed: .random(in: .min ... .max))
  var stream: ModelStream?
  var timer: TimerID?
  var hasBegun = false
  /// The reviewer's conversation, in a review.
  var reviewer: Reviewer?
  /// A JSON schema for the final answer, as its text.
  var outputSchema: [UInt8]?
  /// In place of the thread's, for this turn.
  var serviceTier: String?
  /// `x-codex-turn-state`: the first value that the server sent in this turn goes back with each later request.
  var turnState: String?
  var firstTokenAtMs: Int64?
  /// Items at the start of the history that the compaction request leaves out.
  var droppedForCompaction = 0

  init(id: String, kind: TurnMachine.Kind, startedAtMs: Int64, policy: RetryPolicy) {
    self.id = id
    machine = TurnMachine(turnID: id, kind: kind, startedAtMs: startedAtMs, policy: policy)
  }

  /// Whether clients may mean this turn by an id. A review goes by two.
  func isCalled(_ id: String) -> Bool { id == self.id || id == reviewer?.turnID }

  /// As `turn/started` has it. A review is announced as the reviewer's turn; everything else goes by the review's id.
  var announcedTurn: Turn {
    Turn(id: reviewer?.turnID ?? id, rootTurnID: id, startedAt: machine.startedAtMs / 1000)
  }

  /// As it runs.
  var turn: Turn { Turn(id: id, rootTurnID: id, startedAt: machine.startedAtMs / 1000) }

  /// As the answer of `turn/start` has it: not begun.
  var turnForResponse: Turn { Turn(id: id, rootTurnID: id) }

  /// Stops what is under way, without a word to anyone.
  func abandon() {
    stream?.cancel()
    stream = nil
    if let timer { EventLoop.main.cancel(timer) }
    timer = nil
  }
}
