/// Pending timers, earliest first; equal deadlines fire in the order in which they were set.
///
/// A cancelled timer only leaves the table of bodies. Its heap entry goes when it reaches the top, or when more than half
/// of a heap is such dead entries, so that a client that starts and cancels timers cannot grow the heap.
struct TimerHeap {
  /// Smaller heaps are never rebuilt.
  static let minimumForCompaction = 64

  private struct Entry {
    var deadline: Instant
    var number: UInt64

    static func < (a: Entry, b: Entry) -> Bool {
      a.deadline != b.deadline ? a.deadline < b.deadline : a.number < b.number
    }
  }

  private var heap: [Entry] = []
  private var bodies: [UInt64: @LoopActor () -> Void] = [:]
  /// The number of the timer set last.
  private(set) var newest: UInt64 = 0

  /// Timers that will still fire.
  var count: Int { bodies.count }
  /// Entries in memory, dead ones included.
  var heapCount: Int { heap.count }

  mutating func insert(_ deadline: Instant, _ body: @escaping @LoopActor () -> Void) -> UInt64 {
    newest &+= 1
    bodies[newest] = body
    heap.append(Entry(deadline: deadline, number: newest))
    siftUp(heap.count - 1)
    return newest
  }

  mutating func remove(_ number: UInt64) {
    guard bodies.removeValue(forKey: number) != nil else { return }
    guard heap.count >= Self.minimumForCompaction, heap.count > 2 * bodies.count else { return }
    heap = heap.filter { bodies[$0.number] != nil }
    // A sorted array is a heap.
    heap.sort { $0 < $1 }
  }

  /// The deadline of the earliest timer that will fire.
  var next: Instant? {
    mutating get {
      dropDeadTop()
      return heap.first?.deadline
    }
  }

  /// Takes out the earliest timer if its time has come and it is not newer than `limit`.
  mutating func popDue(at now: Instant, upTo limit: UInt64) -> (@LoopActor () -> Void)? {
    dropDeadTop()
    guard let top = heap.first, top.deadline <= now, top.number <= limit else { return nil }
    removeTop()
    return bodies.removeValue(forKey: top.number)
  }

  private mutating func dropDeadTop() {
    while let top = heap.first, bodies[top.number] == nil { removeTop() }
  }

  private mutating func removeTop() {
    let last = heap.removeLast()
    guard !heap.isEmpty else { return }
    heap[0] = last
    siftDown(0)
  }

  private mutating func siftUp(_ start: Int) {
    var index = start
    while index > 0 {
      let parent = (index - 1) / 2
      guard heap[index] < heap[parent] else { return }
      heap.swapAt(index, parent)
      index = parent
    }
  }

  private mutating func siftDown(_ start: Int) {
    var index = start
    while true {
      var smallest = index
      for child in [2 * index + 1, 2 * index + 2] where child < heap.count && heap[child] < heap[smallest] {
        smallest = child
      }
      guard smallest != index else { return }
      heap.swapAt(index, smallest)
      index = smallest
    }
  }
}
