/// A point in time as a wall clock shows it, without a time zone of its own (proleptic Gregorian calendar).
struct CivilTime: Equatable {
  var year: Int64
  /// 1 to 12.
  var month: Int
  var day: Int
  var hour: Int
  var minute: Int

  /// Seconds since 1970 that any year of four digits fits into, both ways.
  static let range: Range<Int64> = -62_135_596_800..<253_402_300_800

  /// Nil outside `range`. `seconds` counts from 1970 on the clock in question.
  init?(seconds: Int64) {
    guard Self.range.contains(seconds) else { return nil }
    let days = Self.floorDivide(seconds, 86_400)
    let second = Int(seconds - days * 86_400)
    (hour, minute) = (second / 3600, second / 60 % 60)
    // Years are counted from March, so that the leap day comes last, in eras of 400 years.
    let shifted = days + 719_468
    let era = Self.floorDivide(shifted, 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    day = Int(dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    month = Int(shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9)
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  }

  /// Days since 1970 of a date, which must be one of the calendar.
  static func days(year: Int64, month: Int, day: Int) -> Int64 {
    let shiftedYear = month <= 2 ? year - 1 : year
    let era = floorDivide(shiftedYear, 400)
    let yearOfEra = shiftedYear - era * 400
    let dayOfYear = (153 * Int64(month > 2 ? month - 3 : month + 9) + 2) / 5 + Int64(day) - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  static let monthNames = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

  func isSameDay(as other: CivilTime) -> Bool {
    (year, month, day) == (other.year, other.month, other.day)
  }

  /// `1:35 AM`
  var clock: String {
    let minutes = minute < 10 ? "0\(minute)" : "\(minute)"
    return "\((hour + 11) % 12 + 1):\(minutes) \(hour < 12 ? "AM" : "PM")"
  }

  /// `Jan 23rd, 2030`
  var date: String {
    let ending =
      switch (day % 10, day / 10) {
      case (_, 1): "th"
      case (1, _): "st"
      case (2, _): "nd"
      case (3, _): "rd"
      default: "th"
      }
    return "\(Self.monthNames[month - 1]) \(day)\(ending), \(year)"
  }

  private static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
    value >= 0 ? value / divisor : (value - divisor + 1) / divisor
  }
}

/// The date of an HTTP header, in the one form that senders may use (RFC 9110, §5.6.7): `Wed, 21 Oct 2026 07:28:00 GMT`.
enum HTTPDate {
  /// Seconds since 1970; nil if the text is no such date.
  static func seconds(_ text: String) -> Int64? {
    let words = text.split(separator: " ")
    guard words.count == 6, words[5] == "GMT",
      let day = Int(words[1]), let month = CivilTime.monthNames.firstIndex(where: { $0 == words[2] }),
      let year = Int64(words[3]), (1...9999).contains(year), (1...31).contains(day)
    else { return nil }
    let clock = words[4].split(separator: ":", omittingEmptySubsequences: false).map { Int64($0) }
    guard clock.count == 3, let hour = clock[0], let minute = clock[1], let second = clock[2],
      (0..<24).contains(hour), (0..<60).contains(minute), (0...60).contains(second)
    else { return nil }
    return CivilTime.days(year: year, month: month + 1, day: day) * 86_400 + hour * 3600 + minute * 60 + second
  }
}
