// Rows that decide carry an authenticator over table, identity, content and the log index of their last
// change, so that a flipped, swapped or edited row is refused when it is read. ObjectFormat §8.

package import VaultCrypto
package import VaultFormat

/// A row that decides by itself: what it is authenticated over is all its own.
package protocol AuthenticatedRow: Sendable {
    /// Table, identity, content, and the log index of the last change.
    var authenticated: [UInt8] { get }
    /// The log index of the row's last change.
    var changedAt: UInt64 { get set }
    var mac: RowMAC { get set }
}

extension AuthenticatedRow {
    /// The same row, changed by the event at `index`.
    package func authenticated(by keyring: Keyring, at index: UInt64) -> Self {
        var row = self
        row.changedAt = index
        row.mac = keyring.rowMAC(row.authenticated)
        return row
    }

    /// - Throws: ``VaultError`` `row-damaged`.
    package func verify(with keyring: Keyring) throws(VaultError) {
        guard keyring.verify(mac, of: authenticated) else { throw VaultError(.rowDamaged) }
    }
}

extension ImageRow: AuthenticatedRow {
    /// Table, namespace, image, and everything the row says but its wrap, which binds itself.
    package var authenticated: [UInt8] {
        var writer = ByteWriter(reserving: 192)
        writer.appendShort(Array("image".utf8))
        writer.appendShort(namespace.bytes)
        writer.append(image.bytes)
        writer.append(blob.bytes)
        writer.append(type.rawValue)
        writer.append(UInt32(clamping: width))
        writer.append(UInt32(clamping: height))
        writer.append(UInt64(clamping: storedBytes))
        writer.append(verdict.level.rawValue)
        writer.append(verdict.inspectorVersion)
        writer.append(verdict.flags.rawValue)
        writer.append(LogHash.digest(Array(verdict.findingsText.utf8)).bytes)
        writer.append(UInt64(bitPattern: createdMicroseconds))
        writer.append(changedAt)
        // Nothing for an image that may be read: rows from before there was a quarantine stay true.
        if let quarantinedMicroseconds {
            writer.append(UInt64(bitPattern: quarantinedMicroseconds))
        }
        return writer.bytes
    }
}

extension ImageRow {
    /// - Throws: ``VaultError`` `quarantined`.
    func requireReadable() throws(VaultError) {
        guard quarantinedMicroseconds == nil else { throw VaultError(.quarantined) }
    }
}

extension ReferenceRow {
    func authenticated(of image: ImageRow) -> [UInt8] {
        var writer = ByteWriter(reserving: 192)
        writer.appendShort(Array("reference".utf8))
        writer.appendShort(image.namespace.bytes)
        writer.append(image.image.bytes)
        writer.append(reference.bytes)
        writer.appendShort(claim.owner?.bytes ?? [])
        writer.appendShort(claim.job?.bytes ?? [])
        writer.append(LogHash.digest(sealedBody).bytes)
        writer.append(changedAt)
        // Nothing for a claim that is kept for ever: rows from before there was an end stay true.
        if case .until(let microseconds) = retention {
            writer.append(UInt64(bitPattern: microseconds))
        }
        return writer.bytes
    }

    /// The same row of `image`, changed by the event at `index`.
    package func authenticated(
        of image: ImageRow, by keyring: Keyring, at index: UInt64
    ) -> ReferenceRow {
        var row = self
        row.changedAt = index
        row.mac = keyring.rowMAC(row.authenticated(of: image))
        return row
    }

    /// - Throws: ``VaultError`` `row-damaged`.
    package func verify(of image: ImageRow, with keyring: Keyring) throws(VaultError) {
        guard keyring.verify(mac, of: authenticated(of: image)) else {
            throw VaultError(.rowDamaged)
        }
    }
}
