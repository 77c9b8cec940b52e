import Glibc
import HostIO
import JSON
import Testing

@testable import AppServerProtocol
@testable import Store

/// A folder of its own for one test, removed with it.
final class SampleHome {
  let path: String

  init() throws {
    path = "/tmp/store-test-\(UUIDGenerator.system.v4())"
    try File.makeDirectory(path, mode: 0o700)
  }

  deinit { Self.remove(path) }

  private static func remove(_ path: String) {
    for entry in (try? File.list(path)) ?? [] {
      let inner = "\(path)/\(entry.name)"
      if entry.kind == .directory { remove(inner) } else { try? File.unlink(inner) }
    }
    try? File.removeDirectory(path)
  }

  /// The id of sample thread `number`.
  static func id(_ number: Int) -> String {
    let digits = String(number)
    return "01b7a000-0000-7000-8000-" + String(repeating: "0", count: 12 - digits.utf8.count) + digits
  }

  func sessionPath(_ number: Int, day: Int = 2, second: Int = 5, continuation: Int? = nil) -> String {
    let day = "\(day < 10 ? "0" : "")\(day)"
    let second = "\(second < 10 ? "0" : "")\(second)"
    let suffix = continuation.map { "_\(Self.id($0))" } ?? ""
    return "\(path)/sessions/2026/01/\(day)/rollout-2026-01-\(day)T03-04-\(second)-\(Self.id(number))\(suffix).jsonl"
  }

  @discardableResult
  func write(_ session: SampleSession, to path: String) throws -> String {
    try write(session.text, to: path)
  }

  @discardableResult
  func write(_ text: String, to path: String) throws -> String {
    if let folder = ThreadFileName.folder(of: path) { try File.makeDirectories(folder) }
    try File.writeAtomically(Array(text.utf8), to: path)
    return path
  }
}

/// A session file written by hand, in the form of the reference.
struct SampleSession {
  static let time = "2026-01-02T03:04:05.678Z"

  let id: String
  let mode: HistoryMode
  private(set) var lines: [String] = []
  var ordinal: Int

  init(_ number: Int, mode: HistoryMode = .paginated, firstOrdinal: Int = 0, meta: String = "") {
    id = SampleHome.id(number)
    self.mode = mode
    ordinal = firstOrdinal
    let history = mode == .paginated ? #","history_mode":"paginated""# : ""
    record(
      "session_meta",
      #"{"session_id":"\#(id)","id":"\#(id)","timestamp":"\#(Self.time)","cwd":"/proj","originator":"sample","#
        + #""cli_version":"0.163.0","source":"vscode","model_provider":"mock"\#(history)\#(meta)}"#)
  }

  var text: String { lines.map { $0 + "\n" }.joined() }

  mutating func record(_ type: String, _ payload: String) {
    let number = mode == .paginated ? #""ordinal":\#(ordinal),"# : ""
    lines.append(#"{"timestamp":"\#(Self.time)",\#(number)"type":"\#(type)","payload":\#(payload)}"#)
    ordinal += 1
  }

  mutating func raw(_ line: String) { lines.append(line) }

  mutating func event(_ name: String, _ members: String = "") {
    record("event_msg", #"{"type":"\#(name)"\#(members.isEmpty ? "" : ",")\#(members)}"#)
  }

  mutating func start(_ turn: String) {
    event(
      "task_started",
      #""turn_id":"\#(turn)","root_turn_id":"\#(turn)","started_at":100,"model_context_window":1000,"collaboration_mode_kind":"default""#
    )
  }

  mutating func end(_ turn: String, error: String = "") {
    event(
      "task_complete",
      #""turn_id":"\#(turn)","root_turn_id":"\#(turn)","last_agent_message":null\#(error),"started_at":100,"completed_at":102,"duration_ms":2000"#
    )
  }

  mutating func item(_ turn: String, _ item: String) {
    event(
      "item_completed",
      #""thread_id":"\#(id)","turn_id":"\#(turn)","item":\#(item),"started_at_ms":100000,"completed_at_ms":100500"#)
  }

  mutating func message(_ role: String, _ text: String, members: String = "") {
    let part = role == "assistant" ? "output_text" : "input_text"
    record(
      "response_item",
      #"{"type":"message","role":"\#(role)","content":[{"type":"\#(part)","text":"\#(text)"}]\#(members)}"#)
  }

  /// What one says in a turn, as item and for the model.
  mutating func user(_ turn: String, _ text: String, id: String = "u") {
    message("user", text)
    item(
      turn, #"{"type":"UserMessage","id":"\#(id)","content":[{"type":"text","text":"\#(text)","text_elements":[]}]}"#)
  }

  mutating func agent(_ turn: String, _ text: String, id: String = "a", phase: String? = nil) {
    let phase = phase.map { #","phase":"\#($0)""# } ?? ""
    item(turn, #"{"type":"AgentMessage","id":"\#(id)","content":[{"type":"Text","text":"\#(text)"}]\#(phase)}"#)
    message("assistant", text)
  }

  /// A whole turn of one question and one answer.
  mutating func turn(_ turn: String, _ question: String, _ answer: String) {
    start(turn)
    user(turn, question)
    agent(turn, answer)
    end(turn)
  }
}

extension ThreadHistory {
  /// A page as JSON.
  func turnsPage(
    _ view: Turn.ItemsView = .full, _ direction: SortDirection = .ascending, limit: Int? = nil, cursor: String? = nil,
    running: String? = nil
  ) throws -> (turns: [JSON], page: Page) {
    var params = TurnsPageParams()
    (params.itemsView, params.sortDirection, params.limit, params.cursor) = (view, direction, limit, cursor)
    var writer = JSONWriter()
    writer.beginArray()
    let page = try writeTurns(params, runningTurnID: running, to: &writer)
    writer.endArray()
    return (try JSON.parse(writer.bytes).arrayValue ?? [], page)
  }

  func itemsPage(
    turnID: String? = nil, _ direction: SortDirection = .ascending, limit: Int? = nil, cursor: String? = nil
  ) throws -> (items: [JSON], page: Page) {
    var writer = JSONWriter()
    writer.beginArray()
    let page = try writeItems(turnID: turnID, cursor: cursor, limit: limit, direction: direction, to: &writer)
    writer.endArray()
    return (try JSON.parse(writer.bytes).arrayValue ?? [], page)
  }

  /// Each turn in short: `id status [item ids]`.
  func outline(_ view: Turn.ItemsView = .full, running: String? = nil) throws -> [String] {
    try turnsPage(view, limit: 1000, running: running).turns.map { turn in
      let items = turn["items"]?.arrayValue?.map { $0["id"]?.stringValue ?? "?" } ?? []
      return "\(turn["id"]?.stringValue ?? "?") \(turn["status"]?.stringValue ?? "?") \(items.joined(separator: ","))"
    }
  }
}

func openHistory(_ path: String) throws -> ThreadHistory {
  try ThreadHistory(path: path) { _ in nil }
}
