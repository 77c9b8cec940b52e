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
    guard let stability = MethodNames.stability(of: request.method) else {
      throw .invalidRequest(
        "Invalid request: unknown variant `\(request.method)`, expected one of \(MethodNames.list)")
    }
    guard request.connection.isInitialized else { throw .invalidRequest("Not initialized") }
    if !request.connection.isExperimental { try refuseExperimental(request, stability) }
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
    case "thread/search": try searchThreads(request)
    case "thread/searchOccurrences": try searchOccurrences(request)
    case "thread/timeline/list": try listTimeline(request)
    case "thread/metadata/update": try updateThreadMetadata(request)
    case "thread/inject_items": try injectItems(request)
    case "thread/revert": try revertThread(request)
    case "thread/compact/start": try compactThread(request)
    case "thread/settings/update": try updateThreadSettings(request)

    case "thread/queue/add": try addToQueue(request)
    case "thread/queue/list": try listQueue(request)
    case "thread/queue/update": try updateQueue(request)
    case "thread/queue/delete": try deleteFromQueue(request)
    case "thread/queue/reorder": try reorderQueue(request)
    case "thread/queue/start": try startFromQueue(request)

    case "review/start": try startReview(request)

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
      try refuseUnknownThread(request)
      throw .invalidRequest("\(request.method) is not implemented in codex-swift \(Version.own)")
    }
  }

  /// Without the capability, experimental methods and fields are refused (app-server-transport.md §5.4).
  private func refuseExperimental(_ request: Request, _ stability: MethodNames.Stability) throws(RPCError) {
    guard stability == .stable else {
      throw .invalidRequest("\(request.method) requires experimentalApi capability")
    }
    guard var body = request.body else { return }
    let gated = ExperimentalFields.of(request.method)
    do throws(JSONError) {
      guard try body.peek() == .object else { return }
      try body.beginObject()
      while let key = try body.nextKey() {
        if let problem = try Self.experimental(key, gated, request.method, body) {
          throw JSONError(.invalidValue(problem), at: 0)
        }
        try body.skip()
      }
    } catch {
      if case .invalidValue(let message) = error.kind { throw .invalidRequest(message) }
      throw RPCError(params: error)
    }
  }

  /// Why a member needs the capability; nil if it does not, or is null. `body` stands before its value.
  private static func experimental(
    _ key: JSONKey, _ gated: [StaticString], _ method: String, _ body: JSONReader
  ) throws(JSONError) -> String? {
    var body = body
    let token = try body.peek()
    if token != .null, gated.contains(where: { $0 ~= key }) {
      return "\(method).\(key.string) requires experimentalApi capability"
    }
    if "approvalPolicy" ~= key, token == .object {
      return "askForApproval.granular requires experimentalApi capability"
    }
    return nil
  }
}

extension Request {
  /// The `threadId` of the params, if there is one.
  fileprivate var threadID: String? {
    let families = ["thread/", "turn/", "review/"]
    guard families.contains(where: { method.utf8.starts(with: $0.utf8) }) else { return nil }
    return try? body?.peekMember("threadId")
  }
}
