// Whether stored images are what their addresses say: opened with the vault's own keys, frame by frame, and hashed.

import Foundation
import VaultCrypto
package import VaultFormat

/// What a sample came to.
package struct SampledImages: Hashable, Sendable {
    package var opened = 0
    package var bytes = 0
    /// What did not open, and why: the first ones.
    package var failed: [Failure] = []

    package struct Failure: Hashable, Sendable {
        package let namespace: NamespaceName
        package let image: ImageID
        package let code: ErrorCode
    }

    package init() {}
}

extension Vault {
    /// Opens up to `count` images, spread over all that there are, and every claim on them.
    ///
    /// - Parameter count: nil for all.
    package func sample(_ count: Int?) async throws(VaultError) -> SampledImages {
        let (total, last) = try reading { (reader) throws(StorageError) in
            (try reader.totals().images, try reader.lastRow(of: .blob))
        }
        var sampled = SampledImages()
        var row: Int64 = 0
        // Of rows that are numbered with gaps, the next behind each step.
        let step = count.map { max(1, last / Int64(max(1, min($0, total)))) } ?? 1
        while row < last, count.map({ sampled.opened + sampled.failed.count < $0 }) ?? true {
            let after = row
            let found = try reading { (reader) throws(StorageError) in
                try reader.storedImages(after: after, through: last, limit: 1)
            }
            guard let image = found.first else { break }
            do throws(VaultError) {
                sampled.bytes += try await openWhole(image)
                sampled.opened += 1
            } catch {
                sampled.failed.append(
                    .init(namespace: image.namespace, image: image.image, code: error.code))
            }
            row = count == nil ? image.row : max(image.row, row + step - 1)
        }
        return sampled
    }

    /// - Returns: how many bytes it has.
    /// - Throws: ``VaultError`` `row-damaged`, `wrap-damaged`, `blob-missing` or `blob-damaged`.
    func openWhole(_ image: ImageRow) async throws(VaultError) -> Int {
        let keyring = try keyring()
        try image.verify(with: keyring)
        let blob = try await openBlob(of: image, from: 0, keyring)
        var hash = StreamingSHA256()
        for index in 0..<blob.opener.header.layout.frameCount {
            let frame =
                index == 0
                ? blob.first
                : try await frame(index, reader: blob.reader, opener: blob.opener)
            unsafe frame.withUnsafeBytes { unsafe hash.update($0) }
        }
        let digest = hash.finish()
        let address = try failing { () throws(CryptoError) in
            try keyring.imageID(of: digest, in: image.namespace)
        }
        guard address == image.image else { throw VaultError(.blobDamaged) }
        let claims = try reading { (reader) throws(StorageError) in
            try reader.references(of: image.row)
        }
        for claim in claims { _ = try open(claim, of: image, keyring) }
        return image.storedBytes
    }
}
