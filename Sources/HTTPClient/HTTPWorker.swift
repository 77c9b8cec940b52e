import CCurl
import HostIO

/// The HTTP thread: one multi handle and the transfers in it. Nothing here is touched by another thread.
final class HTTPWorker {
  private let client: HTTPClient
  private let multi: UnsafeMutableRawPointer
  private let usesOnlyBundle: Bool
  private var transfers: [UInt64: ActiveTransfer] = [:]
  private var idsByHandle: [UnsafeMutableRawPointer: UInt64] = [:]
  private var deliveries: [(transfer: HTTPTransfer, events: [HTTPEvent])] = []

  /// Returns when the client needs no thread any more.
  static func run(for client: HTTPClient) {
    let error = client.library.map { $0.withCString { ccurl_load($0) } } ?? ccurl_load(nil)
    if let error {
      client.failAll(.libraryMissing, detail: String(cString: error))
      return
    }
    guard let multi = ccurl_multi_init() else {
      client.failAll(.other, detail: "libcurl is out of memory")
      return
    }
    client.isRunning(multi)
    HTTPWorker(client, multi).loop()
    ccurl_multi_cleanup(multi)
  }

  private init(_ client: HTTPClient, _ multi: UnsafeMutableRawPointer) {
    self.client = client
    self.multi = multi
    // With a CA folder set, as Debian does, libcurl parses its whole bundle anew for every connection (16 ms each), so
    // the folder must go wherever that bundle is used. With a small bundle of the user's the folder is the rest.
    if client.caFile != nil {
      usesOnlyBundle = false
    } else if let bundle = ccurl_default_ca_file() {
      usesOnlyBundle = File.exists(String(cString: bundle))
    } else {
      usesOnlyBundle = false
    }
  }

  private func loop() {
    var idleSince = Instant.now()
    while true {
      for command in client.takeCommands() { handle(command) }
      _ = ccurl_multi_perform(multi)
      collectFinished()
      let now = Instant.now()
      let deadline = checkTimes(now)
      deliver()
      if !transfers.isEmpty { idleSince = now }
      let end = idleSince + client.limits.threadIdleTime
      if transfers.isEmpty, now >= end {
        if client.mayStop() { return }
        continue
      }
      let wake = transfers.isEmpty ? end : deadline
      // Rounded up, so that the deadline has passed when the wait ends.
      _ = ccurl_multi_poll(multi, max(1, (wake - now).clampedMilliseconds))
    }
  }

  private func handle(_ command: HTTPClient.Command) {
    switch command {
    case .start(let transfer, let request): start(transfer, request)
    case .cancel(let id):
      if let active = transfers[id] { remove(active) }
    case .resume(let id):
      guard let active = transfers[id] else { return }
      active.lastActivity = Instant.now()
      // Calls the write function at once with what was held back; if that refuses, only this call tells.
      let result = ccurl_easy_pause(active.easy, Int32(CURLPAUSE_CONT))
      if let failure = active.failure(for: result) {
        remove(active)
        finish(active, failure)
      }
    }
  }

  private func start(_ transfer: HTTPTransfer, _ request: HTTPRequest) {
    let url = request.redactedURL
    func refuse(_ kind: HTTPFailure.Kind, _ detail: String = "") {
      deliveries.append((transfer, [.failed(HTTPFailure(kind, detail: detail, url: url))]))
    }
    guard transfers.count < client.limits.transfers else {
      return refuse(.tooManyTransfers, "the limit is \(client.limits.transfers)")
    }
    guard let easy = ccurl_easy_init() else { return refuse(.other, "libcurl is out of memory") }
    let active = ActiveTransfer(transfer, request, easy)
    do throws(HTTPFailure) {
      try active.configure(for: client, usesOnlyBundle: usesOnlyBundle)
    } catch {
      deliveries.append((transfer, [.failed(error)]))
      return
    }
    guard ccurl_multi_add(multi, easy) == CURLM_OK else { return refuse(.other, "libcurl refuses the request") }
    transfers[active.id] = active
    idsByHandle[easy] = active.id
  }

  /// The handle itself goes with the last reference.
  private func remove(_ active: ActiveTransfer) {
    _ = ccurl_multi_remove(multi, active.easy)
    transfers[active.id] = nil
    idsByHandle[active.easy] = nil
  }

  private func collectFinished() {
    var result = CURLE_OK
    while let easy = ccurl_multi_finished(multi, &result) {
      guard let id = idsByHandle[easy], let active = transfers[id] else { continue }
      remove(active)
      finish(active, active.failure(for: result))
    }
  }

  private func finish(_ active: ActiveTransfer, _ failure: HTTPFailure?) {
    deliveries.append((active.transfer, active.takeEvents() + [failure.map { .failed($0) } ?? .end]))
  }

  /// Ends what took too long; tells when to look again.
  private func checkTimes(_ now: Instant) -> Instant {
    var next = now + .seconds(3600)
    var expired: [(ActiveTransfer, HTTPFailure.Kind)] = []
    for active in transfers.values {
      active.noteProgress(now)
      if let deadline = active.totalDeadline {
        if deadline <= now { expired.append((active, .totalTimeout)) } else { next = min(next, deadline) }
      }
      if let deadline = active.idleDeadline {
        if deadline <= now { expired.append((active, .idleTimeout)) } else { next = min(next, deadline) }
      }
    }
    for (active, kind) in expired where transfers[active.id] != nil {
      remove(active)
      finish(active, HTTPFailure(kind, url: active.url))
    }
    return next
  }

  /// All events of this round in one crossing.
  private func deliver() {
    for active in transfers.values where active.hasEvents {
      deliveries.append((active.transfer, active.takeEvents()))
    }
    guard !deliveries.isEmpty else { return }
    let batch = deliveries
    deliveries = []
    EventLoop.main.post {
      for (transfer, events) in batch { transfer.deliver(events) }
    }
  }
}
