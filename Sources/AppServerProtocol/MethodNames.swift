// Written by protocol/refresh from protocol/methods.json.

/// The requests that clients may send, so that none of them is ever called unknown: clients take that for an old server.
///
/// A lookup is a jump on the length of the name and a comparison with the few names of that length. There is no table
/// to build at the start.
package enum MethodNames {
  package enum Stability: Sendable {
    case stable
    /// Only for connections with the `experimentalApi` capability.
    case experimental
  }

  /// How many requests there are.
  package static let count = 175

  /// Whether this is a request of the protocol, and who may use it; nil for a name that the protocol does not have.
  package static func stability(of method: String) -> Stability? {
    var method = method
    return method.withUTF8 { stability(of: Name(bytes: $0)) }
  }

  package static func isKnown(_ method: String) -> Bool { stability(of: method) != nil }

  package static func isExperimental(_ method: String) -> Bool { stability(of: method) == .experimental }

  private static func stability(of method: Name) -> Stability? {
    switch method.bytes.count {
    case 7:
      switch method {
      case "fs/copy": return .stable
      default: return nil
      }
    case 8:
      switch method {
      case "app/list", "app/read", "fs/watch": return .stable
      default: return nil
      }
    case 9:
      switch method {
      case "fs/remove": return .stable
      default: return nil
      }
    case 10:
      switch method {
      case "fs/unwatch", "hooks/list", "initialize", "model/list", "turn/start", "turn/steer": return .stable
      default: return nil
      }
    case 11:
      switch method {
      case "config/read", "fs/readFile", "plugin/list", "plugin/read", "skills/list", "thread/fork",
        "thread/list", "thread/read":
        return .stable
      default: return nil
      }
    case 12:
      switch method {
      case "account/read", "command/exec", "fs/writeFile", "review/start", "thread/start": return .stable
      case "memory/reset", "process/kill", "project/list", "project/move", "project/read": return .experimental
      default: return nil
      }
    case 13:
      switch method {
      case "app/installed", "getAuthStatus", "thread/delete", "thread/resume", "thread/revert": return .stable
      case "memory/status", "plugin/search", "process/spawn", "thread/search": return .experimental
      default: return nil
      }
    case 14:
      switch method {
      case "account/logout", "fs/getMetadata", "plugin/install", "thread/archive", "turn/interrupt": return .stable
      case "project/create", "project/delete", "project/import", "project/update": return .experimental
      default: return nil
      }
    case 15:
      switch method {
      case "feedback/upload", "fuzzyFileSearch", "gitDiffToRemote", "marketplace/add", "thread/goal/get",
        "thread/goal/set", "thread/name/set":
        return .stable
      case "environment/add": return .experimental
      default: return nil
      }
    case 16:
      switch method {
      case "fs/readDirectory", "plugin/installed", "plugin/reconcile", "plugin/uninstall",
        "thread/unarchive":
        return .stable
      case "environment/info", "rollout/compress", "thread/queue/add": return .experimental
      default: return nil
      }
    case 17:
      switch method {
      case "config/batchWrite", "plugin/share/list", "plugin/share/save", "plugin/skill/read",
        "thread/goal/clear", "thread/items/list", "thread/turns/list":
        return .stable
      case "process/resizePty", "thread/items/read", "thread/queue/list": return .experimental
      default: return nil
      }
    case 18:
      switch method {
      case "account/usage/read", "command/exec/write", "config/value/write", "fs/createDirectory",
        "marketplace/remove", "thread/loaded/list", "thread/unsubscribe", "threadSection/list":
        return .stable
      case "environment/status", "process/writeStdin", "server/diagnostics", "thread/queue/start": return .experimental
      default: return nil
      }
    case 19:
      switch method {
      case "account/login/start", "command/exec/resize", "marketplace/upgrade", "mcpServer/tool/call",
        "plugin/share/delete", "skills/config/write", "thread/inject_items", "thread/section/move",
        "thread/shellCommand":
        return .stable
      case "thread/queue/delete", "thread/queue/update": return .experimental
      default: return nil
      }
    case 20:
      switch method {
      case "account/login/cancel", "mcpServerStatus/list", "thread/compact/start", "threadSection/create",
        "threadSection/delete", "threadSection/update":
        return .stable
      case "remoteControl/enable", "thread/queue/reorder", "thread/realtime/stop", "thread/timeline/list",
        "turn/settings/update":
        return .experimental
      default: return nil
      }
    case 21:
      switch method {
      case "mcpServer/oauth/login", "plugin/share/checkout", "skills/extraRoots/set",
        "thread/attachment/add":
        return .stable
      case "account/bedrock/setup", "remoteControl/disable", "thread/memoryMode/set",
        "thread/realtime/start":
        return .experimental
      default: return nil
      }
    case 22:
      switch method {
      case "command/exec/terminate", "getConversationSummary", "permissionProfile/list",
        "thread/attachment/list", "thread/metadata/update":
        return .stable
      case "collaborationMode/list", "thread/settings/update": return .experimental
      default: return nil
      }
    case 23:
      switch method {
      case "account/rateLimits/read", "config/mcpServer/reload", "configRequirements/read",
        "mcpServer/resource/read":
        return .stable
      case "mock/experimentalMethod", "thread/readState/update", "userVerification/cancel",
        "userVerification/delete", "userVerification/enroll", "userVerification/status",
        "userVerification/verify":
        return .experimental
      default: return nil
      }
    case 24:
      switch method {
      case "experimentalFeature/list", "thread/attachment/remove", "windowsSandbox/readiness": return .stable
      case "account/bedrock/discover", "thread/searchOccurrences": return .experimental
      default: return nil
      }
    case 25:
      switch method {
      case "account/gatewayOAuth/read", "windowsSandbox/setupStart": return .stable
      case "remoteControl/client/list", "remoteControl/status/read", "thread/prediction/request": return .experimental
      default: return nil
      }
    case 26:
      switch method {
      case "account/gatewayOAuth/login", "externalAgentConfig/detect", "externalAgentConfig/import",
        "plugin/share/updateTargets":
        return .stable
      case "thread/realtime/appendText", "thread/realtime/listVoices": return .experimental
      default: return nil
      }
    case 27:
      switch method {
      case "account/gatewayOAuth/cancel", "thread/attachmentOwner/list": return .stable
      case "fuzzyFileSearch/sessionStop", "mcpServer/event/stream/stop", "remoteControl/client/revoke",
        "remoteControl/pairing/start", "thread/realtime/appendAudio":
        return .experimental
      default: return nil
      }
    case 28:
      switch method {
      case "fuzzyFileSearch/sessionStart", "mcpServer/event/stream/start", "remoteControl/pairing/status",
        "thread/decrement_elicitation", "thread/increment_elicitation", "thread/realtime/appendSpeech":
        return .experimental
      default: return nil
      }
    case 29:
      switch method {
      case "fuzzyFileSearch/sessionUpdate": return .experimental
      default: return nil
      }
    case 30:
      switch method {
      case "account/workspaceMessages/read": return .stable
      default: return nil
      }
    case 31:
      switch method {
      case "modelProvider/capabilities/read": return .stable
      case "thread/backgroundTerminals/list": return .experimental
      default: return nil
      }
    case 32:
      switch method {
      case "account/sendAddCreditsNudgeEmail": return .stable
      case "thread/backgroundTerminals/clean": return .experimental
      default: return nil
      }
    case 34:
      switch method {
      case "experimentalFeature/enablement/set", "thread/approveGuardianDeniedAction": return .stable
      default: return nil
      }
    case 36:
      switch method {
      case "account/rateLimitResetCredit/consume": return .stable
      case "thread/backgroundTerminals/terminate": return .experimental
      default: return nil
      }
    case 40:
      switch method {
      case "externalAgentConfig/import/readHistories", "externalAgentConfig/import/recordHistory": return .stable
      default: return nil
      }
    case 41:
      switch method {
      case "account/bedrock/checkGovCloudRequirements": return .experimental
      default: return nil
      }
    default: return nil
    }
  }

  /// All names in backquotes, for the error that an unknown one gets.
  package static let list: StaticString = """
    `account/bedrock/checkGovCloudRequirements`, `account/bedrock/discover`, `account/bedrock/setup`, \
    `account/gatewayOAuth/cancel`, `account/gatewayOAuth/login`, `account/gatewayOAuth/read`, \
    `account/login/cancel`, `account/login/start`, `account/logout`, `account/rateLimitResetCredit/consume`, \
    `account/rateLimits/read`, `account/read`, `account/sendAddCreditsNudgeEmail`, `account/usage/read`, \
    `account/workspaceMessages/read`, `app/installed`, `app/list`, `app/read`, `collaborationMode/list`, \
    `command/exec`, `command/exec/resize`, `command/exec/terminate`, `command/exec/write`, `config/batchWrite`, \
    `config/mcpServer/reload`, `config/read`, `config/value/write`, `configRequirements/read`, `environment/add`, \
    `environment/info`, `environment/status`, `experimentalFeature/enablement/set`, `experimentalFeature/list`, \
    `externalAgentConfig/detect`, `externalAgentConfig/import`, `externalAgentConfig/import/readHistories`, \
    `externalAgentConfig/import/recordHistory`, `feedback/upload`, `fs/copy`, `fs/createDirectory`, \
    `fs/getMetadata`, `fs/readDirectory`, `fs/readFile`, `fs/remove`, `fs/unwatch`, `fs/watch`, `fs/writeFile`, \
    `fuzzyFileSearch`, `fuzzyFileSearch/sessionStart`, `fuzzyFileSearch/sessionStop`, \
    `fuzzyFileSearch/sessionUpdate`, `getAuthStatus`, `getConversationSummary`, `gitDiffToRemote`, `hooks/list`, \
    `initialize`, `marketplace/add`, `marketplace/remove`, `marketplace/upgrade`, `mcpServer/event/stream/start`, \
    `mcpServer/event/stream/stop`, `mcpServer/oauth/login`, `mcpServer/resource/read`, `mcpServer/tool/call`, \
    `mcpServerStatus/list`, `memory/reset`, `memory/status`, `mock/experimentalMethod`, `model/list`, \
    `modelProvider/capabilities/read`, `permissionProfile/list`, `plugin/install`, `plugin/installed`, \
    `plugin/list`, `plugin/read`, `plugin/reconcile`, `plugin/search`, `plugin/share/checkout`, \
    `plugin/share/delete`, `plugin/share/list`, `plugin/share/save`, `plugin/share/updateTargets`, \
    `plugin/skill/read`, `plugin/uninstall`, `process/kill`, `process/resizePty`, `process/spawn`, \
    `process/writeStdin`, `project/create`, `project/delete`, `project/import`, `project/list`, `project/move`, \
    `project/read`, `project/update`, `remoteControl/client/list`, `remoteControl/client/revoke`, \
    `remoteControl/disable`, `remoteControl/enable`, `remoteControl/pairing/start`, `remoteControl/pairing/status`, \
    `remoteControl/status/read`, `review/start`, `rollout/compress`, `server/diagnostics`, `skills/config/write`, \
    `skills/extraRoots/set`, `skills/list`, `thread/approveGuardianDeniedAction`, `thread/archive`, \
    `thread/attachment/add`, `thread/attachment/list`, `thread/attachment/remove`, `thread/attachmentOwner/list`, \
    `thread/backgroundTerminals/clean`, `thread/backgroundTerminals/list`, `thread/backgroundTerminals/terminate`, \
    `thread/compact/start`, `thread/decrement_elicitation`, `thread/delete`, `thread/fork`, `thread/goal/clear`, \
    `thread/goal/get`, `thread/goal/set`, `thread/increment_elicitation`, `thread/inject_items`, \
    `thread/items/list`, `thread/items/read`, `thread/list`, `thread/loaded/list`, `thread/memoryMode/set`, \
    `thread/metadata/update`, `thread/name/set`, `thread/prediction/request`, `thread/queue/add`, \
    `thread/queue/delete`, `thread/queue/list`, `thread/queue/reorder`, `thread/queue/start`, \
    `thread/queue/update`, `thread/read`, `thread/readState/update`, `thread/realtime/appendAudio`, \
    `thread/realtime/appendSpeech`, `thread/realtime/appendText`, `thread/realtime/listVoices`, \
    `thread/realtime/start`, `thread/realtime/stop`, `thread/resume`, `thread/revert`, `thread/search`, \
    `thread/searchOccurrences`, `thread/section/move`, `thread/settings/update`, `thread/shellCommand`, \
    `thread/start`, `thread/timeline/list`, `thread/turns/list`, `thread/unarchive`, `thread/unsubscribe`, \
    `threadSection/create`, `threadSection/delete`, `threadSection/list`, `threadSection/update`, `turn/interrupt`, \
    `turn/settings/update`, `turn/start`, `turn/steer`, `userVerification/cancel`, `userVerification/delete`, \
    `userVerification/enroll`, `userVerification/status`, `userVerification/verify`, `windowsSandbox/readiness`, \
    `windowsSandbox/setupStart`
    """
}

/// A name that a client sent, compared byte by byte with literals.
private struct Name {
  let bytes: UnsafeBufferPointer<UInt8>

  static func ~= (literal: StaticString, name: Name) -> Bool {
    name.bytes.elementsEqual(UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
  }
}
