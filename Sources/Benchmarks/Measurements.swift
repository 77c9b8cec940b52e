import Glibc
import HostIO
import JSON

/// The figures, in the order of docs/performance.md.
enum Measurements {
  static func start(_ scene: Scene) throws -> [Figure] {
    var times: [Double] = []
    for round in 0..<15 {
      let home = try scene.home("fresh-\(round)")
      var peer: Peer?
      times.append(
        try milliseconds {
          let started = try scene.peer(home: home)
          peer = started
          try started.initialize()
        })
      peer?.stop()
    }
    return [Figure(name: "process start to initialize reply, fresh home", value: spread(times, "ms"))]
  }

  static func idle(_ scene: Scene) throws -> [Figure] {
    let peer = try scene.initialized(home: try scene.home())
    defer { peer.stop() }
    sleep(2)
    let switches = peer.voluntarySwitches
    let cpu = peer.cpuMicroseconds
    sleep(5)
    return [
      Figure(name: "idle PSS", value: number(Double(peer.pssKilobytes) / 1024, "MB")),
      Figure(name: "idle threads", value: "\(peer.threads)"),
      Figure(
        name: "idle wake-ups per second", value: number(Double(peer.voluntarySwitches - switches) / 5, "/s")),
      Figure(name: "idle CPU per second", value: number((peer.cpuMicroseconds - cpu) / 5, "µs")),
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
    scene.endpoint.answer(deltas: count, text: "word ")
    let cpu = peer.cpuMicroseconds
    try runTurn(peer, thread)
    return [
      Figure(
        name: "CPU per streamed text delta (\(count))",
        value: number((peer.cpuMicroseconds - cpu) / Double(count), "µs"))
    ]
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
    _ = try startThread(peer, scene)
    var walls: [Double] = []
    let before = peer.rssKilobytes
    let count = 200
    for _ in 0..<count { walls.append(try milliseconds { _ = try startThread(peer, scene) }) }
    return [
      Figure(name: "thread/start, wall", value: spread(walls, "ms")),
      Figure(
        name: "RSS per idle thread (\(count))",
        value: number(Double(peer.rssKilobytes - before) / Double(count), "KB")),
    ]
  }

  static func list(_ scene: Scene) throws -> [Figure] {
    let home = try scene.home()
    _ = try SyntheticHome.addThreads(5000, to: home, cwd: scene.work)
    // The first process may build indexes of its own; what counts is a process that finds the home as it usually is.
    let first = try scene.initialized(home: home)
    _ = try first.call("thread/list", ["limit": 25])
    first.stop()
    let peer = try scene.initialized(home: home)
    defer { peer.stop() }
    let cold = try milliseconds { try peer.call("thread/list", ["limit": 25], parse: false) }
    var warm: [Double] = []
    for _ in 0..<10 { warm.append(try milliseconds { try peer.call("thread/list", ["limit": 25], parse: false) }) }
    var found = 0
    let all = try milliseconds {
      var cursor = JSON.null
      repeat {
        let page = try peer.call("thread/list", ["limit": 100, "cursor": cursor])
        found += page["data"]?.arrayValue?.count ?? 0
        cursor = page["nextCursor"] ?? .null
      } while !cursor.isNull
    }
    return [
      Figure(name: "thread/list, 25 among 5,000, first", value: number(cold, "ms")),
      Figure(name: "thread/list, 25 among 5,000, warm", value: spread(warm, "ms")),
      Figure(name: "thread/list, all in pages of 100 (\(found) found)", value: number(all, "ms")),
    ]
  }

  static func search(_ scene: Scene) throws -> [Figure] {
    let home = try scene.home()
    _ = try SyntheticHome.addThreads(6000, to: home, cwd: scene.work)
    let first = try scene.initialized(home: home)
    _ = try first.call("thread/list", ["limit": 25])
    first.stop()
    let peer = try scene.initialized(home: home)
    defer { peer.stop() }
    var costs: [Double] = []
    for _ in 0..<4 {
      let cpu = peer.cpuMicroseconds
      try peer.call("thread/list", ["limit": 25, "searchTerm": "no such words anywhere"])
      costs.append((peer.cpuMicroseconds - cpu) / 1000)
    }
    return [
      Figure(name: "search without a hit in 6,000, CPU, first call", value: number(costs[0], "ms")),
      Figure(name: "search without a hit in 6,000, CPU, later", value: spread(Array(costs[1...]), "ms")),
    ]
  }

  static func longThread(_ scene: Scene) throws -> [Figure] {
    let home = try scene.home()
    let id = try SyntheticHome.addLongThread(bytes: 20 << 20, to: home, cwd: scene.work)
    let thread = JSON.string(id)
    var figures: [Figure] = []
    for (name, method, params) in [
      ("thread/read of a 20 MB thread with its turns", "thread/read", ["threadId": thread, "includeTurns": true]),
      ("thread/resume of a 20 MB thread", "thread/resume", ["threadId": thread]),
    ] as [(String, String, JSON)] {
      let peer = try scene.initialized(home: home)
      let wall = try milliseconds { try peer.call(method, params, parse: false) }
      figures.append(Figure(name: name, value: number(wall, "ms")))
      figures.append(Figure(name: "  peak RSS", value: number(Double(peer.peakKilobytes) / 1024, "MB")))
      peer.stop()
    }
    return figures
  }

  static func hugeThread(_ scene: Scene) throws -> [Figure] {
    let home = try scene.home()
    let id = try SyntheticHome.addLongThread(bytes: 150 << 20, to: home, cwd: scene.work)
    let peer = try scene.initialized(home: home)
    defer { peer.stop() }
    let resume = try milliseconds {
      try peer.call("thread/resume", ["threadId": .string(id), "excludeTurns": true], parse: false)
    }
    let page = try milliseconds {
      try peer.call("thread/turns/list", ["threadId": .string(id), "limit": 20], parse: false)
    }
    return [
      Figure(name: "resume of a 150 MB thread without its turns", value: number(resume, "ms")),
      Figure(name: "then a page of turns", value: number(page, "ms")),
      Figure(name: "  peak RSS", value: number(Double(peer.peakKilobytes) / 1024, "MB")),
    ]
  }

  static func size(_ scene: Scene) throws -> [Figure] {
    let bytes = try File.status(scene.binary).size
    return [Figure(name: "executable", value: number(Double(bytes) / 1e6, "MB"))]
  }

  private static func startThread(_ peer: Peer, _ scene: Scene) throws -> String {
    try peer.call("thread/start", ["cwd": .string(scene.work)])["thread"]?["id"]?.stringValue ?? ""
  }

  private static func runTurn(_ peer: Peer, _ thread: String) throws {
    let input: JSON = [["type": "text", "text": "hello"]]
    try peer.call("turn/start", ["threadId": .string(thread), "input": input], parse: false)
    try peer.wait(for: "turn/completed")
  }
}
