/// The fields of an event's body in their order: one flat JSON object, read strictly. LogFormat §2.
package struct EventFields: Sendable {
    package enum Value: Hashable, Sendable {
        case number(UInt64)
        case text(String)
    }

    package private(set) var fields: [(name: String, value: Value)] = []

    package init(_ fields: [(name: String, value: Value)]) { self.fields = fields }

    /// - Throws: ``FormatError`` for anything but the one spelling of a body.
    package init(parsing body: some Collection<UInt8>) throws(FormatError) {
        var reader = Reader(bytes: Array(body))
        try reader.expect("{")
        repeat {
            let name = try reader.text()
            try reader.expect(":")
            guard fields.count < Limits.eventFields, !fields.contains(where: { $0.name == name })
            else {
                throw .notCanonical(field: "body")
            }
            fields.append((name, try reader.value()))
        } while reader.take(",")
        try reader.expect("}")
        guard reader.isAtEnd else { throw .trailingBytes }
    }

    package subscript(_ name: String) -> Value? {
        fields.first { $0.name == name }?.value
    }

    package func text(_ name: String) -> String? {
        guard case .text(let text) = self[name] else { return nil }
        return text
    }

    package func number(_ name: String) -> UInt64? {
        guard case .number(let number) = self[name] else { return nil }
        return number
    }

    private struct Reader {
        let bytes: [UInt8]
        private var place = 0

        init(bytes: [UInt8]) { self.bytes = bytes }

        var isAtEnd: Bool { place == bytes.count }

        mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard place < bytes.count, bytes[place] == UInt8(ascii: character) else {
                return false
            }
            place += 1
            return true
        }

        mutating func expect(_ character: Unicode.Scalar) throws(FormatError) {
            guard take(character) else { throw .invalidText(field: "body") }
        }

        mutating func value() throws(FormatError) -> Value {
            if place < bytes.count, bytes[place] == UInt8(ascii: "\"") {
                return .text(try text())
            }
            let digits = bytes[place...].prefix { (0x30...0x39).contains($0) }
            place += digits.count
            return .number(
                try StatedLines.number(String(decoding: digits, as: UTF8.self)[...], "body"))
        }

        mutating func text() throws(FormatError) -> String {
            try expect("\"")
            let start = place
            while place < bytes.count, (0x20...0x7E).contains(bytes[place]),
                bytes[place] != UInt8(ascii: "\""), bytes[place] != UInt8(ascii: "\\")
            {
                place += 1
            }
            if take("\"") {
                return String(decoding: bytes[start..<(place - 1)], as: UTF8.self)
            }
            return try escaped(from: start)
        }

        /// A text that has escapes: UTF-16 units, of which surrogates stand in pairs.
        private mutating func escaped(from start: Int) throws(FormatError) -> String {
            place = start
            var units: [UInt16] = []
            while !take("\"") {
                guard place < bytes.count, (0x20...0x7E).contains(bytes[place]) else {
                    throw .invalidText(field: "body")
                }
                if take("\\") {
                    units.append(try escape())
                } else {
                    units.append(UInt16(bytes[place]))
                    place += 1
                }
            }
            guard let text = String(validating: units, as: UTF16.self) else {
                throw .invalidText(field: "body")
            }
            return text
        }

        private mutating func escape() throws(FormatError) -> UInt16 {
            if take("\"") { return 0x22 }
            if take("\\") { return 0x5C }
            try expect("u")
            guard place + 4 <= bytes.count else { throw .truncated }
            var unit: UInt16 = 0
            for byte in bytes[place..<place + 4] {
                guard let digit = Hex.value(byte) else { throw .invalidText(field: "body") }
                unit = unit << 4 | UInt16(digit)
            }
            place += 4
            return unit
        }
    }
}
