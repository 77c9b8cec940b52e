import Glibc
import HostIO
import TestSupport
import Testing

@Suite struct HostTests {
  @Test func `the limit of descriptors goes up to the hard one or to ours, and never down`() {
    func limit() -> rlimit {
      var limit = rlimit()
      getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      return limit
    }
    let before = limit()
    #expect(Host.raiseDescriptorLimit() == UInt64(before.rlim_cur))
    let wanted = max(UInt64(before.rlim_cur), min(UInt64(before.rlim_max), Host.maximumDescriptors))
    #expect(UInt64(limit().rlim_cur) == wanted)
    #expect(Host.raiseDescriptorLimit() == wanted)
  }

  @Test func `the distribution is named as the reference names it`() {
    func check(_ text: String, _ name: String, _ version: String) {
      let system = OperatingSystem(osRelease: text)
      #expect(system.name == name && system.version == version)
    }
    check("NAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\nID=debian\n", "Debian", "12.0.0")
    check("ID=ubuntu\nVERSION_ID='22.04'", "Ubuntu", "22.4.0")
    check("NAME=Odd\nID=odd\nVERSION_ID=1.2.3.4", "Odd", "1.2.3.4")
    check("garbage\n=\n==\n\"", "Linux", "Unknown")
    check("ID=debian\nVERSION_ID=99999999999999999999999\r\n", "Debian", "99999999999999999999999\r")
    check("", "Linux", "Unknown")
  }

  @Test func `facts of this machine are there`() {
    #expect(!Host.name.isEmpty)
    #expect(["x86_64", "aarch64"].contains(Host.architecture))
    #expect(Host.homeDirectory?.hasPrefix("/") == true)
    #expect((Memory.resident ?? 0) > 1 << 20)
    #expect((Memory.proportional ?? 0) > 1 << 20)
  }

  @Test func `the environment is a value`() {
    #expect(Environment.process["PATH"] != nil)
    let environment = Environment(["A": "", "B": "x"])
    #expect(environment["A"] == "" && environment.nonEmpty("A") == nil)
    #expect(environment.nonEmpty("B") == "x" && environment["C"] == nil)
  }
}

@Suite(.loop) struct SignalTests {
  @Test @LoopActor func `a blocked signal arrives at its watch until that is cancelled`() async throws {
    // Directed at the loop's thread, because the other threads of a test process have not blocked it.
    Signals.block([SIGUSR2])
    let seen = Collector<Int32>()
    let watch = try Signals.watch([SIGUSR2]) { seen.append($0) }
    pthread_kill(pthread_self(), SIGUSR2)
    #expect(await seen.first(1) == [SIGUSR2])
    pthread_kill(pthread_self(), SIGUSR2)
    #expect(await seen.first(2) == [SIGUSR2, SIGUSR2])
    watch.cancel()
    watch.cancel()
  }

  @Test func `a whole program: signals end the loop, and defaults come back`() async {
    await #expect(processExitsWith: .exitCode(42)) {
      // The threads of the test runner have the signal unblocked; the program's own main would be alone.
      Signals.block([SIGTERM])
      EventLoop.main.run {
        _ = try? Signals.watch([SIGTERM]) { _ in EventLoop.main.stop() }
        pthread_kill(pthread_self(), SIGTERM)
      }
      Signals.restoreDefaults()
      exit(42)
    }
  }
}

@Suite struct IdleLoopTests {
  @Test func `a loop with nothing to do sleeps until its timer`() async {
    // In a process of its own, because the tests share the loop of this one.
    await #expect(processExitsWith: .exitCode(0)) {
      EventLoop.main.run {
        let before = EventLoop.main.turns
        let start = Instant.now()
        EventLoop.main.schedule(at: start + .milliseconds(50)) {
          let isPunctual = Instant.now() - start >= .milliseconds(50)
          exit(isPunctual && EventLoop.main.turns - before <= 2 ? 0 : 1)
        }
      }
      exit(2)
    }
  }
}

@Suite struct BlockingPoolTests {
  @Test func `results and errors come back`() async throws {
    let pool = BlockingPool()
    #expect(try await pool.run { 1 + 1 } == 2)
    await #expect(throws: SystemError(ENOENT, "test")) { try await pool.run { throw SystemError(ENOENT, "test") } }
  }

  @Test func `threads start up to the limit and later calls wait their turn`() async throws {
    let pool = BlockingPool(threads: 2)
    let gate = Gate()
    let started = Collector<Int>()
    try await withThrowingTaskGroup(of: Int.self) { group in
      for number in 0..<6 {
        group.addTask {
          try await pool.run {
            started.append(number)
            gate.wait()
            return number
          }
        }
      }
      _ = await started.first(2)
      #expect(pool.threadCount == 2)
      gate.open()
      var results: [Int] = []
      for try await number in group { results.append(number) }
      #expect(results.sorted() == Array(0..<6))
    }
    #expect(pool.threadCount == 2)
  }

  @Test func `a call beyond the queue limit is refused`() async throws {
    let pool = BlockingPool(threads: 1, queued: 2)
    let gate = Gate()
    let started = Collector<Int>()
    let outcomes = Collector<Bool>()
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        try? await pool.run {
          started.append(0)
          gate.wait()
        }
      }
      _ = await started.first(1)
      for _ in 0..<3 {
        group.addTask {
          do {
            _ = try await pool.run { gate.wait() }
            outcomes.append(true)
          } catch {
            #expect(error as? BlockingPool.Refused == .tooManyWaiting(limit: 2))
            outcomes.append(false)
          }
        }
      }
      #expect(await outcomes.first(1) == [false])
      gate.open()
    }
    #expect(outcomes.all == [false, true, true])
  }

  @Test func `idle threads end and come back when needed`() async throws {
    let ended = Collector<Bool>()
    let pool = BlockingPool(idleTime: .zero) { ended.append(true) }
    #expect(try await pool.run { 1 } == 1)
    _ = await ended.first(1)
    #expect(pool.threadCount == 0)
    #expect(try await pool.run { 2 } == 2)
    _ = await ended.first(2)
    #expect(pool.threadCount == 0)
  }
}
