// The epochs of the keyring in use: what is true of them, a new one, and what a rotation states.

import VaultCrypto
package import VaultFormat

/// The epochs at one moment, and the work on them.
package struct KeysState: Sendable {
    package let generation: UInt64
    package let epochs: [KeyEntry]
    /// How many keys are wrapped under each epoch.
    package let census: [UInt32: Int]
    /// The walk over all keys that is not at its end, where there is one.
    package let operation: OperationRow?
    /// Keys a second of that walk's phase, since this daemon works on it.
    package let rate: Double?
    /// When the primary epoch was made.
    package let primaryMicroseconds: Int64
    package let nowMicroseconds: Int64
}

extension Vault {
    /// The census by epoch, and how the work on the keys comes on.
    package func keysState(_ call: Call) async throws(VaultError) -> KeysState {
        try await audited(.keysRead, call) { () async throws(VaultError) in
            let keyring = try keyring()
            _ = try await committer.commit(.none, event(.keysRead, call))
            let (census, rows) = try reading { (reader) throws(StorageError) in
                (
                    try reader.census(),
                    try reader.unfinishedOperations(limit: Limits.finishedOperations)
                )
            }
            let operation = rows.first {
                $0.kind.walksKeys && (try? $0.verify(with: keyring)) != nil
            }
            let primary = keyring.epochs.first { $0.number == keyring.primaryEpoch.value }
            return KeysState(
                generation: keyring.generation, epochs: keyring.epochs, census: census,
                operation: operation, rate: operation.flatMap { pace.rate(of: $0) },
                primaryMicroseconds: primary?.createdMicroseconds ?? 0,
                nowMicroseconds: clock.nowMicroseconds())
        }
    }

    /// Begins a rotation: all keys come under a new epoch.
    ///
    /// - Parameter answer: what its sender is told, kept where the request may come again.
    /// - Throws: ``VaultError`` `operation-conflict` while another one is unfinished, or
    ///   `too-many-epochs`.
    package func startRotation(
        _ call: Call, at place: RequestPlace?, _ answer: @Sendable (OperationRow) -> StoredAnswer
    ) async throws(VaultError) -> StoredAnswer {
        try await startKeyWalk(call, at: place, answer) { (keyring) throws(VaultError) in
            (.rotate, RotationParameters(epoch: try keyring.epochToCome()).encoded)
        }
    }

    /// - Parameter work: what is to be done, told the keyring in use.
    func startKeyWalk(
        _ call: Call, at place: RequestPlace?, _ answer: @Sendable (OperationRow) -> StoredAnswer,
        _ work: (Keyring) throws(VaultError) -> (OperationKind, [UInt8])
    ) async throws(VaultError) -> StoredAnswer {
        try await audited(.operationStarted, call) { () async throws(VaultError) in
            let operation = try keyWalk(creator: call.caller.uid, work)
            let told = answer(operation)
            _ = try await committer.commit(
                .startOperation(operation), event(.operationStarted, call),
                keeping: place.map { KeptAnswer(place: $0, answer: told) })
            operationAlarm.ring()
            return told
        }
    }

    /// Begins a rotation of the vault's own accord, where the primary epoch is older than it may be, no
    /// other walk over the keys is under way, and none came to nothing just now.
    ///
    /// - Parameter creator: the daemon's own user.
    /// - Returns: whether one was begun.
    package func rotateIfDue(
        everyDays days: Int, creator: UInt32
    ) async throws(VaultError) -> Bool {
        let keyring = try keyring()
        let primary = keyring.epochs.first { $0.number == keyring.primaryEpoch.value }
        let due = (primary?.createdMicroseconds ?? 0) + Int64(days) * 86_400_000_000
        guard clock.nowMicroseconds() >= due, try !isHinderedWalk(keyring) else { return false }
        let operation = try keyWalk(creator: creator) { (keyring) throws(VaultError) in
            (.rotate, RotationParameters(epoch: try keyring.epochToCome()).encoded)
        }
        _ = try await committer.commit(
            .startOperation(operation),
            Event(.operationStarted, atMicroseconds: clock.nowMicroseconds()))
        operationAlarm.ring()
        return true
    }

    /// Rows that do not verify hinder nothing: whoever wrote them has no keys.
    private func isHinderedWalk(_ keyring: Keyring) throws(VaultError) -> Bool {
        let (unfinished, newest) = try reading { (reader) throws(StorageError) in
            (
                try reader.unfinishedOperations(limit: Limits.finishedOperations),
                try reader.operations(before: .max, limit: Limits.finishedOperations)
            )
        }
        let isOurs = { (row: OperationRow) in
            row.kind.walksKeys && (try? row.verify(with: keyring)) != nil
        }
        if unfinished.contains(where: isOurs) { return true }
        guard let last = newest.first(where: isOurs), last.state != .done else { return false }
        let pause = Limits.rotationRetrySeconds * 1_000_000
        // A clock that was put back does not make it wait longer.
        return (0..<pause).contains(clock.nowMicroseconds() - last.updatedMicroseconds)
    }

