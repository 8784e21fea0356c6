// What the log says of the rows, and the rows of the log. Every question is asked of one row or event, and every
// answer stays true whatever is done meanwhile: a check runs beside the vault's work.

import VaultCrypto
import VaultFormat

struct RowComparison {
    let reader: any CatalogReader
    let keyring: Keyring

    // MARK: From an event to the rows

    /// What is wrong with the rows that this event changed, or took away.
    func findings(_ event: LoggedEvent) throws(StorageError) -> [CheckFinding] {
        guard event.isDone else { return [] }
        return [try changed(event), try approval(event)].compactMap { $0.map(event.finding) }
    }

    private func changed(_ event: LoggedEvent) throws(StorageError) -> ErrorCode? {
        switch event.action {
        case .imageDelete: try claim(event)
        case .imageQuarantined, .imageReleased, .imageErased: try image(event)
        case .retentionSet: try retention(event)
        case .holdReleased: try releasedHold(event)
        case .tokenRevoked: try revokedToken(event)
        case .canaryLifted: try liftedCanary(event)
        case .escrowRegistered, .escrowAttested: try escrow(event)
        case .backupExpired: try backup(event)
        case .attestationMade: try attestation(event)
        default: nil
        }
    }

    /// The row of the event's image; one that does not verify is told of where all rows are looked at.
    private func stored(_ event: LoggedEvent) throws(StorageError) -> ImageRow? {
        guard let namespace = event.namespace, let id = event.image,
            let row = try reader.image(id, in: namespace), (try? row.verify(with: keyring)) != nil
        else { return nil }
        return row
    }

    /// The id of a claim is never given again.
    private func claim(_ event: LoggedEvent) throws(StorageError) -> ErrorCode? {
        guard let id = event.reference, let image = try stored(event),
            let row = try reader.reference(id, of: image.row),
            (try? row.verify(of: image, with: keyring)) != nil
        else { return nil }
        return .rowRolledBack
    }

    private func image(_ event: LoggedEvent) throws(StorageError) -> ErrorCode? {
        guard let row = try stored(event), row.changedAt < event.index else { return nil }
        // One that was quarantined already stayed as it was.
        let isAsItWas =
            event.action == .imageQuarantined && row.quarantinedMicroseconds != nil
        return isAsItWas ? nil : .rowRolledBack
    }

    /// Every claim that there was then was changed; what came later is newer.
    private func retention(_ event: LoggedEvent) throws(StorageError) -> ErrorCode? {
        guard let image = try stored(event) else { return nil }
        let isOlder = try reader.references(of: image.row).contains { row in
            row.changedAt < event.index && (try? row.verify(of: image, with: keyring)) != nil
        }
        return isOlder ? .rowRolledBack : nil
    }

    private func releasedHold(_ event: LoggedEvent) throws(StorageError) -> ErrorCode? {
        guard let id = event.hold, let row = try reader.hold(id) else { return nil }
        return row.fault(keyring, unless: false)
    }

    private func revokedToken(_ event: LoggedEvent) throws(StorageError) -> ErrorCode? {
        guard let id = event.token, let row = try reader.accessToken(id) else { return nil }
        return row.fault(keyring, unless: false)
    }

    /// One that was planted again is newer.
    private func liftedCanary(_ event: LoggedEvent) throws(StorageError) -> ErrorCode? {
        guard let place = event.place, let row = try reader.canary(place) else { return nil }
        return row.fault(keyring, unless: row.changedAt > event.index)
    }

    /// Copies of the keyring stay in the register for good.
    private func escrow(_ event: LoggedEvent) throws(StorageError) -> ErrorCode? {
        guard let id = event.escrow else { return nil }
        guard let row = try reader.escrow(id) else { return .rowRolledBack }
        return row.fault(
            keyring, unless: event.action == .escrowRegistered || row.destroyed != nil)
    }

    /// Somebody's word stays until he, or another, gives it anew.
    private func attestation(_ event: LoggedEvent) throws(StorageError) -> ErrorCode? {
        guard let item = event.item else { return nil }
        guard let row = try reader.attestation(of: item) else { return .rowRolledBack }
        return row.fault(keyring, unless: row.changedAt >= event.index)
    }

    /// One that forbids nothing any more may have made room.
    private func backup(_ event: LoggedEvent) throws(StorageError) -> ErrorCode? {
        guard let id = event.backup, let row = try reader.backup(id) else { return nil }
        return row.fault(keyring, unless: row.state != .kept)
    }

    /// What was approved is carried out once; requests are forgotten in time.
    private func approval(_ event: LoggedEvent) throws(StorageError) -> ErrorCode? {
        guard let id = event.approval, let row = try reader.approval(id) else { return nil }
        switch event.action {
        case .imageReleased, .imageErased, .epochDestroyed, .approvalUsed:
            return row.fault(keyring, unless: row.state == .performed)
        case .approvalGiven: return row.fault(keyring, unless: row.state != .waiting)
        default: return nil
        }
    }

