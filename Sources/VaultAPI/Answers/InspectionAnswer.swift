// What `POST /v1/inspect` says of an upload: whether it would be stored, and if not, why and what to do.

package import VaultFormat

package struct InspectionAnswer: Codable, Hashable, Sendable {
    package var accepted: Bool
    /// The rule that refuses it; nil when it is accepted.
    @Nullable package var finding: FindingAnswer?
    /// The rule in words.
    @Nullable package var meaning: String?
    /// What to do about it.
    @Nullable package var fix: String?
    /// What its first bytes say that it is; nil when they say nothing.
    @Nullable package var type: ImageType?
    /// Pixels; nil when it is refused.
    @Nullable package var width: Int?
    /// Pixels; nil when it is refused.
    @Nullable package var height: Int?
    package var received: ContentSummary
    /// How many bytes would be stored; nil when it is refused.
    @Nullable package var storedBytes: Int?
    /// What would be changed before storing.
    package var transformed: [String]
    package var verdict: VerdictAnswer

    /// Of a refused upload, the verdict's finding is the one that refuses it.
    package init(
        received: ContentSummary, type: ImageType?, width: Int?, height: Int?, storedBytes: Int?,
        transformed: [String], verdict: Verdict, accepted: Bool
    ) {
        let refusal = accepted ? nil : verdict.findings.first
        self.accepted = accepted
        finding = refusal.map { FindingAnswer($0) }
        meaning = refusal?.code.summary
        fix = refusal?.code.fix
        self.type = type
        self.width = width
        self.height = height
        self.received = received
        self.storedBytes = storedBytes
        self.transformed = transformed
        self.verdict = VerdictAnswer(verdict)
    }

    private enum CodingKeys: String, CodingKey {
        case accepted, finding, meaning, fix, type, width, height, received
        case storedBytes = "stored_bytes"
        case transformed, verdict
    }
}
