// Numbers as people read them.

import VaultAPI

enum Units {
    /// Decimal units with one digit after the point: `999 B`, `1.2 kB`, `34.5 MB`.
    static func bytes(_ count: Int) -> String {
        guard count >= 1000 else { return "\(count) B" }
        var value = count
        for unit in ["kB", "MB", "GB", "TB"] {
            // Tenths, rounded half up; a value that rounds to 1000.0 takes the next unit.
            let tenths = value / 100 + (value % 100 >= 50 ? 1 : 0)
            if tenths < 10_000 { return "\(tenths / 10).\(tenths % 10) \(unit)" }
            value /= 1000
        }
        return "\(value) TB"
    }

    /// `0:07`, `12:34`, `1:02:03`.
    static func clock(seconds: Int) -> String {
        let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60)
        return hours > 0
            ? "\(hours):\(twoDigits(minutes)):\(twoDigits(rest))" : "\(minutes):\(twoDigits(rest))"
    }

    /// `3 d 4 h`, `4 h 5 min`, `5 min 6 s`, `6 s`.
    static func span(seconds: Int) -> String {
        let parts = [
            (seconds / 86_400, "d"), (seconds / 3600 % 24, "h"), (seconds / 60 % 60, "min"),
            (seconds % 60, "s"),
        ]
        let shown = parts.drop { $0.0 == 0 }.prefix(2)
        return shown.isEmpty ? "0 s" : shown.map { "\($0.0) \($0.1)" }.joined(separator: " ")
    }

    /// `2026-03-14 09:26:53Z`: the second is enough for people.
    static func moment(_ time: UTCTime) -> String {
        moment(time.wireText)
    }

    static func moment(_ text: String) -> String {
        guard text.utf8.count == 27 else { return text }
        return text.prefix(10) + " " + text.dropFirst(11).prefix(8) + "Z"
    }

    static func count(_ number: Int, _ noun: String) -> String {
        number == 1 ? "1 \(noun)" : "\(number) \(noun)s"
    }

    /// So many a second: `0`, `0.4`, `12`. What is not nothing is never shown as nothing.
    static func rate(_ count: Int, seconds: Int) -> String {
        let seconds = max(1, seconds)
        let tenths = (count * 10 + seconds / 2) / seconds
        if count > 0, tenths == 0 { return "<0.1" }
        return tenths == 0 || tenths >= 100
            ? "\((count + seconds / 2) / seconds)" : "\(tenths / 10).\(tenths % 10)"
    }

    private static func twoDigits(_ number: Int) -> String {
        number < 10 ? "0\(number)" : String(number)
    }
}
