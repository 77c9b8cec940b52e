package import Testing

/// Starts the loop before the tests of a suite:
///
///     @Suite(.loop) struct SomeTests {
///       @Test @LoopActor func `it works`() async { ... }
///     }
///
/// Isolate the functions, not the suite: Swift Testing enters an isolated suite while it looks for tests, before any
/// trait, and would wait for a loop that nobody has started.
package struct LoopTrait: SuiteTrait, TestTrait, TestScoping {
  package var isRecursive: Bool { true }

  package func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
  ) async throws {
    TestSupport.startLoop()
    try await function()
  }
}

extension Trait where Self == LoopTrait {
  package static var loop: LoopTrait { LoopTrait() }
}
