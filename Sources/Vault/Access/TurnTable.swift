// Whose turn it is: a bounded number of requests at once, and principals one after the other.

/// Who runs and who waits. Whoever has asked for nothing lately takes nothing away: alone, one owner may have all
/// turns; beside another it has fewer, so that there are free ones when the other comes.
package struct TurnTable<Owner: Hashable & Sendable>: Sendable {
    private let turns: Int
    private let turnsBeside: Int
    /// How long an owner that asked is one of several, in microseconds.
    private let lingering: Int64

    private var owners: [Owner: State] = [:]
    /// Owners with somebody who waits: the first one is next.
    private var order: [Owner] = []
    package private(set) var running = 0

    private struct State: Sendable {
        var running = 0
        /// Tickets, in the order in which they came.
        var waiting: [UInt64] = []
        var askedMicroseconds: Int64 = .min
    }

    package init(turns: Int, beside turnsBeside: Int, lingering: Int64) {
        self.turns = turns
        self.turnsBeside = turnsBeside
        self.lingering = lingering
    }

    /// - Returns: the tickets whose turn it is now.
    package mutating func ask(_ owner: Owner, _ ticket: UInt64, at now: Int64) -> [UInt64] {
        owners[owner, default: State()].askedMicroseconds = now
        if owners[owner]?.waiting.isEmpty == true { order.append(owner) }
        owners[owner]?.waiting.append(ticket)
        return start(at: now)
    }

    /// - Returns: the tickets whose turn it is now.
    package mutating func end(_ owner: Owner, at now: Int64) -> [UInt64] {
        owners[owner]?.running -= 1
        running -= 1
        return start(at: now)
    }

    /// Takes a ticket back that has not had its turn.
    ///
    /// - Returns: whether it waited.
    package mutating func leave(_ owner: Owner, _ ticket: UInt64) -> Bool {
        guard let place = owners[owner]?.waiting.firstIndex(of: ticket) else { return false }
        owners[owner]?.waiting.remove(at: place)
        if owners[owner]?.waiting.isEmpty == true { order.removeAll { $0 == owner } }
        return true
    }

    private mutating func start(at now: Int64) -> [UInt64] {
        forgetIdle(at: now)
        let share = owners.count > 1 ? turnsBeside : turns
        var started: [UInt64] = []
        while running < turns,
            let place = order.firstIndex(where: { owners[$0]?.running ?? 0 < share })
        {
            let owner = order.remove(at: place)
            guard var state = owners[owner] else { continue }
            started.append(state.waiting.removeFirst())
            state.running += 1
            running += 1
            owners[owner] = state
            if !state.waiting.isEmpty { order.append(owner) }
        }
        return started
    }

    private mutating func forgetIdle(at now: Int64) {
        for (owner, state) in owners
        where state.running == 0 && state.waiting.isEmpty
            && state.askedMicroseconds <= now - lingering
        {
            owners[owner] = nil
        }
    }
}
