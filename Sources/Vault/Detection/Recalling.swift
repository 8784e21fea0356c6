// What detection reads in the log: what was before a start, and what came too fast.

import VaultCrypto
import VaultFormat

extension Vault {
    /// The rules as they would be had they seen the newest events, and what is rare and counts for good of all.
    ///
    /// - Returns: with the first index that they have seen, and the first that they have not.
    func recalledDetector(
        _ mostEvents: UInt64
    ) throws(VaultError) -> (detector: Detector, first: UInt64, next: UInt64) {
        let keyring = try keyring()
        let size = committer.frontier.size
        let first = size - min(size, mostEvents)
        var detector = Detector(
            RuleParameters.rules(
                canaries: Set(try plantedRows().map(\.place)),
                exporters: try exporters(before: first, keyring)),
            off: settings.undetected)
        var next = first
        while next < size {
            let page = try observations(from: next, below: size, keyring)
            for event in page.events { _ = detector.see(event) }
            next = page.next
        }
        guard !keyring.isErased else { throw VaultError(.sealed) }
        return (detector, first, size)
    }

    /// A page of events as rules see them; bodies that were erased tell nothing.
    ///
    /// - Returns: with the index that the next page begins with.
    func observations(
        from first: UInt64, below end: UInt64, _ keyring: Keyring
    ) throws(VaultError) -> (events: [Observation], next: UInt64) {
        let rows = try reading { (reader) throws(StorageError) in
            try reader.events(from: first, limit: Limits.pageRows)
        }.filter { $0.index < end }
        return (rows.compactMap { $0.observation(keyring) }, rows.last.map { $0.index + 1 } ?? end)
    }

    /// Who took the log before these events. The vault's own schedule has no caller, and may be most of them.
    private func exporters(
        before end: UInt64, _ keyring: Keyring
    ) throws(VaultError) -> Set<UInt32> {
        var filter = EventFilter()
        filter.actions = [.logExported]
        filter.outcome = .done
        var exporters: Set<UInt32> = []
        try each(filter, in: 0..<end, keyring) { (event) throws(VaultError) in
            if let uid = event.uid { exporters.insert(uid) }
            return exporters.count < Limits.detectionExporters
        }
        return exporters
    }

    /// Alarms that no incident came of, those of principals and of the vault first, the newest of them first: the
    /// daemon ended between the one event and the other.
    func unansweredAlarms(in range: Range<UInt64>) throws(VaultError) -> [Alarm] {
        let keyring = try keyring()
        var filter = EventFilter()
        filter.actions = [.alarmRaised, .incidentOpened, .incidentClosed]
        filter.outcome = .done
        var waiting: [Cause: Alarm] = [:]
        try each(filter, in: range, keyring) { (event) throws(VaultError) in
            if let alarm = Alarm(told: event) {
                waiting[Cause(rule: alarm.rule, subject: alarm.subject)] = alarm
            } else if let id = event.incident, let row = try? incidentRow(id) {
                if let cause = Cause(row) { waiting[cause] = nil }
            }
            return true
        }
        for row in try openIncidents() {
            if let cause = Cause(row) { waiting[cause] = nil }
        }
        let inOrder = waiting.values.sorted { $0.atMicroseconds > $1.atMicroseconds }
        let ofActors = inOrder.filter { $0.subject.actor != nil }
        return Array(
            (inOrder.filter { $0.subject.actor == nil } + ofActors).prefix(Limits.unopenedAlarms))
    }

    /// Reads events that pass, in their order.
    ///
    /// - Parameter body: returns whether it wants more.
    func each(
        _ filter: EventFilter, in range: Range<UInt64>, _ keyring: Keyring,
        _ body: (Observation) throws(VaultError) -> Bool
    ) throws(VaultError) {
        var next = range.lowerBound
        while next < range.upperBound {
            let from = next
            let rows = try reading { (reader) throws(StorageError) in
                try reader.events(
                    filter, from: from, below: range.upperBound, limit: Limits.pageRows)
            }
            guard let last = rows.last else { return }
            next = last.index + 1
            for row in rows {
                guard let event = row.observation(keyring) else { continue }
                guard try body(event) else { return }
            }
        }
    }
}

/// What an alarm and its incident share.
private struct Cause: Hashable {
    let rule: DetectionRule
    let subject: AlarmSubject

    init(rule: DetectionRule, subject: AlarmSubject) {
        self.rule = rule
        self.subject = subject
    }

    init?(_ row: IncidentRow) {
        guard case .rule(let rule) = row.cause else { return nil }
        self.init(rule: rule, subject: AlarmSubject(principal: row.principal, actor: row.actor))
    }
}

extension EventRow {
    /// Nil where its body was erased.
    func observation(_ keyring: Keyring) -> Observation? {
        body(keyring).flatMap { Observation(body: $0) }
    }
}
