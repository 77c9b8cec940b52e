package import HostIO
import JSON
import JSONRPC

/// A kind of notification: its name and who may hear it.
package struct Notification: Sendable {
  package let method: StaticString
  /// Only for connections with the `experimentalApi` capability (app-server-transport.md §5.4).
  package let isExperimental: Bool

  package init(_ method: StaticString, experimental isExperimental: Bool = false) {
    self.method = method
    self.isExperimental = isExperimental
  }
}

/// Sends notifications to whom they concern; the text is made once for all of them.
@LoopActor
package final class Notifier {
  private var writer = JSONWriter(reserving: 4096)
  private let clock: WallClock
  /// All connections, in the order of their arrival.
  var connections: () -> [ClientConnection] = { [] }

  /// After a large message the memory is given back.
  private static let keptCapacity = 1 << 20

  init(clock: WallClock) { self.clock = clock }

  /// To every initialized connection.
  func broadcast(_ notification: Notification, _ params: (inout JSONWriter) -> Void) {
    send(notification, to: connections(), params)
  }

  func send(_ notification: Notification, to receivers: [ClientConnection], _ params: (inout JSONWriter) -> Void) {
    guard receivers.contains(where: { $0.wants(notification) }) else { return }
    Envelope.notification(
      notification.method, emittedAtMs: clock.now().milliseconds, into: &writer, params: params)
    for receiver in receivers where receiver.wants(notification) { receiver.send(writer.bytes) }
    if writer.bytes.count > Self.keptCapacity { writer = JSONWriter(reserving: 4096) }
  }
}
