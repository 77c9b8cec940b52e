package import HostIO
import JSONRPC

/// The one connection of a server that an editor started: messages are lines on two descriptors
/// (app-server-transport.md §2).
@LoopActor
package final class StdioConnection: MessageConnection {
  /// Bytes that may wait for a client that reads nothing. Long before, nothing more is read from it; what can still grow
  /// the queue are the events of running turns and the answers under way. Beyond it the connection is given up.
  package nonisolated static let maximumQueuedBytes = 512 << 20

  package var onEvent: ((ConnectionEvent) -> Void)?
  package var onDrained: (() -> Void)?

  private var framer: LineFramer
  private let lineLimit: Int
  private let sink: ByteSink
  private var source: ByteSource?
  private let inputMode: NonBlockingMode
  private let outputMode: NonBlockingMode
  private var isPaused = false
  private var isFraming = false
  private var inputEnded = false
  private var endWasReported = false

  /// The descriptors stay the caller's. Pipes and sockets are made non-blocking until `close`.
  package init(input: Int32, output: Int32, lineLimit: Int = LineFramer.maximumLineBytes) {
    self.lineLimit = lineLimit
    framer = LineFramer(limit: lineLimit)
    sink = ByteSink(
      fd: output, limits: ByteSink.Limits(capacity: Self.maximumQueuedBytes, highWater: Self.highWaterMark))
    inputMode = NonBlockingMode(input)
    outputMode = NonBlockingMode(output)
    sink.onDrained = { [weak self] in self?.onDrained?() }
    sink.onFailure = { [weak self] failure in self?.onEvent?(.broken(reason: "stdout: \(Self.reason(failure))")) }
    source = ByteSource(fd: input) { [weak self] event in self?.received(event) }
  }

  package var queuedBytes: Int { sink.queuedBytes }

  private static func reason(_ failure: ByteSink.Failure) -> String {
    switch failure {
    case .overflow(let limit): "the client left more than \(limit) bytes unread"
    case .system(let error): error.description
    }
  }

  package func start() {
    do {
      try source?.start()
    } catch {
      inputEnded = true
      onEvent?(.broken(reason: "stdin: \(error)"))
    }
  }

  package func send(_ message: [UInt8]) {
    guard message.count < ByteSink.minimumForSharing else {
      sink.write(message)
      sink.append { $0.append(UInt8(ascii: "\n")) }
      return
    }
    sink.append { buffer in
      buffer.append(contentsOf: message)
      buffer.append(UInt8(ascii: "\n"))
    }
  }

  package func pauseReading() {
    isPaused = true
    source?.pause()
  }

  package func resumeReading() {
    isPaused = false
    if !inputEnded { source?.resume() }
    // Lines that were read already come first, but not from within whoever resumes.
    EventLoop.main.onTurnEnd { [weak self] in self?.deliverLines() }
  }

  package func close(within limit: Duration, _ done: @escaping @LoopActor (Bool) -> Void) {
    source?.cancel()
    source = nil
    sink.flushNow()
    guard sink.queuedBytes > 0 else {
      finishClosing()
      return done(sink.failure == nil)
    }
    Task.onLoop {
      let delivered = await self.sink.drain(until: .now() + limit)
      self.finishClosing()
      done(delivered)
    }
  }

  private func finishClosing() {
    sink.close()
    inputMode.restore()
    outputMode.restore()
  }

  private func received(_ event: ByteSource.Event) {
    switch event {
    case .bytes(let bytes):
      framer.append(bytes)
      deliverLines()
    case .end:
      inputEnded = true
      deliverLines()
    case .failed(let error):
      inputEnded = true
      onEvent?(.broken(reason: "stdin: \(error)"))
    }
  }

  private func deliverLines() {
    guard !isFraming else { return }
    isFraming = true
    defer { isFraming = false }
    while !isPaused, let line = framer.next() { deliver(line) }
    guard inputEnded, !isPaused, !endWasReported else { return }
    endWasReported = true
    if let rest = framer.finish() { deliver(rest) }
    onEvent?(.endOfInput)
  }

  private func deliver(_ event: LineFramer.Event) {
    switch event {
    case .line(let line): onEvent?(.message(line))
    case .tooLong(let start): onEvent?(.tooLong(start: start, limit: lineLimit))
    }
  }
}
