// What the crypto tests share: opening whole blobs, and libsodium as the other side.

import CSodium
import Foundation
import VaultCrypto
import VaultFormat
import VaultTestKit

/// `bytes` with one bit of one byte changed.
func flipped(_ bytes: [UInt8], at index: Int, bit: UInt8 = 1) -> [UInt8] {
    var bytes = bytes
    bytes[index] ^= bit
    return bytes
}

/// The code of an error of the format or of the keys.
func code(of error: any Error) -> String {
    switch error {
    case let error as FormatError: error.code
    case let error as CryptoError: error.code
    default: "\(error)"
    }
}

enum WholeBlob {
    /// Opens a file as a reader must: header, size, commitment, frames.
    ///
    /// - Throws: ``Refusal``.
    static func open(
        _ file: [UInt8], key: borrowing Secret<DataKey>, namespace: NamespaceName, image: ImageID
    ) throws -> [UInt8] {
        let header: ObjectHeader
        do throws(FormatError) {
            header = try ObjectHeader(parsing: Array(file.prefix(ObjectHeader.byteCount)))
        } catch {
            throw Refusal("header", error.code)
        }
        let layout = header.layout
        guard file.count == layout.fileBytes else { throw Refusal("size", "wrong-length") }
        let opener: BlobOpener
        do throws(CryptoError) {
            opener = try BlobOpener(header: header, key: key, namespace: namespace, image: image)
        } catch {
            throw Refusal("commitment", error.code)
        }
        do throws(CryptoError) {
            var plain: [UInt8] = []
            for index in 0..<layout.frameCount {
                let start = layout.fileOffset(ofFrame: index)
                let end = start + layout.plaintextBytes(ofFrame: index) + ObjectHeader.tagBytes
                var sealed = headroom(header.suite) + Data(file[start..<end])
                plain += try opener.open(&sealed, index: index)
            }
            return plain
        } catch {
            throw Refusal("frame", error.code)
        }
    }

    /// Seals `plain` and gives the whole file; `use` gets the new key.
    static func seal<R>(
        _ plain: [UInt8], suite: Suite, namespace: NamespaceName, image: ImageID,
        use: ([UInt8], borrowing Secret<DataKey>) throws -> R
    ) throws -> R {
        var sealer = try BlobSealer(
            suite: suite, plaintextBytes: plain.count, namespace: namespace, image: image)
        let layout = sealer.header.layout
        var file = sealer.header.encoded
        for index in 0..<layout.frameCount {
            let start = index * layout.frameBytes
            let frame = Array(plain[start..<start + layout.plaintextBytes(ofFrame: index)])
            let pieces = try unsafe frame.withUnsafeBytes { bytes in
                try unsafe sealer.sealNext(bytes)
            }
            for piece in pieces { file += piece }
        }
        return try use(file, sealer.key)
    }
}

/// The room for the nonce that the opener wants before a sealed frame.
func headroom(_ suite: Suite) -> Data { Data(count: suite.nonceBytes) }

/// The primitives straight from libsodium, laid out as the specifications say.
enum OtherSide {
    static func derive(_ key: [UInt8], personal: [UInt8], _ message: [UInt8]) -> [UInt8] {
        var out = [UInt8](repeating: 0, count: 64)
        let status = unsafe crypto_generichash_blake2b_salt_personal(
            &out, 64, message, UInt64(message.count), key, key.count, nil, personal)
        precondition(status == 0)
        return out
    }

    static func sealXChaCha(
        _ message: [UInt8], key: [UInt8], nonce: [UInt8], aad: [UInt8]
    ) -> [UInt8] {
        var sealed = [UInt8](repeating: 0, count: message.count + 16)
        let status = unsafe crypto_aead_xchacha20poly1305_ietf_encrypt(
            &sealed, nil, message, UInt64(message.count), aad, UInt64(aad.count), nil, nonce, key)
        precondition(status == 0)
        return sealed
    }

    static func openXChaCha(
        _ sealed: [UInt8], key: [UInt8], nonce: [UInt8], aad: [UInt8]
    ) -> [UInt8]? {
        var plain = [UInt8](repeating: 0, count: sealed.count - 16)
        let status = unsafe crypto_aead_xchacha20poly1305_ietf_decrypt(
            &plain, nil, nil, sealed, UInt64(sealed.count), aad, UInt64(aad.count), nonce, key)
        return status == 0 ? plain : nil
    }

    static func sealGCM(_ message: [UInt8], key: [UInt8], nonce: [UInt8], aad: [UInt8]) -> [UInt8] {
        var sealed = [UInt8](repeating: 0, count: message.count + 16)
        let status = unsafe crypto_aead_aes256gcm_encrypt(
            &sealed, nil, message, UInt64(message.count), aad, UInt64(aad.count), nil, nonce, key)
        precondition(status == 0)
        return sealed
    }

    static func openGCM(_ sealed: [UInt8], key: [UInt8], nonce: [UInt8], aad: [UInt8]) -> [UInt8]? {
        var plain = [UInt8](repeating: 0, count: sealed.count - 16)
        let status = unsafe crypto_aead_aes256gcm_decrypt(
            &plain, nil, nil, sealed, UInt64(sealed.count), aad, UInt64(aad.count), nonce, key)
        return status == 0 ? plain : nil
    }

    static func sha256(_ message: [UInt8]) -> [UInt8] {
        var out = [UInt8](repeating: 0, count: 32)
        unsafe crypto_hash_sha256(&out, message, UInt64(message.count))
        return out
    }

    static func randomBytes(_ count: Int) -> [UInt8] {
        var out = [UInt8](repeating: 0, count: count)
        unsafe randombytes_buf(&out, count)
        return out
    }
}
