// Which snapshots are kept: the newest ones, and the last of each of the newest days, weeks and months (in UTC).

import VaultFormat

struct KeepRule {
    var last = 0
    var daily = 0
    var weekly = 0
    var monthly = 0

    var isEmpty: Bool { last + daily + weekly + monthly == 0 }

    /// - Parameter snapshots: oldest first.
    /// - Returns: those that no rule keeps.
    func leaving(_ snapshots: [StoredSnapshot]) -> [StoredSnapshot] {
        var kept = Set(snapshots.suffix(last).map(\.id))
        for (count, period) in [(daily, Self.day), (weekly, Self.week), (monthly, Self.month)] {
            var seen: [Substring] = []
            for snapshot in snapshots.reversed() {
                let name = period(snapshot.manifest.at)
                guard !seen.contains(name) else { continue }
                guard seen.count < count else { break }
                seen.append(name)
                kept.insert(snapshot.id)
            }
        }
        return snapshots.filter { !kept.contains($0.id) }
    }

    private static func day(_ at: String) -> Substring { at.prefix(10) }
    private static func month(_ at: String) -> Substring { at.prefix(7) }

    /// Weeks begin on Monday: 1970 began on a Thursday.
    private static func week(_ at: String) -> Substring {
        let days = (Timestamp.microseconds(at) ?? 0) / 86_400_000_000
        return Substring("\((days + 3) / 7)")
    }
}
