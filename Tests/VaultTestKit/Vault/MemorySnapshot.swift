// A catalog in memory, as it was at one moment. Its bytes stand for a file's: what a test compares is that all of them
// come.

import Vault
import VaultFormat

final class MemorySnapshot: CatalogSnapshot {
    private let tables: MemoryTables
    private let content: [UInt8]

    init(_ tables: MemoryTables) {
        self.tables = tables
        // Longer than what is read at once.
        content = (0..<Limits.backupReadBytes + 1000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    }

    var bytes: Int { content.count }

    func read(at offset: Int, count: Int) throws(StorageError) -> [UInt8] {
        guard offset + count <= content.count else { throw .damaged }
        return Array(content[offset..<offset + count])
    }

    func rows<R>(
        _ body: (any CatalogReader) throws(StorageError) -> R
    ) throws(StorageError) -> R {
        try body(MemoryRows(tables, Faults()))
    }
}
