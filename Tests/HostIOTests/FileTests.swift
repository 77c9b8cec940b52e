import Glibc
import HostIO
import TestSupport
import Testing

@Suite struct FileTests {
  private let folder = TemporaryFolder()

  @Test func `a missing file has the text of the reference`() {
    let path = folder.path("missing")
    do {
      _ = try File.read(path, limit: 10)
      Issue.record("read a missing file")
    } catch {
      #expect("\(error)" == "No such file or directory (os error 2)")
      #expect((error as? SystemError)?.logDescription == "open \(path): No such file or directory (os error 2)")
    }
  }

  @Test func `the byte limit is exact`() throws {
    let path = folder.path("file")
    try File.writeAtomically([1, 2, 3], to: path)
    #expect(try File.read(path, limit: 3) == [1, 2, 3])
    #expect(throws: File.TooLarge(path: path, limit: 2)) { try File.read(path, limit: 2) }
  }

  @Test func `files that claim to be empty are read to their end and not beyond the limit`() throws {
    #expect(try !File.read("/proc/self/status", limit: 1 << 20).isEmpty)
    #expect(throws: File.TooLarge(path: "/proc/self/status", limit: 5)) {
      try File.read("/proc/self/status", limit: 5)
    }
    #expect(throws: File.TooLarge(path: "/dev/zero", limit: 5000)) { try File.read("/dev/zero", limit: 5000) }
  }

  @Test func `a FIFO without a writer does not block the reader`() throws {
    let path = folder.path("fifo")
    #expect(mkfifo(path, 0o600) == 0)
    #expect(try File.read(path, limit: 10) == [])
  }

  @Test func `a directory is not a file`() {
    #expect(throws: SystemError(EISDIR, "read", path: folder.path)) { try File.read(folder.path, limit: 10) }
  }

  @Test func `a path with a NUL byte is refused rather than cut`() {
    #expect(throws: SystemError(EINVAL, "open", path: "/etc/passwd\0x")) {
      try File.read("/etc/passwd\0x", limit: 10)
    }
    #expect(throws: SystemError(EINVAL, "stat", path: "/\0")) { try File.status("/\0") }
    #expect(throws: SystemError(EINVAL, "rename", path: "/\0")) { try File.rename(folder.path, to: "/\0") }
  }

  @Test func `an atomic write replaces the content, sets the mode and leaves nothing else`() throws {
    let path = folder.path("file")
    try File.writeAtomically([1], to: path)
    try File.writeAtomically([2, 3], to: path, mode: 0o644)
    #expect(try File.read(path, limit: 10) == [2, 3])
    #expect(try File.status(path).mode == 0o644)
    #expect(try File.list(folder.path) == [File.Entry(name: "file", kind: .regular)])
  }

  @Test func `an atomic write that fails leaves no temporary file`() throws {
    try File.makeDirectory(folder.path("target"))
    #expect(throws: SystemError.self) { try File.writeAtomically([1], to: folder.path("target")) }
    #expect(try File.list(folder.path).map(\.name) == ["target"])
  }

  @Test func `folders are made with all that is missing above them`() throws {
    let path = folder.path("a/b//c/")
    try File.makeDirectories(path, mode: 0o700)
    try File.makeDirectories(path, mode: 0o700)
    #expect(try File.status(folder.path("a/b")).mode == 0o700)
    #expect(try File.status(folder.path("a/b/c")).kind == .directory)
    try File.writeAtomically([], to: folder.path("file"))
    #expect(throws: SystemError.self) { try File.makeDirectories(folder.path("file/x")) }
  }

  @Test func `status tells links from what they point to`() throws {
    try File.writeAtomically([1, 2], to: folder.path("file"))
    #expect(symlink("file", folder.path("link")) == 0)
    #expect(try File.status(folder.path("link")).kind == .regular)
    #expect(try File.status(folder.path("link")).size == 2)
    #expect(try File.status(folder.path("link"), followLinks: false).kind == .symbolicLink)
    #expect(try File.readLink(folder.path("link")) == "file")
    #expect(try File.realPath(folder.path("./link")) == File.realPath(folder.path) + "/file")
    let modified = try File.status(folder.path("file")).modified
    #expect(abs(modified / 1_000_000_000 - WallClock.system.now().seconds) < 60)
  }

  @Test func `a listing stops at its limit`() throws {
    for name in ["a", "b", "c"] { try File.writeAtomically([], to: folder.path(name)) }
    #expect(try File.list(folder.path).map(\.name).sorted() == ["a", "b", "c"])
    #expect(try File.list(folder.path, limit: 2).count == 2)
    #expect(throws: SystemError(ENOENT, "opendir", path: folder.path("x"))) { try File.list(folder.path("x")) }
  }

  @Test func `an append file grows and is private`() throws {
    let path = folder.path("log")
    let first = try AppendFile(path)
    let second = try AppendFile(path)
    try first.append([1])
    try second.append([2])
    try first.append([3])
    try first.sync()
    #expect(try File.read(path, limit: 10) == [1, 2, 3])
    #expect(try first.status().mode == 0o600)
    try first.truncate(to: 1)
    try second.append([4])
    #expect(try File.read(path, limit: 10) == [1, 4])
  }

  @Test func `only one holder has the lock`() throws {
    let path = folder.path("lock")
    var first = try FileLock.tryExclusive(path)
    #expect(first != nil)
    #expect(try FileLock.tryExclusive(path) == nil)
    first = nil
    #expect(try FileLock.tryExclusive(path) != nil)
  }

  @Test func `whoever wants the lock for sure waits for its holder`() async throws {
    let path = folder.path("lock")
    let events = Collector<String>()
    let isAsking = Gate()
    let hold = {
      let lock = try FileLock.exclusive(path)
      try withExtendedLifetime(lock) {
        TestThread.start {
          isAsking.open()
          guard let lock = try? FileLock.exclusive(path) else { return }
          withExtendedLifetime(lock) { events.append("second") }
        }
        isAsking.wait()
        // The kernel lists those who wait behind an arrow, unless it hides its list.
        let end = Instant.now() + .seconds(5)
        while !String(decoding: try File.read("/proc/locks", limit: 1 << 20), as: UTF8.self).contains("-> FLOCK") {
          guard events.all.isEmpty, Instant.now() < end else { break }
        }
        events.append("first")
      }
    }
    try hold()
    #expect(await events.first(2) == ["first", "second"])
  }

  @Test func `pipes are made non-blocking and given back as they were`() throws {
    let ends = try Descriptor.pipe()
    let before = fcntl(ends.read, F_GETFL)
    let mode = NonBlockingMode(ends.read)
    #expect(fcntl(ends.read, F_GETFL) == before | O_NONBLOCK)
    mode.restore()
    #expect(fcntl(ends.read, F_GETFL) == before)
    close(ends.read)
    close(ends.write)
  }
}
