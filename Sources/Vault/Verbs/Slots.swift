// The slots of the keyring: read, proved, added, removed. Each change seals the same keys under a new root
// to the slots that stay, so that no secret is needed and a removed slot's opens nothing new.
//
// The new file is durable beside the old one; then the event is durable; then the new file takes the
// place. A crash can leave an event whose keyring did not come, never a keyring without its event.

package import VaultCrypto
package import VaultFormat

/// A slot, and when it last opened the keyring.
package struct SlotState: Hashable, Sendable {
    package let slot: KeySlot
    /// Nil where it never did, or the vault is sealed and cannot tell.
    package let provedMicroseconds: Int64?
}

/// The slots of one generation of a key file.
package struct SlotList: Hashable, Sendable {
    package let generation: UInt64
    package let slots: [SlotState]
}

extension Vault {
    /// The slots, also while sealed: they stand in clear in the keyring's file.
    package func slots(_ call: Call) async throws(VaultError) -> SlotList {
        try await audited(.slotsRead, call) { () async throws(VaultError) in
            try await committer.record(event(.slotsRead, call))
            return try slotList()
        }
    }

    /// Opens the keyring on the disk through one slot, and throws away what that gave.
    ///
    /// - Throws: ``VaultError`` `unknown-slot`, and as ``unseal(_:_:)``.
    package func proveSlot(
        _ id: SlotID, _ secret: TypedSecret, _ call: Call
    ) async throws(VaultError) -> SlotList {
        try await audited(.slotProved, call) { () async throws(VaultError) in
            try await inTurn { () async throws(VaultError) in
                let keyring = try keyring()
                let file = try loadKeyFile()
                guard let slot = file.slots.first(where: { $0.id == id }) else {
                    throw VaultError(.unknownSlot)
                }
                // A proof of a file that is not the one in use would say nothing of that one.
                guard file == keyring.keys.file else { throw VaultError(.keyringRefused) }
                try openingSlot {
                    try KeyFileCipher.prove(slot, of: file, typed: secret, stretch: stretch)
                }
                try await commitProof(of: id, call)
                return try slotList()
            }
        }
    }

    /// - Returns: the new slot's id, and all slots.
    /// - Throws: ``VaultError`` `malformed-secret` for one that makes no slot, `too-many-slots`.
    package func addSlot(
        _ secret: TypedSecret, label: SlotLabel, _ call: Call
    ) async throws(VaultError) -> (SlotID, SlotList) {
        try await audited(.slotAdded, call) { () async throws(VaultError) in
            try await inTurn { () async throws(VaultError) in
                let old = try keyring()
                guard old.keys.file.slots.count < Limits.keySlots else {
                    throw VaultError(.tooManySlots)
                }
                let (now, stretch) = (clock.nowMicroseconds(), stretch)
                let new = try openingSlot {
                    try KeyFileCipher.resealed(old.keys) { root in
                        try SlotCipher.make(
                            label: label.text, vault: old.vault, typed: secret, root: root,
                            createdMicroseconds: now, stretch: stretch)
                    }
                }
                guard let slot = new.file.slots.last else { throw VaultError(.internalError) }
                try await replace(old, with: new, .none, event(.slotAdded, call), slot: slot.id)
                return (slot.id, try slotList())
            }
        }
    }

    /// - Throws: ``VaultError`` `unknown-slot`, or `last-proved-slot` unless one that is proved stays.
    package func removeSlot(_ id: SlotID, _ call: Call) async throws(VaultError) -> SlotList {
        try await audited(.slotRemoved, call) { () async throws(VaultError) in
            try await inTurn { () async throws(VaultError) in
                let old = try keyring()
                let remaining = old.keys.file.slots.map(\.id).filter { $0 != id }
                guard remaining.count < old.keys.file.slots.count else {
                    throw VaultError(.unknownSlot)
                }
                guard !remaining.isEmpty else { throw VaultError(.lastProvedSlot) }
                let new = try openingSlot {
                    try KeyFileCipher.resealed(old.keys, without: id)
                }
                try await replace(
                    old, with: new, .removeSlot(id, remaining: remaining),
                    event(.slotRemoved, call), slot: id)
                return try slotList()
            }
        }
    }

