package import AppServerProtocol
import HostIO
import JSON

extension ThreadDirectory {
  /// Most threads that a page has, whatever is asked for.
  package static let maximumPageSize = 100
  /// What a page has if nothing, or 0, is asked for.
  package static let defaultPageSize = 25

  package struct Page: Sendable, Equatable {
    package var threads: [ThreadObject]
    /// Continues behind the last thread; nil where there is nothing more.
    package var nextCursor: String?
    /// Starts with the first thread again, in the other direction; nil for an empty page.
    package var backwardsCursor: String?
  }

  /// A page of `thread/list`: threads with a message of the user that pass all filters, sorted, ties broken by id.
  ///
  /// - Parameter defaultModelProvider: that of threads whose file names none, and the only one listed unless the params
  ///   say otherwise.
  ///
  /// Throws `.invalidCursor`, and `.system` where the system has no descriptors or memory left to look with.
  package func list(_ params: ThreadListParams, defaultModelProvider: String) throws(StoreError) -> Page {
    let sorting = ThreadSorting(params.sortKey)
    let cursor = try params.cursor.map { (text) throws(StoreError) in try ThreadCursor(known: text, sorting) }
    let lister = ThreadLister(
      params: params, sorting: sorting, cursor: cursor, limit: Self.pageSize(params.limit),
      defaultModelProvider: defaultModelProvider)
    let page = try list(lister)
    return Page(
      threads: page.threads.map(\.thread), nextCursor: page.hasMore ? page.threads.last?.cursor.text(sorting) : nil,
      backwardsCursor: page.threads.first?.cursor.including.text(sorting))
  }

  /// - Parameter limit: nil and 0 mean the default.
  static func pageSize(_ limit: Int?) -> Int {
    min(limit.flatMap { $0 > 0 ? $0 : nil } ?? defaultPageSize, maximumPageSize)
  }

  /// Threads with the cursors that continue behind each, and whether there are more.
  func list(
    _ lister: ThreadLister
  ) throws(StoreError) -> (threads: [(thread: ThreadObject, cursor: ThreadCursor)], hasMore: Bool) {
    try state.withLock { (state) throws(StoreError) in
      state.names.refresh()
      state.gitNotes.refresh()
      if lister.params.archived { state.archived.refresh() } else { state.sessions.refresh() }
      if let failure = lister.params.archived ? state.archived.failure : state.sessions.failure {
        throw .system(failure)
      }
      return try lister.page(&state)
    }
  }
}

/// By what threads are sorted.
enum ThreadSorting {
  /// The start time in the file name, to the second.
  case created
  /// The last change of the file, to the millisecond.
  case modified

  init(_ key: ThreadSortKey) {
    switch key {
    case .updatedAt, .recencyAt: self = .modified
    // Threads have no sections here; without a position, the start decides.
    case .createdAt, .sectionPosition: self = .created
    }
  }
}

/// Where a page of threads starts: `<time>|<id>`, behind that thread, or `<time>|<id>|=`, with it. A bare time, as the
/// reference makes it, stands for all threads of that time.
struct ThreadCursor {
  var value: Int64
  var id: UUID?
  var includesAnchor = false

  init(value: Int64, id: UUID, includesAnchor: Bool) {
    self.value = value
    self.id = id
    self.includesAnchor = includesAnchor
  }

  /// The same place, with the thread that is there.
  var including: ThreadCursor {
    var cursor = self
    cursor.includesAnchor = true
    return cursor
  }

  /// Throws `.invalidCursor`.
  init(known text: String, _ sorting: ThreadSorting) throws(StoreError) {
    guard let cursor = ThreadCursor(text, sorting) else { throw .invalidCursor(text) }
    self = cursor
  }

  init?(_ text: String, _ sorting: ThreadSorting) {
    let parts = text.utf8.split(separator: UInt8(ascii: "|"), omittingEmptySubsequences: false).map { String($0) ?? "" }
    guard (1...3).contains(parts.count), let time = UnixTime(rfc3339: parts[0]) else { return nil }
    switch sorting {
    case .modified: value = time.milliseconds
    case .created:
      // Names have local times without a zone; the cursor takes them as they are.
      value = time.iso8601.utf8.prefix(19).reduce(0) { $1 &- 0x30 < 10 ? $0 &* 10 &+ Int64($1 &- 0x30) : $0 }
    }
    if parts.count > 1 {
      guard let id = UUID(parts[1]) else { return nil }
      self.id = id
    }
    if parts.count > 2 {
      guard parts[2] == "=" else { return nil }
      includesAnchor = true
    }
  }

  func text(_ sorting: ThreadSorting) -> String {
    let time: String
    switch sorting {
    case .modified: time = UnixTime(milliseconds: value).iso8601
    case .created:
      let stamp = ThreadFileName(stamp: UInt64(clamping: value), threadID: UUID(high: 0, low: 0)).stampText
      var bytes = Array(stamp.utf8)
      (bytes[13], bytes[16]) = (UInt8(ascii: ":"), UInt8(ascii: ":"))
      time = String(decoding: bytes, as: UTF8.self) + "Z"
    }
    return time + (id.map { "|\($0)" } ?? "") + (includesAnchor ? "|=" : "")
  }

