// The one task that works on operations: the oldest first, in bounded steps, resting between them so that
// requests go first. Each step is durable with its cursor, so that whoever comes next goes on behind it.

import VaultCrypto
import VaultFormat

/// One kind of work, in steps.
protocol OperationWork: Sendable {
    /// Does what comes behind the operation's cursor, as far as one step goes.
    ///
    /// - Returns: what is to be committed, in order; nothing once there is nothing left to do.
    /// - Throws: what keeps all of the work from going on; what is wrong with one item is part of a step.
    func step(of operation: OperationRow) async throws(VaultError) -> [OperationStep]

    /// The operation as it stands behind these steps, where the next ones can be made before they are
    /// durable.
    func ahead(of operation: OperationRow, _ steps: [OperationStep]) -> OperationRow?

    /// Tidies up after steps that were entered, or were not.
    ///
    /// - Parameter erased: blobs of images that went with them.
    func settle(_ steps: [OperationStep], of operation: OperationID, erased: [BlobID])

    /// Does what comes once there is nothing left to do, and again where a kill comes before the end is entered.
    ///
    /// - Returns: why the operation failed after all; nil where it did not.
    func conclude(_ operation: OperationRow) async throws(VaultError) -> ErrorCode?
}

extension OperationWork {
    func ahead(of operation: OperationRow, _ steps: [OperationStep]) -> OperationRow? { nil }
    func settle(_ steps: [OperationStep], of operation: OperationID, erased: [BlobID]) {}
    func conclude(_ operation: OperationRow) async throws(VaultError) -> ErrorCode? { nil }
}

/// Tells the runner that there may be something to do.
final class OperationAlarm: Sendable {
    let rings: AsyncStream<Void>
    private let bell: AsyncStream<Void>.Continuation

