/// The text that a reader sees of a CommonMark document: without marks, destinations and fences, each run of white
/// space as one space. HTML stays as it is written, as do tables and other extensions.
///
/// Takes time in proportion to the text, also where it is made to be hard.
package enum MarkdownText {
  package static func plain(_ text: String) -> [UInt8] {
    var blocks = MarkdownBlocks()
    for line in text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false) {
      blocks.take(Array(line.last == 0x0D ? line.dropLast() : line))
    }
    blocks.finish()
    var plain: [UInt8] = []
    for block in blocks.done {
      switch block {
      case .literal(let text): plain.append(contentsOf: text)
      case .inlines(let text):
        var inlines = MarkdownInlines(text, labels: blocks.labels)
        plain.append(contentsOf: inlines.plain())
      }
      plain.append(0x0A)
    }
    return WhiteSpace.collapsed(plain)
  }
}

/// Finds the blocks of a document line by line. Only leaves are kept: which list or quote they stand in changes nothing
/// about their text.
struct MarkdownBlocks {
  enum Block {
    /// Code and HTML.
    case literal([UInt8])
    case inlines([UInt8])
  }

  private enum Container {
    case quote
    /// What belongs to a list item is indented by so many columns.
    case item(indent: Int)
  }

  private enum Leaf: Equatable {
    case none
    case paragraph
    case code
    case fence(mark: UInt8, count: Int)
    case html(MarkdownHTML.BlockEnd)
  }

  /// Deeper containers are read as text, so that a line of many marks costs no more than its length.
  private static let maximumDepth = 64

  private(set) var done: [Block] = []
  /// Of the link definitions, in the form of `MarkdownLinks.label`.
  private(set) var labels: Set<[UInt8]> = []
  private var containers: [Container] = []
  private var leaf = Leaf.none
  /// Of the open leaf.
  private var leafText: [UInt8] = []

  mutating func finish() {
    closeLeaf()
    containers = []
  }

  mutating func take(_ bytes: [UInt8]) {
    var line = MarkdownLine(bytes)
    let matched = matchContainers(&line)
    let isContinued = matched == containers.count
    if isContinued, continueLeaf(line) { return }
    // Text may go on with a paragraph although its containers are not marked again.
    let isInParagraph = leaf == .paragraph
    if !isInParagraph { close(to: matched) }
    var isOpen = false
    while !line.isBlank {
      let mayInterrupt = !isInParagraph || isOpen
      if line.indent >= 4 {
        guard mayInterrupt else { break }
        close(to: isOpen ? containers.count : matched)
        return open(.code, line.rest(dropping: 4))
      }
      if isInParagraph, !isOpen, isContinued, line.isSetextUnderline { return closeLeaf() }
      if startLeaf(line, mayBeAnyTag: mayInterrupt, depth: isOpen ? containers.count : matched) { return }
      var next = line
      guard containers.count < Self.maximumDepth,
        let container = Self.container(&next, interruptsParagraph: isInParagraph && !isOpen && isContinued)
      else { break }
      if !isOpen { close(to: matched) }
      line = next
      containers.append(container)
      isOpen = true
    }
    if line.isBlank {
      if isOpen { return }
      return close(to: isContinued ? containers.count : matched)
    }
    if isInParagraph, !isOpen { return append(line.text) }
    if !isOpen { close(to: matched) }
    open(.paragraph, line.text)
  }

  // MARK: - Containers

  private func matchContainers(_ line: inout MarkdownLine) -> Int {
    var matched = 0
    for container in containers {
      switch container {
      case .quote: guard line.takeQuoteMark() else { return matched }
      case .item(let indent):
        if !line.isBlank {
          guard line.indent >= indent else { return matched }
          line.drop(columns: indent)
        }
      }
      matched += 1
    }
    return matched
  }

  private static func container(_ line: inout MarkdownLine, interruptsParagraph: Bool) -> Container? {
    if line.takeQuoteMark() { return .quote }
    return line.takeListMark(interruptsParagraph: interruptsParagraph).map { .item(indent: $0) }
  }

  private mutating func close(to depth: Int) {
    closeLeaf()
    containers.removeSubrange(min(depth, containers.count)...)
  }

  // MARK: - Leaves

  /// Whether the line belongs to an open block that holds lines as they are.
  private mutating func continueLeaf(_ line: MarkdownLine) -> Bool {
    switch leaf {
    case .none, .paragraph: return false
    case .code:
      guard line.indent >= 4 || line.isBlank else { return false }
      append(line.rest(dropping: 4))
    case .fence(let mark, let count):
      if line.closesFence(mark, count) { closeLeaf() } else { append(line.rest(dropping: 0)) }
    case .html(let end):
      if end == .blankLine, line.isBlank { return false }
      append(line.rest(dropping: 0))
      if end.isIn(line.text) { closeLeaf() }
    }
    return true
  }

  /// Whether the line is, or begins, a block that holds no other blocks.
  private mutating func startLeaf(_ line: MarkdownLine, mayBeAnyTag: Bool, depth: Int) -> Bool {
    if line.isThematicBreak {
      close(to: depth)
    } else if let heading = line.heading {
      close(to: depth)
      done.append(.inlines(heading))
    } else if let fence = line.fence {
      close(to: depth)
      open(.fence(mark: fence.mark, count: fence.count), [])
    } else if let end = MarkdownHTML.blockEnd(line.text, mayBeAnyTag: mayBeAnyTag) {
      close(to: depth)
      open(.html(end), line.text)
      if end.isIn(line.text) { closeLeaf() }
    } else {
      return false
    }
    return true
  }

