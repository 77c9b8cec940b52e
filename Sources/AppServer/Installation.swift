import HostIO

/// The identity of this installation: a UUID in `$CODEX_HOME/installation_id`, made when it is first asked for.
@LoopActor
final class Installation {
  private let path: String
  private let ids: UUIDGenerator
  private var known: String?

  init(home: String, ids: UUIDGenerator) {
    path = Path.join(home, "installation_id")
    self.ids = ids
  }

  /// If the home cannot be written, the id lasts as long as the process.
  var id: String {
    if let known { return known }
    let id = stored ?? create()
    known = id
    return id
  }

  private var stored: String? {
    guard let bytes = try? File.read(path, limit: 256) else { return nil }
    let text = String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace }
    return UUID(text).map(\.description)
  }

  private func create() -> String {
    let id = ids.v4().description
    try? File.writeAtomically(Array(id.utf8), to: path, mode: 0o600)
    return id
  }
}
