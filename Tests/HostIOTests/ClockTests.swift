import Glibc
import HostIO
import TestSupport
import Testing

@Suite struct ClockTests {
  @Test(arguments: [
    (0, "1970-01-01T00:00:00.000Z"), (1_735_787_045_678, "2025-01-02T03:04:05.678Z"),
    (951_782_400_000, "2000-02-29T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
    (-62_167_219_200_000, "0000-01-01T00:00:00.000Z"), (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
  ])
  func `times have one text form and come back from it`(milliseconds: Int64, text: String) {
    #expect(UnixTime(milliseconds: milliseconds).iso8601 == text)
    #expect(UnixTime(rfc3339: text) == UnixTime(milliseconds: milliseconds))
  }

  @Test func `every day of four centuries converts both ways`() {
    for day in stride(from: Int64(-100_000), to: 100_000, by: 7) {
      let time = UnixTime(milliseconds: day * 86_400_000 + 3_723_004)
      #expect(UnixTime(rfc3339: time.iso8601) == time)
    }
  }

  @Test func `times beyond four-digit years are clamped`() {
    #expect(UnixTime(milliseconds: .max).iso8601 == "9999-12-31T23:59:59.999Z")
    #expect(UnixTime(milliseconds: .min).iso8601 == "0000-01-01T00:00:00.000Z")
    #expect(UnixTime(milliseconds: .min).seconds == .min / 1000 - 1)
    _ = UnixTime(milliseconds: .max).local
    _ = UnixTime(milliseconds: .min).local
  }

  @Test(arguments: [
    ("2025-01-02T03:04:05Z", 1_735_787_045_000), ("2025-01-02t03:04:05.5z", 1_735_787_045_500),
    ("2025-01-02 04:04:05.123456789+01:00", 1_735_787_045_123), ("2025-01-01T22:04:05.67-05:00", 1_735_787_045_670),
    ("2016-12-31T23:59:60Z", 1_483_228_800_000),
  ])
  func `other RFC 3339 forms are read`(text: String, milliseconds: Int64) {
    #expect(UnixTime(rfc3339: text)?.milliseconds == milliseconds)
  }

  @Test(arguments: [
    "", "2025", "2025-01-02", "2025-01-02T03:04:05", "2025-13-02T03:04:05Z", "2025-02-29T03:04:05Z",
    "2025-00-02T03:04:05Z", "2025-01-00T03:04:05Z", "2025-01-02T24:04:05Z", "2025-01-02T03:60:05Z",
    "2025-01-02T03:04:61Z", "2025-01-02T03:04:05.Z", "2025-01-02T03:04:05+0100", "2025-01-02T03:04:05Zx",
    "+025-01-02T03:04:05Z", "2025-01-02T03:04:05\u{661}Z", "1735787045",
  ])
  func `what is no RFC 3339 time is refused`(text: String) {
    #expect(UnixTime(rfc3339: text) == nil)
  }

  @Test func `every cut and every changed byte of a time is survived`() {
    let text = Array("2025-01-02T03:04:05.678+01:30".utf8)
    for end in 0...text.count {
      _ = UnixTime(rfc3339: String(decoding: text[..<end], as: UTF8.self))
      for byte in UInt8.min...UInt8.max where end < text.count {
        var changed = text
        changed[end] = byte
        _ = UnixTime(rfc3339: String(decoding: changed, as: UTF8.self))
      }
    }
  }

  @Test func `file names carry local time`() {
    let local = UnixTime.Local(year: 2025, month: 1, day: 2, hour: 3, minute: 4, second: 5)
    #expect(local.fileNameStamp == "2025-01-02T03-04-05")
    #expect(local.dayPath == ["2025", "01", "02"])
    let now = WallClock.system.now()
    #expect(abs(now.local.year - 1970 - Int(now.seconds / 31_556_952)) <= 1)
  }

  @Test func `the time zone comes from TZ, the link, the file, or is UTC`() throws {
    let folder = TemporaryFolder()
    let root = folder.path + "/"
    func name(_ zone: String?) -> String {
      LocalTimeZone.name(Environment(zone.map { ["TZ": $0] } ?? [:]), root: root)
    }
    #expect(name(nil) == "Etc/UTC")
    #expect(name("Europe/Berlin") == "Europe/Berlin")
    #expect(name(":America/Argentina/Ushuaia") == "America/Argentina/Ushuaia")
    #expect(name("/usr/share/zoneinfo/Asia/Tokyo") == "Asia/Tokyo")
    #expect(name("<+03>-3") == "Etc/UTC")
    try File.makeDirectory(folder.path("etc"))
    try File.writeAtomically(Array("Africa/Cairo\n".utf8), to: folder.path("etc/timezone"))
    #expect(name(nil) == "Africa/Cairo")
    #expect(symlink("../usr/share/zoneinfo/Europe/Rome", folder.path("etc/localtime")) == 0)
    #expect(name("") == "Europe/Rome")
  }
}

@Suite struct UUIDTests {
  @Test func `an identifier has one text form and is read in either case`() {
    let id = UUID(high: 0x0190_ABCD_EF12_7345, low: 0x8899_AABB_CCDD_EEFF)
    #expect("\(id)" == "0190abcd-ef12-7345-8899-aabbccddeeff")
    #expect(UUID("0190ABCD-ef12-7345-8899-AABBCCDDEEFF") == id)
    #expect(id.version == 7)
    #expect(id.time == UnixTime(milliseconds: 0x0190_ABCD_EF12))
  }

  @Test(arguments: [
    "", "0190abcd", "0190abcd-ef12-7345-8899-aabbccddeef", "0190abcd-ef12-7345-8899-aabbccddeefff",
    "0190abcdef12-7345-8899-aabbccddeefff", "{0190abcd-ef12-7345-8899-aabbccddeef",
    "0190abcd-ef12-7345-8899-aabbccddeefg",
    "0190abcd_ef12_7345_8899_aabbccddeeff", "-190abcd-ef12-7345-8899-aabbccddeeff",
  ])
  func `other texts are no identifiers`(text: String) {
    #expect(UUID(text) == nil)
  }

  @Test func `version 7 grows within a millisecond, past its counter and when the clock steps back`() {
    let time = Collector<Int64>()
    time.append(1_700_000_000_000)
    let generator = UUIDGenerator(clock: WallClock { UnixTime(milliseconds: time.all.last ?? 0) }, seed: 1)
    var last = generator.v7()
    #expect(last.time?.milliseconds == 1_700_000_000_000)
    for step in 0..<10_000 {
      if step == 6000 { time.append(1_600_000_000_000) }
      let next = generator.v7()
      #expect(next > last && next.version == 7 && next.low >> 62 == 0b10)
      last = next
    }
    time.append(1_800_000_000_000)
    #expect(generator.v7().time?.milliseconds == 1_800_000_000_000)
  }

  @Test func `a seed gives the same sequence, without one all differ`() {
    let clock = WallClock.fixed(UnixTime(milliseconds: 5))
    func make(_ seed: UInt64?) -> [UUID] {
      let generator = UUIDGenerator(clock: clock, seed: seed)
      return [generator.v7(), generator.v4(), generator.v7()]
    }
    #expect(make(3) == make(3))
    #expect(make(3) != make(4))
    #expect(make(nil) != make(nil))
    #expect(make(nil)[1].version == 4 && make(nil)[1].low >> 62 == 0b10)
  }

  @Test func `a clock out of range is survived`() {
    for milliseconds in [Int64.min, -1, .max] {
      let generator = UUIDGenerator(clock: .fixed(UnixTime(milliseconds: milliseconds)), seed: 1)
      let first = generator.v7()
      #expect(generator.v7() > first)
    }
  }

  @Test func `random bytes have the length asked for`() {
    #expect(RandomBytes.make(0) == [])
    #expect(RandomBytes.make(-1) == [])
    #expect(RandomBytes.make(32).count == 32)
    #expect(RandomBytes.make(32) != RandomBytes.make(32))
  }
}
