// The rules of receipts, of registered copies of the keyring, of holds, and of claims that end.

import Vault
import VaultFormat

extension CatalogConformance {
    static let erasureRules = [
        Rule("a receipt comes back as it was updated, by its id and its operation", receipts),
        Rule("receipts come newest first, of one namespace or of all", receiptPages),
        Rule("whether something was erased in a range of the log", erasures),
        Rule("the last purge takes the place of the one before", purges),
        Rule("a copy of the keyring comes back as it was attested", escrows),
        Rule("a hold is found by what it is on, until it goes", holds),
        Rule("claims that end come by row, once their time has come", retention),
        Rule("claims are counted by owner, job and namespace", counts),
    ]

    private static func receipts(_ catalog: any Catalog) throws {
        var rows = TestRows()
        let operation: OperationID = rows.id()
        for (receipt, work) in [
            (rows.receipt(), nil), (rows.receipt(of: operation, in: nil), operation),
            (rows.receipt(event: 7), nil),
        ] {
            try catalog.transact { try $0.insertReceipt(receipt) }
            var found = try catalog.look { try $0.receipt(receipt.receipt) }
            try require(found?.row ?? 0 > 0, "no row")
            var expected = receipt
            expected.row = found?.row ?? 0
            try same(found, expected)
            expected.claims += 1
            expected.images += 1
            expected.storedBytes = 5
            expected.left = 4
            expected.epoch = try EpochNumber(9)
            expected.event = 12
            expected.changedAt = 13
            expected.mac = rows.id()
            let changed = expected
            try catalog.transact { try $0.updateReceipt(changed) }
            found = try catalog.look { reader in
                try work.map { try reader.receipt(of: $0) } ?? reader.receipt(receipt.receipt)
            }
            try same(found, changed)
            try refuses(StorageError.damaged) {
                try catalog.transact { try $0.insertReceipt(changed) }
            }
        }
        let another = rows.receipt(of: operation)
        try refuses(StorageError.damaged) { try catalog.transact { try $0.insertReceipt(another) } }
        try refuses(StorageError.damaged) { try catalog.transact { try $0.updateReceipt(another) } }
        try same(try catalog.look { try $0.receipt(of: rows.id()) }, nil)
        try same(try catalog.look { try $0.receipt(rows.id()) }, nil)
    }

    private static func receiptPages(_ catalog: any Catalog) throws {
        var rows = TestRows()
        let made = [
            rows.receipt(), rows.receipt(in: TestKeys.clinic), rows.receipt(in: nil),
            rows.receipt(),
        ]
        try catalog.transact { writer in
            for receipt in made { try writer.insertReceipt(receipt) }
        }
        let all = try catalog.look { try $0.receipts(in: nil, before: .max, limit: 9) }
        try same(all.map(\.receipt), made.reversed().map(\.receipt))
        let two = try catalog.look { try $0.receipts(in: nil, before: all[1].row, limit: 1) }
        try same(two, [all[2]])
        let own = try catalog.look { try $0.receipts(in: .standard, before: .max, limit: 9) }
        try same(own.map(\.receipt), [made[3].receipt, made[0].receipt])
    }

    private static func erasures(_ catalog: any Catalog) throws {
        var rows = TestRows()
        let made = [rows.receipt(), rows.receipt(event: 7), rows.receipt(event: 9)]
        try catalog.transact { writer in
            for receipt in made { try writer.insertReceipt(receipt) }
        }
        let ranges: [(Range<UInt64>, Bool)] = [
            (0..<7, false), (0..<8, true), (7..<8, true), (8..<9, false), (9..<10, true),
            (10..<UInt64.max, false), (7..<7, false),
        ]
        for (range, expected) in ranges {
            try same(try catalog.look { try $0.hasErasure(in: range) }, expected)
        }
    }

    private static func purges(_ catalog: any Catalog) throws {
        var rows = TestRows()
        try same(try catalog.look { try $0.lastPurge() }, nil)
        for through in [3, 9] as [UInt64] {
            let purge = PurgeRow(
                through: through, atMicroseconds: 5, changedAt: through, mac: rows.id())
            try catalog.transact { try $0.setPurge(purge) }
            let found = try catalog.look { try $0.lastPurge() }
            try same(found, purge)
        }
        try require(try catalog.purge(), "nobody reads, and it is not purged")
    }

    private static func escrows(_ catalog: any Catalog) throws {
        var rows = TestRows()
        var made: [EscrowRow] = []
        for epochs in [[1], [1, 2, 70_000]] as [[UInt32]] {
            let row = try rows.escrow(epochs.map { try EpochNumber($0) })
            try catalog.transact { try $0.insertEscrow(row) }
            var expected = row
            let found = try catalog.look { try $0.escrow(row.escrow) }
            expected.row = found?.row ?? 0
            try same(found, expected)
            made.append(expected)
        }
        made[0].destroyed = .init(uid: .max, atMicroseconds: 99)
        made[0].changedAt = 3
        made[0].mac = rows.id()
        let (changed, unknown) = (made[0], try rows.escrow())
        try catalog.transact { try $0.updateEscrow(changed) }
        try same(try catalog.look { try $0.escrows(after: 0, limit: 9) }, made)
        try same(try catalog.look { try $0.escrows(after: made[0].row, limit: 1) }, [made[1]])
        try refuses(StorageError.damaged) { try catalog.transact { try $0.insertEscrow(changed) } }
        try refuses(StorageError.damaged) { try catalog.transact { try $0.updateEscrow(unknown) } }
    }

