package import JSON

/// A mark where a review begins.
package struct EnteredReviewModeItem: Sendable, Equatable {
  package var id: String
  /// What is reviewed, in the wire's form (`{"type":"custom","instructions":…}`), which is the files' form, too.
  package var target: RawJSON
  /// What clients show.
  package var review: String

  package init(id: String, target: RawJSON, review: String) {
    self.id = id
    self.target = target
    self.review = review
  }

  init(rollout reader: inout JSONReader) throws(JSONError) {
    var id: String?
    target = .null
    review = ""
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "id": id = try reader.string()
      case "target": target = try RawJSON(&reader)
      case "user_facing_hint": review = try reader.optionalString() ?? ""
      default: try reader.skip()
      }
    }
    self.id = try reader.require(id, "id")
  }

  package func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.field("type", literal: "enteredReviewMode")
    writer.field("id", id)
    writer.field("review", review)
    writer.endObject()
  }

  package func writeRollout(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.field("type", literal: "EnteredReviewMode")
    writer.field("id", id)
    writer.key("target")
    writer.raw(target)
    writer.field("user_facing_hint", review)
    writer.endObject()
  }
}

/// A mark where a review ends, with what it found.
package struct ExitedReviewModeItem: Sendable, Equatable {
  package var id: String
  /// nil where the reviewer gave nothing that could be read.
  package var output: ReviewOutput?

  package init(id: String, output: ReviewOutput?) {
    self.id = id
    self.output = output
  }

  /// What clients show.
  package var review: String { output?.text ?? ReviewOutput.failureText }

  init(rollout reader: inout JSONReader) throws(JSONError) {
    var id: String?
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "id": id = try reader.string()
      case "review_output": if try !reader.takeNull() { output = try ReviewOutput(&reader) }
      default: try reader.skip()
      }
    }
    self.id = try reader.require(id, "id")
  }

  package func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.field("type", literal: "exitedReviewMode")
    writer.field("id", id)
    writer.field("review", review)
    writer.endObject()
  }

  package func writeRollout(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.field("type", literal: "ExitedReviewMode")
    writer.field("id", id)
    writer.key("review_output")
    if let output { output.write(to: &writer) } else { writer.null() }
    writer.endObject()
  }
}

/// What a reviewer answers, as JSON (snake_case everywhere).
package struct ReviewOutput: Sendable, Equatable {
  package struct Finding: Sendable, Equatable {
    package var title: String
    package var body: String
    package var confidence: Double
    package var priority: Int
    package var path: String
    package var firstLine: Int
    package var lastLine: Int

    package init(
      title: String, body: String, confidence: Double = 0, priority: Int = 0, path: String, firstLine: Int,
      lastLine: Int
    ) {
      self.title = title
      self.body = body
      self.confidence = confidence
      self.priority = priority
      self.path = path
      self.firstLine = firstLine
      self.lastLine = lastLine
    }
  }

  package var findings: [Finding]
  package var correctness: String
  package var explanation: String
  package var confidence: Double

  package init(findings: [Finding] = [], correctness: String = "", explanation: String = "", confidence: Double = 0) {
    self.findings = findings
    self.correctness = correctness
    self.explanation = explanation
    self.confidence = confidence
  }

  /// Shown where there is nothing to show.
  package static let failureText = "Reviewer failed to output a response."

  /// The review as text: the explanation, then the findings as a list.
  package var text: String {
    var sections: [String] = []
    let explanation = explanation.trimmed
    if !explanation.isEmpty { sections.append(explanation) }
    if !findings.isEmpty {
      let list = findings.map { finding in
        let place = "\(finding.path):\(finding.firstLine)-\(finding.lastLine)"
        let lines = finding.body.utf8.isEmpty ? [] : finding.body.lines
        return (["- \(finding.title) — \(place)"] + lines.map { "  " + $0 }).joined(separator: "\n")
      }
      sections.append(findings.count == 1 ? "Review comment:" : "Full review comments:")
      sections += list
    }
    return sections.isEmpty ? Self.failureText : sections.joined(separator: "\n\n")
  }

  /// Members that are missing are empty or zero; of another type, an error.
  package init(_ reader: inout JSONReader) throws(JSONError) {
    self.init()
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "findings":
        try reader.beginArray()
        while try reader.nextElement() { findings.append(try Self.finding(&reader)) }
      case "overall_correctness": correctness = try reader.string()
      case "overall_explanation": explanation = try reader.string()
      case "overall_confidence_score": confidence = try reader.double()
      default: try reader.skip()
      }
    }
  }

  private static func finding(_ reader: inout JSONReader) throws(JSONError) -> Finding {
    var finding = Finding(title: "", body: "", path: "", firstLine: 0, lastLine: 0)
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "title": finding.title = try reader.string()
      case "body": finding.body = try reader.string()
      case "confidence_score": finding.confidence = try reader.double()
      case "priority": finding.priority = try reader.optionalInt() ?? 0
      case "code_location":
        try reader.beginObject()
        while let member = try reader.nextKey() {
          switch member {
          case "absolute_file_path": finding.path = try reader.string()
          case "line_range":
            try reader.beginObject()
            while let bound = try reader.nextKey() {
              switch bound {
              case "start": finding.firstLine = try reader.int()
              case "end": finding.lastLine = try reader.int()
              default: try reader.skip()
              }
            }
          default: try reader.skip()
          }
        }
      default: try reader.skip()
      }
    }
    return finding
  }

  package func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("findings")
    writer.beginArray()
    for finding in findings {
      writer.beginObject()
      writer.field("title", finding.title)
      writer.field("body", finding.body)
      writer.key("confidence_score")
      writer.double(finding.confidence)
      writer.field("priority", finding.priority)
      writer.key("code_location")
      writer.beginObject()
      writer.field("absolute_file_path", finding.path)
      writer.key("line_range")
      writer.beginObject()
      writer.field("start", finding.firstLine)
      writer.field("end", finding.lastLine)
      writer.endObject()
      writer.endObject()
      writer.endObject()
    }
    writer.endArray()
    writer.field("overall_correctness", correctness)
    writer.field("overall_explanation", explanation)
    writer.key("overall_confidence_score")
    writer.double(confidence)
    writer.endObject()
  }
}

extension String {
  /// Without ASCII white space at either end.
  fileprivate var trimmed: String {
    func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
    guard let first = utf8.firstIndex(where: { !isSpace($0) }), let last = utf8.lastIndex(where: { !isSpace($0) })
    else { return "" }
    return String(decoding: utf8[first...last], as: UTF8.self)
  }

  /// Its lines without their ends; a line end at the very end begins no further line.
  fileprivate var lines: [String] {
    var lines = utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { line in
      String(decoding: line.last == UInt8(ascii: "\r") ? line.dropLast() : line, as: UTF8.self)
    }
    if lines.last?.isEmpty == true { lines.removeLast() }
    return lines
  }
}
