// What the vault says of copies of its keyring, of holds, and of how long an image is kept.

package import VaultFormat

package struct EscrowAnswer: Codable, Hashable, Sendable {
    /// Who said that it is destroyed, and when.
    package struct Attestation: Codable, Hashable, Sendable {
        package var uid: UInt32
        package var at: UTCTime

        package init(uid: UInt32, atMicroseconds: Int64) {
            self.uid = uid
            at = UTCTime(microseconds: atMicroseconds)
        }
    }

    package var id: EscrowID
    /// When it was registered, and by whom.
    package var created: UTCTime
    package var creator: UInt32
    /// The epochs that it opens, together with the secret of a slot.
    package var epochs: [UInt32]
    package var note: String
    /// Null while it is there.
    @Nullable package var destroyed: Attestation?

    package init(
        id: EscrowID, createdMicroseconds: Int64, creator: UInt32, epochs: [EpochNumber],
        note: AdminNote, destroyed: Attestation?
    ) {
        self.id = id
        created = UTCTime(microseconds: createdMicroseconds)
        self.creator = creator
        self.epochs = epochs.map(\.value)
        self.note = note.text
        self.destroyed = destroyed
    }
}

package struct EscrowListAnswer: Codable, Hashable, Sendable {
    package var escrows: [EscrowAnswer]
    /// To be sent as `after`; nil on the last page.
    @Nullable package var next: PageCursor?

    package init(escrows: [EscrowAnswer], next: PageCursor?) {
        self.escrows = escrows
        self.next = next
    }
}

package struct HoldAnswer: Codable, Hashable, Sendable {
    package var id: HoldID
    /// What it is on: `image`, `owner`, `job` or `backup`. Which owner or job, the vault cannot say: it keeps
    /// no readable word of them.
    package var kind: String
    /// Null for a backup.
    @Nullable package var namespace: NamespaceName?
    @Nullable package var image: ImageID?
    @Nullable package var backup: BackupID?
    package var created: UTCTime
    package var creator: UInt32
    package var note: String

    package init(
        id: HoldID, kind: HoldKind, namespace: NamespaceName?, image: ImageID?,
        backup: BackupID?, createdMicroseconds: Int64, creator: UInt32, note: AdminNote
    ) {
        self.id = id
        self.kind = kind.name
        self.namespace = namespace
        self.image = image
        self.backup = backup
        created = UTCTime(microseconds: createdMicroseconds)
        self.creator = creator
        self.note = note.text
    }
}

package struct HoldListAnswer: Codable, Hashable, Sendable {
    package var holds: [HoldAnswer]
    /// To be sent as `after`; nil on the last page.
    @Nullable package var next: PageCursor?

    package init(holds: [HoldAnswer], next: PageCursor?) {
        self.holds = holds
        self.next = next
    }
}

/// Until when the claims on an image are kept.
package struct RetentionAnswer: Codable, Hashable, Sendable {
    package var image: ImageID
    package var namespace: NamespaceName
    /// Of each claim, oldest first; null for ever.
    package var claims: [UTCTime?]
    /// Whether it may only be made longer.
    package var extendOnly: Bool

    package init(
        image: ImageID, namespace: NamespaceName, claims: [Retention], isExtendOnly: Bool
    ) {
        self.image = image
        self.namespace = namespace
        self.claims = claims.map { claim in
            switch claim {
            case .until(let microseconds): UTCTime(microseconds: microseconds)
            case .forever: nil
            }
        }
        extendOnly = isExtendOnly
    }

    private enum CodingKeys: String, CodingKey {
        case image, namespace, claims
        case extendOnly = "extend_only"
    }
}
