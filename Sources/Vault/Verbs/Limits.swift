// Who asks too much: told to wait, counted, and in the log once a streak.

package import VaultFormat

extension Vault {
    /// Lets a request of a principal in, or a stranger's refusal be told.
    ///
    /// - Parameters:
    ///   - principal: nil for a stranger.
    ///   - bytes: what the request brings.
    /// - Returns: microseconds after which it may come again; nil where it may come in.
    /// - Throws: ``VaultError`` when a streak begins or goes on whose event cannot be written.
    package func wait(
        for principal: PrincipalName?, _ limit: LimitClass, bytes: Int = 0, _ call: Call
    ) async throws(VaultError) -> Int64? {
        let now = clock.monotonicMicroseconds()
        let (wait, report) = gatekeeper.withState { state in
            let wait = take(Cost(bytes: bytes), principal, limit, call, &state, now)
            guard wait != nil else { return (wait, RefusalStreaks.Report?.none) }
            let subject = RefusalStreaks.Subject(principal: principal, limit: limit)
            return (wait, state.streaks.refused(subject, call.caller, at: now))
        }
        if let report { try await record(report) }
        return wait
    }

    private func take(
        _ cost: Cost, _ principal: PrincipalName?, _ limit: LimitClass, _ call: Call,
        _ state: inout Gatekeeper.State, _ now: Int64
    ) -> Int64? {
        guard let principal else {
            return state.strangers.take(
                cost, of: call.caller.door, as: call.caller.uid,
                .init(name: gatekeeper.limits.strangers), at: now)
        }
        return state.takers.take(
            cost, of: .init(principal: principal, limit: limit), as: call.asserted.actor,
            gatekeeper.rates(limit), at: now)
    }

    /// Counts bytes that went, or came, beyond what a request said before.
    package func charge(
        bytes: Int, to principal: PrincipalName?, _ limit: LimitClass, _ call: Call
    ) {
        guard let principal, bytes > 0 else { return }
        let now = clock.monotonicMicroseconds()
        gatekeeper.withState { state in
            state.takers.charge(
                Cost(requests: 0, bytes: bytes), to: .init(principal: principal, limit: limit),
                as: call.asserted.actor, gatekeeper.rates(limit), at: now)
        }
    }

    /// Leaves the events of streaks that are over. What cannot be written is counted on.
    ///
    /// - Parameter isLast: of all streaks.
    package func endRefusalStreaks(isLast: Bool = false) async throws(VaultError) {
        let now = clock.monotonicMicroseconds()
        let reports = gatekeeper.withState { $0.streaks.ended(at: now, isLast: isLast) }
        var failure: VaultError?
        for report in reports {
            do throws(VaultError) { try await record(report) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    func record(_ report: RefusalStreaks.Report) async throws(VaultError) {
        var event = Event(
            .requestsLimited, .refused, code: .rateLimited,
            atMicroseconds: clock.nowMicroseconds(), caller: report.caller)
        event.principal = report.subject.principal
        event.limit = report.subject.limit
        event.count = report.count
        do throws(VaultError) {
            try await committer.record(event)
        } catch {
            let now = clock.monotonicMicroseconds()
            gatekeeper.withState { $0.streaks.restore(report, at: now) }
            throw error
        }
    }

    /// Takes `cost` under a key of a backend's own, if there is room for it.
    ///
    /// - Parameter rate: nil for the one of the settings.
    /// - Returns: microseconds after which there is room; nil where it was taken.
    package func check(
        _ key: LimitKey, cost: Int, _ rate: Rate?, of principal: PrincipalName
    ) -> Int64? {
        let now = clock.monotonicMicroseconds()
        let rate = rate ?? gatekeeper.limits.checks
        return gatekeeper.withState { state in
            state.checks.take(
                Cost(requests: cost), of: principal, as: key, .init(name: rate), at: now)
        }
    }
}
