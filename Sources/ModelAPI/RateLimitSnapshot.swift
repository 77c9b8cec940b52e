package import JSON

/// How much of an account's allowance is used, as the headers of a response tell it.
package struct RateLimitSnapshot: Sendable, Equatable {
  package var limitID: String
  package var limitName: String?
  package var primary: Window?
  package var secondary: Window?
  package var credits: Credits?
  package var planType: String?
  package var reachedType: String?

  /// The allowance that a response without any of the headers speaks of.
  package static let defaultLimitID = "codex"

  package init(
    limitID: String = Self.defaultLimitID, limitName: String? = nil, primary: Window? = nil, secondary: Window? = nil,
    credits: Credits? = nil, planType: String? = nil, reachedType: String? = nil
  ) {
    self.limitID = limitID
    self.limitName = limitName
    self.primary = primary
    self.secondary = secondary
    self.credits = credits
    self.planType = planType
    self.reachedType = reachedType
  }

  /// A stretch of time in which usage is counted.
  package struct Window: Sendable, Equatable {
    /// As the server says it; may lie outside 0 to 100.
    package var usedPercent: Double
    package var minutes: Int64?
    /// Seconds since 1970.
    package var resetsAt: Int64?

    package init(usedPercent: Double, minutes: Int64? = nil, resetsAt: Int64? = nil) {
      self.usedPercent = usedPercent
      self.minutes = minutes
      self.resetsAt = resetsAt
    }

    /// Rounded half away from zero, within 32 bits.
    var wholePercent: Int64 {
      // `rounded()` would need the C library's mathematics.
      let bounded = min(max(usedPercent, Double(Int32.min)), Double(Int32.max))
      return Int64(bounded < 0 ? bounded - 0.5 : bounded + 0.5)
    }
  }

  package struct Credits: Sendable, Equatable {
    package var hasCredits: Bool
    package var isUnlimited: Bool
    package var balance: String?

    package init(hasCredits: Bool, isUnlimited: Bool, balance: String? = nil) {
      self.hasCredits = hasCredits
      self.isUnlimited = isUnlimited
      self.balance = balance
    }
  }

  /// Facts of the account that this response did not repeat stay as they were.
  package func merged(after earlier: RateLimitSnapshot?) -> RateLimitSnapshot {
    guard let earlier else { return self }
    var merged = self
    merged.credits = credits ?? earlier.credits
    merged.planType = planType ?? earlier.planType
    return merged
  }
}

// MARK: - Headers

extension RateLimitSnapshot {
  /// All allowances that the headers name: `codex` first, always, then the others by name. Another one counts if it has a
  /// `…-primary-used-percent`. The last is the one to publish.
  package static func all(in headers: ResponseHeaders) -> [RateLimitSnapshot] {
    let suffix = "-primary-used-percent"
    var others: [String] = []
    for name in headers.names where name.hasPrefix("x-codex-") && name.hasSuffix(suffix) {
      guard name.utf8.count > "x-codex".utf8.count + suffix.utf8.count else { continue }
      let prefix = String(name.dropLast(suffix.count))
      if !others.contains(prefix) { others.append(prefix) }
    }
    return (["x-codex"] + others.sorted()).map { RateLimitSnapshot(headers, prefix: $0) }
  }

  /// The allowance that a refused request ran into: the one named by `x-codex-active-limit`, else `codex`.
  package static func active(in headers: ResponseHeaders) -> RateLimitSnapshot {
    let id = headers["x-codex-active-limit"].flatMap { $0.isEmpty ? nil : $0 } ?? defaultLimitID
    var snapshot = RateLimitSnapshot(headers, prefix: "x-" + id.replacing(ascii: "_", with: "-"))
    snapshot.limitID = id
    snapshot.reachedType = headers["x-codex-rate-limit-reached-type"].flatMap {
      reachedTypes.contains($0) ? $0 : nil
    }
    return snapshot
  }

  private static let reachedTypes: [String] = [
    "rate_limit_reached", "workspace_owner_credits_depleted", "workspace_member_credits_depleted",
    "workspace_owner_usage_limit_reached", "workspace_member_usage_limit_reached",
  ]

