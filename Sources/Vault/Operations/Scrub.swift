// Everything that is stored, opened: each image's wrap and every frame, hashed and compared with its address, and every
// claim's words; and then the rows against the log, and its tree. What does not open is listed, and put under quarantine;
// nothing is ever made up in its place.

import VaultCrypto
package import VaultFormat

/// What became of one image that did not open.
package struct ScrubbedImage: Hashable, Sendable {
    package let image: ImageRow
    package let code: ErrorCode

    /// Whether nobody was told of it by an earlier scrub.
    var isNews: Bool { isDamage && image.quarantinedMicroseconds == nil }

    /// Whether it is damage, and no trouble of the moment.
    var isDamage: Bool {
        switch code {
        case .blobDamaged, .blobMissing, .wrapDamaged, .rowDamaged: true
        default: false
        }
    }
}

struct Scrub: OperationWork {
    let vault: Vault
    let parameters: CheckParameters

    func step(of operation: OperationRow) async throws(VaultError) -> [OperationStep] {
        switch ScrubPlace(cursor: operation.progress.cursor) {
        case .contents(let row):
            let steps = try await contents(after: row)
            guard steps.isEmpty else { return steps }
            return try await check(operation, at: 0)
        case .check(let cursor): return try await check(operation, at: cursor)
        }
    }

    /// What is counted are the images.
    private func check(
        _ operation: OperationRow, at cursor: Int64
    ) async throws(VaultError) -> [OperationStep] {
        var operation = operation
        operation.progress.cursor = cursor
        return try await Check(vault: vault, parameters: parameters).step(of: operation).map {
            guard case .checked(_, let findings) = $0.effect else { return $0 }
            return OperationStep(
                cursor: ScrubPlace.check(cursor: $0.cursor).cursor, .checked(0, findings))
        }
    }

    private func contents(after row: Int64) async throws(VaultError) -> [OperationStep] {
        let begun = vault.clock.monotonicMicroseconds()
        let images = try vault.reading { (reader) throws(StorageError) in
            try reader.storedImages(
                after: row, through: parameters.lastImage, limit: Limits.scrubStepImages)
        }
        var steps: [OperationStep] = []
        var (opened, last) = (0, row)
        func close() {
            guard opened > 0 else { return }
            steps.append(OperationStep(cursor: last, .scrubbed(opened, nil)))
            opened = 0
        }
        for image in images {
            if let failed = try await look(at: image) {
                close()
                // A quarantine has an event of its own.
                steps.append(OperationStep(cursor: image.row, .scrubbed(1, failed)))
            } else {
                opened += 1
            }
            last = image.row
            let worked = vault.clock.monotonicMicroseconds() - begun
            if worked >= Limits.operationStepMilliseconds * 1000 { break }
        }
        close()
        return steps
    }

    func conclude(_ operation: OperationRow) async throws(VaultError) -> ErrorCode? {
        guard operation.progress.failures + operation.progress.found > 0 else { return nil }
        await vault.concludeDamage(of: operation)
        // What could not be read was not verified: nobody may take this for the last time that all was.
        return try vault.hasUnread(operation) ? .storageUnavailable : nil
    }

    /// Once where it opens; what does not is looked at again before it is believed.
    ///
    /// - Returns: nil for an image that opens, or went meanwhile.
    private func look(at image: ImageRow) async throws(VaultError) -> ScrubbedImage? {
        guard try await fault(of: image) != nil else { return nil }
        return try await fault(of: image)
    }

    private func fault(of image: ImageRow) async throws(VaultError) -> ScrubbedImage? {
        let keyring = try vault.keyring()
        do throws(VaultError) {
            _ = try await vault.openWhole(image)
            return nil
        } catch {
            // With keys that went meanwhile nothing opens: that is no damage.
            guard !keyring.isErased else { throw VaultError(.sealed) }
            switch error.code {
            case .blobDamaged, .blobMissing, .wrapDamaged, .rowDamaged, .storageUnavailable:
                return try isAsRead(image) ? ScrubbedImage(image: image, code: error.code) : nil
            case .unknownImage: return nil
            default: throw error
            }
        }
    }

    /// One that was sealed anew, or went, since its row was read is another.
    private func isAsRead(_ image: ImageRow) throws(VaultError) -> Bool {
        let now = try vault.reading { (reader) throws(StorageError) in
            try reader.image(image.image, in: image.namespace)
        }
        return now?.row == image.row && now?.blob == image.blob && now?.key == image.key
    }
}

