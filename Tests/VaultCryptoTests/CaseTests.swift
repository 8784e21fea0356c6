// Cases as a second implementation seals them, and as this one does. CaseFormat.

import Testing
import VaultCrypto
import VaultFormat
import VaultTestKit

@Suite("A case's file")
struct CaseTests {
    private func open(_ vector: CaseVector, _ keyring: Keyring) throws -> OpenedCase {
        do {
            _ = try CaseFile(parsing: vector.file.bytes)
        } catch {
            throw Refusal("parser", error.code)
        }
        do {
            return try keyring.openCase(vector.file.bytes).opened
        } catch let error as CryptoError {
            throw Refusal("case", error.code)
        } catch let error as FormatError {
            throw Refusal("case", error.code)
        }
    }

    @Test("is opened as the second implementation sealed it, record by record")
    func opens() throws {
        let keyring = try FixedVault.keyring()
        let vectors = try Vectors.load("cases", as: VectorFile<CaseVector>.self).opens
        #expect(vectors.count == 3)
        for vector in vectors {
            let opened = try open(vector, keyring)
            #expect(opened.heading.incident.hex == vector.incident)
            #expect(opened.digest.hex == vector.digest, "\(vector.rule)")
            #expect(opened.records.map { "\($0.kind)" } == vector.records?.map(\.kind))
            #expect(opened.records.map(\.content) == vector.records?.map(\.content.bytes))
            let ends = try CaseFile(parsing: vector.file.bytes).boxes.map(\.end)
            let digests = ends.map { LogHash.digest(Array(vector.file.bytes.prefix($0))).hex }
            #expect(digests == vector.digests)
        }
    }

    @Test("is refused where the second implementation refuses it")
    func refuses() throws {
        let keyring = try FixedVault.keyring()
        let vectors = try Vectors.load("cases", as: VectorFile<CaseVector>.self).refusals
        #expect(vectors.count == 22)
        for vector in vectors {
            let refusal = try #require(vector.refusal)
            #expect(throws: refusal, "\(vector.rule)") { try open(vector, keyring) }
        }
    }

    @Test("is added to at its end, and is another with each record")
    func grows() throws {
        let keyring = try FixedVault.keyring()
        let heading = CaseHeading(
            vault: keyring.vault, incident: IncidentID(checked: [UInt8](repeating: 3, count: 16)))
        var (file, end) = (heading.encoded, CaseEnd(heading))
        let records: [CaseRecord] = [
            CaseRecord(.manifest, Array("{}".utf8)), CaseRecord(.census, []),
            CaseRecord(.bundle, [UInt8](repeating: 7, count: Limits.caseRecordBytes - 1)),
            CaseRecord(.entry, [1]), CaseRecord(.entry, [1]),
        ]
        var digests: Set<Digest256> = [end.digest]
        for (number, record) in records.enumerated() {
            file += try keyring.seal(record, at: &end)
            digests.insert(end.digest)
            let (opened, reopened) = try keyring.openCase(file)
            #expect(opened.records == Array(records.prefix(number + 1)))
            #expect((reopened.bytes, reopened.records) == (file.count, number + 1))
            // Whoever read it goes on where the writer is.
            #expect(reopened.digest == end.digest)
            end = reopened
        }
        #expect(digests.count == records.count + 1)
        #expect(try TestKeys.keyring().vault != keyring.vault)
        #expect(throws: CryptoError.refused) { try TestKeys.keyring().openCase(file) }
    }
}
