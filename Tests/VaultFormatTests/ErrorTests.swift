// Every way to refuse, provoked; and the page that lists the registry.

import Foundation
import Testing
import VaultFormat

@Suite("Errors")
struct ErrorTests {
    @Test("each format error is thrown for its cause and has its own code")
    func formatErrors() throws {
        var reader = ByteReader([1, 2])
        let body = [UInt8](repeating: 2, count: ReferenceBody.paddedBytes)
        let provoked: [FormatError?] = [
            formatError { () throws(FormatError) in _ = try VaultID(bytes: []) },
            formatError { () throws(FormatError) in _ = try reader.read(3) },
            formatError { () throws(FormatError) in try reader.finish() },
            formatError { () throws(FormatError) in try reader.expect([1, 3]) },
            formatError { () throws(FormatError) in _ = try ReferenceBody(parsing: body) },
            formatError { () throws(FormatError) in
                _ = try ObjectHeader(parsing: Array("IVBLOB".utf8) + [0, 1, 9])
            },
            formatError { () throws(FormatError) in _ = try EpochNumber(0) },
            formatError { () throws(FormatError) in _ = try Base64.decode("Zh==") },
            formatError { () throws(FormatError) in _ = try JobID("") },
        ]
        let expected: [FormatError] = [
            .wrongLength(expected: 16, actual: 0), .truncated, .trailingBytes, .wrongMagic,
            .unknownVersion(2), .unknownValue(field: "suite"), .outOfRange(field: "epoch"),
            .notCanonical(field: "base64"), .invalidText(field: "job"),
        ]
        #expect(provoked == expected)
        #expect(
            expected.map(\.code) == [
                "wrong-length", "truncated", "trailing-bytes", "wrong-magic", "unknown-version",
                "unknown-value", "out-of-range", "not-canonical", "invalid-text",
            ])
    }

    @Test("each code has a status, a title and a fix, and is retryable only with a time")
    func registry() {
        for code in ErrorCode.allCases {
            let description = code.description
            #expect((400...599).contains(description.status), "\(code)")
            #expect(!description.title.isEmpty && description.fix.hasSuffix("."), "\(code)")
            #expect(description.retryable == (description.retryAfterMilliseconds != nil))
            let plain = code.rawValue.utf8.allSatisfy {
                (0x61...0x7A).contains($0) || $0 == 0x2D
            }
            #expect(plain, "\(code)")
        }
    }

    @Test("only the code for the unforeseen has the unforeseen's words")
    func describedByName() {
        let unforeseen = ErrorCode.internalError.description.title
        let nameless = ErrorCode.allCases.filter { $0.description.title == unforeseen }
        #expect(nameless == [.internalError])
    }

    @Test("the ErrorCodes page lists the registry")
    func page() throws {
        try expectRows(
            of: "ErrorCodes.md",
            ErrorCode.allCases.map { code in
                let described = code.description
                let again = described.retryAfterMilliseconds.map { "after \($0) ms" } ?? "no"
                return "| `\(code.rawValue)` | \(described.status) | \(again) | \(described.title) "
                    + "| \(described.fix) |"
            })
    }

    @Test("the Findings page lists the rules of the inspection, and each has a remedy")
    func findings() throws {
        try expectRows(
            of: "Findings.md",
            FindingCode.allCases.map { "| `\($0.rawValue)` | \($0.summary) | \($0.fix) |" })
        #expect(FindingCode.allCases.allSatisfy { $0.fix.hasSuffix(".") })
    }

    private func expectRows(of name: String, _ table: [String]) throws {
        let page = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Sources/VaultFormat/VaultFormat.docc/\(name)")
        let text = try String(contentsOf: page, encoding: .utf8)
        let rows = text.split(separator: "\n").filter { $0.hasPrefix("| `") }.map(String.init)
        if rows != table {
            print("Paste this into \(name):\n" + table.joined(separator: "\n"))
        }
        #expect(rows == table, "The rows to paste are printed above.")
    }
}