  /// Whether a thread comes on the page or after it.
  func admits(_ value: Int64, _ id: UUID, _ direction: SortDirection) -> Bool {
    if value != self.value { return (value > self.value) == (direction == .ascending) }
    guard let anchor = self.id else { return false }
    if id == anchor { return includesAnchor }
    return (id > anchor) == (direction == .ascending)
  }
}

/// The files of threads, looked at one after the other: the folder of the last one stays open, and mostly has the next.
private struct ThreadFiles {
  let folders: ThreadFolders
  private var number: Int32 = -1
  private var folder: OpenFolder?

  init(_ folders: ThreadFolders) { self.folders = folders }

  /// nil for a file that is gone. Throws only where the system has nothing left to look with.
  mutating func status(_ position: Int) throws(StoreError) -> File.Status? {
    try look(position) { (folder, name) throws(SystemError) in try folder.status(name) }
  }

  /// nil for a file that is gone, or none to read. Throws only where the system has nothing left to look with.
  mutating func open(_ position: Int) throws(StoreError) -> SessionFile? {
    try look(position) { (folder, name) throws(SystemError) in try SessionFile(name, in: folder) }
  }

  private mutating func look<Value>(
    _ position: Int, _ body: (OpenFolder, String) throws(SystemError) -> Value
  ) throws(StoreError) -> Value? {
    let thread = folders.threads[position]
    do throws(SystemError) {
      if folder == nil || thread.folder != number {
        folder = nil
        folder = try OpenFolder(folders.folderPaths[Int(thread.folder)])
        number = thread.folder
      }
      return try folder.map { (folder) throws(SystemError) in try body(folder, thread.name.text) }
    } catch {
      if error.isExhaustion { throw .system(error) }
      return nil
    }
  }
}

/// Picks the threads of a page.
struct ThreadLister {
  private struct Candidate {
    var position: Int
    var value: Int64
    var id: UUID
    var status: File.Status?
  }

  let params: ThreadListParams
  let sorting: ThreadSorting
  let cursor: ThreadCursor?
  let defaultModelProvider: String

  private let limit: Int
  private let excluded: Set<UUID>
  private let cwds: Set<String>?
  private let kinds: Set<String>?
  private let providers: Set<String>?
  private let searchTerm: [UInt8]?

  init(
    params: ThreadListParams, sorting: ThreadSorting, cursor: ThreadCursor?, limit: Int, defaultModelProvider: String
  ) {
    self.params = params
    self.sorting = sorting
    self.cursor = cursor
    self.defaultModelProvider = defaultModelProvider
    self.limit = limit
    excluded = Set(params.excludedThreadIDs.compactMap { UUID($0) })
    cwds = params.cwds.map { Set($0.map { LexicalPath.resolve($0, against: "/") }) }
    let hasRelatives = params.parentThreadID != nil || params.ancestorThreadID != nil
    if let named = params.sourceKinds, !named.isEmpty {
      kinds = Set(named)
    } else {
      kinds = hasRelatives ? nil : ["cli", "vscode"]
    }
    if let named = params.modelProviders {
      providers = named.isEmpty ? nil : Set(named)
    } else {
      providers = hasRelatives ? nil : [defaultModelProvider]
    }
    searchTerm = params.searchTerm.flatMap { $0.isEmpty ? nil : Array($0.utf8) }
  }

  func page(
    _ state: inout ThreadDirectory.State
  ) throws(StoreError) -> (threads: [(thread: ThreadObject, cursor: ThreadCursor)], hasMore: Bool) {
    let folders = params.archived ? state.archived : state.sessions
    let relatives = try relatives(folders, &state)
    let byChange = sorting == .modified ? try changeOrder(folders) : nil
    /// The threads in ascending order. Sorting by start takes the folders' own order and no status of any file, so that
    /// a page costs what it shows, however many threads there are.
    func candidate(_ place: Int) -> Candidate {
      if let byChange { return byChange[place] }
      let thread = folders.threads[place]
      return Candidate(position: place, value: Int64(clamping: thread.stamp), id: thread.name.threadID)
    }
    var chosen: [(candidate: Candidate, status: File.Status, cached: ThreadDirectory.CachedSummary)] = []
    var files = ThreadFiles(folders)
    let places = admitted(byChange?.count ?? folders.threads.count, candidate)
    for step in 0..<places.count {
      let candidate = candidate(
        params.sortDirection == .ascending ? places.lowerBound + step : places.upperBound - 1 - step)
      guard !excluded.contains(candidate.id) else { continue }
      guard let (status, cached) = try Self.summary(candidate, &files, &state),
        passes(cached, candidate.id, state, relatives)
      else { continue }
      chosen.append((candidate, status, cached))
      if chosen.count > limit { break }
    }
    let hasMore = chosen.count > limit
    if hasMore { chosen.removeLast() }
    let threads = chosen.compactMap { candidate, status, cached in
      cached.summary.map { summary in
        (
          thread: ThreadDirectory.object(
            summary, path: folders.path(of: folders.threads[candidate.position]), status: status, in: state,
            defaultModelProvider: defaultModelProvider),
          cursor: ThreadCursor(value: candidate.value, id: candidate.id, includesAnchor: false)
        )
      }
    }
    return (threads, hasMore)
  }

