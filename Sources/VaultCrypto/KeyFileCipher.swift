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

    /// The keys once more, for the next generation.
    fileprivate func copy() throws(CryptoError) -> LockedBytes {
        let count = file.entries.count * KeyFile.keyBytes
        return try unsafe LockedBytes(count: count) { (out) throws(CryptoError) in
            try unsafe keys.withBytes { (bytes) throws(CryptoError) in
                unsafe out.copyMemory(from: bytes)
            }
        }
    }

    /// The keys of these entries, with new ones for those that are not here. What is destroyed has no key
    /// but zeros.
    fileprivate func keys(for entries: [KeyEntry]) throws(CryptoError) -> LockedBytes {
        try unsafe LockedBytes(count: entries.count * KeyFile.keyBytes) {
            (out) throws(CryptoError) in
            try unsafe keys.withBytes { (bytes) throws(CryptoError) in
                for (place, entry) in entries.enumerated() where !entry.isDestroyed {
                    let start = place * KeyFile.keyBytes
                    let room = unsafe UnsafeMutableRawBufferPointer(
                        rebasing: out[start..<start + KeyFile.keyBytes])
                    if let index = file.entries.firstIndex(where: entry.isOfSameKey) {
                        unsafe room.copyMemory(from: Self.key(index, of: bytes))
                    } else {
                        unsafe Sodium.fillRandom(room)
                    }
                }
            }
        }
    }

    /// Lends the key of the first entry that fits.
    func withKey<R>(
        where fits: (KeyEntry) -> Bool,
        _ body: (UnsafeRawBufferPointer) throws(CryptoError) -> R
    ) throws(CryptoError) -> R? {
        guard let index = file.entries.firstIndex(where: fits) else { return nil }
        return try unsafe withKey(at: index, body)
    }

    /// Lends the key of entry `index`.
    func withKey<R>(
        at index: Int, _ body: (UnsafeRawBufferPointer) throws(CryptoError) -> R
    ) throws(CryptoError) -> R {
        try unsafe keys.withBytes { (bytes) throws(CryptoError) in
            try unsafe body(Self.key(index, of: bytes))
        }
    }

    /// Lends the key of entry `index`, or zeros; see ``LockedBytes/withBytesOrZeros(_:)``.
    func withKeyOrZeros<R>(at index: Int, _ body: (UnsafeRawBufferPointer) -> R) -> R {
        unsafe keys.withBytesOrZeros { bytes in unsafe body(Self.key(index, of: bytes)) }
    }

    var isErased: Bool { keys.isErased }

    private static func key(
        _ index: Int, of bytes: UnsafeRawBufferPointer
    ) -> UnsafeRawBufferPointer {
        let start = index * KeyFile.keyBytes
        return unsafe UnsafeRawBufferPointer(rebasing: bytes[start..<start + KeyFile.keyBytes])
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
        return try sealed(
            randomKeys(entries.count), entries: entries, slots: slots, as: 1, kind: kind,
            vault: vault, root: root)
    }

    /// The same keys as the next generation of their file: under a new root, sealed to the slots that
    /// stay and to none other. No slot's secret is needed.
    ///
    /// - Parameters:
    ///   - dropped: the slot that goes.
    ///   - made: makes a slot that comes, for the new root.
    /// - Throws: ``FormatError/outOfRange(field:)`` when no slot or too many would be left.
    package static func resealed(
        _ opened: OpenKeyFile, without dropped: SlotID? = nil,
        with made: ((borrowing Secret<RootKey>) throws -> KeySlot)? = nil
    ) throws -> OpenKeyFile {
        let old = opened.file
        let root = try Secret<RootKey>.random()
        var slots: [KeySlot] = []
        for slot in old.slots where slot.id != dropped {
            slots.append(try SlotCipher.resealed(slot, root: root))
        }
        if let made { slots.append(try made(root)) }
        return try sealed(
            opened.copy(), entries: old.entries, slots: slots, as: old.generation + 1,
            kind: old.kind, vault: old.vault, root: root)
    }

    /// The next generation of a file with other entries, for the same slots: those that were there keep
    /// their keys, the others get new ones, and what is not named is gone.
    package static func remade(
        _ opened: OpenKeyFile, entries: [KeyEntry]
    ) throws -> OpenKeyFile {
        let old = opened.file
        let entries = entries.sorted { $0.precedes($1) }
        let root = try Secret<RootKey>.random()
        return try sealed(
            opened.keys(for: entries), entries: entries,
            slots: old.slots.map { try SlotCipher.resealed($0, root: root) },
            as: old.generation + 1, kind: old.kind, vault: old.vault, root: root)
    }

    private static func randomKeys(_ count: Int) throws(CryptoError) -> LockedBytes {
        try unsafe LockedBytes(count: count * KeyFile.keyBytes) {
            (out) throws(CryptoError) in unsafe Sodium.fillRandom(out)
        }
    }

    private static func sealed(
        _ keys: consuming LockedBytes, entries: [KeyEntry], slots: [KeySlot],
        as generation: UInt64, kind: KeyFile.Kind, vault: VaultID,
        root: borrowing Secret<RootKey>
    ) throws -> OpenKeyFile {
        let header = KeyFile.header(
            kind: kind, vault: vault, generation: generation, slots: slots, entries: entries)
        let derived = try derive(root: root, header: header)
        let nonce = try Random.bytes(KeyFile.nonceBytes)
        let payload = try unsafe derived.key.withBytes { (key) throws(CryptoError) in
            try unsafe keys.withBytes { (bytes) throws(CryptoError) in
                unsafe Sodium.seal(bytes, associatedData: header, nonce: nonce, key: key)
            }
        }
        let file = try KeyFile(
            kind: kind, vault: vault, generation: generation, slots: slots, entries: entries,
            commitment: derived.commitment, nonce: nonce, payload: payload)
        return OpenKeyFile(file: file, keys: keys)
    }

    /// Opens a key file through one slot, and lets go of what it found.
    ///
    /// - Throws: as ``open(_:with:)``.
    package static func prove(
        _ slot: KeySlot, of file: KeyFile, with opener: any SlotOpener
    ) throws {
        guard opener.kind == slot.kind else { throw CryptoError.wrongKey }
        _ = try open(file, provenRoot: opener.root(of: slot, vault: file.vault))
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
                let root = try SlotCipher.open(slot, vault: file.vault, secret: secret)
                return try open(file, provenRoot: root)
            } catch CryptoError.wrongKey {
                continue
            }
        }
        throw CryptoError.wrongKey
    }

    /// Opens a key file by the first slot that takes what somebody has.
    ///
    /// - Throws: as ``open(_:kind:secret:)``; also a ``FormatError``, and what stretching throws.
    package static func open(
        _ file: KeyFile, with opener: any SlotOpener
    ) throws -> (keys: OpenKeyFile, slot: SlotID) {
        for slot in file.slots where slot.kind == opener.kind {
            do {
                let root = try opener.root(of: slot, vault: file.vault)
                return (try open(file, provenRoot: root), slot.id)
            } catch CryptoError.wrongKey {
                continue
            }
        }
        throw CryptoError.wrongKey
    }

    /// Opens a key file with what was typed, for slots that nothing else is needed for.
    package static func open(
        _ file: KeyFile, typed: TypedSecret, stretch: any PassphraseStretch
    ) throws -> (keys: OpenKeyFile, slot: SlotID) {
        try open(file, with: TypedOpener(typed, stretch: stretch))
    }

    /// A root that its own slot gave and the file is not committed to means damage, not a wrong key.
    private static func open(
        _ file: KeyFile, provenRoot root: borrowing Secret<RootKey>
    ) throws(CryptoError) -> OpenKeyFile {
        do throws(CryptoError) {
            return try open(file, root: root)
        } catch {
            throw error == .wrongKey ? .refused : error
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
