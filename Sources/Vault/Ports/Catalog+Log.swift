package import VaultFormat

/// What an auditor asks of the log. What is empty or nil asks for nothing.
package struct EventFilter: Hashable, Sendable {
    package var image: ImageID?
    /// All of these found the event.
    package var lookups: [BlindIndex] = []
    /// Any of these.
    package var actions: [EventAction] = []
    package var outcome: EventOutcome?
    /// Microseconds since 1970: from, up to but not with.
    package var since: Int64?
    package var until: Int64?

    package init() {}
}

/// The log's rows as its queries and its tree need them.
package protocol LogReader {
    /// Events from index `from` upwards.
    func events(from: UInt64, limit: Int) throws(StorageError) -> [EventRow]
    /// Those of them, below index `below`, that pass. With an image, the ends of its readings are none: their
    /// beginnings are.
    func events(
        _ filter: EventFilter, from: UInt64, below: UInt64, limit: Int
    ) throws(StorageError) -> [EventRow]
    /// Where events of that time can be: indexes outside are of others.
    func indexes(since: Int64?, until: Int64?, size: UInt64) throws(StorageError) -> Range<UInt64>
    /// What the tree holds of these leaves, in order; fewer where some are missing.
    func contents(_ leaves: Range<UInt64>) throws(StorageError) -> [Digest256]
    /// Roots of complete subtrees of one height, a multiple of 8 above 0; fewer where some are missing.
    func subtrees(height: Int, _ places: Range<UInt64>) throws(StorageError) -> [Digest256]
    /// How many events there are of an action that ended so. Looks at every event of that action.
    func eventCount(
        _ action: EventAction, _ outcome: EventOutcome
    ) throws(StorageError) -> Int
    /// The pseudonym of the name that has this index.
    func pseudonym(
        of kind: Pseudonym.Kind, at index: BlindIndex
    ) throws(StorageError) -> PseudonymRow?
    func pseudonym(_ pseudonym: Pseudonym) throws(StorageError) -> PseudonymRow?
    func frontier() throws(StorageError) -> MerkleFrontier
    /// The index up to which events were erased for their age.
    func prunedEvents() throws(StorageError) -> UInt64
}

package protocol LogWriter: LogReader {
    /// - Parameter lookups: what it is found by, beside what its row says.
    func append(_ event: EventRow, foundBy lookups: [BlindIndex]) throws(StorageError)
    /// The root of a complete subtree whose events, or lower subtrees, are there.
    func insertSubtree(
        height: Int, place: UInt64, _ root: Digest256
    ) throws(StorageError)
    func insertPseudonym(_ row: PseudonymRow) throws(StorageError)
    func setFrontier(_ frontier: MerkleFrontier) throws(StorageError)
    /// Erases salt, body, image and look-ups of the events of a range that are from before a time: they are
    /// overwritten where they lie. What keeps the log readable stays: ``EventAction/isKept``.
    ///
    /// - Returns: how many had them still.
    func eraseEvents(
        _ indexes: Range<UInt64>, before microseconds: Int64
    ) throws(StorageError) -> Int
    func setPrunedEvents(_ index: UInt64) throws(StorageError)
    /// - Returns: whether it was there.
    func deletePseudonym(_ pseudonym: Pseudonym) throws(StorageError) -> Bool
}

extension LogWriter {
    package func append(_ event: EventRow) throws(StorageError) {
        try append(event, foundBy: [])
    }
}