    /// Makes a new root for the slots that there are.
    package func rotateRoot(_ call: Call) async throws(VaultError) -> SlotList {
        try await audited(.rootRotated, call) { () async throws(VaultError) in
            try await inTurn { () async throws(VaultError) in
                let old = try keyring()
                let new = try openingSlot { try KeyFileCipher.resealed(old.keys) }
                try await replace(old, with: new, .none, event(.rootRotated, call), slot: nil)
                return try slotList()
            }
        }
    }

    // MARK: Parts

    /// One change of the keyring, or attempt at it, at a time.
    func inTurn<R>(_ body: () async throws(VaultError) -> R) async throws(VaultError) -> R {
        guard keyAttempt.begin() else { throw VaultError(.overloaded) }
        defer { keyAttempt.end() }
        return try await body()
    }

    func commitProof(of slot: SlotID, _ call: Call) async throws(VaultError) {
        var event = event(.slotProved, call)
        event.slot = slot
        _ = try await committer.commit(
            .prove(slot: slot, atMicroseconds: event.atMicroseconds), event)
    }

    private func replace(
        _ old: Keyring, with new: OpenKeyFile, _ change: Change, _ event: Event, slot: SlotID?
    ) async throws(VaultError) {
        let keyring = try openingSlot { try Keyring(new) }
        var event = event
        event.slot = slot
        event.generation = new.file.generation
        try keeping { () throws(StorageError) in try keyFiles.prepare(new.file) }
        do throws(VaultError) {
            _ = try await committer.commit(change, event)
        } catch {
            keyFiles.discardPrepared(.keyring)
            throw error
        }
        do throws(VaultError) {
            try keeping { () throws(StorageError) in try keyFiles.publish(.keyring) }
        } catch {
            // Whatever failed, the disk says which keyring it is now.
            if (try? keyFiles.load(.keyring)) == new.file { keys.replace(old, with: keyring) }
            throw error
        }
        keys.replace(old, with: keyring)
    }

    private func slotList() throws(VaultError) -> SlotList {
        guard let keyring = keyringIfUnsealed else {
            let file = try loadKeyFile()
            return SlotList(
                generation: file.generation,
                slots: file.slots.map { SlotState(slot: $0, provedMicroseconds: nil) })
        }
        let file = keyring.keys.file
        return SlotList(generation: file.generation, slots: try slotStates(keyring))
    }

    /// The slots in use, with the proofs that hold.
    package func slotStates(_ keyring: Keyring) throws(VaultError) -> [SlotState] {
        let proofs = try reading { (reader) throws(StorageError) in try reader.slotProofs() }
        let proved = Dictionary(
            proofs.filter { $0.holds(with: keyring) }.map { ($0.slot, $0.provedMicroseconds) },
            uniquingKeysWith: max)
        return keyring.keys.file.slots.map {
            SlotState(slot: $0, provedMicroseconds: proved[$0.id])
        }
    }

    func loadKeyFile() throws(VaultError) -> KeyFile {
        try keeping { () throws(StorageError) in try keyFiles.load(.keyring) }
    }

    private func keeping<R>(
        _ body: () throws(StorageError) -> R
    ) throws(VaultError) -> R {
        do {
            return try body()
        } catch {
            throw VaultError(error.code(for: .keyring))
        }
    }

    /// Works on a slot, and says what is wrong with it in the words of an answer.
    func openingSlot<R>(_ body: () throws -> R) throws(VaultError) -> R {
        do {
            return try body()
        } catch FormatError.outOfRange(field: "passphrase") {
            throw VaultError(.malformedSecret)
        } catch let error as CryptoError {
            throw VaultError(error.codeOfSlot)
        } catch {
            throw VaultError(.keyringDamaged)
        }
    }
}
