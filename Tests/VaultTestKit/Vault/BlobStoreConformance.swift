// What every blob store must do: one suite for the memory adapter and for files.

package import Vault
import VaultFormat

package enum BlobStoreConformance {
    package typealias Rule = ConformanceRule<any BlobStore>

    package static let rules = [
        Rule("what was appended is read back, in any range", ranges),
        Rule("what is read without waiting is what waiting gives, or nothing yet", cached),
        Rule("a blob may be empty, and long", sizes),
        Rule("a blob that is not there is missing", missing),
        Rule("a name is taken once, and the blob that has it stays", exclusive),
        Rule("a removed blob is missing, and may be removed again", removal),
        Rule("who has a blob open reads on when it is removed", openOutlivesRemoval),
        Rule("reading past the end is damage", pastTheEnd),
        Rule("every blob is named, and no other", all),
        Rule("an error of who is told the names ends the telling", stopsTelling),
    ]

    private static func write(
        _ pieces: [[UInt8]], as blob: BlobID, to store: any BlobStore
    ) throws {
        let writer = try store.create(blob, bytes: pieces.reduce(0) { $0 + $1.count })
        for piece in pieces {
            try unsafe piece.withUnsafeBytes { try unsafe writer.append($0) }
        }
        try writer.commit()
    }

    private static func ranges(_ store: any BlobStore) throws {
        var random = SeededRandom()
        let pieces = [1, 0, 4096, 17, 70_000].map { random.bytes($0) }
        let whole = pieces.flatMap { $0 }
        let blob = BlobID(checked: random.bytes(16))
        try write(pieces, as: blob, to: store)
        let reader = try store.open(blob)
        try same(reader.bytes, whole.count)
        try same(Array(try reader.read(at: 0, count: whole.count)), whole)
        for _ in 0..<50 {
            let start = Int.random(in: 0...whole.count, using: &random)
            let count = Int.random(in: 0...whole.count - start, using: &random)
            let found = Array(try reader.read(at: start, count: count))
            try require(
                found == Array(whole[start..<start + count]), "\(count) bytes from \(start)")
        }
    }

    private static func cached(_ store: any BlobStore) throws {
        var random = SeededRandom()
        let bytes = random.bytes(70_000)
        let blob = BlobID(checked: random.bytes(16))
        try write([bytes], as: blob, to: store)
        let reader = try store.open(blob)
        for (start, count) in [(0, 70_000), (69_999, 1), (4095, 2), (10, 0)] {
            guard let found = try reader.readCached(at: start, count: count) else {
                continue
            }
            try same(Array(found), Array(bytes[start..<start + count]))
        }
        try refuses(StorageError.damaged) {
            _ = try reader.readCached(at: 69_999, count: 2)
        }
    }

    private static func sizes(_ store: any BlobStore) throws {
        var random = SeededRandom()
        let long = Array(repeating: random.bytes(1 << 16), count: 80)
        for pieces in [[], long] {
            let blob = BlobID(checked: random.bytes(16))
            try write(pieces, as: blob, to: store)
            let whole = pieces.flatMap { $0 }
            let reader = try store.open(blob)
            try same(reader.bytes, whole.count)
            let found = try reader.read(at: 0, count: whole.count)
            try require(Array(found) == whole, "\(whole.count) bytes")
        }
    }

    private static func missing(_ store: any BlobStore) throws {
        var random = SeededRandom()
        let blob = BlobID(checked: random.bytes(16))
        try refuses(StorageError.missing) { _ = try store.open(blob) }
        try write([[1]], as: BlobID(checked: random.bytes(16)), to: store)
        try refuses(StorageError.missing) { _ = try store.open(blob) }
    }

    private static func exclusive(_ store: any BlobStore) throws {
        var random = SeededRandom()
        let blob = BlobID(checked: random.bytes(16))
        try write([[1, 2, 3]], as: blob, to: store)
        do {
            _ = try store.create(blob, bytes: 1)
        } catch {
            try same(Array(try store.open(blob).read(at: 0, count: 3)), [1, 2, 3])
            return
        }
        try require(false, "a taken name was given again")
    }

    private static func removal(_ store: any BlobStore) throws {
        var random = SeededRandom()
        let (blob, other) = (BlobID(checked: random.bytes(16)), BlobID(checked: random.bytes(16)))
        try write([[1]], as: blob, to: store)
        try write([[2]], as: other, to: store)
        try store.remove(blob)
        try refuses(StorageError.missing) { _ = try store.open(blob) }
        try store.remove(blob)
        try same(Array(try store.open(other).read(at: 0, count: 1)), [2])
    }

    private static func openOutlivesRemoval(_ store: any BlobStore) throws {
        var random = SeededRandom()
        let blob = BlobID(checked: random.bytes(16))
        try write([[7, 8, 9]], as: blob, to: store)
        let reader = try store.open(blob)
        try store.remove(blob)
        try same(Array(try reader.read(at: 1, count: 2)), [8, 9])
    }

    private static func pastTheEnd(_ store: any BlobStore) throws {
        var random = SeededRandom()
        let blob = BlobID(checked: random.bytes(16))
        try write([[1, 2, 3, 4]], as: blob, to: store)
        let reader = try store.open(blob)
        for (offset, count) in [(0, 5), (4, 1), (3, 2), (1 << 40, 1)] {
            try refuses(StorageError.damaged) { _ = try reader.read(at: offset, count: count) }
        }
    }

    private static func names(_ store: any BlobStore) throws -> [BlobID] {
        var names: [BlobID] = []
        try store.forEachBlob { names.append($0) }
        return names
    }

    private static func all(_ store: any BlobStore) throws {
        var random = SeededRandom()
        let blobs = (0..<30).map { _ in BlobID(checked: random.bytes(16)) }
        for blob in blobs { try write([[1]], as: blob, to: store) }
        let found = try names(store)
        try same(found.count, blobs.count)
        try same(Set(found), Set(blobs))
        try store.remove(blobs[0])
        try same(Set(try names(store)), Set(blobs.dropFirst()))
    }

    private static func stopsTelling(_ store: any BlobStore) throws {
        var random = SeededRandom()
        for _ in 0..<3 { try write([[1]], as: BlobID(checked: random.bytes(16)), to: store) }
        var told = 0
        try refuses(StorageError.full) {
            try store.forEachBlob { _ throws(StorageError) in
                told += 1
                throw .full
            }
        }
        try same(told, 1)
    }
}
