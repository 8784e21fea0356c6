// Buckets for owners whom the settings know, and for names that anybody can make up, in bounded memory.

import VaultFormat

/// Who has taken how much. Each owner has a bucket, and in it each name its own. Names that find no room share one
/// bucket of their owner: a name is forgotten only when its bucket is empty, so that nobody gets more by using many.
package struct RateLimiter<Owner: Hashable & Sendable, Name: Hashable & Sendable>: Sendable {
    /// What holds for an owner, and for each of its names; nil where nothing does.
    package struct Rates: Hashable, Sendable {
        package var owner: Rate?
        package var name: Rate?

        package init(owner: Rate? = nil, name: Rate? = nil) {
            self.owner = owner
            self.name = name
        }
    }

    private struct Buckets: Sendable {
        var whole = Bucket()
        var names: [Name: Bucket] = [:]
        /// Of all names without room.
        var others = Bucket()

        func wait(for cost: Cost, as name: Name?, _ rates: Rates, at now: Int64) -> Int64 {
            max(
                rates.owner.map { whole.wait(for: cost, $0, at: now) } ?? 0,
                rates.name.flatMap { rate in
                    name.map { (names[$0] ?? others).wait(for: cost, rate, at: now) }
                } ?? 0)
        }

        mutating func take(_ cost: Cost, as name: Name?, _ rates: Rates, at now: Int64) {
            if let rate = rates.owner { whole.take(cost, rate, at: now) }
            guard let rate = rates.name, let name else { return }
            if names[name] == nil {
                others.take(cost, rate, at: now)
            } else {
                names[name]?.take(cost, rate, at: now)
            }
        }

        func isEmpty(at now: Int64) -> Bool {
            whole.isEmpty(at: now) && names.isEmpty && others.isEmpty(at: now)
        }
    }

    private let names: Int
    private let namesEach: Int
    private var owners: [Owner: Buckets] = [:]
    private var sweptMicroseconds: Int64 = .min
    /// Names with a bucket of their own.
    package private(set) var count = 0

    package init(
        names: Int = Limits.limitedNames, namesEach: Int = Limits.limitedNamesEach
    ) {
        self.names = names
        self.namesEach = namesEach
    }

    /// Takes `cost` if there is room for it, else nothing.
    ///
    /// - Parameter now: microseconds of a clock that never steps back.
    /// - Returns: microseconds after which there is room; nil where it was taken.
    package mutating func take(
        _ cost: Cost, of owner: Owner, as name: Name?, _ rates: Rates, at now: Int64
    ) -> Int64? {
        if let name, rates.name != nil { makeRoom(for: name, of: owner, at: now) }
        let wait = owners[owner]?.wait(for: cost, as: name, rates, at: now * 1000) ?? 0
        guard wait == 0 else { return (wait + 999) / 1000 }
        owners[owner, default: Buckets()].take(cost, as: name, rates, at: now * 1000)
        return nil
    }

    /// Takes what was found to have been used: whoever comes next waits for it.
    package mutating func charge(
        _ cost: Cost, to owner: Owner, as name: Name?, _ rates: Rates, at now: Int64
    ) {
        if let name, rates.name != nil { makeRoom(for: name, of: owner, at: now) }
        owners[owner, default: Buckets()].take(cost, as: name, rates, at: now * 1000)
    }

    /// A bucket for a name that has none, if there is room for it.
    private mutating func makeRoom(for name: Name, of owner: Owner, at now: Int64) {
        guard owners[owner]?.names[name] == nil else { return }
        if !hasRoom(owner) { sweep(at: now) }
        guard hasRoom(owner) else { return }
        owners[owner, default: Buckets()].names[name] = Bucket()
        count += 1
    }

    private func hasRoom(_ owner: Owner) -> Bool {
        count < names && owners[owner]?.names.count ?? 0 < namesEach
    }

    /// Forgets whoever has earned all that he took.
    private mutating func sweep(at now: Int64) {
        guard now >= sweptMicroseconds + Limits.limitSweepMicroseconds else { return }
        sweptMicroseconds = now
        for (owner, buckets) in owners {
            var buckets = buckets
            buckets.names = buckets.names.filter { !$0.value.isEmpty(at: now * 1000) }
            owners[owner] = buckets.isEmpty(at: now * 1000) ? nil : buckets
        }
        count = owners.values.reduce(0) { $0 + $1.names.count }
    }
}
