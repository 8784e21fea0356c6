// Sealing and unsealing at run time. Sealing erases every key of the process, whoever holds it; requests
// that were under way end as refused, or as broken connections. For unsealing, the keyring is opened by a
// slot, compared with the catalog, and put on record before any of its keys is used. One attempt at a time,
// each an event.

import Synchronization
package import VaultCrypto
package import VaultFormat

/// What became of a secret.
package enum Unsealing: Hashable, Sendable {
    case opened(by: SlotID)
    /// More shares are needed.
    case waits(ShareCount)
}

extension Vault {
    /// Opens a key file with what an admin gave. Blocks for as long as stretching a passphrase takes.
    ///
    /// - Returns: the slot that took the secret, or how many shares there are where more are needed.
    /// - Throws: ``VaultError`` `not-sealed`, `unknown-slot`, `wrong-secret`, `malformed-secret`, `no-challenge`,
    ///   `overloaded` while another attempt runs, `keyring-damaged`, or `keyring-refused` for a keyring
    ///   that is not the one which this catalog was written under.
    package func unseal(
        _ secret: TypedSecret, of kind: KeyFile.Kind = .keyring, by named: SlotID? = nil,
        _ call: Call
    ) async throws(VaultError) -> Unsealing {
        try await audited(.vaultUnsealed, call) { () async throws(VaultError) in
            switch kind {
            case .keyring: guard isSealed else { throw VaultError(.notSealed) }
            case .logKey:
                // It goes with the seal, and so does not come back before the vault does.
                guard !isSealed else { throw VaultError(.sealed) }
                guard signers.current == nil else { throw VaultError(.notSealed) }
            }
            return try await inTurn { () async throws(VaultError) in
                let file = try loadKeyFile(kind)
                let slots = file.slots.filter { named == nil || $0.id == named }
                guard !slots.isEmpty else { throw VaultError(.unknownSlot) }
                switch try await opening(
                    secret, slots: slots, of: file, isNamed: named != nil, call)
                {
                case .waits(let count): return .waits(count)
                case .ready(let opener):
                    let opener = named.map { NamedOpener(opener, only: $0) } ?? opener
                    return .opened(
                        by: kind == .keyring
                            ? try await openKeyring(file, with: opener, call)
                            : try await openLogKey(file, with: opener, call))
                }
            }
        }
    }

    private func openKeyring(
        _ file: KeyFile, with opener: any SlotOpener, _ call: Call
    ) async throws(VaultError) -> SlotID {
        let sealings = keys.sealings
        try requireNotOlder(file)
        let (keyring, slot) = try fittingKeyring(file, with: opener)
        try await recordOpening(of: file, by: slot, call)
        try await use(keyring, ifSealings: sealings)
        // It has opened, which is a proof; the vault is open without its record too.
        try? await commitProof(of: slot, call)
        return slot
    }

    /// One that was put back while the vault was sealed is older than its anchor.
    private func requireNotOlder(_ file: KeyFile) throws(VaultError) {
        guard
            !anchors.contradicts(generation: file.generation, LogHash.digest(file.encoded))
        else { throw VaultError(.keyringRefused) }
    }

    /// Its opening is on record.
    private func use(_ keyring: Keyring, ifSealings sealings: Int) async throws(VaultError) {
        try marking { () throws(StorageError) in try keyFiles.setSealMark(false) }
        // Before anybody can report an attempt, or ask for anything. What the log does not tell any more keeps nobody
        // sealed out; an incident's row that does not verify is told of where they are listed.
        try? recallAttempts(keyring)
        try? recallContainments(keyring)
        guard keys.install(keyring, ifSealings: sealings) else {
            // Somebody sealed meanwhile: that stands.
            try marking { () throws(StorageError) in try keyFiles.setSealMark(true) }
            throw VaultError(.sealed)
        }
        signers.reopen { keys.sealings == sealings }
        desk.clear()
        try? await endSeals()
    }

    private func openLogKey(
        _ file: KeyFile, with opener: any SlotOpener, _ call: Call
    ) async throws(VaultError) -> SlotID {
        let sealings = keys.sealings
        let (opened, slot) = try openingSlot { try KeyFileCipher.open(file, with: opener) }
        // Of two keys the log says which one signs.
        guard let signer = Self.signer(opened, catalog) else { throw VaultError(.keyringDamaged) }
        try await recordOpening(of: file, by: slot, call)
        guard signers.install(signer, if: { keys.sealings == sealings }) else {
            throw VaultError(.sealed)
        }
        try? await commitProof(of: slot, call)
        return slot
    }

