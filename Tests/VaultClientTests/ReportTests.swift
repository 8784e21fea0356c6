// The periods of a report, and the page it is put into.

import Testing
import VaultFormat

@testable import vaultctl

@Suite("Reports")
struct ReportTests {
    @Test(
        "a period is a year, a quarter, a month, or a first and a last day, and ends with its last day",
        arguments: [
            ("2026", "2026-01-01", "2027-01-01"), ("2026-Q1", "2026-01-01", "2026-04-01"),
            ("2026-Q3", "2026-07-01", "2026-10-01"), ("2026-Q4", "2026-10-01", "2027-01-01"),
            ("2026-11", "2026-11-01", "2026-12-01"), ("2026-12", "2026-12-01", "2027-01-01"),
            ("2024-02-28..2024-02-29", "2024-02-28", "2024-03-01"),
            ("2026-11-01..2026-11-01", "2026-11-01", "2026-11-02"),
            ("2025-12-31..2026-01-01", "2025-12-31", "2026-01-02"),
        ])
    func periods(text: String, first: String, end: String) throws {
        let period = try #require(AuditPeriod(argument: text))
        #expect(period.since == Timestamp.microseconds("\(first)T00:00:00.000000Z"))
        #expect(period.until == Timestamp.microseconds("\(end)T00:00:00.000000Z"))
        #expect(period.name == text)
    }

    @Test(
        "what is no period is none",
        arguments: [
            "", "26", "02026", "9999", "2026-", "2026-Q0", "2026-Q5", "2026-q1", "2026-Q",
            "2026-Q11",
            "2026-0", "2026-00", "2026-13", "2026-1", "2026-+1", "2026-11-01", "2026-11-01..",
            "..2026-11-01", "2026-02-29..2026-03-01", "2026-11-02..2026-11-01", "2026..2027",
            "2026-11-01..2026-11-02..2026-11-03", "2026-11-01...2026-11-02", "\u{0662}026",
            "/../2026",
        ])
    func none(text: String) {
        #expect(AuditPeriod(argument: text) == nil)
    }

    @Test("the page is the verifier, with nothing but the room for a bundle replaced")
    func page() {
        let (front, back) = (ReportPage.front, ReportPage.back)
        #expect(front.starts(with: "\(BundlePage.firstLine)\n".utf8))
        #expect(String(decoding: front, as: UTF8.self).hasSuffix("\n\(BundlePage.opening)\n"))
        #expect(back.starts(with: "\(BundlePage.closing)\n".utf8))
        #expect(String(decoding: back, as: UTF8.self).hasSuffix("</html>\n"))
        var reader = BundlePageReader()
        #expect(throws: Never.self) {
            for line in (front + back).split(separator: UInt8(ascii: "\n")).dropFirst() {
                #expect(try reader.take(line) == [])
            }
            try reader.finish(rest: 0)
        }
    }
}
