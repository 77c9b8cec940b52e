import Glibc
import HostIO
import JSON

/// The figures, in the order of docs/performance.md.
enum Measurements {
  static func start(_ scene: Scene) throws -> [Figure] {
    var times: [Double] = []
    var cpus: [Double] = []
    for round in 0..<25 {
      let home = try scene.home("fresh-\(round)")
      var peer: Peer?
      times.append(
        try milliseconds {
          let started = try scene.peer(home: home)
          peer = started
          try started.initialize()
        })
      if let peer { cpus.append(peer.cpuMicroseconds / 1000) }
      peer?.stop()
    }
    return [
      Figure(name: "process start to initialize reply, fresh home", value: spread(times, "ms")),
      Figure(name: "  CPU", value: spread(cpus, "ms")),
    ]
  }

  static func idle(_ scene: Scene) throws -> [Figure] {
    let peer = try scene.initialized(home: try scene.home())
    defer { peer.stop() }
    sleep(2)
    var figures = try restingFigures(peer, "idle")
    // What the first turn loads and starts (libcurl, the HTTP thread) stays for a while; this is how the server rests then.
    scene.endpoint.answer(deltas: 3, text: "ok ")
    try runTurn(peer, try startThread(peer, scene))
    sleep(2)
    figures += try restingFigures(peer, "idle after a turn")
    return figures
  }

  private static func restingFigures(_ peer: Peer, _ name: String) throws -> [Figure] {
    let switches = peer.voluntarySwitches
    let cpu = peer.cpuMicroseconds
    sleep(5)
    let wakeUps = Double(peer.voluntarySwitches - switches) / 5
    let busy = (peer.cpuMicroseconds - cpu) / 5
    return [
      Figure(name: "\(name): PSS", value: number(Double(peer.pssKilobytes) / 1024, "MB")),
      Figure(name: "\(name): threads", value: "\(peer.threads)"),
      Figure(name: "\(name): wake-ups per second", value: number(wakeUps, "/s")),
      Figure(name: "\(name): CPU per second", value: number(busy, "µs")),
    ]
  }

