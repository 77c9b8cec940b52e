// Written by protocol/refresh from protocol/methods.json.

/// Members of the params of stable methods that need the `experimentalApi` capability unless they are null.
///
/// One rule is not in the schema and not here: `approvalPolicy` with a `granular` value is gated as well.
package enum ExperimentalFields {
  /// Empty for most methods.
  package static func of(_ method: String) -> [StaticString] {
    switch method {
    case "command/exec": ["permissionProfile"]
    case "thread/fork":
      [
        "beforeTurnId", "deferGoalContinuation", "experimentalPredictionMode", "path", "permissions",
        "runtimeWorkspaceRoots",
      ]
    case "thread/list": ["ancestorThreadId", "parentThreadId", "projectId"]
    case "thread/metadata/update": ["daybreakEnabled", "projectId"]
    case "thread/resume": ["history", "initialTurnsPage", "path", "permissions", "runtimeWorkspaceRoots"]
    case "thread/start":
      [
        "allowProviderModelFallback", "daybreakEnabled", "dynamicTools", "environments", "experimentalRawEvents",
        "historyMode", "mockExperimentalField", "multiAgentMode", "permissions", "projectId",
        "runtimeWorkspaceRoots", "selectedCapabilityRoots",
      ]
    case "turn/start":
      [
        "additionalContext", "collaborationMode", "cyberAccessProgram", "environments", "multiAgentMode",
        "permissions", "responsesapiClientMetadata", "runtimeWorkspaceRoots",
      ]
    case "turn/steer": ["additionalContext", "responsesapiClientMetadata"]
    default: []
    }
  }
}
