// Sealing and opening a blob, frame by frame. ObjectFormat §3 and §4.

import CSodium
import Crypto
package import Foundation
package import VaultFormat

/// Seals the frames of one new blob under a new key.
package struct BlobSealer: ~Copyable, Sendable {
    package let header: ObjectHeader
    package let key: Secret<DataKey>
    private let frames: FrameCipher
    private var next = 0

    /// - Parameters:
    ///   - suite: the cipher.
    ///   - plaintextBytes: how many bytes will be sealed in all.
    ///   - namespace: whose image it is.
    ///   - image: its address.
    /// - Throws: ``CryptoError`` or ``FormatError``.
    package init(
        suite: Suite, plaintextBytes: Int, namespace: NamespaceName, image: ImageID
    ) throws {
        let salt = try Random.bytes(ObjectHeader.saltBytes)
        let key = try Secret<DataKey>.random()
        let head = ObjectHeader.uncommitted(
            suite: suite, frameBytes: Limits.frameBytes, plaintextBytes: plaintextBytes, salt: salt)
        let derived = try FrameCipher.derive(
            key, suite: suite, uncommittedHeader: head, namespace: namespace, image: image)
        header = try ObjectHeader(
            suite: suite, plaintextBytes: plaintextBytes, salt: salt,
            commitment: derived.commitment)
        frames = FrameCipher(header: header, key: derived.take())
        self.key = key
    }

    /// The next frame, in one or two pieces that follow each other in the file: ciphertext, tag.
    ///
    /// Frames come in order and once each: a nonce is never used for two plaintexts.
    ///
    /// - Throws: ``CryptoError/refused`` after the last frame, and for a frame of another length than
    ///   the layout's.
    package mutating func sealNext(_ frame: UnsafeRawBufferPointer) throws -> [Data] {
        guard next < frames.layout.frameCount,
            frame.count == frames.layout.plaintextBytes(ofFrame: next)
        else { throw CryptoError.refused }
        defer { next += 1 }
        return try unsafe frames.seal(frame, index: next)
    }
}

/// Opens the frames of one blob.
package struct BlobOpener: ~Copyable, Sendable {
    package let header: ObjectHeader
    private let frames: FrameCipher

    /// - Throws: ``CryptoError/wrongKey`` unless the header commits to this key, namespace and image.
    package init(
        header: ObjectHeader, key: borrowing Secret<DataKey>, namespace: NamespaceName,
        image: ImageID
    ) throws(CryptoError) {
        let head = ObjectHeader.uncommitted(
            suite: header.suite, frameBytes: header.frameBytes,
            plaintextBytes: header.plaintextBytes, salt: header.salt)
        let derived = try FrameCipher.derive(
            key, suite: header.suite, uncommittedHeader: head, namespace: namespace, image: image)
        guard Sodium.equal(derived.commitment, header.commitment) else { throw .wrongKey }
        self.header = header
        frames = FrameCipher(header: header, key: derived.take())
    }

    /// - Parameters:
    ///   - sealed: the frame's ciphertext and tag, and before them as many bytes as the suite's nonce
    ///     has, of any kind: the nonce is written over them, and nothing is moved.
    ///   - index: the frame's number.
    /// - Returns: the frame's plaintext.
    /// - Throws: ``CryptoError/refused``.
    package func open(_ sealed: inout Data, index: Int) throws(CryptoError) -> Data {
        try frames.open(&sealed, index: index)
    }
}

/// The cipher of one blob's frames in either suite.
private struct FrameCipher: ~Copyable, Sendable {
    let layout: ObjectLayout
    let associatedData: Data
    let key: Secret<SealingKey>

    init(header: ObjectHeader, key: consuming Secret<SealingKey>) {
        layout = header.layout
        associatedData = Data(LogHash.digest(header.encoded).bytes)
        self.key = key
    }

    static func derive(
        _ key: borrowing Secret<DataKey>, suite: Suite, uncommittedHeader: [UInt8],
        namespace: NamespaceName, image: ImageID
    ) throws(CryptoError) -> Derived<SealingKey> {
        let message = ObjectLayout.keyContext(
            uncommittedHeader: uncommittedHeader, namespace: namespace, image: image)
        return try unsafe key.withBytes { (bytes) throws(CryptoError) in
            try unsafe Sodium.derive(
                SealingKey.self, from: bytes, personal: suite.personalisation, message: message)
        }
    }

    func seal(_ frame: UnsafeRawBufferPointer, index: Int) throws -> [Data] {
        let nonce = layout.nonce(ofFrame: index)
        switch layout.suite {
        case .aes256GCM:
            let box = try unsafe key.withBytes { (key) throws(CryptoError) in
                do {
                    return try unsafe AES.GCM.seal(
                        frame, using: SymmetricKey(data: key),
                        nonce: AES.GCM.Nonce(data: nonce), authenticating: associatedData)
                } catch {
                    throw .refused
                }
            }
            return [box.ciphertext, box.tag]
        case .xchacha20Poly1305:
            return try unsafe key.withBytes { (key) throws(CryptoError) in
                unsafe [
                    Data(
                        Sodium.seal(
                            frame, associatedData: Array(associatedData), nonce: nonce, key: key))
                ]
            }
        }
    }

    func open(_ sealed: inout Data, index: Int) throws(CryptoError) -> Data {
        let nonce = layout.nonce(ofFrame: index)
        guard sealed.count > nonce.count + Sodium.tagBytes else { throw .refused }
        switch layout.suite {
        case .aes256GCM:
            // The box takes nonce, ciphertext and tag as they lie here: nothing is copied.
            sealed.replaceSubrange(
                sealed.startIndex..<sealed.startIndex + nonce.count, with: nonce)
            let whole = sealed
            return try unsafe key.withBytes { (key) throws(CryptoError) in
                do {
                    return try unsafe AES.GCM.open(
                        AES.GCM.SealedBox(combined: whole), using: SymmetricKey(data: key),
                        authenticating: associatedData)
                } catch {
                    throw .refused
                }
            }
        case .xchacha20Poly1305:
            return try openXChaCha([UInt8](sealed.dropFirst(nonce.count)), nonce)
        }
    }

    private func openXChaCha(
        _ sealed: [UInt8], _ nonce: [UInt8]
    ) throws(CryptoError) -> Data {
        var plain = [UInt8](repeating: 0, count: sealed.count - Sodium.tagBytes)
        try unsafe plain.withMutableRawBytes { (out) throws(CryptoError) in
            try unsafe sealed.withRawBytes { (bytes) throws(CryptoError) in
                try unsafe key.withBytes { (key) throws(CryptoError) in
                    try unsafe Sodium.open(
                        bytes, associatedData: Array(associatedData), nonce: nonce, key: key,
                        into: out)
                }
            }
        }
        return Data(plain)
    }
}

extension Suite {
    /// AES-256-GCM where the CPU has the instructions, XChaCha20-Poly1305 where it has not.
    package static var bestHere: Suite {
        // Until `sodium_init` has looked at the CPU, the answer is always no.
        sodium_init() >= 0 && crypto_aead_aes256gcm_is_available() == 1
            ? .aes256GCM : .xchacha20Poly1305
    }
}