    private static func holds(_ catalog: any Catalog) throws {
        var rows = TestRows()
        let index: BlindIndex = rows.id()
        let subjects: [HoldSubject] = [
            .image(.standard, rows.id()), .owner(.standard, index), .job(.standard, index),
            .owner(TestKeys.clinic, index), .backup(rows.id()),
        ]
        var made: [HoldRow] = []
        for subject in subjects {
            let row = try rows.hold(subject)
            try catalog.transact { try $0.insertHold(row) }
            var expected = row
            let found = try catalog.look { try $0.hold(row.hold) }
            expected.row = found?.row ?? 0
            try same(found, expected)
            made.append(expected)
        }
        for (place, subject) in subjects.enumerated() {
            try same(try catalog.look { try $0.holds(on: [subject]) }, [made[place]])
        }
        try same(try catalog.look { try $0.holds(on: [subjects[0], subjects[2]]) }.count, 2)
        try same(try catalog.look { try $0.holds(on: [.backup(rows.id())]) }, [])
        try same(
            try catalog.look { try $0.holds(after: made[1].row, limit: 2) }, [made[2], made[3]])
        let twice = made[0]
        try refuses(StorageError.damaged) { try catalog.transact { try $0.insertHold(twice) } }
        try same(try catalog.look { try $0.holdCount() }, 5)
        try catalog.transact { try $0.deleteHold(made[0].hold) }
        try same(try catalog.look { try $0.holdCount() }, 4)
        try same(try catalog.look { try $0.hold(made[0].hold) }, nil)
        try same(try catalog.look { try $0.holds(on: subjects) }.count, 4)
    }

    private static func retention(_ catalog: any Catalog) throws {
        var rows = TestRows()
        let ends: [Retention] = [
            .until(microseconds: 10), .forever, .until(microseconds: 11), .until(microseconds: 5),
        ]
        var made: [ReferenceRow] = []
        for end in ends {
            let image = rows.image()
            let row = try catalog.transact { try $0.insertImage(image) }
            var reference = rows.reference(of: row, owner: rows.id())
            reference.retention = end
            let offered = reference
            try catalog.transact { try $0.insertReference(offered) }
            let found = try catalog.look { try $0.references(of: row) }
            try same(found.map(\.reference), [reference.reference])
            made += found
        }
        try same(made.map(\.retention), ends)
        let over = try catalog.look { reader in
            try reader.expiredReferences(at: 10, after: 0, through: .max, limit: 9)
        }
        try same(over.map(\.reference), [made[0], made[3]])
        try same(try catalog.look { try $0.expiredReferenceCount(at: 10) }, 2)
        let behind = try catalog.look { reader in
            try reader.expiredReferences(
                at: 11, after: made[0].row, through: made[2].row, limit: 9)
        }
        try same(behind.map(\.reference), [made[2]])
        var moved = made[3]
        moved.retention = .forever
        moved.changedAt = 2
        moved.mac = rows.id()
        let changed = moved
        try catalog.transact { try $0.updateRetention(changed) }
        try same(try catalog.look { try $0.references(of: changed.imageRow) }, [changed])
        try same(try catalog.look { try $0.expiredReferenceCount(at: 10) }, 1)
        var unknown = changed
        unknown.row = 99
        let nobody = unknown
        try refuses(StorageError.damaged) {
            try catalog.transact { try $0.updateRetention(nobody) }
        }
    }

    private static func counts(_ catalog: any Catalog) throws {
        var rows = TestRows()
        let (owner, job): (BlindIndex, BlindIndex) = (rows.id(), rows.id())
        let image = rows.image()
        let other = rows.image(in: TestKeys.clinic)
        try catalog.transact { writer in
            let (first, second) = (try writer.insertImage(image), try writer.insertImage(other))
            for claim in [(owner, job), (owner, nil), (nil, job), (nil, nil)] {
                try writer.insertReference(rows.reference(of: first, owner: claim.0, job: claim.1))
            }
            try writer.insertReference(rows.reference(of: second, owner: owner))
        }
        let asked: [(BlindIndex?, BlindIndex?, Int)] = [
            (owner, job, 1), (owner, nil, 2), (nil, job, 2), (nil, nil, 4), (job, nil, 0),
        ]
        for (owner, job, expected) in asked {
            let count = try catalog.look { reader in
                try reader.referenceCount(
                    in: .standard, fitting: ClaimIndex(owner: owner, job: job))
            }
            try same(count, expected)
        }
    }
}
