import CSys

/// Random bytes from the kernel.
package enum RandomBytes {
  package static func make(_ count: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: max(0, count)) { buffer, initialized in
      guard let base = buffer.baseAddress else { return }
      // With a sane size getrandom cannot fail; without randomness no identifier or key may be handed out.
      guard csys_random(base, buffer.count) == 0 else { fatalError("no random bytes") }
      initialized = max(0, count)
    }
  }
}

/// A generator with a known sequence, for tests (SplitMix64).
package struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  package init(seed: UInt64) {
    state = seed
  }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

/// 128 bits with the text form of RFC 9562, lower case.
package struct UUID: Hashable, Comparable, Sendable, CustomStringConvertible {
  package var high: UInt64
  package var low: UInt64

  package init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// Exactly the form `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`, digits in either case.
  package init?(_ text: some StringProtocol) {
    var words: (UInt64, UInt64) = (0, 0)
    var position = 0
    var digits = 0
    for byte in text.utf8 {
      guard position < 36 else { return nil }
      if position == 8 || position == 13 || position == 18 || position == 23 {
        guard byte == UInt8(ascii: "-") else { return nil }
      } else {
        let value: UInt8
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): value = byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): value = byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): value = byte - UInt8(ascii: "A") + 10
        default: return nil
        }
        if digits < 16 { words.0 = words.0 << 4 | UInt64(value) } else { words.1 = words.1 << 4 | UInt64(value) }
        digits += 1
      }
      position += 1
    }
    guard position == 36 else { return nil }
    (high, low) = words
  }

  package var version: Int { Int(high >> 12 & 0xF) }

  /// The time inside a version 7 identifier.
  package var time: UnixTime? {
    version == 7 ? UnixTime(milliseconds: Int64(high >> 16)) : nil
  }

  package static func < (a: UUID, b: UUID) -> Bool { (a.high, a.low) < (b.high, b.low) }

  package var description: String {
    String(unsafeUninitializedCapacity: 36) { text in
      var index = 0
      for nibble in 0..<32 {
        if nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20 {
          text[index] = UInt8(ascii: "-")
          index += 1
        }
        let word = nibble < 16 ? high : low
        let value = UInt8(truncatingIfNeeded: word >> UInt64(60 - (nibble % 16) * 4)) & 0xF
        text[index] = value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
        index += 1
      }
      return 36
    }
  }
}

/// Makes identifiers. Version 7 ones grow strictly within a process, also within a millisecond and when the clock steps
/// back (RFC 9562 §6.2, method 1: a 12-bit counter after the time).
package final class UUIDGenerator: Sendable {
  private struct State: Sendable {
    var seeded: SeededGenerator?
    var lastMilliseconds: UInt64 = 0
    var counter: UInt64 = 0

    mutating func random() -> UInt64 {
      if var generator = seeded {
        defer { seeded = generator }
        return generator.next()
      }
      var system = SystemRandomNumberGenerator()
      return system.next()
    }
  }

  package static let system = UUIDGenerator(clock: .system)

  private let clock: WallClock
  private let state: Locked<State>

  /// With a seed the sequence is the same each time, given the same clock.
  package init(clock: WallClock, seed: UInt64? = nil) {
    self.clock = clock
    state = Locked(State(seeded: seed.map(SeededGenerator.init(seed:))))
  }

  package func v7() -> UUID {
    let now = UInt64(clamping: clock.now().milliseconds) & 0xFFFF_FFFF_FFFF
    return state.withLock { state in
      let bits = state.random()
      if now > state.lastMilliseconds {
        state.lastMilliseconds = now
        // The top bit of the counter starts at 0, so that at least 2048 fit in the millisecond.
        state.counter = bits >> 53
      } else if state.counter < 0xFFF {
        state.counter += 1
      } else {
        state.lastMilliseconds = (state.lastMilliseconds &+ 1) & 0xFFFF_FFFF_FFFF
        state.counter = 0
      }
      return UUID(
        high: state.lastMilliseconds << 16 | 0x7000 | state.counter,
        low: 0x8000_0000_0000_0000 | state.random() >> 2)
    }
  }

  package func v4() -> UUID {
    state.withLock { state in
      UUID(
        high: state.random() & ~0xF000 | 0x4000,
        low: 0x8000_0000_0000_0000 | state.random() >> 2)
    }
  }
}