    /// In clear, where the keyring is not in use yet; the log has it before that.
    private func recordOpening(
        of file: KeyFile, by slot: SlotID, _ call: Call
    ) async throws(VaultError) {
        var event = event(.vaultUnsealed, call)
        event.slot = slot
        event.keyFile = file.kind
        try await committer.record(event)
    }

    /// Takes every key from the vault, at once and until an unsealing, over restarts too.
    ///
    /// The keys are zero first of all; then the mark is durable that a start heeds; then the event.
    package func seal(_ call: Call) async throws(VaultError) {
        try await seal(nil, call)
    }

    /// - Parameters:
    ///   - end: when the vault may open itself as it does at a start; nil where somebody has to.
    ///   - call: nil where the vault does it by a rule.
    func seal(_ end: Int64?, _ call: Call?) async throws(VaultError) {
        keys.seal()
        signers.close()
        desk.clear()
        checkMemory.forget()
        eraseKeys()
        guard let call else {
            try markSealed(end)
            return try await recordIfWritable(
                Event(.vaultSealed, atMicroseconds: clock.nowMicroseconds()))
        }
        try await audited(.vaultSealed, call) { () async throws(VaultError) in
            try markSealed(end)
            try await recordIfWritable(event(.vaultSealed, call))
        }
    }

    func markSealed(_ end: Int64?) throws(VaultError) {
        try marking { () throws(StorageError) in
            do throws(StorageError) {
                try mark(until: end)
            } catch .full where outages.reserve != nil {
                // The room that is kept is for this too.
                outages.reserve?.release()
                try mark(until: end)
            }
        }
    }

    private func mark(until end: Int64?) throws(StorageError) {
        guard let end else { return try keyFiles.setSealMark(true) }
        try keyFiles.setSealMark(untilMicroseconds: end)
    }

    /// When a seal that had an end was over; nil where there is none, or it is not.
    package var endOfSeal: Int64? {
        guard isSealed, let end = keyFiles.sealEndMicroseconds() else { return nil }
        return end <= clock.nowMicroseconds() ? end : nil
    }

    /// Opens the vault where a seal that had an end is over, with what a start would open it with.
    ///
    /// - Parameter opened: the keyring's file, opened; nil where it takes somebody.
    /// - Returns: whether it is open now.
    package func unsealAtEnd(
        with opened: (KeyFile) -> OpenKeyFile?
    ) async throws(VaultError) -> Bool {
        guard endOfSeal != nil else { return false }
        return try await inTurn { () async throws(VaultError) in
            let (file, sealings) = (try loadKeyFile(.keyring), keys.sealings)
            guard let found = opened(file), let keyring = try? Keyring(found) else { return false }
            try requireNotOlder(file)
            try requireFitting(keyring)
            try await recordService(.vaultUnsealed)
            try await use(keyring, ifSealings: sealings)
            return true
        }
    }

    private func marking(_ body: () throws(StorageError) -> Void) throws(VaultError) {
        do {
            try body()
        } catch {
            throw VaultError(error.code(for: .keyring))
        }
    }

    private func fittingKeyring(
        _ file: KeyFile, with opener: any SlotOpener
    ) throws(VaultError) -> (Keyring, SlotID) {
        let (keyring, slot) = try openingSlot {
            let (opened, slot) = try KeyFileCipher.open(file, with: opener)
            return (try Keyring(opened), slot)
        }
        try requireFitting(keyring)
        return (keyring, slot)
    }

    private func requireFitting(_ keyring: Keyring) throws(VaultError) {
        do throws(StorageError) {
            guard try Self.fits(keyring, catalog) else { throw .missing }
        } catch {
            throw VaultError(error == .missing ? .keyringRefused : error.code(for: .catalog))
        }
    }

    // MARK: What somebody gave

    /// What a secret is good for: at once, or when more shares are there.
    enum Opening {
        case ready(any SlotOpener)
        case waits(ShareCount)
    }

