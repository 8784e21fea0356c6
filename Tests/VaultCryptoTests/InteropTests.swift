// libsodium opens what the vault sealed and the reverse: suite 1 comes from swift-crypto, so this
// proves that two libraries agree on the bytes.

import CSodium
import Foundation
import Testing
import VaultCrypto
import VaultFormat
import VaultTestKit

@Suite("Interoperability")
struct InteropTests {
    static let sodiumHasGCM = sodium_init() >= 0 && crypto_aead_aes256gcm_is_available() == 1
    private static let image = ImageID(checked: [UInt8](repeating: 9, count: 32))
    private static let blob = BlobID(checked: [UInt8](repeating: 8, count: 16))

    private static func context(_ epoch: EpochNumber) -> WrapContext {
        WrapContext(subject: .blob(blob), epoch: epoch, namespace: .standard, image: image)
    }

    @Test("libsodium opens what swift-crypto sealed", .enabled(if: sodiumHasGCM))
    func sodiumOpens() throws {
        var random = SeededRandom()
        let keyring = try FixedVault.keyring()
        let context = Self.context(keyring.primaryEpoch)
        let plain = random.bytes(Limits.frameBytes + 77)
        let (file, wrapped) = try WholeBlob.seal(
            plain, suite: .aes256GCM, namespace: .standard, image: Self.image
        ) { file, key in (file, try keyring.wrap(key, context: context)) }

        let dataKey = try #require(
            OtherSide.openXChaCha(
                Array(wrapped[24...]), key: try FixedVault.key(.epoch, 2),
                nonce: Array(wrapped[..<24]), aad: context.associatedData))
        let message = Array(file[..<60]) + [7] + Array("default".utf8) + Self.image.bytes
        let derived = OtherSide.derive(
            dataKey, personal: Array("ivault-blob-v1-".utf8) + [1], message)
        #expect(Array(derived[32...]) == Array(file[60..<92]))

        let aad = OtherSide.sha256(Array(file[..<92]))
        let boundary = 92 + Limits.frameBytes + 16
        let frames = [Array(file[92..<boundary]), Array(file[boundary...])]
        var opened: [UInt8] = []
        for (index, frame) in frames.enumerated() {
            let nonce = [UInt8](repeating: 0, count: 10) + [UInt8(index), UInt8(index)]
            opened += try #require(
                OtherSide.openGCM(frame, key: Array(derived[..<32]), nonce: nonce, aad: aad))
        }
        #expect(opened == plain)
    }

    @Test("swift-crypto opens what libsodium sealed", .enabled(if: sodiumHasGCM))
    func cryptoOpens() throws {
        var random = SeededRandom()
        let keyring = try FixedVault.keyring()
        let context = Self.context(keyring.primaryEpoch)
        let plain = random.bytes(Limits.frameBytes + 77)
        let dataKey = OtherSide.randomBytes(32)
        let start = ObjectHeader.uncommitted(
            suite: .aes256GCM, frameBytes: Limits.frameBytes, plaintextBytes: plain.count,
            salt: OtherSide.randomBytes(32))
        let derived = OtherSide.derive(
            dataKey, personal: Array("ivault-blob-v1-".utf8) + [1],
            start + [7] + Array("default".utf8) + Self.image.bytes)
        var file = start + Array(derived[32...])
        let aad = OtherSide.sha256(file)
        let frames = [Array(plain[..<Limits.frameBytes]), Array(plain[Limits.frameBytes...])]
        for (index, frame) in frames.enumerated() {
            let nonce = [UInt8](repeating: 0, count: 10) + [UInt8(index), UInt8(index)]
            file += OtherSide.sealGCM(frame, key: Array(derived[..<32]), nonce: nonce, aad: aad)
        }
        let nonce = OtherSide.randomBytes(24)
        let wrapped =
            nonce
            + OtherSide.sealXChaCha(
                dataKey, key: try FixedVault.key(.epoch, 2), nonce: nonce,
                aad: context.associatedData)

        let key = try keyring.unwrap(wrapped, context: context)
        let opened = try WholeBlob.open(file, key: key, namespace: .standard, image: Self.image)
        #expect(opened == plain)
    }

    @Test("the frame key, commitment and AAD are those that the second implementation states")
    func statedKeys() throws {
        for vector in try Vectors.load("blobs", as: VectorFile<BlobVector>.self).opens {
            let file = vector.bytes
            let dataKey = try #require(vector.dataKey).bytes
            let namespace = Array(vector.namespace.utf8)
            let message =
                Array(file[..<60]) + [UInt8(namespace.count)] + namespace + vector.image.bytes
            let derived = OtherSide.derive(
                dataKey, personal: Array("ivault-blob-v1-".utf8) + [file[8]], message)
            #expect(Array(derived[..<32]) == vector.frameKey?.bytes, "\(vector.rule)")
            #expect(Array(derived[32...]) == Array(file[60..<92]), "\(vector.rule)")
            #expect(OtherSide.sha256(Array(file[..<92])) == vector.frameAad?.bytes)
        }
    }

    @Test("the suite for this machine is AES-256-GCM exactly when the CPU has the instructions")
    func bestSuite() {
        #expect(Suite.bestHere == (Self.sodiumHasGCM ? .aes256GCM : .xchacha20Poly1305))
    }
}
