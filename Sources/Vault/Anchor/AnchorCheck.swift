// Whether a store contains its anchor: one that does not is older than what the vault was, or another branch
// of it. LogFormat §9.

import VaultCrypto
package import VaultFormat

/// In what a store differs from its anchor.
package enum AnchorFault: Error, Hashable, Sendable {
    case anotherVault
    case shorterLog(size: UInt64, anchored: UInt64)
    case anotherLog(anchored: UInt64)
    case olderKeyring(generation: UInt64, anchored: UInt64)
    case anotherKeyring(generation: UInt64)

    /// What is different, in words.
    package var description: String {
        switch self {
        case .anotherVault: "the anchor is another vault's"
        case .shorterLog(let size, let anchored):
            "the log has \(size) events, and had \(anchored) when the anchor was made"
        case .anotherLog(let anchored):
            "the log has other events than the \(anchored) that it had when the anchor was made"
        case .olderKeyring(let generation, let anchored):
            "the keyring is of generation \(generation), and was of generation \(anchored) when "
                + "the anchor was made"
        case .anotherKeyring(let generation):
            "the keyring of generation \(generation) is another than when the anchor was made"
        }
    }
}

extension Anchor {
    /// Compares the store with this anchor.
    ///
    /// - Returns: nil where the store contains it.
    package func fault(
        of catalog: any Catalog, _ keyring: KeyFile
    ) throws(StorageError) -> AnchorFault? {
        guard keyring.vault == vault else { return .anotherVault }
        let size = try catalog.read { (reader) throws(StorageError) in try reader.frontier().size }
        guard size >= logSize else { return .shorterLog(size: size, anchored: logSize) }
        guard try Vault.rootOfLog(at: logSize, catalog) == logRoot else {
            return .anotherLog(anchored: logSize)
        }
        guard keyring.generation >= generation else {
            return .olderKeyring(generation: keyring.generation, anchored: generation)
        }
        guard
            keyring.generation > generation
                || LogHash.digest(keyring.encoded) == self.keyring
        else { return .anotherKeyring(generation: generation) }
        return nil
    }
}
