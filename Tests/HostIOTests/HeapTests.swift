import TestSupport
import Testing

@testable import HostIO

@Suite(.loop) struct HeapTests {
  @Test @LoopActor func `timers come out sorted whatever the order and the cancellations`() {
    var random = SeededGenerator(seed: 1)
    var heap = TimerHeap()
    var expected: [(deadline: Int64, number: UInt64)] = []
    var fired: [Int64] = []
    for _ in 0..<2000 {
      let deadline = Int64.random(in: 0..<500, using: &random)
      let number = heap.insert(Instant(nanoseconds: deadline)) { fired.append(deadline) }
      if Bool.random(using: &random) { heap.remove(number) } else { expected.append((deadline, number)) }
    }
    while let body = heap.popDue(at: Instant(nanoseconds: 1000), upTo: .max) { body() }
    #expect(fired == expected.sorted { $0.deadline < $1.deadline }.map(\.deadline))
    #expect(heap.count == 0)
  }

  @Test @LoopActor func `starting and cancelling timers without end does not grow the heap`() {
    var heap = TimerHeap()
    _ = heap.insert(Instant(nanoseconds: 1)) {}
    for number in 0..<10_000 {
      heap.remove(heap.insert(Instant(nanoseconds: Int64(number) + 2)) {})
      #expect(heap.heapCount <= TimerHeap.minimumForCompaction)
    }
    #expect(heap.count == 1)
    #expect(heap.next == Instant(nanoseconds: 1))
  }

  @Test @LoopActor func `a cancelled earliest timer does not decide when the loop wakes`() {
    var heap = TimerHeap()
    let early = heap.insert(Instant(nanoseconds: 1)) {}
    _ = heap.insert(Instant(nanoseconds: 9)) {}
    heap.remove(early)
    #expect(heap.next == Instant(nanoseconds: 9))
  }
}
