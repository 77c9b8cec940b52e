import Testing

private let routesFile = "Sources/AppServer/Routes.swift"
private let hasRoutes = Repository.exists(routesFile)

/// Written by protocol/refresh: they hold every name, so finding one there says nothing.
private let generated: Set = [
  "Sources/AppServerProtocol/MethodNames.swift", "Sources/AppServerProtocol/ExperimentalFields.swift",
]

@Suite struct `The list of methods` {
  @Test func `the words in its columns are known`() throws {
    let methods = try Repository.methods()
    #expect(methods.count > 250)
    for method in methods {
      #expect(
        ["clientRequest", "serverRequest", "clientNotification", "serverNotification"].contains(method.direction),
        "\(method.name)")
      #expect(["stable", "experimental"].contains(method.stability), "\(method.name)")
      #expect(["implemented", "refused", "planned"].contains(method.status), "\(method.name)")
      #expect(["core", "useful", "niche"].contains(method.label), "\(method.name)")
    }
    #expect(Set(methods.map { "\($0.direction) \($0.name)" }).count == methods.count)
  }

  @Test func `the generated table of names agrees with it`() throws {
    let table = try Repository.text(of: "Sources/AppServerProtocol/MethodNames.swift")
    let requests = try Repository.methods().filter { $0.direction == "clientRequest" }
    var listed: [String: String] = [:]
    var names: [String] = []
    var length: Int?
    for line in table.split(separator: "\n") {
      let text = String(line)
      if text.hasPrefix("    case "), text.hasSuffix(":") { length = Int(text.dropFirst(9).dropLast()) }
      for name in literals(in: text) {
        #expect(name.utf8.count == length, "\(name) stands under another length")
        names.append(name)
      }
      for stability in ["stable", "experimental"] where text.hasSuffix("return .\(stability)") {
        for name in names { listed[name] = stability }
        names = []
      }
    }
    #expect(listed == Dictionary(uniqueKeysWithValues: requests.map { ($0.name, $0.stability) }))
    #expect(table.contains("static let count = \(requests.count)\n"))
    for request in requests where !table.contains("`\(request.name)`") {
      Issue.record("\(request.name) is missing in the list of names")
    }
  }

  @Test func `the generated table of experimental fields agrees with it`() throws {
    let table = try Repository.text(of: "Sources/AppServerProtocol/ExperimentalFields.swift")
    let gated = try Repository.methods().filter { $0.direction == "clientRequest" && !$0.experimentalFields.isEmpty }
    #expect(!gated.isEmpty)
    #expect(literals(in: table) == gated.flatMap { [$0.name] + $0.experimentalFields })
  }

  @Test(.enabled(if: hasRoutes, "there is no table of routes yet"))
  func `what is implemented stands in the sources and in a test`() throws {
    let implemented = try Repository.methods().filter { $0.status == "implemented" }
    var sources = Set<String>()
    for folder in ["Sources/AppServer", "Sources/AppServerProtocol"] {
      for path in try Repository.swiftFiles(under: folder) where !generated.contains(path) {
        sources.formUnion(literals(in: try Repository.text(of: path)))
      }
    }
    // In tests a name stands in a string of its own, or in a message that is written out, with or without escapes.
    var tested = Set<String>()
    for path in try Repository.swiftFiles(under: "Tests") where !path.hasPrefix("Tests/ArchitectureTests/") {
      let parts = try Repository.contents(of: path).split { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }
      tested.formUnion(parts.map { String(decoding: $0, as: UTF8.self) })
    }
    for name in implemented.map(\.name) {
      if !sources.contains(name) { Issue.record("\(name) is said to be implemented, but no source names it") }
      if !tested.contains(name) { Issue.record("no test names \(name)") }
    }
  }

  @Test(.enabled(if: hasRoutes, "there is no table of routes yet"))
  func `every route is a method of the list that is said to be implemented`() throws {
    let requests = try Repository.methods().filter { $0.direction == "clientRequest" }
    let status = Dictionary(uniqueKeysWithValues: requests.map { ($0.name, $0.status) })
    let routed = literals(in: try Repository.text(of: routesFile)).filter { isMethodName($0) }
    #expect(!routed.isEmpty)
    for name in routed where status[name] != "implemented" {
      Issue.record("\(name) is routed, but \(status[name] ?? "unknown") in the list")
    }
  }
}

/// What stands between plain double quotes, comments apart. The files that this reads keep quotes out of their strings.
private func literals(in text: String) -> [String] {
  text.split(separator: "\n").flatMap { line -> [String] in
    let code = line.drop { $0 == " " }
    guard !code.hasPrefix("//") else { return [] }
    let parts = code.split(separator: "\"", omittingEmptySubsequences: false)
    return parts.indices.filter { $0 % 2 == 1 && $0 < parts.count - 1 }.map { String(parts[$0]) }
      .filter { !$0.isEmpty }
  }
}

/// `x/y` in letters: other texts with slashes, such as paths, sentences and the prefix of a family, are something else.
private func isMethodName(_ text: String) -> Bool {
  text.utf8.contains(UInt8(ascii: "/")) && text.utf8.first != UInt8(ascii: "/") && text.utf8.last != UInt8(ascii: "/")
    && text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "/"),
        UInt8(ascii: "_"):
        true
      default: false
      }
    }
}
