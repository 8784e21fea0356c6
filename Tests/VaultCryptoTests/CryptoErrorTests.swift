// Every way in which a key can fail, provoked. Memory that is exhausted or not locked is provoked in
// LockedMemoryTests, in processes of their own, and so is a sealing; libsodium that does not start cannot be.

import Testing
import VaultCrypto
import VaultFormat
import VaultTestKit

@Suite("Crypto errors")
struct CryptoErrorTests {
    @Test("each crypto error is thrown for its cause")
    func causes() throws {
        let keyring = try FixedVault.keyring()
        let context = WrapContext(
            subject: .blob(try Random.id()), epoch: keyring.primaryEpoch, namespace: .standard,
            image: try Random.id())
        let provoked = [
            code { _ = try keyring.unwrap([UInt8](repeating: 1, count: 72), context: context) },
            code {
                let stranger = try Secret<RootKey>.random()
                _ = try KeyFileCipher.open(keyring.keys.file, root: stranger)
            },
            code { try FixedVault.withSecret("imagevault-key-1:") { _ in } },
            code {
                var out = [UInt8](repeating: 0, count: 32)
                try unsafe out.withUnsafeMutableBytes { out in
                    try unsafe Argon2id().stretch(
                        UnsafeRawBufferPointer(out), salt: [], .moderate, into: out)
                }
            },
            code { _ = try keyring.imageID(of: LogHash.empty, in: NamespaceName("nobody")) },
        ]
        #expect(provoked == [.refused, .wrongKey, .malformedKeyFile, .stretchFailed, .unknownKey])
    }

    private func code(_ body: () throws -> Void) -> CryptoError? {
        do {
            try body()
            return nil
        } catch {
            return error as? CryptoError
        }
    }

    @Test("each crypto error has its own lasting code")
    func codes() {
        let errors: [CryptoError] = [
            .refused, .wrongKey, .memoryNotLocked, .keyMemoryExhausted, .libraryUnavailable,
            .malformedKeyFile, .stretchFailed, .sealed,
            .unknownKey,
        ]
        #expect(
            errors.map(\.code) == [
                "refused", "wrong-key", "memory-not-locked", "key-memory-exhausted",
                "library-unavailable", "malformed-key-file", "stretch-failed", "sealed",
                "unknown-key",
            ])
    }
}
