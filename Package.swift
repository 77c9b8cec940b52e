// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

/// Of our code that ships. The module that is imported unasked otherwise has the regular expressions, and one
/// `text.contains("part")` links them all: 1 MB.
let shipped =
  strict + [.unsafeFlags(["-Xfrontend", "-disable-implicit-string-processing-module-import"])]

/// A module under `Sources/`. Who may import whom is a table in Tests/ArchitectureTests.
func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: shipped)
}

/// A module of C: the system calls and library entry points that Swift cannot reach by itself.
func cModule(_ name: String) -> Target {
  .target(name: name, cSettings: [.define("_GNU_SOURCE"), .unsafeFlags(["-Wall", "-Wextra"])])
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

let package = Package(
  name: "codex-swift",
  products: [.executable(name: "codex", targets: ["codex"])],
  dependencies: [],
  targets: [
    // Pure: no Foundation, no Glibc, no clock, no randomness of their own.
    module("Bytes"),
    module("JSON"),
    module("TOML"),
    module("JSONRPC", ["JSON"]),
    module("ModelAPI", ["JSON"]),
    module("Configuration", ["Bytes", "JSON", "TOML"]),
    module("AppServerProtocol", ["JSON", "JSONRPC"]),
    module("AgentCore", ["Bytes", "JSON", "AppServerProtocol", "ModelAPI", "Configuration"]),

    // Wrappers: one system facility each, no policy.
    cModule("CSys"),
    cModule("CCurl"),
    module("HostIO", ["CSys"]),
    module("HTTPClient", ["CCurl", "HostIO"]),
    module("Store", ["Bytes", "JSON", "AppServerProtocol", "HostIO"]),

    // Shells: run the effects that the pure modules ask for.
    module("Transport", ["JSON", "JSONRPC", "HostIO"]),
    module(
      "AgentRuntime",
      ["Bytes", "JSON", "AppServerProtocol", "AgentCore", "Configuration", "ModelAPI", "HTTPClient", "HostIO", "Store"]),
    module(
      "AppServer",
      [
        "Bytes", "JSON", "JSONRPC", "AppServerProtocol", "AgentCore", "AgentRuntime", "Configuration", "ModelAPI",
        "HostIO", "HTTPClient", "Store", "Transport", "TOML",
      ]),
    .executableTarget(
      name: "codex",
      dependencies: ["AppServer", "AppServerProtocol", "Configuration", "HostIO", "JSON", "JSONRPC", "Transport"],
      swiftSettings: shipped,
      // Nobody links against the executable. Exported, our symbols would keep code alive that nothing calls (0.6 MB).
      linkerSettings: [.unsafeFlags(["-Xlinker", "--no-export-dynamic"])]),
    .executableTarget(
      name: "Benchmarks", dependencies: ["HostIO", "JSON", "ModelAPI", "Store"], swiftSettings: strict),

    // Tests.
    .target(name: "TestSupport", dependencies: ["HostIO", "JSON"], path: "Tests/TestSupport", swiftSettings: strict),
    tests("BytesTests", ["Bytes"]),
    tests("JSONTests", ["JSON", "TestSupport"]),
    tests("TOMLTests", ["TOML", "JSON", "TestSupport"]),
    tests("JSONRPCTests", ["JSONRPC", "JSON"]),
    tests("ModelAPITests", ["ModelAPI", "JSON"]),
    tests("ConfigurationTests", ["Configuration", "TOML", "JSON"]),
    tests("AppServerProtocolTests", ["AppServerProtocol", "JSON", "JSONRPC"]),
    tests("AgentCoreTests", ["AgentCore", "AppServerProtocol", "ModelAPI", "JSON", "Configuration"]),
    tests("HostIOTests", ["HostIO", "TestSupport"]),
    tests("HTTPClientTests", ["HTTPClient", "HostIO", "TestSupport"]),
    tests("StoreTests", ["Store", "AppServerProtocol", "HostIO", "JSON", "TestSupport"]),
    tests("TransportTests", ["Transport", "HostIO", "JSON", "TestSupport"]),
    tests(
      "AppServerTests",
      ["AgentRuntime", "AppServer", "AppServerProtocol", "HostIO", "JSON", "JSONRPC", "Transport", "TestSupport"]),
    tests("EndToEndTests", ["HostIO", "JSON", "TestSupport", "codex"]),
    tests("ArchitectureTests", ["JSON", "TestSupport"]),
  ],
  swiftLanguageModes: [.v6]
)
