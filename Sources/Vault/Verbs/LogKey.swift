// The log's own key: who signs, and how one key takes the place of another.
//
// A rotation has three steps, each durable before the next: a file with both keys; the event in which both
// sign the succession; a file with the new key alone. Which of two keys signs is for the log to say: the new
// one, once that event is there.

package import VaultCrypto
import VaultFormat

extension Vault {
    /// Makes a new key for the log. The old and the new one sign that together, in the event; from then on
    /// the new one signs checkpoints, and the old one is in no file any more.
    ///
    /// - Returns: the new signer.
    /// - Throws: ``VaultError`` `log-key-sealed`.
    package func rotateLogKey(_ call: Call) async throws(VaultError) -> LogSigner {
        try await audited(.logKeyRotated, call) { () async throws(VaultError) in
            try await inTurn { () async throws(VaultError) in
                _ = try keyring()
                let old = try onlySigner()
                let now = clock.nowMicroseconds()
                let both = try openingSlot { try old.extended(createdMicroseconds: now) }
                let (one, next) = try openingSlot {
                    (
                        try LogSigner(both, number: old.number),
                        try LogSigner(both, number: old.number + 1)
                    )
                }
                try put(both.file) { [signers] in signers.replace(old.keys, with: one) }
                try await commitSuccession(of: one, by: next, call)
                signers.replace(both, with: next)
                let alone = try openingSlot { try next.alone() }
                let signer = try openingSlot { try LogSigner(alone) }
                try put(alone.file) { [signers] in signers.replace(both, with: signer) }
                return signer
            }
        }
    }

    /// The signer, alone in its file: a second key there is what a rotation that broke off left, which
    /// whoever had a slot then may know.
    private func onlySigner() throws(VaultError) -> LogSigner {
        guard let signer = signers.current else { throw VaultError(.logKeySealed) }
        guard signer.keys.file.entries.count > 1 else { return signer }
        let alone = try openingSlot { try signer.alone() }
        let only = try openingSlot { try LogSigner(alone) }
        try put(alone.file) { [signers] in signers.replace(signer.keys, with: only) }
        return only
    }

    private func put(_ file: KeyFile, _ install: () -> Void) throws(VaultError) {
        try keeping(file.kind) { () throws(StorageError) in try keyFiles.prepare(file) }
        try publish(file, install)
    }

    private func commitSuccession(
        of old: LogSigner, by next: LogSigner, _ call: Call
    ) async throws(VaultError) {
        var event = event(.logKeyRotated, call)
        event.keyFile = .logKey
        event.generation = next.keys.file.generation
        event.note = try openingSlot { try old.crossSigned(with: next) }
        try await committer.record(event)
    }

    /// The signer of an opened log key: its one key, or of two the one that the log says.
    static func signer(_ keys: OpenKeyFile, _ catalog: any Catalog) -> LogSigner? {
        guard keys.file.entries.count > 1 else { return try? LogSigner(keys) }
        let rotations = try? catalog.read { (reader) throws(StorageError) in
            try reader.eventCount(.logKeyRotated, .done)
        }
        guard let rotations else { return nil }
        // The first key is number 1, and each rotation counts on.
        return try? LogSigner(keys, number: UInt32(clamping: rotations + 1))
    }
}
