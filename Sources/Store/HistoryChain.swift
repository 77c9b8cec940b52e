import AppServerProtocol
import HostIO
import JSON

/// One file of a thread's history, and the part of it that belongs.
struct HistorySegment {
  let file: SessionFile
  let meta: SessionMeta
  /// The byte after the last record that belongs; `.max` for the last file of a chain, which may grow.
  var endOffset: Int64
  /// The first ordinal that does not belong.
  var endOrdinal: Int64
}

/// The files that make up a thread's history, oldest first: forks and reverts of the reference refer to the file where
/// the history begins instead of copying it.
package enum HistoryChain {
  /// More files than this in one chain are taken for an error.
  package static let maximumLength = 256
  /// The first record must begin within this many lines and bytes.
  static let metaLineLimit = 64
  static let metaByteLimit: Int64 = 16 * 1024 * 1024

  /// - Parameter locate: the path of the file that other files call by this id.
  static func open(
    path: String, locate: (String) -> String?
  ) throws(StoreError) -> [HistorySegment] {
    var segments = [try segment(path)]
    var seen: Set<String> = [path]
    while let base = segments[segments.count - 1].meta.historyBase {
      let child = segments[segments.count - 1].file.path
      guard segments.count < maximumLength else { throw .endlessChain(path: path) }
      guard let parent = locate(base.segmentID) else { throw .missingBase(path: child, segmentID: base.segmentID) }
      guard seen.insert(parent).inserted else { throw .endlessChain(path: path) }
      var next = try segment(parent)
      next.endOrdinal = base.endOrdinal
      next.endOffset = isBoundary(base.endOffset, of: next.file) ? base.endOffset : .max
      segments.append(next)
    }
    return segments.reversed()
  }

  private static func segment(_ path: String) throws(StoreError) -> HistorySegment {
    let file: SessionFile
    do throws(SystemError) { file = try SessionFile(path) } catch { throw .system(error) }
    return HistorySegment(file: file, meta: try meta(of: file), endOffset: .max, endOrdinal: .max)
  }

  /// Reads the `session_meta` record of a file.
  static func meta(of file: SessionFile) throws(StoreError) -> SessionMeta {
    var scanner = LineScanner(file, to: metaByteLimit, chunkSize: 32 * 1024)
    var lines = 0
    var reason = "no session_meta record"
    do throws(SystemError) {
      while lines < metaLineLimit, let line = try scanner.next() {
        lines += 1
        guard var head = RecordHead(scanner.buffer, in: line.range) else {
          // A file that begins with something else is not ours, whatever follows.
          reason = "line \(lines) is no record"
          break
        }
        guard head.kind == .sessionMeta else { continue }
        do throws(JSONError) {
          return try SessionMeta(&head.payload)
        } catch {
          reason = error.description
          break
        }
      }
    } catch {
      throw .system(error)
    }
    throw .unreadable(path: file.path, reason: reason)
  }

  /// Whether a record ends right before `offset`. What another program stored is not trusted to cut a record.
  private static func isBoundary(_ offset: Int64, of file: SessionFile) -> Bool {
    guard offset > 0, offset <= file.status.size else { return false }
    var byte: [UInt8] = [0]
    guard (try? file.read(into: &byte, 0..<1, at: offset - 1)) == 1 else { return false }
    return byte[0] == 0x0A
  }
}
