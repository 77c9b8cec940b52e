import CSys
import Glibc

/// Facts about this machine and process.
package enum Host {
  package static var processID: Int32 { getpid() }

  package static let name: String = {
    var buffer = [CChar](repeating: 0, count: 256)
    guard gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
    return string(buffer)
  }()

  /// `x86_64`, `aarch64`
  package static let architecture: String = {
    var facts = utsname()
    guard uname(&facts) == 0 else { return "unknown" }
    return withUnsafeBytes(of: &facts.machine) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }()

  package static var homeDirectory: String? {
    var record = passwd()
    var found: UnsafeMutablePointer<passwd>?
    var buffer = [CChar](repeating: 0, count: 16_384)
    guard getpwuid_r(getuid(), &record, &buffer, buffer.count, &found) == 0, found != nil, let home = record.pw_dir
    else { return nil }
    return String(cString: home)
  }

  package static func currentDirectory() throws(SystemError) -> String {
    guard let path = getcwd(nil, 0) else { throw SystemError(errno, "getcwd") }
    defer { free(path) }
    return String(cString: path)
  }

  /// Descriptors that the process allows itself, where the system lets it: two for each loaded thread, some for each
  /// request.
  package static let maximumDescriptors: UInt64 = 65_536

  /// Raises the soft limit, which is 1024 for most services, towards the hard one. Returns the limit before, which programs
  /// that we start must get back (some still use `select`); nil where it cannot be changed.
  @discardableResult
  package static func raiseDescriptorLimit() -> UInt64? {
    let before = csys_raise_descriptor_limit(maximumDescriptors)
    return before == 0 ? nil : before
  }

  private static func string(_ buffer: [CChar]) -> String {
    String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

/// The distribution, in the words and the version form of the reference's user agent: `Debian` `12.0.0`.
package struct OperatingSystem: Equatable, Sendable {
  package var name: String
  package var version: String

  package static let current: OperatingSystem = {
    for path in ["/etc/os-release", "/usr/lib/os-release"] {
      if let bytes = try? File.read(path, limit: 64 << 10) {
        return OperatingSystem(osRelease: String(decoding: bytes, as: UTF8.self))
      }
    }
    return OperatingSystem(osRelease: "")
  }()

  /// From the text of an os-release file.
  package init(osRelease text: String) {
    var values: [Substring: String] = [:]
    for line in text.utf8.split(separator: UInt8(ascii: "\n")).map(Substring.init) {
      guard let equals = line.utf8.firstIndex(of: UInt8(ascii: "=")) else { continue }
      var value = line[line.utf8.index(after: equals)...]
      for quote in ["\"", "'"] where value.utf8.count >= 2 && value.hasPrefix(quote) && value.hasSuffix(quote) {
        value = value.dropFirst().dropLast()
      }
      values[line[..<equals]] = String(value)
    }
    let id = values["ID"] ?? ""
    name = Self.names[id] ?? values["NAME"] ?? "Linux"
    version = Self.paddedVersion(values["VERSION_ID"] ?? "")
  }

  private static let names = [
    "almalinux": "AlmaLinux", "alpine": "Alpine Linux", "amzn": "Amazon Linux AMI", "arch": "Arch Linux",
    "centos": "CentOS", "debian": "Debian", "fedora": "Fedora", "linuxmint": "Linux Mint", "manjaro": "Manjaro",
    "nixos": "NixOS", "opensuse-leap": "openSUSE", "opensuse-tumbleweed": "openSUSE", "ol": "Oracle Linux",
    "pop": "Pop!_OS", "raspbian": "Raspberry Pi OS", "rhel": "Red Hat Enterprise Linux", "rocky": "Rocky Linux",
    "sles": "SUSE Linux Enterprise Server", "ubuntu": "Ubuntu",
  ]

  /// `12` → `12.0.0`, `22.04` → `22.4.0`; anything but one to three numbers stays as it is.
  private static func paddedVersion(_ text: String) -> String {
    if text.isEmpty { return "Unknown" }
    let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count <= 3 else { return text }
    var numbers: [UInt64] = []
    for part in parts {
      guard let number = UInt64(Substring(part)) else { return text }
      numbers.append(number)
    }
    while numbers.count < 3 { numbers.append(0) }
    return numbers.map(String.init).joined(separator: ".")
  }
}

/// What this process occupies, and the allocator's settings.
package enum Memory {
  /// Glibc gives every thread an arena of its own, and after a burst each keeps its peak: two cost little speed and a
  /// quarter of the memory.
  package static let maximumArenas: Int32 = 2

  /// Buffers of large messages are mapped by themselves. Left to itself, glibc takes the first that is freed as a sign that
  /// the heap should keep such sizes from then on: a 20 MB answer, asked for twice, would stay for the life of the process.
  package static let mappedSize: Int32 = 1 << 20

  /// Call once, before the first other thread.
  package static func tuneAllocator() {
    csys_malloc_arenas(maximumArenas)
    csys_malloc_mapped_size(mappedSize)
  }

  /// Resident bytes, shared pages included.
  package static var resident: Int? { field("VmRSS:", in: "/proc/self/status") }

  /// Resident bytes with shared pages divided among their users. Costs the kernel about a millisecond.
  package static var proportional: Int? { field("Pss:", in: "/proc/self/smaps_rollup") }

  private static func field(_ name: String, in path: String) -> Int? {
    guard let bytes = try? File.read(path, limit: 64 << 10) else { return nil }
    for line in bytes.split(separator: UInt8(ascii: "\n")) where line.starts(with: name.utf8) {
      let digits = line.drop { !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        .prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      guard let kilobytes = Int(String(decoding: digits, as: UTF8.self)) else { return nil }
      return kilobytes.multipliedReportingOverflow(by: 1024).partialValue
    }
    return nil
  }
}
