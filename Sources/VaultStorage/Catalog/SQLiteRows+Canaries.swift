// The rows of canaries.

import GRDB
import Vault
import VaultFormat

extension SQLiteRows {
    private static let canaryColumns = "namespace, image, created, creator, note, changed, mac"

    func canary(_ place: ImagePlace) throws(StorageError) -> CanaryRow? {
        try first(
            "SELECT \(Self.canaryColumns) FROM canary WHERE namespace = ? AND image = ?",
            [place.namespace.description, place.image.bytes]
        ) { row throws in try CanaryRow(row) }
    }

    func canaries(limit: Int) throws(StorageError) -> [CanaryRow] {
        try all(
            "SELECT \(Self.canaryColumns) FROM canary ORDER BY changed LIMIT ?", [limit]
        ) { row throws in try CanaryRow(row) }
    }

    func setCanary(_ canary: CanaryRow) throws(StorageError) {
        try run(
            "INSERT OR REPLACE INTO canary (\(Self.canaryColumns)) VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                canary.place.namespace.description, canary.place.image.bytes,
                canary.createdMicroseconds, Int64(canary.creator), canary.note.text,
                Int64(clamping: canary.changedAt), canary.mac.bytes,
            ])
    }

    func deleteCanary(_ place: ImagePlace) throws(StorageError) {
        try run(
            "DELETE FROM canary WHERE namespace = ? AND image = ?",
            [place.namespace.description, place.image.bytes])
    }
}

extension CanaryRow {
    fileprivate init(_ row: RawStatement) throws {
        self.init(
            place: ImagePlace(
                try NamespaceName(value(row, 0) as String), try ImageID(bytes: bytes(row, 1))),
            createdMicroseconds: try value(row, 2), creator: try value(row, 3),
            note: try AdminNote(value(row, 4)), changedAt: try value(row, 5),
            mac: try RowMAC(bytes: bytes(row, 6)))
    }
}
