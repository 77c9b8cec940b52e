import Glibc

/// A point on the monotonic clock. Arithmetic saturates: a deadline of `.seconds(.max)` is simply never.
package struct Instant: Comparable, Hashable, Sendable {
  /// Since some point in the past, usually the start of the machine.
  package var nanoseconds: Int64

  package static let distantFuture = Instant(nanoseconds: .max)

  package init(nanoseconds: Int64) {
    self.nanoseconds = nanoseconds
  }

  package static func now() -> Instant {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Instant(nanoseconds: Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec))
  }

  package static func < (a: Instant, b: Instant) -> Bool { a.nanoseconds < b.nanoseconds }

  package static func + (instant: Instant, duration: Duration) -> Instant {
    Instant(nanoseconds: saturatingAdd(instant.nanoseconds, duration.saturatedNanoseconds))
  }

  package static func - (instant: Instant, duration: Duration) -> Instant {
    let nanoseconds = duration.saturatedNanoseconds
    return Instant(nanoseconds: saturatingAdd(instant.nanoseconds, nanoseconds == .min ? .max : -nanoseconds))
  }

  package static func - (a: Instant, b: Instant) -> Duration {
    .nanoseconds(saturatingAdd(a.nanoseconds, b.nanoseconds == .min ? .max : -b.nanoseconds))
  }

  private static func saturatingAdd(_ a: Int64, _ b: Int64) -> Int64 {
    let (sum, overflow) = a.addingReportingOverflow(b)
    return overflow ? (b < 0 ? .min : .max) : sum
  }
}

extension Duration {
  /// In nanoseconds, clamped to what 64 bits hold (292 years).
  package var saturatedNanoseconds: Int64 {
    let (seconds, attoseconds) = components
    let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    if overflow { return seconds < 0 ? .min : .max }
    let (sum, carried) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
    return carried ? (seconds < 0 ? .min : .max) : sum
  }

  /// In whole milliseconds, rounded up so that a wait never ends early; clamped to 0 and to 32 bits.
  package var clampedMilliseconds: Int32 {
    let nanoseconds = saturatedNanoseconds
    guard nanoseconds > 0 else { return 0 }
    return Int32(clamping: (nanoseconds - 1) / 1_000_000 + 1)
  }
}
