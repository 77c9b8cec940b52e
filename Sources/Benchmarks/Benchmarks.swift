import Glibc
import HostIO
import JSON

/// Prints what the server costs: `Benchmarks --binary PATH [--reference PATH] [--only WORD]`.
///
/// Each figure is measured on one binary after the other in the same run, because the machine's speed drifts. Nothing is
/// judged here; docs/performance.md keeps the figures and the limits that they must stay within.
@main
enum Benchmarks {
  static func main() {
    Program(Array(CommandLine.arguments.dropFirst())).run()
  }
}

/// One figure of one binary.
struct Figure {
  var name: String
  var value: String
}

struct Program {
  private var binaries: [(label: String, path: String)] = []
  private var only: String?

  init(_ arguments: [String]) {
    var rest = arguments[...]
    while let word = rest.popFirst() {
      switch word {
      case "--binary": if let path = rest.popFirst() { binaries.append(("codex-swift", path)) }
      case "--reference": if let path = rest.popFirst() { binaries.append(("reference", path)) }
      case "--only": only = rest.popFirst()
      default:
        print("usage: Benchmarks --binary PATH [--reference PATH] [--only WORD]")
        exit(2)
      }
    }
  }

  func run() {
    Signals.ignoreFailedWrites()
    let root = "/tmp/codex-bench-\(getpid())"
    let endpoint = ModelEndpoint()
    defer { removeTree(root) }
    for (name, measure) in Self.measurements {
      if let only, !name.contains(only) { continue }
      for binary in binaries {
        do {
          let scene = try Scene(binary: binary.path, root: Path.join(root, "\(binary.label)-\(name)"), endpoint)
          for figure in try measure(scene) {
            let label = figure.name.padding(to: 62)
            print("\(binary.label.padding(to: 12)) \(label) \(figure.value)")
          }
        } catch {
          print("\(binary.label.padding(to: 12)) \(name): failed: \(error)")
        }
      }
    }
  }

  static var measurements: [(String, (Scene) throws -> [Figure])] {
    [
      ("start", Measurements.start), ("idle", Measurements.idle), ("requests", Measurements.requests),
      ("deltas", Measurements.deltas), ("turn", Measurements.turn), ("threads", Measurements.threads),
      ("list", Measurements.list), ("search", Measurements.search), ("long", Measurements.longThread),
      ("huge", Measurements.hugeThread), ("size", Measurements.size),
    ]
  }

  private func removeTree(_ path: String) {
    for entry in (try? File.list(path)) ?? [] {
      let inner = Path.join(path, entry.name)
      if (try? File.status(inner, followLinks: false))?.kind == .directory {
        removeTree(inner)
      } else {
        try? File.unlink(inner)
      }
    }
    try? File.removeDirectory(path)
  }
}

/// Fresh folders for one measurement.
struct Scene {
  let binary: String
  let endpoint: ModelEndpoint
  let root: String
  let work: String

  init(binary: String, root: String, _ endpoint: ModelEndpoint) throws {
    self.binary = binary
    self.endpoint = endpoint
    self.root = root
    work = Path.join(root, "work")
    try File.makeDirectories(work)
  }

  func home(_ name: String = "home") throws -> String {
    try SyntheticHome.make(name, in: root, port: endpoint.port)
  }

  func peer(home: String) throws -> Peer { try Peer(binary: binary, home: home, cwd: work) }

  func initialized(home: String) throws -> Peer {
    let peer = try peer(home: home)
    try peer.initialize()
    return peer
  }
}

extension String {
  func padding(to width: Int) -> String {
    count >= width ? self : self + String(repeating: " ", count: width - count)
  }
}

/// Milliseconds, microseconds, megabytes in a readable form.
func number(_ value: Double, _ unit: String) -> String {
  let digits = value >= 100 ? 0 : value >= 10 ? 1 : 2
  let scale = [1.0, 10.0, 100.0][digits]
  let rounded = (value * scale).rounded() / scale
  return "\(digits == 0 ? String(Int(rounded)) : String(rounded)) \(unit)"
}

/// Smallest, median and largest of several values.
func spread(_ values: [Double], _ unit: String) -> String {
  let sorted = values.sorted()
  guard let first = sorted.first, let last = sorted.last else { return "-" }
  return "\(number(sorted[sorted.count / 2], unit)) (\(number(first, unit)) … \(number(last, unit)))"
}

func milliseconds(_ body: () throws -> Void) rethrows -> Double {
  let start = Instant.now()
  try body()
  return Double(Instant.now().nanoseconds - start.nanoseconds) / 1e6
}
