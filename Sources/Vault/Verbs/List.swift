// Lists of claims, in pages.

import VaultCrypto
package import VaultFormat

/// A page of claims and where the next begins.
package struct ClaimPage: Sendable {
    package let images: [ClaimedImage]
    /// The row to continue after; nil on the last page.
    package let next: Int64?
}

extension Vault {
    /// - Parameters:
    ///   - claim: only claims that fit what it names.
    ///   - after: the row that the page before ended with; zero for the first.
    ///   - limit: 1 to ``Limits/pageRows``.
    package func list(
        fitting claim: Claim, after: Int64, limit: Int, _ call: Call
    ) async throws(VaultError) -> ClaimPage {
        try await audited(.imageList, call) { () async throws(VaultError) in
            let keyring = try keyring()
            let index = claimIndex(claim, in: call.namespace, keyring)
            let limit = min(max(limit, 1), Limits.pageRows)
            let rows = try reading { (reader) throws(StorageError) in
                try reader.references(
                    in: call.namespace, fitting: index, after: after, limit: limit + 1)
            }
            // An index of erased keys fits no row: that is not an empty list.
            guard !keyring.isErased else { throw VaultError(.sealed) }
            var images: [ClaimedImage] = []
            for (reference, image) in rows.prefix(limit) {
                try image.verify(with: keyring)
                images.append(
                    ClaimedImage(image: image, body: try open(reference, of: image, keyring)))
            }
            _ = try await committer.commit(.none, event(.imageList, call))
            let last = rows.count > limit ? rows[limit - 1].reference.row : nil
            return ClaimPage(images: images, next: last)
        }
    }
}
