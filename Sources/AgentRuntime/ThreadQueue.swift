package import AgentCore
package import AppServerProtocol
import HostIO
package import Store

/// Messages that wait for the thread to become idle. They outlive the process, so the file has them, not the thread.
///
/// They start on their own unless the last turn was interrupted: then somebody wants the thread to stop, and what waits
/// goes on after the next turn that ends otherwise, or when `startQueued` is called.
extension AgentThread {
  /// Changes what waits in a thread, loaded or not.
  package static func changeQueue<Value>(
    of id: String, _ file: QueueFile, _ change: (inout MessageQueue) throws(MessageQueue.Refusal) -> Value
  ) throws(ThreadError) -> Value {
    let result: Result<Value, MessageQueue.Refusal>
    do throws(QueueFile.Failure) {
      result = try file.change(id) { submissions in
        var queue = MessageQueue(submissions)
        let result = Result { () throws(MessageQueue.Refusal) in try change(&queue) }
        submissions = queue.submissions
        return result
      }
    } catch {
      throw .storage(error.description)
    }
    do throws(MessageQueue.Refusal) {
      return try result.get()
    } catch {
      throw .queue(error)
    }
  }

  package static func queue(of id: String, _ file: QueueFile) throws(ThreadError) -> MessageQueue {
    do throws(QueueFile.Failure) {
      return MessageQueue(try file.queue(of: id))
    } catch {
      throw .storage(error.description)
    }
  }

  /// Prepares the turn of a waiting message, the first if none is named; `run()` starts it.
  package func startQueued(_ submissionID: String?) throws(ThreadError) -> Turn {
    guard active == nil else { throw .turnIsRunning }
    // It is taken out first: a message that cannot be taken out would start again and again.
    let taken = try Self.changeQueue(of: id, services.queues) { (queue) throws(MessageQueue.Refusal) in
      try queue.take(submissionID)
    }
    guard let taken else { throw .queueIsEmpty }
    do throws(ThreadError) {
      return try startTurn(input: taken.input, clientID: taken.clientUserMessageID)
    } catch {
      putBack(taken)
      throw error
    }
  }

  /// Starts the message that waits longest, if the thread has nothing else to do.
  package func continueWithQueue() {
    guard active == nil, !identity.isEphemeral, !lastTurnWasInterrupted else { return }
    do throws(ThreadError) {
      guard !(try Self.queue(of: id, services.queues)).submissions.isEmpty else { return }
      _ = try startQueued(nil)
      tell(.queueChanged)
      run()
    } catch {
      services.log("the next message of thread \(id) was not started: \(error)")
      if case .storage(let reason) = error { tell(.warning("The next queued message was not started: \(reason)")) }
    }
  }

  private func putBack(_ submission: QueuedSubmission) {
    do throws(ThreadError) {
      try Self.changeQueue(of: id, services.queues) { queue in queue.putBack(submission) }
    } catch {
      services.log("a queued message of thread \(id) was lost: \(error)")
    }
  }
}
