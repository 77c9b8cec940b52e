import Glibc
import HostIO

/// The session files under one root, as of the last look. Folders that have not changed are not read again.
struct ThreadFolders {
  /// A change of a folder this short before it was read, in nanoseconds, may have a sibling that the folder's time does
  /// not tell from it: file systems keep time in steps, of some milliseconds where they keep parts of a second at all.
  private static func settlingTime(ofChangeAt modified: Int64) -> Int64 {
    modified % 1_000_000_000 == 0 ? 2_500_000_000 : 250_000_000
  }
  /// Folders deeper under the root than this are not looked into: `YYYY/MM/DD`.
  private static let maximumDepth = 3

  struct ThreadFile {
    var name: ThreadFileName
    var folder: Int32
    /// Older files of the same thread, which a revert left.
    var older: [(name: ThreadFileName, folder: Int32)] = []

    /// The thread's start, which does not change with its files.
    var stamp: UInt64 { older.first?.name.stamp ?? name.stamp }
  }

  private struct Folder {
    var path: String
    var inode: UInt64
    var modified: Int64
    var isSettled: Bool
    var files: [ThreadFileName]
    var subfolders: [String]
    var isSeen: Bool
  }

  let root: String
  /// By start time and id, oldest first.
  private(set) var threads: [ThreadFile] = []
  private(set) var byID: [UUID: Int] = [:]
  private var folders: [String: Folder] = [:]
  private(set) var folderPaths: [String] = []

  init(root: String) { self.root = root }

  func path(_ name: ThreadFileName, _ folder: Int32) -> String { "\(folderPaths[Int(folder)])/\(name.text)" }
  func path(of thread: ThreadFile) -> String { path(thread.name, thread.folder) }

  /// Why the last look was incomplete: the system had nothing left to look with. What was known before stays.
  private(set) var failure: SystemError?

  /// Looks for changes. Folders that may not be read count as empty.
  mutating func refresh() {
    failure = nil
    for key in folders.keys { folders[key]?.isSeen = false }
    var hasChanged = visit(root, depth: 0)
    let before = folders.count
    folders = folders.filter(\.value.isSeen)
    if folders.count != before { hasChanged = true }
    if hasChanged { rebuild() }
  }

  private mutating func visit(_ path: String, depth: Int) -> Bool {
    guard let status = try? File.status(path), status.kind == .directory else { return false }
    var hasChanged = false
    if let known = folders[path], known.inode == status.inode, known.modified == status.modified, known.isSettled {
      folders[path]?.isSeen = true
    } else {
      var (folder, problem) = read(path, status, depth: depth)
      if let problem {
        failure = problem
        if let known = folders[path] { (folder.files, folder.subfolders) = (known.files, known.subfolders) }
      }
      hasChanged = folders[path]?.files != folder.files
      folders[path] = folder
    }
    for name in folders[path]?.subfolders ?? [] where visit("\(path)/\(name)", depth: depth + 1) {
      hasChanged = true
    }
    return hasChanged
  }

  private func read(
    _ path: String, _ status: File.Status, depth: Int
  ) -> (folder: Folder, problem: SystemError?) {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    let now = Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    var folder = Folder(
      path: path, inode: status.inode, modified: status.modified,
      isSettled: now &- status.modified > Self.settlingTime(ofChangeAt: status.modified), files: [], subfolders: [],
      isSeen: true)
    let take = { (entry: UnsafeBufferPointer<UInt8>, kind: File.Kind?) in
      if let name = ThreadFileName(utf8: entry) {
        if kind != .directory { folder.files.append(name) }
      } else if depth < Self.maximumDepth, kind == .directory || kind == nil,
        entry.allSatisfy({ $0 &- 0x30 < 10 })
      {
        folder.subfolders.append(String(decoding: entry, as: UTF8.self))
      }
      return true
    }
    do throws(SystemError) {
      try File.visit(path, take)
    } catch {
      // The folder's time will not tell when it can be read again.
      folder.isSettled = false
      if error.isExhaustion { return (folder, error) }
    }
    return (folder, nil)
  }

  private mutating func rebuild() {
    folderPaths = []
    byID = [:]
    var all: [(name: ThreadFileName, folder: Int32)] = []
    for (path, folder) in folders {
      let number = Int32(clamping: folderPaths.count)
      folderPaths.append(path)
      for name in folder.files { all.append((name, number)) }
    }
    // All files of a thread have its start time, so they come together, the newest last.
    all.sort { left, right in
      if left.name.stamp != right.name.stamp { return left.name.stamp < right.name.stamp }
      if left.name.threadID != right.name.threadID { return left.name.threadID < right.name.threadID }
      return (left.name.continuation ?? Self.lowest) < (right.name.continuation ?? Self.lowest)
    }
    threads = []
    threads.reserveCapacity(all.count)
    byID.reserveCapacity(all.count)
    for file in all {
      if let known = byID[file.name.threadID] {
        let thread = threads[known]
        threads[known].older.append((thread.name, thread.folder))
        threads[known].name = file.name
        threads[known].folder = file.folder
      } else {
        byID[file.name.threadID] = threads.count
        threads.append(ThreadFile(name: file.name, folder: file.folder))
      }
    }
  }

  private static let lowest = UUID(high: 0, low: 0)

  /// The file that others call by `id`: of a thread, its first one; of a continuation, that one.
  func segmentPath(_ id: UUID) -> String? {
    if let position = byID[id] {
      let thread = threads[position]
      let first = thread.older.first ?? (thread.name, thread.folder)
      return path(first.name, first.folder)
    }
    for thread in threads where !thread.older.isEmpty {
      if thread.name.continuation == id { return path(of: thread) }
      for older in thread.older where older.name.continuation == id { return path(older.name, older.folder) }
    }
    return nil
  }

  /// All files of a thread.
  func paths(_ id: UUID) -> [String] {
    guard let position = byID[id] else { return [] }
    let thread = threads[position]
    return thread.older.map { path($0.name, $0.folder) } + [path(of: thread)]
  }
}
