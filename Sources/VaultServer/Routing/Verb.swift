// Which verb a method and a path ask for, at which door. Parsed whole: there are no wildcards.

import HTTPTypes
import Vault
import VaultAPI
import VaultFormat

enum Verb: Hashable, Sendable {
    case health, ready, version, whoami, contract
    case metrics
    case putImage
    case inspectImage
    case listImages
    case getImage(String)
    case probeImage(String)
    case deleteImage(String)
    case readMetadata(String)
    case status
    case seal, unseal
    case listSlots, addSlot, rotateRoot, rotateLogKey
    case removeSlot(String)
    case proveSlot(String)
    case challengeSlot(String)
    case listEvents
    case checkpoint
    case bundle
    case readTile([String])
    case resolveName(String)
    case redact
    case readPolicy, reloadPolicy
    case startInspection
    case startCheck
    case listOperations
    case readOperation(String)
    case listFindings(String)
    case moveOperation(String, Steering)
    case quarantineImage
    case listQuarantine
    case requestRelease(String)
    case listApprovals
    case approve(String)
    case readKeys, rotateKeys, reencrypt
    case readStatement(String)
    case destroyEpoch(String)
    case listDestructions
    case approveDestruction(String)
    case registerBackup, listBackups
    case expireBackup(String)
    case beginBackup
    case copyBlobs(String)
    case completeBackup(String)
    case exportEscrow
    case reportDrill
    case eraseImages
    case reportSecurity, checkLimit, readBlock
    case createTicket(String)
    case createNamespace, listNamespaces
    case createToken, listTokens
    case rotateToken(String)
    case revokeToken(String)
    case listReceipts
    case readReceipt(String)
    case registerEscrow, listEscrows
    case attestEscrow(String)
    case placeHold, listHolds
    case releaseHold(String)
    case readRetention(namespace: String, image: String)
    case setRetention(namespace: String, image: String)
    case runDoctor, attestItem
    case listCanaries
    case plantCanary(namespace: String, image: String)
    case liftCanary(namespace: String, image: String)
    case openIncident, listIncidents
    case readIncident(String)
    case noteIncident(String)
    case closeIncident(String)
    case containIncident(String)
    case liftContainment(String)
    case exportCase(String)

    /// - Throws: ``VaultAPI/ErrorCode`` `unknown-route` or `method-not-allowed`, with the methods
    ///   that the path takes.
    init(
        method: HTTPRequest.Method, path: some StringProtocol, door: Door
    ) throws(RouteRefusal) {
        let verbs = Self.verbs(at: path, door)
        guard !verbs.isEmpty else { throw RouteRefusal(code: .unknownRoute, allowed: []) }
        guard let verb = verbs.first(where: { $0.0 == method })?.1 else {
            throw RouteRefusal(code: .methodNotAllowed, allowed: verbs.map(\.0))
        }
        self = verb
    }