  static func requests(_ scene: Scene) throws -> [Figure] {
    let peer = try scene.initialized(home: try scene.home())
    defer { peer.stop() }
    let count = 20_000
    let burst = 100
    var lines: [UInt8] = []
    func round(_ from: Int, _ total: Int) throws -> Int {
      var answered = 0
      for start in stride(from: from, to: from + total, by: burst) {
        lines.removeAll(keepingCapacity: true)
        for id in start..<start + burst {
          lines += Array(#"{"id":\#(id),"method":"thread/loaded/list","params":{}}"#.utf8) + [10]
        }
        peer.write(lines)
        var left = burst
        while left > 0, let line = peer.readLine() {
          if line.starts(with: #"{"id":"#.utf8) { left -= 1 }
        }
        answered += burst - left
      }
      return answered
    }
    _ = try round(1_000_000, 1000)
    let cpu = peer.cpuMicroseconds
    let start = Instant.now()
    let answered = try round(2_000_000, count)
    let wall = Double(Instant.now().nanoseconds - start.nanoseconds) / 1000
    return [
      Figure(
        name: "CPU per pipelined request (\(answered) answered)",
        value: number((peer.cpuMicroseconds - cpu) / Double(count), "µs")),
      Figure(name: "wall per pipelined request", value: number(wall / Double(count), "µs")),
    ]
  }

  static func deltas(_ scene: Scene) throws -> [Figure] {
    let count = 20_000
    let peer = try scene.initialized(home: try scene.home())
    defer { peer.stop() }
    let thread = try startThread(peer, scene)
    scene.endpoint.answer(deltas: 10, text: "warm ")
    try runTurn(peer, thread)
    var figures: [Figure] = []
    for (isByEvent, name) in [(false, "in large pieces"), (true, "each written by itself")] {
      scene.endpoint.answer(deltas: count, text: "word ", byEvent: isByEvent)
      var costs: [Double] = []
      var seen = 0
      for _ in 0..<5 {
        let cpu = peer.cpuMicroseconds
        seen = try runTurn(peer, thread)
        costs.append((peer.cpuMicroseconds - cpu) / Double(count))
      }
      figures.append(
        Figure(name: "CPU per streamed delta, \(name) (\(seen) of \(count) seen)", value: spread(costs, "µs")))
    }
    return figures
  }

  static func turn(_ scene: Scene) throws -> [Figure] {
    let peer = try scene.initialized(home: try scene.home())
    defer { peer.stop() }
    let thread = try startThread(peer, scene)
    scene.endpoint.answer(deltas: 3, text: "ok ")
    let first = try milliseconds { try runTurn(peer, thread) }
    var walls: [Double] = []
    let cpu = peer.cpuMicroseconds
    let rounds = 30
    for _ in 0..<rounds { walls.append(try milliseconds { try runTurn(peer, thread) }) }
    return [
      Figure(name: "first turn of the process, wall", value: number(first, "ms")),
      Figure(name: "short turn, wall", value: spread(walls, "ms")),
      Figure(
        name: "short turn, CPU", value: number((peer.cpuMicroseconds - cpu) / Double(rounds) / 1000, "ms")),
    ]
  }

  static func threads(_ scene: Scene) throws -> [Figure] {
    let peer = try scene.initialized(home: try scene.home())
    defer { peer.stop() }
    let first = try milliseconds { _ = try startThread(peer, scene) }
    // What the first thread loads in the background is no part of the next ones.
    sleep(1)
    var walls: [Double] = []
    let before = peer.rssKilobytes
    let cpu = peer.cpuMicroseconds
    let count = 200
    for _ in 0..<count { walls.append(try milliseconds { _ = try startThread(peer, scene) }) }
    return [
      Figure(name: "first thread/start of the process, wall", value: number(first, "ms")),
      Figure(name: "thread/start, wall", value: spread(walls, "ms")),
      Figure(name: "thread/start, CPU", value: number((peer.cpuMicroseconds - cpu) / Double(count), "µs")),
      Figure(
        name: "RSS per idle thread (\(count))",
        value: number(Double(peer.rssKilobytes - before) / Double(count), "KB")),
    ]
  }

  static func list(_ scene: Scene) throws -> [Figure] {
    let home = try scene.home()
    _ = try SyntheticHome.addThreads(5000, to: home, cwd: scene.work)
    try settle(scene, home)
    var first = Cost()
    var warm = Cost()
    var whole = Cost()
    var byChange = Cost()
    var found = 0
    for _ in 0..<5 {
      let peer = try scene.initialized(home: home)
      defer { peer.stop() }
      try first.measure(peer) { try peer.call("thread/list", ["limit": 25], parse: false) }
      for _ in 0..<10 { try warm.measure(peer) { try peer.call("thread/list", ["limit": 25], parse: false) } }
    }
    for _ in 0..<3 {
      let peer = try scene.initialized(home: home)
      defer { peer.stop() }
      try whole.measure(peer) { found = try listAll(peer) }
      try byChange.measure(peer) {
        try peer.call("thread/list", ["limit": 25, "sortKey": "updated_at"], parse: false)
      }
    }
    return first.figures("thread/list, 25 among 5,000, first", "ms")
      + warm.figures("thread/list, 25 among 5,000, warm", "ms")
      + whole.figures("thread/list, all in pages of 100 (\(found) found)", "ms")
      + byChange.figures("thread/list, 25 among 5,000 by last change, warm", "ms")
  }

  private static func listAll(_ peer: Peer) throws -> Int {
    var found = 0
    var cursor = JSON.null
    repeat {
      let page = try peer.call("thread/list", ["limit": 100, "cursor": cursor])
      found += page["data"]?.arrayValue?.count ?? 0
      cursor = page["nextCursor"] ?? .null
    } while !cursor.isNull
    return found
  }

  /// The first process may build indexes of its own, and folders that have just been written look like changing ones: what
  /// counts is a process that finds the home as it usually is.
  private static func settle(_ scene: Scene, _ home: String) throws {
    let first = try scene.initialized(home: home)
    _ = try first.call("thread/list", ["limit": 25])
    first.stop()
    sleep(3)
  }

  static func search(_ scene: Scene) throws -> [Figure] {
    let home = try scene.home()
    _ = try SyntheticHome.addThreads(6000, to: home, cwd: scene.work)
    try settle(scene, home)
    var first: [Double] = []
    var later: [Double] = []
    for _ in 0..<3 {
      let peer = try scene.initialized(home: home)
      defer { peer.stop() }
      for call in 0..<4 {
        let cpu = peer.cpuMicroseconds
        try peer.call("thread/list", ["limit": 25, "searchTerm": "no such words anywhere"])
        let cost = (peer.cpuMicroseconds - cpu) / 1000
        if call == 0 { first.append(cost) } else { later.append(cost) }
      }
    }
    return [
      Figure(name: "search without a hit in 6,000, CPU, first call", value: spread(first, "ms")),
      Figure(name: "search without a hit in 6,000, CPU, later", value: spread(later, "ms")),
    ]
  }

  static func longThread(_ scene: Scene) throws -> [Figure] {
    let home = try scene.home()
    let stored = try SyntheticHome.addLongThread(bytes: 20_000_000, to: home, cwd: scene.work)
    let thread = JSON.string(stored.id)
    let size = number(Double(stored.bytes) / 1e6, "MB")
    var figures: [Figure] = []
    for (name, method, params) in [
      ("thread/read of a thread of \(size) with its turns", "thread/read", ["threadId": thread, "includeTurns": true]),
      ("thread/resume of a thread of \(size)", "thread/resume", ["threadId": thread]),
    ] as [(String, String, JSON)] {
      var cost = Cost()
      var peak = 0
      for _ in 0..<5 {
        let peer = try scene.initialized(home: home)
        try cost.measure(peer) { try peer.call(method, params, parse: false) }
        peak = max(peak, peer.peakKilobytes)
        peer.stop()
      }
      figures += cost.figures(name, "ms")
      figures.append(Figure(name: "  peak RSS", value: number(Double(peak) / 1024, "MB")))
    }
    return figures
  }

  static func hugeThread(_ scene: Scene) throws -> [Figure] {
    let home = try scene.home()
    let stored = try SyntheticHome.addLongThread(bytes: 150_000_000, to: home, cwd: scene.work)
    let size = number(Double(stored.bytes) / 1e6, "MB")
    let thread = JSON.string(stored.id)
    var resume = Cost()
    var page = Cost()
    var peak = 0
    for _ in 0..<3 {
      let peer = try scene.initialized(home: home)
      defer { peer.stop() }
      try resume.measure(peer) {
        try peer.call("thread/resume", ["threadId": thread, "excludeTurns": true], parse: false)
      }
      try page.measure(peer) {
        try peer.call(
          "thread/turns/list", ["threadId": thread, "limit": 20, "itemsView": "full"], parse: false)
      }
      peak = max(peak, peer.peakKilobytes)
    }
    return resume.figures("resume of a thread of \(size) without its turns", "ms")
      + page.figures("then a page of 20 turns, in full", "ms")
      + [Figure(name: "  peak RSS", value: number(Double(peak) / 1024, "MB"))]
  }

  static func size(_ scene: Scene) throws -> [Figure] {
    let bytes = try File.status(scene.binary).size
    return [Figure(name: "executable", value: number(Double(bytes) / 1e6, "MB"))]
  }

  private static func startThread(_ peer: Peer, _ scene: Scene) throws -> String {
    try peer.call("thread/start", ["cwd": .string(scene.work)])["thread"]?["id"]?.stringValue ?? ""
  }

  /// Returns how many deltas of text were seen.
  @discardableResult
  private static func runTurn(_ peer: Peer, _ thread: String) throws -> Int {
    let input: JSON = [["type": "text", "text": "hello"]]
    try peer.call("turn/start", ["threadId": .string(thread), "input": input], parse: false)
    return try peer.wait(for: "turn/completed", counting: "item/agentMessage/delta")
  }
}

/// What calls cost in wall time, which other work on the machine stretches, and in the server's CPU time, which it barely
/// touches.
struct Cost {
  private var walls: [Double] = []
  private var cpus: [Double] = []

  mutating func measure(_ peer: Peer, _ body: () throws -> Void) rethrows {
    let cpu = peer.cpuMicroseconds
    walls.append(try milliseconds(body))
    cpus.append((peer.cpuMicroseconds - cpu) / 1000)
  }

  func figures(_ name: String, _ unit: String) -> [Figure] {
    [Figure(name: name, value: spread(walls, unit)), Figure(name: "  CPU", value: spread(cpus, unit))]
  }
}
