import Glibc
import HostIO
import JSON

/// A running `codex app-server` and the pipes to it, driven with blocking calls: what is measured is the server.
final class Peer {
  let pid: pid_t
  private let input: Int32
  private let output: Int32
  private var buffer = [UInt8](repeating: 0, count: 1 << 20)
  /// The bytes of `buffer` that arrived and are not yet part of a returned line.
  private var readIndex = 0
  private var filled = 0
  private var nextID = 0

  struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  /// Starts the binary with a home of its own and nothing else in its environment.
  init(binary: String, home: String, cwd: String) throws {
    let toChild = try Descriptor.pipe()
    let fromChild = try Descriptor.pipe()
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawn_file_actions_adddup2(&actions, toChild.read, 0)
    posix_spawn_file_actions_adddup2(&actions, fromChild.write, 1)
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    defer { posix_spawn_file_actions_destroy(&actions) }
    let environment = [
      "CODEX_HOME=\(home)", "HOME=\(cwd)", "PATH=/usr/bin:/bin", "NO_PROXY=*", "no_proxy=*", "LANG=C.UTF-8",
    ]
    var child = pid_t()
    let arguments = [binary, "app-server"]
    let code = withCStrings(arguments) { argv in
      withCStrings(environment) { envp in posix_spawn(&child, binary, &actions, nil, argv, envp) }
    }
    close(toChild.read)
    close(fromChild.write)
    guard code == 0 else { throw Failure(description: "\(binary) does not start: \(SystemError.text(code))") }
    pid = child
    input = toChild.write
    output = fromChild.read
  }

  // MARK: - Messages

  func send(_ message: JSON) { write(message.encoded + [UInt8(ascii: "\n")]) }

  func write(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(input, $0.baseAddress, $0.count) }
      guard count > 0 || errno == EINTR else { return }
      rest = rest.dropFirst(max(count, 0))
    }
  }

  /// The bytes of the next line; nil at the end of the stream.
  func readLine() -> ArraySlice<UInt8>? {
    var searched = readIndex
    while true {
      if let end = newline(from: searched) {
        defer { readIndex = end + 1 }
        return buffer[readIndex..<end]
      }
      searched = filled
      guard fill(&searched) > 0 else { return nil }
    }
  }

  private func newline(from start: Int) -> Int? {
    buffer.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress, let found = memchr(base + start, 0x0A, filled - start) else { return nil }
      return UnsafeRawPointer(found) - base
    }
  }

  /// Reads what is there. The client's own work must stay small beside the server's, so nothing is cleared or copied that
  /// need not be: the buffer doubles when it is full, and what was read from it is dropped only then.
  private func fill(_ searched: inout Int) -> Int {
    if readIndex == filled {
      searched -= readIndex
      (readIndex, filled) = (0, 0)
    } else if filled == buffer.count {
      if readIndex > 0 {
        buffer.removeSubrange(..<readIndex)
        searched -= readIndex
        filled -= readIndex
        readIndex = 0
      }
      buffer.append(contentsOf: repeatElement(0, count: buffer.count))
    }
    var count = 0
    buffer.withUnsafeMutableBytes { bytes in
      repeat {
        count = read(output, bytes.baseAddress! + filled, bytes.count - filled)
      } while count < 0 && errno == EINTR
    }
    filled += max(count, 0)
    return count
  }

  func start(_ method: String, _ params: JSON) -> Int {
    nextID += 1
    send(["id": .int(nextID), "method": .string(method), "params": params])
    return nextID
  }

  /// The result of a request that was started; other messages are passed over.
  @discardableResult
  func result(of id: Int, parse: Bool = true) throws -> JSON {
    while let line = readLine() {
      guard Self.isResponse(line, id) else { continue }
      guard parse else { return .null }
      let message = try JSON.parse(Array(line))
      if let error = message["error"] { throw Failure(description: error["message"]?.stringValue ?? "error") }
      return message["result"] ?? .null
    }
    throw Failure(description: "the server ended")
  }

  @discardableResult
  func call(_ method: String, _ params: JSON, parse: Bool = true) throws -> JSON {
    try result(of: start(method, params), parse: parse)
  }

  private static func isResponse(_ line: ArraySlice<UInt8>, _ id: Int) -> Bool {
    var reader = JSONReader(Array(line.prefix(64)))
    guard (try? reader.beginObject()) != nil else { return false }
    while let key = try? reader.nextKey() {
      switch key {
      case "id": return (try? reader.int()) == id
      case "error": return (try? JSON.parse(Array(line))["id"]?.intValue) == id
      case "method": return false
      default: if (try? reader.skip()) == nil { return false }
      }
    }
    return false
  }

  /// Reads until a notification of this method; returns how many of another kind came before it.
  @discardableResult
  func wait(for method: String, counting other: String? = nil) throws -> Int {
    let needle = Array("\"method\":\"\(method)\"".utf8)
    let counted = other.map { Array("\"method\":\"\($0)\"".utf8) }
    var count = 0
    while let line = readLine() {
      let start = line.prefix(80)
      if start.contains(needle) { return count }
      if let counted, start.contains(counted) { count += 1 }
    }
    throw Failure(description: "the server ended before \(method)")
  }

  func initialize() throws {
    let info: JSON = ["name": "bench", "title": nil, "version": "1"]
    try call("initialize", ["clientInfo": info, "capabilities": ["experimentalApi": true]])
    send(["method": "initialized"])
  }

  func stop() {
    close(input)
    var status: Int32 = 0
    kill(pid, SIGTERM)
    let deadline = Instant.now() + .seconds(3)
    while waitpid(pid, &status, WNOHANG) == 0 {
      if Instant.now() > deadline { kill(pid, SIGKILL) }
      usleep(2000)
    }
    close(output)
  }

  // MARK: - The process

  /// User and system time so far in microseconds, of all threads, also those that have ended.
  var cpuMicroseconds: Double {
    var clock = clockid_t()
    var time = timespec()
    guard clock_getcpuclockid(pid, &clock) == 0, clock_gettime(clock, &time) == 0 else { return .nan }
    return Double(time.tv_sec) * 1e6 + Double(time.tv_nsec) / 1e3
  }

  /// A field of a file like /proc/PID/status, in its own unit (kB for memory).
  func field(_ name: String, in file: String = "status") -> Int {
    guard let bytes = try? File.read("/proc/\(pid)/\(file)", limit: 1 << 20) else { return 0 }
    for line in bytes.split(separator: UInt8(ascii: "\n")) where line.starts(with: (name + ":").utf8) {
      return Int(String(decoding: line, as: UTF8.self).filter(\.isNumber)) ?? 0
    }
    return 0
  }

  var threads: Int { field("Threads") }
  var pssKilobytes: Int { field("Pss", in: "smaps_rollup") }
  var rssKilobytes: Int { field("VmRSS") }
  var peakKilobytes: Int { field("VmHWM") }

  /// How often the process has gone to sleep of its own accord, over all threads.
  var voluntarySwitches: Int {
    ((try? File.list("/proc/\(pid)/task")) ?? []).reduce(0) { sum, task in
      sum + field("voluntary_ctxt_switches", in: "task/\(task.name)/status")
    }
  }
}

private func withCStrings<Result>(
  _ strings: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
  var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) } + [nil]
  defer { for pointer in pointers { free(pointer) } }
  return body(&pointers)
}