    private static func verbs(
        at path: some StringProtocol, _ door: Door
    ) -> [(HTTPRequest.Method, Verb)] {
        let segments = String(path).split(separator: "/", omittingEmptySubsequences: false)
            .map { String($0) }
        guard segments.count >= 3, segments[0].isEmpty, segments[1] == "v1" else { return [] }
        if let common = common(segments) { return common }
        switch (door, segments.count, segments[2]) {
        case (.images, 3, "images"):
            return [(.post, .putImage), (.get, .listImages), (.delete, .eraseImages)]
        case (.images, 4, "images"):
            return [
                (.get, .getImage(segments[3])), (.head, .probeImage(segments[3])),
                (.delete, .deleteImage(segments[3])),
            ]
        case (.images, 5, "images") where segments[4] == "metadata":
            return [(.get, .readMetadata(segments[3]))]
        case (.images, 5, "images") where segments[4] == "tickets":
            return [(.post, .createTicket(segments[3]))]
        case (.images, 3, "inspect"): return [(.post, .inspectImage)]
        case (.images, 3, "security-events"): return [(.post, .reportSecurity)]
        case (.images, 4, "limits") where segments[3] == "check":
            return [(.post, .checkLimit)]
        case (.images, 3, "blocks"): return [(.get, .readBlock)]
        case (.admin, 3, "metrics"), (.audit, 3, "metrics"): return [(.get, .metrics)]
        case (.admin, 3, "status"): return [(.get, .status)]
        case (.admin, 3, "seal"): return [(.post, .seal)]
        case (.admin, 3, "unseal"): return [(.post, .unseal)]
        case (.admin, 3, "slots"): return [(.get, .listSlots), (.post, .addSlot)]
        case (.admin, 4, "slots"): return [(.delete, .removeSlot(segments[3]))]
        case (.admin, 5, "slots") where segments[4] == "proof":
            return [(.post, .proveSlot(segments[3]))]
        case (.admin, 5, "slots") where segments[4] == "challenge":
            return [(.post, .challengeSlot(segments[3]))]
        case (.admin, 4, "keys") where segments[3] == "rotate-root":
            return [(.post, .rotateRoot)]
        case (.admin, 4, "keys") where segments[3] == "rotate-log-key":
            return [(.post, .rotateLogKey)]
        case (.admin, 3, "keys"): return [(.get, .readKeys)]
        case (.admin, 4, "keys") where segments[3] == "rotate": return [(.post, .rotateKeys)]
        case (.admin, 4, "keys") where segments[3] == "reencrypt": return [(.post, .reencrypt)]
        case (.admin, 4, "keys") where segments[3] == "destructions":
            return [(.get, .listDestructions)]
        case (.admin, 5, "keys") where segments[3] == "destructions":
            return [(.post, .approveDestruction(segments[4]))]
        case (.admin, 6, "keys") where segments[3] == "epochs" && segments[5] == "destroy":
            return [(.post, .destroyEpoch(segments[4]))]
        case (.admin, 3, "backups"): return [(.get, .listBackups), (.post, .registerBackup)]
        case (.admin, 4, "backups") where segments[3] == "snapshots":
            return [(.post, .beginBackup)]
        case (.admin, 5, "backups") where segments[4] == "blobs":
            return [(.post, .copyBlobs(segments[3]))]
        case (.admin, 5, "backups") where segments[4] == "completion":
            return [(.post, .completeBackup(segments[3]))]
        case (.admin, 3, "drills"): return [(.post, .reportDrill)]
        case (.admin, 4, "escrows") where segments[3] == "copies":
            return [(.post, .exportEscrow)]
        case (.admin, 4, "backups"): return [(.delete, .expireBackup(segments[3]))]
        case (.admin, 3, "escrows"): return [(.get, .listEscrows), (.post, .registerEscrow)]
        case (.admin, 5, "escrows") where segments[4] == "attestation":
            return [(.post, .attestEscrow(segments[3]))]
        case (.admin, 3, "holds"): return [(.get, .listHolds), (.post, .placeHold)]
        case (.admin, 4, "holds"): return [(.delete, .releaseHold(segments[3]))]
        case (.admin, 5, "retention"):
            return [
                (.get, .readRetention(namespace: segments[3], image: segments[4])),
                (.put, .setRetention(namespace: segments[3], image: segments[4])),
            ]
        case (.admin, 3, "canaries"): return [(.get, .listCanaries)]
        case (.admin, 5, "canaries"):
            return [
                (.put, .plantCanary(namespace: segments[3], image: segments[4])),
                (.delete, .liftCanary(namespace: segments[3], image: segments[4])),
            ]
        case (.admin, 3, "namespaces"):
            return [(.get, .listNamespaces), (.post, .createNamespace)]
        case (.admin, 3, "tokens"): return [(.get, .listTokens), (.post, .createToken)]
        case (.admin, 4, "tokens"): return [(.delete, .revokeToken(segments[3]))]
        case (.admin, 5, "tokens") where segments[4] == "rotate":
            return [(.post, .rotateToken(segments[3]))]
        case (.admin, 3, "redactions"): return [(.post, .redact)]
        case (.admin, 3, "policy"): return [(.get, .readPolicy)]
        case (.admin, 4, "policy") where segments[3] == "reload":
            return [(.post, .reloadPolicy)]
        case (.admin, 3, "doctor"): return [(.post, .runDoctor)]
        case (.admin, 4, "doctor") where segments[3] == "attestations":
            return [(.post, .attestItem)]
        case (.admin, 3, "inspections"): return [(.post, .startInspection)]
        case (.admin, 3, "checks"): return [(.post, .startCheck)]
        case (.admin, 3, "operations"): return [(.get, .listOperations)]
        case (.admin, 4, "operations"):
            return [
                (.get, .readOperation(segments[3])),
                (.delete, .moveOperation(segments[3], .cancel)),
            ]
        case (.admin, 5, "operations"): return operations(segments[3], segments[4])
        case (.admin, 3, "quarantine"): return [(.post, .quarantineImage), (.get, .listQuarantine)]
        case (.admin, 5, "quarantine") where segments[4] == "requests":
            return [(.post, .requestRelease(segments[3]))]
        case (.admin, 3, "approvals"): return [(.get, .listApprovals)]
        case (.admin, 4, "approvals"): return [(.post, .approve(segments[3]))]
        case (.admin, 3, "incidents"):
            return [(.get, .listIncidents), (.post, .openIncident)]
        case (.admin, 4, "incidents"): return [(.get, .readIncident(segments[3]))]
        case (.admin, 5, "incidents"): return incidents(segments[3], segments[4])
        case (.audit, 4, "cases"): return [(.get, .exportCase(segments[3]))]
        case (.audit, 3, "events"): return [(.get, .listEvents)]
        case (.audit, 3, "checkpoint"): return [(.get, .checkpoint)]
        case (.audit, 4..., "log"): return log(Array(segments[3...]))
        default: return []
        }
    }

