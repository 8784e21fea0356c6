// What everybody took and failed at since the start, behind one lock. Pure rules stand beside this.

import Synchronization
import VaultFormat

final class Gatekeeper: Sendable {
    /// A principal, by the class of what it asks for.
    struct Taker: Hashable, Sendable {
        let principal: PrincipalName
        let limit: LimitClass
    }

    struct State: Sendable {
        var takers = RateLimiter<Taker, ActorName>()
        var strangers = RateLimiter<Door, UInt32>()
        var checks = RateLimiter<PrincipalName, LimitKey>()
        var uploads = RateLimiter<NamespaceName, ActorName>()
        /// Of whoever is contained, whatever it asks for.
        var contained = RateLimiter<PrincipalName, ActorName>()
        var failures: FailureTracker
        /// Bad tokens and tickets, by who passed them on: nobody's reports take their room.
        var bearers: FailureTracker
        var streaks = RefusalStreaks()
        /// Whether the log was asked for the failures from before the start.
        var isReplayed = false
    }

    let limits: AccessLimits
    private let state: Mutex<State>

    init(_ limits: AccessLimits) {
        self.limits = limits
        state = Mutex(
            State(
                failures: FailureTracker(limits.failures),
                bearers: FailureTracker(limits.failures)))
    }

    func withState<R>(_ body: (inout State) -> R) -> R { state.withLock { body(&$0) } }

    func rates(_ limit: LimitClass) -> RateLimiter<Taker, ActorName>.Rates {
        .init(owner: limits.principals[limit], name: limits.actors[limit])
    }
}
