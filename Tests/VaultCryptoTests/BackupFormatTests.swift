// Backups' formats as a second implementation makes them, and as this one does. BackupFormat.

import Testing
import VaultCrypto
import VaultFormat
import VaultTestKit

@Suite("The formats of backups")
struct BackupFormatTests {
    private func vectors() throws -> BackupVectors { try Vectors.load("backups") }

    private func refuses(
        _ vector: BackupVectors.Refused, _ body: () throws -> Void
    ) {
        let error = #expect(throws: FormatError.self, "\(vector.rule)") { try body() }
        #expect(error?.code == vector.code, "\(vector.rule)")
    }

    @Test("a signed manifest is the second implementation's, to the last byte, and verifies")
    func manifests() throws {
        let signer = try FixedVault.logSigner()
        let vectors = try vectors().manifests
        #expect(vectors.opens.count == 2)
        for vector in vectors.opens {
            let manifest = try BackupManifest(parsing: vector.text)
            #expect(manifest.text == vector.text, "\(vector.rule)")
            #expect(try signer.note(manifest) == vector.note, "\(vector.rule)")
            #expect(
                try NoteVerifier(line: signer.verifierKey)
                    .verifies(SignedNote(parsing: vector.note)))
        }
        for vector in vectors.refusals {
            refuses(vector) { _ = try BackupManifest(parsing: vector.text ?? "") }
        }
    }

    @Test("a list of blobs has one spelling")
    func lists() throws {
        for vector in try vectors().lists.opens {
            let blobs = try ListedBlob.all(in: vector.text)
            #expect(blobs.count == vector.count)
            #expect(blobs.map(\.line).joined() == vector.text)
        }
        for vector in try vectors().lists.refusals {
            refuses(vector) { _ = try ListedBlob.all(in: vector.text ?? "") }
        }
    }

    @Test("each record is read as it was written, and nothing else is one")
    func records() throws {
        let vectors = try vectors().records
        for vector in vectors.opens {
            let record = try BackupRecord(parsing: vector.bytes.bytes)
            #expect("\(record)".hasPrefix(vector.rule), "\(record)")
            #expect(record.encoded == vector.bytes.bytes, "\(vector.rule)")
        }
        #expect(Set(vectors.opens.map { $0.bytes.bytes[0] }) == Set(1...9))
        for vector in vectors.refusals {
            refuses(vector) { _ = try BackupRecord(parsing: vector.bytes?.bytes ?? []) }
        }
    }

    @Test("a list of erasures says what counts for a backup of fifteen events")
    func erasures() throws {
        for vector in try vectors().erasures.opens {
            let list = try ErasureList(parsing: vector.text)
            #expect(list.lines.count == vector.lines, "\(vector.rule)")
            #expect(list.through == vector.through, "\(vector.rule)")
            #expect(list.lines(for: 15).map(\.index) == vector.counted, "\(vector.rule)")
            // Written anew it says the same.
            let again = try ErasureList(parsing: list.text)
            #expect(again.lines == list.lines && again.through == list.through)
            #expect(again.lines(for: 15) == list.lines(for: 15), "\(vector.rule)")
        }
        for vector in try vectors().erasures.refusals {
            refuses(vector) { _ = try ErasureList(parsing: vector.text ?? "") }
        }
    }
}

/// `backups.json`.
struct BackupVectors: Decodable {
    struct Refused: Decodable {
        let rule: String
        let text: String?
        let bytes: HexBytes?
        let code: String
    }

    struct Group<Opened: Decodable>: Decodable {
        let opens: [Opened]
        let refusals: [Refused]
    }

    struct Signed: Decodable {
        let rule: String
        let text: String
        let note: String
    }

    struct Listed: Decodable {
        let text: String
        let count: Int
    }

    struct Record: Decodable {
        let rule: String
        let bytes: HexBytes
    }

    struct Erasures: Decodable {
        let rule: String
        let text: String
        let lines: Int
        let through: UInt64
        let counted: [UInt64]
    }

    let manifests: Group<Signed>
    let lists: Group<Listed>
    let records: Group<Record>
    let erasures: Group<Erasures>
}