  /// All threads, the one that changed first in front. Needs the status of every file.
  private func changeOrder(_ folders: ThreadFolders) throws(StoreError) -> [Candidate] {
    var candidates: [Candidate] = []
    candidates.reserveCapacity(folders.threads.count)
    var files = ThreadFiles(folders)
    for (position, thread) in folders.threads.enumerated() {
      guard let status = try files.status(position) else { continue }
      candidates.append(
        Candidate(position: position, value: status.modified / 1_000_000, id: thread.name.threadID, status: status))
    }
    candidates.sort { $0.value != $1.value ? $0.value < $1.value : $0.id < $1.id }
    return candidates
  }

  /// The places of the threads, in ascending order, that the cursor admits: all of them on one side of it.
  private func admitted(_ count: Int, _ candidate: (Int) -> Candidate) -> Range<Int> {
    guard let cursor else { return 0..<count }
    let isAscending = params.sortDirection == .ascending
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      let thread = candidate(middle)
      if cursor.admits(thread.value, thread.id, params.sortDirection) == isAscending {
        high = middle
      } else {
        low = middle + 1
      }
    }
    return isAscending ? low..<count : 0..<low
  }

  /// What is shown of a thread; nil for a file that is gone or no session file.
  private static func summary(
    _ candidate: Candidate, _ files: inout ThreadFiles, _ state: inout ThreadDirectory.State
  ) throws(StoreError) -> (File.Status, ThreadDirectory.CachedSummary)? {
    let name = files.folders.threads[candidate.position].name
    if let cached = state.summaries[name] {
      var status = candidate.status
      if status == nil { status = try files.status(candidate.position) }
      guard let status else { return nil }
      if cached.holds(for: status) { return cached.summary == nil ? nil : (status, cached) }
    }
    guard let file = try files.open(candidate.position) else { return nil }
    let cached = ThreadDirectory.CachedSummary(
      try? ThreadDirectory.summary(of: file, &state), of: file.status)
    state.summaries[name] = cached
    return cached.summary == nil ? nil : (file.status, cached)
  }

  private func passes(
    _ cached: ThreadDirectory.CachedSummary, _ id: UUID, _ state: borrowing ThreadDirectory.State,
    _ relatives: [UUID: UUID]?
  ) -> Bool {
    guard let preview = cached.summary?.preview else { return false }
    // First, because a search mostly ends here, before anything else is looked at.
    if let searchTerm {
      let name = state.names.notes[id]
      guard Self.contains(preview, searchTerm) || name.map({ Self.contains($0, searchTerm) }) == true else {
        return false
      }
    }
    guard let meta = cached.summary?.meta else { return false }
    if let kinds {
      let kind = meta.source.kind
      guard kinds.contains(kind) || (kinds.contains("subAgent") && meta.source.isSubAgent) else { return false }
    }
    if let providers, !providers.contains(meta.modelProvider ?? defaultModelProvider) { return false }
    if let cwds, !cwds.contains(LexicalPath.resolve(meta.cwd, against: "/")) { return false }
    if let parent = params.parentThreadID, meta.parentThreadID != parent { return false }
    if let ancestor = params.ancestorThreadID {
      guard let ancestor = UUID(ancestor), let relatives, Self.descends(id, from: ancestor, relatives) else {
        return false
      }
    }
    // No thread here is in a section or a project.
    if case .some(.some) = params.sectionID { return false }
    if case .some(.some) = params.projectID { return false }
    return true
  }

  // MARK: - Ancestors

  /// Who is whose parent; nil where nobody asks.
  private func relatives(
    _ folders: ThreadFolders, _ state: inout ThreadDirectory.State
  ) throws(StoreError) -> [UUID: UUID]? {
    guard params.ancestorThreadID != nil else { return nil }
    var parents: [UUID: UUID] = [:]
    var files = ThreadFiles(folders)
    for (position, thread) in folders.threads.enumerated() {
      let candidate = Candidate(position: position, value: 0, id: thread.name.threadID)
      guard let (_, cached) = try Self.summary(candidate, &files, &state),
        let parent = cached.summary?.meta.parentThreadID.flatMap({ UUID($0) })
      else { continue }
      parents[thread.name.threadID] = parent
    }
    return parents
  }

  private static func descends(_ id: UUID, from ancestor: UUID, _ parents: [UUID: UUID]) -> Bool {
    var at = id
    // Files may claim to be each other's parents; no walk is longer than there are threads.
    for _ in 0...parents.count {
      guard let parent = parents[at] else { return false }
      if parent == ancestor { return true }
      at = parent
    }
    return false
  }

  // MARK: - Search

  /// Whether `term`, which is not empty, is part of the text, byte by byte.
  private static func contains(_ text: String, _ term: [UInt8]) -> Bool {
    var text = text
    return text.withUTF8 { text in
      term.withUnsafeBytes { ByteSearch.first(of: $0, in: UnsafeRawBufferPointer(text)) != nil }
    }
  }
}
