import HostIO
import TestSupport
import Testing

@Suite(.loop) @LoopActor struct EventLoopTests {
  @Test func `a test on the loop runs on its thread`() async {
    #expect(EventLoop.main.isOnLoop)
    await Task.yield()
    #expect(EventLoop.main.isOnLoop)
  }
}
