// The rules of wrapped keys as one list, and of statements.

import Vault
import VaultFormat

extension CatalogConformance {
    static let keyRules = [
        Rule("wraps come by their owner's row, with what each is bound to", wraps),
        Rule("a wrap takes the place of the one that it was made of, and of no other", rewraps),
        Rule("images and references come by row, whatever their namespace and state", stored),
        Rule("an image in a new blob, and a reference under a new key, keep all else", resealing),
        Rule("a backup comes back as it was updated, by row, until it is removed", backups),
        Rule("a request about an epoch comes back as it was inserted", destructions),
        Rule("a statement is kept once, and found by its operation", statements),
    ]

    /// Two images, the second with two references.
    private static func fill(
        _ catalog: any Catalog
    ) throws -> (TestRows, [ImageRow], [ReferenceRow]) {
        var rows = TestRows()
        var images = [rows.image(), rows.image(in: TestKeys.clinic)]
        var references: [ReferenceRow] = []
        try catalog.transact { writer in
            for place in images.indices {
                images[place].row = try writer.insertImage(images[place])
            }
            references = [
                rows.reference(of: images[0].row), rows.reference(of: images[1].row),
                rows.reference(of: images[1].row, owner: rows.id()),
            ]
            for reference in references { try writer.insertReference(reference) }
        }
        return (rows, images, references)
    }

    private static func all(
        _ catalog: any Catalog, _ owner: KeyOwner
    ) throws -> [StoredWrap] {
        try catalog.look { reader in
            try reader.wraps(
                of: owner, after: 0, through: try reader.lastRow(of: owner), limit: 100)
        }
    }

    private static func wraps(_ catalog: any Catalog) throws {
        try same(try catalog.look { try $0.lastRow(of: .blob) }, 0)
        try same(try catalog.look { try $0.lastRow(of: .reference) }, 0)
        let (_, images, references) = try fill(catalog)
        let blobs = try all(catalog, .blob)
        try same(blobs.map(\.row), images.map(\.row))
        try same(blobs.map(\.bytes), images.map(\.key.bytes))
        try same(blobs.map(\.context.subject), images.map { .blob($0.blob) })
        try same(blobs.map(\.context.image), images.map(\.image))
        try same(blobs.map(\.context.namespace), images.map(\.namespace))
        try same(blobs.map(\.context.epoch), images.map(\.key.epoch))
        let words = try all(catalog, .reference)
        try same(words.map(\.context.subject), references.map { .reference($0.reference) })
        try same(words.map(\.bytes), references.map(\.key.bytes))
        try same(words.map(\.context.image), [images[0], images[1], images[1]].map(\.image))
        try same(words.map(\.context.namespace), [.standard, TestKeys.clinic, TestKeys.clinic])
        let middle = try catalog.look {
            try $0.wraps(of: .reference, after: words[0].row, through: words[1].row, limit: 100)
        }
        try same(middle, [words[1]])
        let first = try catalog.look {
            try $0.wraps(of: .reference, after: 0, through: words[2].row, limit: 1)
        }
        try same(first, [words[0]])
    }

    private static func rewraps(_ catalog: any Catalog) throws {
        var (rows, images, _) = try fill(catalog)
        let old = try all(catalog, .blob) + all(catalog, .reference)
        let new = try EpochNumber(7)
        let moved = old.map { Rewrap(old: $0, new: rows.key(new)) }
        let untouched = moved[1]
        try catalog.transact { try $0.rewrap(moved.filter { $0 != untouched }) }
        let now = try all(catalog, .blob) + all(catalog, .reference)
        for (place, wrap) in now.enumerated() where moved[place] != untouched {
            try same(wrap.bytes, moved[place].new.bytes)
            try same(wrap.context.epoch, new)
        }
        try same(now[1], untouched.old)
        try same(try catalog.census(), [1: 1, 7: 4])
        // All else of an image stays.
        images[0].key = moved[0].new
        try same(try catalog.image(images[0].image), images[0])
        // What was made of a wrap that is not there any more changes nothing.
        let stale = old.filter { $0 != untouched.old }
        let late = stale.map { Rewrap(old: $0, new: rows.key()) }
        try catalog.transact { try $0.rewrap(late) }
        try same(try all(catalog, .blob) + all(catalog, .reference), now)
    }

