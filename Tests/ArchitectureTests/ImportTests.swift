import Testing

/// Who may import whom (docs/architecture.md). SwiftPM does not hold this line: an undeclared import compiles once that
/// module happens to be built.
private let rules: [Rule] = [
  // Pure: functions of their input. No file, no socket, no clock, no randomness of their own.
  .pure("Bytes"),
  .pure("JSON"),
  .pure("TOML"),
  .pure("JSONRPC", ["JSON"]),
  .pure("ModelAPI", ["JSON"]),
  .pure("Configuration", ["Bytes", "JSON", "TOML"]),
  .pure("AppServerProtocol", ["JSON", "JSONRPC"]),
  .pure("AgentCore", ["Bytes", "JSON", "AppServerProtocol", "ModelAPI", "Configuration"]),

  // Wrappers: one system facility each, no policy.
  .system("HostIO", ["CSys"]),
  .system("HTTPClient", ["CCurl", "CSys", "HostIO"]),
  .system("Store", ["Bytes", "JSON", "AppServerProtocol", "HostIO"]),

  // Shells: run the effects that the pure modules ask for.
  .system("Transport", ["JSON", "JSONRPC", "HostIO"]),
  .system(
    "AgentRuntime",
    [
      "Bytes", "JSON", "AppServerProtocol", "AgentCore", "Configuration", "ModelAPI", "HTTPClient", "HostIO", "Store",
    ]),
  .system(
    "AppServer",
    [
      "Bytes", "JSON", "JSONRPC", "AppServerProtocol", "AgentCore", "AgentRuntime", "Configuration", "ModelAPI",
      "HostIO", "HTTPClient", "Store", "Transport", "TOML",
    ]),
  .system("codex", ["AppServer", "AppServerProtocol", "Configuration", "HostIO", "JSON", "JSONRPC", "Transport"]),
  .system("Benchmarks", ["HostIO", "JSON", "ModelAPI", "Store"]),
]

/// Modules of C: they import nothing of ours.
private let modulesOfC: Set = ["CSys", "CCurl"]

@Suite struct `Who imports whom` {
  @Test func `every import is in the table`() throws {
    var readFiles = 0
    for rule in rules {
      for path in try Repository.swiftFiles(under: "Sources/\(rule.module)") {
        readFiles += 1
        for (line, module) in imports(in: try Repository.text(of: path)) where !rule.allows(module) {
          Issue.record("\(path):\(line): \(rule.module) must not import \(module)")
        }
      }
    }
    #expect(readFiles > rules.count)
  }

  @Test func `every module is in the table`() throws {
    let folders = try Repository.names(in: "Sources").filter { $0.hasSuffix("/") }.map { String($0.dropLast()) }
    #expect(Set(folders) == Set(rules.map(\.module)).union(modulesOfC))
  }

  @Test func `nothing under Sources imports Foundation, not even in part`() throws {
    for path in try Repository.swiftFiles(under: "Sources") {
      for (line, module) in imports(in: try Repository.text(of: path)) where module.hasPrefix("Foundation") {
        Issue.record("\(path):\(line): imports \(module)")
      }
    }
  }

  @Test func `the table has no cycle and its rows come after what they import`() {
    var known = modulesOfC
    for rule in rules {
      #expect(rule.ownModules.isSubset(of: known), "\(rule.module) comes before what it imports")
      known.insert(rule.module)
    }
  }

  @Test func `all forms of an import are found, and nothing else`() {
    let text = """
      // import Commented
      import Plain
      @preconcurrency import Attributed
        package import Indented
      @testable  import struct Kinds.Name
      internal import func Glibc.read  // because
      let important = "import Quoted"
      import Sub.Module; import Second
      """
    let found = imports(in: text)
    #expect(found.map(\.module) == ["Plain", "Attributed", "Indented", "Kinds", "Glibc", "Sub", "Second"])
    #expect(found.map(\.line) == [2, 3, 4, 5, 6, 8, 8])
  }
}

private struct Rule {
  let module: String
  let ownModules: Set<String>
  private let systemModules: Set<String>

  /// May import the modules listed and nothing of the system.
  static func pure(_ module: String, _ imports: [String] = []) -> Rule {
    Rule(module: module, ownModules: Set(imports), systemModules: [])
  }

  /// May import the modules listed and the C library.
  static func system(_ module: String, _ imports: [String]) -> Rule {
    Rule(module: module, ownModules: Set(imports), systemModules: ["Glibc", "Synchronization"])
  }

  func allows(_ imported: String) -> Bool { ownModules.contains(imported) || systemModules.contains(imported) }
}

/// The modules that a source file imports, with the numbers of the lines.
private func imports(in text: String) -> [(line: Int, module: String)] {
  let kinds: Set = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias", "actor"]
  let before: Set = ["package", "internal", "public", "private", "fileprivate"]
  var found: [(line: Int, module: String)] = []
  for (at, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
    for statement in line.split(separator: ";") {
      var words = statement.split { $0 == " " || $0 == "\t" }[...]
      while let word = words.first, before.contains(String(word)) || word.hasPrefix("@") { words.removeFirst() }
      guard words.popFirst() == "import" else { continue }
      if let kind = words.first, kinds.contains(String(kind)) { words.removeFirst() }
      guard let path = words.first, let module = path.split(separator: ".").first else { continue }
      found.append((at + 1, String(module)))
    }
  }
  return found
}
