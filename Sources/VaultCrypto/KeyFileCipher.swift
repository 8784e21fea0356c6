// Key files: the payload of 32-byte keys under a root key, with a commitment. KeyringFormat §5.

package import VaultFormat

/// The keys of one opened key file, in the order of its entries.
package final class OpenKeyFile: Sendable {
    package let file: KeyFile
    private let keys: LockedBytes

    fileprivate init(file: KeyFile, keys: consuming LockedBytes) {
        self.file = file
        self.keys = keys
    }

    /// Lends the key of the first entry that fits.
    func withKey<R, E: Error>(
        where fits: (KeyEntry) -> Bool, _ body: (UnsafeRawBufferPointer) throws(E) -> R
    ) throws(E) -> R? {
        guard let index = file.entries.firstIndex(where: fits) else { return nil }
        return try unsafe withKey(at: index, body)
    }

    /// Lends the key of entry `index`.
    func withKey<R, E: Error>(
        at index: Int, _ body: (UnsafeRawBufferPointer) throws(E) -> R
    ) throws(E) -> R {
        try unsafe keys.withBytes { (bytes) throws(E) in
            let start = index * KeyFile.keyBytes
            return try unsafe body(
                UnsafeRawBufferPointer(rebasing: bytes[start..<start + KeyFile.keyBytes]))
        }
    }
}

package enum KeyFileCipher {
    private static let personal = Array("ivault-keys-v1--".utf8)

    /// Makes a key file of new random keys, one for each entry.
    package static func make(
        kind: KeyFile.Kind, vault: VaultID, slots: [KeySlot], entries: [KeyEntry],
        root: borrowing Secret<RootKey>
    ) throws -> OpenKeyFile {
        let entries = entries.sorted { $0.precedes($1) }
        let keys = try unsafe LockedBytes(count: entries.count * KeyFile.keyBytes) {
            (out) throws(CryptoError) in unsafe Sodium.fillRandom(out)
        }
        let header = KeyFile.header(
            kind: kind, vault: vault, generation: 1, slots: slots, entries: entries)
        let derived = try derive(root: root, header: header)
        let nonce = try Random.bytes(KeyFile.nonceBytes)
        let payload = unsafe derived.key.withBytes { key in
            unsafe keys.withBytes { bytes in
                unsafe Sodium.seal(bytes, associatedData: header, nonce: nonce, key: key)
            }
        }
        let file = try KeyFile(
            kind: kind, vault: vault, generation: 1, slots: slots, entries: entries,
            commitment: derived.commitment, nonce: nonce, payload: payload)
        return OpenKeyFile(file: file, keys: keys)
    }

    /// Opens a key file with its root key.
    ///
    /// - Throws: ``CryptoError/wrongKey`` when the root or the header is not the committed one,
    ///   ``CryptoError/refused`` when the payload was changed.
    package static func open(
        _ file: KeyFile, root: borrowing Secret<RootKey>
    ) throws(CryptoError) -> OpenKeyFile {
        let header = file.header
        let derived = try derive(root: root, header: header)
        guard Sodium.equal(derived.commitment, file.commitment) else { throw .wrongKey }
        let count = file.entries.count * KeyFile.keyBytes
        let keys = try unsafe LockedBytes(count: count) { (out) throws(CryptoError) in
            try unsafe derived.key.withBytes { (key) throws(CryptoError) in
                try unsafe file.payload.withRawBytes { (sealed) throws(CryptoError) in
                    try unsafe Sodium.open(
                        sealed, associatedData: header, nonce: file.nonce, key: key, into: out)
                }
            }
        }
        return OpenKeyFile(file: file, keys: keys)
    }

    /// Opens a key file with the secret of any of its slots of `kind`.
    ///
    /// - Throws: ``CryptoError/wrongKey`` when no such slot takes the secret; ``CryptoError/refused``
    ///   when one does and something was changed.
    package static func open(
        _ file: KeyFile, kind: KeySlot.Kind, secret: borrowing Secret<SlotSecret>
    ) throws -> OpenKeyFile {
        for slot in file.slots where slot.kind == kind {
            do {
                return try open(file, slot: slot, secret: secret)
            } catch CryptoError.wrongKey {
                continue
            }
        }
        throw CryptoError.wrongKey
    }

    /// A root that its own slot gave and the file is not committed to means damage, not a wrong key.
    private static func open(
        _ file: KeyFile, slot: KeySlot, secret: borrowing Secret<SlotSecret>
    ) throws -> OpenKeyFile {
        let root = try SlotCipher.open(slot, vault: file.vault, secret: secret)
        do throws(CryptoError) {
            return try open(file, root: root)
        } catch {
            throw error == .wrongKey ? CryptoError.refused : error
        }
    }

    private static func derive(
        root: borrowing Secret<RootKey>, header: [UInt8]
    ) throws(CryptoError) -> Derived<SealingKey> {
        try unsafe root.withBytes { (bytes) throws(CryptoError) in
            try unsafe Sodium.derive(
                SealingKey.self, from: bytes, personal: personal, message: header)
        }
    }
}
