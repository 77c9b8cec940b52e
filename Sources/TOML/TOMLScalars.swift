/// Booleans, numbers, dates and times: everything that is written without quotes and brackets.
extension TOMLParser {
  mutating func scalar() throws(TOMLError) -> TOMLValue {
    let start = at
    while let byte = peek(), Self.isScalarByte(byte) { at += 1 }
    // A space may stand between a date and its time.
    if at - start == 10, Self.looksLikeDate(bytes[start..<at]), peek() == UInt8(ascii: " "),
      let next = peek(1), Self.isDigit(next)
    {
      at += 1
      while let byte = peek(), Self.isScalarByte(byte) { at += 1 }
    }
    let token = bytes[start..<at]
    guard let first = token.first else { throw error(.invalidValue) }
    switch String(decoding: token, as: UTF8.self) {
    case "true": return .boolean(true)
    case "false": return .boolean(false)
    case "inf", "+inf": return .float(.infinity)
    case "-inf": return .float(-.infinity)
    case "nan", "+nan", "-nan": return .float(.nan)
    default: break
    }
    guard Self.isDigit(first) || first == UInt8(ascii: "+") || first == UInt8(ascii: "-") else {
      throw error(.invalidValue, at: start)
    }
    if Self.looksLikeDate(token) || Self.looksLikeTime(token) {
      guard let value = Self.dateTime(token) else { throw error(.invalidDateTime, at: start) }
      return .dateTime(value)
    }
    if first == UInt8(ascii: "0"), let radix = Self.radix(token.dropFirst().first) {
      return .integer(try integer(token.dropFirst(2), radix: radix, isNegative: false, start: start))
    }
    return try decimal(token, start: start)
  }

