// What every catalog must do: one suite for the memory adapter and for SQLite. This file has the
// rules of images and references; CatalogConformance+Log.swift those of events, frontier and
// transactions.

package import Vault
import VaultFormat

package enum CatalogConformance {
    package typealias Rule = ConformanceRule<any Catalog>

    package static let rules: [Rule] =
        imageRules + referenceRules + logRules + operationRules + keyRules + erasureRules
        + bearerRules + doctorRules + canaryRules + incidentRules + transactionRules

    private static let imageRules = [
        Rule("a new catalog is empty", isEmpty),
        Rule("an image comes back as it was inserted", imageRoundTrip),
        Rule("an image is looked up by namespace and id", namespacesAreApart),
        Rule("a namespace has an image once", imageIsUnique),
        Rule("a blob belongs to one image", blobIsUnique),
        Rule("a row's number is never used again", numbersAreNew),
        Rule("a deleted image is gone, with its blob and its wrap", imageDeletion),
        Rule("an image with references cannot be deleted", referencesHoldImages),
        Rule("deleting an image that is not there is damage", imageDeletionTwice),
    ]

    private static func isEmpty(_ catalog: any Catalog) throws {
        var rows = TestRows()
        let image = rows.id(ImageID.self)
        try same(try catalog.image(image), nil)
        try same(try catalog.events(), [])
        try same(try catalog.frontier(), .empty)
        try same(try catalog.totals(), CatalogTotals(images: 0, references: 0, storedBytes: 0))
        try same(try catalog.census(), [:])
        try same(try catalog.references(), [])
    }

    private static func imageRoundTrip(_ catalog: any Catalog) throws {
        var rows = TestRows()
        for _ in 0..<20 {
            var image = rows.image()
            image.row = try catalog.transact { try $0.insertImage(image) }
            try require(image.row > 0, "row \(image.row)")
            try same(try catalog.image(image.image), image)
            try require(
                try catalog.look { try $0.holdsBlob(image.blob) }, "holdsBlob does not find it")
        }
    }

    private static func namespacesAreApart(_ catalog: any Catalog) throws {
        var rows = TestRows()
        let one = rows.image()
        let other = rows.image(one.image, in: TestKeys.clinic)
        try catalog.transact { _ = try $0.insertImage(one) }
        try same(try catalog.image(one.image, in: TestKeys.clinic), nil)
        try catalog.transact { _ = try $0.insertImage(other) }
        try same(try catalog.image(one.image)?.blob, one.blob)
        try same(try catalog.image(one.image, in: TestKeys.clinic)?.blob, other.blob)
        try same(try catalog.image(rows.id()), nil)
    }

    private static func imageIsUnique(_ catalog: any Catalog) throws {
        var rows = TestRows()
        let image = rows.image()
        try catalog.transact { _ = try $0.insertImage(image) }
        try refuses(StorageError.damaged) {
            try catalog.transact { _ = try $0.insertImage(rows.image(image.image)) }
        }
    }

    private static func blobIsUnique(_ catalog: any Catalog) throws {
        var rows = TestRows()
        let image = rows.image()
        try catalog.transact { _ = try $0.insertImage(image) }
        try refuses(StorageError.damaged) {
            try catalog.transact { _ = try $0.insertImage(rows.image(blob: image.blob)) }
        }
    }

    private static func numbersAreNew(_ catalog: any Catalog) throws {
        var rows = TestRows()
        var image = rows.image()
        image.row = try catalog.transact { try $0.insertImage(image) }
        try catalog.transact { try $0.deleteImage(image) }
        let next = try catalog.transact { try $0.insertImage(rows.image()) }
        try require(next > image.row, "row \(next) after \(image.row)")
    }

    private static func imageDeletion(_ catalog: any Catalog) throws {
        var rows = TestRows()
        var image = rows.image()
        let other = rows.image()
        image.row = try catalog.transact { writer in
            _ = try writer.insertImage(other)
            return try writer.insertImage(image)
        }
        try catalog.transact { try $0.deleteImage(image) }
        try same(try catalog.image(image.image), nil)
        try require(
            try !catalog.look { try $0.holdsBlob(image.blob) }, "holdsBlob finds what is gone")
        try same(try catalog.census(), [1: 1])
        try same(try catalog.image(other.image)?.key, other.key)
    }

    private static func referencesHoldImages(_ catalog: any Catalog) throws {
        var rows = TestRows()
        var image = rows.image()
        image.row = try catalog.transact { writer in
            let row = try writer.insertImage(image)
            try writer.insertReference(rows.reference(of: row))
            return row
        }
        try refuses(StorageError.damaged) {
            try catalog.transact { try $0.deleteImage(image) }
        }
        try same(try catalog.image(image.image), image)
    }

    private static func imageDeletionTwice(_ catalog: any Catalog) throws {
        var rows = TestRows()
        var image = rows.image()
        image.row = try catalog.transact { try $0.insertImage(image) }
        try catalog.transact { try $0.deleteImage(image) }
        try refuses(StorageError.damaged) { try catalog.transact { try $0.deleteImage(image) } }
    }
}
