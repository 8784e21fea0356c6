// How much is too much: what the settings say under `limits`, and what holds where they say nothing.

package import VaultFormat

package struct AccessLimits: Hashable, Sendable {
    /// What a principal may ask for; a class without a rate has no limit.
    package var principals: [LimitClass: Rate]
    /// What each actor may whom a principal asserts.
    package var actors: [LimitClass: Rate]
    /// What a uid may ask of a socket that knows it as nobody.
    package var strangers: Rate
    /// What a key of a backend's own may, where the backend does not say.
    package var checks: Rate
    package var failures: FailureTracker.Rules
    /// Requests of one principal that run while another asks too.
    package var turnsBeside = Limits.fewestTurnsBeside

    package init(
        principals: [LimitClass: Rate] = [.secrets: .secrets],
        actors: [LimitClass: Rate] = [:], strangers: Rate = .strangers, checks: Rate = .checks,
        failures: FailureTracker.Rules = FailureTracker.Rules()
    ) {
        self.principals = principals
        self.actors = actors
        self.strangers = strangers
        self.checks = checks
        self.failures = failures
    }
}

extension Rate {
    /// More than anybody types, and a guess every other second.
    package static let secrets = Rate(requestsPerMinute: 30, burst: 60)
    /// Each leaves an event: a misconfigured service shows, and does not fill the log.
    package static let strangers = Rate(requestsPerMinute: 600, burst: 300)
    package static let checks = Rate(requestsPerMinute: 60, burst: 60)
}
