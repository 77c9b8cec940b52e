/// Tells HTML in Markdown from other text that has angle brackets.
enum MarkdownHTML {
  /// Tags and comments of more bytes are read as text.
  static let maximumTag = 2048

  enum BlockEnd {
    case blankLine
    case comment
    /// After the end tag of `script`, `pre`, `style` or `textarea`.
    case rawText

    func isIn(_ line: [UInt8]) -> Bool {
      switch self {
      case .blankLine: return false
      case .comment: return line[...].firstRange(ofBytes: Array("-->".utf8)) != nil
      case .rawText:
        let line = line.map { $0 &- 0x41 < 26 ? $0 | 0x20 : $0 }[...]
        return MarkdownHTML.rawTextTags.contains { line.firstRange(ofBytes: Array("</\($0)>".utf8)) != nil }
      }
    }
  }

  private static let rawTextTags = ["script", "pre", "style", "textarea"]
  private static let blockTags: Set<String> = [
    "address", "article", "aside", "base", "basefont", "blockquote", "body", "caption", "center", "col", "colgroup",
    "dd", "details", "dialog", "dir", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "frame",
    "frameset", "h1", "h2", "h3", "h4", "h5", "h6", "head", "header", "hr", "html", "iframe", "legend", "li", "link",
    "main", "menu", "menuitem", "nav", "noframes", "ol", "optgroup", "option", "p", "param", "search", "section",
    "summary", "table", "tbody", "td", "tfoot", "th", "thead", "title", "tr", "track", "ul",
  ]

  /// How the block of HTML ends that starts with this text; nil if none does.
  static func blockEnd(_ text: [UInt8], mayBeAnyTag: Bool) -> BlockEnd? {
    guard text.first == UInt8(ascii: "<") else { return nil }
    if text.starts(with: "<!--".utf8) { return .comment }
    let isClosing = text.count > 1 && text[1] == UInt8(ascii: "/")
    let name = text.dropFirst(isClosing ? 2 : 1).prefix(12).prefix { isAlphanumeric($0) }
    let tag = String(decoding: name, as: UTF8.self).lowercased()
    let next = name.endIndex < text.count ? text[name.endIndex] : 0x20
    let isDelimited = next == 0x20 || next == 0x09 || next == UInt8(ascii: ">")
    if !isClosing, isDelimited, rawTextTags.contains(tag) { return .rawText }
    if isDelimited || next == UInt8(ascii: "/"), blockTags.contains(tag) { return .blankLine }
    guard mayBeAnyTag, let end = tagEnd(text, 0), text[end...].allSatisfy({ $0 == 0x20 || $0 == 0x09 }) else {
      return nil
    }
    return .blankLine
  }

  /// Where `<scheme:…>` or `<name@host>` ends, which starts at `start`.
  static func autolinkEnd(_ text: [UInt8], _ start: Int) -> Int? {
    let limit = min(text.count, start + maximumTag)
    var at = start + 1
    var scheme: Int?
    var isAddress = false
    while at < limit {
      switch text[at] {
      case UInt8(ascii: ">"):
        guard at > start + 1 else { return nil }
        if let scheme { return (2...32).contains(scheme - start - 1) ? at + 1 : nil }
        return isAddress ? at + 1 : nil
      case 0...0x20, UInt8(ascii: "<"): return nil
      case UInt8(ascii: ":"): if scheme == nil, !isAddress { scheme = at }
      case UInt8(ascii: "@"): if scheme == nil { isAddress = at > start + 1 }
      case let byte:
        let isWord = isAlphanumeric(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
        if scheme == nil, !isWord, byte != UInt8(ascii: "+"), byte != UInt8(ascii: "_") { return nil }
      }
      at += 1
    }
    return nil
  }

  /// Where the tag or the comment ends that starts at `start`; nil for what is neither.
  static func tagEnd(_ text: [UInt8], _ start: Int) -> Int? {
    let limit = min(text.count, start + maximumTag)
    var at = start + 1
    guard at < limit else { return nil }
    if text[at...].starts(with: "!--".utf8) {
      guard let end = text[(at + 3)..<max(at + 3, limit)].firstRange(ofBytes: Array("-->".utf8)) else { return nil }
      return end.upperBound
    }
    if text[at] == UInt8(ascii: "/") { at += 1 }
    guard at < limit, isLetter(text[at]) else { return nil }
    while at < limit, isAlphanumeric(text[at]) || text[at] == UInt8(ascii: "-") { at += 1 }
    guard at < limit else { return nil }
    switch text[at] {
    case UInt8(ascii: ">"), UInt8(ascii: "/"), 0x20, 0x09, 0x0A: break
    default: return nil
    }
    var quote: UInt8?
    while at < limit {
      let byte = text[at]
      at += 1
      if let open = quote {
        if byte == open { quote = nil }
        continue
      }
      switch byte {
      case UInt8(ascii: ">"): return at
      case UInt8(ascii: "<"): return nil
      case UInt8(ascii: "\""), UInt8(ascii: "'"): quote = byte
      default: break
      }
    }
    return nil
  }

  private static func isLetter(_ byte: UInt8) -> Bool { byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool { isLetter(byte) || byte &- 0x30 < 10 }
}
