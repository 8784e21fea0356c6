// Cursors and parameters of a check: one spelling each, and every other refused.

import Testing
import VaultFormat

@Suite("Checks")
struct CheckTests {
    @Test("a cursor rises with what is done and with the phases, and comes back as it was")
    func cursors() throws {
        var last: Int64 = -1
        for phase in CheckPhase.allCases {
            for done in [0, 1, 1 << 40, (1 << 56) - 1] as [Int64] {
                let place = try CheckPlace(phase, done: done)
                #expect(place.cursor > last)
                #expect(try CheckPlace(cursor: place.cursor) == place)
                last = place.cursor
            }
        }
        for cursor in [-1, 4 << 56, .max, .min] as [Int64] {
            #expect(throws: FormatError.unknownValue(field: "phase")) {
                _ = try CheckPlace(cursor: cursor)
            }
        }
        for done in [-1, 1 << 56] as [Int64] {
            #expect(throws: FormatError.outOfRange(field: "done")) {
                _ = try CheckPlace(.images, done: done)
            }
        }
    }

    @Test("a scrub's cursor is an image's row, and rises behind all of them with a check's")
    func scrubs() throws {
        let last = Int64(1 << 56) - 1
        #expect(ScrubPlace(cursor: last) == .contents(after: last))
        #expect(ScrubPlace(cursor: last + 1) == .check(cursor: 0))
        let end = try CheckPlace(.end, done: 1).cursor
        for place in [ScrubPlace.contents(after: 0), .contents(after: 9), .check(cursor: end)] {
            #expect(ScrubPlace(cursor: place.cursor) == place)
        }
    }

    @Test("parameters have one spelling")
    func parameters() throws {
        let check = CheckParameters(events: .max, lastImage: 7, lastReference: 9)
        #expect(try CheckParameters(parsing: check.encoded) == check)
        let bytes = check.encoded
        let faults: [([UInt8], FormatError)] = [
            ([], .truncated), ([2] + bytes.dropFirst(), .unknownVersion(2)),
            (bytes.dropLast(), .truncated), (bytes + [0], .trailingBytes),
        ]
        for (bytes, error) in faults {
            #expect(throws: error) { try CheckParameters(parsing: bytes) }
        }
    }
}
