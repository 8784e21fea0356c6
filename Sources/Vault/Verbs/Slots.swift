// The slots of the keyring and of the log's key: read, proved, added, removed. Each change seals the same
// keys under a new root to the slots that stay, so that no secret is needed and a removed slot's opens
// nothing new.
//
// The new file is durable beside the old one; then the event is durable; then the new file takes the
// place. A crash can leave an event whose keyring did not come, never a keyring without its event.

package import VaultCrypto
package import VaultFormat

/// A slot, and when it last opened its file.
package struct SlotState: Hashable, Sendable {
    package let slot: KeySlot
    /// Nil where it never did, or the vault is sealed and cannot tell.
    package let provedMicroseconds: Int64?
}

/// The slots of one generation of a key file.
package struct SlotList: Hashable, Sendable {
    package let kind: KeyFile.Kind
    package let generation: UInt64
    package let slots: [SlotState]
}

extension Vault {
    /// The slots, also while sealed: they stand in clear in the key file.
    package func slots(
        of kind: KeyFile.Kind = .keyring, _ call: Call
    ) async throws(VaultError) -> SlotList {
        try await audited(.slotsRead, call) { () async throws(VaultError) in
            try await committer.record(event(.slotsRead, call))
            return try slotList(kind)
        }
    }

    /// Opens the file on the disk through one of its slots, and throws away what that gave.
    ///
    /// - Returns: the slots, and how many shares there are where more are needed: then nothing is proved yet.
    /// - Throws: ``VaultError`` `unknown-slot`, and as ``unseal(_:of:_:)``.
    package func proveSlot(
        _ id: SlotID, _ secret: TypedSecret, _ call: Call
    ) async throws(VaultError) -> (SlotList, ShareCount?) {
        try await audited(.slotProved, call) { () async throws(VaultError) in
            try await inTurn { () async throws(VaultError) in
                let keyring = try keyring()
                let (file, slot) = try slotOnDisk(id)
                // A proof of a file that is not the one in use would say nothing of that one.
                guard try opened(file.kind, keyring).file == file else {
                    throw VaultError(.keyringRefused)
                }
                switch try await opening(secret, slots: [slot], of: file, isNamed: true, call) {
                case .waits(let count): return (try slotList(file.kind), count)
                case .ready(let opener):
                    try openingSlot { try KeyFileCipher.prove(slot, of: file, with: opener) }
                    try await commitProof(of: id, call)
                    return (try slotList(file.kind), nil)
                }
            }
        }
    }

    /// - Returns: the new slot's id, and all slots.
    /// - Throws: ``VaultError`` `malformed-secret` for one that makes no slot, `too-many-slots`.
    package func addSlot(
        _ secret: TypedSecret, label: SlotLabel, to kind: KeyFile.Kind = .keyring,
        on token: KeySlot.Kind? = nil, _ call: Call
    ) async throws(VaultError) -> (SlotID, SlotList) {
        try await audited(.slotAdded, call) { () async throws(VaultError) in
            try requireSecret(secret, for: token)
            return try await inTurn { () async throws(VaultError) in
                let old = try opened(kind, keyring())
                guard old.file.slots.count < Limits.keySlots else {
                    throw VaultError(.tooManySlots)
                }
                let new = try openingSlot {
                    try KeyFileCipher.resealed(old) { [self] root in
                        try makeSlot(
                            secret, on: token, label: label, vault: old.file.vault, root: root)
                    }
                }
                guard let slot = new.file.slots.last else { throw VaultError(.internalError) }
                do throws(VaultError) {
                    try await replace(old, with: new, .none, event(.slotAdded, call), slot: slot.id)
                } catch {
                    forget(slot, vault: old.file.vault)
                    throw error
                }
                return (slot.id, try slotList(kind))
            }
        }
    }

    /// - Throws: ``VaultError`` `unknown-slot`, or `last-proved-slot` unless one that is proved stays.
    package func removeSlot(_ id: SlotID, _ call: Call) async throws(VaultError) -> SlotList {
        try await audited(.slotRemoved, call) { () async throws(VaultError) in
            try await inTurn { () async throws(VaultError) in
                let keyring = try keyring()
                let kind = try slotOnDisk(id).file.kind
                let old = try opened(kind, keyring)
                let remaining = old.file.slots.map(\.id).filter { $0 != id }
                guard remaining.count < old.file.slots.count else {
                    throw VaultError(.unknownSlot)
                }
                guard !remaining.isEmpty else { throw VaultError(.lastProvedSlot) }
                let new = try openingSlot { try KeyFileCipher.resealed(old, without: id) }
                try await replace(
                    old, with: new, .removeSlot(id, remaining: remaining),
                    event(.slotRemoved, call), slot: id)
                for slot in old.file.slots where slot.id == id {
                    forget(slot, vault: old.file.vault)
                }
                return try slotList(kind)
            }
        }
    }

