/// Room on the store's disk that is kept for what must be recorded when there is no other.
package protocol SpaceReserve: Sendable {
    /// Gives the room back to the disk, for the log's own use.
    func release()
    /// Takes it, unless it is taken.
    ///
    /// - Returns: false where the disk has no room for it.
    func take() -> Bool
}
