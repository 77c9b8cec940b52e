import AgentRuntime
import HostIO

/// Who is logged in. The file is read when it is asked for, and again only after it changed.
@LoopActor
final class AccountStore {
  private let file: CredentialFile
  private let path: String
  private var cached: (stamp: FileStamp?, credentials: Credentials?)?

  init(home: String) {
    file = CredentialFile(home: home)
    path = Path.join(home, "auth.json")
  }

  /// Nil when nobody is logged in.
  func current() throws(CredentialFile.Failure) -> Credentials? {
    let stamp = FileStamp(path)
    if let cached, cached.stamp == stamp { return cached.credentials }
    let credentials = stamp == nil ? nil : try file.read()
    cached = (stamp, credentials)
    return credentials
  }

  func signIn(apiKey: String) throws(SystemError) {
    try file.write(apiKey: apiKey)
    cached = nil
  }

  func signOut() throws(SystemError) {
    try file.remove()
    cached = nil
  }
}

/// What changes when a file does.
struct FileStamp: Equatable {
  private let size: Int64
  private let modified: Int64
  private let inode: UInt64

  /// Nil where there is no file.
  init?(_ path: String) {
    guard let status = try? File.status(path) else { return nil }
    size = status.size
    modified = status.modified
    inode = status.inode
  }
}
