import JSON

extension JSONReader {
  /// A string, or nil for `null`; another type is an error.
  mutating func stringOrNull() throws(JSONError) -> String? {
    try takeNull() ? nil : try string()
  }

  /// A string, or nil for a value of any other type, which is passed over.
  mutating func stringIfAny() throws(JSONError) -> String? {
    if try peek() == .string { return try string() }
    try skip()
    return nil
  }

  /// A whole number, or nil for anything else, which is passed over.
  mutating func intIfAny() throws(JSONError) -> Int64? {
    if try peek() == .number { return try number().int64 }
    try skip()
    return nil
  }

  /// A boolean, or nil for anything else, which is passed over.
  mutating func boolIfAny() throws(JSONError) -> Bool? {
    if try peek() == .bool { return try bool() }
    try skip()
    return nil
  }

  /// The strings of an array, without its other elements; empty for anything but an array, which is passed over.
  mutating func stringsIfAny() throws(JSONError) -> [String] {
    guard try peek() == .array else {
      try skip()
      return []
    }
    var strings: [String] = []
    try beginArray()
    while try nextElement() {
      if let string = try stringIfAny() { strings.append(string) }
    }
    return strings
  }
}

extension ArraySlice<UInt8> {
  func equals(_ literal: StaticString) -> Bool {
    elementsEqual(UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
  }

  func starts(with literal: StaticString) -> Bool {
    starts(with: UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
  }
}
