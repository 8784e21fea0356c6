// Lines that people copy: what reads them back, and what tells a mistake.

import Testing
import VaultFormat
import VaultTestKit

@Suite("Checked texts")
struct SlotTextTests {
    private static let forms: [String: CheckedText] = [
        "key": .keyFile, "share": .share, "recovery": .recoveryKey, "recipient": .recipient,
        "challenge": .challenge, "answer": .answer,
    ]

    @Test("each is read back to its bytes, as it is and as it stands on paper")
    func opens() throws {
        let vectors = try Vectors.load("slot-texts", as: SlotTextVectors.self)
        #expect(vectors.opens.count == 11)
        for vector in vectors.opens {
            let form = try #require(Self.forms[vector.name])
            let bytes = try #require(vector.bytes?.bytes)
            #expect(try form.bytes(Array(vector.text.utf8)) == bytes, "\(vector.rule)")
            #expect(form.byteCount == bytes.count)
            if !vector.rule.hasSuffix("paper") { #expect(form.text(bytes) == vector.text) }
        }
    }

    @Test("what was mistyped, cut, or is of another kind is told")
    func refusals() throws {
        let vectors = try Vectors.load("slot-texts", as: SlotTextVectors.self)
        #expect(vectors.refusals.count == 48)
        for vector in vectors.refusals {
            let form = try #require(Self.forms[vector.name])
            #expect(throws: FormatError.invalidText(field: "checked text"), "\(vector.rule)") {
                try form.bytes(Array(vector.text.utf8))
            }
        }
        for vector in vectors.opens {
            for (name, form) in Self.forms where name != vector.name {
                #expect(throws: FormatError.self) { try form.bytes(Array(vector.text.utf8)) }
            }
        }
    }

    @Test("no single wrong digit of a share goes unnoticed")
    func everyDigit() throws {
        let vectors = try Vectors.load("slot-texts", as: SlotTextVectors.self)
        let text = Array(try #require(vectors.opens.first { $0.name == "share" }).text.utf8)
        for index in text.indices {
            for digit in Array("0123456789abcdef".utf8) where digit != text[index] {
                var changed = text
                changed[index] = digit
                #expect(throws: FormatError.self) { try CheckedText.share.bytes(changed) }
            }
        }
    }

    @Test("four check words stand for eight bytes, and no two words for the same")
    func words() {
        #expect(
            CheckWords.text([0x7F, 0, 0, 1, 0x3F, 0x54, 0xDC, 0xC1]) == "lusab babad gutih tugad")
        let words = (0...UInt16.max).map { value in
            let bytes = [UInt8(value >> 8), UInt8(value & 255)]
            return CheckWords.text(bytes + [0, 0, 0, 0, 0, 0]).prefix(5)
        }
        #expect(Set(words).count == 65536)
    }

    @Test("a share says how many are needed, within what is allowed")
    func shareHeads() throws {
        let vault: VaultID = try VaultID(bytes: [UInt8](repeating: 7, count: 16))
        let id = [UInt8](1...8)
        for (needed, count) in [(2, 2), (3, 5), (16, 24)] as [(UInt8, UInt8)] {
            let set = try ShareSet(id: id, needed: needed, count: count)
            let head = try ShareHead(vault: vault, set: set, number: count)
            #expect(try ShareHead(parsing: head.encoded) == head)
            #expect(throws: FormatError.outOfRange(field: "share number")) {
                try ShareHead(vault: vault, set: set, number: 0)
            }
            #expect(throws: FormatError.outOfRange(field: "share number")) {
                try ShareHead(vault: vault, set: set, number: count + 1)
            }
        }
        for (needed, count) in [(0, 2), (1, 2), (3, 2), (17, 20), (2, 25)] as [(UInt8, UInt8)] {
            #expect(throws: FormatError.outOfRange(field: "shares")) {
                try ShareSet(id: id, needed: needed, count: count)
            }
        }
    }
}
