/// A hash over a byte stream that is fed piece by piece. Blocks are 64 bytes for both hashes here.
package protocol HashFunction: Sendable {
  /// Bytes in a digest.
  static var digestLength: Int { get }
  init()
  mutating func update(_ bytes: some Sequence<UInt8>)
  /// The digest of what was fed. The value is spent afterwards: copy it first to go on.
  mutating func finish() -> [UInt8]
}

extension HashFunction {
  package static func hash(_ bytes: some Sequence<UInt8>) -> [UInt8] {
    var hash = Self()
    hash.update(bytes)
    return hash.finish()
  }
}

/// Cuts a byte stream into 64-byte blocks of sixteen big-endian words and appends the closing of FIPS 180-4, §5.1.1.
struct BlockBuffer: Sendable {
  static let blockLength = 64

  private var words = [UInt32](repeating: 0, count: 16)
  private var filled = 0
  /// Length of the message in bytes, modulo 2^61: the closing holds its number of bits modulo 2^64.
  private var length: UInt64 = 0

  mutating func update(_ bytes: some Sequence<UInt8>, compress: ([UInt32]) -> Void) {
    for byte in bytes {
      length &+= 1
      append(byte, compress: compress)
    }
  }

  mutating func finish(compress: ([UInt32]) -> Void) {
    let bits = length &* 8
    append(0x80, compress: compress)
    while filled != Self.blockLength - 8 { append(0, compress: compress) }
    for shift in stride(from: UInt64(56), through: 0, by: -8) {
      append(UInt8(truncatingIfNeeded: bits >> shift), compress: compress)
    }
  }

  private mutating func append(_ byte: UInt8, compress: ([UInt32]) -> Void) {
    let index = filled >> 2
    words[index] = words[index] << 8 | UInt32(byte)
    filled += 1
    guard filled == Self.blockLength else { return }
    compress(words)
    filled = 0
  }
}

func bigEndianBytes(_ words: [UInt32]) -> [UInt8] {
  words.flatMap { word in
    [24, 16, 8, 0].map { (shift: UInt32) in UInt8(truncatingIfNeeded: word >> shift) }
  }
}

func rotateLeft(_ word: UInt32, _ count: UInt32) -> UInt32 { word << count | word >> (32 - count) }
func rotateRight(_ word: UInt32, _ count: UInt32) -> UInt32 { word >> count | word << (32 - count) }
