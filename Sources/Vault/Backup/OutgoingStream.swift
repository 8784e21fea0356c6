/// What leaves the vault a piece at a time, because it is long. Its event is durable before the first.
package protocol OutgoingStream: Sendable {
    /// What is cut short when it ends early, for the daemon's log.
    static var name: String { get }

    /// The bytes that come next; nil at the end. It may block for as long as the rows take.
    ///
    /// - Throws: ``VaultError``: the stream is cut short then, and lacks its last piece.
    mutating func next(of vault: Vault) async throws(VaultError) -> [UInt8]?
}

extension BundleExport: OutgoingStream {
    package static let name = "a bundle"
}
