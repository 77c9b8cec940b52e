import AppServerProtocol
import HostIO
import JSON

/// What a list shows of a thread, from the head of its file: everything up to the first message of the user.
struct HeadSummary: Sendable {
  /// Reading stops here, in bytes, if no message was found before.
  static let headLimit: Int64 = 16 * 1024 * 1024
  /// How much of the first message is kept, in bytes.
  static let previewLimit = 16 * 1024

  var meta: SessionMeta
  /// nil until the user has said something.
  var preview: String?
  /// Seconds since 1970; nil if the file has no valid time.
  var createdAt: Int64?
  var model: String?
  var reasoningEffort: String?
  var firstTurnID: String?
  /// How much of the file this was read from.
  var headLength: Int64

  /// Reads the head of a file. Throws `.unreadable` for one that does not begin as session files do.
  static func read(_ file: SessionFile, buffer: inout [UInt8]) throws(StoreError) -> HeadSummary {
    // Up to the size at opening, so that a small file takes one read.
    let end = min(headLimit, file.status.size)
    // Most first messages come after some 30 KB of instructions.
    var scanner = LineScanner(file, to: end, reusing: buffer, chunkSize: 40 * 1024)
    buffer = []
    var summary: HeadSummary?
    var reason = "no session_meta record"
    var lines = 0
    do throws(SystemError) {
      while let line = try scanner.next() {
        lines += 1
        if summary == nil, lines > HistoryChain.metaLineLimit { break }
        guard !line.isTooLong, let head = RecordHead(scanner.buffer, in: line.range) else {
          if summary != nil { continue }
          reason = "line \(lines) is no record"
          break
        }
        do throws(JSONError) {
          if head.kind == .sessionMeta, summary == nil {
            var payload = head.payload
            summary = HeadSummary(meta: try listed(&payload), headLength: 0)
            continue
          }
        } catch {
          reason = error.description
          break
        }
        guard summary != nil else { continue }
        try? summary?.take(head)
        if summary?.preview != nil {
          summary?.headLength = line.end
          break
        }
      }
    } catch {
      throw .system(error)
    }
    buffer = scanner.takeBuffer()
    guard let summary else { throw .unreadable(path: file.path, reason: reason) }
    return summary
  }

  /// Takes over what the file says where this one's history begins, when both belong to the same thread: after a revert
  /// the first message of the user is in the older file.
  mutating func continues(_ base: HeadSummary) {
    guard let place = meta.historyBase, base.preview != nil, base.headLength <= place.endOffset else { return }
    preview = base.preview
    firstTurnID = base.firstTurnID
    model = model ?? base.model
    reasoningEffort = reasoningEffort ?? base.reasoningEffort
  }

  private init(meta: SessionMeta, headLength: Int64) {
    self.meta = meta
    createdAt = UnixTime(rfc3339: meta.timestamp)?.seconds
    self.headLength = headLength
  }

  /// The instructions, which are most of a head, are not kept for a list.
  private static func listed(_ payload: inout JSONReader) throws(JSONError) -> SessionMeta {
    var meta = try SessionMeta(&payload, keepsInstructions: false)
    meta.dynamicTools = nil
    return meta
  }

  private mutating func take(_ head: RecordHead) throws(JSONError) {
    var payload = head.payload
    switch (head.kind, head.event) {
    case (.turnContext, _): try takeModel(&payload)
    case (.eventMessage, .threadSettingsApplied):
      // A fork has no turn yet, but settings.
      try payload.beginObject()
      while let key = try payload.nextKey() {
        guard "thread_settings" ~= key else {
          try payload.skip()
          continue
        }
        let settings = try ThreadSettingsRecord(&payload)
        model = settings.model ?? model
        reasoningEffort = settings.effort ?? reasoningEffort
      }
    case (.eventMessage, .taskStarted): if firstTurnID == nil { firstTurnID = try TurnBoundary(payload).turnID }
    case (.eventMessage, .userMessage): preview = try Self.legacyPreview(&payload)
    case (.eventMessage, .itemCompleted): preview = try Self.itemPreview(&payload)
    default: break
    }
  }

  /// All that a list shows of a turn's settings.
  private mutating func takeModel(_ payload: inout JSONReader) throws(JSONError) {
    var named: String?
    var effort: String?
    try payload.beginObject()
    while let key = try payload.nextKey() {
      switch key {
      case "model": named = try payload.string()
      case "effort": effort = try payload.optionalString()
      default: try payload.skip()
      }
    }
    guard let named else { return }
    (model, reasoningEffort) = (named, effort)
  }

  private static func legacyPreview(_ payload: inout JSONReader) throws(JSONError) -> String? {
    var message = ""
    var hasImages = false
    try payload.beginObject()
    while let key = try payload.nextKey() {
      switch key {
      case "message": message = try payload.string()
      case "images", "local_images": if try payload.skip().count > 2 { hasImages = true }
      default: try payload.skip()
      }
    }
    return shown(message, hasImages: hasImages)
  }

  private static func itemPreview(_ payload: inout JSONReader) throws(JSONError) -> String? {
    try payload.beginObject()
    while let key = try payload.nextKey() {
      guard "item" ~= key else {
        try payload.skip()
        continue
      }
      guard try payload.peekMember("type") == "UserMessage" else { return nil }
      guard case .userMessage(let item) = try ThreadItem(rollout: &payload) else { return nil }
      var text = ""
      var hasImages = false
      for part in item.content {
        switch part {
        case .text(let more, _): text += more
        case .image, .imageFile, .localImage: hasImages = true
        case .skill, .mention, .audio, .localAudio, .unknown: break
        }
      }
      return shown(text, hasImages: hasImages)
    }
    return nil
  }

  /// Clients put what the user typed behind this line, and what surrounds it before.
  private static let requestMarker = Array("## My request for Codex:".utf8)

  /// The text without the client's preface and without white space around; nil where nothing is left.
  static func shown(_ text: String, hasImages: Bool) -> String? {
    var bytes = Array(text.utf8)[...]
    if let marker = bytes.firstRange(ofBytes: requestMarker) { bytes = bytes[marker.upperBound...] }
    func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
    bytes = bytes.drop(while: isSpace)
    while let last = bytes.last, isSpace(last) { bytes.removeLast() }
    if bytes.isEmpty { return hasImages ? "[Image]" : nil }
    if bytes.count > previewLimit {
      var end = bytes.startIndex + previewLimit
      while end > bytes.startIndex, bytes[end] & 0xC0 == 0x80 { end -= 1 }
      bytes = bytes[..<end]
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

extension ArraySlice<UInt8> {
  /// The first place of `needle`, which is not empty.
  func firstRange(ofBytes needle: [UInt8]) -> Range<Int>? {
    guard let first = needle.first, count >= needle.count else { return nil }
    var from = startIndex
    while from <= endIndex - needle.count, let at = self[from...].firstIndex(of: first) {
      guard at <= endIndex - needle.count else { return nil }
      if self[at..<at + needle.count].elementsEqual(needle) { return at..<at + needle.count }
      from = at + 1
    }
    return nil
  }
}
