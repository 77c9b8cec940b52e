import AppServerProtocol
package import HostIO
import JSON

/// Writes the file of a fork: the records of the parent up to a cut, under a new head.
///
/// The reference refers to the parent's file instead of copying it (`ThreadHistory.base(at:)` gives what that needs).
/// A copy outlives the parent, and the reference reads it as well.
package enum RolloutFork {
  /// Writes the history of `history` up to `cut` into a new file at `path`, behind `meta`.
  ///
  /// Records keep their times; ordinals are counted anew, and the id of the parent inside them becomes that of the fork.
  /// Internal records of the reference are left out. On an error the file is removed again. Memory: one line.
  ///
  /// - Returns: a writer that continues the file.
  package static func copy(
    _ history: ThreadHistory, to cut: HistoryCut, meta: SessionMeta, path: String, at time: UnixTime
  ) throws(StoreError) -> RolloutWriter {
    let writer = RolloutWriter.new(path: path, threadID: meta.id, historyMode: meta.historyMode)
    try writer.append(.sessionMeta(meta), at: time)
    do throws(StoreError) {
      try copyRecords(of: history.pieces(to: cut), meta, to: writer)
    } catch {
      writer.close()
      try? File.unlink(path)
      throw error
    }
    return writer
  }

  /// How much is written at once, in bytes.
  private static let batchSize = 256 * 1024

  private static func copyRecords(
    of pieces: [HistorySegment], _ meta: SessionMeta, to writer: RolloutWriter
  ) throws(StoreError) {
    var batch: [UInt8] = []
    var ordinal: Int64 = 1
    var buffer: [UInt8] = []
    for piece in pieces {
      var scanner = LineScanner(piece.file, to: piece.endOffset, reusing: buffer)
      while let line = try next(&scanner) {
        guard !line.isTooLong, let record = CopiedRecord(scanner.buffer, line.range) else { continue }
        if let last = record.ordinal, last >= piece.endOrdinal { break }
        record.write(
          to: &batch, ordinal: meta.historyMode == .paginated ? ordinal : nil, replacing: piece.meta.id, with: meta.id)
        ordinal &+= 1
        if batch.count >= batchSize {
          try writer.appendCopied(batch, nextOrdinal: ordinal)
          batch.removeAll(keepingCapacity: true)
        }
      }
      buffer = scanner.takeBuffer()
    }
    try writer.appendCopied(batch, nextOrdinal: ordinal)
  }

  private static func next(_ scanner: inout LineScanner) throws(StoreError) -> ScannedLine? {
    do throws(SystemError) { return try scanner.next() } catch { throw .system(error) }
  }
}

/// A record of the parent as it goes into the fork.
private struct CopiedRecord {
  let reader: JSONReader
  let ordinal: Int64?
  let kind: RecordKind
  let event: EventKind?
  let timestamp: Range<Int>?
  let type: Range<Int>
  let payload: Range<Int>

  /// nil for lines that are no whole records, for heads, and for records that only the reference uses.
  init?(_ buffer: [UInt8], _ range: Range<Int>) {
    guard let head = RecordHead(buffer, in: range), head.kind != .sessionMeta, head.kind != .other else { return nil }
    reader = JSONReader(buffer, in: range)
    ordinal = head.ordinal
    kind = head.kind
    event = head.event
    var timestamp: Range<Int>?
    var type: Range<Int>?
    var payload: Range<Int>?
    var whole = reader
    do throws(JSONError) {
      try whole.beginObject()
      while let key = try whole.nextKey() {
        let value = try whole.skip()
        switch key {
        case "timestamp": timestamp = value
        case "type": type = value
        case "payload": payload = value
        default: break
        }
      }
      try whole.finish()
    } catch {
      return nil
    }
    guard let type, let payload else { return nil }
    self.timestamp = timestamp
    self.type = type
    self.payload = payload
  }

  func write(to batch: inout [UInt8], ordinal: Int64?, replacing old: String, with new: String) {
    batch.append(contentsOf: "{".utf8)
    if let timestamp {
      batch.append(contentsOf: "\"timestamp\":".utf8)
      batch.append(contentsOf: reader.bytes[timestamp])
      batch.append(contentsOf: ",".utf8)
    }
    if let ordinal { batch.append(contentsOf: "\"ordinal\":\(ordinal),".utf8) }
    batch.append(contentsOf: "\"type\":".utf8)
    batch.append(contentsOf: reader.bytes[type])
    batch.append(contentsOf: ",\"payload\":".utf8)
    if kind == .eventMessage, event == .itemCompleted || event == .threadSettingsApplied {
      appendPayload(to: &batch, replacing: old, with: new)
    } else {
      batch.append(contentsOf: reader.bytes[payload])
    }
    batch.append(contentsOf: "}\n".utf8)
  }

  private func appendPayload(to batch: inout [UInt8], replacing old: String, with new: String) {
    var inner = JSONReader(reader.bytes, in: payload)
    var writer = JSONWriter(reserving: payload.count + 64)
    do throws(JSONError) {
      try inner.beginObject()
      writer.beginObject()
      while let key = try inner.nextKey() {
        writer.key(dynamic: key.string)
        let isThread = "thread_id" ~= key
        let value = try inner.skip()
        if isThread, reader.bytes[value].dropFirst().dropLast().elementsEqual(old.utf8) {
          writer.string(new)
        } else {
          writer.raw(reader.bytes[value])
        }
      }
      writer.endObject()
      batch.append(contentsOf: writer.bytes)
    } catch {
      batch.append(contentsOf: reader.bytes[payload])
    }
  }
}
