// What a doctor came to, and what somebody gave his word on.

package import VaultFormat

package struct DoctorAnswer: Codable, Hashable, Sendable {
    package struct Check: Codable, Hashable, Sendable {
        package var id: String
        package var verdict: String
        /// What was seen, a line each.
        package var evidence: [String]
        /// What to do; null where all is well.
        @Nullable package var fix: String?
        /// Whether it takes somebody's word.
        package var attested: Bool

        package init(_ item: DoctorItem, _ verdict: DoctorVerdict, evidence: [String], fix: String)
        {
            id = item.rawValue
            self.verdict = verdict.rawValue
            self.evidence = evidence
            self.fix = fix.isEmpty ? nil : fix
            attested = item.isAttested
        }
    }

    /// How many came to what.
    package struct Counts: Codable, Hashable, Sendable {
        package var ok: Int
        package var unknown: Int
        package var warning: Int
        package var failure: Int
    }

    package var at: UTCTime
    package var checks: [Check]
    package var counts: Counts

    package init(atMicroseconds: Int64, checks: [Check]) {
        at = UTCTime(microseconds: atMicroseconds)
        self.checks = checks
        func count(_ verdict: DoctorVerdict) -> Int {
            checks.count { $0.verdict == verdict.rawValue }
        }
        counts = Counts(
            ok: count(.ok), unknown: count(.unknown), warning: count(.warning),
            failure: count(.failure))
    }
}

package struct AttestationAnswer: Codable, Hashable, Sendable {
    package var item: String
    /// SHA-256 of the evidence, and how long it is.
    package var evidence: Digest256
    package var bytes: Int
    /// Who gave his word, when, and until when it counts.
    package var uid: UInt32
    package var at: UTCTime
    package var expires: UTCTime

    package init(
        item: DoctorItem, evidence: Digest256, bytes: Int, uid: UInt32, atMicroseconds: Int64,
        expiresMicroseconds: Int64
    ) {
        self.item = item.rawValue
        self.evidence = evidence
        self.bytes = bytes
        self.uid = uid
        at = UTCTime(microseconds: atMicroseconds)
        expires = UTCTime(microseconds: expiresMicroseconds)
    }
}