    /// - Parameters:
    ///   - slots: those that it may be for.
    ///   - isNamed: whether it is for that one only. A token's PIN is never tried at a slot that was not.
    func opening(
        _ secret: TypedSecret, slots: [KeySlot], of file: KeyFile, isNamed: Bool, _ call: Call
    ) async throws(VaultError) -> Opening {
        let named = isNamed ? slots.first : nil
        try requireSecret(secret, for: named?.kind)
        if let named, named.kind.isToken {
            return .ready(TokenSlotOpener(named, token: token, pin: secret))
        }
        switch secret.form {
        case .shares: return try await shares(secret, slots, of: file, call)
        case .answer:
            let answer = try openingSlot { try secret.answer() }
            guard
                let session = desk.take(
                    answer.slot, nowMicroseconds: clock.monotonicMicroseconds())
            else { throw VaultError(.noChallenge) }
            return .ready(AnswerOpener(session: session, answer: answer))
        default:
            return .ready(try openingSlot { try TypedOpener(secret, stretch: stretch) })
        }
    }

    private func shares(
        _ secret: TypedSecret, _ slots: [KeySlot], of file: KeyFile, _ call: Call
    ) async throws(VaultError) -> Opening {
        let (slot, enough, count) = try openingSlot {
            let shares = try secret.shares()
            // What belongs to no slot is kept for none, so that no more sets wait than there are slots.
            guard let head = shares.first?.head, head.vault == file.vault,
                let slot = slots.first(where: { $0.shareSet == head.set })
            else { throw CryptoError.wrongKey }
            let (enough, count) = try desk.give(
                shares, nowMicroseconds: clock.monotonicMicroseconds())
            return (slot.id, enough, count)
        }
        var event = event(.shareGiven, call)
        event.slot = slot
        event.keyFile = file.kind
        try await committer.record(event)
        guard let enough else { return .waits(count) }
        return .ready(SharesOpener(enough))
    }

    /// Asks the holder of a recovery key for the root key; also while sealed.
    ///
    /// - Returns: the challenge, and until when it takes an answer.
    /// - Throws: ``VaultError`` `unknown-slot` also for a slot of another kind.
    package func challenge(
        _ id: SlotID, _ call: Call
    ) async throws(VaultError) -> (RecoverySession, untilMicroseconds: Int64) {
        try await audited(.slotChallenged, call) { () async throws(VaultError) in
            let (file, slot) = try slotOnDisk(id)
            guard slot.kind == .recoveryRecipient else { throw VaultError(.unknownSlot) }
            let session = try openingSlot { try RecoverySession(slot, of: file) }
            var event = event(.slotChallenged, call)
            event.slot = id
            try await committer.record(event)
            let patience = Limits.challengeSeconds * 1_000_000
            desk.add(session, untilMicroseconds: clock.monotonicMicroseconds() + patience)
            return (session, event.atMicroseconds + patience)
        }
    }

    var stretch: any PassphraseStretch { ChildStretch(child: stretcher) }
}

/// Has a passphrase stretched elsewhere.
private struct ChildStretch: PassphraseStretch {
    let child: any PassphraseStretcher

    func stretch(
        _ passphrase: UnsafeRawBufferPointer, salt: [UInt8], _ parameters: PassphraseParameters,
        into out: UnsafeMutableRawBufferPointer
    ) throws(CryptoError) {
        do throws(StorageError) {
            try unsafe child.stretch(passphrase, salt: salt, parameters, into: out)
        } catch {
            throw .stretchFailed
        }
    }
}

extension CryptoError {
    /// What a slot that did not open is answered with.
    var codeOfSlot: ErrorCode {
        switch self {
        case .wrongKey: .wrongSecret
        case .malformedKeyFile, .malformedText: .malformedSecret
        case .stretchFailed, .keyMemoryExhausted, .memoryNotLocked, .libraryUnavailable: .overloaded
        case .sealed: .sealed
        case .refused, .unknownKey: .keyringDamaged
        }
    }
}

/// One attempt at the keyring at a time: who guesses gets no more guesses a second than one, and what
/// stretches a passphrase takes its memory once.
final class KeyAttempt: Sendable {
    private let isRunning = Atomic(false)

    /// False while another runs.
    func begin() -> Bool {
        isRunning.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged
    }

    func end() { isRunning.store(false, ordering: .releasing) }
}
