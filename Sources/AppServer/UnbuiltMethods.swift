import AppServerProtocol
import JSON
import JSONRPC

/// What clients can be told about methods that are not built yet.
enum UnbuiltMethods {
  /// Those that will need a loaded thread (app-server-threads.md §2): one that is unknown is a mistake of the client's,
  /// whatever else is missing here.
  static let needLoadedThread: Set<String> = [
    "thread/backgroundTerminals/clean", "thread/backgroundTerminals/list", "thread/backgroundTerminals/terminate",
    "thread/goal/clear", "thread/goal/get", "thread/goal/set", "thread/shellCommand", "turn/settings/update",
  ]
}

extension Server {
  func refuseUnknownThread(_ request: Request) throws(RPCError) {
    guard UnbuiltMethods.needLoadedThread.contains(request.method) else { return }
    _ = try loadedThread(try request.params(ThreadIDParams.self).threadID)
  }
}
