/// What is wrong with a text that should be a UUID, in the words that clients know from the reference.
enum ThreadIDText {
  static func problem(with text: String) -> String {
    var index = 0
    var hyphens: [Int] = []
    for scalar in text.unicodeScalars {
      index += 1
      if scalar == "-" {
        hyphens.append(index - 1)
      } else if !scalar.properties.isASCIIHexDigit {
        return "invalid character: expected an optional prefix of `urn:uuid:` followed by [0-9a-fA-F-], "
          + "found `\(scalar)` at \(index)"
      }
    }
    guard !hyphens.isEmpty else { return "invalid length: expected length 32 for simple format, found \(index)" }
    guard hyphens.count == 4 else { return "invalid group count: expected 5, found \(hyphens.count + 1)" }
    let ends = hyphens + [index]
    var start = 0
    for (group, expected) in [8, 4, 4, 4, 12].enumerated() {
      let length = ends[group] - start
      if length != expected {
        return "invalid group length in group \(group): expected \(expected), found \(length)"
      }
      start = ends[group] + 1
    }
    return "invalid length: expected length 32 for simple format, found \(index)"
  }
}