    /// What stands below `/v1/log`: the layout of C2SP `tlog-tiles`, and bundles.
    private static func log(_ segments: [String]) -> [(HTTPRequest.Method, Verb)] {
        switch (segments[0], segments.count) {
        case ("checkpoint", 1): [(.get, .checkpoint)]
        case ("bundle", 1): [(.get, .bundle)]
        case ("tile", 3...): [(.get, .readTile(Array(segments[1...])))]
        case ("names", 2): [(.post, .resolveName(segments[1]))]
        default: []
        }
    }

    private static func incidents(
        _ id: String, _ word: String
    ) -> [(HTTPRequest.Method, Verb)] {
        switch word {
        case "notes": [(.post, .noteIncident(id))]
        case "close": [(.post, .closeIncident(id))]
        case "containment": [(.post, .containIncident(id)), (.delete, .liftContainment(id))]
        default: []
        }
    }

    private static func operations(
        _ id: String, _ word: String
    ) -> [(HTTPRequest.Method, Verb)] {
        switch word {
        case "findings": [(.get, .listFindings(id))]
        case "statement": [(.get, .readStatement(id))]
        case "pause": [(.post, .moveOperation(id, .pause))]
        case "resume": [(.post, .moveOperation(id, .resume))]
        default: []
        }
    }

    /// What every door answers.
    private static func common(_ segments: [String]) -> [(HTTPRequest.Method, Verb)]? {
        if segments.count == 4, segments[2] == "receipts" {
            return [(.get, .readReceipt(segments[3]))]
        }
        guard segments.count == 3 else { return nil }
        switch segments[2] {
        case "receipts": return [(.get, .listReceipts)]
        case "health": return [(.get, .health)]
        case "ready": return [(.get, .ready)]
        case "version": return [(.get, .version)]
        case "whoami": return [(.get, .whoami)]
        case "openapi.yaml": return [(.get, .contract)]
        default: return nil
        }
    }

    /// What may follow the request's head.
    var payload: Payload {
        switch self {
        case .putImage, .inspectImage: .image
        case .unseal, .addSlot, .proveSlot: .secret
        case .startInspection, .quarantineImage, .requestRelease, .approve, .destroyEpoch,
            .approveDestruction, .registerBackup, .beginBackup, .copyBlobs, .exportEscrow,
            .reportDrill, .reencrypt, .registerEscrow, .placeHold,
            .setRetention, .resolveName, .redact, .reportSecurity, .checkLimit, .createTicket,
            .createToken, .rotateToken, .createNamespace, .attestItem, .plantCanary,
            .openIncident, .noteIncident, .closeIncident, .containIncident:
            .small
        default: .none
        }
    }

    /// Whether a page in a browser has no business with it: what changes something, and what costs as
    /// much as if it did.
    var isMutating: Bool {
        switch self {
        case .putImage, .inspectImage, .deleteImage, .seal, .unseal, .addSlot, .removeSlot,
            .proveSlot, .challengeSlot, .rotateRoot, .rotateLogKey, .startInspection,
            .startCheck,
            .moveOperation, .quarantineImage, .requestRelease, .approve, .rotateKeys, .reencrypt,
            .destroyEpoch, .approveDestruction, .registerBackup, .expireBackup, .eraseImages,
            .beginBackup, .copyBlobs, .completeBackup, .exportEscrow, .reportDrill,
            .registerEscrow, .attestEscrow, .placeHold, .releaseHold, .setRetention,
            .resolveName, .redact, .reloadPolicy, .reportSecurity, .checkLimit, .createTicket,
            .createToken, .rotateToken, .revokeToken, .createNamespace, .runDoctor, .attestItem,
            .plantCanary, .liftCanary, .openIncident, .noteIncident, .closeIncident,
            .containIncident, .liftContainment:
            true
        default: false
        }
    }

