import AppServerProtocol
import HostIO
import JSON
import JSONRPC

/// Where each request goes. One line a method; the handlers are in Handlers/, a file a family.
extension Server {
  func dispatch(_ request: Request) {
    do throws(RPCError) {
      try route(request)
    } catch {
      request.fail(error)
    }
  }

  private func route(_ request: Request) throws(RPCError) {
    if request.method == InitializeParams.method { return try initialize(request) }
    guard MethodNames.isKnown(request.method) else {
      throw .invalidRequest("Invalid request: unknown variant `\(request.method)`, expected a method of the protocol")
    }
    guard request.connection.isInitialized else { throw .invalidRequest("Not initialized") }
    try checkExperimental(request)
    if let threadID = request.threadID, threads.mustWait(request, on: threadID) { return }
    switch request.method {
    case "thread/start": try startThread(request)
    case "thread/resume": try resumeThread(request)
    case "thread/fork": try forkThread(request)
    case "thread/read": try readThread(request)
    case "thread/list": try listThreads(request)
    case "thread/loaded/list": try listLoadedThreads(request)
    case "thread/name/set": try setThreadName(request)
    case "thread/archive": try archiveThread(request)
    case "thread/unarchive": try unarchiveThread(request)
    case "thread/delete": try deleteThread(request)
    case "thread/unsubscribe": try unsubscribeThread(request)
    case "thread/turns/list": try listTurns(request)
    case "thread/items/list": try listItems(request)
    case "thread/metadata/update": try updateThreadMetadata(request)
    case "thread/inject_items": try injectItems(request)
    case "thread/revert": try revertThread(request)
    case "thread/compact/start": try compactThread(request)
    case "thread/settings/update": try updateThreadSettings(request)

    case "turn/start": try startTurn(request)
    case "turn/steer": try steerTurn(request)
    case "turn/interrupt": try interruptTurn(request)

    case "model/list": try listModels(request)
    case "collaborationMode/list": try listCollaborationModes(request)
    case "permissionProfile/list": try listPermissionProfiles(request)
    case "mock/experimentalMethod": try answerMock(request)
    case "memory/reset": try resetMemory(request)

    case "account/read": try readAccount(request)
    case "account/login/start": try startLogin(request)
    case "account/login/cancel": try cancelLogin(request)
    case "account/logout": try logOut(request)
    case "getAuthStatus": try readAuthStatus(request)

    case "config/read": try readConfig(request)
    case "configRequirements/read": try readConfigRequirements(request)

    case "remoteControl/status/read": try readRemoteControlStatus(request)

    default:
      throw .invalidRequest("\(request.method) is not implemented in codex-swift \(Version.own)")
    }
  }

  /// Without the capability, experimental methods and fields are refused (app-server-transport.md §5.4).
  private func checkExperimental(_ request: Request) throws(RPCError) {
    guard !request.connection.isExperimental else { return }
    if MethodNames.isExperimental(request.method) {
      throw .invalidRequest("\(request.method) requires experimentalApi capability")
    }
    let fields = ExperimentalFields.of(request.method)
    guard !fields.isEmpty, var body = request.body else { return }
    do throws(JSONError) {
      guard try body.peek() == .object else { return }
      try body.beginObject()
      while let key = try body.nextKey() {
        let isNull = try body.peek() == .null
        try body.skip()
        guard !isNull else { continue }
        let name = key.string
        if fields.contains(where: { $0.description == name }) {
          throw JSONError(.invalidValue("\(request.method).\(name) requires experimentalApi capability"), at: 0)
        }
      }
    } catch {
      if case .invalidValue(let message) = error.kind { throw .invalidRequest(message) }
      throw RPCError(params: error)
    }
  }
}

extension Request {
  /// The `threadId` of the params, if there is one.
  fileprivate var threadID: String? {
    guard method.utf8.starts(with: "thread/".utf8) || method.utf8.starts(with: "turn/".utf8) else { return nil }
    return try? body?.peekMember("threadId")
  }
}
