import AgentCore
import AgentRuntime
import AppServerProtocol
import Configuration
import HostIO
import JSON
import JSONRPC
import ModelAPI

/// What a thread starts with: configuration, then what the request overrides.
struct ThreadSetup {
  var settings: ThreadSettings
  var setup: AgentThread.Setup
}

extension Server {
  /// Settings for a new thread, or for a stored one whose own settings are applied on top by `stored`.
  func makeSetup(
    _ overrides: ThreadOverrides, stored: ((inout ThreadSettings) -> Void)? = nil, storedBase: String? = nil
  ) throws(RPCError) -> ThreadSetup {
    guard overrides.sandbox == nil || overrides.permissions == nil else {
      throw .invalidRequest("`permissions` cannot be combined with `sandbox`")
    }
    do throws(ConfigError) {
      return try build(overrides, stored: stored, storedBase: storedBase)
    } catch {
      throw .invalidRequest("failed to load configuration: \(error)")
    }
  }

  private func build(
    _ overrides: ThreadOverrides, stored: ((inout ThreadSettings) -> Void)?, storedBase: String?
  ) throws(ConfigError) -> ThreadSetup {
    let folder = overrides.cwd.map { Path.absolute($0, from: options.cwd) }
    var config = try configuration.settings(in: folder ?? options.cwd, threadConfig: overrides.config)
    var catalog = try configuration.catalog(config)
    let policies = config.policies(for: try configuration.trust(of: folder ?? options.cwd))

    var settings = ThreadSettings(
      model: config.model ?? catalog.defaultSlug ?? "gpt-6.1-sol", modelProvider: config.provider.id,
      cwd: folder ?? options.cwd,
      approvalPolicy: .init(policies.approval), approvalsReviewer: .init(config.approvalsReviewer),
      sandbox: Self.sandbox(policies.sandbox, config))
    // A sandbox that nobody chose comes from a built-in profile.
    if config.sandboxMode == nil, overrides.sandbox == nil {
      settings.permissionProfile = PermissionProfile.allCases.first { $0.mode == settings.sandbox.mode }?.rawValue
    }
    settings.effort = config.reasoningEffort
    settings.summary = config.reasoningSummary.flatMap { AppServerProtocol.ReasoningSummary(rawValue: $0.rawValue) }
    settings.serviceTier = config.serviceTier
    if let stored {
      stored(&settings)
      // The thread's own folder decides which project's settings count.
      if folder == nil, settings.cwd != options.cwd {
        config = try configuration.settings(in: settings.cwd, threadConfig: overrides.config)
        catalog = try configuration.catalog(config)
      }
    }
    try apply(overrides, to: &settings, config, folder)

    let provider = try config.provider(named: settings.modelProvider)
    var setup = AgentThread.Setup(provider: provider, catalog: catalog, documents: documentRules(config))
    // What a stored thread began with stays, so that the model's prompt cache keeps its first item.
    if let given = overrides.baseInstructions ?? storedBase {
      setup.baseInstructions = given
    } else {
      setup.baseInstructions = try config.instructionsText(readFile)
    }
    setup.developerInstructions = overrides.developerInstructions ?? config.developerInstructions
    setup.compactPrompt = config.compactPrompt
    setup.reviewModel = config.reviewModel
    setup.autoCompactTokenLimit = config.autoCompactTokenLimit
    setup.contextWindowOverride = config.contextWindow
    setup.verbosity = config.verbosity?.rawValue
    setup.includesPermissions = config.includesPermissionsInstructions
    setup.includesEnvironment = config.includesEnvironmentContext
    setup.includesMode = config.includesCollaborationModeInstructions
    return ThreadSetup(settings: settings, setup: setup)
  }

  private func apply(
    _ overrides: ThreadOverrides, to settings: inout ThreadSettings, _ config: Settings, _ folder: String?
  ) throws(ConfigError) {
    if let folder { settings.cwd = folder }
    if let model = overrides.model { settings.model = model }
    if let provider = overrides.modelProvider { settings.modelProvider = provider }
    if let policy = overrides.approvalPolicy { settings.approvalPolicy = policy }
    if let reviewer = overrides.approvalsReviewer {
      settings.approvalsReviewer = reviewer == .guardianSubagent ? .autoReview : reviewer
    }
    if let tier = overrides.serviceTier { settings.serviceTier = tier }
    if let mode = overrides.sandbox {
      settings.sandbox = Self.sandbox(Configuration.SandboxMode(rawValue: mode.rawValue) ?? .readOnly, config)
      settings.permissionProfile = nil
    }
    if let name = overrides.permissions {
      guard let profile = PermissionProfile(rawValue: name) else {
        throw ConfigError("default_permissions refers to unknown built-in profile `\(name)`")
      }
      settings.sandbox = Self.sandbox(Configuration.SandboxMode(rawValue: profile.mode.rawValue) ?? .readOnly, config)
      settings.permissionProfile = name
    }
  }

  private static func sandbox(_ mode: Configuration.SandboxMode, _ config: Settings) -> SandboxPolicy {
    switch mode {
    case .readOnly: .readOnly(networkAccess: false)
    case .dangerFullAccess: .dangerFullAccess
    case .workspaceWrite:
      .workspaceWrite(
        .init(
          writableRoots: config.workspaceWrite.writableRoots, networkAccess: config.workspaceWrite.hasNetworkAccess,
          excludeTmpdirEnvVar: config.workspaceWrite.excludesTmpdirVariable,
          excludeSlashTmp: config.workspaceWrite.excludesSlashTmp))
    }
  }

  private func documentRules(_ config: Settings) -> ProjectDocuments.Rules {
    ProjectDocuments.Rules(
      home: options.codexHome, rootMarkers: config.projectRootMarkers,
      fallbackNames: config.projectDocFallbackFilenames, maximumBytes: config.projectDocMaxBytes)
  }

  private func readFile(_ path: String) throws(ConfigError) -> String {
    do {
      return String(decoding: try File.read(path, limit: 1 << 20), as: UTF8.self)
    } catch {
      throw ConfigError("failed to read model instructions file \(path): \(error)", at: ["model_instructions_file"])
    }
  }
}

extension Settings {
  /// The base instructions that configuration sets in place of the model's own.
  fileprivate func instructionsText(
    _ read: (String) throws(ConfigError) -> String
  ) throws(ConfigError) -> String? {
    if let modelInstructionsFile { return try read(modelInstructionsFile) }
    return instructions
  }
}

extension AppServerProtocol.ApprovalPolicy {
  /// The policy of a configuration file in the protocol's type.
  init(_ policy: Configuration.ApprovalPolicy) {
    switch policy.json {
    case .string(let name): self = Self(name: name) ?? .onRequest
    case let object: self = .granular(object["granular"] ?? .null)
    }
  }
}

extension AppServerProtocol.ApprovalsReviewer {
  init(_ reviewer: Configuration.ApprovalsReviewer) {
    self = Self(rawValue: reviewer.rawValue) ?? .user
  }
}