    /// A hold stands until it is released.
    func hold(
        _ id: HoldID, _ placed: LoggedEvent, _ log: CheckedLog
    ) throws(StorageError) -> CheckFinding? {
        guard let row = try reader.hold(id) else { return missing(placed, log) }
        return row.fault(keyring, unless: true).map(placed.finding)
    }

    private func missing(_ made: LoggedEvent, _ log: CheckedLog) -> CheckFinding? {
        log.mayHaveEnded(made) ? nil : made.finding(.rowRolledBack)
    }

    /// A token stands as its last event left it, until it is revoked: one with an older secret was put back.
    func token(
        _ id: AccessTokenID, _ made: LoggedEvent, _ log: CheckedLog
    ) throws(StorageError) -> CheckFinding? {
        guard let row = try reader.accessToken(id) else { return missing(made, log) }
        return row.fault(keyring, unless: row.changedAt >= made.index).map(made.finding)
    }

    /// A canary stands as its last event left it, until it is lifted.
    func canary(
        _ place: ImagePlace, _ planted: LoggedEvent, _ log: CheckedLog
    ) throws(StorageError) -> CheckFinding? {
        guard let row = try reader.canary(place) else { return missing(planted, log) }
        return row.fault(keyring, unless: row.changedAt >= planted.index).map(planted.finding)
    }

    /// An incident stays for good, as its last event left it: one with an older containment was put back.
    func incident(
        _ id: IncidentID, _ made: LoggedEvent, _ log: CheckedLog
    ) throws(StorageError) -> CheckFinding? {
        guard let row = try reader.incident(id) else { return made.finding(.rowRolledBack) }
        return row.fault(keyring, unless: row.changedAt >= made.index).map(made.finding)
    }

    // MARK: From a row to its event

    func finding(_ image: ImageRow, _ floor: RowFloor) throws(StorageError) -> CheckFinding? {
        guard (try? image.verify(with: keyring)) != nil else { return image.finding(.rowDamaged) }
        let isOld = floor.isAbove(image.key, changedAt: image.changedAt)
        // An image goes with its last claim.
        let claims = try reader.referenceCount(of: image.row)
        guard !isOld, claims > 0 else {
            return image.finding(.rowRolledBack, by: image.changedAt)
        }
        let isRight = try changed(at: image.changedAt) { event in
            switch event.action {
            case .imagePut, .imageQuarantined, .imageReleased: event.isOf(image)
            case .operationAdvanced: event.work == .reinspect || event.work == .reencrypt
            default: false
            }
        }
        return isRight ? nil : image.finding(.rowRolledBack, by: image.changedAt)
    }

    func finding(
        _ reference: ReferenceRow, of image: ImageRow, _ floor: RowFloor
    ) throws(StorageError) -> CheckFinding? {
        guard (try? reference.verify(of: image, with: keyring)) != nil else {
            return image.finding(.rowDamaged)
        }
        let isOld = floor.isAbove(reference.key, changedAt: reference.changedAt)
        let isRight = try changed(at: reference.changedAt) { event in
            switch event.action {
            case .imagePut: event.isOf(image) && event.reference == reference.reference
            case .retentionSet: event.isOf(image)
            case .operationAdvanced: event.work == .reencrypt
            default: false
            }
        }
        return isRight && !isOld ? nil : image.finding(.rowRolledBack, by: reference.changedAt)
    }

    /// Whether the event that a row names is one that could have changed it. One that is there and cannot be
    /// read is told of where the log is.
    private func changed(
        at index: UInt64, by isRight: (LoggedEvent) -> Bool
    ) throws(StorageError) -> Bool {
        guard let row = try reader.events(from: index, limit: 1).first, row.index == index else {
            return false
        }
        return switch EventReading(row, keyring) {
        case .opened(let event): event.isDone && isRight(event)
        case .clear: false
        // Whether its body may be gone is told where the log is, too.
        case .damaged, .erased: true
        }
    }
}

extension ImageRow {
    fileprivate func finding(_ code: ErrorCode, by event: UInt64? = nil) -> CheckFinding {
        CheckFinding(namespace: namespace, image: image, code: code, event: event)
    }
}

extension AuthenticatedRow {
    /// What is wrong with a row that is there: that it does not verify, or that it is older than the log.
    fileprivate func fault(_ keyring: Keyring, unless isAsLogged: Bool) -> ErrorCode? {
        guard (try? verify(with: keyring)) != nil else { return .rowDamaged }
        return isAsLogged ? nil : .rowRolledBack
    }
}
