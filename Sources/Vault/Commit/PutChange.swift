// One more claim on an image, and the image where it is new.

import VaultCrypto
import VaultFormat

/// Carries out an upload inside a transaction.
struct PutChange {
    let catalog: any CatalogWriter
    let keyring: Keyring
    let index: UInt64
    let retention: RetentionPolicies

    func put(
        _ offered: ImageRow, _ reference: ReferenceRow, _ quota: Quota
    ) throws(ChangeFailure) -> ChangeResult {
        let known = try catalogued { () throws(StorageError) in
            try catalog.image(offered.image, in: offered.namespace)
        }
        try refusing { () throws(VaultError) in
            try known?.verify(with: keyring)
            try known?.requireReadable()
        }
        if known == nil, quota != .none {
            let usage = try catalogued { () throws(StorageError) in
                try catalog.usage(of: offered.namespace)
            }
            guard usage.hasRoom(for: offered.storedBytes, within: quota) else {
                throw .refused(VaultError(.quotaExceeded))
            }
        }
        let (offered, reference) = try underPrimary(offered, reference)
        let older = try catalogued { () throws(StorageError) in
            guard let known else { return nil as ReferenceRow? }
            return try catalog.reference(of: known.row, claim: reference.claim)
        }
        if let known, older != nil {
            // Its words would go.
            try ErasureChange(
                catalog: catalog, keyring: keyring, index: index, microseconds: 0,
                retention: retention
            ).requireFree(known, reference.claim)
        }
        return try catalogued { () throws(StorageError) in
            var image = known ?? offered.authenticated(by: keyring, at: index)
            if known == nil { image.row = try catalog.insertImage(image) }
            var made = reference
            // A claim made again is made anew: its name and digests are the caller's latest words. It is
            // kept no shorter than before.
            if let older {
                try catalog.deleteReference(older)
                // An end that somebody wrote there is none.
                if (try? older.verify(of: image, with: keyring)) != nil {
                    made.retention = max(made.retention, older.retention)
                }
            }
            made.imageRow = image.row
            made = made.authenticated(of: image, by: keyring, at: index)
            try catalog.insertReference(made)
            return .put(image: image, reference: made, unused: known == nil ? nil : offered.blob)
        }
    }

    /// What was wrapped before the primary epoch became another is wrapped under it now: from then on
    /// no key comes under an older one.
    private func underPrimary(
        _ image: ImageRow, _ reference: ReferenceRow
    ) throws(ChangeFailure) -> (ImageRow, ReferenceRow) {
        let primary = keyring.primaryEpoch
        guard image.key.epoch != primary || reference.key.epoch != primary else {
            return (image, reference)
        }
        // One that went while an image was on its way takes the image's key with it: it comes again.
        guard keyring.opens(epoch: image.key.epoch), keyring.opens(epoch: reference.key.epoch)
        else { throw .refused(VaultError(.overloaded)) }
        var (image, reference) = (image, reference)
        let wraps = [image.wrap, reference.wrap(of: image)]
        try refusing { () throws(VaultError) in
            let moved = try keyring.moved(wraps)
            guard let blob = moved[0], let words = moved[1] else { throw VaultError(.wrapDamaged) }
            image.key = WrappedKey(epoch: primary, bytes: blob)
            reference.key = WrappedKey(epoch: primary, bytes: words)
        }
        return (image, reference)
    }
}
