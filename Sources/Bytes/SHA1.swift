/// SHA-1 (FIPS 180-4), for protocols that still name it, such as the WebSocket handshake. Not for new security uses.
package struct SHA1: HashFunction {
  package static let digestLength = 20

  private var state: [UInt32] = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0]
  private var buffer = BlockBuffer()

  package init() {}

  package mutating func update(_ bytes: some Sequence<UInt8>) {
    buffer.update(bytes) { Self.compress($0, into: &state) }
  }

  package mutating func finish() -> [UInt8] {
    buffer.finish { Self.compress($0, into: &state) }
    return bigEndianBytes(state)
  }

  private static func compress(_ block: [UInt32], into state: inout [UInt32]) {
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 80) { schedule in
      for index in 0..<16 { schedule[index] = block[index] }
      for index in 16..<80 {
        schedule[index] = rotateLeft(
          schedule[index - 3] ^ schedule[index - 8] ^ schedule[index - 14] ^ schedule[index - 16], 1)
      }
      var (a, b, c, d, e) = (state[0], state[1], state[2], state[3], state[4])
      for index in 0..<80 {
        let mix: UInt32
        let constant: UInt32
        switch index {
        case 0..<20: (mix, constant) = (b & c | ~b & d, 0x5A82_7999)
        case 20..<40: (mix, constant) = (b ^ c ^ d, 0x6ED9_EBA1)
        case 40..<60: (mix, constant) = (b & c | b & d | c & d, 0x8F1B_BCDC)
        default: (mix, constant) = (b ^ c ^ d, 0xCA62_C1D6)
        }
        let next = rotateLeft(a, 5) &+ mix &+ e &+ constant &+ schedule[index]
        (a, b, c, d, e) = (next, a, rotateLeft(b, 30), c, d)
      }
      state[0] &+= a
      state[1] &+= b
      state[2] &+= c
      state[3] &+= d
      state[4] &+= e
    }
  }
}
