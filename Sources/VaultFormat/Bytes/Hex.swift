/// Lower-case hexadecimal, the one spelling of identifiers and digests.
package enum Hex {
    package static func encode(_ bytes: some Sequence<UInt8>) -> String { encode(Array(bytes)) }

    package static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(2 * bytes.count)
        append(bytes, to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    static func append(_ bytes: [UInt8], to text: inout [UInt8]) {
        for byte in bytes {
            text.append(digit(byte >> 4))
            text.append(digit(byte & 15))
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? 0x30 + value : 0x61 - 10 + value
    }

    /// - Throws: ``FormatError`` unless there are `count` bytes in lower-case digits.
    package static func decode(_ text: some StringProtocol, count: Int)
        throws(FormatError)
        -> [UInt8]
    {
        let utf8 = Array(text.utf8)
        guard utf8.count == 2 * count else {
            throw .wrongLength(expected: 2 * count, actual: utf8.count)
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        for pair in stride(from: 0, to: utf8.count, by: 2) {
            guard let high = value(utf8[pair]), let low = value(utf8[pair + 1]) else {
                throw .invalidText(field: "hexadecimal")
            }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    /// The value of a lower-case digit; nil for another character.
    package static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x61...0x66: digit - 0x61 + 10
        default: nil
        }
    }
}
