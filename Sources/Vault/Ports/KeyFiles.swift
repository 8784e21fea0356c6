package import VaultFormat

/// The sealed key files of the vault, where they are kept, and the mark of an explicit seal.
package protocol KeyFiles: Sendable {
    func load(_ kind: KeyFile.Kind) throws(StorageError) -> KeyFile
    /// Writes a file beside the one that it is to replace; durable when this returns.
    func prepare(_ file: KeyFile) throws(StorageError)
    /// Lets the prepared file take its place; durable when this returns.
    func publish(_ kind: KeyFile.Kind) throws(StorageError)
    /// Removes what was prepared and is not to take its place.
    func discardPrepared(_ kind: KeyFile.Kind)
    /// Whether the vault is to stay sealed until somebody unseals it; durable when this returns.
    func setSealMark(_ isSealed: Bool) throws(StorageError)
    /// The same, until a time when the vault may open itself as it does at a start.
    func setSealMark(untilMicroseconds: Int64) throws(StorageError)
    /// That time; nil where there is no mark, or one without an end.
    func sealEndMicroseconds() -> Int64?
}

/// Where passphrases are stretched: in a process that has no key of the vault and ends with its answer.
package protocol PassphraseStretcher: Sendable {
    /// Blocks for about a second; one at a time.
    ///
    /// - Parameter out: room for ``PassphraseParameters/stretchedBytes``.
    func stretch(
        _ passphrase: UnsafeRawBufferPointer, salt: [UInt8], _ parameters: PassphraseParameters,
        into out: UnsafeMutableRawBufferPointer
    ) throws(StorageError)
}
