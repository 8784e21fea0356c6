// The rules of claims and of their pages.

import Vault
import VaultFormat

extension CatalogConformance {
    static let referenceRules = [
        Rule("a reference comes back as it was inserted", referenceRoundTrip),
        Rule("a claim is found by exactly its owner and job", claimsAreExact),
        Rule("a claim is made once on an image", claimIsUnique),
        Rule("what fits is the newest claim with what is named", newestThatFits),
        Rule("an image is read under exactly the claim, else the newest that fits", readUnder),
        Rule("a reference needs its image", referenceNeedsImage),
        Rule("a deleted reference is gone, with its wrap, and counted so", referenceDeletion),
        Rule("deleting a reference that is not there is damage", referenceDeletionTwice),
        Rule("references are listed by namespace and by what is named", listsFilter),
        Rule("pages follow each other without gap or repetition", pages),
        Rule("the census counts wraps by epoch", census),
        Rule("the totals count images, references and bytes", totals),
    ]

    /// An image with a reference for each claim, in order.
    private static func insert(
        _ claims: [(owner: BlindIndex?, job: BlindIndex?)], into catalog: any Catalog,
        _ rows: inout TestRows, in namespace: NamespaceName = .standard
    ) throws -> (image: Int64, references: [ReferenceRow]) {
        let image = rows.image(in: namespace)
        var references: [ReferenceRow] = []
        let row = try catalog.transact { writer in
            let row = try writer.insertImage(image)
            for claim in claims {
                let made = rows.reference(of: row, owner: claim.owner, job: claim.job)
                try writer.insertReference(made)
                guard let kept = try writer.reference(of: row, claim: made.claim) else {
                    throw StorageError.missing
                }
                references.append(kept)
            }
            return row
        }
        return (row, references)
    }

    private static func referenceRoundTrip(_ catalog: any Catalog) throws {
        var rows = TestRows()
        let image = try catalog.transact { try $0.insertImage(rows.image()) }
        for claim in [ClaimIndex(owner: rows.id(), job: rows.id()), .init(owner: nil, job: nil)] {
            var made = rows.reference(of: image, owner: claim.owner, job: claim.job)
            try catalog.transact { try $0.insertReference(made) }
            let kept = try catalog.reference(of: image, claim)
            made.row = kept?.row ?? 0
            try same(kept, made)
            try require(made.row > 0, "row \(made.row)")
            let (id, other): (ReferenceID, ReferenceID) = (made.reference, rows.id())
            let found = try catalog.look { reader in
                [
                    try reader.reference(id, of: image), try reader.reference(id, of: image + 1),
                    try reader.reference(other, of: image),
                ]
            }
            try same(found, [made, nil, nil])
        }
    }

    private static func claimsAreExact(_ catalog: any Catalog) throws {
        var rows = TestRows()
        let (owner, job): (BlindIndex, BlindIndex) = (rows.id(), rows.id())
        let claims =
            [(owner, job), (owner, nil), (nil, job), (nil, nil)]
            as [(owner: BlindIndex?, job: BlindIndex?)]
        let (image, made) = try insert(claims, into: catalog, &rows)
        for (claim, reference) in zip(claims, made) {
            let index = ClaimIndex(owner: claim.owner, job: claim.job)
            try same(try catalog.reference(of: image, index), reference)
        }
        let stranger = ClaimIndex(owner: rows.id(), job: job)
        try same(try catalog.reference(of: image, stranger), nil)
        // The other subject's index under this subject's column is another claim.
        let crossed = ClaimIndex(owner: job, job: owner)
        try same(try catalog.reference(of: image, crossed), nil)
    }

    private static func claimIsUnique(_ catalog: any Catalog) throws {
        var rows = TestRows()
        let claims =
            [(rows.id() as BlindIndex, rows.id() as BlindIndex), (nil, nil)]
            as [(owner: BlindIndex?, job: BlindIndex?)]
        let (image, _) = try insert(claims, into: catalog, &rows)
        for claim in claims {
            try refuses(StorageError.damaged) {
                try catalog.transact { writer in
                    try writer.insertReference(
                        rows.reference(of: image, owner: claim.owner, job: claim.job))
                }
            }
        }
        // Another image may have it.
        _ = try insert(claims, into: catalog, &rows)
    }

    private static func newestThatFits(_ catalog: any Catalog) throws {
        var rows = TestRows()
        let (owner, job): (BlindIndex, BlindIndex) = (rows.id(), rows.id())
        let (image, made) = try insert(
            [(nil, job), (owner, job), (owner, nil), (rows.id(), rows.id())], into: catalog, &rows)
        let expected: [(ClaimIndex, Int?)] = [
            (ClaimIndex(owner: nil, job: nil), 3), (ClaimIndex(owner: owner, job: nil), 2),
            (ClaimIndex(owner: owner, job: job), 1), (ClaimIndex(owner: nil, job: job), 1),
            (ClaimIndex(owner: job, job: nil), nil), (ClaimIndex(owner: rows.id(), job: job), nil),
        ]
        for (claim, place) in expected {
            let found = try catalog.look { try $0.newestReference(of: image, fitting: claim) }
            try same(found, place.map { made[$0] })
        }
        let other = try catalog.transact { try $0.insertImage(rows.image()) }
        let claim = ClaimIndex(owner: owner, job: job)
        try same(try catalog.look { try $0.newestReference(of: other, fitting: claim) }, nil)
    }

