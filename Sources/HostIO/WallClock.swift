import Glibc

/// A point in civil time, in milliseconds since 1970 UTC.
package struct UnixTime: Comparable, Hashable, Sendable {
  package var milliseconds: Int64

  package init(milliseconds: Int64) {
    self.milliseconds = milliseconds
  }

  /// Whole seconds, rounded down.
  package var seconds: Int64 { floorDivide(milliseconds, 1000).quotient }

  package static func < (a: UnixTime, b: UnixTime) -> Bool { a.milliseconds < b.milliseconds }
}

/// Where civil time comes from; tests give it in.
package struct WallClock: Sendable {
  private let read: @Sendable () -> UnixTime

  package init(_ read: @escaping @Sendable () -> UnixTime) {
    self.read = read
  }

  package func now() -> UnixTime { read() }

  package static let system = WallClock {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return UnixTime(milliseconds: Int64(time.tv_sec) &* 1000 &+ Int64(time.tv_nsec) / 1_000_000)
  }

  /// A clock that stands still.
  package static func fixed(_ time: UnixTime) -> WallClock { WallClock { time } }
}

// MARK: - Text forms

extension UnixTime {
  /// `2025-01-02T03:04:05.678Z`. Times outside the years 0 to 9999 are clamped, because the form has no room for them.
  package var iso8601: String {
    let time = min(max(milliseconds, Self.year0), Self.year9999End)
    let (seconds, millisecond) = floorDivide(time, 1000)
    let (days, secondOfDay) = floorDivide(seconds, 86_400)
    let (year, month, day) = civil(fromDays: days)
    var text = DateText()
    text.append(year, digits: 4)
    text.append(month, digits: 2, after: "-")
    text.append(day, digits: 2, after: "-")
    text.append(secondOfDay / 3600, digits: 2, after: "T")
    text.append(secondOfDay / 60 % 60, digits: 2, after: ":")
    text.append(secondOfDay % 60, digits: 2, after: ":")
    text.append(millisecond, digits: 3, after: ".")
    text.append("Z")
    return text.string
  }

  private static let year0: Int64 = -62_167_219_200_000
  private static let year9999End: Int64 = 253_402_300_799_999

  /// Reads an RFC 3339 time such as `2025-01-02T03:04:05.678Z` or `2025-01-02 03:04:05+01:00`; finer digits are cut off.
  package init?(rfc3339 text: some StringProtocol) {
    var scanner = DateScanner(Array(text.utf8.prefix(64)))
    guard let year = scanner.number(digits: 4), scanner.take("-"),
      let month = scanner.number(digits: 2), (1...12).contains(month), scanner.take("-"),
      let day = scanner.number(digits: 2), day >= 1, day <= daysIn(month: month, year: year),
      scanner.take("T") || scanner.take("t") || scanner.take(" "),
      let hour = scanner.number(digits: 2), hour < 24, scanner.take(":"),
      let minute = scanner.number(digits: 2), minute < 60, scanner.take(":"),
      // A leap second is read as the start of the next minute.
      let second = scanner.number(digits: 2), second <= 60
    else { return nil }
    var millisecond: Int64 = 0
    if scanner.take(".") {
      guard let fraction = scanner.fraction() else { return nil }
      millisecond = fraction
    }
    var offset: Int64 = 0
    if !scanner.take("Z") && !scanner.take("z") {
      let isNegative = scanner.take("-")
      guard isNegative || scanner.take("+"), let hours = scanner.number(digits: 2), hours < 24, scanner.take(":"),
        let minutes = scanner.number(digits: 2), minutes < 60
      else { return nil }
      offset = (isNegative ? -60 : 60) * (hours * 60 + minutes)
    }
    guard scanner.isAtEnd else { return nil }
    let days = daysFromCivil(year: year, month: month, day: day)
    let timeOfDay = hour * 3600 + minute * 60 + second
    milliseconds = (days * 86_400 + timeOfDay - offset) * 1000 + millisecond
  }

  /// The pieces of a local time that file names and paths are made of.
  package struct Local: Equatable, Sendable {
    package var year: Int
    package var month: Int
    package var day: Int
    package var hour: Int
    package var minute: Int
    package var second: Int

    package init(year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int) {
      self.year = year
      self.month = month
      self.day = day
      self.hour = hour
      self.minute = minute
      self.second = second
    }

    /// `2025-01-02T03-04-05`
    package var fileNameStamp: String {
      var text = DateText()
      text.append(Int64(year), digits: 4)
      text.append(Int64(month), digits: 2, after: "-")
      text.append(Int64(day), digits: 2, after: "-")
      text.append(Int64(hour), digits: 2, after: "T")
      text.append(Int64(minute), digits: 2, after: "-")
      text.append(Int64(second), digits: 2, after: "-")
      return text.string
    }

    /// `2025`, `01`, `02`: the levels of a folder per day.
    package var dayPath: [String] {
      let stamp = Array(fileNameStamp.utf8.prefix(10))
      return stamp.split(separator: UInt8(ascii: "-")).map { String(decoding: $0, as: UTF8.self) }
    }
  }

  /// How far the local zone is ahead of UTC at this time.
  package var secondsEastOfGreenwich: Int64 {
    var seconds = time_t(self.seconds)
    var parts = tm()
    return localtime_r(&seconds, &parts) == nil ? 0 : Int64(parts.tm_gmtoff)
  }

