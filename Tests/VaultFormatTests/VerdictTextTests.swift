// The findings of a verdict as text: one spelling each.

import Testing
import VaultFormat

struct VerdictTextTests {
    private static func verdict(_ findings: [Finding]) -> Verdict {
        Verdict(level: .decode, inspectorVersion: 1, findings: findings, flags: [])
    }

    @Test func `findings are read as they were written`() throws {
        for findings in [
            [], [Finding(code: .trailerData, offset: 0)], [Finding(code: .decodeDamaged)],
            FindingCode.allCases.map { Finding(code: $0, offset: .max) },
        ] {
            let text = Self.verdict(findings).findingsText
            #expect(try Verdict.findings(text: text) == findings)
        }
    }

    static let refused: [(String, FormatError)] = [
        ("trailer", .unknownValue(field: "finding")),
        ("trailer-data@1@2", .unknownValue(field: "finding")),
        ("trailer-data@", .outOfRange(field: "finding")),
        ("trailer-data@-1", .outOfRange(field: "finding")),
        ("trailer-data@18446744073709551616", .outOfRange(field: "finding")),
        ("trailer-data@+1", .notCanonical(field: "findings")),
        ("trailer-data@01", .notCanonical(field: "findings")),
        (" trailer-data", .notCanonical(field: "findings")),
        ("trailer-data  jpeg-marker", .notCanonical(field: "findings")),
    ]

    @Test(arguments: refused)
    func `any other spelling is refused`(_ text: String, _ error: FormatError) {
        #expect(throws: error) { try Verdict.findings(text: text) }
    }
}