    private static func readUnder(_ catalog: any Catalog) throws {
        var rows = TestRows()
        let (owner, job): (BlindIndex, BlindIndex) = (rows.id(), rows.id())
        let (_, made) = try insert(
            [(nil, nil), (nil, job), (owner, job), (owner, nil), (rows.id(), rows.id())],
            into: catalog, &rows)
        let all = ClaimIndex(owner: nil, job: nil)
        let listed = try catalog.look {
            try $0.references(in: .standard, fitting: all, after: 0, limit: 1)
        }
        guard let image = listed.first?.image else { throw StorageError.missing }
        let expected: [(ClaimIndex, Int?)] = [
            (all, 0), (ClaimIndex(owner: owner, job: nil), 3),
            (ClaimIndex(owner: owner, job: job), 2), (ClaimIndex(owner: nil, job: job), 1),
            (ClaimIndex(owner: job, job: nil), nil), (ClaimIndex(owner: rows.id(), job: job), nil),
        ]
        for (claim, place) in expected {
            let found = try catalog.claimed(image.image, claim)
            try same(found?.reference, place.map { made[$0] })
            try same(found?.image, place.map { _ in image })
        }
        // Without a claim of no words, who names none reads under the newest.
        try catalog.transact { try $0.deleteReference(made[0]) }
        try same(try catalog.claimed(image.image, all)?.reference, made[4])
        try same(try catalog.claimed(rows.id(), all)?.image, nil)
    }

    private static func referenceNeedsImage(_ catalog: any Catalog) throws {
        var rows = TestRows()
        try refuses(StorageError.damaged) {
            try catalog.transact { try $0.insertReference(rows.reference(of: 12)) }
        }
    }

    private static func referenceDeletion(_ catalog: any Catalog) throws {
        var rows = TestRows()
        let (image, made) = try insert(
            [(nil, nil), (rows.id(), nil), (nil, rows.id())], into: catalog, &rows)
        for (index, reference) in made.enumerated() {
            try same(try catalog.look { try $0.referenceCount(of: image) }, 3 - index)
            try catalog.transact { try $0.deleteReference(reference) }
            let claim = reference.claim
            try same(try catalog.reference(of: image, claim), nil)
        }
        try same(try catalog.look { try $0.referenceCount(of: image) }, 0)
        try same(try catalog.census(), [1: 1])
    }

    private static func referenceDeletionTwice(_ catalog: any Catalog) throws {
        var rows = TestRows()
        let reference = try insert([(nil, nil)], into: catalog, &rows).references[0]
        try catalog.transact { try $0.deleteReference(reference) }
        try refuses(StorageError.damaged) {
            try catalog.transact { try $0.deleteReference(reference) }
        }
    }

    private static func listsFilter(_ catalog: any Catalog) throws {
        var rows = TestRows()
        let (owner, job): (BlindIndex, BlindIndex) = (rows.id(), rows.id())
        let one = try insert([(owner, job), (nil, nil)], into: catalog, &rows)
        let two = try insert([(owner, nil), (nil, job)], into: catalog, &rows)
        let other = try insert([(owner, job)], into: catalog, &rows, in: TestKeys.clinic)
        func list(_ owner: BlindIndex?, _ job: BlindIndex?, _ namespace: NamespaceName) throws
            -> [ReferenceRow]
        {
            try catalog.look { reader in
                let found = try reader.references(
                    in: namespace, fitting: ClaimIndex(owner: owner, job: job), after: 0, limit: 10)
                for (reference, image) in found { try same(reference.imageRow, image.row) }
                return found.map(\.reference)
            }
        }
        try same(try list(nil, nil, .standard), one.references + two.references)
        try same(try list(owner, nil, .standard), [one.references[0], two.references[0]])
        try same(try list(nil, job, .standard), [one.references[0], two.references[1]])
        try same(try list(owner, job, .standard), [one.references[0]])
        try same(try list(job, owner, .standard), [])
        try same(try list(owner, nil, TestKeys.clinic), other.references)
    }

    private static func pages(_ catalog: any Catalog) throws {
        var rows = TestRows()
        var expected: [ReferenceRow] = []
        for _ in 0..<7 {
            expected += try insert([(nil, nil), (rows.id(), nil)], into: catalog, &rows).references
            _ = try insert([(nil, nil)], into: catalog, &rows, in: TestKeys.clinic)
        }
        let every = ClaimIndex(owner: nil, job: nil)
        for limit in [1, 3, 14, 20] {
            var found: [ReferenceRow] = []
            var after: Int64 = 0
            for _ in 0...expected.count {
                let page = try catalog.look { reader in
                    try reader.references(
                        in: .standard, fitting: every, after: after, limit: limit)
                }
                try require(page.count <= limit, "\(page.count) rows in a page of \(limit)")
                found += page.map(\.reference)
                after = page.last?.reference.row ?? after
            }
            try same(found, expected)
        }
    }

    private static func census(_ catalog: any Catalog) throws {
        var rows = TestRows()
        let second = try EpochNumber(2)
        try catalog.transact { writer in
            let row = try writer.insertImage(rows.image(epoch: second))
            try writer.insertReference(rows.reference(of: row, epoch: second))
            try writer.insertReference(rows.reference(of: row, owner: rows.id()))
        }
        try same(try catalog.census(), [1: 1, 2: 2])
    }

    private static func totals(_ catalog: any Catalog) throws {
        var rows = TestRows()
        for bytes in [1, 1 << 40, 77] {
            try catalog.transact { writer in
                let row = try writer.insertImage(rows.image(storedBytes: bytes))
                try writer.insertReference(rows.reference(of: row))
                try writer.insertReference(rows.reference(of: row, job: rows.id()))
            }
        }
        let expected = CatalogTotals(images: 3, references: 6, storedBytes: 1 + 1 << 40 + 77)
        try same(try catalog.totals(), expected)
    }
}
