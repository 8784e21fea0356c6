import Testing
import VaultCrypto
import VaultFormat
import VaultTestKit

@Suite("A bearer's secret")
struct BearerDigestTests {
    @Test("is known again by the second implementation's digest")
    func vectors() throws {
        let keyring = try FixedVault.keyring()
        for vector in try Vectors.load("bearers", as: BearerVectors.self).opens {
            let text = try BearerText(parsing: vector.text)
            #expect(keyring.digest(text).hex == vector.digest, "\(vector.rule)")
        }
    }

    @Test("is drawn from all of its letters, and each time another")
    func random() throws {
        let drawn = try (0..<200).map { _ in try BearerText.random(.token) }
        #expect(Set(drawn).count == 200)
        let letters = Set(drawn.flatMap { $0.bytes.dropFirst(4).prefix(BearerText.letters) })
        #expect(letters == Set(BearerText.alphabet))
        for text in drawn {
            #expect(try BearerText(parsing: String(decoding: text.bytes, as: UTF8.self)) == text)
        }
    }
}
