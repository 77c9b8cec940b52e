// Written by protocol/refresh from protocol/methods.json.

package import JSON

/// Members of the params of stable methods that need the `experimentalApi` capability unless they are null.
///
/// One rule is not in the schema and not here: `approvalPolicy` with a `granular` value is gated as well.
package enum ExperimentalFields {
  /// The first such member that these params use, for the error that a connection without the capability gets.
  package static func firstUsed(by method: String, in params: JSONReader) throws(JSONError) -> String? {
    guard isGated(method) else { return nil }
    var reader = params
    guard try reader.peek() == .object else { return nil }
    try reader.beginObject()
    while let key = try reader.nextKey() {
      if try reader.peek() != .null, contains(key, of: method) { return key.string }
      try reader.skip()
    }
    return nil
  }

  /// Whether this method has such members at all.
  package static func isGated(_ method: String) -> Bool {
    switch method {
    case "command/exec", "thread/fork", "thread/list", "thread/metadata/update", "thread/resume",
      "thread/start", "turn/start", "turn/steer":
      true
    default: false
    }
  }

  package static func contains(_ field: JSONKey, of method: String) -> Bool {
    switch method {
    case "command/exec":
      switch field {
      case "permissionProfile": true
      default: false
      }
    case "thread/fork":
      switch field {
      case "beforeTurnId", "deferGoalContinuation", "experimentalPredictionMode", "path", "permissions",
        "runtimeWorkspaceRoots":
        true
      default: false
      }
    case "thread/list":
      switch field {
      case "ancestorThreadId", "parentThreadId", "projectId": true
      default: false
      }
    case "thread/metadata/update":
      switch field {
      case "daybreakEnabled", "projectId": true
      default: false
      }
    case "thread/resume":
      switch field {
      case "history", "initialTurnsPage", "path", "permissions", "runtimeWorkspaceRoots": true
      default: false
      }
    case "thread/start":
      switch field {
      case "allowProviderModelFallback", "daybreakEnabled", "dynamicTools", "environments",
        "experimentalRawEvents", "historyMode", "mockExperimentalField", "multiAgentMode", "permissions",
        "projectId", "runtimeWorkspaceRoots", "selectedCapabilityRoots":
        true
      default: false
      }
    case "turn/start":
      switch field {
      case "additionalContext", "collaborationMode", "cyberAccessProgram", "environments",
        "multiAgentMode", "permissions", "responsesapiClientMetadata", "runtimeWorkspaceRoots":
        true
      default: false
      }
    case "turn/steer":
      switch field {
      case "additionalContext", "responsesapiClientMetadata": true
      default: false
      }
    default: false
    }
  }
}
