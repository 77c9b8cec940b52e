import AgentCore
package import AppServerProtocol
import HostIO
import ModelAPI

/// The conversation of a review: a thread of its own to the model service, of which nothing is stored.
struct Reviewer {
  /// Goes into headers and metadata in place of the thread's.
  let threadID: String
  let turnID: String
  let model: String
  var conversation = Conversation()
  private var context = ContextState()

  init(threadID: String, turnID: String, model: String) {
    self.threadID = threadID
    self.turnID = turnID
    self.model = model
  }

  /// Tells where the work is done and which rules the project has. There is nothing to permit.
  mutating func brief(_ blocks: ContextState.Blocks, makeID: () -> String) {
    var facts = ContextState.Blocks()
    facts.documents = blocks.documents
    facts.environment = blocks.environment
    for item in context.take(facts, changedOnly: false, makeID: makeID) { conversation.append(item) }
  }
}

extension AgentThread {
  /// Prepares a review; `run()` starts it. A turn that runs gives way to it.
  package func startReview(_ target: ReviewTarget) throws(ThreadError) -> Turn {
    if let active { interrupt(active) }
    warnAboutUnknownModel()
    let turn = try begin(.review(target), input: [.text(Review.request(for: target))], clientID: nil)
    turn.reviewer = Reviewer(
      threadID: services.ids.v7().description, turnID: services.ids.v7().description,
      model: setup.reviewModel ?? settings.model)
    var shown = Turn(id: turn.id, rootTurnID: nil)
    shown.items = [
      .userMessage(UserMessageItem(id: turn.id, clientID: nil, content: [.text(Review.label(of: target))]))
    ]
    return shown
  }
}