    /// The action that a refusal of this verb is logged as.
    var action: EventAction {
        switch self {
        case .putImage: .imagePut
        case .inspectImage: .imageInspected
        case .listImages: .imageList
        case .getImage: .readBegun
        case .probeImage: .imageProbe
        case .deleteImage: .imageDelete
        case .readMetadata: .metadataRead
        case .status: .statusRead
        case .seal: .vaultSealed
        case .unseal: .vaultUnsealed
        case .listSlots: .slotsRead
        case .addSlot: .slotAdded
        case .removeSlot: .slotRemoved
        case .proveSlot: .slotProved
        case .challengeSlot: .slotChallenged
        case .rotateRoot: .rootRotated
        case .rotateLogKey: .logKeyRotated
        case .listEvents, .checkpoint, .readTile: .logRead
        case .bundle: .logExported
        case .resolveName: .nameResolved
        case .redact: .logErased
        case .readPolicy: .policyRead
        case .reloadPolicy: .policyChanged
        case .whoami: .identityRead
        case .startInspection, .startCheck: .operationStarted
        case .listOperations, .readOperation, .listFindings: .operationRead
        case .moveOperation(_, let steering): steering.action
        case .quarantineImage: .imageQuarantined
        case .listQuarantine, .listApprovals: .quarantineRead
        case .requestRelease: .quarantineRequested
        case .approve: .quarantineApproved
        case .readKeys: .keysRead
        case .rotateKeys, .reencrypt: .operationStarted
        case .readStatement: .statementRead
        case .destroyEpoch, .approveDestruction: .epochDestroyed
        case .listDestructions: .quarantineRead
        case .registerBackup: .backupRegistered
        case .listBackups: .backupsRead
        case .expireBackup: .backupExpired
        case .beginBackup: .backupBegun
        case .copyBlobs: .backupCopied
        case .completeBackup: .backupCompleted
        case .exportEscrow: .escrowExported
        case .reportDrill: .backupDrilled
        case .eraseImages: .operationStarted
        case .reportSecurity: .authAttempted
        case .checkLimit, .readBlock: .requestRefused
        case .createTicket: .ticketCreated
        case .createNamespace: .namespaceCreated
        case .listNamespaces: .namespacesRead
        case .createToken: .tokenCreated
        case .listTokens: .tokensRead
        case .rotateToken: .tokenRotated
        case .revokeToken: .tokenRevoked
        case .listReceipts, .readReceipt: .receiptRead
        case .registerEscrow: .escrowRegistered
        case .listEscrows: .escrowsRead
        case .attestEscrow: .escrowAttested
        case .placeHold: .holdPlaced
        case .listHolds: .holdsRead
        case .releaseHold: .holdReleased
        case .readRetention: .retentionRead
        case .setRetention: .retentionSet
        case .runDoctor: .doctorRan
        case .attestItem: .attestationMade
        case .plantCanary: .canaryPlanted
        case .liftCanary: .canaryLifted
        case .listCanaries: .canariesRead
        case .openIncident: .incidentOpened
        case .listIncidents, .readIncident: .incidentsRead
        case .noteIncident: .incidentNoted
        case .closeIncident: .incidentClosed
        case .containIncident: .containmentSet
        case .liftContainment: .containmentEnded
        case .exportCase: .caseExported
        case .contract, .version, .health, .ready, .metrics: .contractRead
        }
    }
}

/// What follows the head of a request.
enum Payload: Hashable, Sendable {
    case none
    /// Bytes that are counted and hashed as they arrive.
    case image
    /// Up to ``VaultFormat/Limits/smallBodyBytes``, taken in whole before the verb begins.
    case small
    /// Up to ``VaultFormat/Limits/secretBytes``, straight into locked memory.
    case secret
}

struct RouteRefusal: Error {
    let code: ErrorCode
    let allowed: [HTTPRequest.Method]
}
