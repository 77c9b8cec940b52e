import AgentRuntime
import AppServerProtocol
import Configuration
import HostIO
import JSON
import JSONRPC
import ModelAPI

/// Models, modes, configuration and the small answers (app-server-methods.md §4, §6, §8).
extension Server {
  func listModels(_ request: Request) throws(RPCError) {
    let params = try request.params(PageParams.self)
    let catalog: ModelCatalog
    do throws(ConfigError) {
      catalog = try configuration.catalog(try configuration.settings())
    } catch {
      throw .internalError("invalid configuration: \(error)")
    }
    guard
      let page = catalog.page(cursor: params.cursor, limit: params.limit, includeHidden: params.includeHidden)
    else { throw .invalidRequest("invalid cursor: \(params.cursor ?? "")") }
    request.succeed { catalog.write(page, to: &$0) }
  }

  func listCollaborationModes(_ request: Request) throws(RPCError) {
    let modes: JSON = [
      ["name": "Plan", "mode": "plan", "model": nil, "reasoning_effort": "medium"],
      ["name": "Default", "mode": "default", "model": nil, "reasoning_effort": nil],
    ]
    request.succeed { $0.value(["data": modes]) }
  }

  func answerMock(_ request: Request) throws(RPCError) {
    var body = request.body ?? JSONReader("{}")
    let value = (try? body.value())?["value"]?.stringValue
    request.succeed { $0.value(["echoed": .orNull(value)]) }
  }

  /// There are no memories to reset.
  func resetMemory(_ request: Request) throws(RPCError) {
    try request.requireNoParams()
    request.succeed()
  }

  func readConfig(_ request: Request) throws(RPCError) {
    let params = try request.params(ConfigReadParams.self)
    let stack: ConfigStack
    do throws(ConfigError) {
      stack = try configuration.stack(in: params.cwd.map { Path.absolute($0, from: options.cwd) })
    } catch {
      throw .internalError("failed to read configuration layers: \(error)")
    }
    do throws(ConfigError) {
      _ = try Settings(stack)
    } catch {
      throw .internalError("invalid configuration: \(error.messageWithKey)")
    }
    let result = stack.readResult(includesLayers: params.includeLayers)
    request.succeed { $0.value(.object(result)) }
  }

  func readConfigRequirements(_ request: Request) throws(RPCError) {
    try request.requireNoParams()
    request.succeed { $0.value(["requirements": nil, "supportsIndependentSpeedModes": true]) }
  }

  func readRemoteControlStatus(_ request: Request) throws(RPCError) {
    try request.requireNoParams()
    request.succeed { self.writeRemoteControlStatus(to: &$0) }
  }
}

extension Server {
  func listPermissionProfiles(_ request: Request) throws(RPCError) {
    request.succeed { writer in
      writer.beginObject()
      writer.key("data")
      writer.beginArray()
      for profile in PermissionProfile.allCases {
        writer.beginObject()
        writer.field("id", profile.rawValue)
        writer.nullField("description")
        writer.field("allowed", true)
        writer.endObject()
      }
      writer.endArray()
      writer.nullField("nextCursor")
      writer.endObject()
    }
  }
}