  private static func isScalarByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "+"),
      UInt8(ascii: "."), UInt8(ascii: ":"):
      true
    default: false
    }
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

  private static func radix(_ byte: UInt8?) -> UInt8? {
    switch byte {
    case UInt8(ascii: "x"): 16
    case UInt8(ascii: "o"): 8
    case UInt8(ascii: "b"): 2
    default: nil
    }
  }

  // MARK: - Numbers

  private mutating func decimal(_ token: ArraySlice<UInt8>, start: Int) throws(TOMLError) -> TOMLValue {
    var rest = token
    let isNegative = rest.first == UInt8(ascii: "-")
    if isNegative || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
    let whole = rest.prefix { Self.isDigit($0) || $0 == UInt8(ascii: "_") }
    guard Self.areDigits(whole), whole.count == 1 || whole.first != UInt8(ascii: "0") else {
      throw error(.invalidNumber, at: start)
    }
    rest = rest.dropFirst(whole.count)
    guard !rest.isEmpty else {
      return .integer(try integer(whole, radix: 10, isNegative: isNegative, start: start))
    }
    if rest.first == UInt8(ascii: ".") {
      let fraction = rest.dropFirst().prefix { Self.isDigit($0) || $0 == UInt8(ascii: "_") }
      guard Self.areDigits(fraction) else { throw error(.invalidNumber, at: start) }
      rest = rest.dropFirst(1 + fraction.count)
    }
    if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
      rest = rest.dropFirst()
      if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
      guard Self.areDigits(rest) else { throw error(.invalidNumber, at: start) }
      rest = []
    }
    let text = String(decoding: token.filter { $0 != UInt8(ascii: "_") }, as: UTF8.self)
    guard rest.isEmpty, let value = Double(text) else { throw error(.invalidNumber, at: start) }
    return .float(value)
  }

  /// Digits with single underscores between them; at least one.
  private static func areDigits(_ text: ArraySlice<UInt8>, radix: UInt8 = 10) -> Bool {
    var wasDigit = false
    for byte in text {
      if digit(byte, radix: radix) != nil {
        wasDigit = true
      } else {
        guard byte == UInt8(ascii: "_"), wasDigit else { return false }
        wasDigit = false
      }
    }
    return wasDigit
  }

  private mutating func integer(
    _ digits: ArraySlice<UInt8>, radix: UInt8, isNegative: Bool, start: Int
  ) throws(TOMLError) -> Int64 {
    guard Self.areDigits(digits, radix: radix) else { throw error(.invalidNumber, at: start) }
    // Counted below zero, where one more number fits.
    var value: Int64 = 0
    for byte in digits {
      guard let digit = Self.digit(byte, radix: radix) else { continue }
      let scaled = value.multipliedReportingOverflow(by: Int64(radix))
      let sum = scaled.partialValue.subtractingReportingOverflow(Int64(digit))
      guard !scaled.overflow, !sum.overflow else { throw error(.integerOutOfRange, at: start) }
      value = sum.partialValue
    }
    if isNegative { return value }
    guard value != .min else { throw error(.integerOutOfRange, at: start) }
    return -value
  }

  // MARK: - Dates and times (RFC 3339)

  private static func looksLikeDate(_ token: ArraySlice<UInt8>) -> Bool {
    token.count >= 5 && token.prefix(4).allSatisfy(isDigit) && token.dropFirst(4).first == UInt8(ascii: "-")
  }

  private static func looksLikeTime(_ token: ArraySlice<UInt8>) -> Bool {
    token.count >= 3 && token.prefix(2).allSatisfy(isDigit) && token.dropFirst(2).first == UInt8(ascii: ":")
  }

  private static func dateTime(_ token: ArraySlice<UInt8>) -> TOMLDateTime? {
    let text = String(decoding: token, as: UTF8.self)
    var rest = token
    guard looksLikeDate(token) else {
      return takeTime(&rest) && rest.isEmpty ? TOMLDateTime(kind: .localTime, text: text) : nil
    }
    guard takeDate(&rest) else { return nil }
    if rest.isEmpty { return TOMLDateTime(kind: .localDate, text: text) }
    guard let separator = rest.popFirst(), [0x54, 0x74, 0x20].contains(separator), takeTime(&rest) else { return nil }
    if rest.isEmpty { return TOMLDateTime(kind: .localDateTime, text: text) }
    return takeOffset(&rest) && rest.isEmpty ? TOMLDateTime(kind: .offsetDateTime, text: text) : nil
  }

  private static func takeDate(_ text: inout ArraySlice<UInt8>) -> Bool {
    guard let year = takeNumber(&text, digits: 4), text.popFirst() == UInt8(ascii: "-"),
      let month = takeNumber(&text, digits: 2), text.popFirst() == UInt8(ascii: "-"),
      let day = takeNumber(&text, digits: 2)
    else { return false }
    let isLeapYear = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let days = [31, isLeapYear ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    return (1...12).contains(month) && (1...days[month - 1]).contains(day)
  }

  /// Second 60 is a leap second.
  private static func takeTime(_ text: inout ArraySlice<UInt8>) -> Bool {
    guard let hour = takeNumber(&text, digits: 2), text.popFirst() == UInt8(ascii: ":"),
      let minute = takeNumber(&text, digits: 2), text.popFirst() == UInt8(ascii: ":"),
      let second = takeNumber(&text, digits: 2), hour < 24, minute < 60, second <= 60
    else { return false }
    guard text.first == UInt8(ascii: ".") else { return true }
    let fraction = text.dropFirst().prefix(while: isDigit)
    text = text.dropFirst(1 + fraction.count)
    return !fraction.isEmpty
  }

  private static func takeOffset(_ text: inout ArraySlice<UInt8>) -> Bool {
    switch text.popFirst() {
    case UInt8(ascii: "Z"), UInt8(ascii: "z"): return true
    case UInt8(ascii: "+"), UInt8(ascii: "-"):
      guard let hour = takeNumber(&text, digits: 2), text.popFirst() == UInt8(ascii: ":"),
        let minute = takeNumber(&text, digits: 2)
      else { return false }
      return hour < 24 && minute < 60
    default: return false
    }
  }

  private static func takeNumber(_ text: inout ArraySlice<UInt8>, digits: Int) -> Int? {
    let number = text.prefix(digits)
    guard number.count == digits, number.allSatisfy(isDigit) else { return nil }
    text = text.dropFirst(digits)
    return number.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
  }
}
