/// Writes an argument list as one line that a POSIX shell reads back as the same list.
///
/// The spelling is the reference's, because clients show the line: words of plain characters stay bare, others go into
/// single quotes, or into double quotes where they hold an apostrophe or a backslash; a word that no single form can
/// hold is a chain of them (observed with 0.163.0; the rules are those of the Rust crate `shlex`).
package enum ShellWords {
  /// What stands for a list that no command line can hold, because of a NUL.
  package static let unprintable = "<command included NUL byte>"

  package static func join(_ words: [String]) -> String {
    var line: [UInt8] = []
    for (index, word) in words.enumerated() {
      if index > 0 { line.append(UInt8(ascii: " ")) }
      guard !word.utf8.contains(0) else { return unprintable }
      append(Array(word.utf8), to: &line)
    }
    return String(decoding: line, as: UTF8.self)
  }

  private static func append(_ word: [UInt8], to line: inout [UInt8]) {
    if word.isEmpty {
      line.append(contentsOf: "''".utf8)
      return
    }
    var rest = word[...]
    while !rest.isEmpty {
      let (form, count) = longestPrefix(of: rest)
      let part = rest.prefix(count)
      switch form {
      case .bare: line.append(contentsOf: part)
      case .single:
        line.append(UInt8(ascii: "'"))
        line.append(contentsOf: part)
        line.append(UInt8(ascii: "'"))
      case .double:
        line.append(UInt8(ascii: "\""))
        for byte in part {
          if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { line.append(UInt8(ascii: "\\")) }
          line.append(byte)
        }
        line.append(UInt8(ascii: "\""))
      }
      rest = rest.dropFirst(count)
    }
  }

  private enum Form { case bare, single, double }

  /// The simplest form that holds the longest start of `text`, which is not empty.
  private static func longestPrefix(of text: ArraySlice<UInt8>) -> (Form, Int) {
    var bare = true
    var single = true
    var double = true
    var count = 0
    for byte in text {
      // Readline expands `^` at the start of a line even in double quotes, so it goes first in single quotes or nowhere.
      let isCaret = byte == UInt8(ascii: "^")
      let keepsBare = bare && isBare(byte)
      let keepsSingle = single && (isCaret ? count == 0 : byte != UInt8(ascii: "'") && byte != UInt8(ascii: "\\"))
      let keepsDouble = double && !isCaret && !"`$!".utf8.contains(byte)
      guard keepsBare || keepsSingle || keepsDouble else { break }
      (bare, single, double) = (keepsBare, keepsSingle, keepsDouble)
      count += 1
    }
    return (bare ? .bare : single ? .single : .double, count)
  }

  private static func isBare(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: "+-./:@]_".utf8.contains(byte)
    }
  }
}
