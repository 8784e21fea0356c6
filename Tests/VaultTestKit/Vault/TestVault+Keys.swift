// Rotation in few words. An answer's body is the operation's id.

package import Vault
package import VaultCrypto
package import VaultFormat

extension TestVault {
    @discardableResult
    package func rotate() async throws -> StoredAnswer {
        try await vault.startRotation(call(), at: nil) {
            StoredAnswer(status: 202, body: $0.operation.bytes)
        }
    }

    @discardableResult
    package func reencrypt(in namespace: NamespaceName? = nil) async throws -> StoredAnswer {
        try await vault.startReencryption(in: namespace, call(), at: nil) {
            StoredAnswer(status: 202, body: $0.operation.bytes)
        }
    }

    /// Rotates to the end.
    package func rotateWholly() async throws {
        let answer = try await rotate()
        try await workToTheEnd()
        guard try await operation(answer).state == .done else {
            throw VaultError(.internalError)
        }
    }

    @discardableResult
    package func destroy(
        _ epoch: UInt32, strand: [BackupID] = [], uid: UInt32 = 1001
    ) async throws -> DestructionResult {
        try await vault.destroyEpoch(
            EpochDestruction(epoch: EpochNumber(epoch), stranded: strand), call(uid: uid))
    }

    @discardableResult
    package func approveDestruction(
        _ request: (id: ApprovalID, digest: Digest256), uid: UInt32
    ) async throws -> ApprovalRow {
        try await vault.approveDestruction(
            request.id, digest: request.digest, call(uid: uid)
        ).request
    }

    package func register(
        expiresDays: Int? = nil, epochs: [UInt32]? = nil
    ) async throws -> BackupID {
        let description = BackupDescription(
            expiresDays: expiresDays, epochs: try epochs?.map { try EpochNumber($0) },
            note: try AdminNote("tape"))
        let answer = try await vault.registerBackup(description, call(), at: nil) {
            StoredAnswer(status: 201, body: $0.backup.bytes)
        }
        return try BackupID(bytes: answer.body)
    }

    package func backups() async throws -> [BackupRow] {
        try await vault.backups(after: 0, limit: 1000, call()).backups
    }

    /// What a rotation stated, signed.
    package func statement(_ answer: StoredAnswer) async throws -> String {
        try await vault.statement(of: OperationID(bytes: answer.body), call())
    }

    /// The keyring in use.
    package var current: Keyring {
        get throws {
            guard let keyring = vault.keyringIfUnsealed else { throw VaultError(.sealed) }
            return keyring
        }
    }
}
