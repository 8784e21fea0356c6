// Who is contained now, as the doors ask it: what the rows of open incidents say, in memory.

import Synchronization
import VaultFormat

final class Containments: Sendable {
    /// Incidents with a containment, and no others.
    private let rows = Mutex<[IncidentID: IncidentRow]>([:])

    /// Takes a row as it is now.
    func set(_ row: IncidentRow) {
        rows.withLock { $0[row.incident] = row.containment == nil ? nil : row }
    }

    /// Takes all that there are in the place of what was known.
    func replace(by all: [IncidentRow]) {
        rows.withLock { rows in
            rows = [:]
            for row in all where row.containment != nil { rows[row.incident] = row }
        }
    }

    /// Those that hold, by the principal that each is of.
    func holding(
        at microseconds: Int64, besides incident: IncidentID? = nil
    ) -> [PrincipalName: Set<ContainmentGrade>] {
        rows.withLock { rows in
            rows.values.reduce(into: [:]) { held, row in
                guard row.incident != incident, let principal = row.principal,
                    let containment = row.containment, !containment.isOver(at: microseconds)
                else { return }
                held[principal, default: []].insert(containment.grade)
            }
        }
    }

    /// Those whose end has come.
    func over(at microseconds: Int64) -> [IncidentID] {
        rows.withLock { rows in
            rows.values.filter { $0.containment?.isOver(at: microseconds) ?? false }
                .map(\.incident)
        }
    }

    /// Those that sealed the vault: opened, it is contained no more.
    var seals: [IncidentID] {
        rows.withLock { rows in
            rows.values.filter { $0.containment?.grade == .seal }.map(\.incident)
        }
    }
}

extension [PrincipalName: Set<ContainmentGrade>] {
    /// Those who could not lift a containment.
    var gagged: Set<PrincipalName> {
        Set(filter { $0.value.contains(where: \.isGag) }.keys)
    }
}

/// One after another, in the order in which they came.
final class IncidentTurn: Sendable {
    private let state = Mutex<(isTaken: Bool, waiters: [CheckedContinuation<Void, Never>])>(
        (false, []))

    func take<R>(_ body: () async throws(VaultError) -> R) async throws(VaultError) -> R {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                if state.isTaken { state.waiters.append(continuation) }
                defer { state.isTaken = true }
                return !state.isTaken
            }
            if isFree { continuation.resume() }
        }
        defer {
            let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
                guard !state.waiters.isEmpty else {
                    state.isTaken = false
                    return nil
                }
                return state.waiters.removeFirst()
            }
            next?.resume()
        }
        return try await body()
    }
}
