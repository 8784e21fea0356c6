// The verbs of the sockets, as a policy names them.

/// What somebody may ask for. Requests that every admitted caller may make have none: `health`, `ready`,
/// `version`, `whoami` and the contract.
package enum VerbName: String, Sendable, CaseIterable, Comparable {
    case putImages = "images.put"
    case inspectImages = "images.inspect"
    case getImages = "images.get"
    case probeImages = "images.probe"
    case readMetadata = "images.metadata"
    case listImages = "images.list"
    case deleteImages = "images.delete"
    /// All of an owner's or a job's.
    case eraseImages = "images.erase"
    /// For whoever is to read one image, without being known here.
    case createTickets = "tickets.create"
    /// What the backend saw at its own door.
    case reportSecurity = "security.report"
    case checkLimits = "limits.check"
    case readBlocks = "blocks.read"

    case readReceipts = "receipts.read"
    case readMetrics = "metrics.read"

    case readStatus = "status.read"
    case sealVault = "vault.seal"
    case unsealVault = "vault.unseal"
    case listSlots = "slots.list"
    case addSlots = "slots.add"
    case removeSlots = "slots.remove"
    case proveSlots = "slots.prove"
    case challengeSlots = "slots.challenge"
    case readKeys = "keys.read"
    case rotateRoot = "keys.rotate-root"
    case rotateLogKey = "keys.rotate-log-key"
    case rotateKeys = "keys.rotate"
    case reencrypt = "keys.reencrypt"
    case destroyEpochs = "keys.destroy"
    case startInspections = "inspections.start"
    case startChecks = "checks.start"
    case readOperations = "operations.read"
    case steerOperations = "operations.steer"
    case quarantine = "quarantine.add"
    case readQuarantine = "quarantine.read"
    case requestRelease = "quarantine.request"
    case approveRelease = "quarantine.approve"
    case readBackups = "backups.read"
    case registerBackups = "backups.register"
    case expireBackups = "backups.expire"
    /// Sealed copies of catalog and blobs.
    case makeBackups = "backups.make"
    case reportDrills = "drills.report"
    case readEscrows = "escrows.read"
    case registerEscrows = "escrows.register"
    case attestEscrows = "escrows.attest"
    /// Copies of the sealed keyring.
    case exportEscrows = "escrows.export"
    case readHolds = "holds.read"
    case placeHolds = "holds.place"
    case releaseHolds = "holds.release"
    case readRetention = "retention.read"
    case setRetention = "retention.set"
    case redactLog = "log.redact"
    case createNamespaces = "namespaces.create"
    case readNamespaces = "namespaces.read"
    case createTokens = "tokens.create"
    case rotateTokens = "tokens.rotate"
    case revokeTokens = "tokens.revoke"
    case readTokens = "tokens.read"
    case plantCanaries = "canaries.plant"
    case liftCanaries = "canaries.lift"
    case readCanaries = "canaries.read"
    case readPolicy = "policy.read"
    case reloadPolicy = "policy.reload"
    case runDoctor = "doctor.run"
    case attestItems = "doctor.attest"
    case readIncidents = "incidents.read"
    case openIncidents = "incidents.open"
    case closeIncidents = "incidents.close"
    case setContainments = "containments.set"
    case liftContainments = "containments.lift"

    case readLog = "log.read"
    case exportLog = "log.export"
    case resolveNames = "names.resolve"

    /// The sockets that take it.
    package var doors: Set<Door> {
        switch self {
        case .putImages, .inspectImages, .getImages, .probeImages, .readMetadata, .listImages,
            .deleteImages, .eraseImages, .createTickets, .reportSecurity, .checkLimits, .readBlocks:
            [.images]
        case .readReceipts: [.images, .admin, .audit]
        case .readMetrics: [.admin, .audit]
        case .readLog, .exportLog, .resolveNames: [.audit]
        default: [.admin]
        }
    }

    package static func < (one: Self, other: Self) -> Bool { one.rawValue < other.rawValue }

    /// Every verb of a socket.
    package static func all(at door: Door) -> Set<VerbName> {
        Set(allCases.filter { $0.doors.contains(door) })
    }
}
