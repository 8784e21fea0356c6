// Event bodies and checkpoints as text. LogFormat §2 and §5.

import Testing
import VaultFormat
import VaultTestKit

@Suite("LogFormat")
struct LogFormatTests {
    /// The times of the vectors' events, which stand in them as text only.
    private let times: [String: Int64] = [
        "an event with the fewest fields": 0,
        "an event with every field": 1_709_251_199_999_999,
        "text outside plain ASCII is escaped by UTF-16 unit": -999_999,
    ]

    @Test("an event's body has the second implementation's bytes")
    func bodies() throws {
        let vectors = try Vectors.load("log", as: LogVectors.self)
        #expect(vectors.opens.count == times.count)
        for vector in vectors.opens {
            let time = try #require(times[vector.rule])
            let event = try #require(try vector.event(atMicroseconds: time))
            let body = String(decoding: event.body(index: vector.number), as: UTF8.self)
            #expect(body == vector.body, "\(vector.rule)")
        }
    }

    @Test("what an event says while the vault is sealed is who by number, code, slot and rule")
    func whileSealed() throws {
        let vectors = try Vectors.load("log", as: LogVectors.self)
        let full = try #require(vectors.opens.first { $0.rule == "an event with every field" })
        let event = try #require(try full.event(atMicroseconds: 0))
        let body = String(decoding: event.whileSealed.body(index: 9), as: UTF8.self)
        #expect(
            body == #"{"index":9,"at":"1970-01-01T00:00:00.000000Z","action":"image.put","#
                + #""outcome":"refused","code":"image-refused","door":"images","uid":4294967294,"#
                + #""gid":33,"pid":0,"slot":"\#(try #require(event.slot).hex)","#
                + #""key_file":"log-key","rule":"id-walk"}"#)
    }

    @Test("numbers that should not be negative are never written so")
    func negativeNumbers() {
        var event = Event(.readEnded, atMicroseconds: 0)
        event.bytes = -1
        event.durationMicroseconds = .min
        event.caller = Caller(door: .audit, uid: 0, gid: 0, pid: -1)
        let body = String(decoding: event.body(index: 0), as: UTF8.self)
        #expect(body.contains(#""pid":4294967295,"bytes":0,"duration_us":0}"#))
    }

    @Test("actions, outcomes and doors have distinct numbers and names")
    func distinctWords() {
        #expect(Set(EventAction.allCases.map(\.name)).count == EventAction.allCases.count)
        #expect(Set(EventOutcome.allCases.map(\.name)).count == EventOutcome.allCases.count)
        #expect(Set(Door.allCases.map(\.name)).count == Door.allCases.count)
    }

    @Test("a checkpoint and its key have the second implementation's text")
    func checkpoints() throws {
        let vectors = try Vectors.load("log", as: LogVectors.self).checkpoints
        let key = vectors.publicKey.bytes
        #expect(
            VerifierKey.text(origin: vectors.origin, keyID: vectors.keyId.bytes, publicKey: key)
                == vectors.verifierKey)
        for vector in vectors.notes {
            let checkpoint = Checkpoint(
                origin: vectors.origin, size: vector.size, root: try Digest256(hex: vector.root))
            #expect(vector.note.hasPrefix(checkpoint.text + "\n\u{2014} "))
        }
    }

    @Test("the succession of a key is one note, which starts as no checkpoint does")
    func succession() throws {
        let vectors = try Vectors.load("log", as: LogVectors.self).checkpoints
        let told = vectors.succession
        let succession = LogKeySuccession(
            origin: vectors.origin, number: told.number, old: told.old, new: told.new)
        #expect(told.note.hasPrefix(succession.text + "\n"))
        let signatures = try told.note.split(separator: "\n").suffix(2).map { line in
            let text = try #require(line.split(separator: " ").last)
            let bytes = try Base64.decode(String(text))
            return (keyID: Array(bytes.prefix(4)), signature: Array(bytes.dropFirst(4)))
        }
        #expect(succession.note(signatures) == told.note)
        #expect(signatures.map(\.signature.count) == [64, 64])
        #expect(!succession.text.hasPrefix(vectors.origin + "\n"))
    }

    @Test("a frontier has one hash for each bit of its size")
    func frontierSizes() throws {
        let packed = [UInt8](repeating: 1, count: 96)
        let frontier = try MerkleFrontier(size: 0b1011, packed: packed)
        #expect(frontier.packed == packed)
        #expect(throws: FormatError.wrongLength(expected: 64, actual: 96)) {
            try MerkleFrontier(size: 0b1010, packed: packed)
        }
        #expect(throws: FormatError.wrongLength(expected: 96, actual: 95)) {
            try MerkleFrontier(size: 0b1011, packed: Array(packed.dropLast()))
        }
        #expect(MerkleFrontier.empty.packed.isEmpty)
    }
}
