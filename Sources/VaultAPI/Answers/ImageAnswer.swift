// What the vault says about an image: the answer to an upload, to /metadata, and one row of a list.

package import VaultFormat

package struct ImageAnswer: Codable, Hashable, Sendable {
    package var id: ImageID
    package var type: ImageType
    /// Pixels.
    package var width: Int
    package var height: Int
    /// The bytes as they came.
    package var received: ContentSummary
    /// The bytes as they are given back: the same, unless ``transformed`` says what was done.
    package var stored: ContentSummary
    /// What was changed, in stable words such as `trailer-truncated`; commonly nothing.
    package var transformed: [String]
    /// The name reduced to `[A-Za-z0-9._-]`, with the extension of the true type.
    package var safeName: String
    package var name: FileName
    @Nullable package var job: JobID?
    @Nullable package var owner: OwnerID?
    /// When this claim was made.
    package var created: UTCTime
    package var verdict: VerdictAnswer
    /// Whether nobody may read it now.
    package var quarantined: Bool

    package init(
        id: ImageID, type: ImageType, width: Int, height: Int, received: ContentSummary,
        stored: ContentSummary, transformed: [String], name: FileName, claim: Claim,
        createdMicroseconds: Int64, verdict: VerdictAnswer, quarantined: Bool = false
    ) {
        self.id = id
        self.type = type
        self.width = width
        self.height = height
        self.received = received
        self.stored = stored
        self.transformed = transformed
        self.safeName = name.safeName(fileExtension: type.fileExtension)
        self.name = name
        self.job = claim.job
        self.owner = claim.owner
        self.created = UTCTime(microseconds: createdMicroseconds)
        self.verdict = verdict
        self.quarantined = quarantined
    }

    private enum CodingKeys: String, CodingKey {
        case id, type, width, height, received, stored, transformed
        case safeName = "safe_name"
        case name, job, owner, created, verdict, quarantined
    }
}

/// How many bytes, and their SHA-256.
package struct ContentSummary: Codable, Hashable, Sendable {
    package var bytes: Int
    package var sha256: Digest256

    package init(bytes: Int, sha256: Digest256) {
        self.bytes = bytes
        self.sha256 = sha256
    }
}

/// A verdict in the words of the wire. They stay text here: a newer vault may know more of them.
package struct VerdictAnswer: Codable, Hashable, Sendable {
    package var level: String
    package var inspector: UInt32
    package var findings: [FindingAnswer]
    package var flags: [String]

    package init(level: String, inspector: UInt32, findings: [FindingAnswer], flags: [String]) {
        self.level = level
        self.inspector = inspector
        self.findings = findings
        self.flags = flags
    }

    package init(_ verdict: Verdict) {
        level = verdict.level.name
        inspector = verdict.inspectorVersion
        findings = verdict.findings.map(FindingAnswer.init)
        flags = verdict.flags.names
    }
}

/// A rule that an upload broke, and where.
package struct FindingAnswer: Codable, Hashable, Sendable {
    package var code: String
    /// Bytes from the start of the upload; nil when the rule is not about a place in it.
    @Nullable package var offset: UInt64?

    package init(code: String, offset: UInt64?) {
        self.code = code
        self.offset = offset
    }

    package init(_ finding: Finding) {
        code = finding.code.rawValue
        offset = finding.offset
    }
}

/// One page of a listing, and where the next one begins.
package struct ImagePage: Codable, Hashable, Sendable {
    package var images: [ImageAnswer]
    /// To be sent as `after`; nil on the last page.
    @Nullable package var next: PageCursor?

    package init(images: [ImageAnswer], next: PageCursor?) {
        self.images = images
        self.next = next
    }
}

/// What is left of an image after a claim on it was dropped.
package struct DeleteAnswer: Codable, Hashable, Sendable {
    package var id: ImageID
    package var dropped: Bool
    package var remainingClaims: Int
    /// Whether this was the last claim, so that the image's keys and bytes are gone.
    package var erased: Bool
    /// Says how far that is, at any later time.
    package var receipt: ReceiptID

    package init(id: ImageID, remainingClaims: Int, erased: Bool, receipt: ReceiptID) {
        self.id = id
        self.dropped = true
        self.remainingClaims = remainingClaims
        self.erased = erased
        self.receipt = receipt
    }

    private enum CodingKeys: String, CodingKey {
        case id, dropped
        case remainingClaims = "remaining_claims"
        case erased, receipt
    }
}
