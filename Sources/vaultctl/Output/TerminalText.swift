// Text from elsewhere, made harmless for a terminal: names and the vault's words may hold escape
// sequences, or characters that turn the reading direction round.

enum TerminalText {
    /// The text with every character that acts rather than shows spelled out, line ends kept.
    static func clean(_ text: String) -> String {
        var view = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if scalar == "\n" || !acts(scalar) {
                view.append(scalar)
            } else {
                view.append(contentsOf: "\\u{\(String(scalar.value, radix: 16))}".unicodeScalars)
            }
        }
        return String(view)
    }

    /// The same for one field of a line: line ends are spelled out too.
    static func field(_ text: String) -> String {
        clean(text).split(separator: "\n", omittingEmptySubsequences: false)
            .joined(separator: "\\u{a}")
    }

    private static func acts(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse,
            .unassigned:
            true
        default: false
        }
    }

    /// JSON with everything beyond printable ASCII escaped (RFC 8259 §7). It stands only inside
    /// strings, where the escape means the same.
    static func asciiJSON(_ json: String) -> String {
        var text = ""
        for unit in json.utf16 {
            if (0x20...0x7E).contains(unit) || unit == 0x0A {
                text.unicodeScalars.append(Unicode.Scalar(UInt8(unit)))
            } else {
                let digits = String(unit, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
        }
        return text
    }

    /// Columns that clean text takes, near enough: East Asian wide characters and emoji take two,
    /// marks none.
    static func columns(_ text: String) -> Int {
        text.unicodeScalars.reduce(0) { $0 + width($1) }
    }

    private static func width(_ scalar: Unicode.Scalar) -> Int {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark: return 0
        default: break
        }
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
            0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F900...0x1F9FF,
            0x20000...0x3FFFD:
            return 2
        default: return 1
        }
    }
}
