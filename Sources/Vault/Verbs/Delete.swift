// DELETE: drop the caller's claim; the last one takes wraps, row and blob with it.

package import VaultFormat

/// What became of a dropped claim.
package struct DroppedClaim: Hashable, Sendable {
    package let image: ImageID
    /// Claims that others still hold.
    package let remaining: Int
}

extension Vault {
    package func delete(
        _ id: ImageID, claim: Claim, _ call: Call
    ) async throws(VaultError) -> DroppedClaim {
        try await audited(.imageDelete, call, image: id) { () async throws(VaultError) in
            let keyring = try keyring()
            let committed = try await committer.commit(
                .drop(
                    image: id, namespace: call.namespace,
                    claim: claimIndex(claim, in: call.namespace, keyring)),
                event(.imageDelete, call, image: id))
            guard case .dropped(_, let remaining, let erased) = committed.result else {
                throw VaultError(.internalError)
            }
            if let erased { discard(erased) }
            return DroppedClaim(image: id, remaining: remaining)
        }
    }
}
