// How the process ends: one code for each kind of failure, so that scripts need not read text.

import VaultAPI
import VaultClient
import VaultFormat

enum ExitKind: Int32, CaseIterable {
    case done = 0
    case other = 1
    case refusedImage = 3
    case notFound = 4
    case notPermitted = 5
    case unavailable = 6
    case damaged = 7
    /// sysexits(3) `EX_USAGE`, which the argument parser uses.
    case usage = 64
    /// 128 and SIGINT, as shells count.
    case interrupted = 130

    static let help = """
        Exit codes:
          0    done
          1    anything else; also several failures of different kinds
          3    the image or its name was refused
          4    not found
          5    not permitted
          6    unavailable, sealed or busy: try again later
          7    stored data is damaged, an answer ended early, or a check failed
          64   wrong usage
          130  interrupted
        """

    init(_ error: ClientError) {
        switch error {
        case .refused(let problem): self.init(problem)
        case .socketMissing, .socketRefused, .timedOut, .connectionBroken: self = .unavailable
        case .socketForbidden: self = .notPermitted
        case .answerIncomplete: self = .damaged
        case .cancelled: self = .interrupted
        case .socketPathTooLong, .notASocket, .answerNotUnderstood, .file: self = .other
        }
    }

    /// By the code, or for one that only a newer vault knows, by whether to try again.
    private init(_ problem: ProblemDocument) {
        guard let code = problem.errorCode else {
            self = problem.retryable ? .unavailable : .other
            return
        }
        switch code {
        case .imageRefused, .emptyBody, .bodyTooLarge, .invalidName, .missingName:
            self = .refusedImage
        case .unknownImage, .unknownSlot, .unknownOperation, .unknownApproval, .unknownStatement,
            .unknownEpoch, .unknownBackup, .unknownReceipt, .unknownEscrow, .unknownHold,
            .unknownIndex, .unknownName, .unknownToken, .unknownIncident:
            self = .notFound
        case .notPermitted, .crossSite, .wrongSecret, .secondPersonRequired, .approvalNeeded,
            .tokenLocked, .tokenRequired, .tokenRefused, .ticketRefused, .suspended:
            self = .notPermitted
        case .sealed, .overloaded, .auditUnavailable, .storageUnavailable, .storageFull,
            .inspectionFailed, .uploadTimeout, .downloadIncomplete, .digestMismatch,
            .deadlineExceeded, .idempotencyKeyInUse, .tokenUnavailable, .rateLimited:
            self = .unavailable
        case .blobDamaged, .blobMissing, .wrapDamaged, .rowDamaged, .rowRolledBack, .catalogDamaged,
            .keyringDamaged, .rolledBack, .anchorRefused, .caseDamaged:
            self = .damaged
        case .badRequest, .unknownRoute, .methodNotAllowed, .unknownParameter, .invalidParameter,
            .invalidIdentifier, .invalidJob, .invalidOwner, .invalidDigest, .invalidHeader,
            .invalidBody, .rangeNotSatisfiable, .uploadIncomplete, .keyringRefused,
            .malformedSecret, .notSealed, .lastProvedSlot, .tooManySlots, .tooManyEpochs,
            .epochInUse, .unknownNamespace, .namespaceExists, .tooManyNamespaces, .quotaExceeded,
            .tooManyTokens,
            .backupStranded, .noChallenge, .logKeySealed, .quarantined,
            .notQuarantined, .approvalUsed, .approvalExpired, .approvalMismatch,
            .operationConflict, .idempotencyKeyReused, .tokenNotConfigured, .tokenModuleFailed,
            .tokenKeyUnfit, .held, .retentionLocked, .policyRefused, .noPolicy, .lastAdmin,
            .incidentClosed, .internalError:
            self = .other
        }
    }

    /// Whether the next file would fail for the same reason.
    static func isHopeless(_ error: ClientError) -> Bool {
        switch error {
        case .refused(let problem):
            [
                .notPermitted, .suspended, .sealed, .auditUnavailable, .storageUnavailable,
                .storageFull,
            ].contains(problem.errorCode)
        case .file: false
        default: true
        }
    }

    /// The code for many failures: theirs when they agree.
    static func combined(_ kinds: some Collection<ExitKind>) -> ExitKind {
        guard let first = kinds.first else { return .done }
        return kinds.allSatisfy { $0 == first } ? first : .other
    }
}
