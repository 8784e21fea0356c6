package import VaultFormat

/// A key as it lies in the catalog.
package struct WrappedKey: Hashable, Sendable {
    package let epoch: EpochNumber
    /// Nonce, ciphertext and tag; see ``WrapContext``.
    package let bytes: [UInt8]

    package init(epoch: EpochNumber, bytes: [UInt8]) {
        self.epoch = epoch
        self.bytes = bytes
    }
}

/// One stored image: its address, its blob, and what the inspection found.
package struct ImageRow: Hashable, Sendable {
    /// The catalog's number; zero before it is inserted.
    package var row: Int64
    package let namespace: NamespaceName
    package let image: ImageID
    package var blob: BlobID
    package let type: ImageType
    package let width: Int
    package let height: Int
    package let storedBytes: Int
    package var verdict: Verdict
    package let createdMicroseconds: Int64
    /// Since when it is quarantined: unreadable to everyone. Nil for one that may be read.
    package var quarantinedMicroseconds: Int64?
    package var key: WrappedKey
    /// The log index of the row's last change.
    package var changedAt: UInt64
    package var mac: RowMAC

    package init(
        row: Int64, namespace: NamespaceName, image: ImageID, blob: BlobID, type: ImageType,
        width: Int, height: Int, storedBytes: Int, verdict: Verdict, createdMicroseconds: Int64,
        quarantinedMicroseconds: Int64? = nil, key: WrappedKey, changedAt: UInt64, mac: RowMAC
    ) {
        self.row = row
        self.namespace = namespace
        self.image = image
        self.blob = blob
        self.type = type
        self.width = width
        self.height = height
        self.storedBytes = storedBytes
        self.verdict = verdict
        self.createdMicroseconds = createdMicroseconds
        self.quarantinedMicroseconds = quarantinedMicroseconds
        self.key = key
        self.changedAt = changedAt
        self.mac = mac
    }
}

/// How a claim stands in the catalog.
package struct ClaimIndex: Hashable, Sendable {
    package let owner: BlindIndex?
    package let job: BlindIndex?

    package init(owner: BlindIndex?, job: BlindIndex?) {
        self.owner = owner
        self.job = job
    }

    /// What finds the events about such a claim.
    package var lookups: [BlindIndex] { [owner, job].compactMap { $0 } }
}

/// One claim on an image, its words sealed.
package struct ReferenceRow: Hashable, Sendable {
    /// The catalog's number; zero before it is inserted.
    package var row: Int64
    /// The catalog's number of the image; zero before that is inserted.
    package var imageRow: Int64
    package let reference: ReferenceID
    package let claim: ClaimIndex
    /// A sealed ``ReferenceBody``.
    package var sealedBody: [UInt8]
    /// Until when it is kept, unless somebody deletes it before.
    package var retention: Retention
    package var key: WrappedKey
    package var changedAt: UInt64
    package var mac: RowMAC

    package init(
        row: Int64, imageRow: Int64, reference: ReferenceID, claim: ClaimIndex,
        sealedBody: [UInt8], retention: Retention = .forever, key: WrappedKey, changedAt: UInt64,
        mac: RowMAC
    ) {
        self.row = row
        self.imageRow = imageRow
        self.reference = reference
        self.claim = claim
        self.sealedBody = sealedBody
        self.retention = retention
        self.key = key
        self.changedAt = changedAt
        self.mac = mac
    }
}

/// One event as the catalog keeps it.
package struct EventRow: Hashable, Sendable {
    package enum Content: Hashable, Sendable {
        /// Salt and body under the event-body key.
        case sealed([UInt8])
        /// Salt and body as they are: written while the vault was sealed.
        case clear([UInt8])
        /// Both are gone; what the tree holds stays.
        case erased
    }

    package let index: UInt64
    package let atMicroseconds: Int64
    package let action: EventAction
    package let outcome: EventOutcome
    package let image: ImageID?
    /// SHA-256 of salt and body: what the tree holds.
    package let digest: Digest256
    package let content: Content

    package init(
        index: UInt64, atMicroseconds: Int64, action: EventAction, outcome: EventOutcome,
        image: ImageID?, digest: Digest256, content: Content
    ) {
        self.index = index
        self.atMicroseconds = atMicroseconds
        self.action = action
        self.outcome = outcome
        self.image = image
        self.digest = digest
        self.content = content
    }
}

/// What a pseudonym of the log stands for, sealed. LogFormat §6.
package struct PseudonymRow: Hashable, Sendable {
    package let pseudonym: Pseudonym
    package let kind: Pseudonym.Kind
    package let index: BlindIndex
    package let sealedName: [UInt8]

    package init(
        pseudonym: Pseudonym, kind: Pseudonym.Kind, index: BlindIndex, sealedName: [UInt8]
    ) {
        self.pseudonym = pseudonym
        self.kind = kind
        self.index = index
        self.sealedName = sealedName
    }
}
