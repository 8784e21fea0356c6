// Many of what there should be few of, within a window that slides.

package import VaultFormat

package struct BurstRule: BehaviourRule {
    /// What an event is to the rule.
    package enum Match: Hashable, Sendable {
        case none
        case hit
        /// What hits are measured against: the same request, answered as it should be.
        case miss
    }

    /// How many are too many. Nil does not count that subject.
    package struct Bounds: Hashable, Sendable {
        package var windowMicroseconds: Int64
        package var actor: Int?
        package var principal: Int?
        package var vault: Int?
        /// Percent of all that a principal asks for which hits must be.
        package var principalShare = 0
        /// Whether hits of one image are one.
        package var isDistinct = false

        package init(
            windowMicroseconds: Int64, actor: Int? = nil, principal: Int? = nil,
            vault: Int? = nil, principalShare: Int = 0, isDistinct: Bool = false
        ) {
            self.windowMicroseconds = windowMicroseconds
            self.actor = actor
            self.principal = principal
            self.vault = vault
            self.principalShare = principalShare
            self.isDistinct = isDistinct
        }
    }

    package let rule: DetectionRule
    private let bounds: Bounds
    private let match: @Sendable (Observation) -> Match
    private var principals = SubjectTable<AlarmSubject, Burst>(
        capacity: Limits.detectionPrincipals)
    private var actors: SubjectTable<AlarmSubject, Burst>

    package init(
        _ rule: DetectionRule, _ bounds: Bounds, actors: Int = Limits.detectionActors,
        match: @escaping @Sendable (Observation) -> Match
    ) {
        self.rule = rule
        self.bounds = bounds
        self.match = match
        self.actors = SubjectTable(capacity: actors)
    }

    package mutating func see(_ event: Observation) -> [Sighting] {
        let match = match(event)
        guard match != .none else { return [] }
        var seen: [Sighting] = []
        if let limit = bounds.actor, let subject = event.actorSubject,
            let his = Self.count(event, match, subject, bounds, limit, share: 0, &actors)
        {
            seen.append(his)
        }
        // Whomever it was asked for: names are made up easily.
        if let limit = bounds.principal, let principal = event.principal,
            let all = Self.count(
                event, match, .principal(principal), bounds, limit,
                share: bounds.principalShare, &principals)
        {
            seen.append(all)
        }
        if let limit = bounds.vault,
            let all = Self.count(event, match, .vault, bounds, limit, share: 0, &principals)
        {
            seen.append(all)
        }
        return seen
    }

    private static func count(
        _ event: Observation, _ match: Match, _ subject: AlarmSubject, _ bounds: Bounds,
        _ limit: Int, share: Int, _ table: inout SubjectTable<AlarmSubject, Burst>
    ) -> Sighting? {
        table.update(subject, at: event.atMicroseconds, orElse: { Burst() }) { burst in
            burst.count(event, isHit: match == .hit, bounds, limit)
            guard match == .hit, burst.recent.count >= limit, burst.share >= share,
                let first = burst.recent.first
            else { return nil }
            return Sighting(subject, first: first.index, count: burst.recent.count)
        }
    }

    package mutating func forget() {
        principals.removeAll()
        actors.removeAll()
    }
}

/// One caller's hits: no more of them than it takes.
private struct Burst: Sendable {
    struct Hit: Sendable {
        let index: UInt64
        let atMicroseconds: Int64
        let image: ImageID?
    }

    private(set) var recent: [Hit] = []
    private var window: Int64 = .min
    /// Of the window now, and of the one before.
    private var hits = (now: 0, before: 0)
    private var misses = (now: 0, before: 0)

    /// Percent.
    var share: Int {
        let (good, bad) = (misses.now + misses.before, hits.now + hits.before)
        return bad == 0 ? 0 : bad * 100 / (good + bad)
    }

    mutating func count(
        _ event: Observation, isHit: Bool, _ bounds: BurstRule.Bounds, _ limit: Int
    ) {
        let now = event.atMicroseconds
        let current = now / bounds.windowMicroseconds
        if current > window {
            let isNext = current == window &+ 1
            hits = (0, isNext ? hits.now : 0)
            misses = (0, isNext ? misses.now : 0)
            window = current
        }
        guard isHit else {
            misses.now += 1
            return
        }
        hits.now += 1
        recent.removeAll { hit in
            hit.atMicroseconds <= now - bounds.windowMicroseconds
                || (bounds.isDistinct && hit.image != nil && hit.image == event.image)
        }
        recent.append(Hit(index: event.index, atMicroseconds: now, image: event.image))
        recent.removeFirst(max(0, recent.count - limit))
    }
}
