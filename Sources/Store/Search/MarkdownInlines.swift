/// The text of a paragraph or heading without its marks.
struct MarkdownInlines {
  /// A piece of the result.
  private struct Piece {
    var text: ArraySlice<UInt8>
    /// Marks of emphasis that are not used up yet; 0 for plain text.
    var marks = 0
    var mark: UInt8 = 0
    var length = 0
    var opens = false
    var closes = false
  }

  private struct Bracket {
    var piece: Int
    var isImage: Bool
    /// Where what it encloses starts.
    var start: Int
  }

  private let text: [UInt8]
  private let labels: Set<[UInt8]>
  /// Where the last run of so many backticks starts.
  private var lastRun: [Int: Int] = [:]
  private var pieces: [Piece] = []
  private var brackets: [Bracket] = []
  /// Links do not contain links: the brackets before this one can only be text, those of images apart.
  private var deadBrackets = 0
  /// Pieces that are marks of emphasis.
  private var delimiters: [Int] = []
  private var at = 0
  private var plainStart = 0

  init(_ text: [UInt8], labels: Set<[UInt8]>) {
    self.text = text
    self.labels = labels
    var place = 0
    while place < text.count {
      let run = text[place...].prefix { $0 == UInt8(ascii: "`") }.count
      if run > 0 { lastRun[run] = place }
      place += max(run, 1)
    }
  }

  mutating func plain() -> [UInt8] {
    while at < text.count {
      switch text[at] {
      case UInt8(ascii: "\\"): escape()
      case UInt8(ascii: "`"): code()
      case UInt8(ascii: "*"), UInt8(ascii: "_"): emphasis()
      case UInt8(ascii: "["): open(isImage: false)
      case UInt8(ascii: "!") where at + 1 < text.count && text[at + 1] == UInt8(ascii: "["): open(isImage: true)
      case UInt8(ascii: "]"): close()
      case UInt8(ascii: "<"): angle()
      case UInt8(ascii: "&"): entity()
      default: at += 1
      }
    }
    flush(to: text.count)
    resolve(from: 0)
    var result: [UInt8] = []
    result.reserveCapacity(text.count)
    for piece in pieces {
      result.append(contentsOf: piece.text)
      result.append(contentsOf: repeatElement(piece.mark, count: piece.marks))
    }
    return result
  }

  /// Makes what was passed over as it is a piece.
  private mutating func flush(to end: Int) {
    if plainStart < end { pieces.append(Piece(text: text[plainStart..<end])) }
    plainStart = end
  }

  /// Puts something in the place of the text up to `end`.
  private mutating func replace(to end: Int, with replacement: ArraySlice<UInt8>) {
    flush(to: at)
    pieces.append(Piece(text: replacement))
    at = end
    plainStart = end
  }

  // MARK: - Escapes, code, HTML

  private mutating func escape() {
    guard at + 1 < text.count else {
      at += 1
      return
    }
    let next = text[at + 1]
    if next == 0x0A {
      replace(to: at + 2, with: [0x0A])
    } else if Self.isPunctuation(next) {
      replace(to: at + 2, with: [next])
    } else {
      at += 1
    }
  }

  private mutating func code() {
    let count = text[at...].prefix { $0 == UInt8(ascii: "`") }.count
    let start = at + count
    guard let last = lastRun[count], last >= start else {
      at = start
      return
    }
    var end = start
    while end < text.count {
      let run = text[end...].prefix { $0 == UInt8(ascii: "`") }.count
      if run == count { break }
      end += max(run, 1)
    }
    replace(to: end + count, with: text[start..<end])
  }

  private mutating func angle() {
    if let end = MarkdownHTML.autolinkEnd(text, at) {
      replace(to: end, with: text[(at + 1)..<(end - 1)])
    } else if let end = MarkdownHTML.tagEnd(text, at) {
      at = end
    } else {
      at += 1
    }
  }

  private mutating func entity() {
    guard let (end, value) = MarkdownEntities.decode(text, at) else {
      at += 1
      return
    }
    replace(to: end, with: value[...])
  }

  // MARK: - Links

  private mutating func open(isImage: Bool) {
    flush(to: at)
    at += isImage ? 2 : 1
    flush(to: at)
    brackets.append(Bracket(piece: pieces.count - 1, isImage: isImage, start: at))
  }

  private mutating func close() {
    guard let bracket = brackets.popLast() else {
      at += 1
      return
    }
    let isDead = !bracket.isImage && brackets.count < deadBrackets
    deadBrackets = min(deadBrackets, brackets.count)
    guard !isDead, let end = linkEnd(bracket) else {
      at += 1
      return
    }
    flush(to: at)
    pieces[bracket.piece].text = []
    // Emphasis does not reach out of a link.
    var inside = delimiters.count
    while inside > 0, delimiters[inside - 1] > bracket.piece { inside -= 1 }
    resolve(from: inside)
    if !bracket.isImage { deadBrackets = brackets.count }
    at = end
    plainStart = end
  }

