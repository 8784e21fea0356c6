// What is planted, and what is lifted.

import VaultCrypto
import VaultFormat

struct CanaryChange {
    let catalog: any CatalogWriter
    let keyring: Keyring
    let index: UInt64

    /// One that is planted again gets another note.
    ///
    /// - Throws: `unknown-image` for what is not stored, `overloaded` where there are too many.
    func plant(_ offered: CanaryRow) throws(ChangeFailure) -> CanaryRow {
        let place = offered.place
        let (image, known, count) = try catalogued { () throws(StorageError) in
            (
                try catalog.image(place.image, in: place.namespace),
                try catalog.canary(place),
                try catalog.canaries(limit: Limits.canaries).count
            )
        }
        guard let image else { throw .refused(VaultError(.unknownImage)) }
        try refusing { () throws(VaultError) in try image.verify(with: keyring) }
        guard known != nil || count < Limits.canaries else {
            throw .refused(VaultError(.overloaded))
        }
        let canary = offered.authenticated(by: keyring, at: index)
        try catalogued { () throws(StorageError) in try catalog.setCanary(canary) }
        return canary
    }

    /// One that does not verify can be lifted too: the log says who did.
    ///
    /// - Throws: `unknown-image` for what is not planted.
    func lift(_ place: ImagePlace) throws(ChangeFailure) -> CanaryRow {
        let found = try catalogued { () throws(StorageError) in try catalog.canary(place) }
        guard let found else { throw .refused(VaultError(.unknownImage)) }
        try catalogued { () throws(StorageError) in try catalog.deleteCanary(place) }
        return found
    }
}
