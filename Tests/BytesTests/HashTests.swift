import Bytes
import Testing

@Suite struct `Hashes` {
  /// FIPS 180-4 examples and the empty message.
  static let vectors: [(message: String, sha1: String, sha256: String)] = [
    (
      "", "da39a3ee5e6b4b0d3255bfef95601890afd80709",
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    ),
    (
      "abc", "a9993e364706816aba3e25717850c26c9cd0d89d",
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    ),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "84983e441c3bd26ebaae4aa1f95129e5e54670f1",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
  ]

  @Test(arguments: vectors) func `the published vectors hold`(
    _ vector: (message: String, sha1: String, sha256: String)
  ) {
    #expect(Hex.encode(SHA1.hash(vector.message.utf8)) == vector.sha1)
    #expect(Hex.encode(SHA256.hash(vector.message.utf8)) == vector.sha256)
  }

  @Test func `a million bytes hash to the published digests`() {
    let message = repeatElement(UInt8(ascii: "a"), count: 1_000_000)
    #expect(Hex.encode(SHA1.hash(message)) == "34aa973cd4c4daa4f61eeb2bdbad27316534016f")
    #expect(
      Hex.encode(SHA256.hash(message)) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  @Test func `a message hashes the same however it is cut`() {
    let message = (0..<200).map { UInt8($0) }
    let whole = SHA256.hash(message)
    for cut in 0...message.count {
      var hash = SHA256()
      hash.update(message[..<cut])
      hash.update(message[cut...])
      #expect(hash.finish() == whole)
    }
  }

  @Test func `lengths around a block hash differently from their neighbours`() {
    let digests = (50...70).map { SHA1.hash(repeatElement(0, count: $0)) + SHA256.hash(repeatElement(0, count: $0)) }
    #expect(Set(digests).count == digests.count)
    #expect(digests.allSatisfy { $0.count == SHA1.digestLength + SHA256.digestLength })
  }

  /// RFC 4231, §4: cases 1, 2, 3, 6 and 7.
  @Test(arguments: [
    (
      [UInt8](repeating: 0x0B, count: 20), Array("Hi There".utf8),
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
    ),
    (
      Array("Jefe".utf8), Array("what do ya want for nothing?".utf8),
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    ),
    (
      [UInt8](repeating: 0xAA, count: 20), [UInt8](repeating: 0xDD, count: 50),
      "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
    ),
    (
      [UInt8](repeating: 0xAA, count: 131), Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
    ),
    (
      [UInt8](repeating: 0xAA, count: 131),
      Array(
        ("This is a test using a larger than block-size key and a larger than block-size data. "
          + "The key needs to be hashed before being used by the HMAC algorithm.").utf8),
      "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"
    ),
  ])
  func `the keyed vectors of the RFC hold`(_ key: [UInt8], _ message: [UInt8], _ code: String) {
    #expect(Hex.encode(HMACSHA256.code(for: message, key: key)) == code)
  }

  @Test func `comparison looks at every byte and at the length`() {
    #expect(constantTimeEquals([], []))
    #expect(constantTimeEquals([1, 2, 3], [1, 2, 3]))
    #expect(!constantTimeEquals([1, 2, 3], [1, 2, 4]))
    #expect(!constantTimeEquals([0, 2, 3], [1, 2, 3]))
    #expect(!constantTimeEquals([1, 2], [1, 2, 3]))
  }
}
