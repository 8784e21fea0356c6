// The catalog's rows against its log. A row that was put back from an earlier time is authentic: only the log
// tells that something came after. A check reads both, says what does not fit, and changes nothing.

import VaultCrypto
import VaultFormat

struct Check: OperationWork {
    /// What one step looked at.
    private struct Part {
        /// How much of the phase is done with it.
        let through: Int64
        let count: Int
        let findings: [CheckFinding]
    }

    let vault: Vault
    let parameters: CheckParameters

    func step(of operation: OperationRow) async throws(VaultError) -> [OperationStep] {
        let keyring = try vault.keyring()
        let (first, done) = try place(of: operation)
        var phase: CheckPhase? = first
        while let current = phase {
            let part = try part(
                of: current, after: current == first ? done : 0, operation.operation, keyring)
            // With keys that went meanwhile nothing opens: that is no damage.
            guard !keyring.isErased else { throw VaultError(.sealed) }
            if let part {
                return [
                    OperationStep(
                        cursor: try cursor(current, part.through),
                        .checked(part.count, part.findings))
                ]
            }
            phase = current.next
        }
        vault.checkMemory.forget(operation.operation)
        return []
    }

    private func place(
        of operation: OperationRow
    ) throws(VaultError) -> (phase: CheckPhase, done: Int64) {
        do throws(FormatError) {
            let place = try CheckPlace(cursor: operation.progress.cursor)
            return (place.phase, place.done)
        } catch {
            throw VaultError(.rowDamaged)
        }
    }

    private func cursor(_ phase: CheckPhase, _ done: Int64) throws(VaultError) -> Int64 {
        do throws(FormatError) {
            return try CheckPlace(phase, done: done).cursor
        } catch {
            throw VaultError(.rowDamaged)
        }
    }

    /// - Returns: nil when nothing of the phase is left.
    private func part(
        of phase: CheckPhase, after done: Int64, _ operation: OperationID, _ keyring: Keyring
    ) throws(VaultError) -> Part? {
        switch phase {
        case .log: try log(after: done, operation, keyring)
        case .images: try images(after: done, operation, keyring)
        case .references: try references(after: done, operation, keyring)
        case .end: done == 0 ? try end(operation, keyring) : nil
        }
    }

    // MARK: The log

    private func log(
        after done: Int64, _ operation: OperationID, _ keyring: Keyring
    ) throws(VaultError) -> Part? {
        let first = UInt64(clamping: done)
        guard first < parameters.events else { return nil }
        var log = try log(of: operation, upTo: first, keyring)
        let rows = try events(from: first)
        var findings: [CheckFinding] = []
        var events: [LoggedEvent] = []
        for row in rows {
            let taken = log.take(row, keyring)
            findings += taken.findings
            if let event = taken.event { events.append(event) }
        }
        if rows.isEmpty { findings += log.skip(to: parameters.events) }
        findings += try vault.reading { (reader) throws(StorageError) in
            let comparison = RowComparison(reader: reader, keyring: keyring)
            var findings: [CheckFinding] = []
            for event in events { findings += try comparison.findings(event) }
            return findings
        }
        vault.checkMemory.keep(log, of: operation)
        return Part(
            through: Int64(clamping: log.next), count: Int(clamping: log.next - first),
            findings: findings)
    }

    /// Of those that there were when the check was asked for.
    private func events(from index: UInt64) throws(VaultError) -> [EventRow] {
        try vault.reading { (reader) throws(StorageError) in
            try reader.events(from: index, limit: Limits.checkEvents)
        }.filter { $0.index < parameters.events }
    }

    /// The log as far as it is read: as it was kept, or read once more.
    private func log(
        of operation: OperationID, upTo end: UInt64, _ keyring: Keyring
    ) throws(VaultError) -> CheckedLog {
        if let kept = vault.checkMemory.log(of: operation, upTo: end) { return kept }
        var log = CheckedLog()
        while log.next < end {
            if Task.isCancelled { throw VaultError(.deadlineExceeded) }
            let rows = try events(from: log.next).filter { $0.index < end }
            // What is missing was told when it was looked at first.
            for row in rows { _ = log.take(row, keyring) }
            if rows.isEmpty { _ = log.skip(to: end) }
        }
        // What did not open for want of keys is not known.
        guard !keyring.isErased else { throw VaultError(.sealed) }
        vault.checkMemory.keep(log, of: operation)
        return log
    }

    // MARK: Rows

    private func images(
        after row: Int64, _ operation: OperationID, _ keyring: Keyring
    ) throws(VaultError) -> Part? {
        let floor = try log(of: operation, upTo: parameters.events, keyring).floor
        return try vault.reading { (reader) throws(StorageError) in
            let images = try reader.storedImages(
                after: row, through: parameters.lastImage, limit: Limits.checkRows)
            guard let last = images.last else { return nil }
            let comparison = RowComparison(reader: reader, keyring: keyring)
            var findings: [CheckFinding] = []
            for image in images {
                if let found = try comparison.finding(image, floor) { findings.append(found) }
            }
            return Part(through: last.row, count: images.count, findings: findings)
        }
    }

