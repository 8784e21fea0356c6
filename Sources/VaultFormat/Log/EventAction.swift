/// What happened, in the log's words. The numbers are the catalog's, the names everybody else's.
package enum EventAction: UInt8, Sendable, CaseIterable {
    case vaultCreated = 1
    case serviceStarted = 2
    case serviceStopped = 3
    case imagePut = 10
    case readBegun = 11
    case readEnded = 12
    case imageDelete = 13
    case metadataRead = 14
    case imageList = 15
    case imageProbe = 16
    case readUnchanged = 18
    case logRead = 20
    case statusRead = 21
    case identityRead = 22
    case contractRead = 23
    case requestRefused = 30
    case strangerRefused = 31
    case vaultSealed = 40
    case vaultUnsealed = 41
    case slotAdded = 42
    case slotRemoved = 43
    case slotProved = 44
    case slotsRead = 45
    case rootRotated = 46
    case logKeyRotated = 47
    case epochAdded = 48
    case epochPromoted = 49
    case imageInspected = 50
    case epochDestroyed = 51
    case keysRead = 52
    case rotationStated = 53
    case statementRead = 54
    case backupRegistered = 55
    case backupExpired = 56
    case backupsRead = 57
    case destructionRequested = 58
    case operationStarted = 60
    case operationEnded = 61
    case operationRead = 62
    case operationCancelled = 63
    case imageQuarantined = 64
    case quarantineRequested = 65
    case quarantineApproved = 66
    case imageReleased = 67
    case imageErased = 68
    case operationAdvanced = 69
    case operationPaused = 70
    case operationResumed = 71
    case requestRepeated = 72
    case quarantineRead = 73
    case slotChallenged = 80
    case shareGiven = 81
    case receiptRead = 82
    case erasurePurged = 83
    case escrowRegistered = 84
    case escrowAttested = 85
    case escrowsRead = 86
    case holdPlaced = 87
    case holdReleased = 88
    case holdsRead = 89
    case retentionSet = 90
    case retentionRead = 91
    case logExported = 92
    case nameResolved = 93
    case logErased = 94
    case policyChanged = 95
    case policyRead = 96
    case rollbackAccepted = 100
    case storageFailed = 101
    case storageRecovered = 102
    case authAttempted = 110
    case authLocked = 111
    case requestsLimited = 112
    case tokenCreated = 120
    case tokenRotated = 121
    case tokenRevoked = 122
    case tokensRead = 123
    case tokenRefused = 124
    case ticketCreated = 125
    case namespaceCreated = 126
    case namespacesRead = 127
    case approvalAsked = 128
    case approvalGiven = 129
    case approvalUsed = 130
    case doctorRan = 132
    case attestationMade = 133
    case alarmRaised = 136
    case alarmEnded = 137
    case canaryPlanted = 138
    case canaryLifted = 139
    case canariesRead = 140
    case detectionLimited = 141
    case incidentOpened = 144
    case incidentNoted = 145
    case incidentClosed = 146
    case incidentsRead = 147
    case containmentSet = 148
    case containmentEnded = 149
    case alertSent = 150
    case alertFailed = 151
    case caseExported = 152
    case backupBegun = 157
    case backupDescribed = 158
    case backupCopied = 159
    case backupCompleted = 160
    case backupDrilled = 161
    case escrowExported = 162
    case vaultRestored = 163

    package var name: String {
        switch self {
        case .vaultCreated: "vault.created"
        case .serviceStarted: "service.started"
        case .serviceStopped: "service.stopped"
        case .imagePut: "image.put"
        case .readBegun: "read.begun"
        case .readEnded: "read.ended"
        case .imageDelete: "image.delete"
        case .metadataRead: "metadata.read"
        case .imageList: "image.list"
        case .imageProbe: "image.probe"
        case .readUnchanged: "read.unchanged"
        case .logRead: "log.read"
        case .statusRead: "status.read"
        case .identityRead: "identity.read"
        case .contractRead: "contract.read"
        case .requestRefused: "request.refused"
        case .strangerRefused: "stranger.refused"
        case .vaultSealed: "vault.sealed"
        case .vaultUnsealed: "vault.unsealed"
        case .slotAdded: "slot.added"
        case .slotRemoved: "slot.removed"
        case .slotProved: "slot.proved"
        case .slotsRead: "slots.read"
        case .rootRotated: "root.rotated"
        case .logKeyRotated: "log-key.rotated"
        case .epochAdded: "epoch.added"
        case .epochPromoted: "epoch.promoted"
        case .epochDestroyed: "epoch.destroyed"
        case .keysRead: "keys.read"
        case .rotationStated: "rotation.stated"
        case .statementRead: "statement.read"
        case .backupRegistered: "backup.registered"
        case .backupExpired: "backup.expired"
        case .backupsRead: "backups.read"
        case .destructionRequested: "destruction.requested"
        case .imageInspected: "image.inspected"
        case .operationStarted: "operation.started"
        case .operationEnded: "operation.ended"
        case .operationRead: "operation.read"
        case .operationCancelled: "operation.cancelled"
        case .imageQuarantined: "image.quarantined"
        case .quarantineRequested: "quarantine.requested"
        case .quarantineApproved: "quarantine.approved"
        case .imageReleased: "image.released"
        case .imageErased: "image.erased"
        case .operationAdvanced: "operation.advanced"
        case .operationPaused: "operation.paused"
        case .operationResumed: "operation.resumed"
        case .requestRepeated: "request.repeated"
        case .quarantineRead: "quarantine.read"
        case .slotChallenged: "slot.challenged"
        case .shareGiven: "share.given"
        case .receiptRead: "receipt.read"
        case .erasurePurged: "erasure.purged"
        case .escrowRegistered: "escrow.registered"
        case .escrowAttested: "escrow.attested"
        case .escrowsRead: "escrows.read"
        case .holdPlaced: "hold.placed"
        case .holdReleased: "hold.released"
        case .holdsRead: "holds.read"
        case .retentionSet: "retention.set"
        case .retentionRead: "retention.read"
        case .logExported: "log.exported"
        case .nameResolved: "name.resolved"
        case .logErased: "log.erased"
        case .policyChanged: "policy.changed"
        case .policyRead: "policy.read"
        case .rollbackAccepted: "rollback.accepted"
        case .storageFailed: "storage.failed"
        case .storageRecovered: "storage.recovered"
        case .authAttempted: "auth.attempted"
        case .authLocked: "auth.locked"
        case .requestsLimited: "requests.limited"
        case .tokenCreated: "token.created"
        case .tokenRotated: "token.rotated"
        case .tokenRevoked: "token.revoked"
        case .tokensRead: "tokens.read"
        case .tokenRefused: "token.refused"
        case .ticketCreated: "ticket.created"
        case .namespaceCreated: "namespace.created"
        case .namespacesRead: "namespaces.read"
        case .approvalAsked: "approval.asked"
        case .approvalGiven: "approval.given"
        case .approvalUsed: "approval.used"
        case .doctorRan: "doctor.ran"
        case .attestationMade: "attestation.made"
        case .alarmRaised: "alarm.raised"
        case .alarmEnded: "alarm.ended"
        case .canaryPlanted: "canary.planted"
        case .canaryLifted: "canary.lifted"
        case .canariesRead: "canaries.read"
        case .detectionLimited: "detection.limited"
        case .incidentOpened: "incident.opened"
        case .incidentNoted: "incident.noted"
        case .incidentClosed: "incident.closed"
        case .incidentsRead: "incidents.read"
        case .containmentSet: "containment.set"
        case .containmentEnded: "containment.ended"
        case .alertSent: "alert.sent"
        case .alertFailed: "alert.failed"
        case .caseExported: "case.exported"
        case .backupBegun: "backup.begun"
        case .backupDescribed: "backup.described"
        case .backupCopied: "backup.copied"
        case .backupCompleted: "backup.completed"
        case .backupDrilled: "backup.drilled"
        case .escrowExported: "escrow.exported"
        case .vaultRestored: "vault.restored"
        }
    }
}

