import Glibc
import HostIO
import TestSupport
import Testing

@Suite(.loop) struct ByteSinkTests {
  @LoopActor private func pipe() throws -> (read: Int32, write: Int32) {
    let ends = try Descriptor.pipe()
    _ = NonBlockingMode(ends.read)
    _ = NonBlockingMode(ends.write)
    return ends
  }

  private func readAvailable(_ fd: Int32, _ limit: Int = 1 << 20) -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: limit)
    return Array(buffer[..<max(0, read(fd, &buffer, limit))])
  }

  @Test @LoopActor func `what one turn writes arrives together at its end`() async throws {
    let ends = try pipe()
    defer { closeBoth(ends) }
    let sink = ByteSink(fd: ends.write)
    sink.write(Array("one ".utf8))
    sink.write(Array("two ".utf8))
    sink.append { $0.append(contentsOf: "three".utf8) }
    #expect(readAvailable(ends.read) == [])
    #expect(sink.queuedBytes == 13)
    await turn()
    #expect(readAvailable(ends.read) == Array("one two three".utf8))
    #expect(sink.queuedBytes == 0)
  }

  @Test @LoopActor func `what the pipe cannot take follows in order as the reader catches up`() async throws {
    let ends = try pipe()
    defer { closeBoth(ends) }
    let sink = ByteSink(fd: ends.write, limits: .init(capacity: 8 << 20, highWater: 100_000, lowWater: 10_000))
    let drained = Gate()
    sink.onDrained = { drained.open() }
    let chunks = (0..<200).map { number in [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 5000) }
    for chunk in chunks { sink.write(chunk) }
    #expect(sink.isCongested)
    await turn()
    #expect(sink.queuedBytes > 100_000)
    let received = Collector<[UInt8]>()
    let source = ByteSource(fd: ends.read) { event in
      if case .bytes(let bytes) = event { received.append(Array(bytes)) }
    }
    try source.start()
    let expected = chunks.flatMap { $0 }
    let all = await received.wait { $0.reduce(0) { $0 + $1.count } >= expected.count }
    #expect(all.flatMap { $0 } == expected)
    await drained.opened()
    #expect(!sink.isCongested)
    source.cancel()
  }

  @Test @LoopActor func `large messages keep their place between small ones`() async throws {
    let ends = try pipe()
    defer { closeBoth(ends) }
    let sink = ByteSink(fd: ends.write)
    let large = (0..<3).map { [UInt8](repeating: UInt8($0), count: ByteSink.minimumForSharing << $0) }
    let small = Array("small".utf8)
    let messages = [small, large[0], large[1], small, small, large[2], small]
    for message in messages { sink.write(message) }
    #expect(sink.queuedBytes == messages.reduce(0) { $0 + $1.count })
    var received: [UInt8] = []
    for _ in 0..<100 where sink.queuedBytes > 0 {
      await turn()
      received += readAvailable(ends.read)
    }
    sink.write(small)
    await turn()
    received += readAvailable(ends.read)
    #expect(received == messages.flatMap { $0 } + small)
    #expect(sink.queuedBytes == 0)
  }

  @Test @LoopActor func `exactly the capacity is taken and one byte more ends the sink`() async throws {
    let ends = try pipe()
    defer { closeBoth(ends) }
    let sink = ByteSink(fd: ends.write, limits: .init(capacity: 10, highWater: 5, lowWater: 1))
    let failures = Collector<ByteSink.Failure>()
    sink.onFailure = { failures.append($0) }
    #expect(sink.write([UInt8](repeating: 1, count: 10)))
    #expect(sink.failure == nil)
    #expect(!sink.write([2]))
    #expect(failures.all == [])
    #expect(await failures.first(1) == [.overflow(limit: 10)])
    #expect(sink.queuedBytes == 0)
    #expect(!sink.write([3]))
  }

  @Test @LoopActor func `a closed reader is an error of the sink and no signal`() async throws {
    let ends = try pipe()
    close(ends.read)
    defer { close(ends.write) }
    let sink = ByteSink(fd: ends.write)
    let failures = Collector<ByteSink.Failure>()
    sink.onFailure = { failures.append($0) }
    sink.write([1])
    #expect(await failures.first(1) == [.system(SystemError(EPIPE, "write"))])
    #expect(await sink.drain(until: .distantFuture) == false)
  }

  @Test @LoopActor func `drain tells whether everything went out before the deadline`() async throws {
    let ends = try pipe()
    defer { closeBoth(ends) }
    let sink = ByteSink(fd: ends.write)
    sink.write([UInt8](repeating: 0, count: 100_000))
    #expect(await sink.drain(until: Instant.now()) == false)
    let source = ByteSource(fd: ends.read) { _ in }
    try source.start()
    #expect(await sink.drain(until: .distantFuture))
    source.cancel()
  }

  @Test @LoopActor func `closing a sink answers those who wait for it`() async throws {
    let ends = try pipe()
    defer { closeBoth(ends) }
    let sink = ByteSink(fd: ends.write)
    sink.write([UInt8](repeating: 0, count: 100_000))
    let waiting = Task.immediate { @LoopActor in await sink.drain(until: .distantFuture) }
    sink.close()
    #expect(await waiting.value == false)
    #expect(!sink.write([1]))
  }

  @Test @LoopActor func `a regular file takes everything at once`() async throws {
    let folder = TemporaryFolder()
    let file = try Descriptor(opening: folder.path("out"), O_WRONLY | O_CREAT)
    let sink = ByteSink(fd: file.fd)
    sink.write([UInt8](repeating: 7, count: 300_000))
    #expect(await sink.drain(until: .distantFuture))
    #expect(try File.read(folder.path("out"), limit: 300_000).count == 300_000)
  }

  @LoopActor private func turn() async {
    await withUnsafeContinuation { continuation in
      EventLoop.main.onTurnEnd { continuation.resume() }
    }
  }

  private func closeBoth(_ ends: (read: Int32, write: Int32)) {
    close(ends.read)
    close(ends.write)
  }
}