  /// In the time zone of the process.
  package var local: Local {
    var seconds = time_t(self.seconds)
    var parts = tm()
    guard localtime_r(&seconds, &parts) != nil else {
      return Local(year: 1970, month: 1, day: 1, hour: 0, minute: 0, second: 0)
    }
    return Local(
      year: Int(parts.tm_year) + 1900, month: Int(parts.tm_mon) + 1, day: Int(parts.tm_mday),
      hour: Int(parts.tm_hour), minute: Int(parts.tm_min), second: Int(parts.tm_sec))
  }
}

private struct DateText {
  private var bytes: [UInt8] = []

  var string: String { String(decoding: bytes, as: UTF8.self) }

  mutating func append(_ separator: Unicode.Scalar) {
    bytes.append(UInt8(ascii: separator))
  }

  mutating func append(_ value: Int64, digits: Int, after separator: Unicode.Scalar? = nil) {
    if let separator { append(separator) }
    let text = String(max(0, value))
    for _ in 0..<max(0, digits - text.utf8.count) { bytes.append(UInt8(ascii: "0")) }
    bytes.append(contentsOf: text.utf8)
  }
}

private struct DateScanner {
  private let bytes: [UInt8]
  private var offset = 0

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  var isAtEnd: Bool { offset == bytes.count }

  mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard offset < bytes.count, bytes[offset] == UInt8(ascii: character) else { return false }
    offset += 1
    return true
  }

  mutating func number(digits: Int) -> Int64? {
    guard offset + digits <= bytes.count else { return nil }
    var value: Int64 = 0
    for byte in bytes[offset..<offset + digits] {
      guard let digit = digitValue(byte) else { return nil }
      value = value * 10 + digit
    }
    offset += digits
    return value
  }

  /// At least one digit; milliseconds of them.
  mutating func fraction() -> Int64? {
    var value: Int64 = 0
    var digits = 0
    while offset < bytes.count, let digit = digitValue(bytes[offset]) {
      if digits < 3 { value = value * 10 + digit }
      digits += 1
      offset += 1
    }
    guard digits > 0 else { return nil }
    for _ in 0..<max(0, 3 - digits) { value *= 10 }
    return value
  }

  private func digitValue(_ byte: UInt8) -> Int64? {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) ? Int64(byte - UInt8(ascii: "0")) : nil
  }
}

// MARK: - The Gregorian calendar, proleptic, as algorithms over days since 1970

private func floorDivide(_ value: Int64, _ divisor: Int64) -> (quotient: Int64, remainder: Int64) {
  let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
  return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
}

/// Years are counted from March, so that the leap day is the last of its year.
private func daysFromCivil(year: Int64, month: Int64, day: Int64) -> Int64 {
  let shifted = month <= 2 ? year - 1 : year
  let (era, yearOfEra) = floorDivide(shifted, 400)
  let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
  let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

private func civil(fromDays days: Int64) -> (year: Int64, month: Int64, day: Int64) {
  let (era, dayOfEra) = floorDivide(days + 719_468, 146_097)
  let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
  let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
  let shiftedMonth = (5 * dayOfYear + 2) / 153
  let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
  return (
    year: era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month: month, day: dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
  )
}

private func daysIn(month: Int64, year: Int64) -> Int64 {
  switch month {
  case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
  case 4, 6, 9, 11: 30
  default: 31
  }
}

// MARK: - Time zone

package enum LocalTimeZone {
  /// The IANA name of the local zone: `TZ`, where /etc/localtime points, /etc/timezone, or `Etc/UTC`.
  package static func name(_ environment: Environment, root: String = "/") -> String {
    if var zone = environment["TZ"] {
      if zone.utf8.first == UInt8(ascii: ":") { zone.removeFirst() }
      if let name = nameOfZoneFile(zone) { return name }
      if isPlausible(zone) { return zone }
    }
    if let target = try? File.readLink(root + "etc/localtime"), let name = nameOfZoneFile(target) { return name }
    if let bytes = try? File.read(root + "etc/timezone", limit: 256) {
      let line = bytes.prefix { $0 > 0x20 }
      let name = String(decoding: line, as: UTF8.self)
      if isPlausible(name) { return name }
    }
    return "Etc/UTC"
  }

  /// What follows `zoneinfo/` in a path.
  private static func nameOfZoneFile(_ path: String) -> String? {
    let bytes = Array(path.utf8)
    let marker = Array("/zoneinfo/".utf8)
    guard bytes.count > marker.count else { return nil }
    for start in stride(from: bytes.count - marker.count, through: 0, by: -1)
    where bytes[start..<start + marker.count].elementsEqual(marker) {
      let name = String(decoding: bytes[(start + marker.count)...], as: UTF8.self)
      return isPlausible(name) ? name : nil
    }
    return nil
  }

  private static func isPlausible(_ name: String) -> Bool {
    guard !name.isEmpty, name.utf8.count <= 64, name.utf8.first != UInt8(ascii: "/") else { return false }
    return name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "_"), UInt8(ascii: "-"),
        UInt8(ascii: "+"):
        true
      default: false
      }
    }
  }
}
