/// Standard Base64 with padding (RFC 4648 §4), as signed notes and digest headers spell bytes.
package enum Base64 {
    private static let digits = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// The value of each byte as a digit; 64 for what is none.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 64, count: 256)
        for (value, digit) in digits.enumerated() { values[Int(digit)] = UInt8(value) }
        return values
    }()

    package static func encode(_ bytes: [UInt8]) -> String {
        String(decoding: utf8(bytes), as: UTF8.self)
    }

    /// The digits of ``encode(_:)``.
    package static func utf8(_ bytes: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let count = min(3, bytes.count - start)
            var word = UInt32(bytes[start]) << 16
            if count > 1 { word |= UInt32(bytes[start + 1]) << 8 }
            if count > 2 { word |= UInt32(bytes[start + 2]) }
            text.append(digits[Int(word >> 18)])
            text.append(digits[Int(word >> 12 & 63)])
            text.append(count > 1 ? digits[Int(word >> 6 & 63)] : padding)
            text.append(count > 2 ? digits[Int(word & 63)] : padding)
        }
        return text
    }

    /// - Throws: ``FormatError`` unless the text is the one spelling of its bytes.
    package static func decode(_ text: some StringProtocol) throws(FormatError) -> [UInt8] {
        try decode(utf8: Array(text.utf8)[...])
    }

    /// As ``decode(_:)``, from the text's bytes.
    package static func decode(utf8 text: ArraySlice<UInt8>) throws(FormatError) -> [UInt8] {
        guard text.count.isMultiple(of: 4) else { throw .invalidText(field: "base64") }
        let pads = text.last != padding ? 0 : text[text.endIndex - 2] == padding ? 2 : 1
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3)
        var word: UInt32 = 0
        for place in 0..<text.count - pads {
            let value = values[Int(text[text.startIndex + place])]
            guard value < 64 else { throw .invalidText(field: "base64") }
            word = word << 6 | UInt32(value)
            if place % 4 == 3 {
                bytes.append(UInt8(word >> 16 & 255))
                bytes.append(UInt8(word >> 8 & 255))
                bytes.append(UInt8(word & 255))
                word = 0
            }
        }
        // The bits that no byte takes are zero: else two texts would say the same.
        guard word & [0, 3, 15][pads] == 0 else { throw .notCanonical(field: "base64") }
        if pads == 1 { bytes += [UInt8(word >> 10 & 255), UInt8(word >> 2 & 255)] }
        if pads == 2 { bytes.append(UInt8(word >> 4 & 255)) }
        return bytes
    }

    private static let padding = UInt8(ascii: "=")
}
