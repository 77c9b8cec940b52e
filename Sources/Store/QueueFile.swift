package import AppServerProtocol
package import HostIO
import JSON

/// The messages that wait in threads of a home folder: `thread_queues.json`, a file of this server. (The reference has a
/// database for them, which nobody else may open.)
///
/// `{"version": 1, "threads": {ID: [{id, input, clientUserMessageId}]}}`, only threads in which something waits; without
/// any there is no file. Each change reads what other processes did, and replaces the file in one step. Every call blocks
/// for as long as the disk takes. Safe to use from any thread.
package final class QueueFile: Sendable {
  package static let fileName = "thread_queues.json"
  /// Changes that would make the file larger are refused, in bytes.
  package static let maximumBytes = 32 << 20

  package enum Failure: Error, Equatable, Sendable, CustomStringConvertible {
    case tooLarge(limit: Int)
    case unreadable(path: String, reason: String)
    case system(SystemError)

    package var description: String {
      switch self {
      case .tooLarge(let limit): "queued messages of all threads together must not take more than \(limit) bytes"
      case .unreadable(let path, let reason): "failed to read \(path): \(reason)"
      case .system(let error): error.description
      }
    }
  }

  private struct State {
    var queues: [String: [QueuedSubmission]] = [:]
    /// The file that `queues` was read from; nil where there was none.
    var source: File.Status?
  }

  private let home: String
  private let state = Locked(State())

  package init(home: String) { self.home = home }

  private var path: String { "\(home)/\(Self.fileName)" }

  /// What waits in a thread.
  package func queue(of threadID: String) throws(Failure) -> [QueuedSubmission] {
    try state.withLock { (state) throws(Failure) in
      try refresh(&state)
      return state.queues[threadID] ?? []
    }
  }

  /// Replaces what waits in a thread by what `change` makes of it; writes nothing where that is the same.
  package func change<Value>(
    _ threadID: String, _ change: (inout [QueuedSubmission]) -> Value
  ) throws(Failure) -> Value {
    try state.withLock { (state) throws(Failure) in
      let lock = try acquireLock()
      let result = withExtendedLifetime(lock) {
        Result { () throws(Failure) in try replace(&state, threadID, change) }
      }
      return try result.get()
    }
  }

  private func replace<Value>(
    _ state: inout State, _ threadID: String, _ change: (inout [QueuedSubmission]) -> Value
  ) throws(Failure) -> Value {
    try refresh(&state)
    var queue = state.queues[threadID] ?? []
    let before = queue
    let value = change(&queue)
    guard queue != before else { return value }
    var queues = state.queues
    queues[threadID] = queue.isEmpty ? nil : queue
    try write(queues)
    state.queues = queues
    state.source = try? File.status(path)
    return value
  }

  // MARK: - The file

  /// Keeps other processes from changing the file at the same time, which takes them milliseconds.
  private func acquireLock() throws(Failure) -> FileLock {
    do throws(SystemError) {
      try File.makeDirectories(home, mode: 0o700)
      return try FileLock.exclusive("\(home)/.thread_queues.lock")
    } catch {
      throw .system(error)
    }
  }

  /// Takes in what is on disk if it is not what was read or written last.
  private func refresh(_ state: inout State) throws(Failure) {
    let status: File.Status
    do throws(SystemError) {
      status = try File.status(path)
    } catch {
      guard error.isNotFound else { throw .system(error) }
      state = State()
      return
    }
    guard status != state.source else { return }
    let bytes: [UInt8]
    do {
      bytes = try File.read(path, limit: Self.maximumBytes)
    } catch {
      throw .unreadable(path: path, reason: "\(error)")
    }
    do throws(JSONError) {
      state.queues = try Self.queues(bytes)
      state.source = status
    } catch {
      throw .unreadable(path: path, reason: error.description)
    }
  }

  private static func queues(_ bytes: [UInt8]) throws(JSONError) -> [String: [QueuedSubmission]] {
    var reader = JSONReader(bytes)
    var queues: [String: [QueuedSubmission]] = [:]
    try reader.members { (key, reader) throws(JSONError) in
      switch key {
      case "version":
        let place = reader.error(.unexpectedEnd).offset
        guard try reader.int() == 1 else { throw JSONError(.invalidValue("of an unknown version"), at: place) }
      case "threads":
        try reader.members { (id, reader) throws(JSONError) in
          queues[id.string] = try reader.elements { (reader) throws(JSONError) in
            try QueuedSubmission(from: &reader)
          }
        }
      default: try reader.skip()
      }
    }
    return queues
  }

  private func write(_ queues: [String: [QueuedSubmission]]) throws(Failure) {
    let bytes = Self.bytes(queues)
    guard bytes.count <= Self.maximumBytes else { throw .tooLarge(limit: Self.maximumBytes) }
    do throws(SystemError) {
      if !queues.isEmpty {
        try File.writeAtomically(bytes, to: path, mode: 0o600)
      } else if File.exists(path) {
        try File.unlink(path)
      }
    } catch {
      throw .system(error)
    }
  }

  private static func bytes(_ queues: [String: [QueuedSubmission]]) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.field("version", 1)
    writer.key("threads")
    writer.beginObject()
    for (id, queue) in queues.sorted(by: { $0.key < $1.key }) {
      writer.key(dynamic: id)
      writer.beginArray()
      for submission in queue { submission.write(to: &writer) }
      writer.endArray()
    }
    writer.endObject()
    writer.endObject()
    return writer.bytes + [0x0A]
  }
}
