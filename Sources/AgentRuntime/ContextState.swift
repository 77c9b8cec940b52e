import AgentCore
import AppServerProtocol
import HostIO
import JSON
import ModelAPI

/// Which context blocks the model has seen last, so that later turns add only what changed (agent-core.md §3.1).
struct ContextState {
  /// The blocks as they are now.
  struct Blocks {
    /// Verbatim; said once.
    var instructions: String?
    var permissions: String?
    var mode: String?
    var documents: String?
    var environment: EnvironmentContext?
  }

  private var hasBegun = false
  private var permissions: String?
  private var mode: String?
  private var documents: String?
  private var environment: EnvironmentContext?
  /// The environment block of a stored thread, of which only the text is known.
  private var environmentText: String?

  init() {}

  /// What a stored history says last of each kind.
  init(recalledFrom items: [HistoryItem]) {
    for item in items {
      for text in Self.texts(of: item) {
        if text.hasBytePrefix("<permissions instructions>") {
          permissions = text
        } else if text.hasBytePrefix("<collaboration_mode>") {
          mode = text
        } else if text.hasBytePrefix("# AGENTS.md instructions for ") {
          documents = text
        } else if text.hasBytePrefix("<environment_context>") {
          environmentText = text
        } else {
          continue
        }
        hasBegun = true
      }
    }
  }

  private static func texts(of item: HistoryItem) -> [String] {
    switch item.kind {
    case .userMessage(let texts): texts
    case .developerMessage:
      (try? JSON.parse(item.raw))?["content"]?.arrayValue?.compactMap { $0["text"]?.stringValue } ?? []
    default: []
    }
  }

  /// The messages that say what is new, or everything when nothing was said yet or `changedOnly` is false.
  mutating func take(_ blocks: Blocks, changedOnly: Bool, makeID: () -> String) -> [HistoryItem] {
    let isFirst = !hasBegun || !changedOnly
    var developer: [InputPart] = []
    var user: [InputPart] = []
    if isFirst, let instructions = blocks.instructions { developer.append(.text(instructions)) }
    if let text = blocks.permissions, isFirst || text != permissions { developer.append(.text(text)) }
    if let text = blocks.mode, isFirst || text != mode { developer.append(.text(text)) }
    if let text = blocks.documents, isFirst || text != documents { user.append(.text(text)) }
    if let current = blocks.environment, let text = environmentText(current, isFirst: isFirst) {
      user.append(.text(text))
    }
    hasBegun = true
    permissions = blocks.permissions
    mode = blocks.mode
    documents = blocks.documents
    environment = blocks.environment
    environmentText = nil
    return [(InputItem.Role.developer, developer), (.user, user)].compactMap { role, parts in
      guard !parts.isEmpty else { return nil }
      return try? HistoryItem(raw: InputItem.message(role, id: makeID(), parts))
    }
  }

  private func environmentText(_ current: EnvironmentContext, isFirst: Bool) -> String? {
    if isFirst { return current.block }
    if let environment { return current.update(since: environment) }
    return current.block == environmentText ? nil : current.block
  }
}

extension AgentThread {
  /// The blocks for the thread's settings as they are.
  var contextBlocks: ContextState.Blocks {
    var blocks = ContextState.Blocks()
    blocks.instructions = setup.developerInstructions
    if setup.includesPermissions {
      blocks.permissions =
        PermissionsContext(
          sandbox: .init(settings.sandbox.mode), networkAccess: settings.sandbox.hasNetworkAccess,
          approval: .init(settings.approvalPolicy), writableRoots: settings.sandbox.writableRoots
        ).block
    }
    if setup.includesMode { blocks.mode = modeText }
    blocks.documents = documents.text.map { AgentsInstructions.block(cwd: settings.cwd, text: $0) }
    if setup.includesEnvironment { blocks.environment = environmentContext }
    return blocks
  }

  private var modeText: String? {
    switch settings.modeKind {
    case .standard: settings.modeInstructions.map(ContextBlock.collaborationMode)
    case .plan: ContextBlock.collaborationMode(settings.modeInstructions ?? Self.planMode)
    }
  }

  private static let planMode = """
    Plan mode is on. Work out what should be done and change nothing: no file is edited, no state is altered. Look around \
    as much as the plan needs, and ask where only the user can decide. When the plan is ready, write it between a line \
    <proposed_plan> and a line </proposed_plan>.
    """

  private var environmentContext: EnvironmentContext {
    let local = services.clock.now().local
    let shell = services.environment.nonEmpty("SHELL") ?? "/bin/bash"
    return EnvironmentContext(
      cwd: settings.cwd,
      shell: String(shell[(shell.lastIndex(of: "/").map(shell.index(after:)) ?? shell.startIndex)...]),
      currentDate: local.dayPath.joined(separator: "-"),
      timeZone: LocalTimeZone.name(services.environment), workspaceRoots: [settings.cwd],
      permissions: settings.sandbox.places(in: settings.cwd))
  }
}

extension PermissionsContext.Sandbox {
  init(_ mode: SandboxMode) { self = Self(rawValue: mode.rawValue) ?? .readOnly }
}

extension PermissionsContext.Approval {
  init(_ policy: ApprovalPolicy) {
    switch policy {
    case .untrusted: self = .untrusted
    case .onFailure: self = .onFailure
    case .onRequest, .granular: self = .onRequest
    case .never: self = .never
    }
  }
}

extension SandboxPolicy {
  var writableRoots: [String] {
    if case .workspaceWrite(let settings) = self { settings.writableRoots } else { [] }
  }

  /// What commands may touch, as the model is told.
  func places(in cwd: String) -> EnvironmentContext.Permissions {
    switch self {
    case .dangerFullAccess, .externalSandbox: return .disabled
    case .readOnly: return .managed([.init(.read, .special(":root"))])
    case .workspaceWrite(let settings):
      var entries: [EnvironmentContext.Entry] = [
        .init(.read, .special(":root")), .init(.write, .path(cwd)),
      ]
      entries += settings.writableRoots.map { .init(.write, .path($0)) }
      if !settings.excludeSlashTmp { entries.append(.init(.write, .special(":slash_tmp"))) }
      if !settings.excludeTmpdirEnvVar { entries.append(.init(.write, .special(":tmpdir"))) }
      entries += [".git", ".agents", ".codex", ".aws"].map { .init(.read, .path(Path.join(cwd, $0))) }
      return .managed(entries)
    }
  }
}
