package import HTTPClient
package import HostIO
package import Store

/// What all threads of a server share.
@LoopActor
package final class AgentServices {
  package let home: String
  package let clock: WallClock
  package let ids: UUIDGenerator
  package let environment: Environment
  package let http: HTTPClient
  package let directory: ThreadDirectory
  package let queues: QueueFile
  /// The version of ours that requests and session files name.
  package let version: String
  /// Who uses the server: the first client's name, and the user agent that names the latest one.
  package var originator: () -> String
  package var userAgent: () -> String
  package var installationID: () -> String
  /// The login, for providers that take it. Throws a text for the turn's error.
  package var credentials: () throws -> Credentials?
  package var log: (String) -> Void = { _ in }

  package init(
    home: String, clock: WallClock, ids: UUIDGenerator, environment: Environment, http: HTTPClient,
    directory: ThreadDirectory, version: String, originator: @escaping () -> String,
    userAgent: @escaping () -> String, installationID: @escaping () -> String,
    credentials: @escaping () throws -> Credentials?
  ) {
    self.home = home
    self.clock = clock
    self.ids = ids
    self.environment = environment
    self.http = http
    self.directory = directory
    queues = QueueFile(home: home)
    self.version = version
    self.originator = originator
    self.userAgent = userAgent
    self.installationID = installationID
    self.credentials = credentials
  }
}
