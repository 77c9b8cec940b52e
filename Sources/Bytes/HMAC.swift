/// Keyed hashing (RFC 2104) with any hash of 64-byte blocks.
package enum HMAC<Hash: HashFunction> {
  /// A key longer than a block is replaced by its hash, as the RFC says.
  package static func code(for message: some Sequence<UInt8>, key: [UInt8]) -> [UInt8] {
    var block = key.count > BlockBuffer.blockLength ? Hash.hash(key) : key
    block.append(contentsOf: repeatElement(0, count: BlockBuffer.blockLength - block.count))
    var inner = Hash()
    inner.update(block.map { $0 ^ 0x36 })
    inner.update(message)
    var outer = Hash()
    outer.update(block.map { $0 ^ 0x5C })
    outer.update(inner.finish())
    return outer.finish()
  }
}

package typealias HMACSHA256 = HMAC<SHA256>

/// Whether two byte strings are equal, in a time that depends on their lengths only: for tokens and digests.
package func constantTimeEquals(_ left: [UInt8], _ right: [UInt8]) -> Bool {
  guard left.count == right.count else { return false }
  var difference: UInt8 = 0
  for index in left.indices { difference |= left[index] ^ right[index] }
  return difference == 0
}
