// Bundles as a second implementation made them, and as it broke them.

import Testing
import VaultCrypto
import VaultFormat
import VaultTestKit

@Suite("Bundles of the log")
struct BundleTests {
    private struct Edit: Decodable {
        let at: Int
        let delete: Int?
        let insert: [String]?
        let pad: Int?
    }

    private struct Vector: Decodable {
        struct Says: Decodable {
            let vault: String
            let from: String
            let to: String
            let rows: String
            let events: UInt64
            let erased: UInt64
            let size: String
            let root: String
            let signer: String
        }
        let rule: String
        let of: String
        let edits: [Edit]?
        let keys: [String]
        let fingerprint: String?
        let known: String?
        let witnesses: [String]?
        let needed: Int?
        let says: Says?
        let refusedBy: String?
        let index: String?
    }

    private struct File: Decodable {
        let bundles: [String: [String]]
        let opens: [Vector]
        let refusals: [Vector]
    }

    private let file: File

    init() throws { file = try Vectors.load("bundles", as: File.self) }

    private func text(_ vector: Vector) throws -> [UInt8] {
        var lines = try #require(file.bundles[vector.of])
        for edit in vector.edits ?? [] {
            var new = edit.insert ?? []
            if let pad = edit.pad, let last = new.popLast() {
                new.append(last + String(repeating: "A", count: pad - 1 - last.utf8.count))
            }
            lines.replaceSubrange(edit.at..<edit.at + (edit.delete ?? 0), with: new)
        }
        return Array(lines.joined(separator: "\n").utf8)
    }

    /// Reads in pieces of a length that is no line's.
    private func check(_ vector: Vector, piece: Int = 97) throws -> BundleSummary {
        var trust = BundleTrust(keys: try vector.keys.map { try NoteVerifier(line: $0) })
        trust.fingerprint = vector.fingerprint
        trust.known = vector.known
        trust.witnesses = try (vector.witnesses ?? []).map { try WitnessVerifier(line: $0) }
        trust.witnessesNeeded = vector.needed ?? trust.witnesses.count
        var file = try BundleFile(trust)
        let bytes = try text(vector)
        for start in stride(from: 0, to: bytes.count, by: piece) {
            try file.feed(bytes[start..<min(start + piece, bytes.count)])
        }
        return try file.finish()
    }

    @Test("each bundle that holds says what the second implementation says")
    func opens() throws {
        #expect(file.opens.count > 20)
        for vector in file.opens {
            let says = try #require(vector.says)
            let found = try check(vector)
            #expect(found.heading.vault.hex == says.vault, "\(vector.rule)")
            #expect(String(found.heading.from) == says.from, "\(vector.rule)")
            #expect(String(found.heading.to) == says.to, "\(vector.rule)")
            #expect((found.heading.query == nil) == (says.rows == "all"), "\(vector.rule)")
            #expect(found.events == says.events, "\(vector.rule)")
            #expect(found.erased == says.erased, "\(vector.rule)")
            #expect(String(found.size) == says.size, "\(vector.rule)")
            #expect(found.root.hex == says.root, "\(vector.rule)")
            #expect(found.fingerprint == says.signer, "\(vector.rule)")
        }
    }

    @Test("each bundle that does not hold is refused by the same rule at the same index")
    func refusals() throws {
        #expect(file.refusals.count > 100)
        for vector in file.refusals {
            do {
                _ = try check(vector)
                Issue.record("\(vector.rule) is taken")
            } catch let fault as BundleFault {
                #expect(fault.rule.rawValue == vector.refusedBy, "\(vector.rule)")
                #expect(String(fault.index) == vector.index, "\(vector.rule)")
            } catch {
                Issue.record("\(vector.rule): \(error)")
            }
        }
    }

    @Test("a page is read alike in pieces of any length", arguments: [13, 76, 77, 100_000])
    func pieces(length: Int) throws {
        let page = { (vector: Vector) in
            vector.of.contains("page") && vector.edits?.contains { $0.pad != nil } != true
        }
        for vector in file.opens where page(vector) {
            #expect(try check(vector, piece: length).root.hex == vector.says?.root)
        }
        for vector in file.refusals where page(vector) {
            let fault = #expect(throws: BundleFault.self) { try check(vector, piece: length) }
            #expect(fault?.rule.rawValue == vector.refusedBy, "\(vector.rule)")
            #expect(fault.map { String($0.index) } == vector.index, "\(vector.rule)")
        }
    }

    @Test("every rule is broken by some bundle")
    func everyRule() {
        let broken = Set(file.refusals.compactMap(\.refusedBy))
        #expect(broken == Set(BundleFault.Rule.allCases.map(\.rawValue)))
    }
}
