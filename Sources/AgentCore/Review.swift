package import AppServerProtocol
import JSON
import ModelAPI

/// What a reviewer is asked, and what becomes of its answer (agent-core.md §8).
package enum Review {
  /// The base instructions of the reviewer's conversation.
  package static let instructions = """
    You review a change to a code base that somebody else wrote. Report the defects that its author would want to know \
    of before the change is merged, and nothing else.

    You see what this conversation contains and nothing beyond it: here you can neither open files nor run commands. Do \
    not guess at code that you have not been shown. If what you have been given is not enough to judge the change, say so \
    in `overall_explanation` and report no findings.

    What makes a finding:
    - The change brings it in; it was not there before.
    - It makes a real difference to correctness, security, speed or upkeep, and you can say under which circumstances.
    - It is one thing, and can be acted on. Report two things as two findings.
    - It does not rest on assumptions about code or intentions that you have not seen.
    - Matters of taste count only where the project's own documented rules say so.
    Report every finding that passes, and none that does not. No findings is a good answer.

    How to write one:
    - `title`: an imperative of at most 80 characters, with its priority in front: `[P0]` stops everything, `[P1]` should \
    be fixed next, `[P2]` should be fixed some day, `[P3]` would be nice.
    - `body`: one short paragraph in Markdown on what goes wrong, where and when. Factual and friendly; no praise, no blame. \
    Quote no more than three lines of code.
    - `code_location`: the absolute path, and the shortest range of lines that shows the problem; it should touch lines of \
    the change.
    - `priority`: 0 to 3, as in the title. `confidence_score`: from 0 to 1.

    `overall_correctness` is `patch is correct` if the change can go in as it is, small matters aside, and \
    `patch is incorrect` if not. `overall_explanation` gives the reason in one to three sentences.

    Answer with one JSON object of this form and with nothing around it, no code fence either:

    {
      "findings": [
        {
          "title": "[P1] …",
          "body": "…",
          "confidence_score": 0.9,
          "priority": 1,
          "code_location": {"absolute_file_path": "/…", "line_range": {"start": 10, "end": 12}}
        }
      ],
      "overall_correctness": "patch is correct",
      "overall_explanation": "…",
      "overall_confidence_score": 0.9
    }
    """

  /// The message that names the target to the reviewer.
  package static func request(for target: ReviewTarget) -> String {
    switch target {
    case .uncommittedChanges:
      "Review the changes in the work tree that are not committed yet: staged and unstaged ones, and files that are not "
        + "tracked."
    case .baseBranch(let branch): "Review what the current branch changes against its base branch '\(branch)'."
    case .commit(let sha, let title):
      "Review the changes of commit \(sha)" + (title.map { " (\"\($0)\")" } ?? "") + "."
    case .custom(let instructions): instructions
    }
  }

  /// What clients show as the thing that is reviewed.
  package static func label(of target: ReviewTarget) -> String {
    switch target {
    case .uncommittedChanges: "uncommitted changes"
    case .baseBranch(let branch): "changes against '\(branch)'"
    case .commit(let sha, let title): "commit \(sha.prefix(7))" + (title.map { ": \($0)" } ?? "")
    case .custom(let instructions): instructions
    }
  }

  // MARK: - The answer

  /// What the reviewer found: the answer as JSON, else the JSON object inside it, else the whole text as the explanation.
  /// nil for an empty answer.
  package static func output(from answer: String) -> ReviewOutput? {
    let bytes = Array(answer.utf8)
    if let output = parsed(bytes[...]) { return output }
    if let first = bytes.firstIndex(of: UInt8(ascii: "{")), let last = bytes.lastIndex(of: UInt8(ascii: "}")),
      first < last, let output = parsed(bytes[first...last])
    {
      return output
    }
    let text = answer.trimmed
    return text.isEmpty ? nil : ReviewOutput(explanation: text)
  }

  /// nil for JSON that says nothing a review says, or that leaves out what a finding cannot do without.
  private static func parsed(_ json: ArraySlice<UInt8>) -> ReviewOutput? {
    let bytes = Array(json)
    guard let value = try? JSON.parse(bytes), value["findings"] != nil || value["overall_explanation"] != nil else {
      return nil
    }
    for finding in value["findings"]?.arrayValue ?? [] {
      let location = finding["code_location"]
      let lines = location?["line_range"]
      guard finding["title"] != nil, finding["body"] != nil, location?["absolute_file_path"] != nil,
        lines?["start"] != nil, lines?["end"] != nil
      else { return nil }
    }
    var reader = JSONReader(bytes)
    return try? ReviewOutput(&reader)
  }

  /// The agent's message after a review that came to nothing.
  package static let unfinishedText = "The review ended without a result. Start it again to get one."

  /// What the thread's own model is told of the review; nil for one without a result.
  package static func report(_ output: ReviewOutput?) -> String {
    guard let output else {
      return ContextBlock.userAction(
        """
        <context>The user started a code review, and it ended without a result. If the user asks for it, suggest starting \
        the review again.</context>
        <action>review</action>
        <results>none</results>
        """)
    }
    return ContextBlock.userAction(
      """
      <context>The user started a code review. Another model did it; this is all that it reported. The user may now ask for \
      some of it to be resolved.</context>
      <action>review</action>
      <results>
      \(output.text)
      </results>
      """)
  }
}

extension String {
  /// Without ASCII white space at either end.
  fileprivate var trimmed: String {
    func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
    guard let first = utf8.firstIndex(where: { !isSpace($0) }), let last = utf8.lastIndex(where: { !isSpace($0) })
    else { return "" }
    return String(self[first...last])
  }
}
