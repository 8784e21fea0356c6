// More than the same caller ever asks for: counted in windows, and compared with its own windows before.

package import VaultFormat

package struct BaselineRule: BehaviourRule {
    /// One length of windows.
    package struct Scale: Hashable, Sendable {
        /// Of a part of a window.
        package var partMicroseconds: Int64
        /// Windows that make the baseline, one a part.
        package var history: Int
        /// Windows without which there is none: the cold start.
        package var needed: Int
        /// Below these nothing is far too much, however little is usual.
        package var principalFloor: Int
        package var actorFloor: Int
        /// What is far too much of whom nothing is known.
        package var unknownPrincipal: Int
        package var unknownActor: Int

        package init(
            partMicroseconds: Int64, history: Int, needed: Int, principalFloor: Int,
            actorFloor: Int, unknownPrincipal: Int, unknownActor: Int
        ) {
            self.partMicroseconds = partMicroseconds
            self.history = history
            self.needed = needed
            self.principalFloor = principalFloor
            self.actorFloor = actorFloor
            self.unknownPrincipal = unknownPrincipal
            self.unknownActor = unknownActor
        }
    }

    /// Of a window: what begins in the middle of a part is missed for no longer than that.
    static let parts = 3

    package let rule: DetectionRule
    private let scales: [Scale]
    /// How long the log must have been watched before somebody new is told from the first ones.
    private let watchMicroseconds: Int64
    private let counts: @Sendable (Observation) -> Bool
    private var since: Int64?
    private var principals: SubjectTable<PrincipalName, [Pace]>
    private var actors: SubjectTable<AlarmSubject, Actor>

    package init(
        _ rule: DetectionRule, scales: [Scale], watchMicroseconds: Int64,
        principals: Int = Limits.detectionPrincipals, actors: Int = Limits.detectionActors,
        counts: @escaping @Sendable (Observation) -> Bool
    ) {
        self.rule = rule
        self.scales = scales
        self.watchMicroseconds = watchMicroseconds
        self.counts = counts
        self.principals = SubjectTable(capacity: principals)
        self.actors = SubjectTable(capacity: actors)
    }

    package mutating func see(_ event: Observation) -> [Sighting] {
        let now = event.atMicroseconds
        let start = since ?? now
        since = start
        guard let principal = event.principal, counts(event) else { return [] }
        let his = event.actorSubject.map { count(event, of: $0) }
        if let subject = event.actorSubject, let his, let seen = his.seen {
            // What an actor does too much of is told of him, and not of whoever asks for everybody.
            if his.isNews { discount(his.paces, of: principal, at: now) }
            return [Sighting(subject, first: seen.first, count: seen.count)]
        }
        let isWatched = now - start >= watchMicroseconds
        guard let seen = count(event, of: principal, isWatched: isWatched) else { return [] }
        guard let subject = event.actorSubject, let his,
            2 * his.paces[seen.scale].count >= seen.count
        else { return [Sighting(.principal(principal), first: seen.first, count: seen.count)] }
        // Half of it is one actor's.
        discount(his.paces, of: principal, at: now)
        let pace = his.paces[seen.scale]
        return [Sighting(subject, first: pace.first, count: pace.count)]
    }

    /// A window that has too much.
    private struct Excess {
        let scale: Int
        let first: UInt64
        let count: Int
    }

    private mutating func count(
        _ event: Observation, of actor: AlarmSubject
    ) -> (paces: [Pace], seen: Excess?, isNews: Bool) {
        let scales = scales
        return actors.update(
            actor, at: event.atMicroseconds,
            orElse: { Actor(paces: scales.map { Pace(at: event.atMicroseconds, $0) }) }
        ) { actor in
            let seen = Self.count(event, scales, &actor.paces) { scale, limit in
                max(limit ?? scale.unknownActor, scale.actorFloor)
            }
            let isNews = seen != nil && !actor.isOver
            actor.isOver = seen != nil
            return (actor.paces, seen, isNews)
        }
    }

    private mutating func count(
        _ event: Observation, of principal: PrincipalName, isWatched: Bool
    ) -> Excess? {
        let scales = scales
        return principals.update(
            principal, at: event.atMicroseconds,
            orElse: { scales.map { Pace(at: event.atMicroseconds, $0) } }
        ) { paces in
            Self.count(event, scales, &paces) { scale, limit in
                guard let limit = limit ?? (isWatched ? scale.unknownPrincipal : nil) else {
                    return nil
                }
                return max(limit, scale.principalFloor)
            }
        }
    }

    /// What an actor had of it counts for him alone.
    private mutating func discount(_ his: [Pace], of principal: PrincipalName, at now: Int64) {
        let scales = scales
        principals.update(principal, at: now, orElse: { scales.map { Pace(at: now, $0) } }) {
            paces in
            for place in scales.indices { paces[place].discount(his[place]) }
        }
    }

    /// Counts the event in each scale.
    private static func count(
        _ event: Observation, _ scales: [Scale], _ paces: inout [Pace],
        limit: (Scale, Int?) -> Int?
    ) -> Excess? {
        var found: Excess?
        for (place, scale) in scales.enumerated() {
            paces[place].count(event, scale)
            guard found == nil, let limit = limit(scale, paces[place].limit),
                paces[place].count > limit
            else { continue }
            found = Excess(scale: place, first: paces[place].first, count: paces[place].count)
        }
        return found
    }

    package mutating func forget() {
        principals.removeAll()
        actors.removeAll()
        since = nil
    }
}

