// admin.sock: registered backups, and the end of an epoch.

import HTTPTypes
import Vault
import VaultAPI
import VaultFormat

extension RequestHandler {
    /// Answers a verb of backups, or of an epoch's destruction; nil for any other.
    func answerBackups(_ verb: Verb, _ exchange: Exchange) async throws -> Answer? {
        switch verb {
        case .registerBackup: return try await registerBackup(exchange)
        case .listBackups: return try await listBackups(exchange)
        case .expireBackup(let id): return try await expireBackup(id, exchange)
        case .completeBackup(let id): return try await completeBackup(id, exchange)
        case .reportDrill: return try await reportDrill(exchange)
        case .destroyEpoch(let number): return try await destroyEpoch(number, exchange)
        case .listDestructions: return try await listDestructions(exchange)
        case .approveDestruction(let id): return try await approveDestruction(id, exchange)
        default: return nil
        }
    }

    private func registerBackup(_ exchange: Exchange) async throws -> Answer {
        let request = try await body(BackupRequest.self, exchange)
        let repeatable = try await parsing(exchange) { () throws(RequestError) in
            try exchange.repeatable()
        }
        let description = BackupDescription(
            expiresDays: request.expiresDays, epochs: request.epochs, note: request.note)
        let told = try await verb { () async throws(VaultError) in
            try await vault.once(repeatable, exchange.action, exchange.call) {
                (place) async throws(VaultError) in
                try await vault.registerBackup(description, exchange.call, at: place) {
                    StoredAnswer(status: 201, json: BackupAnswer($0))
                }
            }
        }
        return Answer(told)
    }

    private func listBackups(_ exchange: Exchange) async throws -> Answer {
        let page = try await page(exchange) { (after, limit) async throws(VaultError) in
            try await vault.backups(after: after ?? 0, limit: limit, exchange.call)
        }
        return .json(
            BackupListAnswer(
                backups: page.backups.map { BackupAnswer($0) },
                next: PageCursor(row: page.next)))
    }

    private func expireBackup(_ id: String, _ exchange: Exchange) async throws -> Answer {
        try await requireNoQuery(exchange)
        let id = try await backup(id, exchange)
        let row = try await verb { () async throws(VaultError) in
            try await vault.expireBackup(id, exchange.call)
        }
        return .json(BackupAnswer(row))
    }

    /// Begins a snapshot; its event is in the log when this returns.
    func beginBackup(_ exchange: Exchange) async throws -> SnapshotExport {
        let request = try await body(SnapshotRequest.self, exchange)
        return try await verb { () async throws(VaultError) in
            try await vault.beginBackup(
                expiresDays: request.expiresDays, note: request.note, exchange.call)
        }
    }

    /// Begins to hand out blobs; their event is in the log when this returns.
    func copyBlobs(_ id: String, _ exchange: Exchange) async throws -> BlobCopies {
        let request = try await body(BlobRequest.self, exchange)
        let id = try await backup(id, exchange)
        return try await verb { () async throws(VaultError) in
            try await vault.copies(of: request.blobs, for: id, exchange.call)
        }
    }

    private func completeBackup(_ id: String, _ exchange: Exchange) async throws -> Answer {
        try await requireNoQuery(exchange)
        let id = try await backup(id, exchange)
        let row = try await verb { () async throws(VaultError) in
            try await vault.completeBackup(id, exchange.call)
        }
        return .json(BackupAnswer(row))
    }

    private func reportDrill(_ exchange: Exchange) async throws -> Answer {
        let request = try await body(DrillRequest.self, exchange)
        let until = try await verb { () async throws(VaultError) in
            try await vault.reportDrill(
                DrillReport(
                    backup: request.backup, opened: request.opened, failed: request.failed,
                    seconds: request.seconds, report: request.report,
                    reportBytes: request.reportBytes), exchange.call)
        }
        return .json(DrillAnswer(believedUntilMicroseconds: until))
    }

    /// What has not the form of a backup's id is none.
    private func backup(_ id: String, _ exchange: Exchange) async throws -> BackupID {
        guard let id = try? BackupID(hex: id) else {
            throw try await refused(VaultError(.unknownBackup), exchange)
        }
        return id
    }

    private func destroyEpoch(_ number: String, _ exchange: Exchange) async throws -> Answer {
        let request = try await body(DestructionRequest.self, exchange)
        guard let value = UInt32(number), String(value) == number,
            let epoch = try? EpochNumber(value),
            let destruction = try? EpochDestruction(epoch: epoch, stranded: request.strand)
        else { throw try await refused(VaultError(.unknownEpoch), exchange) }
        let result = try await verb { () async throws(VaultError) in
            try await vault.destroyEpoch(destruction, exchange.call)
        }
        switch result {
        case .destroyed(let generation):
            return .json(DestructionAnswer(epoch: epoch, generation: generation, approval: nil))
        case .waiting(let row):
            return .json(
                DestructionAnswer(
                    epoch: epoch, generation: nil, approval: DestructionApproval(row)),
                status: .accepted)
        }
    }

    private func listDestructions(_ exchange: Exchange) async throws -> Answer {
        let page = try await page(exchange) { (after, limit) async throws(VaultError) in
            try await vault.approvals(
                ofEpochs: true, after: after ?? 0, limit: limit, exchange.call)
        }
        return .json(
            DestructionListAnswer(
                destructions: page.approvals.compactMap { DestructionApproval($0) },
                next: PageCursor(row: page.next)))
    }

    private func approveDestruction(_ id: String, _ exchange: Exchange) async throws -> Answer {
        let request = try await body(ApproveRequest.self, exchange)
        // What has not the form of a request's id is none.
        guard let id = try? ApprovalID(hex: id) else {
            throw try await refused(VaultError(.unknownApproval), exchange)
        }
        let (row, generation) = try await verb { () async throws(VaultError) in
            try await vault.approveDestruction(id, digest: request.digest, exchange.call)
        }
        guard let approval = DestructionApproval(row),
            let epoch = try? EpochNumber(approval.epoch)
        else { throw Refusal(error: VaultError(.internalError), detail: nil) }
        return .json(
            DestructionAnswer(epoch: epoch, generation: generation, approval: approval))
    }
}

extension DestructionApproval {
    /// Nil for a request that is not about an epoch.
    init?(_ row: ApprovalRow) {
        guard case .epoch(let destruction) = row.subject else { return nil }
        self.init(
            id: row.approval, destruction: destruction, digest: row.digest, state: row.state,
            requester: row.requester, approver: row.approver,
            createdMicroseconds: row.createdMicroseconds,
            expiresMicroseconds: row.expiresMicroseconds)
    }
}

extension BackupAnswer {
    init(_ row: BackupRow) {
        self.init(
            id: row.backup, state: row.state, createdMicroseconds: row.createdMicroseconds,
            expiresMicroseconds: row.expiresMicroseconds, creator: row.creator, epochs: row.epochs,
            note: row.note)
    }
}
