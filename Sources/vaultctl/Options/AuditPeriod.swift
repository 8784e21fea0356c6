// What a report is about: a year, a quarter, a month, or days. In UTC, as the log's times are.

import ArgumentParser
import VaultFormat

struct AuditPeriod: ExpressibleByArgument {
    /// As it was asked for.
    let name: String
    /// Microseconds since 1970: the beginning, and the end, which is not in it.
    let since: Int64
    let until: Int64

    init?(argument: String) {
        let bounds: (Int64?, Int64?)
        if let days = Self.days(argument) {
            bounds = (Self.start(days.first), Self.start(days.last).map { $0 + Self.day })
        } else if let (year, first, count) = Self.months(argument) {
            let end = first + count
            bounds = (
                Self.start(Self.month(year, first)),
                Self.start(end > 12 ? Self.month(year + 1, 1) : Self.month(year, end))
            )
        } else {
            return nil
        }
        guard let since = bounds.0, let until = bounds.1, since < until else { return nil }
        (name, self.since, self.until) = (argument, since, until)
    }

    private static let day: Int64 = 86_400_000_000

    /// `2026-11-01..2026-11-30`: the first day and the last one.
    private static func days(_ text: String) -> (first: String, last: String)? {
        let days = text.split(separator: "..", omittingEmptySubsequences: false)
        return days.count == 2 ? (String(days[0]), String(days[1])) : nil
    }

    /// `2026`, `2026-Q3` or `2026-11`: a year, its first month, and how many.
    private static func months(_ text: String) -> (year: Int, first: Int, count: Int)? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count <= 2, let year = number(parts[0], digits: 4), year < 9999 else {
            return nil
        }
        guard parts.count == 2 else { return (year, 1, 12) }
        if parts[1].first == "Q", let quarter = number(parts[1].dropFirst(), digits: 1) {
            return (1...4).contains(quarter) ? (year, quarter * 3 - 2, 3) : nil
        }
        return number(parts[1], digits: 2).flatMap { (1...12).contains($0) ? (year, $0, 1) : nil }
    }

    private static func number(_ text: Substring, digits: Int) -> Int? {
        guard text.utf8.count == digits,
            text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        return Int(text)
    }

    private static func month(_ year: Int, _ month: Int) -> String {
        func padded(_ number: Int, _ width: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: width - digits.utf8.count) + digits
        }
        return "\(padded(year, 4))-\(padded(month, 2))-01"
    }

    /// - Returns: nil for what is no day.
    private static func start(_ day: String) -> Int64? {
        Timestamp.microseconds("\(day)T00:00:00.000000Z")
    }
}
