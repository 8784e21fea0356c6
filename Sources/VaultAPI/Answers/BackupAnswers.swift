// What the vault says of registered backups, and of an epoch that goes.

package import VaultFormat

package struct BackupAnswer: Codable, Hashable, Sendable {
    package var id: BackupID
    package var state: String
    /// When it was registered.
    package var created: UTCTime
    /// From when on it is not needed any more; null for never.
    @Nullable package var expires: UTCTime?
    /// Who registered it.
    package var creator: UInt32
    /// The epochs without which it cannot be read.
    package var epochs: [UInt32]
    package var note: String

    package init(
        id: BackupID, state: BackupState, createdMicroseconds: Int64, expiresMicroseconds: Int64?,
        creator: UInt32, epochs: [EpochNumber], note: AdminNote
    ) {
        self.id = id
        self.state = state.name
        created = UTCTime(microseconds: createdMicroseconds)
        expires = expiresMicroseconds.map { UTCTime(microseconds: $0) }
        self.creator = creator
        self.epochs = epochs.map(\.value)
        self.note = note.text
    }
}

package struct BackupListAnswer: Codable, Hashable, Sendable {
    package var backups: [BackupAnswer]
    /// To be sent as `after`; nil on the last page.
    @Nullable package var next: PageCursor?

    package init(backups: [BackupAnswer], next: PageCursor?) {
        self.backups = backups
        self.next = next
    }
}

/// The destruction of an epoch that one asks for and another approves.
package struct DestructionApproval: Codable, Hashable, Sendable {
    package var id: ApprovalID
    package var epoch: UInt32
    /// Backups that are given up with it.
    package var strand: [BackupID]
    /// What an approver sends: the digest of this request and no other.
    package var digest: Digest256
    package var state: String
    package var requester: UInt32
    @Nullable package var approver: UInt32?
    package var created: UTCTime
    /// The last moment at which it can be approved.
    package var expires: UTCTime

    package init(
        id: ApprovalID, destruction: EpochDestruction, digest: Digest256, state: ApprovalState,
        requester: UInt32, approver: UInt32?, createdMicroseconds: Int64,
        expiresMicroseconds: Int64
    ) {
        self.id = id
        epoch = destruction.epoch.value
        strand = destruction.stranded
        self.digest = digest
        self.state = state.name
        self.requester = requester
        self.approver = approver
        created = UTCTime(microseconds: createdMicroseconds)
        expires = UTCTime(microseconds: expiresMicroseconds)
    }
}

package struct DestructionListAnswer: Codable, Hashable, Sendable {
    package var destructions: [DestructionApproval]
    /// To be sent as `after`; nil on the last page.
    @Nullable package var next: PageCursor?

    package init(destructions: [DestructionApproval], next: PageCursor?) {
        self.destructions = destructions
        self.next = next
    }
}

/// `POST /v1/keys/epochs/{epoch}/destroy`: done, or waiting for somebody else.
package struct DestructionAnswer: Codable, Hashable, Sendable {
    package var epoch: UInt32
    /// Of the keyring without the epoch's key; null while it waits.
    @Nullable package var generation: UInt64?
    /// What somebody else has to approve; null where it is done.
    @Nullable package var approval: DestructionApproval?

    package init(epoch: EpochNumber, generation: UInt64?, approval: DestructionApproval?) {
        self.epoch = epoch.value
        self.generation = generation
        self.approval = approval
    }
}
