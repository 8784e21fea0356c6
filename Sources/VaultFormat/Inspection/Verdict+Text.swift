extension Verdict {
    /// The findings as catalog and log keep them: `code` or `code@offset`, separated by spaces.
    package var findingsText: String { Self.text(of: findings) }

    package static func text(of findings: [Finding]) -> String {
        findings.map { finding in
            finding.offset.map { "\(finding.code.rawValue)@\($0)" } ?? finding.code.rawValue
        }.joined(separator: " ")
    }

    /// - Throws: ``FormatError`` for a code that is not known, an offset that is no number, and any
    ///   other spelling than ``findingsText``.
    package static func findings(text: String) throws(FormatError) -> [Finding] {
        var findings: [Finding] = []
        for word in text.split(separator: " ") {
            let parts = word.split(separator: "@", omittingEmptySubsequences: false)
            guard (1...2).contains(parts.count), let code = FindingCode(rawValue: String(parts[0]))
            else { throw .unknownValue(field: "finding") }
            let offset = parts.count == 2 ? UInt64(parts[1]) : nil
            guard parts.count == 1 || offset != nil else { throw .outOfRange(field: "finding") }
            findings.append(Finding(code: code, offset: offset))
        }
        guard Self.text(of: findings) == text else { throw .notCanonical(field: "findings") }
        return findings
    }
}
