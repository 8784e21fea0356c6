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
        // Both looked up once: an archive has two of these a line.
        let (digits, values) = (text.span, values.span)
        let wholes = (digits.count - pads) / 4
        var bytes = [UInt8](repeating: 0, count: digits.count / 4 * 3 - pads)
        var out = bytes.mutableSpan
        for group in 0..<wholes {
            let first = values[Int(digits[4 * group])]
            let second = values[Int(digits[4 * group + 1])]
            let third = values[Int(digits[4 * group + 2])]
            let fourth = values[Int(digits[4 * group + 3])]
            guard first | second | third | fourth < 64 else { throw .invalidText(field: "base64") }
            out[3 * group] = first << 2 | second >> 4
            out[3 * group + 1] = second << 4 | third >> 2
            out[3 * group + 2] = third << 6 | fourth
        }
        guard pads > 0 else { return bytes }
        var word: UInt32 = 0
        for place in 4 * wholes..<digits.count - pads {
            let value = values[Int(digits[place])]
            guard value < 64 else { throw .invalidText(field: "base64") }
            word = word << 6 | UInt32(value)
        }
        // The bits that no byte takes are zero: else two texts would say the same.
        guard word & (pads == 1 ? 3 : 15) == 0 else { throw .notCanonical(field: "base64") }
        word >>= pads == 1 ? 2 : 4
        for place in (3 * wholes..<bytes.count).reversed() {
            bytes[place] = UInt8(word & 255)
            word >>= 8
        }
        return bytes
    }

    private static let padding = UInt8(ascii: "=")
}
