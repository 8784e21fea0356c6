// More than the same caller ever asks for: counted in windows, and compared with its own windows before. A principal's
// count has everything that was asked in its name, whomever it says that it asked for: names are made up easily.

package import VaultFormat

package struct BaselineRule: BehaviourRule {
    /// One length of windows.
    package struct Scale: Hashable, Sendable {
        /// Of a part of a window.
        package var partMicroseconds: Int64
        /// Windows that make the baseline, one a part.
        package var history: Int
        /// Newer ones, which are left out of it: nobody teaches it within so many parts.
        package var recent: Int
        /// Windows without which there is none: the cold start.
        package var needed: Int
        /// Below these nothing is far too much, however little is usual.
        package var principalFloor: Int
        package var actorFloor: Int
        /// What is far too much of whom nothing is known.
        package var unknownPrincipal: Int
        package var unknownActor: Int

        package init(
            partMicroseconds: Int64, history: Int, recent: Int, needed: Int,
            principalFloor: Int, actorFloor: Int, unknownPrincipal: Int, unknownActor: Int
        ) {
            self.partMicroseconds = partMicroseconds
            self.history = history
            self.recent = recent
            self.needed = needed
            self.principalFloor = principalFloor
            self.actorFloor = actorFloor
            self.unknownPrincipal = unknownPrincipal
            self.unknownActor = unknownActor
        }
    }

    package let rule: DetectionRule
    private let scales: [Scale]
    /// How long the log must have been watched before somebody new is told from the first ones.
    private let watchMicroseconds: Int64
    private let counts: @Sendable (Observation) -> Bool
    private var since: Int64?
    private var principals: SubjectTable<PrincipalName, Paces>
    private var actors: SubjectTable<AlarmSubject, Paces>

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
        var sightings: [Sighting] = []
        let actor = event.actorSubject.map { ($0, count(event, of: $0)) }
        if let (subject, counted) = actor, let seen = counted.excess {
            sightings.append(Sighting(subject, first: seen.first, count: seen.count))
        }
        let isWatched = now - start >= watchMicroseconds
        guard let seen = count(event, of: principal, isWatched: isWatched) else {
            return sightings
        }
        sightings.append(Sighting(.principal(principal), first: seen.first, count: seen.count))
        if let (subject, counted) = actor, counted.excess == nil {
            // Where half of it is one actor's, he is told of, too.
            let his = counted.windows[seen.scale]
            if 2 * his.count >= seen.count {
                sightings.append(Sighting(subject, first: his.first, count: his.count))
            }
        }
        return sightings
    }

    private mutating func count(
        _ event: Observation, of actor: AlarmSubject
    ) -> (windows: [Window], excess: Excess?) {
        let scales = scales
        return actors.update(
            actor, at: event.atMicroseconds,
            orElse: {
                // Nobody's first day allows him more than anybody's.
                Paces(at: event.atMicroseconds, scales, allowed: scales.map(\.unknownActor))
            }
        ) { paces in
            let excess = paces.count(event, scales) { ($0.actorFloor, $0.unknownActor) }
            return (paces.windows, excess)
        }
    }

    private mutating func count(
        _ event: Observation, of principal: PrincipalName, isWatched: Bool
    ) -> Excess? {
        let scales = scales
        return principals.update(
            principal, at: event.atMicroseconds,
            orElse: { Paces(at: event.atMicroseconds, scales) }
        ) { paces in
            paces.count(event, scales) {
                ($0.principalFloor, isWatched ? $0.unknownPrincipal : nil)
            }
        }
    }

    package mutating func forget() {
        principals.removeAll()
        actors.removeAll()
        since = nil
    }
}
