package import Testing

/// Starts the loop before the tests of a suite: `@Suite(.loop) @LoopActor struct SomeTests`.
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
