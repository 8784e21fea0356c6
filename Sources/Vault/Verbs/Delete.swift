// DELETE: drop the caller's claim; the last one takes wraps, row and blob with it. The answer names a
// receipt, which says how far that is at any later time.

package import VaultFormat

/// What became of a dropped claim.
package struct DroppedClaim: Hashable, Sendable {
    package let image: ImageID
    /// Claims that others still hold.
    package let remaining: Int
    package let receipt: ReceiptID
}

extension Vault {
    /// - Throws: ``VaultError`` `unknown-image`, `quarantined`, or `held`.
    package func delete(
        _ id: ImageID, claim: Claim, _ call: Call
    ) async throws(VaultError) -> DroppedClaim {
        try await audited(.imageDelete, call, image: id) { () async throws(VaultError) in
            let keyring = try keyring()
            let receipt: ReceiptID = try random()
            let claim = claimIndex(claim, in: call.namespace, keyring)
            var event = event(.imageDelete, call, image: id)
            event.lookups = claim.lookups
            event.receipt = receipt
            let result = try await erasing(
                .drop(
                    image: id, namespace: call.namespace, claim: claim, receipt: receipt),
                event)
            guard case .dropped(_, let remaining, _) = result else {
                throw VaultError(.internalError)
            }
            return DroppedClaim(image: id, remaining: remaining, receipt: receipt)
        }
    }

    /// Commits a change that may erase an image, and unlinks its blob.
    func erasing(_ change: Change, _ event: Event) async throws(VaultError) -> ChangeResult {
        let erasure = erasures.beginCall(at: committer.frontier.size)
        var left: [BlobID] = []
        defer {
            erasures.end(erasure, leaving: left)
            purgeAlarm.ring()
        }
        let committed = try await committer.commit(change, event)
        if let blob = committed.result.erasedBlob { left = unlink([blob]) }
        return committed.result
    }
}

extension ChangeResult {
    /// The blob of an image that is gone.
    fileprivate var erasedBlob: BlobID? {
        switch self {
        case .dropped(_, _, let erased), .approved(_, let erased): erased
        default: nil
        }
    }
}
