// After a write that failed nothing of the same descriptors is flushed or truncated: a flush that follows a failed one
// tells nothing.

import Foundation
import Synchronization
import Testing
import Vault
import VaultFormat
import VaultStorage
import VaultTestKit

@Suite("A write that failed")
struct FailedFlushTests {
    private let directory: TestDirectory
    private let catalog: SQLiteCatalog
    private var path: String { directory("catalog.sqlite") }

    init() throws {
        directory = try TestDirectory()
        catalog = try SQLiteCatalog.create(at: directory("catalog.sqlite"), vault: .test)
    }

    private var logBytes: Int {
        let facts = try? FileManager.default.attributesOfItem(atPath: path + "-wal")
        return (facts?[.size] as? Int) ?? 0
    }

    private func write(_ index: UInt64) throws {
        var rows = TestRows()
        let event = rows.event(index, image: nil)
        try catalog.transact { try $0.append(event, foundBy: []) }
    }

    private func fail() {
        #expect(throws: StorageError.unavailable(5)) {
            try catalog.write { (_) throws(StorageError) in throw .unavailable(5) }
        }
    }

    @Test("nothing is purged until the files are opened anew")
    func purge() throws {
        try write(0)
        #expect(try catalog.purge())
        try write(1)
        fail()
        #expect(throws: StorageError.unavailable(EIO)) { try catalog.purge() }
        #expect(logBytes > 0)
        try catalog.reopen()
        #expect(logBytes == 0)
        #expect(try catalog.purge())
        try catalog.close()
    }

    @Test("a stop leaves the write-ahead log to the next start")
    func close() throws {
        try write(0)
        fail()
        #expect(throws: StorageError.unavailable(EIO)) { try catalog.close() }
        #expect(logBytes > 0)
        let again = try SQLiteCatalog.open(at: path, vault: .test)
        #expect(try again.events().count == 1)
        try again.close()
        #expect(logBytes == 0)
    }

    @Test("who reads while the files are opened anew is refused or answered")
    func readers() throws {
        try write(0)
        let isOver = Mutex(false)
        let met = Mutex<Set<StorageError>>([])
        let ended = DispatchGroup()
        for _ in 0..<4 {
            ended.enter()
            Thread.detachNewThread {
                while !isOver.withLock({ $0 }) {
                    do {
                        try catalog.look { _ = try $0.frontier() }
                        _ = try catalog.readOnce { (reader) throws(StorageError) in
                            try reader.frontier()
                        }
                        _ = try catalog.facts()
                    } catch {
                        met.withLock { _ = $0.insert((error as? StorageError) ?? .damaged) }
                    }
                }
                ended.leave()
            }
        }
        for _ in 0..<50 { try catalog.reopen() }
        isOver.withLock { $0 = true }
        ended.wait()
        #expect(met.withLock { $0 } == [.unavailable(EBADF)])
        try catalog.close()
        #expect(throws: StorageError.unavailable(EBADF)) {
            try catalog.read { (reader) throws(StorageError) in try reader.frontier() }
        }
    }
}
