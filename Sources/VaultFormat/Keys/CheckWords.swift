/// Eight bytes as four words that can be read out and compared: each pair of bytes as consonant, vowel,
/// consonant, vowel, consonant (Wilkerson, "A Proposal for Proquints", 2009). KeyringFormat §3.3.
package enum CheckWords {
    private static let consonants = Array("bdfghjklmnprstvz".utf8)
    private static let vowels = Array("aiou".utf8)
    package static let byteCount = 8

    /// - Precondition: ``byteCount`` bytes.
    package static func text(_ bytes: some Collection<UInt8>) -> String {
        precondition(bytes.count == byteCount)
        let bytes = Array(bytes)
        let words = stride(from: 0, to: byteCount, by: 2).map { place in
            word(UInt16(bytes[place]) << 8 | UInt16(bytes[place + 1]))
        }
        return words.joined(separator: " ")
    }

    private static func word(_ value: UInt16) -> String {
        let letters = [
            consonants[Int(value >> 12)], vowels[Int(value >> 10 & 3)],
            consonants[Int(value >> 6 & 15)], vowels[Int(value >> 4 & 3)],
            consonants[Int(value & 15)],
        ]
        return String(decoding: letters, as: UTF8.self)
    }
}