  /// `prefix` is `x-codex` or `x-codex-<name>`.
  private init(_ headers: ResponseHeaders, prefix: String) {
    self.init(
      limitID: String(prefix.dropFirst(2)).replacing(ascii: "-", with: "_"),
      limitName: Self.text(headers, "\(prefix)-limit-name"),
      primary: Window(headers, prefix: "\(prefix)-primary"),
      secondary: Window(headers, prefix: "\(prefix)-secondary"),
      credits: Credits(headers))
  }

  static func text(_ headers: ResponseHeaders, _ name: String) -> String? {
    headers[name].flatMap { $0.allSatisfy(\.isWhitespace) ? nil : $0 }
  }
}

extension RateLimitSnapshot.Window {
  fileprivate init?(_ headers: ResponseHeaders, prefix: String) {
    guard let text = headers["\(prefix)-used-percent"], let percent = Double(text), percent.isFinite else { return nil }
    self.init(
      usedPercent: percent, minutes: headers["\(prefix)-window-minutes"].flatMap { Int64($0) },
      resetsAt: headers["\(prefix)-reset-at"].flatMap { Int64($0) })
  }
}

extension RateLimitSnapshot.Credits {
  fileprivate init?(_ headers: ResponseHeaders) {
    guard let hasCredits = Self.bool(headers["x-codex-credits-has-credits"]),
      let isUnlimited = Self.bool(headers["x-codex-credits-unlimited"])
    else { return nil }
    self.init(
      hasCredits: hasCredits, isUnlimited: isUnlimited,
      balance: RateLimitSnapshot.text(headers, "x-codex-credits-balance"))
  }

  private static func bool(_ text: String?) -> Bool? {
    switch text?.lowercased() {
    case "true", "1": true
    case "false", "0": false
    default: nil
    }
  }
}

// MARK: - Wire forms

extension RateLimitSnapshot {
  /// The value of `rateLimits` in `account/rateLimits/updated`.
  package func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.field("limitId", limitID)
    writer.field("limitName", limitName)
    writer.nullField("normalModelSlug")
    writer.key("primary")
    Self.write(primary, to: &writer)
    writer.key("secondary")
    Self.write(secondary, to: &writer)
    writer.key("credits")
    if let credits {
      writer.beginObject()
      writer.field("hasCredits", credits.hasCredits)
      writer.field("unlimited", credits.isUnlimited)
      writer.field("balance", credits.balance)
      writer.endObject()
    } else {
      writer.null()
    }
    writer.nullField("individualLimit")
    writer.nullField("spendControlReached")
    writer.field("planType", planType)
    writer.field("rateLimitReachedType", reachedType)
    writer.endObject()
  }

  private static func write(_ window: Window?, to writer: inout JSONWriter) {
    guard let window else { return writer.null() }
    writer.beginObject()
    writer.field("usedPercent", window.wholePercent)
    writer.field("windowDurationMins", window.minutes)
    writer.field("resetsAt", window.resetsAt)
    writer.endObject()
  }

  /// The value of `rate_limits` in the `token_count` records of session files.
  package func writeRollout(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.field("limit_id", limitID)
    writer.field("limit_name", limitName)
    writer.key("primary")
    Self.writeRollout(primary, to: &writer)
    writer.key("secondary")
    Self.writeRollout(secondary, to: &writer)
    writer.key("credits")
    if let credits {
      writer.beginObject()
      writer.field("has_credits", credits.hasCredits)
      writer.field("unlimited", credits.isUnlimited)
      writer.field("balance", credits.balance)
      writer.endObject()
    } else {
      writer.null()
    }
    writer.nullField("individual_limit")
    writer.nullField("spend_control_reached")
    writer.field("plan_type", planType)
    writer.field("rate_limit_reached_type", reachedType)
    writer.endObject()
  }

  private static func writeRollout(_ window: Window?, to writer: inout JSONWriter) {
    guard let window else { return writer.null() }
    writer.beginObject()
    writer.key("used_percent")
    writer.double(window.usedPercent)
    writer.field("window_minutes", window.minutes)
    writer.field("resets_at", window.resetsAt)
    writer.endObject()
  }
}
