// An upload's answer is written once for each image, so its JSON is laid out by hand: ten times
// less work than a general encoder, byte for byte the same text (a test compares them).

import VaultFormat

extension ImageAnswer {
    /// The same bytes as ``WireJSON/encode(_:)`` makes.
    package var json: [UInt8] {
        var text = JSONText(reserving: 800)
        write(to: &text)
        return text.bytes
    }

    fileprivate func write(to text: inout JSONText) {
        text.raw("{\"created\":")
        text.string(created.wireText)
        text.raw(",\"height\":\(height),\"id\":")
        text.string(id.hex)
        text.raw(",\"job\":")
        text.stringOrNull(job?.description)
        text.raw(",\"name\":")
        text.string(name.text)
        text.raw(",\"owner\":")
        text.stringOrNull(owner?.description)
        text.raw(",\"quarantined\":\(quarantined),\"received\":")
        received.write(to: &text)
        text.raw(",\"safe_name\":")
        text.string(safeName)
        text.raw(",\"stored\":")
        stored.write(to: &text)
        text.raw(",\"transformed\":")
        text.list(transformed) { $0.string($1) }
        text.raw(",\"type\":")
        text.string(type.mediaType)
        text.raw(",\"verdict\":")
        verdict.write(to: &text)
        text.raw(",\"width\":\(width)}")
    }
}

extension ImagePage {
    /// The same bytes as ``WireJSON/encode(_:)`` makes.
    package var json: [UInt8] {
        var text = JSONText(reserving: 800 * images.count + 200)
        text.raw("{\"images\":")
        text.list(images) { $1.write(to: &$0) }
        text.raw(",\"next\":")
        text.stringOrNull(next?.wireText)
        text.raw("}")
        return text.bytes
    }
}

extension ContentSummary {
    fileprivate func write(to text: inout JSONText) {
        text.raw("{\"bytes\":\(bytes),\"sha256\":")
        text.string(sha256.hex)
        text.raw("}")
    }
}

extension VerdictAnswer {
    fileprivate func write(to text: inout JSONText) {
        text.raw("{\"findings\":")
        text.list(findings) { text, finding in
            text.raw("{\"code\":")
            text.string(finding.code)
            text.raw(",\"offset\":\(finding.offset.map { String($0) } ?? "null")}")
        }
        text.raw(",\"flags\":")
        text.list(flags) { $0.string($1) }
        text.raw(",\"inspector\":\(inspector),\"level\":")
        text.string(level)
        text.raw("}")
    }
}

/// JSON in the making (RFC 8259): UTF-8, with escapes only where they must be.
private struct JSONText {
    private(set) var bytes: [UInt8] = []

    init(reserving count: Int) {
        bytes.reserveCapacity(count)
    }

    /// Punctuation, member names and numbers.
    mutating func raw(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }

    mutating func string(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            // No value holds a control character; should one, it stays inside its string.
            case 0..<0x20: bytes.append(contentsOf: "\\u00\(Hex.encode([byte]))".utf8)
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    mutating func stringOrNull(_ text: String?) {
        if let text {
            string(text)
        } else {
            raw("null")
        }
    }

    mutating func list<Element>(_ elements: [Element], _ write: (inout Self, Element) -> Void) {
        raw("[")
        for (position, element) in elements.enumerated() {
            if position > 0 { raw(",") }
            write(&self, element)
        }
        raw("]")
    }
}
