/// The isolation of all daemon state: everything marked `@LoopActor` runs on the thread of `EventLoop.main` and calls
/// the rest of it synchronously.
@globalActor
package actor LoopActor {
  package static let shared = LoopActor()

  package nonisolated var unownedExecutor: UnownedSerialExecutor { EventLoop.main.asUnownedSerialExecutor() }

  /// Lets `Task { @LoopActor in }` find the executor without asking the instance.
  package static var sharedUnownedExecutor: UnownedSerialExecutor { EventLoop.main.asUnownedSerialExecutor() }

  /// Runs `body` here and now. Ends the process when the caller is not on the loop's thread, which is a defect of the
  /// program and never caused by input.
  package static func assumeIsolated<T: Sendable, E: Error>(
    _ body: @LoopActor () throws(E) -> T
  ) throws(E) -> T {
    EventLoop.main.checkIsolated()
    // The isolation is part of the type only, not of the calling convention; `MainActor.assumeIsolated` does the same.
    return try withoutActuallyEscaping(body) { (body: @escaping @LoopActor () throws(E) -> T) throws(E) -> T in
      try unsafeBitCast(body, to: (() throws(E) -> T).self)()
    }
  }
}

extension Task where Failure == Never {
  /// Starts a task that stays on the loop's thread across every `await`. Tasks begin soon, in the order of these calls.
  ///
  /// A plain `Task { @LoopActor in }` is correct too, but visits another thread after each suspension, and so does
  /// `Task.immediate`, which with a preference would not be immediate.
  @discardableResult
  package static func onLoop(_ body: @escaping @LoopActor () async -> Success) -> Task<Success, Never> {
    Task(executorPreference: EventLoop.main, operation: body)
  }
}

extension Task where Failure == any Error {
  @discardableResult
  package static func onLoop(_ body: @escaping @LoopActor () async throws -> Success) -> Task<Success, any Error> {
    Task(executorPreference: EventLoop.main, operation: body)
  }
}
