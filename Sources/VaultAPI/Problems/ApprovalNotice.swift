package import VaultFormat

/// What somebody else has to approve before a request is carried out.
package struct ApprovalNotice: Codable, Hashable, Sendable {
    package var id: ApprovalID
    /// What its approver sends.
    package var digest: Digest256
    package var words: String
    /// The last moment at which it can be approved, and the request sent again.
    package var expires: UTCTime

    package init(
        id: ApprovalID, digest: Digest256, words: String, expiresMicroseconds: Int64
    ) {
        self.id = id
        self.digest = digest
        self.words = words
        expires = UTCTime(microseconds: expiresMicroseconds)
    }
}
