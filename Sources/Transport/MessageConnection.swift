package import HostIO

/// What a peer did.
package enum ConnectionEvent: Sendable, Equatable {
  /// One message, without framing; not yet parsed.
  case message([UInt8])
  /// A message beyond the transport's limit was dropped; `start` is how it began.
  case tooLong(start: [UInt8], limit: Int)
  /// The peer sends nothing more. What is queued for it can still be delivered.
  case endOfInput
  /// Nothing can be delivered any more.
  case broken(reason: String)
}

/// One peer: messages come in, messages go out, each whole and in order, whatever carries them.
///
/// Events are delivered on the loop, one call at a time. Reading can be paused, which is how the server holds back a
/// client that asks faster than it can be answered; nothing is ever refused for want of room.
@LoopActor
package protocol MessageConnection: AnyObject {
  /// Set before `start()`.
  var onEvent: ((ConnectionEvent) -> Void)? { get set }
  /// Called when the peer has taken so much that `queuedBytes` fell below the transport's low-water mark.
  var onDrained: (() -> Void)? { get set }

  func start()

  /// Queues one message, given without framing. It leaves at the end of the loop's turn.
  func send(_ message: [UInt8])

  /// Bytes that the peer has not taken yet.
  var queuedBytes: Int { get }

  func pauseReading()
  func resumeReading()

  /// Delivers what is queued, for at most `limit`, then closes and calls `done` with whether everything was delivered.
  func close(within limit: Duration, _ done: @escaping @LoopActor (Bool) -> Void)
}

extension MessageConnection {
  /// Above this a client does not read what it asked for: nothing more is read from it until it has caught up.
  package static var highWaterMark: Int { 1 << 20 }
}
