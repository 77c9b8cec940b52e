import HostIO
import JSON

/// Reads records of known places through a window over one file at a time, so that records which stand close together
/// cost one read, in whichever direction they are asked for.
struct RecordWindow {
  private(set) var buffer: [UInt8]
  private var segment = -1
  /// The valid bytes of `buffer` start here in the file.
  private var start: Int64 = 0
  private var count = 0

  init() { buffer = [] }

  /// The place of the bytes in `buffer`, valid until the next call; nil where the file does not have them any more.
  mutating func load(
    _ offset: Int64, _ length: Int, segment number: Int, of segments: [HistorySegment]
  ) throws(StoreError) -> Range<Int>? {
    guard segments.indices.contains(number), offset >= 0, length >= 0 else { return nil }
    if number != segment || offset < start || offset + Int64(length) > start + Int64(count) {
      // Going back, the window ends behind the record, so that the records before it are in it as well.
      let goesBack = number == segment && offset < start
      let size = max(length, LineScanner.chunkSize)
      let from = goesBack ? max(0, offset + Int64(length) - Int64(size)) : offset
      if buffer.count < size || buffer.count > 4 * size {
        buffer = [UInt8](repeating: 0, count: size)
      }
      segment = number
      start = from
      do throws(SystemError) {
        count = try segments[number].file.read(into: &buffer, 0..<size, at: from)
      } catch {
        segment = -1
        throw .system(error)
      }
    }
    let at = Int(offset - start)
    guard at + length <= count else { return nil }
    return at..<at + length
  }
}
