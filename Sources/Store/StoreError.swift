package import HostIO

/// Why a thread could not be read, written or moved.
package enum StoreError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Another process, or another part of this one, writes to the thread.
  case activeWriter(threadID: String)
  /// There is a file already where a new thread was to begin.
  case exists(path: String)
  case threadNotFound(id: String)
  /// A file that is no session file, or misses what every session file has.
  case unreadable(path: String, reason: String)
  /// The history of a thread begins in a file that is not there.
  case missingBase(path: String, segmentID: String)
  /// Files that continue each other in a circle, or longer than any real chain.
  case endlessChain(path: String)
  case turnNotFound(id: String)
  case invalidCursor(String)
  /// A record was not written, and the file is as before.
  case notWritten(SystemError)
  /// The writer was closed.
  case closed(path: String)
  case system(SystemError)

  package var description: String {
    switch self {
    case .activeWriter(let id): "thread \(id) already has an active writer"
    case .exists(let path): "session file already exists: \(path)"
    case .threadNotFound(let id): "no rollout found for thread id \(id)"
    case .unreadable(let path, let reason): "failed to read session metadata \(path): \(reason)"
    case .missingBase(let path, let id): "failed to read \(path): its history begins in \(id), which is missing"
    case .endlessChain(let path): "failed to read \(path): its history has no beginning"
    case .turnNotFound(let id): "turn not found: \(id)"
    case .invalidCursor(let cursor): "invalid cursor: \(cursor)"
    case .notWritten(let error): "failed to write the session file: \(error)"
    case .closed(let path): "session file is closed: \(path)"
    case .system(let error): error.logDescription
    }
  }
}
