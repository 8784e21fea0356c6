// The client's own bounds.

package import VaultFormat

extension Limits {
    /// Bytes of a socket's path: `sun_path` holds 108 with the final zero (unix(7)).
    package static let socketPathBytes = 107
    /// Bytes read from a file at once: large enough that the calls cost nothing.
    package static let clientChunkBytes = 256 << 10
    /// Bytes of an answer other than an image: a page of 1,000 long rows has under 2 MiB.
    package static let clientAnswerBytes = 16 << 20
    /// Bytes of a problem document, many times what one has.
    package static let clientProblemBytes = 64 << 10
    /// Seconds to connect: the daemon is on this machine.
    package static let clientConnectSeconds: Int64 = 10
    /// Seconds to the beginning of an answer: longer than the vault waits for its own disk.
    package static let clientAnswerSeconds: Int64 = 30
    /// Seconds for an upload and its answer: longer than the vault's own deadline.
    package static let clientUploadSeconds = Int64(uploadSeconds) + 30
    /// Seconds for an answer that waits for passphrases to be stretched, slot after slot.
    package static let clientStretchSeconds: Int64 = 300
    /// Seconds without a byte before a connection counts as dead.
    package static let clientSilenceSeconds: Int64 = 60
    /// Connections at once from one client.
    package static let clientConnections = 16
}
