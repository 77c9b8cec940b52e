import Testing

@testable import ModelAPI

@Suite struct RateLimitSnapshotTests {
  @Test func `a reply without limits is written with nulls`() {
    let snapshots = RateLimitSnapshot.all(in: ResponseHeaders())
    #expect(snapshots == [RateLimitSnapshot()])
    #expect(
      written { snapshots[0].write(to: &$0) }
        == #"{"limitId":"codex","limitName":null,"normalModelSlug":null,"primary":null,"secondary":null,"credits":null,"individualLimit":null,"spendControlReached":null,"planType":null,"rateLimitReachedType":null}"#
    )
    #expect(
      written { snapshots[0].writeRollout(to: &$0) }
        == #"{"limit_id":"codex","limit_name":null,"primary":null,"secondary":null,"credits":null,"individual_limit":null,"spend_control_reached":null,"plan_type":null,"rate_limit_reached_type":null}"#
    )
  }

  private let full = ResponseHeaders([
    ("X-Codex-Primary-Used-Percent", "42.5"), ("x-codex-primary-window-minutes", "300"),
    ("x-codex-primary-reset-at", "1895362500"), ("x-codex-secondary-used-percent", "12.4"),
    ("x-codex-credits-has-credits", "True"), ("x-codex-credits-unlimited", "0"), ("x-codex-credits-balance", "12.5"),
    ("x-codex-zeta-primary-used-percent", "5"), ("x-codex-zeta-limit-name", "Zeta"),
    ("x-codex-bengal-fox-primary-used-percent", "-3"), ("x-codex-eta-secondary-used-percent", "1"),
    ("x-codex-active-limit", "codex_zeta"), ("x-codex-rate-limit-reached-type", "rate_limit_reached"),
  ])

  @Test func `codex comes first, then the other families by name`() {
    let snapshots = RateLimitSnapshot.all(in: full)
    #expect(snapshots.map(\.limitID) == ["codex", "codex_bengal_fox", "codex_zeta"])
    #expect(snapshots.map(\.limitName) == [nil, nil, "Zeta"])
    #expect(
      written { snapshots[0].write(to: &$0) }
        == #"{"limitId":"codex","limitName":null,"normalModelSlug":null,"primary":{"usedPercent":43,"windowDurationMins":300,"resetsAt":1895362500},"secondary":{"usedPercent":12,"windowDurationMins":null,"resetsAt":null},"credits":{"hasCredits":true,"unlimited":false,"balance":"12.5"},"individualLimit":null,"spendControlReached":null,"planType":null,"rateLimitReachedType":null}"#
    )
    #expect(
      written { snapshots[0].writeRollout(to: &$0) }
        == #"{"limit_id":"codex","limit_name":null,"primary":{"used_percent":42.5,"window_minutes":300,"resets_at":1895362500},"secondary":{"used_percent":12.4,"window_minutes":null,"resets_at":null},"credits":{"has_credits":true,"unlimited":false,"balance":"12.5"},"individual_limit":null,"spend_control_reached":null,"plan_type":null,"rate_limit_reached_type":null}"#
    )
  }

  @Test func `a refusal names the limit that was hit`() {
    let active = RateLimitSnapshot.active(in: full)
    #expect(active.limitID == "codex_zeta")
    #expect(active.reachedType == "rate_limit_reached")
    #expect(
      RateLimitSnapshot.active(in: ResponseHeaders([("x-codex-rate-limit-reached-type", "bogus")])).reachedType == nil)
  }

  @Test func `credits and plan stay known when a reply leaves them out`() {
    let credits = RateLimitSnapshot.Credits(hasCredits: true, isUnlimited: false)
    let earlier = RateLimitSnapshot(primary: .init(usedPercent: 1), credits: credits, planType: "plus")
    #expect(RateLimitSnapshot().merged(after: earlier) == RateLimitSnapshot(credits: credits, planType: "plus"))
    #expect(RateLimitSnapshot().merged(after: nil) == RateLimitSnapshot())
  }

  @Test func `numbers that are none count as absent, and large ones are capped`() {
    let headers = ResponseHeaders([
      ("x-codex-primary-used-percent", "nan"), ("x-codex-secondary-used-percent", "1e300"),
      ("x-codex-secondary-window-minutes", "x"), ("x-codex-credits-has-credits", "maybe"),
      ("x-codex-credits-unlimited", "true"), ("x-codex-primary-used-percent-primary-used-percent", ""),
    ])
    let snapshot = RateLimitSnapshot.all(in: headers)[0]
    #expect(snapshot.primary == nil)
    #expect(snapshot.credits == nil)
    #expect(written { snapshot.write(to: &$0) }.contains(#""usedPercent":2147483647,"windowDurationMins":null"#))
  }
}
