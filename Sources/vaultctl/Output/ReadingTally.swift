// Who read an image: readings of one reader in a row are one.

import VaultAPI
import VaultFormat

struct ReadingTally {
    struct Reader: Encodable {
        let uid: UInt64?
        let actor: String?
        let client: String?
        let first: String
        var last: String
        var readings: Int
    }

    private struct Key: Hashable {
        let uid: UInt64?
        let actor: String?
        let client: String?
    }

    /// What a reading of an image can be in the log: its beginning, its words, or that nothing changed.
    static let actions: [EventAction] = [.readBegun, .readUnchanged, .metadataRead]

    private(set) var readers: [Reader] = []
    private var places: [Key: Int] = [:]

    /// - Parameter event: of a reading, in the log's order.
    mutating func add(_ event: LoggedEvent) {
        // What has no body says not who read.
        let at = event.text("at") ?? ""
        let key = Key(
            uid: event.number("uid"), actor: event.text("actor"), client: event.text("client"))
        guard let place = places[key] else {
            places[key] = readers.count
            readers.append(
                Reader(
                    uid: key.uid, actor: key.actor, client: key.client, first: at, last: at,
                    readings: 1))
            return
        }
        if !Self.isOne(readers[place].last, at) { readers[place].readings += 1 }
        // Requests beside each other are logged in either order. Times sort as their texts do.
        readers[place].last = max(readers[place].last, at)
    }

    /// Whether two readings of one reader, one after the other, are one.
    private static func isOne(_ earlier: String, _ later: String) -> Bool {
        guard let earlier = Timestamp.microseconds(earlier),
            let later = Timestamp.microseconds(later)
        else { return false }
        return abs(later - earlier) <= Limits.readingGapSeconds * 1_000_000
    }
}