@Suite(.loop) struct ByteSourceTests {
  enum Seen: Equatable {
    case bytes([UInt8])
    case end
    case failed(SystemError)
  }

  @LoopActor private func collect(_ fd: Int32) throws -> (ByteSource, Collector<Seen>) {
    let seen = Collector<Seen>()
    let source = ByteSource(fd: fd) { event in
      switch event {
      case .bytes(let bytes): seen.append(.bytes(Array(bytes)))
      case .end: seen.append(.end)
      case .failed(let error): seen.append(.failed(error))
      }
    }
    try source.start()
    return (source, seen)
  }

  @Test @LoopActor func `bytes come before the end`() async throws {
    let ends = try Descriptor.pipe()
    _ = write(ends.write, "hello", 5)
    close(ends.write)
    let (_, seen) = try collect(ends.read)
    #expect(await seen.first(2) == [.bytes(Array("hello".utf8)), .end])
    close(ends.read)
  }

  @Test @LoopActor func `a paused source leaves the bytes to the kernel`() async throws {
    let ends = try Descriptor.pipe()
    let (source, seen) = try collect(ends.read)
    source.pause()
    _ = write(ends.write, "a", 1)
    for _ in 0..<3 { await Task.yield() }
    #expect(seen.all == [])
    source.resume()
    #expect(await seen.first(1) == [.bytes([0x61])])
    source.cancel()
    close(ends.read)
    close(ends.write)
  }

  @Test @LoopActor func `one event carries at most the read limit`() async throws {
    let folder = TemporaryFolder()
    let size = ByteSource.maximumRead + 1
    try File.writeAtomically([UInt8](repeating: 5, count: size), to: folder.path("f"))
    let file = try Descriptor(opening: folder.path("f"), O_RDONLY)
    let (_, seen) = try collect(file.fd)
    let all = await seen.first(3)
    #expect(all == [.bytes(Array(repeating: 5, count: ByteSource.maximumRead)), .bytes([5]), .end])
  }

  @Test @LoopActor func `a slice that is kept does not change with the next read`() async throws {
    let ends = try Descriptor.pipe()
    let kept = Collector<ArraySlice<UInt8>>()
    let source = ByteSource(fd: ends.read) { event in
      if case .bytes(let bytes) = event { kept.append(bytes) }
    }
    try source.start()
    _ = write(ends.write, "first", 5)
    _ = await kept.first(1)
    _ = write(ends.write, "other", 5)
    #expect(await kept.first(2) == [ArraySlice("first".utf8), ArraySlice("other".utf8)])
    source.cancel()
    close(ends.read)
    close(ends.write)
  }

  @Test @LoopActor func `a failed read is the last event`() async throws {
    let folder = TemporaryFolder()
    let directory = try Descriptor(opening: folder.path, O_RDONLY)
    let (_, seen) = try collect(directory.fd)
    #expect(await seen.first(1) == [.failed(SystemError(EISDIR, "read"))])
  }
}
