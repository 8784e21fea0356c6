// What an event is when it is written: with its pseudonyms, its leaf in the tree, and what it is found by.

import VaultCrypto
import VaultFormat

extension Committer {
    #if BENCH_WITHOUT_EVENTS
        package static let leavesEvents = false
    #else
        /// False only in a daemon that Tools/bench audit compares with.
        package static let leavesEvents = true
    #endif

    /// - Returns: what detection is told of it.
    func append(
        _ event: Event, to writer: any CatalogWriter, _ log: inout LogAppender, _ keyring: Keyring?
    ) throws(StorageError) -> Observation {
        var event = event
        if let keyring, let namespace = event.namespace {
            event.pseudonyms = try NameKeeper(catalog: writer, keyring: keyring)
                .pseudonyms(of: event.asserted, in: namespace)
        }
        let row: EventRow
        do throws(CryptoError) {
            row = try log.append(event, keyring: keyring)
        } catch {
            throw error == .sealed ? .sealed : .unavailable(0)
        }
        try writer.append(row, foundBy: lookups(of: event, keyring))
        for (subtree, root) in log.made {
            try writer.insertSubtree(height: subtree.height, place: subtree.place, root)
        }
        return Observation(event, index: row.index)
    }

    /// What an event is found by: who called, with what, for whom, and whose claim it is about.
    private func lookups(of event: Event, _ keyring: Keyring?) -> [BlindIndex] {
        // The end of a reading that went well is told by where it began.
        let isPlainEnd = event.action == .readEnded && event.outcome == .done
        guard let keyring, !isPlainEnd else { return [] }
        let names = [
            event.pseudonyms.actor, event.pseudonyms.client, event.pseudonyms.agent,
        ].compactMap { $0 }
        let shown = [event.token.map { BlindIndex($0) }, event.ticket.map { BlindIndex($0) }]
        return event.lookups + names.map { BlindIndex($0) } + shown.compactMap { $0 }
            + (event.caller.map { [keyring.lookup(uid: $0.uid)] } ?? [])
    }
}
