// Cursors and parameters of what walks over all keys: one spelling each, and every other refused.

import Testing
import VaultFormat

@Suite("Walks over the keys")
struct KeyWalkTests {
    @Test("a cursor rises with the rows and with the phases, and comes back as it was")
    func cursors() throws {
        var last: Int64 = -1
        for phase in KeyWalkPhase.allCases {
            for row in [0, 1, 1 << 40, (1 << 56) - 1] as [Int64] {
                let place = try KeyWalkPlace(phase, done: row)
                #expect(place.cursor > last)
                #expect(try KeyWalkPlace(cursor: place.cursor) == place)
                last = place.cursor
            }
        }
        for cursor in [-1, 6 << 56, .max, .min] as [Int64] {
            #expect(throws: FormatError.unknownValue(field: "phase")) {
                _ = try KeyWalkPlace(cursor: cursor)
            }
        }
        for row in [-1, 1 << 56] as [Int64] {
            #expect(throws: FormatError.outOfRange(field: "done")) {
                _ = try KeyWalkPlace(.blobs, done: row)
            }
        }
    }

    @Test("parameters have one spelling")
    func parameters() throws {
        let rotation = RotationParameters(epoch: try EpochNumber(7))
        #expect(try RotationParameters(parsing: rotation.encoded) == rotation)
        for namespace in [nil, NamespaceName.standard] {
            let work = ReencryptionParameters(epoch: try EpochNumber(.max), namespace: namespace)
            #expect(try ReencryptionParameters(parsing: work.encoded) == work)
        }
        let faults: [([UInt8], FormatError)] = [
            ([], .truncated), ([2, 0, 0, 0, 1], .unknownVersion(2)),
            ([1, 0, 0, 0, 0], .outOfRange(field: "epoch")), ([1, 0, 0, 1], .truncated),
            ([1, 0, 0, 0, 1, 0], .trailingBytes),
        ]
        for (bytes, error) in faults {
            #expect(throws: error) { try RotationParameters(parsing: bytes) }
        }
        #expect(throws: FormatError.truncated) {
            try ReencryptionParameters(parsing: [1, 0, 0, 0, 1, 3, 0x61])
        }
        #expect(throws: FormatError.trailingBytes) {
            try ReencryptionParameters(parsing: [1, 0, 0, 0, 1, 0, 0])
        }
    }

    @Test("a destruction names each backup once, in order")
    func destructions() throws {
        let (one, two) = (
            BackupID(checked: [UInt8](repeating: 1, count: 16)),
            BackupID(checked: [UInt8](repeating: 2, count: 16))
        )
        let both = try EpochDestruction(epoch: .first, stranded: [two, one, two])
        #expect(both.stranded == [one, two])
        #expect(try EpochDestruction(parsing: both.encoded) == both)
        let head: [UInt8] = [0, 0, 0, 1, 0, 2]
        for bytes in [head + two.bytes + one.bytes, head + one.bytes + one.bytes] {
            #expect(throws: FormatError.notCanonical(field: "stranded")) {
                try EpochDestruction(parsing: bytes)
            }
        }
        #expect(throws: FormatError.truncated) {
            try EpochDestruction(parsing: head + one.bytes)
        }
        #expect(throws: FormatError.trailingBytes) {
            try EpochDestruction(parsing: both.encoded + [0])
        }
        let many = (0...UInt8(Limits.strandedBackups)).map {
            BackupID(checked: [$0] + [UInt8](repeating: 0, count: 15))
        }
        #expect(throws: FormatError.outOfRange(field: "stranded")) {
            try EpochDestruction(epoch: .first, stranded: many)
        }
    }
}
