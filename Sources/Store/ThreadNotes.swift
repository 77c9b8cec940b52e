import AppServerProtocol
import Glibc
import HostIO
import JSON

/// A file of one JSON object a line, each about one thread, of which the last about a thread counts. What is read stays
/// in memory, and only what is new is read again.
struct ThreadNotes<Note: Sendable>: Sendable {
  /// Lines longer than this are passed over, in bytes.
  static var lineLimit: Int { 1024 * 1024 }

  private let path: String
  private let parse: @Sendable (inout JSONReader) throws(JSONError) -> (id: UUID, note: Note)?
  private(set) var notes: [UUID: Note] = [:]
  private var inode: UInt64 = 0
  private var readTo: Int64 = 0

  init(
    _ path: String, parse: @escaping @Sendable (inout JSONReader) throws(JSONError) -> (id: UUID, note: Note)?
  ) {
    self.path = path
    self.parse = parse
  }

  /// Takes in what is new. A file that cannot be read has no notes.
  mutating func refresh() {
    guard let status = try? File.status(path) else {
      notes = [:]
      (inode, readTo) = (0, 0)
      return
    }
    if status.inode != inode || status.size < readTo {
      notes = [:]
      (inode, readTo) = (status.inode, 0)
    }
    guard status.size > readTo, let file = try? SessionFile(path) else { return }
    var scanner = LineScanner(file, from: readTo, chunkSize: 64 * 1024, maximumLineLength: Self.lineLimit)
    while let line = try? scanner.next(), line.isComplete {
      readTo = line.end
      var reader = JSONReader(scanner.buffer, in: line.range)
      if let (id, note) = try? parse(&reader) { notes[id] = note }
    }
  }

  /// Adds a line; it counts when `refresh` has read it.
  func append(_ line: [UInt8]) throws(SystemError) {
    let descriptor = try Descriptor(opening: path, O_RDWR | O_APPEND | O_CREAT | O_NOCTTY | O_NONBLOCK)
    var last: [UInt8] = [0x0A]
    let size = try File.status(of: descriptor.fd).size
    if size > 0 { pread(descriptor.fd, &last, 1, off_t(size - 1)) }
    // A line that was left without its end must not swallow this one.
    try descriptor.writeAll(last[0] == 0x0A ? line : [0x0A] + line, path: path)
  }
}

/// The names that users gave to threads: `session_index.jsonl`, which the reference shares.
enum ThreadNames {
  static let fileName = "session_index.jsonl"

  static func notes(home: String) -> ThreadNotes<String> {
    ThreadNotes("\(home)/\(fileName)") { (reader) throws(JSONError) in
      var id: UUID?
      var name: String?
      try reader.beginObject()
      while let key = try reader.nextKey() {
        switch key {
        case "id": id = UUID(try reader.string())
        case "thread_name": name = try reader.string()
        default: try reader.skip()
        }
      }
      guard let id, let name else { return nil }
      return (id, name)
    }
  }

  static func line(id: UUID, name: String, at time: UnixTime) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.field("id", "\(id)")
    writer.field("thread_name", name)
    writer.field("updated_at", time.iso8601)
    writer.endObject()
    return writer.bytes + [0x0A]
  }
}

/// Changes to the repository information of stored threads: `thread_metadata.jsonl`, a file of this server.
///
/// The reference keeps these in its database (and in legacy files as a second head); session files stay as they are.
enum ThreadGitNotes {
  static let fileName = "thread_metadata.jsonl"

  static func notes(home: String) -> ThreadNotes<GitInfo> {
    ThreadNotes("\(home)/\(fileName)") { (reader) throws(JSONError) in
      var id: UUID?
      var git: GitInfo?
      try reader.beginObject()
      while let key = try reader.nextKey() {
        switch key {
        case "id": id = UUID(try reader.string())
        case "git": git = try GitInfo(rollout: &reader)
        default: try reader.skip()
        }
      }
      guard let id, let git else { return nil }
      return (id, git)
    }
  }

  static func line(id: UUID, git: GitInfo, at time: UnixTime) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.field("id", "\(id)")
    writer.key("git")
    git.writeRollout(to: &writer)
    writer.field("updated_at", time.iso8601)
    writer.endObject()
    return writer.bytes + [0x0A]
  }
}
