// All keys under a new epoch. The epoch is made and becomes the primary one, each in a generation of the
// keyring of its own; then the wraps are walked, row by row, and made anew under it; then each is opened
// once more; then it is stated that none is left under an older one.
//
// From the moment when the epoch is primary no key comes under an older one: the committer sees to that.
// So the walk ends, and what a look finds empty afterwards stays empty.

import VaultCrypto
import VaultFormat

struct KeyRotation: OperationWork {
    let vault: Vault
    let epoch: EpochNumber

    func step(of operation: OperationRow) async throws(VaultError) -> [OperationStep] {
        let place = try KeyWalkPlace(of: operation)
        switch place.phase {
        case .epoch:
            try await vault.makePrimary(epoch, for: operation.operation)
            return [try phase(.blobs, counting: true)]
        case .blobs: return try walk(operation, place, of: .blob, rewrap)
        case .references: return try walk(operation, place, of: .reference, rewrap)
        case .openBlobs: return try walk(operation, place, of: .blob, open)
        case .openReferences: return try walk(operation, place, of: .reference, open)
        case .statement: return place.done == 0 ? [try vault.state(operation, epoch)] : []
        }
    }

    /// Steps of one phase do not see each other: the next one can be made while this one is flushed.
    func ahead(of operation: OperationRow, _ steps: [OperationStep]) -> OperationRow? {
        guard let last = steps.last else { return nil }
        switch last.effect {
        case .rewraps, .opened:
            var operation = operation
            operation.progress.cursor = last.cursor
            return operation
        case .images, .phase, .statement, .reencrypted, .rekeyed, .erased, .checked, .scrubbed:
            return nil
        }
    }

    // MARK: Parts

    private func walk(
        _ operation: OperationRow, _ place: KeyWalkPlace, of owner: KeyOwner,
        _ treat: ([StoredWrap], Keyring) throws(VaultError) -> OperationStep.Effect
    ) throws(VaultError) -> [OperationStep] {
        let through = try KeyWalkPlace(of: operation, at: operation.progress.last).done
        let wraps = try vault.reading { (reader) throws(StorageError) in
            try reader.wraps(
                of: owner, after: place.done, through: through, limit: Limits.rewrapBatch)
        }
        guard let last = wraps.last else {
            guard let next = place.phase.next else { throw VaultError(.rowDamaged) }
            return [try phase(next, counting: next == .openBlobs)]
        }
        let keyring = try vault.keyring()
        let cursor = try place.cursor(at: last.row)
        return [OperationStep(cursor: cursor, try treat(wraps, keyring))]
    }

    private func rewrap(
        _ wraps: [StoredWrap], _ keyring: Keyring
    ) throws(VaultError) -> OperationStep.Effect {
        guard keyring.primaryEpoch == epoch else { throw VaultError(.keyringDamaged) }
        let moved = try keyring.moved(wraps.map(\.bound))
        var unopened: [StoredWrap] = []
        var rewraps: [Rewrap] = []
        rewraps.reserveCapacity(wraps.count)
        for (old, bytes) in zip(wraps, moved) {
            if let bytes {
                rewraps.append(Rewrap(old: old, new: WrappedKey(epoch: epoch, bytes: bytes)))
            } else {
                unopened.append(old)
            }
        }
        return .rewraps(rewraps, unopened: unopened)
    }

    private func open(
        _ wraps: [StoredWrap], _ keyring: Keyring
    ) throws(VaultError) -> OperationStep.Effect {
        let opens: [Bool]
        do throws(CryptoError) {
            opens = try keyring.opens(wraps.map(\.bound))
        } catch {
            throw VaultError(error.code(orElse: .wrapDamaged))
        }
        let isSound = zip(wraps, opens).map { $1 && $0.context.epoch == epoch }
        let unopened = zip(wraps, isSound).filter { !$1 }.map(\.0)
        return .opened(wraps.count - unopened.count, unopened: unopened)
    }

    func phase(
        _ phase: KeyWalkPhase, counting: Bool
    ) throws(VaultError) -> OperationStep {
        var total: Int?
        if counting {
            let census = try vault.reading { (reader) throws(StorageError) in try reader.census() }
            total = census.values.reduce(0, +)
        }
        return OperationStep(
            cursor: try KeyWalkPlace.start(of: phase).cursor, .phase(total: total))
    }
}

extension KeyWalkPlace {
    /// - Throws: ``VaultError`` `row-damaged` for a cursor that is none.
    init(of operation: OperationRow, at cursor: Int64? = nil) throws(VaultError) {
        do throws(FormatError) {
            self = try KeyWalkPlace(cursor: cursor ?? operation.progress.cursor)
        } catch {
            throw VaultError(.rowDamaged)
        }
    }

    /// The cursor behind a row of the same phase.
    ///
    /// - Throws: ``VaultError`` `row-damaged` for a row that no vault's catalog has: one more would be another
    ///   phase.
    func cursor(at row: Int64) throws(VaultError) -> Int64 {
        do throws(FormatError) {
            return try KeyWalkPlace(phase, done: row).cursor
        } catch {
            throw VaultError(.rowDamaged)
        }
    }

    static func start(of phase: KeyWalkPhase) throws(VaultError) -> KeyWalkPlace {
        do throws(FormatError) {
            return try KeyWalkPlace(phase)
        } catch {
            throw VaultError(.internalError)
        }
    }
}

extension KeyWalkPhase {
    /// Whose keys the phase walks over.
    var owner: KeyOwner? {
        switch self {
        case .blobs, .openBlobs: .blob
        case .references, .openReferences: .reference
        case .epoch, .statement: nil
        }
    }
}

extension Keyring {
    /// ``rewrapped(_:)``, in the words of an answer.
    func moved(_ wraps: [BoundWrap]) throws(VaultError) -> [[UInt8]?] {
        do throws(CryptoError) {
            return try rewrapped(wraps)
        } catch {
            throw VaultError(error.code(orElse: .wrapDamaged))
        }
    }
}

extension ImageRow {
    var wrap: BoundWrap {
        BoundWrap(
            context: WrapContext(
                subject: .blob(blob), epoch: key.epoch, namespace: namespace, image: image),
            bytes: key.bytes)
    }
}

extension ReferenceRow {
    func wrap(of image: ImageRow) -> BoundWrap {
        BoundWrap(
            context: WrapContext(
                subject: .reference(reference), epoch: key.epoch, namespace: image.namespace,
                image: image.image),
            bytes: key.bytes)
    }
}
