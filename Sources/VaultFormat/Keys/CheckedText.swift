/// Bytes as a line that a person can copy: a prefix that names what they are, hexadecimal digits, and the
/// CRC-32 of the bytes, so that what is mistyped or cut short is told from what is wrong. KeyringFormat §3.2.
///
/// Secret bytes pass through here only by a closure; the text itself is the caller's to wipe.
package struct CheckedText: Hashable, Sendable {
    package let prefix: [UInt8]
    /// Bytes that the digits stand for, without the checksum's.
    package let byteCount: Int
    /// Whether spaces may stand between the digits, as on paper.
    package let isSpaced: Bool

    package static let checksumBytes = 4

    private init(_ name: StaticString, _ byteCount: Int, isSpaced: Bool = true) {
        prefix = Array("imagevault-\(name)-1:".utf8)
        self.byteCount = byteCount
        self.isSpaced = isSpaced
    }

    /// The secret of a key-file slot.
    package static let keyFile = CheckedText("key", 32, isSpaced: false)
    /// One share of a slot's secret, as ``ShareHead`` and 32 bytes.
    package static let share = CheckedText("share", ShareHead.byteCount + 32)
    /// The private half of a recovery recipient.
    package static let recoveryKey = CheckedText("recovery", 32)
    /// The public half of a recovery recipient.
    package static let recipient = CheckedText("recipient", KeySlot.recipientBytes)
    /// What a vault asks of the holder of a recovery key.
    package static let challenge = CheckedText("challenge", RecoveryChallenge.byteCount)
    /// What the holder answers.
    package static let answer = CheckedText("answer", RecoveryAnswer.byteCount)

    /// Characters of the whole line, without spaces and newline.
    package var characters: Int { prefix.count + 2 * (byteCount + Self.checksumBytes) }

    /// CRC-32 (ISO 3309).
    package static func checksum(count: Int, _ byte: (Int) -> UInt8) -> UInt32 {
        var crc: UInt32 = 0xFFFF_FFFF
        for index in 0..<count {
            crc ^= UInt32(byte(index))
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
        }
        return ~crc
    }

    /// Whether a text begins like one of these, mistyped as it may be: no passphrase does.
    package static func isAttempted(in text: some Collection<UInt8>) -> Bool {
        begins(text, "imagevault-")
    }

    /// Whether a text is meant as the private half of a recovery recipient, which nobody is to send.
    package static func isRecoveryKey(_ text: some Collection<UInt8>) -> Bool {
        begins(text, "imagevault-recov")
    }

    /// Behind blanks, in any case.
    private static func begins(_ text: some Collection<UInt8>, _ start: String) -> Bool {
        let words = text.lazy.drop { $0 == 0x20 || (0x09...0x0D).contains($0) }
        return words.prefix(start.utf8.count).map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
            .elementsEqual(start.utf8)
    }

    // MARK: Bytes that are no secret

    /// - Precondition: as many bytes as this text is of.
    package func text(_ bytes: [UInt8]) -> String {
        precondition(bytes.count == byteCount)
        let checksum = Self.checksum(count: byteCount) { bytes[$0] }
        var writer = ByteWriter(reserving: Self.checksumBytes)
        writer.append(checksum)
        return String(decoding: prefix, as: UTF8.self) + Hex.encode(bytes + writer.bytes)
    }

    /// - Parameter text: a last newline is forgiven.
    /// - Throws: ``FormatError/invalidText(field:)``.
    package func bytes(_ text: [UInt8]) throws(FormatError) -> [UInt8] {
        guard text.starts(with: prefix) else { throw .invalidText(field: "checked text") }
        var digits = text[prefix.count...]
        if digits.last == 0x0A { digits = digits.dropLast() }
        if isSpaced { digits = ArraySlice(digits.filter { $0 != 0x20 }) }
        let spelled = String(decoding: digits, as: UTF8.self)
        guard let bytes = try? Hex.decode(spelled, count: byteCount + Self.checksumBytes) else {
            throw .invalidText(field: "checked text")
        }
        let checksum = Self.checksum(count: byteCount) { bytes[$0] }
        let told = bytes[byteCount...].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        guard told == checksum else { throw .invalidText(field: "checked text") }
        return Array(bytes[..<byteCount])
    }
}
