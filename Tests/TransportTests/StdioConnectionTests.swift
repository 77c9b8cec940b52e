import Glibc
import HostIO
import TestSupport
import Testing
import Transport

/// Both ends of a connection on two pipes: the connection on the loop, and the client that has it as its child.
@LoopActor private final class Pipes {
  let connection: StdioConnection
  let events = Collector<ConnectionEvent>()
  let output = Collector<[UInt8]>()
  private let input: (read: Int32, write: Int32)
  private let results: (read: Int32, write: Int32)
  private var reader: ByteSource?
  private var openInput: Int32?
  private var openOutput: Int32?

  init(lineLimit: Int = 1000) throws {
    input = try Descriptor.pipe()
    results = try Descriptor.pipe()
    (openInput, openOutput) = (input.write, results.read)
    connection = StdioConnection(input: input.read, output: results.write, lineLimit: lineLimit)
    connection.onEvent = { [events] in events.append($0) }
  }

  /// After the connection is closed.
  func close() {
    reader?.cancel()
    endInput()
    stopReading()
    Glibc.close(input.read)
    Glibc.close(results.write)
  }

  func write(_ text: String) {
    let bytes = Array(text.utf8)
    #expect(Glibc.write(input.write, bytes, bytes.count) == bytes.count)
  }

  func endInput() {
    if let fd = openInput { Glibc.close(fd) }
    openInput = nil
  }

  /// Closes the client's end of what the connection writes.
  func stopReading() {
    if let fd = openOutput { Glibc.close(fd) }
    openOutput = nil
  }

  func read() throws {
    _ = NonBlockingMode(results.read)
    let source = ByteSource(fd: results.read) { [output] event in
      if case .bytes(let bytes) = event { output.append(Array(bytes)) }
    }
    try source.start()
    reader = source
  }

  /// What the client has read once it is that much.
  func received(_ count: Int) async -> [UInt8] {
    await output.wait { $0.reduce(0) { $0 + $1.count } >= count }.flatMap { $0 }
  }

  /// Bytes that the pipe takes before it is full, with nobody waiting for room.
  func fill() -> Int {
    _ = NonBlockingMode(input.write)
    let chunk = [UInt8](repeating: 0x20, count: 4096)
    var total = 0
    while true {
      let count = Glibc.write(input.write, chunk, chunk.count)
      guard count > 0 else { return total }
      total += count
    }
  }

  func isNonBlocking() -> [Bool] {
    [input.read, results.write].map { fcntl($0, F_GETFL) & O_NONBLOCK != 0 }
  }

  func closed(within limit: Duration = TestSupport.patience) async -> Bool {
    await withUnsafeContinuation { continuation in
      connection.close(within: limit) { continuation.resume(returning: $0) }
    }
  }
}

private func message(_ text: String) -> ConnectionEvent { .message(Array(text.utf8)) }

/// Waits until the loop has looked at its descriptors once more.
@LoopActor private func turn() async {
  await withUnsafeContinuation { continuation in
    EventLoop.main.onTurnEnd { EventLoop.main.post { continuation.resume() } }
  }
}

