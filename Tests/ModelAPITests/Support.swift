import JSON
import ModelAPI

/// The JSON text that `write` produces.
func written(_ write: (inout JSONWriter) -> Void) -> String {
  var writer = JSONWriter()
  write(&writer)
  return String(decoding: writer.bytes, as: UTF8.self)
}

func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

func event(_ json: String) -> ResponseEvent { ResponseEvent(ServerSentEvent(Array(json.utf8))) }

/// Wednesday, 25 November 2026, 13:00 in Greenwich, where the clocks of these tests are.
let now: Int64 = 1_795_611_600
let clock = LocalClock(now: now) { _ in 0 }

func history(_ items: String...) throws -> [HistoryItem] {
  try items.map { try HistoryItem(raw: Array($0.utf8)) }
}
