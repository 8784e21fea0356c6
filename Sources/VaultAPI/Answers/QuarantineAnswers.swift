// What the vault says about images that nobody may read, and about what waits for approval.

package import VaultFormat

/// A quarantined image: enough to decide about it, and nothing of what is in it.
package struct QuarantinedImage: Codable, Hashable, Sendable {
    package var image: ImageID
    package var namespace: NamespaceName
    package var type: ImageType
    /// Bytes of the stored image.
    package var bytes: Int
    /// When it was stored.
    package var created: UTCTime
    /// Since when it is quarantined.
    package var quarantined: UTCTime
    package var verdict: VerdictAnswer

    package init(
        image: ImageID, namespace: NamespaceName, type: ImageType, bytes: Int,
        createdMicroseconds: Int64, quarantinedMicroseconds: Int64, verdict: VerdictAnswer
    ) {
        self.image = image
        self.namespace = namespace
        self.type = type
        self.bytes = bytes
        created = UTCTime(microseconds: createdMicroseconds)
        quarantined = UTCTime(microseconds: quarantinedMicroseconds)
        self.verdict = verdict
    }
}

package struct QuarantineAnswer: Codable, Hashable, Sendable {
    package var images: [QuarantinedImage]
    /// To be sent as `after`; nil on the last page.
    @Nullable package var next: PageCursor?

    package init(images: [QuarantinedImage], next: PageCursor?) {
        self.images = images
        self.next = next
    }
}

/// A request that one asks for and another approves: about an image, or one that is sent again then.
package struct ApprovalAnswer: Codable, Hashable, Sendable {
    package var id: ApprovalID
    /// `release` or `erase` of an image, or the verb of a request.
    package var action: String
    @Nullable package var image: ImageID?
    @Nullable package var namespace: NamespaceName?
    /// What it is about, where that is no image.
    @Nullable package var words: String?
    /// What an approver sends: the digest of this request and no other.
    package var digest: Digest256
    package var state: String
    package var requester: UInt32
    @Nullable package var approver: UInt32?
    package var created: UTCTime
    /// The last moment at which it can be approved, or used.
    package var expires: UTCTime
    /// Of the erasure that its approval was; null otherwise.
    @Nullable package var receipt: ReceiptID?

    package init(
        id: ApprovalID, action: String, image: ImageID?, namespace: NamespaceName?,
        words: String?, digest: Digest256, state: ApprovalState, requester: UInt32,
        approver: UInt32?, createdMicroseconds: Int64, expiresMicroseconds: Int64,
        receipt: ReceiptID? = nil
    ) {
        self.id = id
        self.action = action
        self.image = image
        self.namespace = namespace
        self.words = words
        self.digest = digest
        self.state = state.name
        self.requester = requester
        self.approver = approver
        created = UTCTime(microseconds: createdMicroseconds)
        expires = UTCTime(microseconds: expiresMicroseconds)
        self.receipt = receipt
    }
}

package struct ApprovalListAnswer: Codable, Hashable, Sendable {
    package var approvals: [ApprovalAnswer]
    /// To be sent as `after`; nil on the last page.
    @Nullable package var next: PageCursor?

    package init(approvals: [ApprovalAnswer], next: PageCursor?) {
        self.approvals = approvals
        self.next = next
    }
}
