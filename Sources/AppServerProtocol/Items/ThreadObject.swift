package import JSON

/// The state of the repository that a thread was started in.
package struct GitInfo: Sendable, Equatable {
  package var sha: String?
  package var branch: String?
  package var originURL: String?

  package init(sha: String? = nil, branch: String? = nil, originURL: String? = nil) {
    self.sha = sha
    self.branch = branch
    self.originURL = originURL
  }

  package var isEmpty: Bool { sha == nil && branch == nil && originURL == nil }

  /// The `git` member of a `session_meta` record.
  package init(rollout reader: inout JSONReader) throws(JSONError) {
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "commit_hash": sha = try reader.optionalString()
      case "branch": branch = try reader.optionalString()
      case "repository_url": originURL = try reader.optionalString()
      default: try reader.skip()
      }
    }
  }

  package func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.field("sha", sha)
    writer.field("branch", branch)
    writer.field("originUrl", originURL)
    writer.endObject()
  }

  package func writeRollout(to writer: inout JSONWriter) {
    writer.beginObject()
    if let sha { writer.field("commit_hash", sha) }
    if let branch { writer.field("branch", branch) }
    if let originURL { writer.field("repository_url", originURL) }
    writer.endObject()
  }
}

package enum ThreadStatus: Sendable, Equatable {
  package enum ActiveFlag: String, Sendable {
    case waitingOnApproval
    case waitingOnUserInput
  }

  case notLoaded
  case idle
  /// After a failed turn, until the next.
  case systemError
  case active([ActiveFlag])

  package func write(to writer: inout JSONWriter) {
    writer.beginObject()
    switch self {
    case .notLoaded: writer.field("type", literal: "notLoaded")
    case .idle: writer.field("type", literal: "idle")
    case .systemError: writer.field("type", literal: "systemError")
    case .active(let flags):
      writer.field("type", literal: "active")
      writer.field("activeFlags", flags.map(\.rawValue))
    }
    writer.endObject()
  }
}

/// What a thread was started by.
package enum ThreadSource: Sendable, Equatable {
  case cli
  case vscode
  case exec
  case appServer
  case unknown
  case custom(String)
  /// The source of a sub-agent's thread, as stored: a word or an object; the wire has it under `subAgent`.
  case subAgent(RawJSON)

  /// The kind that `sourceKinds` of `thread/list` names; no client can name `custom`.
  package var kind: String {
    switch self {
    case .cli: "cli"
    case .vscode: "vscode"
    case .exec: "exec"
    case .appServer: "appServer"
    case .unknown: "unknown"
    case .custom: "custom"
    case .subAgent(let raw):
      switch raw.value {
      case .string("review"): "subAgentReview"
      case .string("compact"): "subAgentCompact"
      case .object(let object) where object["thread_spawn"] != nil: "subAgentThreadSpawn"
      default: "subAgentOther"
      }
    }
  }

  package var isSubAgent: Bool {
    if case .subAgent = self { true } else { false }
  }

  /// The thread that spawned this one, and the nickname and role that it gave.
  package var spawn: (parentThreadID: String, nickname: String?, role: String?)? {
    guard case .subAgent(let raw) = self, let spawn = raw.value?["thread_spawn"],
      let parent = spawn["parent_thread_id"]?.stringValue
    else { return nil }
    return (parent, spawn["agent_nickname"]?.stringValue, spawn["agent_role"]?.stringValue)
  }

  /// The `source` of a `session_meta` record; what is not known is `.unknown`.
  package init(rollout reader: inout JSONReader) throws(JSONError) {
    switch try RawJSON(&reader).value {
    case .string(let word): self = Self.named(word)
    case .object(let object):
      if let custom = object["custom"]?.stringValue {
        self = .custom(custom)
      } else if let agent = object["subagent"] ?? object["sub_agent"] ?? object["subAgent"] {
        self = .subAgent(RawJSON(agent))
      } else {
        self = .unknown
      }
    default: self = .unknown
    }
  }

  private static func named(_ word: String) -> ThreadSource {
    switch word {
    case "cli": .cli
    case "vscode": .vscode
    case "exec": .exec
    case "mcp", "app_server", "appServer": .appServer
    default: .unknown
    }
  }

  package func write(to writer: inout JSONWriter) {
    switch self {
    case .cli: writer.string("cli" as StaticString)
    case .vscode: writer.string("vscode" as StaticString)
    case .exec: writer.string("exec" as StaticString)
    case .appServer: writer.string("appServer" as StaticString)
    case .unknown: writer.string("unknown" as StaticString)
    case .custom(let name):
      writer.beginObject()
      writer.field("custom", name)
      writer.endObject()
    case .subAgent(let raw):
      writer.beginObject()
      writer.field("subAgent", raw)
      writer.endObject()
    }
  }

  package func writeRollout(to writer: inout JSONWriter) {
    switch self {
    case .cli, .vscode, .exec, .unknown, .custom: write(to: &writer)
    case .appServer: writer.string("mcp" as StaticString)
    case .subAgent(let raw):
      writer.beginObject()
      writer.field("subagent", raw)
      writer.endObject()
    }
  }
}

