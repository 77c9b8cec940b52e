package import AppServerProtocol
package import HostIO
import JSON

/// The stored threads of a home folder: found by id, listed, named, archived, deleted.
///
/// The files are the only truth (session-files.md §1); what was read of them stays in memory and is checked against the
/// files at each call. Every call blocks for as long as the disk takes. Safe to use from any thread; calls wait for each
/// other.
package final class ThreadDirectory: Sendable {
  package struct Location: Sendable, Equatable {
    /// The file that new records go to.
    package var path: String
    package var isArchived: Bool
  }

  /// A class, because a search looks at thousands: as a struct each look would copy the whole summary.
  final class CachedSummary: Sendable {
    let inode: UInt64
    let size: Int64
    let modified: Int64
    /// nil for a file that is no session file.
    let summary: HeadSummary?

    init(_ summary: HeadSummary?, of status: File.Status) {
      inode = status.inode
      size = status.size
      modified = status.modified
      self.summary = summary
    }

    /// Files only grow at their end, so a head that was read to its end stays as it was.
    func holds(for status: File.Status) -> Bool {
      guard inode == status.inode else { return false }
      if summary?.preview != nil { return status.size >= summary?.headLength ?? 0 }
      return size == status.size && modified == status.modified
    }
  }

  struct State {
    var sessions: ThreadFolders
    var archived: ThreadFolders
    var names: ThreadNotes<String>
    var gitNotes: ThreadNotes<GitInfo>
    var summaries: [ThreadFileName: CachedSummary] = [:]
    var headBuffer: [UInt8] = []
  }

  package let home: String
  let state: Locked<State>

  /// - Parameter home: the folder that is `CODEX_HOME`; it need not exist.
  package init(home: String) {
    self.home = home
    state = Locked(
      State(
        sessions: ThreadFolders(root: "\(home)/sessions"),
        archived: ThreadFolders(root: "\(home)/archived_sessions"),
        names: ThreadNames.notes(home: home), gitNotes: ThreadGitNotes.notes(home: home)))
  }

  // MARK: - Finding

  /// Where the file of a new thread goes.
  package func newPath(threadID: UUID, startedAt time: UnixTime) -> String {
    let name = ThreadFileName(start: time.local, threadID: threadID)
    return "\(home)/sessions/\(name.dayFolder)/\(name.text)"
  }

  /// Where a thread goes on after a revert: a file next to its other ones.
  package func continuationPath(of path: String, segmentID: UUID) -> String? {
    guard var name = ThreadFileName(ThreadFileName.lastPart(of: path)), let folder = ThreadFileName.folder(of: path)
    else { return nil }
    name.continuation = segmentID
    return "\(folder)/\(name.text)"
  }

  /// nil for an id that is none, and for a thread without a file.
  package func find(_ id: String) -> Location? {
    guard let id = UUID(id) else { return nil }
    return state.withLock { state in
      state.sessions.refresh()
      if let position = state.sessions.byID[id] {
        return Location(path: state.sessions.path(of: state.sessions.threads[position]), isArchived: false)
      }
      state.archived.refresh()
      guard let position = state.archived.byID[id] else { return nil }
      return Location(path: state.archived.path(of: state.archived.threads[position]), isArchived: true)
    }
  }

  /// The path of the file that other files call by this id, for `ThreadHistory`.
  package func segmentPath(_ id: String) -> String? {
    guard let id = UUID(id) else { return nil }
    return state.withLock { state in
      state.sessions.refresh()
      if let path = state.sessions.segmentPath(id) { return path }
      state.archived.refresh()
      return state.archived.segmentPath(id)
    }
  }

  /// Opens the history of a stored thread.
  package func history(of id: String) throws(StoreError) -> ThreadHistory {
    guard let location = find(id) else { throw .threadNotFound(id: id) }
    return try ThreadHistory(path: location.path) { self.segmentPath($0) }
  }

  /// A stored thread as it is shown while it is not loaded, even one that lists leave out.
  package func thread(_ id: String, defaultModelProvider: String) throws(StoreError) -> ThreadObject {
    guard let location = find(id) else { throw .threadNotFound(id: id) }
    return try thread(at: location.path, defaultModelProvider: defaultModelProvider)
  }

  /// As `thread(_:)`, for a file anywhere.
  package func thread(at path: String, defaultModelProvider: String) throws(StoreError) -> ThreadObject {
    try state.withLock { (state) throws(StoreError) in
      state.names.refresh()
      state.gitNotes.refresh()
      let file: SessionFile
      do throws(SystemError) { file = try SessionFile(path) } catch { throw .system(error) }
      state.sessions.refresh()
      let summary = try Self.summary(of: file, &state)
      return Self.object(
        summary, path: path, status: file.status, in: state, defaultModelProvider: defaultModelProvider)
    }
  }

  /// What is shown of the thread that a file belongs to, with what its older files say after reverts.
  static func summary(of file: SessionFile, _ state: inout State, depth: Int = 0) throws(StoreError) -> HeadSummary {
    var summary = try HeadSummary.read(file, buffer: &state.headBuffer)
    guard depth < HistoryChain.maximumLength, let base = summary.meta.historyBase,
      let own = ThreadFileName(ThreadFileName.lastPart(of: file.path)), own.continuation != nil,
      let segment = UUID(base.segmentID),
      let path = state.sessions.segmentPath(segment) ?? state.archived.segmentPath(segment),
      ThreadFileName(ThreadFileName.lastPart(of: path))?.threadID == own.threadID,
      let older = try? SessionFile(path)
    else { return summary }
    summary.continues(try Self.summary(of: older, &state, depth: depth + 1))
    return summary
  }

  static func object(
    _ summary: HeadSummary, path: String, status: File.Status, in state: borrowing State, defaultModelProvider: String
  ) -> ThreadObject {
    let meta = summary.meta
    let modified = UnixTime(milliseconds: status.modified / 1_000_000).seconds
    var thread = ThreadObject(
      id: meta.id, sessionID: meta.sessionID, modelProvider: meta.modelProvider ?? defaultModelProvider,
      cwd: LexicalPath.resolve(meta.cwd, against: "/"), cliVersion: meta.cliVersion, originator: meta.originator,
      source: meta.source, createdAt: summary.createdAt ?? modified, path: path, historyMode: meta.historyMode)
    thread.updatedAt = modified
    thread.recencyAt = modified
    thread.preview = summary.preview ?? ""
    thread.forkedFromID = meta.forkedFromID
    thread.parentThreadID = meta.parentThreadID
    thread.threadSource = meta.threadSource
    thread.model = summary.model
    thread.firstTurnID = summary.firstTurnID
    thread.reasoningEffort = summary.reasoningEffort
    thread.gitInfo = meta.git
    if let spawn = meta.source.spawn { (thread.agentNickname, thread.agentRole) = (spawn.nickname, spawn.role) }
    if let id = UUID(meta.id) {
      thread.name = state.names.notes[id]
      if let git = state.gitNotes.notes[id] { thread.gitInfo = git.isEmpty ? nil : git }
    }
    return thread
  }

  // MARK: - Names and repository information

  /// nil for a thread that has none.
  package func name(of id: String) -> String? {
    guard let id = UUID(id) else { return nil }
    return state.withLock { state in
      state.names.refresh()
      return state.names.notes[id]
    }
  }

  /// Names a thread, with or without a file. The caller has trimmed the name.
  package func setName(_ name: String, of id: String, at time: UnixTime) throws(StoreError) {
    guard let id = UUID(id) else { throw .threadNotFound(id: id) }
    try state.withLock { (state) throws(StoreError) in
      do throws(SystemError) {
        try File.makeDirectories(home, mode: 0o700)
        try state.names.append(ThreadNames.line(id: id, name: name, at: time))
      } catch {
        throw .notWritten(error)
      }
    }
  }

  /// What was set for a thread in place of what its file says; nil if nothing was.
  package func gitInfo(of id: String) -> GitInfo? {
    guard let id = UUID(id) else { return nil }
    return state.withLock { state in
      state.gitNotes.refresh()
      return state.gitNotes.notes[id]
    }
  }

  /// Sets the repository information of a thread, all of it.
  package func setGitInfo(_ git: GitInfo, of id: String, at time: UnixTime) throws(StoreError) {
    guard let id = UUID(id) else { throw .threadNotFound(id: id) }
    try state.withLock { (state) throws(StoreError) in
      do throws(SystemError) {
        try File.makeDirectories(home, mode: 0o700)
        try state.gitNotes.append(ThreadGitNotes.line(id: id, git: git, at: time))
      } catch {
        throw .notWritten(error)
      }
    }
  }

  // MARK: - Moving

  /// Moves the files of a thread to the archive; returns the new place.
  ///
  /// The caller holds the `ThreadWriterLock` of the thread, so that nobody writes to it meanwhile. So for the other two.
  package func archive(_ id: String) throws(StoreError) -> String {
    try move(id, isArchived: false) { _ in "\(home)/archived_sessions" }
  }

  /// Moves the files of an archived thread back to the folder of their day; returns the new place.
  package func unarchive(_ id: String) throws(StoreError) -> String {
    try move(id, isArchived: true) { "\(home)/sessions/\($0.dayFolder)" }
  }

  private func move(
    _ id: String, isArchived: Bool, to folder: (ThreadFileName) -> String
  ) throws(StoreError) -> String {
    guard let uuid = UUID(id) else { throw .threadNotFound(id: id) }
    return try state.withLock { (state) throws(StoreError) in
      var moved: String?
      for path in Self.paths(uuid, isArchived: isArchived, &state) {
        let last = ThreadFileName.lastPart(of: path)
        guard let name = ThreadFileName(last) else { continue }
        let target = "\(folder(name))/\(last)"
        guard !File.exists(target) else { throw .exists(path: target) }
        do throws(SystemError) {
          try File.makeDirectories(folder(name), mode: 0o700)
          try File.rename(path, to: target)
        } catch {
          throw .system(error)
        }
        moved = target
      }
      guard let moved else { throw .threadNotFound(id: id) }
      return moved
    }
  }

  private static func paths(_ id: UUID, isArchived: Bool, _ state: inout State) -> [String] {
    if isArchived {
      state.archived.refresh()
      return state.archived.paths(id)
    }
    state.sessions.refresh()
    return state.sessions.paths(id)
  }

  /// Removes the files of a thread, archived or not. Forks that refer to them cannot be read any more.
  package func delete(_ id: String) throws(StoreError) {
    guard let uuid = UUID(id) else { throw .threadNotFound(id: id) }
    try state.withLock { (state) throws(StoreError) in
      state.sessions.refresh()
      state.archived.refresh()
      let paths = state.sessions.paths(uuid) + state.archived.paths(uuid)
      guard !paths.isEmpty else { throw .threadNotFound(id: id) }
      for path in paths {
        do throws(SystemError) { try File.unlink(path) } catch { throw .system(error) }
      }
    }
  }
}
