// The requests that run at once, with a place for whoever asks for little.

import Synchronization
package import VaultFormat

/// Who may run a verb now. What waits is in the order of its principal; principals take turns.
package final class FairTurns: Sendable {
    private let state: Mutex<State>
    private let clock: any VaultClock

    private struct State {
        var table: TurnTable<PrincipalName>
        var waiters: [UInt64: CheckedContinuation<Bool, Never>] = [:]
        var lastTicket: UInt64 = 0

        mutating func start(_ tickets: [UInt64]) -> [CheckedContinuation<Bool, Never>] {
            tickets.compactMap { waiters.removeValue(forKey: $0) }
        }
    }

    init(clock: any VaultClock, beside: Int) {
        self.clock = clock
        state = Mutex(
            State(
                table: TurnTable(
                    turns: Limits.turns, beside: beside,
                    lingering: Limits.turnLingeringMicroseconds)))
    }

    /// Requests that wait for theirs.
    package var waiting: Int { state.withLock { $0.waiters.count } }

    /// Requests that run now.
    package var running: Int { state.withLock { $0.table.running } }

    /// Runs `body` when it is the principal's turn.
    ///
    /// - Throws: what `body` does, or ``VaultError`` `deadline-exceeded` when the task is cancelled while it waits.
    package func take<R>(
        _ principal: PrincipalName, _ body: () async throws -> R
    ) async throws -> R {
        guard await wait(principal) else { throw VaultError(.deadlineExceeded) }
        defer { end(principal) }
        return try await body()
    }

    /// - Returns: false when the wait was given up.
    private func wait(_ principal: PrincipalName) async -> Bool {
        let ticket = state.withLock { state in
            state.lastTicket &+= 1
            return state.lastTicket
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let started = state.withLock { state -> [CheckedContinuation<Bool, Never>]? in
                    // A cancellation that came first found nothing to take back.
                    if Task.isCancelled { return nil }
                    state.waiters[ticket] = continuation
                    return state.start(
                        state.table.ask(principal, ticket, at: clock.monotonicMicroseconds()))
                }
                guard let started else { return continuation.resume(returning: false) }
                for waiter in started { waiter.resume(returning: true) }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                state.table.leave(principal, ticket)
                    ? state.waiters.removeValue(forKey: ticket) : nil
            }
            waiter?.resume(returning: false)
        }
    }

    private func end(_ principal: PrincipalName) {
        let started = state.withLock { state in
            state.start(state.table.end(principal, at: clock.monotonicMicroseconds()))
        }
        for waiter in started { waiter.resume(returning: true) }
    }
}
