/// The secret of a key-file slot as text: one line, `imagevault-key-1:` and 64 hexadecimal digits and
/// 8 of checksum, so that a file cut short or mistyped is told apart from a wrong one. KeyringFormat §3.2.
///
/// Secret bytes pass through here only as borrowed spans; the text itself is the caller's to wipe.
package enum KeyFileText {
    package static let prefix = Array("imagevault-key-1:".utf8)
    package static let secretBytes = 32
    package static let checksumBytes = 4
    /// Prefix, digits, checksum digits, newline.
    package static let byteCount = 17 + 64 + 8 + 1

    /// CRC-32 (ISO 3309) of the secret.
    package static func checksum(_ byte: (Int) -> UInt8) -> UInt32 {
        var crc: UInt32 = 0xFFFF_FFFF
        for index in 0..<secretBytes {
            crc ^= UInt32(byte(index))
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
        }
        return ~crc
    }
}
