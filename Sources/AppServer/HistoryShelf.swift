import HostIO
import Store

/// Indexes of the stored threads that clients page through, so that a further page reads only what is new.
///
/// Used from threads of the blocking pool; work on one thread's history waits for earlier work on it.
final class HistoryShelf: Sendable {
  /// Histories that are kept; the one that was used longest ago makes room.
  static let capacity = 8

  private final class Book: Sendable {
    let path: String
    /// Nil until the file has been read once.
    let history = Locked<Shelved?>(nil)

    init(_ path: String) { self.path = path }
  }

  /// A history that is touched only under its book's lock.
  private struct Shelved: @unchecked Sendable {
    let history: ThreadHistory
  }

  private let directory: ThreadDirectory
  private let books = Locked<[Book]>([])

  init(directory: ThreadDirectory) { self.directory = directory }

  /// Calls `body` with the history of the file as it is now. Blocks for as long as the disk takes.
  func read<Result: Sendable>(
    _ path: String, _ body: (ThreadHistory) throws -> Result
  ) throws -> Result {
    try book(path).history.withLock { shelved in
      if let known = shelved {
        try known.history.refresh()
      } else {
        shelved = Shelved(history: try ThreadHistory(path: path) { directory.segmentPath($0) })
      }
      guard let known = shelved else { throw StoreError.closed(path: path) }
      return try body(known.history)
    }
  }

  /// Forgets a file that was moved, replaced or removed.
  func forget(_ path: String) {
    books.withLock { $0.removeAll { $0.path == path } }
  }

  private func book(_ path: String) -> Book {
    books.withLock { books in
      if let index = books.firstIndex(where: { $0.path == path }) {
        let book = books.remove(at: index)
        books.append(book)
        return book
      }
      if books.count >= Self.capacity { books.removeFirst() }
      let book = Book(path)
      books.append(book)
      return book
    }
  }
}
