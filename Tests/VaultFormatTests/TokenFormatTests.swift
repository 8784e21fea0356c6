import Testing
import VaultFormat
import VaultTestKit

@Suite("Parameters of slots on tokens")
struct TokenFormatTests {
    private let vectors: VectorFile<TokenVector>

    init() throws { vectors = try Vectors.load("tokens") }

    @Test("are read as the vectors say, and written as they were read")
    func opens() throws {
        for vector in vectors.opens {
            let parameters = try PKCS11Parameters(parsing: vector.parameters.bytes)
            #expect(parameters.key.text == vector.label, "\(vector.rule)")
            #expect(parameters.nonce == vector.nonce?.bytes)
            #expect(parameters.sealedSecret == vector.sealed?.bytes)
            #expect(parameters.encoded == vector.parameters.bytes)
        }
    }

    @Test("that are cut, too long or misnamed are refused")
    func refusals() throws {
        for vector in vectors.refusals {
            let code = refusalCode { _ = try PKCS11Parameters(parsing: vector.parameters.bytes) }
            #expect(code == (vector.refusedBy == "parser" ? vector.code : nil), "\(vector.rule)")
        }
    }

    @Test("bind a secret to its vault and slot, by what is authenticated and by the object's path")
    func binding() throws {
        for vector in vectors.opens {
            #expect(try vector.slot().associatedData == vector.aad?.bytes)
            #expect(try vector.slot(.tpm2).objectPath == vector.object)
        }
    }

    @Test("name a token or a key with 1 to 64 printable characters")
    func names() throws {
        for text in ["x", "Vault key #1", String(repeating: "~", count: 64)] {
            #expect(try TokenText(text).text == text)
        }
        for text in ["", String(repeating: "x", count: 65), "a\nb", "a\0b", "ü", "a\u{7F}"] {
            #expect(refusalCode { _ = try TokenText(text) } == "invalid-text")
        }
    }

    private func refusalCode(_ body: () throws -> Void) -> String? {
        do {
            try body()
            return nil
        } catch {
            return (error as? FormatError)?.code
        }
    }
}