extension EventAction {
    /// Whether its events keep their bodies: without them nobody could tell which key signs, nor which events
    /// were erased, and the first one proves that a keyring is this vault's.
    package var isKept: Bool {
        switch self {
        case .vaultCreated, .logKeyRotated, .logErased: true
        default: false
        }
    }

    /// - Returns: nil for what names none.
    package init?(name: some StringProtocol) {
        guard let action = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = action
    }
}

extension EventAction {
    /// Whether it is recorded on a full disk too, in the room that is kept for it.
    package var mayUseReserve: Bool {
        switch self {
        case .vaultSealed, .serviceStopped, .storageFailed: true
        default: false
        }
    }
}

/// How it ended.
extension EventOutcome {
    /// - Returns: nil for what names none.
    package init?(name: some StringProtocol) {
        guard let outcome = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = outcome
    }
}

package enum EventOutcome: UInt8, Sendable, CaseIterable {
    case done = 1
    /// The vault said no, as it should.
    case refused = 2
    /// The vault could not, and says why.
    case failed = 3

    package var name: String {
        switch self {
        case .done: "done"
        case .refused: "refused"
        case .failed: "failed"
        }
    }
}

/// Through which door a request came.
package enum Door: UInt8, Sendable, CaseIterable {
    case images = 1
    case admin = 2
    case audit = 3

    package var name: String {
        switch self {
        case .images: "images"
        case .admin: "admin"
        case .audit: "audit"
        }
    }
}