  /// Where the link ends whose text ends here; nil if it is none.
  private func linkEnd(_ bracket: Bracket) -> Int? {
    let next = at + 1
    if next < text.count, text[next] == UInt8(ascii: "("), let end = MarkdownLinks.tailEnd(text, next) { return end }
    guard !labels.isEmpty else { return nil }
    if next < text.count, text[next] == UInt8(ascii: "["), let end = MarkdownLinks.labelEnd(text, next) {
      // `[text][label]`, and `[label][]`.
      let label = end - next > 2 ? (next + 1)..<(end - 1) : bracket.start..<at
      if let label = MarkdownLinks.label(text, label) { return labels.contains(label) ? end : nil }
    }
    guard let label = MarkdownLinks.label(text, bracket.start..<at), labels.contains(label) else { return nil }
    return next
  }

  // MARK: - Emphasis

  private mutating func emphasis() {
    let mark = text[at]
    let count = text[at...].prefix { $0 == mark }.count
    let (before, after) = (kind(before: at), kind(after: at + count))
    let leftFlanking = after != .space && (after != .punctuation || before != .other)
    let rightFlanking = before != .space && (before != .punctuation || after != .other)
    flush(to: at)
    at += count
    plainStart = at
    var piece = Piece(text: [], marks: count, mark: mark, length: count)
    let isUnderscore = mark == UInt8(ascii: "_")
    piece.opens = leftFlanking && (!isUnderscore || !rightFlanking || before == .punctuation)
    piece.closes = rightFlanking && (!isUnderscore || !leftFlanking || after == .punctuation)
    delimiters.append(pieces.count)
    pieces.append(piece)
  }

  private enum Kind { case space, punctuation, other }

  private func kind(before place: Int) -> Kind {
    guard place > 0 else { return .space }
    var start = place - 1
    while start > 0, text[start] & 0xC0 == 0x80 { start -= 1 }
    return kind(after: start)
  }

  private func kind(after place: Int) -> Kind {
    guard place < text.count else { return .space }
    if text[place] < 0x80 {
      let byte = text[place]
      if byte == 0x20 || (0x09...0x0D).contains(byte) { return .space }
      return Self.isPunctuation(byte) ? .punctuation : .other
    }
    var walker = UTF8Walker(text, at: place)
    guard let scalar = walker.next() else { return .space }
    if scalar.properties.isWhitespace { return .space }
    switch scalar.properties.generalCategory {
    case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
      .finalPunctuation, .otherPunctuation, .mathSymbol, .currencySymbol, .modifierSymbol, .otherSymbol:
      return .punctuation
    default: return .other
    }
  }

  static func isPunctuation(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: true
    default: false
    }
  }

  /// Uses up the marks that belong together, among the delimiters from one on, and forgets these.
  private mutating func resolve(from first: Int) {
    var openers: [Int] = []
    // Where the search for an opener has failed before there is no need to look again.
    var floors = [Int](repeating: 0, count: 12)
    for closer in delimiters[first...] {
      while pieces[closer].closes, pieces[closer].marks > 0 {
        let floor =
          (pieces[closer].mark == UInt8(ascii: "*") ? 0 : 6) + (pieces[closer].opens ? 3 : 0)
          + pieces[closer].length % 3
        var place = openers.count - 1
        while place >= floors[floor], !matches(openers[place], closer) { place -= 1 }
        guard place >= floors[floor] else {
          floors[floor] = openers.count
          break
        }
        let opener = openers[place]
        let used = pieces[opener].marks >= 2 && pieces[closer].marks >= 2 ? 2 : 1
        pieces[opener].marks -= used
        pieces[closer].marks -= used
        openers.removeSubrange((pieces[opener].marks > 0 ? place + 1 : place)...)
        for index in floors.indices { floors[index] = min(floors[index], openers.count) }
      }
      if pieces[closer].opens, pieces[closer].marks > 0 { openers.append(closer) }
    }
    delimiters.removeSubrange(first...)
  }

  private func matches(_ opener: Int, _ closer: Int) -> Bool {
    let (left, right) = (pieces[opener], pieces[closer])
    guard left.mark == right.mark else { return false }
    guard left.closes || right.opens else { return true }
    return (left.length + right.length) % 3 != 0 || (left.length % 3 == 0 && right.length % 3 == 0)
  }
}
