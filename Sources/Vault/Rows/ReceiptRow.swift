// What an erasure took, so that its receipt can be told at any time: how far it is follows from what became of
// the store, the keys and their copies since.

package import VaultFormat

package struct ReceiptRow: AuthenticatedRow, Hashable, Sendable {
    /// The catalog's number; zero before it is inserted.
    package var row: Int64
    package let receipt: ReceiptID
    package let kind: ErasureKind
    /// Nil for all.
    package let namespace: NamespaceName?
    /// Of a single one.
    package let image: ImageID?
    /// What erases, where it is background work.
    package let operation: OperationID?
    package let askedMicroseconds: Int64
    package var claims: Int
    package var images: Int
    package var storedBytes: Int
    /// Claims that the operation did not take, from its end on; nil while it runs.
    package var left: Int?
    /// The epoch that was primary when the last of it went: none of it was wrapped under a later one. Nil while
    /// nothing went.
    package var epoch: EpochNumber?
    /// The log index of the last event that took something; nil while nothing went.
    package var event: UInt64?
    /// The log index of the row's last change.
    package var changedAt: UInt64
    package var mac: RowMAC

    package init(
        row: Int64 = 0, receipt: ReceiptID, kind: ErasureKind, namespace: NamespaceName?,
        image: ImageID? = nil, operation: OperationID? = nil, askedMicroseconds: Int64,
        claims: Int = 0, images: Int = 0, storedBytes: Int = 0, left: Int?,
        epoch: EpochNumber? = nil, event: UInt64? = nil, changedAt: UInt64 = 0,
        mac: RowMAC = RowMAC(checked: [])
    ) {
        self.row = row
        self.receipt = receipt
        self.kind = kind
        self.namespace = namespace
        self.image = image
        self.operation = operation
        self.askedMicroseconds = askedMicroseconds
        self.claims = claims
        self.images = images
        self.storedBytes = storedBytes
        self.left = left
        self.epoch = epoch
        self.event = event
        self.changedAt = changedAt
        self.mac = mac
    }

    package var authenticated: [UInt8] {
        var writer = ByteWriter(reserving: 192)
        writer.appendShort(Array("receipt".utf8))
        writer.append(receipt.bytes)
        writer.append(kind.rawValue)
        writer.appendShort(namespace?.bytes ?? [])
        writer.appendShort(image?.bytes ?? [])
        writer.appendShort(operation?.bytes ?? [])
        writer.append(UInt64(bitPattern: askedMicroseconds))
        writer.append(UInt64(clamping: claims))
        writer.append(UInt64(clamping: images))
        writer.append(UInt64(clamping: storedBytes))
        // One that runs has the highest number.
        writer.append(left.map { UInt64(clamping: $0) } ?? .max)
        writer.append(epoch?.value ?? 0)
        // No event has the highest number.
        writer.append(event ?? .max)
        writer.append(changedAt)
        return writer.bytes
    }
}

extension ReceiptRow {
    /// Counts a claim, and with the last one its image, that goes with the event at `index`.
    ///
    /// - Parameter primary: the primary epoch. A wrap is made under the primary one only, so that none of what
    ///   goes is under a later one; what its own column says can be written without any key.
    mutating func takeClaim(with image: ImageRow?, under primary: EpochNumber, at index: UInt64) {
        claims += 1
        if let image { take(image) }
        note(primary, index)
    }

    /// Counts an image that nobody claims.
    mutating func takeImage(_ image: ImageRow, under primary: EpochNumber, at index: UInt64) {
        take(image)
        note(primary, index)
    }

    private mutating func take(_ image: ImageRow) {
        images += 1
        storedBytes += image.storedBytes
    }

    private mutating func note(_ primary: EpochNumber, _ index: UInt64) {
        epoch = max(epoch ?? primary, primary)
        event = index
    }
}

/// Up to which event everything that was erased is gone from the live store too.
package struct PurgeRow: AuthenticatedRow, Hashable, Sendable {
    /// The log index of the first event that is not covered.
    package let through: UInt64
    package let atMicroseconds: Int64
    package var changedAt: UInt64
    package var mac: RowMAC

    package init(
        through: UInt64, atMicroseconds: Int64, changedAt: UInt64 = 0,
        mac: RowMAC = RowMAC(checked: [])
    ) {
        self.through = through
        self.atMicroseconds = atMicroseconds
        self.changedAt = changedAt
        self.mac = mac
    }

    package var authenticated: [UInt8] {
        var writer = ByteWriter(reserving: 64)
        writer.appendShort(Array("purge".utf8))
        writer.append(through)
        writer.append(UInt64(bitPattern: atMicroseconds))
        writer.append(changedAt)
        return writer.bytes
    }
}