    init() { (rings, bell) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

    func ring() { bell.yield() }
}

package struct OperationRunner: Sendable {
    private let vault: Vault
    /// Percent of the time that may be worked.
    private let share: Int
    /// Whether it works on scheduled scrubs, and nothing else: one of days holds up nobody.
    private let scrubs: Bool
    private let rest: @Sendable (_ milliseconds: Int64) async -> Void

    /// - Parameters:
    ///   - share: 1 to 100.
    ///   - rest: lets so many milliseconds pass, or fewer once its task is cancelled.
    package init(
        _ vault: Vault, share: Int, scrubs: Bool = false,
        rest: @escaping @Sendable (_ milliseconds: Int64) async -> Void = {
            try? await Task.sleep(for: .milliseconds($0))
        }
    ) {
        self.vault = vault
        self.share = share
        self.scrubs = scrubs
        self.rest = rest
    }

    /// Works until its task is cancelled.
    package func run() async {
        let alarm = scrubs ? vault.scrubAlarm : vault.operationAlarm
        alarm.ring()
        for await _ in alarm.rings {
            while !Task.isCancelled, await turnAndRest() {}
        }
    }

    /// One turn, and a rest after it in proportion to what it took.
    ///
    /// - Returns: false when there was nothing to do.
    package func turnAndRest() async -> Bool {
        let begun = vault.clock.monotonicMicroseconds()
        do throws(VaultError) {
            guard try await turn() else { return false }
        } catch {
            // Sealed, full, busy: all of it passes, and the cursor stands where it stood.
            await rest(Limits.operationRetryMilliseconds)
            return true
        }
        let worked = vault.clock.monotonicMicroseconds() - begun
        await rest(worked * Int64(100 - share) / Int64(share) / 1000)
        return true
    }

    /// One step of the oldest operation that can go on now: one that has to wait holds up no other.
    ///
    /// - Returns: false when there is none that may run.
    /// - Throws: what keeps the oldest from going on, where no other can.
    package func turn() async throws(VaultError) -> Bool {
        var hindrance: VaultError?
        for operation in try runnable() {
            do throws(VaultError) {
                guard try !vault.isHeld(operation) else { continue }
                try await advance(operation)
                return true
            } catch {
                hindrance = hindrance ?? error
            }
        }
        if let hindrance { throw hindrance }
        return false
    }

    /// Oldest first, but what opens everything last: it takes days, and nothing waits for it. An operation whose row
    /// does not verify is never worked on.
    private func runnable() throws(VaultError) -> [OperationRow] {
        let keyring = try vault.keyring()
        let rows = try vault.reading { (reader) throws(StorageError) in
            try reader.unfinishedOperations(limit: Limits.finishedOperations)
        }
        let runnable = rows.filter { row in
            row.state != .paused && (row.kind == .scrub) == scrubs
                && (try? row.verify(with: keyring)) != nil
        }
        // Keys that went meanwhile verify nothing: that is not to have nothing to do.
        guard !keyring.isErased else { throw VaultError(.sealed) }
        return runnable.filter { !$0.kind.opensAll } + runnable.filter(\.kind.opensAll)
    }

    private func advance(_ operation: OperationRow) async throws(VaultError) {
        let deadline =
            vault.clock.monotonicMicroseconds() + Limits.operationStepMilliseconds * 1000
        var operation: OperationRow? = operation
        var made = await steps(of: operation)
        while let row = operation, let result = made {
            let steps: [OperationStep]
            do throws(VaultError) {
                steps = try result.get()
            } catch  where error.code.outlastsWaiting {
                return try await self.end(row, .failed, error.code)
            }
            // The daemon stops: a step that is not entered leaves no trace.
            if Task.isCancelled {
                return try work(of: row).settle(steps, of: row.operation, erased: [])
            }
            guard !steps.isEmpty else {
                let failure = try await work(of: row).conclude(row)
                return try await self.end(row, failure == nil ? .done : .failed, failure)
            }
            let isLate = vault.clock.monotonicMicroseconds() >= deadline
            let ahead = isLate ? nil : try work(of: row).ahead(of: row, steps)
            // What comes next is made while this is flushed.
            async let following = self.steps(of: ahead)
            do throws(VaultError) {
                guard try await enter(steps, row) else { return }
            } catch  where error.code == .rowDamaged {
                return try await self.end(row, .failed, error.code)
            }
            made = await following
            operation = ahead
        }
    }

    private func steps(of operation: OperationRow?) async -> Result<[OperationStep], VaultError>? {
        guard let operation else { return nil }
        do throws(VaultError) {
            return .success(try await work(of: operation).step(of: operation))
        } catch {
            return .failure(error)
        }
    }

    /// - Returns: false when it was paused or cancelled meanwhile: what was not entered is done again,
    ///   or never.
    private func enter(
        _ steps: [OperationStep], _ operation: OperationRow
    ) async throws(VaultError) -> Bool {
        let work = try work(of: operation)
        var erased: [BlobID] = []
        defer { work.settle(steps, of: operation.operation, erased: erased) }
        for step in steps {
            do throws(VaultError) {
                let committed = try await vault.committer.commit(
                    .advanceOperation(operation.operation, step), event(of: step))
                if case .advanced(let row, let blob, let asTold) = committed.result {
                    if case .scrubbed(_, let failed?) = step.effect, asTold, failed.isNews {
                        await vault.reportDamage(failed, by: row)
                    }
                    vault.pace.note(row, atMicroseconds: vault.clock.monotonicMicroseconds())
                    if let blob { erased.append(blob) }
                }
            } catch  where error.code == .operationConflict {
                return false
            }
        }
        return true
    }

    private func work(of operation: OperationRow) throws(VaultError) -> any OperationWork {
        do throws(FormatError) {
            switch operation.kind {
            case .reinspect:
                return Reinspection(
                    vault: vault, parameters: try .init(parsing: operation.parameters))
            case .rotate:
                return KeyRotation(
                    vault: vault,
                    epoch: try RotationParameters(parsing: operation.parameters).epoch)
            case .reencrypt:
                return Reencryption(
                    vault: vault, parameters: try .init(parsing: operation.parameters))
            case .erase:
                return EraseClaims(
                    vault: vault,
                    selection: .claims(try .init(parsing: operation.parameters)))
            case .expire:
                return EraseClaims(
                    vault: vault,
                    selection: .expired(try .init(parsing: operation.parameters)))
            case .scrub, .verify:
                return Scrub(vault: vault, parameters: try .init(parsing: operation.parameters))
            case .check:
                return Check(vault: vault, parameters: try .init(parsing: operation.parameters))
            }
        } catch {
            throw VaultError(.rowDamaged)
        }
    }

    private func event(of step: OperationStep) -> Event {
        var event = Event(.operationAdvanced, atMicroseconds: vault.clock.nowMicroseconds())
        if let image = step.quarantined {
            event.action = .imageQuarantined
            event.namespace = image.namespace
            event.image = image.image
        }
        if case .scrubbed(_, let failed?) = step.effect, failed.isDamage {
            event.action = .imageQuarantined
            event.namespace = failed.image.namespace
            event.image = failed.image.image
            event.reason = failed.code.rawValue
        }
        if case .erased(let claim) = step.effect {
            event.action = .imageDelete
            event.namespace = claim.image.namespace
            event.image = claim.image.image
            event.reference = claim.reference.reference
            event.lookups = claim.reference.claim.lookups
            event.receipt = claim.receipt
        }
        if case .statement(let signed) = step.effect {
            event.action = .rotationStated
            event.epoch = signed.epoch
            event.statement = LogHash.digest(Array(signed.note.utf8))
        }
        return event
    }

    private func end(
        _ operation: OperationRow, _ state: OperationState, _ failure: ErrorCode?
    ) async throws(VaultError) {
        var event = Event(.operationEnded, atMicroseconds: vault.clock.nowMicroseconds())
        event.outcome = failure == nil ? .done : .failed
        event.code = failure
        do throws(VaultError) {
            _ = try await vault.committer.commit(
                .moveOperation(operation.operation, to: state, failure: failure), event)
        } catch  where error.code == .operationConflict {
            return
        }
    }
}

extension ErrorCode {
    /// Whether trying again later can only end the same way.
    fileprivate var outlastsWaiting: Bool { !description.retryable && self != .deadlineExceeded }
}

extension OperationStep {
    /// The image that the step quarantines; such a step has no other.
    fileprivate var quarantined: ImageRow? {
        guard case .images(let images) = effect, images.count == 1,
            case .refused(_, quarantine: true) = images[0].outcome
        else { return nil }
        return images[0].image
    }
}
