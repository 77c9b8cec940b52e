import HostIO
import TestSupport
import Testing
import Transport

private func message(_ text: String) -> ConnectionEvent { .message(Array(text.utf8)) }

@LoopActor private func collected(_ connection: MemoryConnection) -> Collector<ConnectionEvent> {
  let events = Collector<ConnectionEvent>()
  connection.onEvent = { events.append($0) }
  return events
}

@LoopActor private func turn() async {
  await withUnsafeContinuation { continuation in EventLoop.main.post { continuation.resume() } }
}

@Suite(.loop) struct `A connection in memory` {
  @Test @LoopActor func `carries messages both ways, in order, but not at once`() async {
    let (server, client) = MemoryConnection.pair()
    let (heard, answers) = (collected(server), collected(client))
    server.start()
    client.start()
    for number in 1...3 { client.send(Array("ask \(number)".utf8)) }
    server.send(Array("tell".utf8))
    #expect(heard.all == [])
    #expect(await heard.first(3) == [message("ask 1"), message("ask 2"), message("ask 3")])
    #expect(await answers.first(1) == [message("tell")])
  }

  @Test @LoopActor func `keeps messages until the other end has started`() async {
    let (server, client) = MemoryConnection.pair()
    let heard = collected(server)
    client.send(Array("early".utf8))
    await turn()
    #expect(heard.all == [] && client.queuedBytes == 5)
    server.start()
    #expect(await heard.first(1) == [message("early")])
    #expect(client.queuedBytes == 0)
  }

  @Test @LoopActor func `stops between two messages when it is paused, and goes on in order`() async {
    let (server, client) = MemoryConnection.pair()
    let heard = Collector<ConnectionEvent>()
    server.onEvent = { [weak server] event in
      heard.append(event)
      if event == message("two") { server?.pauseReading() }
    }
    server.start()
    for text in ["one", "two", "three"] { client.send(Array(text.utf8)) }
    _ = await heard.first(2)
    client.send(Array("four".utf8))
    await turn()
    #expect(heard.all == [message("one"), message("two")])
    #expect(client.queuedBytes == 9)
    server.resumeReading()
    #expect(await heard.first(4).suffix(2) == [message("three"), message("four")])
  }

  @Test @LoopActor func `tells the sender when its messages have been taken`() async {
    let (server, client) = MemoryConnection.pair()
    let drained = Gate()
    client.onDrained = { drained.open() }
    client.send([UInt8](repeating: 0, count: 1 << 21))
    #expect(client.queuedBytes > MemoryConnection.highWaterMark)
    server.start()
    await drained.opened()
    #expect(client.queuedBytes == 0)
  }

  @Test @LoopActor func `closes after what was sent, once, and sends nothing more`() async {
    let (server, client) = MemoryConnection.pair()
    let heard = collected(server)
    server.start()
    client.send(Array("last".utf8))
    var results: [Bool] = []
    client.close(within: .zero) { results.append($0) }
    client.close(within: .zero) { results.append($0) }
    client.send(Array("late".utf8))
    #expect(results == [true, true])
    #expect(await heard.first(2) == [message("last"), .endOfInput])
    await turn()
    #expect(heard.all.count == 2)
  }
}
