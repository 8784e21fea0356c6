// What a policy calls each verb.

import VaultFormat

extension Verb {
    /// Nil for what everybody may ask whom a policy knows at this door.
    var name: VerbName? {
        switch self {
        case .health, .ready, .version, .whoami, .contract: nil
        case .metrics: .readMetrics
        case .putImage: .putImages
        case .inspectImage: .inspectImages
        case .listImages: .listImages
        case .getImage: .getImages
        case .probeImage: .probeImages
        case .deleteImage: .deleteImages
        case .readMetadata: .readMetadata
        case .status: .readStatus
        case .seal: .sealVault
        case .unseal: .unsealVault
        case .listSlots: .listSlots
        case .addSlot: .addSlots
        case .rotateRoot: .rotateRoot
        case .rotateLogKey: .rotateLogKey
        case .removeSlot: .removeSlots
        case .proveSlot: .proveSlots
        case .challengeSlot: .challengeSlots
        case .listEvents, .checkpoint, .readTile: .readLog
        case .bundle: .exportLog
        case .resolveName: .resolveNames
        case .redact: .redactLog
        case .startInspection: .startInspections
        case .startCheck: .startChecks
        case .listOperations, .readOperation, .listFindings: .readOperations
        case .moveOperation: .steerOperations
        case .quarantineImage: .quarantine
        case .listQuarantine, .listApprovals: .readQuarantine
        case .requestRelease: .requestRelease
        case .approve: .approveRelease
        case .readKeys, .readStatement, .listDestructions: .readKeys
        case .rotateKeys: .rotateKeys
        case .reencrypt: .reencrypt
        case .destroyEpoch, .approveDestruction: .destroyEpochs
        case .registerBackup: .registerBackups
        case .listBackups: .readBackups
        case .expireBackup: .expireBackups
        case .beginBackup, .copyBlobs, .completeBackup: .makeBackups
        case .exportEscrow: .exportEscrows
        case .reportDrill: .reportDrills
        case .eraseImages: .eraseImages
        case .reportSecurity: .reportSecurity
        case .checkLimit: .checkLimits
        case .readBlock: .readBlocks
        case .createTicket: .createTickets
        case .createNamespace: .createNamespaces
        case .listNamespaces: .readNamespaces
        case .createToken: .createTokens
        case .listTokens: .readTokens
        case .rotateToken: .rotateTokens
        case .revokeToken: .revokeTokens
        case .listReceipts, .readReceipt: .readReceipts
        case .registerEscrow: .registerEscrows
        case .listEscrows: .readEscrows
        case .attestEscrow: .attestEscrows
        case .placeHold: .placeHolds
        case .listHolds: .readHolds
        case .releaseHold: .releaseHolds
        case .readRetention: .readRetention
        case .setRetention: .setRetention
        case .plantCanary: .plantCanaries
        case .liftCanary: .liftCanaries
        case .listCanaries: .readCanaries
        case .openIncident, .noteIncident: .openIncidents
        case .listIncidents, .readIncident: .readIncidents
        case .closeIncident: .closeIncidents
        case .containIncident: .setContainments
        case .liftContainment: .liftContainments
        case .exportCase: .exportLog
        case .readPolicy: .readPolicy
        case .reloadPolicy: .reloadPolicy
        case .runDoctor: .runDoctor
        case .attestItem: .attestItems
        }
    }
}
