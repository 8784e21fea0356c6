// Who may have memory for an upload now: a sum of bytes, a share of it for each principal, and an order.

import VaultFormat

/// The reckoning of ``UploadPool``, which has the memory. An owner that is nil has no share to exceed.
struct UploadQueue: Sendable {
    /// Bytes of all uploads.
    let budget: Int
    /// Bytes that one owner leaves to others; all of them where nothing would be left for itself.
    private let spare: Int
    private var bytesOut = 0
    private var owners: [PrincipalName?: Owner] = [:]
    /// Owners with somebody who waits: the first one is next.
    private var order: [PrincipalName?] = []

    private struct Owner: Sendable {
        var bytes = 0
        /// In the order in which they came.
        var waiting: [(ticket: UInt64, bytes: Int)] = []
        var isIdle: Bool { bytes == 0 && waiting.isEmpty }
    }

    init(budget: Int, spare: Int) {
        self.budget = budget
        self.spare = budget >= 2 * spare ? spare : 0
    }

    /// Takes the bytes where nobody waits.
    mutating func takeAtOnce(_ bytes: Int, _ owner: PrincipalName?) -> Bool {
        guard order.isEmpty, isWithinShare(bytes, owner), bytesOut + bytes <= budget else {
            return false
        }
        take(bytes, owner)
        return true
    }

    /// - Returns: false where the owner has too many that wait.
    mutating func wait(_ ticket: UInt64, _ bytes: Int, _ owner: PrincipalName?) -> Bool {
        var own = owners[owner, default: Owner()]
        guard own.waiting.count < Limits.uploadsWaitingEach else { return false }
        if own.waiting.isEmpty { order.append(owner) }
        own.waiting.append((ticket, bytes))
        owners[owner] = own
        return true
    }

    /// Takes back one that waits.
    mutating func leave(_ ticket: UInt64) {
        for owner in order {
            guard var own = owners[owner],
                let place = own.waiting.firstIndex(where: { $0.ticket == ticket })
            else { continue }
            own.waiting.remove(at: place)
            owners[owner] = own.isIdle ? nil : own
            if own.waiting.isEmpty { order.removeAll { $0 == owner } }
            return
        }
    }

    mutating func giveBack(_ bytes: Int, _ owner: PrincipalName?) {
        bytesOut -= bytes
        owners[owner]?.bytes -= bytes
        if owners[owner]?.isIdle == true { owners[owner] = nil }
    }

    /// Those whose turn it is, and who have their bytes now. Owners take turns; one that has its share is passed by.
    /// The first that waits for room, which others have, stops those behind it: small ones would never let a large one
    /// in.
    mutating func admitted() -> [UInt64] {
        var tickets: [UInt64] = []
        var place = 0
        while place < order.count {
            let owner = order[place]
            guard let next = owners[owner]?.waiting.first else { break }
            guard isWithinShare(next.bytes, owner) else {
                place += 1
                continue
            }
            guard bytesOut + next.bytes <= budget else { break }
            take(next.bytes, owner)
            owners[owner]?.waiting.removeFirst()
            tickets.append(next.ticket)
            order.remove(at: place)
            if owners[owner]?.waiting.isEmpty == false { order.append(owner) }
        }
        return tickets
    }

    private mutating func take(_ bytes: Int, _ owner: PrincipalName?) {
        bytesOut += bytes
        owners[owner, default: Owner()].bytes += bytes
    }

    private func isWithinShare(_ bytes: Int, _ owner: PrincipalName?) -> Bool {
        owner == nil || (owners[owner]?.bytes ?? 0) + bytes <= budget - spare
    }
}
