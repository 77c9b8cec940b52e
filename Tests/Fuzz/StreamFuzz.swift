import ModelAPI

/// See JSONFuzz.swift. A provider may send anything: the events do not depend on how the network cut it, and each is read
/// or refused. The first byte decides where it is cut.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: data, count: size))
  guard let first = bytes.first else { return 0 }
  let stream = Array(bytes.dropFirst())
  let whole = events([stream])
  let step = max(1, Int(first) % 17)
  let pieces = stride(from: 0, to: stream.count, by: step).map { Array(stream[$0..<min($0 + step, stream.count)]) }
  guard events(pieces) == whole else { fatalError("the events depend on the pieces") }
  for event in whole { _ = ResponseEvent(ServerSentEvent(event)) }
  return 0
}

private func events(_ pieces: [[UInt8]]) -> [[UInt8]] {
  var parser = ServerSentEventParser()
  var events: [[UInt8]] = []
  do throws(ServerSentEventError) {
    for piece in pieces {
      parser.append(piece)
      while let event = try parser.next() { events.append(event.data) }
    }
    if let event = try parser.finish() { events.append(event.data) }
  } catch {}
  return events
}