extension Vault {
    /// Begins to open everything that is stored now, and to compare it with the log.
    ///
    /// - Parameter answer: what its sender is told, kept where the request may come again.
    /// - Throws: ``VaultError`` `operation-conflict` while another one is unfinished.
    package func startVerification(
        _ call: Call, at place: RequestPlace?, _ answer: @Sendable (OperationRow) -> StoredAnswer
    ) async throws(VaultError) -> StoredAnswer {
        try await audited(.operationStarted, call) { () async throws(VaultError) in
            _ = try keyring()
            let operation = try scrub(.verify, creator: call.caller.uid)
            let told = answer(operation)
            _ = try await committer.commit(
                .startOperation(operation), event(.operationStarted, call),
                keeping: place.map { KeptAnswer(place: $0, answer: told) })
            operationAlarm.ring()
            return told
        }
    }

    /// Begins a scheduled scrub, of the vault's own accord, where the last one is that old.
    ///
    /// - Parameter creator: the daemon's own user.
    /// - Returns: whether it did.
    package func scrubIfDue(everyDays days: Int, creator: UInt32) async throws(VaultError) -> Bool {
        let keyring = try keyring()
        let (rows, images, first) = try reading { (reader) throws(StorageError) in
            (
                try reader.operations(before: .max, limit: Limits.finishedOperations),
                try reader.totals().images, try reader.events(from: 0, limit: 1).first
            )
        }
        let newest = rows.first { $0.kind.opensAll && (try? $0.verify(with: keyring)) != nil }
        let now = clock.nowMicroseconds()
        // One that failed or was cancelled is tried again the next day; the first one is due a while after the vault
        // was made.
        let wait = newest.map { $0.state == .done ? Int64(days) : 1 } ?? Int64(days)
        let since = newest?.createdMicroseconds ?? first?.atMicroseconds ?? now
        guard images > 0, newest?.state.isFinal ?? true, now - since >= wait * 86_400_000_000
        else { return false }
        let operation = try scrub(.scrub, creator: creator)
        _ = try await committer.commit(
            .startOperation(operation), Event(.operationStarted, atMicroseconds: now))
        scrubAlarm.ring()
        return true
    }

    /// Begins to open everything that a restore brought back: what an earlier scrub opened lay on another disk. One that
    /// was under way there begins anew.
    ///
    /// - Parameter creator: the user that restores.
    package func scrubRestored(creator: UInt32) async throws(VaultError) {
        let keyring = try keyring()
        let (images, unfinished) = try reading { (reader) throws(StorageError) in
            (
                try reader.totals().images,
                try reader.unfinishedOperations(limit: Limits.finishedOperations)
            )
        }
        let underWay = unfinished.filter(\.kind.opensAll)
        // A row that does not verify is no reason to bring nothing back: a check tells of it.
        guard images > 0, underWay.allSatisfy({ (try? $0.verify(with: keyring)) != nil })
        else { return }
        for operation in underWay {
            var event = Event(.operationCancelled, atMicroseconds: clock.nowMicroseconds())
            event.operation = operation.operation
            _ = try await committer.commit(
                .moveOperation(operation.operation, to: .cancelled, failure: nil), event)
        }
        _ = try await committer.commit(
            .startOperation(scrub(.scrub, creator: creator)),
            Event(.operationStarted, atMicroseconds: clock.nowMicroseconds()))
    }

    private func scrub(
        _ kind: OperationKind, creator: UInt32
    ) throws(VaultError) -> OperationRow {
        let now = clock.nowMicroseconds()
        let (parameters, totals) = try checkParameters()
        return OperationRow(
            row: 0, operation: try random(), kind: kind, parameters: parameters.encoded,
            creator: creator, createdMicroseconds: now, state: .pending,
            progress: OperationProgress(last: .max, total: totals.images), failure: nil,
            updatedMicroseconds: now, changedAt: 0, mac: RowMAC(checked: []))
    }
}

extension OperationRow {
    /// Whether everything that was stored when it began was opened.
    var isWholeScrub: Bool { kind.opensAll && state == .done }
}

extension CatalogReader {
    /// When the newest scrub that came to its end was begun: whatever was stored by then was opened since. Nobody
    /// verifies the row here.
    func lastScrub() throws(StorageError) -> Int64? {
        try operations(before: .max, limit: Limits.finishedOperations)
            .first(where: \.isWholeScrub)?.createdMicroseconds
    }

    /// Since when something that is stored may be unverified: the beginning of the last scrub, or later, where nothing
    /// is older. Nil where nothing is stored.
    func unverifiedSince(lastScrub: Int64?) throws(StorageError) -> Int64? {
        do throws(StorageError) {
            let oldest = try storedImages(after: 0, through: .max, limit: 1).first
            return oldest.map { max($0.createdMicroseconds, lastScrub ?? 0) }
        } catch  where error == .damaged {
            // A row that does not even parse says nothing about itself.
            return lastScrub ?? 0
        }
    }
}
