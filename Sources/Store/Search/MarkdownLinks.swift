/// The parts of Markdown's links that are not shown.
enum MarkdownLinks {
  /// Destinations and titles of more bytes are taken for text, so that looking for their ends stays cheap.
  static let maximumTail = 2048
  static let maximumLabel = 999

  /// Where `(destination "title")` ends, which starts at `start`.
  static func tailEnd(_ text: [UInt8], _ start: Int) -> Int? {
    let limit = min(text.count, start + maximumTail)
    var at = skipSpace(text, start + 1, limit)
    if at < limit, text[at] != UInt8(ascii: ")") {
      guard let end = destinationEnd(text, at, limit) else { return nil }
      at = skipSpace(text, end, limit)
      if at > end, at < limit, text[at] != UInt8(ascii: ")") {
        guard let end = titleEnd(text, at, limit) else { return nil }
        at = skipSpace(text, end, limit)
      }
    }
    return at < limit && text[at] == UInt8(ascii: ")") ? at + 1 : nil
  }

  /// Where `[label]` ends, which starts at `start`.
  static func labelEnd(_ text: [UInt8], _ start: Int) -> Int? {
    let limit = min(text.count, start + maximumLabel + 2)
    var at = start + 1
    while at < limit {
      switch text[at] {
      case UInt8(ascii: "]"): return at + 1
      case UInt8(ascii: "["): return nil
      case UInt8(ascii: "\\"): at += 2
      default: at += 1
      }
    }
    return nil
  }

  /// A label in the form in which labels are compared; nil for what cannot be one.
  static func label(_ text: [UInt8], _ range: Range<Int>) -> [UInt8]? {
    guard range.count <= maximumLabel, labelEnd(text, range.lowerBound - 1) == range.upperBound + 1 else { return nil }
    let collapsed = WhiteSpace.collapsed(Array(text[range]))
    guard !collapsed.isEmpty else { return nil }
    return Array(String(decoding: collapsed, as: UTF8.self).lowercased().utf8)
  }

  /// Takes the definitions at the start of a paragraph; returns where its text starts.
  static func takeDefinitions(_ text: [UInt8], into labels: inout Set<[UInt8]>) -> Int {
    var start = 0
    while start < text.count, text[start] == UInt8(ascii: "["), let labelEnd = labelEnd(text, start),
      labelEnd < text.count, text[labelEnd] == UInt8(ascii: ":"),
      let label = label(text, (start + 1)..<(labelEnd - 1)), let end = definitionEnd(text, labelEnd + 1)
    {
      labels.insert(label)
      start = end
    }
    return start
  }

  private static func definitionEnd(_ text: [UInt8], _ start: Int) -> Int? {
    let limit = min(text.count, start + maximumTail)
    let at = skipSpace(text, start, limit)
    guard at < limit, let destination = destinationEnd(text, at, limit), destination > at else { return nil }
    let next = skipSpace(text, destination, limit)
    if next > destination, next < limit, let title = titleEnd(text, next, limit), let end = lineEnd(text, title) {
      return end
    }
    return lineEnd(text, destination)
  }

  /// The start of the next line, if nothing but white space is left on this one.
  private static func lineEnd(_ text: [UInt8], _ start: Int) -> Int? {
    var at = start
    while at < text.count, text[at] == 0x20 || text[at] == 0x09 { at += 1 }
    if at == text.count { return at }
    return text[at] == 0x0A ? at + 1 : nil
  }

  private static func skipSpace(_ text: [UInt8], _ start: Int, _ limit: Int) -> Int {
    var at = start
    while at < limit, text[at] == 0x20 || text[at] == 0x09 || text[at] == 0x0A { at += 1 }
    return at
  }

  private static func destinationEnd(_ text: [UInt8], _ start: Int, _ limit: Int) -> Int? {
    var at = start
    if text[at] == UInt8(ascii: "<") {
      at += 1
      while at < limit {
        switch text[at] {
        case UInt8(ascii: ">"): return at + 1
        case UInt8(ascii: "<"), 0x0A: return nil
        case UInt8(ascii: "\\"): at += 2
        default: at += 1
        }
      }
      return nil
    }
    var depth = 0
    while at < limit {
      switch text[at] {
      case 0...0x20, 0x7F: return depth == 0 ? at : nil
      case UInt8(ascii: "("): depth += 1
      case UInt8(ascii: ")"):
        if depth == 0 { return at }
        depth -= 1
      case UInt8(ascii: "\\"): at += 1
      default: break
      }
      at += 1
    }
    return depth == 0 && at == text.count ? at : nil
  }

  private static func titleEnd(_ text: [UInt8], _ start: Int, _ limit: Int) -> Int? {
    let end: UInt8
    switch text[start] {
    case UInt8(ascii: "\""), UInt8(ascii: "'"): end = text[start]
    case UInt8(ascii: "("): end = UInt8(ascii: ")")
    default: return nil
    }
    var at = start + 1
    while at < limit {
      if text[at] == end { return at + 1 }
      at += text[at] == UInt8(ascii: "\\") ? 2 : 1
    }
    return nil
  }
}

/// Characters that are written by name or number.
enum MarkdownEntities {
  /// The names that occur in prose; others stay as they are written.
  private static let names: [String: String] = [
    "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'", "nbsp": "\u{A0}", "copy": "©", "reg": "®",
    "trade": "™", "hellip": "…", "mdash": "—", "ndash": "–", "lsquo": "‘", "rsquo": "’", "ldquo": "“", "rdquo": "”",
    "laquo": "«", "raquo": "»", "bull": "•", "middot": "·", "times": "×", "divide": "÷", "plusmn": "±", "minus": "−",
    "deg": "°", "micro": "µ", "para": "¶", "sect": "§", "euro": "€", "pound": "£", "yen": "¥", "cent": "¢",
    "larr": "←", "uarr": "↑", "rarr": "→", "darr": "↓", "harr": "↔", "le": "≤", "ge": "≥", "ne": "≠", "infin": "∞",
    "check": "✓", "ouml": "ö", "auml": "ä", "uuml": "ü", "Ouml": "Ö", "Auml": "Ä", "Uuml": "Ü", "szlig": "ß",
  ]
  private static let maximumLength = 12

  /// What is written at `start`, which is an `&`, and where it ends.
  static func decode(_ text: [UInt8], _ start: Int) -> (end: Int, value: [UInt8])? {
    let limit = min(text.count, start + maximumLength)
    guard let end = text[start..<limit].firstIndex(of: UInt8(ascii: ";")), end > start + 1 else { return nil }
    let name = String(decoding: text[(start + 1)..<end], as: UTF8.self)
    if let value = names[name] { return (end + 1, Array(value.utf8)) }
    guard name.utf8.first == UInt8(ascii: "#") else { return nil }
    let digits = name.dropFirst()
    let isHex = digits.first == "x" || digits.first == "X"
    let number = isHex ? digits.dropFirst() : digits
    guard number.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }),
      let code = UInt32(number, radix: isHex ? 16 : 10)
    else { return nil }
    let scalar = code == 0 ? nil : Unicode.Scalar(code)
    return (end + 1, Array(String(Character(scalar ?? "\u{FFFD}")).utf8))
  }
}
