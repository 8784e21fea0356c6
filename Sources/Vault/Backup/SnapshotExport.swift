// A snapshot, handed out a piece at a time: the catalog as it was at one moment, the names of the blobs that it needs,
// the cases of incidents, and at the end the manifest that says what all of it is. BackupFormat §4.

import VaultCrypto
import VaultFormat

package struct SnapshotExport: OutgoingStream {
    private enum Part { case begun, catalog, list, cases, manifest, end, ended }

    package static let name = "a snapshot"
    private let backup: BackupID
    /// What is written of it beside what it turns out to be.
    private let described: Event
    private let snapshot: any CatalogSnapshot
    private let turn: SnapshotTurn
    private let keyring: KeyFile
    private let atMicroseconds: Int64

    private var part = Part.begun
    private var offset = 0
    private var catalogHash = StreamingSHA256()
    private var lastBlob: BlobID?
    private var listHash = StreamingSHA256()
    private var blobCount: UInt64 = 0
    private var blobBytes: UInt64 = 0
    private var lastIncident = Int64.max

    init(
        backup: BackupID, described: Event, snapshot: any CatalogSnapshot, turn: SnapshotTurn,
        keyring: KeyFile, atMicroseconds: Int64
    ) {
        self.backup = backup
        self.described = described
        self.snapshot = snapshot
        self.turn = turn
        self.keyring = keyring
        self.atMicroseconds = atMicroseconds
    }

    package mutating func next(of vault: Vault) async throws(VaultError) -> [UInt8]? {
        do throws(StorageError) {
            switch part {
            case .catalog: return try nextOfCatalog()
            case .list: return try nextOfList()
            case .cases: return try nextOfCases(vault)
            case .begun, .manifest, .end, .ended: break
            }
        } catch {
            throw VaultError(error.code(for: .catalog))
        }
        switch part {
        case .begun:
            part = .catalog
            return BackupRecord.begun(backup).encoded
        case .manifest:
            part = .end
            return BackupRecord.manifest(try await manifest(of: vault)).encoded
        case .end:
            part = .ended
            return BackupRecord.end.encoded
        default: return nil
        }
    }

    private mutating func nextOfCatalog() throws(StorageError) -> [UInt8] {
        let count = min(Limits.backupReadBytes, snapshot.bytes - offset)
        let bytes = try snapshot.read(at: offset, count: count)
        unsafe bytes.withUnsafeBytes { unsafe catalogHash.update($0) }
        offset += count
        if offset == snapshot.bytes { part = .list }
        return BackupRecord.catalog(bytes).encoded
    }

    private mutating func nextOfList() throws(StorageError) -> [UInt8] {
        let rows = try snapshot.rows { (reader) throws(StorageError) in
            try reader.storedBlobs(after: lastBlob, limit: Limits.backupListRows)
        }
        if rows.count < Limits.backupListRows { part = .cases }
        lastBlob = rows.last?.blob ?? lastBlob
        let bytes = Array(rows.map(\.line).joined().utf8)
        unsafe bytes.withUnsafeBytes { unsafe listHash.update($0) }
        blobCount += UInt64(rows.count)
        for row in rows { blobBytes += row.bytes }
        return BackupRecord.list(bytes).encoded
    }

    /// The next case; nothing of one that cannot be read, which the vault tells of where it is asked for.
    private mutating func nextOfCases(_ vault: Vault) throws(StorageError) -> [UInt8] {
        let rows = try snapshot.rows { (reader) throws(StorageError) in
            try reader.incidents(before: lastIncident, limit: 1)
        }
        guard let row = rows.first else {
            part = .manifest
            return []
        }
        lastIncident = row.row
        guard let bytes = try? vault.cases.load(row.incident, length: row.file.bytes) else {
            return []
        }
        var encoded = BackupRecord.incidentCase(row.incident, bytes: UInt64(bytes.count)).encoded
        for start in stride(from: 0, to: bytes.count, by: Limits.backupReadBytes) {
            let end = min(start + Limits.backupReadBytes, bytes.count)
            encoded += BackupRecord.piece(Array(bytes[start..<end])).encoded
        }
        return encoded
    }

    /// The signed manifest. From then on the register says which epochs the backup needs.
    private func manifest(of vault: Vault) async throws(VaultError) -> [UInt8] {
        guard let signer = vault.logSigner else { throw VaultError(.logKeySealed) }
        let (epochs, frontier): ([EpochNumber], MerkleFrontier)
        do throws(StorageError) {
            (epochs, frontier) = try snapshot.rows { (reader) throws(StorageError) in
                (
                    try reader.census().filter { $0.value > 0 }.keys.sorted()
                        .compactMap { try? EpochNumber($0) },
                    try reader.frontier()
                )
            }
        } catch {
            throw VaultError(error.code(for: .catalog))
        }
        let manifest = BackupManifest(
            vault: keyring.vault, backup: backup,
            at: Timestamp.text(microseconds: atMicroseconds), generation: keyring.generation,
            keyring: LogHash.digest(keyring.encoded), epochs: epochs,
            catalogBytes: UInt64(snapshot.bytes), catalog: catalogHash.finish(),
            blobCount: blobCount, blobBytes: blobBytes, blobList: listHash.finish(),
            logSize: frontier.size,
            logRoot: frontier.root(hash: LogHash.node) ?? LogHash.empty)
        let note: [UInt8]
        do throws(CryptoError) {
            note = Array(try signer.note(manifest).utf8)
        } catch {
            throw VaultError(error.code(orElse: .internalError))
        }
        var event = described
        event.atMicroseconds = vault.clock.nowMicroseconds()
        event.statement = LogHash.digest(note)
        _ = try await vault.committer.commit(.describeBackup(backup, epochs: epochs), event)
        return note
    }
}
