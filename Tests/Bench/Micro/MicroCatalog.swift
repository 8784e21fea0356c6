// MicroCatalog: a row read as GET reads it, and durable commits: of events, and of images with theirs, by 1, 16 and 64
// who wait. A batch is what waits when the flush before it is done, so that many at most.

import Synchronization
import Vault
import VaultCrypto
import VaultFormat
import VaultStorage
import VaultTestKit

enum MicroCatalog {
    private static let images = 10_000

    static func measure(into rows: inout MicroRows, directory: String) async throws {
        let catalog = try SQLiteCatalog.create(
            at: directory + "/catalog.sqlite", vault: Random.id())
        guard try catalog.synchronousLevel() >= 2 else { throw CatalogError.notDurable }
        try read(catalog, into: &rows)
        let keyring = try TestKeys.keyring()
        let committer = try Committer(catalog: catalog) { keyring }
        defer { committer.stop() }
        for waiting in [1, 16, 64] {
            for what in CommitLoad.What.allCases {
                let load = CommitLoad(committer: committer, what: what, seconds: rows.seconds)
                rows.add(try await load.run(waiting))
            }
        }
        guard try catalog.synchronousLevel() >= 2 else { throw CatalogError.notDurable }
    }

    private static func read(_ catalog: SQLiteCatalog, into rows: inout MicroRows) throws {
        var ids: [ImageID] = []
        while ids.count < images {
            try catalog.write { (writer) throws(StorageError) in
                for _ in 0..<1000 {
                    let image = BenchRows.image()
                    ids.append(image.image)
                    try writer.insertReference(
                        BenchRows.reference(of: writer.insertImage(image)))
                }
            }
        }
        var next = 0
        try rows.measure("catalog read") {
            // Far apart, so that not the same page serves again.
            next = (next + 7919) % ids.count
            let found = try catalog.readOnce { (reader) throws(StorageError) in
                try reader.claimedImage(
                    ids[next], in: .standard, fitting: ClaimIndex(owner: nil, job: nil))
            }
            guard found != nil else { throw StorageError.missing }
        }
    }
}

/// Requests that each wait for their commit and then make the next.
private struct CommitLoad: Sendable {
    enum What: String, CaseIterable {
        case event, put
    }

    let committer: Committer
    let what: What
    let seconds: Double

    func run(_ waiting: Int) async throws -> MicroRow {
        let cpu = BenchClock.cpu()
        let begun = BenchClock.now()
        let end = begun + seconds
        let first = committer.frontier.size
        let commits = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<waiting {
                group.addTask { try await commit(until: end) }
            }
            return try await group.reduce(0, +)
        }
        // Each is in the log.
        guard committer.frontier.size - first == UInt64(commits) else {
            throw VaultError(.internalError)
        }
        let spent = (BenchClock.cpu() - cpu) / Double(commits) * 1e9
        return MicroRow(
            name: "commit \(what.rawValue) @\(waiting)", bytes: 0, nanoseconds: spent, least: spent,
            rate: Double(commits) / (BenchClock.now() - begun))
    }

    private func commit(until end: Double) async throws -> Int {
        let caller = Caller(door: .images, uid: 1000, gid: 1000, pid: 4711)
        var commits = 0
        while BenchClock.now() < end {
            var event = Event(
                what == .put ? .imagePut : .readBegun, atMicroseconds: Int64(commits) + 1,
                caller: caller, request: BenchRows.id())
            event.namespace = .standard
            event.image = BenchRows.id()
            event.bytes = 200_000
            switch what {
            case .event: _ = try await committer.commit(.none, event)
            case .put:
                let image = BenchRows.image()
                event.image = image.image
                let change = Change.put(image: image, reference: BenchRows.reference(of: 0))
                _ = try await committer.commit(change, event)
            }
            commits += 1
        }
        return commits
    }
}

/// Rows as an upload of 200 KB makes them, cheaper to make than to keep.
private enum BenchRows {
    static func id<ID: FixedBytes>(_: ID.Type = ID.self) -> ID {
        var random = SystemRandomNumberGenerator()
        let words = (0..<(ID.byteCount + 7) / 8).map { _ in random.next() }
        return ID(
            checked: (0..<ID.byteCount).map {
                UInt8(truncatingIfNeeded: words[$0 / 8] >> (8 * ($0 % 8)))
            })
    }

    private static let key = WrappedKey(
        epoch: .first, bytes: [UInt8](repeating: 5, count: WrapContext.wrappedBytes))
    private static let body = [UInt8](repeating: 6, count: 250)

    static func image() -> ImageRow {
        ImageRow(
            row: 0, namespace: .standard, image: id(), blob: id(), type: .jpeg, width: 800,
            height: 600, storedBytes: 200_000,
            verdict: Verdict(level: .structure, inspectorVersion: 2, findings: [], flags: []),
            createdMicroseconds: 1, key: key, changedAt: 0, mac: id())
    }

    static func reference(of image: Int64) -> ReferenceRow {
        ReferenceRow(
            row: 0, imageRow: image, reference: id(), claim: ClaimIndex(owner: nil, job: id()),
            sealedBody: body, key: key, changedAt: 0, mac: id())
    }
}
