import AgentRuntime
import AppServerProtocol
import Configuration
import HostIO
import JSON
import JSONRPC
import ModelAPI

/// The configuration as it is on disk at each moment. Files are read when something asks, and again only after one of
/// them changed.
@LoopActor
final class ConfigurationStore {
  private let home: String
  private let cwd: String
  private let userHome: String
  private let flags: ConfigLayer?
  private let userFile: String
  private static let systemFile = "/etc/codex/config.toml"
  /// Rules of an organization that we do not enforce yet; ignoring them would be worse than not starting.
  private static let requirementsFile = "/etc/codex/requirements.toml"

  private struct Base {
    var stamps: [FileStamp?]
    var layers: [ConfigLayer]
  }

  private var base: Base?
  /// Settings without project layers and overrides of a thread, for as long as the files stay as they are.
  private var plain: (stamps: [FileStamp?], settings: Settings)?
  private var catalogs: [String: (stamp: FileStamp?, catalog: ModelCatalog)] = [:]
  private lazy var bundledCatalog = ModelCatalog.bundled

  init(_ options: Server.Options, strictConfig: Bool) throws(StartError) {
    home = options.codexHome
    cwd = options.cwd
    userHome = options.environment.nonEmpty("HOME") ?? options.codexHome
    userFile = Path.join(home, "config.toml")
    let overrides =
      options.overrides.map(ConfigOverride.setting)
      + options.features.map { ConfigOverride.feature($0.name, isEnabled: $0.isEnabled) }
    do throws(ConfigError) {
      flags = overrides.isEmpty ? nil : try ConfigLayer.sessionFlags(overrides)
    } catch {
      throw StartError(error.description)
    }
    if let bytes = try? File.read(Self.requirementsFile, limit: ConfigLayer.maximumFileLength), !bytes.isEmpty {
      throw StartError("\(Self.requirementsFile) exists, and codex-swift does not enforce managed requirements yet")
    }
    if strictConfig {
      do throws(ConfigError) {
        try stack().refuseUnknownKeys()
      } catch {
        throw StartError(error.description)
      }
    }
  }

  // MARK: - Layers

  /// All layers that hold in a folder, with those of a thread's request.
  func stack(in folder: String? = nil, threadConfig: JSONObject? = nil) throws(ConfigError) -> ConfigStack {
    var layers = try baseLayers()
    let paths = PathContext(home: userHome, workingDirectory: folder ?? cwd)
    if let folder { layers += try projectLayers(in: folder, below: layers, paths) }
    if let threadConfig { layers.append(try ConfigLayer.threadRequest(threadConfig)) }
    return ConfigStack(layers, paths: paths)
  }

  /// The typed settings of a folder and a thread's request.
  func settings(in folder: String? = nil, threadConfig: JSONObject? = nil) throws(ConfigError) -> Settings {
    let isPlain = threadConfig == nil && folder.map { projectFolders(of: $0).isEmpty } ?? true
    if isPlain, let plain, plain.stamps == stamps { return plain.settings }
    let settings = try Settings(try stack(in: folder, threadConfig: threadConfig))
    if isPlain { plain = (stamps, settings) }
    return settings
  }

  private var stamps: [FileStamp?] { [FileStamp(Self.systemFile), FileStamp(userFile)] }

  private func baseLayers() throws(ConfigError) -> [ConfigLayer] {
    let stamps = stamps
    if let base, base.stamps == stamps { return base.layers }
    var layers: [ConfigLayer] = []
    if stamps[0] != nil {
      layers.append(try ConfigLayer(.system(file: Self.systemFile), file: try read(Self.systemFile)))
    }
    let user = ConfigSource.user(file: userFile, profile: nil)
    layers.append(
      stamps[1] == nil ? ConfigLayer(user, content: JSONObject()) : try ConfigLayer(user, file: try read(userFile)))
    if let flags { layers.append(flags) }
    base = Base(stamps: stamps, layers: layers)
    return layers
  }

