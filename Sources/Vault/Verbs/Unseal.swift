// Sealing and unsealing at run time. Sealing erases every key of the process, whoever holds it; requests
// that were under way end as refused, or as broken connections. For unsealing, the keyring is opened by a
// slot, compared with the catalog, and put on record before any of its keys is used. One attempt at a time,
// each an event.

import Synchronization
package import VaultCrypto
package import VaultFormat

extension Vault {
    /// Opens the keyring with what an admin gave. Blocks for as long as stretching a passphrase takes.
    ///
    /// - Returns: the slot that took the secret.
    /// - Throws: ``VaultError`` `not-sealed`, `wrong-secret`, `malformed-secret`, `overloaded` while
    ///   another attempt runs, `keyring-damaged`, or `keyring-refused` for a keyring that is not the
    ///   one which this catalog was written under.
    package func unseal(
        _ secret: TypedSecret, _ call: Call
    ) async throws(VaultError) -> SlotID {
        try await audited(.vaultUnsealed, call) { () async throws(VaultError) in
            guard isSealed else { throw VaultError(.notSealed) }
            return try await inTurn { () async throws(VaultError) in
                let sealings = keys.sealings
                let (keyring, slot) = try openKeyring(with: secret)
                var event = event(.vaultUnsealed, call)
                event.slot = slot
                // In clear, because the keyring is not in use yet; the log has it before that.
                try await committer.record(event)
                try marking { () throws(StorageError) in try keyFiles.setSealMark(false) }
                guard keys.install(keyring, ifSealings: sealings) else {
                    // Somebody sealed meanwhile: that stands.
                    try marking { () throws(StorageError) in try keyFiles.setSealMark(true) }
                    throw VaultError(.sealed)
                }
                signers.reopen()
                // It has opened, which is a proof; the vault is open without its record too.
                try? await commitProof(of: slot, call)
                return slot
            }
        }
    }

    /// Takes every key from the vault, at once and until an unsealing, over restarts too.
    ///
    /// The keys are zero first of all; then the mark is durable that a start heeds; then the event.
    package func seal(_ call: Call) async throws(VaultError) {
        keys.seal()
        eraseKeys()
        try await audited(.vaultSealed, call) { () async throws(VaultError) in
            try marking { () throws(StorageError) in try keyFiles.setSealMark(true) }
            // An admin must be able to seal while the log cannot be written.
            if !committer.isBroken { try await committer.record(event(.vaultSealed, call)) }
        }
    }

    private func marking(_ body: () throws(StorageError) -> Void) throws(VaultError) {
        do {
            try body()
        } catch {
            throw VaultError(error.code(for: .keyring))
        }
    }

    private func openKeyring(
        with secret: TypedSecret
    ) throws(VaultError) -> (Keyring, SlotID) {
        let file = try loadKeyFile()
        let (keyring, slot) = try openingSlot {
            let (opened, slot) = try KeyFileCipher.open(file, typed: secret, stretch: stretch)
            return (try Keyring(opened), slot)
        }
        do throws(StorageError) {
            guard try Self.fits(keyring, catalog) else { throw .missing }
        } catch {
            throw VaultError(error == .missing ? .keyringRefused : error.code(for: .catalog))
        }
        return (keyring, slot)
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
        case .malformedKeyFile: .malformedSecret
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
