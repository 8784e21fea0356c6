// Blobs of a backup, handed out as they lie on the disk: sealed. BackupFormat §4.

import Foundation
import VaultCrypto
import VaultFormat

package struct BlobCopies: OutgoingStream {
    package static let name = "blobs of a backup"
    private let blobs: [BlobID]
    private var place = 0
    private var open: (reader: any BlobReader, offset: Int)?
    private var hasEnded = false

    init(_ blobs: [BlobID]) { self.blobs = blobs }

    /// Small blobs come together.
    package mutating func next(of vault: Vault) async throws(VaultError) -> [UInt8]? {
        var bytes: [UInt8] = []
        do throws(StorageError) {
            while bytes.count < Limits.backupReadBytes, try append(to: &bytes, vault.blobs) {}
        } catch {
            throw VaultError(error.code(for: .blob))
        }
        if bytes.isEmpty, !hasEnded {
            hasEnded = true
            return BackupRecord.end.encoded
        }
        return bytes.isEmpty ? nil : bytes
    }

    /// - Returns: false where nothing is left.
    private mutating func append(
        to bytes: inout [UInt8], _ store: any BlobStore
    ) throws(StorageError) -> Bool {
        if let (reader, offset) = open {
            let count = min(Limits.backupReadBytes, reader.bytes - offset)
            bytes += BackupRecord.piece(Array(try reader.read(at: offset, count: count))).encoded
            open = offset + count < reader.bytes ? (reader, offset + count) : nil
            return true
        }
        guard place < blobs.count else { return false }
        let blob = blobs[place]
        place += 1
        do throws(StorageError) {
            let reader = try store.open(blob)
            let listed = ListedBlob(blob: blob, bytes: UInt64(reader.bytes))
            bytes += BackupRecord.blob(listed).encoded
            if reader.bytes > 0 { open = (reader, 0) }
        } catch .missing {
            bytes += BackupRecord.gone(blob).encoded
        }
        return true
    }
}
