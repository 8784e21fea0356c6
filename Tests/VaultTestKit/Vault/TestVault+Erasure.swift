// Erasures, what forbids them, and how far they are, in few words.

package import Vault
import VaultCrypto
package import VaultFormat

extension TestVault {
    private var admin: Call { call(uid: 1000, door: .admin) }

    package func receipt(_ id: ReceiptID, as call: Call? = nil) async throws -> ErasureReceipt {
        try await vault.receipt(id, call ?? admin).receipt
    }

    package func receipts() async throws -> [ErasureReceipt] {
        try await vault.receipts(before: nil, limit: 1000, admin).receipts
    }

    /// What a start does: leftovers are removed, and what was erased is purged.
    package func purge() async throws {
        _ = try vault.sweep()
        while try await PurgeRunner(vault).turn() {}
    }

    /// An answer's body is the operation's id and the receipt's.
    package func startErasure(
        of who: TestClaim
    ) async throws -> (operation: StoredAnswer, receipt: ReceiptID) {
        let call = Call(caller: Self.caller, request: Self.request, namespace: who.namespace)
        let answer = try await vault.startErasure(of: who.claim, call, at: nil) {
            StoredAnswer(status: 202, body: $0.operation.bytes + $1.bytes)
        }
        return (
            StoredAnswer(status: 202, body: Array(answer.body.prefix(OperationID.byteCount))),
            try ReceiptID(bytes: Array(answer.body.dropFirst(OperationID.byteCount)))
        )
    }

    /// - Returns: the receipt, once all is done.
    @discardableResult
    package func erase(_ who: TestClaim) async throws -> ReceiptID {
        let receipt = try await startErasure(of: who).receipt
        try await workToTheEnd()
        return receipt
    }

    package func registerEscrow(epochs: [UInt32]? = nil) async throws -> EscrowID {
        let answer = try await vault.registerEscrow(
            epochs: epochs?.map { try EpochNumber($0) }, note: AdminNote("safe"), admin, at: nil
        ) { StoredAnswer(status: 201, body: $0.escrow.bytes) }
        return try EscrowID(bytes: answer.body)
    }

    @discardableResult
    package func attest(_ escrow: EscrowID) async throws -> EscrowRow {
        try await vault.attestEscrow(escrow, admin)
    }

    @discardableResult
    package func attest(_ item: DoctorItem, days: Int64 = 1) async throws -> AttestationRow {
        try await vault.attest(
            item, evidence: LogHash.digest([1, 2]), bytes: 2,
            expires: clock.nowMicroseconds() + days * 86_400_000_000, admin)
    }

    @discardableResult
    package func hold(_ target: HoldTarget) async throws -> HoldID {
        let answer = try await vault.placeHold(
            on: target, note: AdminNote("case 7"), admin, at: nil
        ) { StoredAnswer(status: 201, body: $0.hold.bytes) }
        return try HoldID(bytes: answer.body)
    }

    package func release(_ hold: HoldID) async throws {
        _ = try await vault.releaseHold(hold, admin)
    }

    @discardableResult
    package func retain(
        _ image: ImageID, _ retention: Retention, in namespace: NamespaceName = .standard
    ) async throws -> ImageRetention {
        try await vault.setRetention(of: image, in: namespace, admin) { _ in retention }
    }

    package func retention(
        of image: ImageID, in namespace: NamespaceName = .standard
    ) async throws -> [Retention] {
        try await vault.retention(of: image, in: namespace, admin).claims
    }
}
