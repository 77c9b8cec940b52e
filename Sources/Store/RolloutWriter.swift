package import AppServerProtocol
import Glibc
package import HostIO
import JSON

/// Appends records to the session file of one thread. Nothing is held back: when `append` returns, the records are with
/// the kernel, and when it throws, the file is as before.
///
/// The file is held with flock(2) as long as it is open, and it is made with mode 0600, its folders with 0700. Safe to
/// use from any thread; calls wait for each other.
///
/// A write beyond RLIMIT_FSIZE sends SIGXFSZ, which ends a process that does not ignore it.
package final class RolloutWriter: Sendable {
  private struct State: ~Copyable, Sendable {
    var descriptor: Descriptor?
    /// The ordinal of the next record.
    var ordinal: Int64
    /// What a failed write left behind could not be cut off; try again before the next one.
    var needsRepair = false
    var isClosed = false
    /// Kept, so that a batch needs no new memory.
    var line: [UInt8] = []
  }

  package let path: String
  package let historyMode: HistoryMode
  private let threadID: String
  private let state: Locked<State>

  private init(path: String, threadID: String, historyMode: HistoryMode, state: consuming State) {
    self.path = path
    self.threadID = threadID
    self.historyMode = historyMode
    self.state = Locked(state)
  }

  /// A writer for a thread that has no file yet; the first `append` makes it. A file that is there by then is an error.
  ///
  /// A thread whose history begins in another file starts with that history's `firstOrdinal`.
  package static func new(
    path: String, threadID: String, historyMode: HistoryMode, firstOrdinal: Int64 = 0
  ) -> RolloutWriter {
    RolloutWriter(
      path: path, threadID: threadID, historyMode: historyMode,
      state: State(descriptor: nil, ordinal: firstOrdinal))
  }

  /// A writer that continues a file. A last line that was not written to its end is cut off, or completed by an LF if it
  /// is a whole record.
  ///
  /// Throws `.activeWriter` if the file is held elsewhere.
  package static func open(
    path: String, threadID: String, historyMode: HistoryMode
  ) throws(StoreError) -> RolloutWriter {
    do throws(SystemError) {
      let descriptor = try Descriptor(opening: path, O_RDWR | O_APPEND | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW)
      guard try descriptor.tryLock(path: path) else { throw SystemError(EWOULDBLOCK, "flock", path: path) }
      try repairTail(descriptor, path)
      let last = historyMode == .paginated ? try lastOrdinal(path) : nil
      return RolloutWriter(
        path: path, threadID: threadID, historyMode: historyMode,
        state: State(descriptor: descriptor, ordinal: last.map { $0 &+ 1 } ?? 0))
    } catch {
      if error.code == ENOENT { throw .threadNotFound(id: threadID) }
      throw error.code == EWOULDBLOCK ? .activeWriter(threadID: threadID) : .system(error)
    }
  }

  /// Whether the file exists, as far as this writer knows.
  package var isMaterialized: Bool { state.withLock { $0.descriptor != nil } }

  /// The ordinal that the next record gets; counts in legacy files, too, which do not show it.
  package var nextOrdinal: Int64 { state.withLock { $0.ordinal } }

  /// The length of the file; 0 before it exists.
  package func size() throws(StoreError) -> Int64 {
    try state.withLock { (state) throws(StoreError) in
      guard let fd = state.descriptor?.fd else { return 0 }
      do throws(SystemError) { return try File.status(of: fd).size } catch { throw .system(error) }
    }
  }

  /// Appends the records, all or none, with one write.
  package func append(_ records: [RolloutRecord], at time: UnixTime) throws(StoreError) {
    guard !records.isEmpty else { return }
    try state.withLock { (state) throws(StoreError) in
      guard !state.isClosed else { throw .closed(path: path) }
      if state.descriptor == nil { try create(&state) }
      guard let fd = state.descriptor?.fd else { return }
      do throws(SystemError) {
        if state.needsRepair {
          try Self.repairTail(fd, path)
          state.needsRepair = false
        }
        try write(records, at: time.iso8601, to: fd, &state)
      } catch {
        throw .notWritten(error)
      }
    }
  }

  package func append(_ record: RolloutRecord, at time: UnixTime) throws(StoreError) {
    try append([record], at: time)
  }

  /// Appends lines that are whole records already, all or none.
  func appendCopied(_ lines: [UInt8], nextOrdinal: Int64) throws(StoreError) {
    try state.withLock { (state) throws(StoreError) in
      guard let fd = state.descriptor?.fd else { throw .closed(path: path) }
      do throws(SystemError) { try append(lines, to: fd, &state) } catch { throw .notWritten(error) }
      state.ordinal = nextOrdinal
    }
  }

  /// Waits until the disk has everything.
  package func sync() throws(StoreError) {
    try state.withLock { (state) throws(StoreError) in
      guard let fd = state.descriptor?.fd else { return }
      guard fdatasync(fd) == 0 else { throw .system(SystemError(errno, "fdatasync", path: path)) }
    }
  }

  /// Lets the file go; later appends throw `.closed`.
  package func close() {
    state.withLock { state in
      state.isClosed = true
      state.descriptor = nil
    }
  }

  // MARK: - Steps, under the lock

  private func create(_ state: inout State) throws(StoreError) {
    do throws(SystemError) {
      if let folder = ThreadFileName.folder(of: path) { try File.makeDirectories(folder, mode: 0o700) }
      let descriptor = try Descriptor(
        opening: path, O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY, mode: 0o600)
      guard try descriptor.tryLock(path: path) else { throw SystemError(EWOULDBLOCK, "flock", path: path) }
      state.descriptor = consume descriptor
    } catch {
      switch error.code {
      case EEXIST: throw .exists(path: path)
      case EWOULDBLOCK: throw .activeWriter(threadID: threadID)
      default: throw .notWritten(error)
      }
    }
  }

  private func write(
    _ records: [RolloutRecord], at time: String, to fd: Int32, _ state: inout State
  ) throws(SystemError) {
    state.line.removeAll(keepingCapacity: state.line.capacity <= Self.keptCapacity)
    var ordinal = state.ordinal
    for record in records {
      record.write(to: &state.line, at: time, ordinal: historyMode == .paginated ? ordinal : nil)
      ordinal &+= 1
    }
    try append(state.line, to: fd, &state)
    state.ordinal = ordinal
  }

  private func append(_ lines: [UInt8], to fd: Int32, _ state: inout State) throws(SystemError) {
    let size = try File.status(of: fd).size
    do throws(SystemError) {
      try Descriptor.writeAll(lines, to: fd, path: path)
    } catch {
      // Readers must not find half a record, and the next one must not grow out of it.
      if ftruncate(fd, off_t(size)) != 0 { state.needsRepair = true }
      throw error
    }
  }

  /// A batch that needed more memory than this, in bytes, does not keep it.
  private static let keptCapacity = 1 << 20

  private static func repairTail(_ descriptor: borrowing Descriptor, _ path: String) throws(SystemError) {
    try repairTail(descriptor.fd, path)
  }

  /// Leaves the file empty or with an LF at its end.
  private static func repairTail(_ fd: Int32, _ path: String) throws(SystemError) {
    let file = try SessionFile(path)
    let size = try File.status(of: fd).size
    var lines = BackwardLineScanner(file, end: size)
    guard let last = try lines.next(), !last.isComplete else { return }
    if !last.isTooLong {
      var reader = JSONReader(lines.buffer, in: last.range)
      let isRecord = RecordHead(lines.buffer, in: last.range) != nil
      if isRecord, (try? reader.skip()) != nil, (try? reader.finish()) != nil {
        return try Descriptor.writeAll([0x0A], to: fd, path: path)
      }
    }
    guard ftruncate(fd, off_t(last.offset)) == 0 else { throw SystemError(errno, "ftruncate", path: path) }
  }

  /// The ordinal of the last record that has one.
  private static func lastOrdinal(_ path: String) throws(SystemError) -> Int64? {
    let file = try SessionFile(path)
    var lines = BackwardLineScanner(file, end: try file.size())
    while let line = try lines.next() {
      if !line.isTooLong, let ordinal = RecordHead(lines.buffer, in: line.range)?.ordinal { return ordinal }
    }
    return nil
  }
}