    private static func stored(_ catalog: any Catalog) throws {
        var (_, images, references) = try fill(catalog)
        images[1].quarantinedMicroseconds = 9
        let quarantined = images[1]
        try catalog.transact { try $0.updateImage(quarantined) }
        let last = try catalog.look { try $0.lastRow(of: .blob) }
        let all = try catalog.look {
            try $0.storedImages(after: 0, through: last, limit: 100)
        }
        try same(all, images)
        let second = try catalog.look {
            try $0.storedImages(after: images[0].row, through: last, limit: 1)
        }
        try same(second, [quarantined])
        let none = try catalog.look {
            try $0.storedImages(after: 0, through: images[0].row - 1, limit: 9)
        }
        try same(none, [])
        let end = try catalog.look { try $0.lastRow(of: .reference) }
        let pairs = try catalog.look {
            try $0.storedReferences(after: 0, through: end, limit: 100)
        }
        try same(pairs.map(\.reference.reference), references.map(\.reference))
        try same(pairs.map(\.image), [images[0], images[1], images[1]])
    }

    private static func resealing(_ catalog: any Catalog) throws {
        var (rows, images, _) = try fill(catalog)
        images[0].blob = rows.id()
        images[0].key = rows.key(try EpochNumber(3))
        images[0].changedAt += 1
        images[0].mac = rows.id()
        let image = images[0]
        try catalog.transact { try $0.resealImage(image) }
        try same(try catalog.image(image.image), image)
        try require(try catalog.look { try $0.holdsBlob(image.blob) }, "the new blob is not held")
        let pairs = try catalog.look { reader in
            try reader.storedReferences(
                after: 0, through: try reader.lastRow(of: .reference), limit: 100)
        }
        var reference = pairs[2].reference
        reference.sealedBody = reference.sealedBody.reversed()
        reference.key = rows.key(try EpochNumber(3))
        reference.changedAt += 1
        reference.mac = rows.id()
        let changed = reference
        try catalog.transact { try $0.rekeyReference(changed) }
        try same(try catalog.reference(of: changed.imageRow, changed.claim), changed)
        try same(try catalog.census(), [1: 3, 3: 2])
        let unknown = rows.image()
        try refuses(StorageError.damaged) {
            try catalog.transact { try $0.resealImage(unknown) }
        }
        let nobody = rows.reference(of: image.row)
        try refuses(StorageError.damaged) {
            try catalog.transact { try $0.rekeyReference(nobody) }
        }
    }

    private static func backups(_ catalog: any Catalog) throws {
        var rows = TestRows()
        var made: [BackupRow] = []
        for epochs in [[1], [1, 2, 7], [4_294_967_295]] as [[UInt32]] {
            let row = try rows.backup(epochs.map { try EpochNumber($0) })
            try catalog.transact { try $0.insertBackup(row) }
            let found = try catalog.look { try $0.backup(row.backup) }
            var kept = row
            kept.row = found?.row ?? 0
            try same(found, kept)
            made.append(kept)
            try refuses(StorageError.damaged) {
                try catalog.transact { try $0.insertBackup(row) }
            }
        }
        made[1].state = .stranded
        made[1].changedAt += 1
        made[1].mac = rows.id()
        let changed = made[1]
        try catalog.transact { try $0.updateBackup(changed) }
        try same(try catalog.look { try $0.backups(after: 0, limit: 9) }, made)
        let second = try catalog.look { try $0.backups(after: made[0].row, limit: 1) }
        try same(second, [changed])
        let unknown = try rows.backup()
        try refuses(StorageError.damaged) {
            try catalog.transact { try $0.updateBackup(unknown) }
        }
        try catalog.transact { try $0.deleteBackup(made[0].backup) }
        try same(try catalog.look { try $0.backups(after: 0, limit: 9) }, [made[1], made[2]])
        try catalog.transact { try $0.insertBackup(unknown) }
        let newest = try catalog.look { try $0.backup(unknown.backup) }
        try same(newest?.row ?? 0 > made[2].row, true)
    }

    private static func destructions(_ catalog: any Catalog) throws {
        var rows = TestRows()
        for count in [0, 3] {
            let row = rows.approval(
                subject: .epoch(
                    try EpochDestruction(
                        epoch: .first, stranded: (0..<count).map { _ in rows.id() })))
            try catalog.transact { try $0.insertApproval(row) }
            let found = try catalog.look { try $0.approval(row.approval) }
            try same(found?.subject, row.subject)
            try same(found?.digest, row.digest)
        }
    }

    private static func statements(_ catalog: any Catalog) throws {
        var rows = TestRows()
        let statement = SignedStatement(
            operation: rows.id(), epoch: .first, note: "a\n\u{2014} b\n")
        let none = try catalog.look { try $0.statement(of: statement.operation) }
        try same(none, nil)
        try catalog.transact { try $0.insertStatement(statement) }
        let kept = try catalog.look { try $0.statement(of: statement.operation) }
        try same(kept, statement.note)
        try refuses(StorageError.damaged) {
            try catalog.transact { try $0.insertStatement(statement) }
        }
    }
}
