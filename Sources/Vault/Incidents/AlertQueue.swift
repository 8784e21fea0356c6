// Who is to be told of an incident, and how often it was tried. Nothing waits for it.

import Synchronization
package import VaultFormat

/// Somewhere to tell of an incident. Blocks its thread, for a bounded time.
package protocol AlertTarget: Sendable {
    var kind: AlertKind { get }
    /// - Parameter text: one line of JSON.
    func send(_ text: String) throws(StorageError)
}

/// Incidents that a place was not told of yet, and how it went.
package final class AlertQueue: Sendable {
    /// Alerts since the start.
    package struct Counts: Hashable, Sendable {
        package var sent = 0
        package var failed = 0
    }

    private struct Place {
        var waiting: [IncidentRow] = []
        var counts = Counts()
    }

    private let places = Mutex<[AlertKind: Place]>([:])

    /// From now on that place is told of.
    func open(_ kind: AlertKind) { places.withLock { $0[kind] = $0[kind] ?? Place() } }

    /// - Returns: the places that have as many before them as they may, and are not told.
    package func add(_ incident: IncidentRow) -> [AlertKind] {
        places.withLock { places in
            var full: [AlertKind] = []
            for kind in places.keys {
                if places[kind]?.waiting.count ?? 0 < Limits.alerts {
                    places[kind]?.waiting.append(incident)
                } else {
                    places[kind]?.counts.failed += 1
                    full.append(kind)
                }
            }
            return full.sorted { $0.rawValue < $1.rawValue }
        }
    }

    func next(_ kind: AlertKind) -> IncidentRow? {
        places.withLock { places in
            guard let place = places[kind], !place.waiting.isEmpty else { return nil }
            return places[kind]?.waiting.removeFirst()
        }
    }

    func ended(_ kind: AlertKind, isSent: Bool) {
        places.withLock { places in
            if isSent {
                places[kind]?.counts.sent += 1
            } else {
                places[kind]?.counts.failed += 1
            }
        }
    }

    package var counts: [AlertKind: Counts] { places.withLock { $0.mapValues(\.counts) } }
}

/// Tells one place of incidents.
package struct AlertRunner: Sendable {
    private let vault: Vault
    private let target: any AlertTarget
    private let pauseMilliseconds: Int
    private let failed: @Sendable (AlertKind, IncidentID) -> Void

    /// - Parameters:
    ///   - pauseMilliseconds: before the second attempt; it doubles with each.
    ///   - failed: told of each alert that was given up.
    package init(
        _ vault: Vault, _ target: any AlertTarget,
        pauseMilliseconds: Int = Limits.alertRetryMilliseconds,
        failed: @escaping @Sendable (AlertKind, IncidentID) -> Void
    ) {
        self.vault = vault
        self.target = target
        self.pauseMilliseconds = pauseMilliseconds
        self.failed = failed
        vault.alerts.open(target.kind)
    }

    /// Until its task is cancelled. Blocks its thread while the place takes an alert.
    package func run() async {
        while !Task.isCancelled {
            await tellAll()
            try? await Task.sleep(for: .milliseconds(Limits.alertPollMilliseconds))
        }
    }

    /// Tells of everything that waits.
    package func tellAll() async {
        while !Task.isCancelled, let incident = vault.alerts.next(target.kind) {
            let isSent = await send(vault.alert(of: incident))
            vault.alerts.ended(target.kind, isSent: isSent)
            // That somebody was told, or was not, is in nobody's way.
            try? await vault.recordAlert(of: incident, by: target.kind, isSent: isSent)
            if !isSent { failed(target.kind, incident.incident) }
        }
    }

    private func send(_ text: String) async -> Bool {
        var pause = pauseMilliseconds
        for attempt in 1...Limits.alertAttempts {
            do throws(StorageError) {
                try target.send(text)
                return true
            } catch {
                guard attempt < Limits.alertAttempts, !Task.isCancelled else { return false }
            }
            try? await Task.sleep(for: .milliseconds(pause))
            pause *= 2
        }
        return false
    }
}

extension Vault {
    /// An incident in one line, for whoever is called at night. It has no secret, and no name but the principal's.
    func alert(of incident: IncidentRow) -> String {
        var line = JSONLine()
        line.add("incident", incident.incident.hex)
        line.add("at", Timestamp.text(microseconds: incident.openedMicroseconds))
        line.add("cause", incident.cause.name)
        if let principal = incident.principal { line.add("principal", principal.description) }
        if let actor = incident.actor { line.add("actor", actor.hex) }
        if !incident.note.text.isEmpty { line.add("reason", incident.note.text) }
        line.add("from", incident.events.lowerBound)
        line.add("to", incident.events.upperBound)
        line.add("case", incident.file.digest.hex)
        return String(decoding: line.finished, as: UTF8.self)
    }

    func recordAlert(
        of incident: IncidentRow, by kind: AlertKind, isSent: Bool
    ) async throws(VaultError) {
        var event = Event(
            isSent ? .alertSent : .alertFailed, isSent ? .done : .failed,
            atMicroseconds: clock.nowMicroseconds())
        event.incident = incident.incident
        event.principal = incident.principal
        event.alert = kind
        try await committer.record(event)
    }
}
