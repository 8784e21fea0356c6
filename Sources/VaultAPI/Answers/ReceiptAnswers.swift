// What the vault says of an erasure: what went, how far that is, what it waits for, and what stays.

package import VaultFormat

package struct ReceiptAnswer: Codable, Hashable, Sendable {
    package var id: ReceiptID
    /// What was erased: `claim`, `image`, `claims`, `retention` or `quarantine`.
    package var erased: String
    /// Null for all.
    @Nullable package var namespace: NamespaceName?
    /// Of a single one.
    @Nullable package var image: ImageID?
    /// What erased, where it was background work.
    @Nullable package var operation: OperationID?
    package var asked: UTCTime
    package var claims: UInt64
    package var images: UInt64
    package var bytes: UInt64
    /// Claims that the operation did not take; null while it runs.
    @Nullable package var left: UInt64?
    /// The last event that took something; null where nothing was found to erase.
    @Nullable package var event: UInt64?
    /// The one that was primary when the last of it went.
    @Nullable package var epoch: UInt32?
    /// When all this held.
    package var at: UTCTime
    package var level: UInt8
    package var waits: [ReceiptWait]
    package var attested: [ReceiptAttestation]
    package var remains: [String]
    package var excludes: [String]
    /// The same, signed with the log's key; null in a list.
    @Nullable package var note: String?

    /// - Throws: ``FormatError`` for times that are none.
    package init(_ receipt: ErasureReceipt, note: String?) throws {
        id = receipt.receipt
        erased = receipt.kind.name
        namespace = receipt.namespace
        image = receipt.image
        operation = receipt.operation
        asked = try UTCTime(wireText: receipt.asked)
        claims = receipt.claims
        images = receipt.images
        bytes = receipt.bytes
        left = receipt.left
        event = receipt.event
        epoch = receipt.epoch?.value
        at = try UTCTime(wireText: receipt.at)
        level = receipt.level.rawValue
        waits = try receipt.waits.map { try ReceiptWait($0) }
        attested = try receipt.attestations.map { try ReceiptAttestation($0) }
        remains = ErasureReceipt.remains
        excludes = ErasureReceipt.excludes
        self.note = note
    }
}

/// One thing that a receipt waits for. What does not belong to it is null.
package struct ReceiptWait: Codable, Hashable, Sendable {
    /// `operation`, `purge`, `epoch`, `backup` or `escrow`.
    package var kind: String
    /// The level that is not reached while it lasts.
    package var level: UInt8
    @Nullable package var epoch: UInt32?
    @Nullable package var backup: BackupID?
    /// When the backup is not needed any more; null for never.
    @Nullable package var expires: UTCTime?
    @Nullable package var escrow: EscrowID?

    package init(_ wait: ErasureWait) throws {
        kind = wait.name
        level = wait.level.rawValue
        (epoch, backup, expires, escrow) = (nil, nil, nil, nil)
        switch wait {
        case .operation, .purge: break
        case .epoch(let number): epoch = number.value
        case .backup(let id, let end):
            backup = id
            expires = try end.map { try UTCTime(wireText: $0) }
        case .escrow(let id): escrow = id
        }
    }

    /// Nil for what only a newer vault waits for.
    package var wait: ErasureWait? {
        switch (kind, epoch, backup, escrow) {
        case ("operation", _, _, _): .operation
        case ("purge", _, _, _): .purge
        case ("epoch", let number?, _, _): (try? EpochNumber(number)).map { .epoch($0) }
        case ("backup", _, let id?, _): .backup(id, expires: expires?.wireText)
        case ("escrow", _, _, let id?): .escrow(id)
        default: nil
        }
    }

    private enum CodingKeys: String, CodingKey {
        case kind = "for"
        case level, epoch, backup, expires, escrow
    }
}

/// Who said that a registered copy of a keyring is destroyed, and when.
package struct ReceiptAttestation: Codable, Hashable, Sendable {
    package var escrow: EscrowID
    package var uid: UInt32
    package var at: UTCTime

    package init(_ attestation: ErasureReceipt.Attestation) throws {
        escrow = attestation.escrow
        uid = attestation.uid
        at = try UTCTime(wireText: attestation.at)
    }
}

/// Receipts, newest first.
package struct ReceiptListAnswer: Codable, Hashable, Sendable {
    package var receipts: [ReceiptAnswer]
    /// To be sent as `after`; nil on the last page.
    @Nullable package var next: PageCursor?

    package init(receipts: [ReceiptAnswer], next: PageCursor?) {
        self.receipts = receipts
        self.next = next
    }
}

/// `DELETE /v1/images?…`: the work, and the receipt that it fills.
package struct ErasureAnswer: Codable, Hashable, Sendable {
    package var operation: OperationAnswer
    package var receipt: ReceiptID

    package init(operation: OperationAnswer, receipt: ReceiptID) {
        self.operation = operation
        self.receipt = receipt
    }
}
