/// Why a loaded thread refuses something. The wire's codes and texts are made of these in one place.
package enum ThreadError: Error, Equatable, Sendable {
  /// Steering or interrupting without a running turn.
  case noActiveTurn(action: String)
  case wrongTurnToInterrupt(expected: String, found: String)
  case wrongTurnToSteer(expected: String, found: String)
  case turnNotSteerable
  case turnIsRunning
  /// The session file could not be read or written; the text names the cause.
  case storage(String)
}
