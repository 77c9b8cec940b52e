import JSON

/// An account's allowance is used up: what the server says about it, and the text for the user.
///
/// The texts begin as clients know them; the advice is in our words, but for the Plus plan, whose text the acceptance
/// tests compare letter by letter.
struct UsageLimit {
  var planType: String?
  /// Seconds since 1970.
  var resetsAt: Int64?
  var promotion: String?
  var snapshot: RateLimitSnapshot

  func message(_ clock: LocalClock) -> String {
    switch snapshot.reachedType {
    case "workspace_owner_credits_depleted":
      return "Your workspace has no credits left. Buy more to go on."
    case "workspace_member_credits_depleted":
      return "Your workspace has no credits left. Its owner can buy more."
    case "workspace_owner_usage_limit_reached":
      return "Your workspace has reached its spending limit. Raise the limit to go on."
    case "workspace_member_usage_limit_reached":
      return "You have reached the spending limit of your workspace. Its owner can raise the limit."
    default: break
    }
    let when = clock.retryTime(resetsAt)
    if let name = snapshot.limitName, name != RateLimitSnapshot.defaultLimitID {
      return "You’ve hit your usage limit for \(name). Choose another model, or try again \(when)."
    }
    if let promotion { return "You’ve hit your usage limit. \(promotion), or try again \(when)." }
    return "You’ve hit your usage limit. \(advice(when))"
  }

  private func advice(_ when: String) -> String {
    switch planType {
    case "free", "go": "The Plus plan includes more (https://chatgpt.com/explore/plus), or try again \(when)."
    case "plus":
      "Upgrade to Pro (https://chatgpt.com/explore/pro), visit https://chatgpt.com/settings/usage to purchase more credits "
        + "or try again \(when)."
    case "pro", "prolite", "promax":
      "Credits can be bought at https://chatgpt.com/settings/usage, or try again \(when)."
    case "team", "business", "self_serve_business_prolite", "self_serve_business_usage_based", "ent26",
      "enterprise_cbp_automation", "enterprise_cbp_usage_based":
      "Your administrator can grant more, or try again \(when)."
    default: "Try again \(when)."
    }
  }
}

/// The time and the zone that texts for the user are written in.
package struct LocalClock: Sendable {
  /// Seconds since 1970.
  package var now: Int64
  /// Seconds east of Greenwich at a given time (seconds since 1970).
  package var offset: @Sendable (Int64) -> Int64

  package init(now: Int64, offset: @escaping @Sendable (Int64) -> Int64) {
    self.now = now
    self.offset = offset
  }

  /// `at 2:04 PM` today, `at Jan 23rd, 2030 1:35 AM` another day, `later` when nobody knows.
  func retryTime(_ time: Int64?) -> String {
    guard let time, let then = civil(time) else { return "later" }
    let isToday = civil(now).map { $0.isSameDay(as: then) } ?? false
    return isToday ? "at \(then.clock)" : "at \(then.date) \(then.clock)"
  }

  private func civil(_ time: Int64) -> CivilTime? {
    guard CivilTime.range.contains(time) else { return nil }
    let (local, overflow) = time.addingReportingOverflow(offset(time))
    return overflow ? nil : CivilTime(seconds: local)
  }
}