    private func keyWalk(
        creator: UInt32, _ work: (Keyring) throws(VaultError) -> (OperationKind, [UInt8])
    ) throws(VaultError) -> OperationRow {
        let (kind, parameters) = try work(try keyring())
        let census = try reading { (reader) throws(StorageError) in try reader.census() }
        let now = clock.nowMicroseconds()
        return OperationRow(
            row: 0, operation: try random(), kind: kind, parameters: parameters, creator: creator,
            createdMicroseconds: now, state: .pending,
            progress: OperationProgress(last: 0, total: census.values.reduce(0, +)), failure: nil,
            updatedMicroseconds: now, changedAt: 0, mac: RowMAC(checked: []))
    }

    // MARK: Work

    /// Makes an epoch the primary one, in two generations of the keyring: it is on the disk, and was
    /// read back from there, before the generation that uses it.
    func makePrimary(
        _ epoch: EpochNumber, for operation: OperationID
    ) async throws(VaultError) {
        if try keyring().state(of: epoch) == nil {
            try await changeEpochs(epoch, .epochAdded, operation) { keyring, now in
                keyring.entries(adding: epoch, createdMicroseconds: now)
            }
        }
        if try keyring().state(of: epoch) == .pending {
            try await changeEpochs(epoch, .epochPromoted, operation) { keyring, _ in
                keyring.entries(promoting: epoch)
            }
        }
        guard try keyring().state(of: epoch) == .primary else { throw VaultError(.keyringDamaged) }
    }

    private func changeEpochs(
        _ epoch: EpochNumber, _ action: EventAction, _ operation: OperationID,
        _ entries: (Keyring, Int64) -> [KeyEntry]
    ) async throws(VaultError) {
        try await inTurn { () async throws(VaultError) in
            let old = try keyring()
            // What is on the disk is what is in use, or nothing is built on it.
            guard try loadKeyFile(.keyring) == old.keys.file else {
                throw VaultError(.keyringRefused)
            }
            var event = Event(action, atMicroseconds: clock.nowMicroseconds())
            event.epoch = epoch
            event.operation = operation
            let changed = entries(old, event.atMicroseconds)
            let new = try openingSlot { try KeyFileCipher.remade(old.keys, entries: changed) }
            try await replace(old.keys, with: new, .none, event, slot: nil)
        }
    }

    /// The last step of a walk over all keys.
    ///
    /// - Throws: ``VaultError`` `wrap-damaged` or `blob-damaged` where something did not open, `catalog-damaged` where one is
    ///   left that no image and no reference has, or `sealed` while the log's key is closed.
    func state(
        _ operation: OperationRow, _ epoch: EpochNumber
    ) throws(VaultError) -> OperationStep {
        guard operation.progress.failures == 0 else {
            throw VaultError(operation.kind == .reencrypt ? .blobDamaged : .wrapDamaged)
        }
        let keyring = try keyring()
        let census = try reading { (reader) throws(StorageError) in try reader.census() }
        guard census.allSatisfy({ $0.key == epoch.value || $0.value == 0 }) else {
            throw VaultError(.catalogDamaged)
        }
        guard let signer = signers.current else { throw VaultError(.sealed) }
        let frontier = committer.frontier
        let statement = RotationStatement(
            vault: keyring.vault, operation: operation.operation, work: operation.kind,
            at: Timestamp.text(microseconds: clock.nowMicroseconds()),
            generation: keyring.generation, epoch: epoch,
            emptied: keyring.epochs.filter { !$0.isDestroyed && $0.number != epoch.value }
                .compactMap { try? EpochNumber($0.number) },
            keys: UInt64(clamping: census[epoch.value] ?? 0),
            opened: UInt64(clamping: operation.progress.done), logSize: frontier.size,
            logRoot: frontier.root(hash: LogHash.node) ?? LogHash.empty)
        let place = try KeyWalkPlace.start(of: .statement)
        do throws(CryptoError) {
            let note = try signer.note(statement)
            return OperationStep(
                cursor: place.cursor + 1,
                .statement(
                    SignedStatement(operation: operation.operation, epoch: epoch, note: note)))
        } catch {
            throw VaultError(error.code(orElse: .internalError))
        }
    }

    /// The signed note of a rotation.
    ///
    /// - Throws: ``VaultError`` `unknown-statement`.
    package func statement(
        of operation: OperationID, _ call: Call
    ) async throws(VaultError) -> String {
        try await audited(.statementRead, call) { () async throws(VaultError) in
            let note = try reading { (reader) throws(StorageError) in
                try reader.statement(of: operation)
            }
            guard let note else { throw VaultError(.unknownStatement) }
            var event = event(.statementRead, call)
            event.operation = operation
            _ = try await committer.commit(.none, event)
            return note
        }
    }
}

extension Keyring {
    /// The epoch that a walk over all keys brings them under: one that was made and never became primary is
    /// used before another is.
    ///
    /// - Throws: ``VaultError`` `too-many-epochs`.
    func epochToCome() throws(VaultError) -> EpochNumber {
        if let pendingEpoch { return pendingEpoch }
        guard keys.file.entries.count < Limits.keyEntries else { throw VaultError(.tooManyEpochs) }
        return nextEpoch
    }
}
