// From an event to the row and the leaf that keep it. LogFormat §3 and §4.

import VaultCrypto
import VaultFormat

/// Appends events to the tree. Owned by the committer's thread.
struct LogAppender {
    private(set) var frontier: MerkleFrontier
    /// Complete subtrees that the last event made, of the heights that have rows.
    private(set) var made: [(subtree: SubtreeCover.Subtree, root: Digest256)] = []

    init(frontier: MerkleFrontier) { self.frontier = frontier }

    /// The row of `event` at the next index, whose leaf is in the frontier when this returns.
    ///
    /// - Parameter keyring: nil while the vault is sealed; then only who and the code are kept.
    mutating func append(_ event: Event, keyring: Keyring?) throws(CryptoError) -> EventRow {
        let index = frontier.size
        let kept = keyring == nil ? event.whileSealed : event
        let salt = try Random.bytes(32)
        let saltAndBody = salt + kept.body(index: index)
        let content: EventRow.Content =
            if let keyring {
                .sealed(try keyring.sealEvent(saltAndBody, index: index))
            } else {
                .clear(saltAndBody)
            }
        let digest = LogHash.digest(saltAndBody)
        var made: [(subtree: SubtreeCover.Subtree, root: Digest256)] = []
        frontier.append(LogHash.leaf(digest), hash: LogHash.node) { height, place, root in
            guard height.isMultiple(of: LogTree.step) else { return }
            made.append((.init(height: height, place: place), root))
        }
        self.made = made
        return EventRow(
            index: index, atMicroseconds: event.atMicroseconds, action: kept.action,
            outcome: kept.outcome, image: kept.image, digest: digest, content: content)
    }
}