  private func read(_ path: String) throws(ConfigError) -> [UInt8] {
    do {
      return try File.read(path, limit: ConfigLayer.maximumFileLength)
    } catch {
      throw ConfigError("Failed to read config file \(path): \(error)")
    }
  }

  /// Folders with a `.codex/config.toml`, from the project's top down to `folder`.
  private func projectFolders(of folder: String) -> [String] {
    let chain = Path.ancestors(of: folder)
    let top = chain.firstIndex { File.exists(Path.join($0, ".git")) } ?? 0
    return chain[...top].reversed().filter { candidate in
      let dotCodex = Path.join(candidate, ".codex")
      return dotCodex != home && File.exists(Path.join(dotCodex, "config.toml"))
    }
  }

  private func projectLayers(
    in folder: String, below layers: [ConfigLayer], _ paths: PathContext
  ) throws(ConfigError) -> [ConfigLayer] {
    let folders = projectFolders(of: folder)
    guard !folders.isEmpty else { return [] }
    let trust = ConfigStack(layers, paths: paths).trust
    let root = GitRepository(containing: folder)?.root
    var found: [ConfigLayer] = []
    for project in folders {
      let dotCodex = Path.join(project, ".codex")
      let level = trust.level(of: [folder] + (root.map { [$0] } ?? []))
      let reason = ProjectTrust.disabledReason(level: level, folder: root ?? folder, userFile: userFile)
      let bytes = try read(Path.join(dotCodex, "config.toml"))
      found.append(try ProjectLayer(dotCodexFolder: dotCodex, file: bytes, disabledReason: reason).layer)
    }
    return found
  }

  /// What the user says about a folder, or about the repository that it is in.
  func trust(of folder: String) throws(ConfigError) -> TrustLevel? {
    let paths = PathContext(home: userHome, workingDirectory: folder)
    let root = GitRepository(containing: folder)?.root
    return ConfigStack(try baseLayers(), paths: paths).trust.level(of: [folder] + (root.map { [$0] } ?? []))
  }

  // MARK: - Single answers

  func activeProviderNeedsAuth() throws(RPCError) -> Bool {
    do throws(ConfigError) {
      return try settings().provider.requiresOpenAIAuth
    } catch {
      throw .internalError("invalid configuration: \(error)")
    }
  }

  var unloadDelay: Duration? {
    (try? settings())?.threadUnloadDelaySeconds.map { Duration.seconds($0) }
  }

  /// The sandbox of a permission profile. Only the built-in ones exist so far.
  func sandbox(ofProfile name: String) throws(RPCError) -> SandboxPolicy {
    guard let profile = PermissionProfile(rawValue: name) else {
      throw .invalidRequest(
        "failed to load configuration: default_permissions refers to unknown built-in profile `\(name)`")
    }
    switch profile.mode {
    case .readOnly: return .readOnly(networkAccess: false)
    case .dangerFullAccess: return .dangerFullAccess
    case .workspaceWrite: return .workspaceWrite(.init())
    }
  }

  /// The models that settings name: a catalog of the user's, or the bundled one.
  func catalog(_ settings: Settings) throws(ConfigError) -> ModelCatalog {
    guard let path = settings.modelCatalogFile else { return bundledCatalog }
    let stamp = FileStamp(path)
    if let known = catalogs[path], known.stamp == stamp { return known.catalog }
    let bytes = try read(path)
    let catalog: ModelCatalog
    do {
      catalog = try ModelCatalog(json: bytes)
    } catch {
      throw ConfigError("failed to parse model catalog \(path): \(error)", at: ["model_catalog_json"])
    }
    catalogs[path] = (stamp, catalog)
    return catalog
  }

  // MARK: - Warnings

  /// What every client is told after its handshake: findings in the files as they are now.
  var startWarnings: [JSON] {
    do throws(ConfigError) {
      let stack = try stack(in: cwd)
      _ = try Settings(stack)
      let summaries = [stack.unknownKeysWarning, ProjectTrust.disabledFoldersWarning(stack.layers)]
      return summaries.compactMap { $0 }.map { ["summary": .string($0), "details": nil] }
    } catch {
      return [error.warning()]
    }
  }
}