  private mutating func open(_ new: Leaf, _ text: [UInt8]) {
    leaf = new
    leafText = text
  }

  private mutating func append(_ line: [UInt8]) {
    leafText.append(0x0A)
    leafText.append(contentsOf: line)
  }

  private mutating func closeLeaf() {
    switch leaf {
    case .none: return
    case .paragraph:
      let start = MarkdownLinks.takeDefinitions(leafText, into: &labels)
      if start < leafText.count { done.append(.inlines(Array(leafText[start...]))) }
    case .code, .fence, .html: done.append(.literal(leafText))
    }
    leaf = .none
    leafText = []
  }
}

/// What is left of a line after the marks of its containers.
struct MarkdownLine {
  private let bytes: [UInt8]
  private var at = 0
  private var column = 0
  /// Columns of white space before the text.
  private(set) var indent = 0
  /// Where the text starts.
  private var textStart = 0

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    measure()
  }

  var isBlank: Bool { textStart == bytes.count }
  var text: [UInt8] { Array(bytes[textStart...]) }
  private var first: UInt8 { bytes[textStart] }

  /// The rest of the line without so many columns of white space.
  func rest(dropping columns: Int) -> [UInt8] {
    var line = self
    line.drop(columns: columns)
    return Array(line.bytes[line.at...])
  }

  private mutating func measure() {
    textStart = at
    var reached = column
    while textStart < bytes.count, bytes[textStart] == 0x20 || bytes[textStart] == 0x09 {
      reached += bytes[textStart] == 0x09 ? 4 - reached % 4 : 1
      textStart += 1
    }
    indent = reached - column
  }

  /// A tab that reaches further goes as a whole.
  mutating func drop(columns: Int) {
    let target = column + columns
    while column < target, at < textStart {
      column += bytes[at] == 0x09 ? 4 - column % 4 : 1
      at += 1
    }
    measure()
  }

  private mutating func skip(to place: Int) {
    column += indent + place - textStart
    at = place
    measure()
  }

  mutating func takeQuoteMark() -> Bool {
    guard !isBlank, indent < 4, first == UInt8(ascii: ">") else { return false }
    skip(to: textStart + 1)
    if indent > 0 { drop(columns: 1) }
    return true
  }

  /// Takes the mark of a list item; returns how far its content is indented.
  mutating func takeListMark(interruptsParagraph: Bool) -> Int? {
    guard !isBlank, indent < 4 else { return nil }
    var end = textStart
    switch first {
    case UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "*"): end += 1
    case UInt8(ascii: "0")...UInt8(ascii: "9"):
      while end < bytes.count, bytes[end] &- 0x30 < 10 { end += 1 }
      guard end - textStart <= 9, end < bytes.count, bytes[end] == UInt8(ascii: ".") || bytes[end] == UInt8(ascii: ")")
      else { return nil }
      if interruptsParagraph, !(end - textStart == 1 && first == UInt8(ascii: "1")) { return nil }
      end += 1
    default: return nil
    }
    guard end == bytes.count || bytes[end] == 0x20 || bytes[end] == 0x09 else { return nil }
    let width = indent + end - textStart
    var next = self
    next.skip(to: end)
    if next.isBlank {
      guard !interruptsParagraph else { return nil }
      self = next
      return width + 1
    }
    // More than four columns are one, and code.
    let padding = next.indent > 4 ? 1 : next.indent
    next.drop(columns: padding)
    self = next
    return width + padding
  }

  var isThematicBreak: Bool {
    guard !isBlank, first == UInt8(ascii: "-") || first == UInt8(ascii: "*") || first == UInt8(ascii: "_") else {
      return false
    }
    var count = 0
    for byte in bytes[textStart...] {
      if byte == first { count += 1 } else if byte != 0x20, byte != 0x09 { return false }
    }
    return count >= 3
  }

  var isSetextUnderline: Bool {
    guard !isBlank, first == UInt8(ascii: "=") || first == UInt8(ascii: "-") else { return false }
    return bytes[textStart...].drop { $0 == first }.allSatisfy { $0 == 0x20 || $0 == 0x09 }
  }

  /// The text of a heading with its marks in front.
  var heading: [UInt8]? {
    let level = bytes[textStart...].prefix { $0 == UInt8(ascii: "#") }.count
    guard (1...6).contains(level) else { return nil }
    var content = bytes[(textStart + level)...]
    guard content.first.map({ $0 == 0x20 || $0 == 0x09 }) ?? true else { return nil }
    func trimEnd() { while let last = content.last, last == 0x20 || last == 0x09 { content.removeLast() } }
    trimEnd()
    let closing = content.reversed().prefix { $0 == UInt8(ascii: "#") }.count
    let open = content.dropLast(closing)
    if open.last.map({ $0 == 0x20 || $0 == 0x09 }) ?? true { content = open }
    trimEnd()
    return Array(content)
  }

  var fence: (mark: UInt8, count: Int)? {
    guard !isBlank, first == UInt8(ascii: "`") || first == UInt8(ascii: "~") else { return nil }
    let count = bytes[textStart...].prefix { $0 == first }.count
    guard count >= 3 else { return nil }
    if first == UInt8(ascii: "`"), bytes[(textStart + count)...].contains(first) { return nil }
    return (first, count)
  }

  func closesFence(_ mark: UInt8, _ count: Int) -> Bool {
    guard !isBlank, indent < 4, first == mark else { return false }
    let rest = bytes[textStart...].drop { $0 == mark }
    return bytes.count - textStart - rest.count >= count && rest.allSatisfy { $0 == 0x20 || $0 == 0x09 }
  }
}
