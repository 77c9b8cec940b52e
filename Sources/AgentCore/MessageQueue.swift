package import AppServerProtocol

/// The messages that wait for one thread to become idle, in the order in which they will start turns.
///
/// A value without a file or a thread: whoever keeps it writes it down and starts the turns.
package struct MessageQueue: Sendable, Equatable {
  /// How many may wait; the reference's number.
  package static let maximumSubmissions = 100
  /// What a page has if nothing is asked for.
  package static let defaultPageSize = 25

  package enum Refusal: Error, Equatable, Sendable {
    case full
    /// A message without any input starts nothing.
    case emptyInput
    case unknownSubmission(id: String)
    case incompleteOrder
    case invalidCursor(String)
  }

  package private(set) var submissions: [QueuedSubmission]

  package init(_ submissions: [QueuedSubmission] = []) { self.submissions = submissions }

  package mutating func add(_ submission: QueuedSubmission) throws(Refusal) {
    guard !submission.input.isEmpty else { throw .emptyInput }
    guard submissions.count < Self.maximumSubmissions else { throw .full }
    submissions.append(submission)
  }

  /// Changes what a message says; it keeps its place.
  package mutating func update(_ id: String, input: [UserInput]) throws(Refusal) -> QueuedSubmission {
    guard !input.isEmpty else { throw .emptyInput }
    let index = try index(of: id)
    submissions[index].input = input
    return submissions[index]
  }

  /// False where there is no such message.
  package mutating func remove(_ id: String) -> Bool {
    guard let index = submissions.firstIndex(where: { $0.id == id }) else { return false }
    submissions.remove(at: index)
    return true
  }

  /// `ids` must name every message once.
  package mutating func reorder(_ ids: [String]) throws(Refusal) {
    guard ids.count == submissions.count else { throw .incompleteOrder }
    var rest = submissions
    var ordered: [QueuedSubmission] = []
    for id in ids {
      guard let index = rest.firstIndex(where: { $0.id == id }) else { throw .incompleteOrder }
      ordered.append(rest.remove(at: index))
    }
    submissions = ordered
  }

  /// Takes out the message of this id, or the first; nil where nothing waits.
  package mutating func take(_ id: String?) throws(Refusal) -> QueuedSubmission? {
    if let id { return submissions.remove(at: try index(of: id)) }
    return submissions.isEmpty ? nil : submissions.removeFirst()
  }

  /// Gives back what was taken, because its turn could not start.
  package mutating func putBack(_ submission: QueuedSubmission) {
    submissions.insert(submission, at: 0)
  }

  /// A page and the cursor of the next one. Cursors are places in the queue as it is now.
  package func page(
    cursor: String?, limit: Int?
  ) throws(Refusal) -> (submissions: ArraySlice<QueuedSubmission>, nextCursor: String?) {
    var start = 0
    if let cursor {
      guard let place = Int(cursor), place >= 0 else { throw .invalidCursor(cursor) }
      start = min(place, submissions.count)
    }
    let size = max(limit ?? Self.defaultPageSize, 1)
    let end = size < submissions.count - start ? start + size : submissions.count
    return (submissions[start..<end], end < submissions.count ? String(end) : nil)
  }

  private func index(of id: String) throws(Refusal) -> Int {
    guard let index = submissions.firstIndex(where: { $0.id == id }) else { throw .unknownSubmission(id: id) }
    return index
  }
}