private struct Actor: Sendable {
    var paces: [Pace]
    /// Whether it was too much the last time.
    var isOver = false
}

/// One caller's counts in one scale: a window is the last ``BaselineRule/parts`` parts, and slides by one.
private struct Pace: Sendable {
    private struct Part: Sendable {
        var count = 0
        var first: UInt64 = 0
    }

    /// The number of the newest part since 1970.
    private var newest: Int64
    /// Oldest first.
    private var parts: [Part]
    /// Of the windows before, oldest first.
    private var history: [Int32] = []
    /// What those before allow; nil where they are too few.
    private(set) var limit: Int?

    init(at now: Int64, _ scale: BaselineRule.Scale) {
        newest = now / scale.partMicroseconds
        parts = [Part](repeating: Part(), count: BaselineRule.parts)
    }

    var count: Int { parts.reduce(0) { $0 + $1.count } }

    /// The first event of the window.
    var first: UInt64 { parts.first { $0.count > 0 }?.first ?? 0 }

    mutating func count(_ event: Observation, _ scale: BaselineRule.Scale) {
        let current = event.atMicroseconds / scale.partMicroseconds
        if current > newest { slide(to: current, scale) }
        let last = parts.count - 1
        if parts[last].count == 0 { parts[last].first = event.index }
        parts[last].count += 1
    }

    /// Takes away what another counted of it in the same parts.
    mutating func discount(_ other: Pace) {
        let behind = Int(clamping: newest - other.newest)
        for place in parts.indices where parts.indices.contains(place + behind) {
            let rest = parts[place].count - other.parts[place + behind].count
            parts[place].count = max(0, rest)
        }
    }

    private mutating func slide(to current: Int64, _ scale: BaselineRule.Scale) {
        // What is further back than all that counts is nothing but empty.
        let steps = min(current - newest, Int64(scale.history + BaselineRule.parts))
        for _ in 0..<steps {
            history.append(Int32(clamping: count))
            parts.removeFirst()
            parts.append(Part())
        }
        history.removeFirst(max(0, history.count - scale.history))
        newest = current
        limit = history.count < scale.needed ? nil : Baseline(history).limit
    }
}

/// What is usual, by statistics that a few windows of an attack do not move.
struct Baseline: Hashable, Sendable {
    let median: Int
    /// The median of the distances from it.
    let spread: Int
    /// What nineteen windows of twenty stay below.
    let high: Int

    /// - Parameter counts: at least one.
    init(_ counts: [Int32]) {
        let sorted = counts.sorted()
        let median = Int(sorted[sorted.count / 2])
        let distances = sorted.map { abs(Int($0) - median) }.sorted()
        self.median = median
        spread = distances[distances.count / 2]
        high = Int(sorted[(sorted.count - 1) * 19 / 20])
    }

    /// Ten times the deviation of a normal distribution, of which the spread is two thirds; and thrice the highest,
    /// for what comes in bursts.
    var limit: Int { max(median + 15 * spread, RuleParameters.timesHighest * high) }
}