    /// Makes a new root for the slots that there are.
    package func rotateRoot(
        of kind: KeyFile.Kind = .keyring, _ call: Call
    ) async throws(VaultError) -> SlotList {
        try await audited(.rootRotated, call) { () async throws(VaultError) in
            try await inTurn { () async throws(VaultError) in
                let old = try opened(kind, keyring())
                let new = try openingSlot { try KeyFileCipher.resealed(old) }
                try await replace(old, with: new, .none, event(.rootRotated, call), slot: nil)
                return try slotList(kind)
            }
        }
    }

    // MARK: Parts

    /// One change of the key files, or attempt at one, at a time.
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

    /// The keys of a file, in use.
    ///
    /// - Throws: ``VaultError`` `log-key-sealed`.
    func opened(
        _ kind: KeyFile.Kind, _ keyring: Keyring
    ) throws(VaultError) -> OpenKeyFile {
        switch kind {
        case .keyring: return keyring.keys
        case .logKey:
            guard let signer = signers.current else { throw VaultError(.logKeySealed) }
            return signer.keys
        }
    }

    /// The slot of this id, and the file that has it.
    ///
    /// - Throws: ``VaultError`` `unknown-slot`.
    func slotOnDisk(_ id: SlotID) throws(VaultError) -> (file: KeyFile, slot: KeySlot) {
        for kind in KeyFile.Kind.allCases {
            let file = try loadKeyFile(kind)
            if let slot = file.slots.first(where: { $0.id == id }) { return (file, slot) }
        }
        throw VaultError(.unknownSlot)
    }

    /// Lets the next generation of a file take the place of the one in use, in memory and on the disk.
    ///
    /// - Returns: what became of the change that goes with it.
    @discardableResult
    func replace(
        _ old: OpenKeyFile, with new: OpenKeyFile, _ change: Change, _ event: Event, slot: SlotID?
    ) async throws(VaultError) -> ChangeResult {
        let kind = new.file.kind
        let install = try openingSlot { try installing(new, after: old) }
        var event = event
        event.slot = slot
        event.generation = new.file.generation
        event.keyFile = kind
        try keeping(kind) { () throws(StorageError) in try keyFiles.prepare(new.file) }
        let committed: Committed
        do throws(VaultError) {
            committed = try await committer.commit(change, event)
        } catch {
            keyFiles.discardPrepared(kind)
            throw error
        }
        try publish(new.file, install)
        return committed.result
    }

    /// Lets the prepared file take its place, and then puts its keys into use.
    func publish(_ file: KeyFile, _ install: () -> Void) throws(VaultError) {
        do throws(VaultError) {
            try keeping(file.kind) { () throws(StorageError) in try keyFiles.publish(file.kind) }
        } catch {
            // Whatever failed, the disk says which file it is now.
            if (try? keyFiles.load(file.kind)) == file { install() }
            throw error
        }
        install()
    }

    /// What puts the keys of a file into use, unless others than `old` are by then.
    private func installing(
        _ new: OpenKeyFile, after old: OpenKeyFile
    ) throws -> () -> Void {
        switch new.file.kind {
        case .keyring:
            let keyring = try Keyring(new)
            return { [keys] in keys.replace(old, with: keyring) }
        case .logKey:
            let signer = try LogSigner(new, number: signers.current?.number)
            return { [signers] in signers.replace(old, with: signer) }
        }
    }

    func slotList(_ kind: KeyFile.Kind) throws(VaultError) -> SlotList {
        guard let keyring = keyringIfUnsealed else {
            let file = try loadKeyFile(kind)
            return SlotList(
                kind: kind, generation: file.generation,
                slots: file.slots.map { SlotState(slot: $0, provedMicroseconds: nil) })
        }
        let isInUse = kind == .keyring || signers.current != nil
        let file = isInUse ? try opened(kind, keyring).file : try loadKeyFile(kind)
        return SlotList(
            kind: kind, generation: file.generation, slots: try slotStates(file, keyring))
    }

    /// The slots in use, with the proofs that hold.
    package func slotStates(_ keyring: Keyring) throws(VaultError) -> [SlotState] {
        try slotStates(keyring.keys.file, keyring)
    }

    private func slotStates(
        _ file: KeyFile, _ keyring: Keyring
    ) throws(VaultError) -> [SlotState] {
        let proofs = try reading { (reader) throws(StorageError) in try reader.slotProofs() }
        let proved = Dictionary(
            proofs.filter { $0.holds(with: keyring) }.map { ($0.slot, $0.provedMicroseconds) },
            uniquingKeysWith: max)
        return file.slots.map { SlotState(slot: $0, provedMicroseconds: proved[$0.id]) }
    }

    func loadKeyFile(_ kind: KeyFile.Kind) throws(VaultError) -> KeyFile {
        try keeping(kind) { () throws(StorageError) in try keyFiles.load(kind) }
    }

    func keeping<R>(
        _ kind: KeyFile.Kind, _ body: () throws(StorageError) -> R
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
        } catch let fault as TokenFault {
            throw VaultError(fault.code)
        } catch {
            throw VaultError(.keyringDamaged)
        }
    }
}