@Suite(.loop) struct `A connection on two pipes` {
  @Test @LoopActor func `delivers lines, and the last one also without its end`() async throws {
    let pipes = try Pipes()
    pipes.connection.start()
    pipes.write("one\ntwo\r\n\n{\"ü\":1}\nlast")
    pipes.endInput()
    let events = await pipes.events.wait { $0.last == .endOfInput }
    #expect(
      events == [message("one"), message("two"), message(""), message("{\"ü\":1}"), message("last"), .endOfInput])
    #expect(await pipes.closed())
    pipes.close()
  }

  @Test @LoopActor func `puts together what arrives in pieces`() async throws {
    let pipes = try Pipes()
    pipes.connection.start()
    for piece in ["on", "e", "\nt", "wo\nth"] {
      pipes.write(piece)
      await turn()
    }
    #expect(await pipes.events.first(2) == [message("one"), message("two")])
    pipes.write("ree\n")
    #expect(await pipes.events.first(3).last == message("three"))
    #expect(await pipes.closed())
    pipes.close()
  }

  @Test(arguments: ["12345678901\n", "12345678901 and more, without an end"])
  @LoopActor func `reports a line that is too long and goes on`(line: String) async throws {
    let pipes = try Pipes(lineLimit: 10)
    pipes.connection.start()
    pipes.write("1234567890\n" + line)
    let start = Array(line.utf8.prefix { $0 != 0x0A })
    #expect(await pipes.events.first(2) == [message("1234567890"), .tooLong(start: start, limit: 10)])
    pipes.write(" tail\nok\n")
    pipes.endInput()
    let rest = await pipes.events.wait { $0.last == .endOfInput }.dropFirst(2)
    #expect(rest == (line.hasSuffix("\n") ? [message(" tail")] : []) + [message("ok"), .endOfInput])
    #expect(await pipes.closed())
    pipes.close()
  }

  @Test @LoopActor func `ends without a word about the rest of a line that was too long`() async throws {
    let pipes = try Pipes(lineLimit: 10)
    pipes.connection.start()
    pipes.write("12345678901")
    pipes.endInput()
    #expect(
      await pipes.events.wait { $0.last == .endOfInput } == [
        .tooLong(start: Array("12345678901".utf8), limit: 10), .endOfInput,
      ])
    #expect(await pipes.closed())
    pipes.close()
  }

  @Test @LoopActor func `delivers nothing while it is paused, not even the end`() async throws {
    let pipes = try Pipes()
    pipes.connection.onEvent = { [events = pipes.events, weak connection = pipes.connection] event in
      events.append(event)
      if event == message("one") { connection?.pauseReading() }
    }
    pipes.connection.start()
    pipes.write("one\ntwo\nthree")
    pipes.endInput()
    _ = await pipes.events.first(1)
    await turn()
    await turn()
    #expect(pipes.events.all == [message("one")])
    pipes.connection.resumeReading()
    #expect(pipes.events.all == [message("one")])
    #expect(
      await pipes.events.wait { $0.last == .endOfInput } == [
        message("one"), message("two"), message("three"), .endOfInput,
      ])
    #expect(await pipes.closed())
    pipes.close()
  }

  @Test @LoopActor func `leaves what comes while it is paused in the pipe`() async throws {
    let pipes = try Pipes(lineLimit: 1 << 20)
    pipes.connection.start()
    pipes.connection.pauseReading()
    let size = pipes.fill()
    await turn()
    await turn()
    #expect(pipes.fill() == 0)
    pipes.connection.resumeReading()
    pipes.endInput()
    let events = await pipes.events.wait { $0.last == .endOfInput }
    #expect(events == [.message([UInt8](repeating: 0x20, count: size)), .endOfInput])
    #expect(await pipes.closed())
    pipes.close()
  }

  @Test @LoopActor func `keeps what a client does not read, says how much, and tells when it has caught up`()
    async throws
  {
    let pipes = try Pipes()
    let drained = Gate()
    pipes.connection.onDrained = { drained.open() }
    pipes.connection.start()
    let line = [UInt8](repeating: 0x78, count: 99_999)
    for _ in 0..<30 { pipes.connection.send(line) }
    await turn()
    #expect(pipes.connection.queuedBytes > StdioConnection.highWaterMark)
    #expect(!drained.isOpen)
    try pipes.read()
    await drained.opened()
    #expect(await pipes.received(3_000_000) == [[UInt8]](repeating: line + [0x0A], count: 30).flatMap { $0 })
    #expect(pipes.connection.queuedBytes == 0)
    #expect(await pipes.closed())
    pipes.close()
  }

  @Test @LoopActor func `delivers what is queued before it closes`() async throws {
    let pipes = try Pipes()
    pipes.connection.start()
    let line = [UInt8](repeating: 0x78, count: 999_999)
    pipes.connection.send(line)
    pipes.connection.send(Array("last".utf8))
    try pipes.read()
    #expect(await pipes.closed())
    #expect(await pipes.received(1_000_005) == line + [0x0A] + Array("last\n".utf8))
    pipes.close()
  }

  @Test @LoopActor func `does not wait longer than allowed for a client that does not read`() async throws {
    let pipes = try Pipes()
    pipes.connection.start()
    pipes.connection.send([UInt8](repeating: 0x78, count: 1_000_000))
    #expect(await pipes.closed(within: .milliseconds(1)) == false)
    pipes.close()
  }

  @Test @LoopActor func `hears nothing more once it is closed`() async throws {
    let pipes = try Pipes()
    pipes.connection.start()
    #expect(await pipes.closed())
    pipes.write("late\n")
    pipes.connection.send(Array("late".utf8))
    pipes.connection.resumeReading()
    await turn()
    await turn()
    #expect(pipes.events.all == [])
    #expect(pipes.connection.queuedBytes == 0)
    pipes.close()
  }

  @Test @LoopActor func `breaks when the client has gone`() async throws {
    let pipes = try Pipes()
    pipes.connection.start()
    pipes.stopReading()
    pipes.connection.send(Array("hello".utf8))
    #expect(await pipes.events.first(1) == [.broken(reason: "stdout: Broken pipe (os error 32)")])
    #expect(await pipes.closed() == false)
    pipes.close()
  }

  @Test @LoopActor func `leaves its descriptors as it found them`() async throws {
    let pipes = try Pipes()
    #expect(pipes.isNonBlocking() == [true, true])
    pipes.connection.start()
    #expect(await pipes.closed())
    #expect(pipes.isNonBlocking() == [false, false])
    pipes.close()
  }

  @Test @LoopActor func `reads a file to its end`() async throws {
    let folder = TemporaryFolder()
    try File.writeAtomically(Array("one\ntwo\n".utf8), to: folder.path("input"))
    let input = open(folder.path("input"), O_RDONLY)
    let output = open("/dev/null", O_WRONLY)
    let events = Collector<ConnectionEvent>()
    let connection = StdioConnection(input: input, output: output)
    connection.onEvent = { events.append($0) }
    connection.start()
    #expect(await events.wait { $0.last == .endOfInput } == [message("one"), message("two"), .endOfInput])
    connection.send(Array("into the void".utf8))
    #expect(
      await withUnsafeContinuation { done in connection.close(within: .seconds(9)) { done.resume(returning: $0) } })
    close(input)
    close(output)
  }
}