    private func references(
        after row: Int64, _ operation: OperationID, _ keyring: Keyring
    ) throws(VaultError) -> Part? {
        let floor = try log(of: operation, upTo: parameters.events, keyring).floor
        return try vault.reading { (reader) throws(StorageError) in
            let rows = try reader.storedReferences(
                after: row, through: parameters.lastReference, limit: Limits.checkRows)
            guard let last = rows.last else { return nil }
            let comparison = RowComparison(reader: reader, keyring: keyring)
            var findings: [CheckFinding] = []
            for (reference, image) in rows {
                if let found = try comparison.finding(reference, of: image, floor) {
                    findings.append(found)
                }
            }
            return Part(through: last.reference.row, count: rows.count, findings: findings)
        }
    }

    // MARK: The end

    /// Reads on to the log's end, and looks, in one state of the catalog, whether that is where the tree ends,
    /// and what must be there by then.
    private func end(_ operation: OperationID, _ keyring: Keyring) throws(VaultError) -> Part {
        var log = try log(of: operation, upTo: parameters.events, keyring)
        var late: [CheckFinding] = []
        var last: [CheckFinding]?
        while last == nil {
            if Task.isCancelled { throw VaultError(.deadlineExceeded) }
            last = try vault.reading { (reader) throws(StorageError) in
                let rows = try reader.events(from: log.next, limit: Limits.checkEvents)
                for row in rows { late += log.take(row, keyring).findings }
                guard rows.count < Limits.checkEvents else { return nil }
                return try atTheEnd(log, reader, keyring)
            }
        }
        let findings = late + (last ?? []) + (try epochs(log))
        return Part(through: 1, count: 0, findings: findings)
    }

    private func atTheEnd(
        _ log: CheckedLog, _ reader: any CatalogReader, _ keyring: Keyring
    ) throws(StorageError) -> [CheckFinding] {
        var findings: [CheckFinding] = []
        // Without an event there is no tree, and that was told.
        if let tree = log.tree, tree != (try reader.frontier()) { findings.append(.log(at: nil)) }
        // A body that is gone without an event was taken by nobody of this vault.
        findings += log.unexplained.map { .log(at: $0.lowerBound) }
        let comparison = RowComparison(reader: reader, keyring: keyring)
        for (id, placed) in log.holds.sorted(by: { $0.value.index < $1.value.index }) {
            if let found = try comparison.hold(id, placed, log) { findings.append(found) }
        }
        for (id, made) in log.tokens.sorted(by: { $0.value.index < $1.value.index }) {
            if let found = try comparison.token(id, made, log) { findings.append(found) }
        }
        for (place, planted) in log.canaries.sorted(by: { $0.value.index < $1.value.index }) {
            if let found = try comparison.canary(place, planted, log) { findings.append(found) }
        }
        for (id, made) in log.incidents.sorted(by: { $0.value.index < $1.value.index }) {
            if let found = try comparison.incident(id, made, log) { findings.append(found) }
        }
        return findings
    }

    /// Epochs whose key is there although its end is written down: the keyring was put back, or a kill came
    /// between.
    private func epochs(_ log: CheckedLog) throws(VaultError) -> [CheckFinding] {
        func left() throws(VaultError) -> [UInt64] {
            let keyring = try vault.keyring()
            return log.destroyed.filter { keyring.opens(epoch: $0.key) }.map(\.value).sorted()
        }
        guard try !left().isEmpty else { return [] }
        // It may be on its way: whoever changes the keyring is let through first.
        guard vault.keyAttempt.begin() else { throw VaultError(.overloaded) }
        defer { vault.keyAttempt.end() }
        return try left().map { index in
            CheckFinding(namespace: nil, image: nil, code: .rowRolledBack, event: index)
        }
    }
}

extension Vault {
    /// Begins a check of what is stored now against the log.
    ///
    /// - Parameter answer: what its sender is told, kept where the request may come again.
    /// - Throws: ``VaultError`` `operation-conflict` while another one is unfinished.
    package func startCheck(
        _ call: Call, at place: RequestPlace?, _ answer: @Sendable (OperationRow) -> StoredAnswer
    ) async throws(VaultError) -> StoredAnswer {
        try await audited(.operationStarted, call) { () async throws(VaultError) in
            _ = try keyring()
            let (parameters, totals) = try checkParameters()
            let now = clock.nowMicroseconds()
            let events = Int(clamping: min(parameters.events, 1 << 56))
            let total = events + totals.images + totals.references
            let operation = OperationRow(
                row: 0, operation: try random(), kind: .check, parameters: parameters.encoded,
                creator: call.caller.uid, createdMicroseconds: now, state: .pending,
                progress: OperationProgress(last: .max, total: total), failure: nil,
                updatedMicroseconds: now, changedAt: 0, mac: RowMAC(checked: []))
            let told = answer(operation)
            _ = try await committer.commit(
                .startOperation(operation), event(.operationStarted, call),
                keeping: place.map { KeptAnswer(place: $0, answer: told) })
            operationAlarm.ring()
            return told
        }
    }

    /// What there is now.
    func checkParameters() throws(VaultError) -> (CheckParameters, CatalogTotals) {
        try reading { (reader) throws(StorageError) in
            let parameters = CheckParameters(
                events: try reader.frontier().size,
                lastImage: try reader.lastRow(of: .blob),
                lastReference: try reader.lastRow(of: .reference))
            return (parameters, try reader.totals())
        }
    }
}
