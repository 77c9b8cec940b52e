import JSON

/// What a thread's file says last about its settings and its tokens.
package struct LatestRecords: Sendable {
  package private(set) var tokens: TokenCount?
  package private(set) var turnContext: TurnContext?
  package private(set) var settings: ThreadSettingsRecord?
  /// Whether the settings were set after the last turn began.
  package private(set) var settingsAreNewer = false

  package init() {}

  /// Takes a record in; those of other kinds are passed over. A broken one throws and changes nothing.
  mutating func take(_ head: RecordHead) throws(JSONError) {
    var payload = head.payload
    switch head.kind {
    case .turnContext:
      turnContext = try TurnContext(&payload)
      settingsAreNewer = false
    case .eventMessage:
      switch head.event {
      case .tokenCount: if let count = try TokenCount.read(&payload) { tokens = count }
      case .threadSettingsApplied:
        try payload.beginObject()
        while let key = try payload.nextKey() {
          guard "thread_settings" ~= key, try payload.peek() == .object else {
            try payload.skip()
            continue
          }
          settings = try ThreadSettingsRecord(&payload)
          settingsAreNewer = true
        }
      default: break
      }
    default: break
    }
  }
}