/// Where a loaded thread works.
package struct ThreadEnvironment: Sendable, Equatable {
  package var environmentID: String
  package var cwd: String
  package var runtimeWorkspaceRoots: [String]

  package init(environmentID: String = "local", cwd: String, runtimeWorkspaceRoots: [String]) {
    self.environmentID = environmentID
    self.cwd = cwd
    self.runtimeWorkspaceRoots = runtimeWorkspaceRoots
  }

  package func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.field("environmentId", environmentID)
    writer.field("cwd", cwd)
    writer.field("runtimeWorkspaceRoots", runtimeWorkspaceRoots)
    writer.endObject()
  }
}

/// How a thread's history is stored.
package enum HistoryMode: String, WireEnum {
  /// Records have ordinals, and items are records of their own.
  case paginated
  case legacy
}

/// A thread as clients see it. Turns are not part of it: they are written next to it, because there may be many.
package struct ThreadObject: Sendable, Equatable {
  package var id: String
  /// nil unless it is loaded.
  package var environments: [ThreadEnvironment]?
  /// The root of the tree of threads.
  package var sessionID: String
  package var forkedFromID: String?
  package var parentThreadID: String?
  /// The first message of the user; empty before.
  package var preview: String
  package var ephemeral: Bool
  package var historyMode: HistoryMode
  package var modelProvider: String
  package var model: String?
  package var reasoningEffort: String?
  /// Seconds since 1970.
  package var createdAt: Int64
  package var updatedAt: Int64
  package var recencyAt: Int64
  package var status: ThreadStatus
  /// The rollout file, also before it exists; nil for an ephemeral thread.
  package var path: String?
  package var cwd: String
  package var cliVersion: String
  package var originator: String?
  package var source: ThreadSource
  /// true when loaded, else nil.
  package var canAcceptDirectInput: Bool?
  package var threadSource: String?
  package var agentNickname: String?
  package var agentRole: String?
  package var gitInfo: GitInfo?
  package var name: String?
  /// Not on the wire: the thread's first own turn, which is the first unread one until somebody marks turns as read.
  package var firstTurnID: String?

  package init(
    id: String, sessionID: String? = nil, modelProvider: String, cwd: String, cliVersion: String,
    originator: String? = nil, source: ThreadSource = .vscode, createdAt: Int64, path: String? = nil,
    historyMode: HistoryMode = .paginated, status: ThreadStatus = .notLoaded
  ) {
    self.id = id
    self.sessionID = sessionID ?? id
    self.preview = ""
    self.ephemeral = false
    self.historyMode = historyMode
    self.modelProvider = modelProvider
    self.createdAt = createdAt
    self.updatedAt = createdAt
    self.recencyAt = createdAt
    self.status = status
    self.path = path
    self.cwd = cwd
    self.cliVersion = cliVersion
    self.originator = originator
    self.source = source
  }

  /// Writes the thread with no turns.
  package func write(to writer: inout JSONWriter) {
    write(to: &writer) { (_: inout JSONWriter) in }
  }

  /// Writes the thread; `turns` writes the elements of the open array.
  package func write<Failure>(
    to writer: inout JSONWriter, turns: (inout JSONWriter) throws(Failure) -> Void
  ) throws(Failure) {
    writer.beginObject()
    writer.field("id", id)
    writer.key("environments")
    if let environments {
      writer.beginArray()
      for environment in environments { environment.write(to: &writer) }
      writer.endArray()
    } else {
      writer.null()
    }
    writer.nullField("extra")
    writer.field("sessionId", sessionID)
    writer.field("forkedFromId", forkedFromID)
    writer.field("parentThreadId", parentThreadID)
    writer.field("preview", preview)
    writer.field("ephemeral", ephemeral)
    writer.nullField("section")
    writer.nullField("sectionEnteredAt")
    writer.nullField("projectId")
    writer.field("historyMode", historyMode.rawValue)
    writer.field("modelProvider", modelProvider)
    writer.field("model", model)
    writer.field("reasoningEffort", reasoningEffort)
    writer.field("createdAt", createdAt)
    writer.field("updatedAt", updatedAt)
    writer.field("recencyAt", recencyAt)
    writer.key("status")
    status.write(to: &writer)
    writer.field("path", path)
    writer.field("cwd", cwd)
    writer.field("cliVersion", cliVersion)
    writer.field("originator", originator)
    writer.key("source")
    source.write(to: &writer)
    writer.field("canAcceptDirectInput", canAcceptDirectInput)
    writer.field("threadSource", threadSource)
    writer.field("agentNickname", agentNickname)
    writer.field("agentRole", agentRole)
    writer.key("gitInfo")
    if let gitInfo { gitInfo.write(to: &writer) } else { writer.null() }
    writer.field("name", name)
    writer.nullField("daybreakEnabled")
    writer.key("turns")
    writer.beginArray()
    try turns(&writer)
    writer.endArray()
    writer.endObject()
  }
}
