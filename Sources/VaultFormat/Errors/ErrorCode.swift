// One file, though a long one: the generator of the Python exceptions reads the registry from here.

/// Every way in which the vault says no: the one registry behind problem documents (RFC 9457), the
/// ErrorCodes page and the clients' exceptions. A code never changes its meaning.
package enum ErrorCode: String, Sendable, CaseIterable {
    // The request.
    case badRequest = "bad-request"
    case unknownRoute = "unknown-route"
    case methodNotAllowed = "method-not-allowed"
    case unknownParameter = "unknown-parameter"
    case invalidParameter = "invalid-parameter"
    case invalidIdentifier = "invalid-id"
    case invalidName = "invalid-name"
    case missingName = "missing-name"
    case invalidJob = "invalid-job"
    case invalidOwner = "invalid-owner"
    case invalidDigest = "invalid-digest"
    case invalidHeader = "invalid-header"
    case invalidBody = "invalid-body"
    case digestMismatch = "digest-mismatch"
    case emptyBody = "empty-body"
    case bodyTooLarge = "body-too-large"
    case uploadIncomplete = "upload-incomplete"
    case uploadTimeout = "upload-timeout"
    case downloadIncomplete = "download-incomplete"
    case rangeNotSatisfiable = "range-not-satisfiable"
    case deadlineExceeded = "deadline-exceeded"
    // Who asks, and for what.
    case crossSite = "cross-site"
    case notPermitted = "not-permitted"
    case rateLimited = "rate-limited"
    // Who shows something.
    case tokenRequired = "token-required"
    case tokenRefused = "token-refused"
    case ticketRefused = "ticket-refused"
    case unknownToken = "unknown-token"
    case tooManyTokens = "too-many-tokens"
    // Whose images these are, and how many.
    case unknownNamespace = "unknown-namespace"
    case namespaceExists = "namespace-exists"
    case tooManyNamespaces = "too-many-namespaces"
    case quotaExceeded = "quota-exceeded"
    case unknownImage = "unknown-image"
    // Background work, and requests that come again.
    case unknownOperation = "unknown-operation"
    case operationConflict = "operation-conflict"
    case idempotencyKeyReused = "idempotency-key-reused"
    case idempotencyKeyInUse = "idempotency-key-in-use"
    // Quarantine, and what takes approval.
    case quarantined = "quarantined"
    case notQuarantined = "not-quarantined"
    case unknownApproval = "unknown-approval"
    case approvalUsed = "approval-used"
    case approvalExpired = "approval-expired"
    case approvalMismatch = "approval-mismatch"
    case secondPersonRequired = "second-person-required"
    case approvalNeeded = "approval-needed"
    case policyRefused = "policy-refused"
    case noPolicy = "no-policy"
    case suspended = "suspended"
    case lastAdmin = "last-admin"
    case unknownIncident = "unknown-incident"
    case incidentClosed = "incident-closed"
    case caseDamaged = "case-damaged"
    // The image.
    case imageRefused = "image-refused"
    case inspectionFailed = "inspection-failed"
    // The vault.
    case sealed = "sealed"
    case overloaded = "overloaded"
    case auditUnavailable = "audit-unavailable"
    case storageUnavailable = "storage-unavailable"
    case storageFull = "storage-full"
    case blobDamaged = "blob-damaged"
    case blobMissing = "blob-missing"
    case wrapDamaged = "wrap-damaged"
    case rowDamaged = "row-damaged"
    case rowRolledBack = "row-rolled-back"
    case catalogDamaged = "catalog-damaged"
    case keyringDamaged = "keyring-damaged"
    case keyringRefused = "keyring-refused"
    case rolledBack = "rolled-back"
    case anchorRefused = "anchor-refused"
    // The keys.
    case wrongSecret = "wrong-secret"
    case malformedSecret = "malformed-secret"
    case notSealed = "not-sealed"
    case unknownSlot = "unknown-slot"
    case lastProvedSlot = "last-proved-slot"
    case tooManySlots = "too-many-slots"
    case noChallenge = "no-challenge"
    case logKeySealed = "log-key-sealed"
    case tooManyEpochs = "too-many-epochs"
    case unknownStatement = "unknown-statement"
    case unknownEpoch = "unknown-epoch"
    case epochInUse = "epoch-in-use"
    case unknownBackup = "unknown-backup"
    case backupStranded = "backup-stranded"
    // Erasure, and what forbids it.
    case held = "held"
    case retentionLocked = "retention-locked"
    case unknownReceipt = "unknown-receipt"
    case unknownEscrow = "unknown-escrow"
    case unknownHold = "unknown-hold"
    // The log.
    case unknownIndex = "unknown-index"
    case unknownName = "unknown-name"
    // Tokens.
    case tokenNotConfigured = "token-not-configured"
    case tokenModuleFailed = "token-module-failed"
    case tokenUnavailable = "token-unavailable"
    case tokenKeyUnfit = "token-key-unfit"
    case tokenLocked = "token-locked"
    case internalError = "internal-error"
}

extension ErrorCode {
    /// What each code means to HTTP, to a program and to a person.
    package struct Description: Sendable {
        package let status: Int
        /// Whether the same request may succeed later without being changed.
        package let retryable: Bool
        /// How long to wait before that, in milliseconds.
        package let retryAfterMilliseconds: Int?
        package let title: String
        package let fix: String

        fileprivate init(
            _ status: Int, _ title: String, fix: String, retryAfter milliseconds: Int? = nil
        ) {
            self.status = status
            self.title = title
            self.fix = fix
            retryable = milliseconds != nil
            retryAfterMilliseconds = milliseconds
        }
    }

    package var description: Description {
        requestDescription ?? keyDescription ?? erasureDescription ?? tokenDescription
            ?? operationDescription ?? policyDescription ?? quarantineDescription
            ?? incidentDescription ?? vaultDescription
    }

    private var keyDescription: Description? {
        switch self {
        case .wrongSecret:
            .init(
                403, "No slot takes this secret",
                fix: "Give the secret of one of the slots that vaultctl status lists.")
        case .malformedSecret:
            .init(
                400, "The secret is mistyped or cut short",
                fix: "Compare it with its copy; a passphrase has 8 to 1024 bytes.")
        case .notSealed:
            .init(409, "The vault is not sealed", fix: "Nothing is to be done.")
        case .unknownSlot:
            .init(
                404, "There is no such slot",
                fix: "Use an id from vaultctl slots list, 32 hexadecimal digits.")
        case .lastProvedSlot:
            .init(
                409, "No proved slot would be left",
                fix: "Prove another slot first, with vaultctl slots prove.")
        case .tooManySlots:
            .init(
                409, "The keyring has as many slots as it may", fix: "Remove a slot first.")
        case .noChallenge:
            .init(
                409, "No challenge waits for this answer",
                fix: "Ask for one with vaultctl slots challenge, and answer that within the hour.")
        case .logKeySealed:
            .init(
                409, "The log's key is not open",
                fix: "Open it with vaultctl unseal --log-key.")
        case .tooManyEpochs:
            .init(
                409, "The keyring has as many epochs as it may",
                fix: "Move the images to a new vault.")
        case .unknownStatement:
            .init(
                404, "That operation has stated nothing",
                fix: "Use the id of a rotation that is done; see vaultctl ops ls.")
        case .unknownEpoch:
            .init(
                404, "There is no such epoch, or it is destroyed",
                fix: "Use a number from vaultctl keys status.")
        case .epochInUse:
            .init(
                409, "The epoch is needed",
                fix: "Rotate first; a readable epoch under which nothing is wrapped can go.")
        case .unknownBackup:
            .init(404, "There is no such backup", fix: "Use an id from vaultctl backups ls.")
        case .backupStranded:
            .init(
                409, "A registered backup would become unreadable",
                fix: "Make it anew and expire the older one, or name it with --strand.")
        default: nil
        }
    }

    private var erasureDescription: Description? {
        switch self {
        case .held:
            .init(
                409, "It is under a hold",
                fix: "Ask an admin: while the hold stands it is neither erased nor replaced.")
        case .retentionLocked:
            .init(
                409, "The retention may only be made longer",
                fix: "Give a later end; the settings of this namespace are extend-only.")
        case .unknownReceipt:
            .init(
                404, "There is no such receipt for you",
                fix: "Use the receipt that the answer to the deletion named.")
        case .unknownEscrow:
            .init(
                404, "There is no such copy of the keyring",
                fix: "Use an id from vaultctl escrows ls.")
        case .unknownHold:
            .init(
                404, "There is no such hold",
                fix: "Use an id from vaultctl hold ls.")
        case .unknownToken:
            .init(
                404, "There is no such token",
                fix: "Use an id from vaultctl token ls.")
        case .tooManyTokens:
            .init(
                409, "The vault has as many access tokens as it may",
                fix: "Revoke one that has expired; vaultctl token ls lists them.")
        case .unknownNamespace:
            .init(
                409, "The namespace is not made yet",
                fix: "Ask an admin: vaultctl namespace create makes it.")
        case .namespaceExists:
            .init(409, "The namespace is there already", fix: "Nothing is to be done.")
        case .tooManyNamespaces:
            .init(
                409, "The vault has as many namespaces as it may",
                fix: "Use one that is there; none goes.")
        case .quotaExceeded:
            .init(
                409, "The namespace has as much as it may",
                fix: "Delete something, or ask an admin for a larger quota.")
        case .unknownIndex:
            .init(
                404, "The log does not go so far",
                fix: "Ask for less: its size stands in its newest checkpoint.")
        case .unknownName:
            .init(
                404, "There is no name behind that",
                fix: "Use a pseudonym from an event; its name may have been erased.")
        default: nil
        }
    }

    private var tokenDescription: Description? {
        switch self {
        case .tokenNotConfigured:
            .init(
                409, "This vaultd speaks to no such token",
                fix: "Set keys.pkcs11_module or keys.tpm2_configuration, in a vaultd built for it.")
        case .tokenModuleFailed:
            .init(
                500, "The token's library does not start",
                fix: "Check keys.pkcs11_module or keys.tpm2_configuration with the token's tool.")
        case .tokenUnavailable:
            .init(
                503, "The token does not answer",
                fix: "Plug it in, or start it; its label must be that of keys.pkcs11_token.",
                retryAfter: 5000)
        case .tokenKeyUnfit:
            .init(
                409, "The token has no key that opens this slot",
                fix: "Bring back the key, object or PCRs that the slot was made with.")
        case .tokenLocked:
            .init(
                403, "The token takes no PIN now",
                fix: "Unlock it with its own tool; after a wrong PIN, unseal by hand.")
        default: nil
        }
    }

    private var policyDescription: Description? {
        switch self {
        case .policyRefused:
            .init(
                409, "The policy's file is not in order, and the old one stays",
                fix: "Mend what the detail names; vaultctl policy check FILE looks for more.")
        case .noPolicy:
            .init(
                409, "There is no policy's file",
                fix: "Set policy_file in the daemon's settings, and start it again.")
        default: nil
        }
    }

    private var incidentDescription: Description? {
        switch self {
        case .suspended:
            .init(
                403, "You may not do this while an incident is looked into",
                fix: "Ask an admin, whom vaultctl incidents list tells until when.")
        case .lastAdmin:
            .init(
                409, "Nobody would be left who may lift a containment",
                fix: "Give somebody else the role admin first, or choose throttle.")
        case .unknownIncident:
            .init(
                404, "There is no such incident",
                fix: "Use an id from vaultctl incidents list.")
        case .incidentClosed:
            .init(
                409, "The incident is closed",
                fix: "Open another; what a case says of a closed one stays as it is.")
        case .caseDamaged:
            .init(
                500, "The case is not what the vault wrote",
                fix: "Take a copy of the file as it is; its digest in the log says what it was.")
        default: nil
        }
    }

    private var quarantineDescription: Description? {
        switch self {
        case .quarantined:
            .init(
                409, "The image is quarantined",
                fix: "Ask an admin: it can be neither read, stored nor deleted until released.")
        case .notQuarantined:
            .init(
                409, "The image is not quarantined", fix: "Only what is quarantined is released.")
        case .unknownApproval:
            .init(404, "There is no such request", fix: "List the requests that wait.")
        case .approvalUsed:
            .init(409, "The request was approved before", fix: "Ask anew if it is wanted again.")
        case .approvalExpired:
            .init(409, "The request waited too long", fix: "Ask anew.")
        case .approvalMismatch:
            .init(
                409, "The request is another than the one approved",
                fix: "Look at it again and send its digest.")
        case .secondPersonRequired:
            .init(
                403, "Somebody else has to approve",
                fix: "Let an admin who did not ask for it approve.")
        case .approvalNeeded:
            .init(
                403, "Somebody else has to approve this first",
                fix: "Let another admin approve it, then send it again with Vault-Approval.")
        default: nil
        }
    }

    private var operationDescription: Description? {
        switch self {
        case .unknownOperation:
            .init(
                404, "There is no such operation",
                fix: "List them; finished ones are forgotten in time.")
        case .operationConflict:
            .init(
                409, "The operation's state does not allow that",
                fix: "Look at it; another of its kind may have to end first.")
        case .idempotencyKeyReused:
            .init(
                422, "That key belongs to another request",
                fix: "Send the same request under it, or this one under a new key.")
        case .idempotencyKeyInUse:
            .init(
                409, "The request under that key is still being answered",
                fix: "Send it again later, under the same key.", retryAfter: 1000)
        default: nil
        }
    }

    private var requestDescription: Description? {
        switch self {
        case .badRequest:
            .init(400, "The request is not understood", fix: "Compare it with /v1/openapi.yaml.")
        case .unknownRoute:
            .init(
                404, "There is no such path",
                fix: "See /v1/openapi.yaml for the paths of this socket.")
        case .methodNotAllowed:
            .init(
                405, "The path does not take this method",
                fix: "Use a method from the Allow header.")
        case .unknownParameter:
            .init(400, "A query parameter is not known", fix: "Remove it; names go in headers.")
        case .invalidParameter:
            .init(
                400, "A query parameter is out of range", fix: "Use the range in /v1/openapi.yaml.")
        case .invalidIdentifier:
            .init(
                400, "That is not an image id",
                fix: "Send the 64 lower-case hexadecimal digits of id.")
        case .invalidName:
            .init(
                400, "The file name cannot be kept",
                fix: "Send 1 to 255 bytes of UTF-8 without control or direction characters.")
        case .missingName:
            .init(
                400, "The upload has no file name",
                fix: "Send Content-Disposition: attachment; filename=\"photo.jpg\".")
        case .invalidJob:
            .init(400, "Vault-Job is not a job", fix: "Send 1 to 64 of A-Z a-z 0-9 _ -, once.")
        case .invalidOwner:
            .init(400, "Vault-Owner is not an owner", fix: "Send 1 to 64 of A-Z a-z 0-9 _ -, once.")
        case .invalidDigest:
            .init(
                400, "Content-Digest is not a digest",
                fix: "Send sha-256=: and the Base64 of 32 bytes and a colon, once.")
        case .invalidHeader:
            .init(
                400, "A header field is not understood",
                fix: "See the header's form in /v1/openapi.yaml; detail names it.")
        case .invalidBody:
            .init(
                400, "The request's body is not understood",
                fix: "See the body's schema in /v1/openapi.yaml; detail says what it must be.")
        case .digestMismatch:
            .init(
                400, "The upload is not what its digest says",
                fix: "Send it again; if it fails again, look at what lies between.")
        case .emptyBody:
            .init(400, "The upload is empty", fix: "Send the image's bytes as the body.")
        case .bodyTooLarge:
            .init(413, "The upload is larger than the limit", fix: "Send a smaller image.")
        case .uploadIncomplete:
            .init(400, "The upload ended early", fix: "Send as many bytes as Content-Length says.")
        case .uploadTimeout:
            .init(
                408, "The upload took too long", fix: "Send it again without pauses.",
                retryAfter: 1000)
        case .downloadIncomplete:
            .init(400, "The reader went away before the end", fix: "Fetch the image again.")
        case .rangeNotSatisfiable:
            .init(
                416, "The image has no such bytes",
                fix: "Ask for a range inside the bytes that Content-Range tells.")
        case .deadlineExceeded:
            .init(
                504, "Vault-Timeout-Ms ran out before the answer",
                fix: "Nothing was changed. Send it again, with more time.", retryAfter: 1000)
        case .crossSite:
            .init(
                403, "A browser sent this from a page",
                fix: "Call the vault from the backend; never pass a browser's request through.")
        case .notPermitted:
            .init(
                403, "You may not do this here",
                fix: "Ask an admin: vaultctl policy explain tells who may do what.")
        case .tokenRequired:
            .init(
                401, "Who asks through a proxy has to show a token or a ticket",
                fix:
                    "Send Authorization: Bearer and a token, or the ticket that the backend gave you."
            )
        case .tokenRefused:
            .init(
                401, "The token is good for nothing",
                fix:
                    "Ask an admin for a new one: it is mistyped, has expired or was revoked, or its "
                    + "principal takes none.")
        case .ticketRefused:
            .init(
                403, "The ticket is good for nothing here",
                fix: "Ask the backend for a new one: it was for another image, is used up, or has "
                    + "expired.")
        case .rateLimited:
            .init(
                429, "Too many requests",
                fix: "Send it again after Retry-After; the limits stand in vaultd's settings.",
                retryAfter: 1000)
        case .unknownImage:
            .init(
                404, "No such image for you",
                fix: "Check the id, and the Vault-Job and Vault-Owner it was stored under.")
        case .imageRefused:
            .init(
                422, "The upload is not a sound image", fix: "See finding; send the image re-saved."
            )
        default: nil
        }
    }

    private var vaultDescription: Description {
        switch self {
        case .inspectionFailed:
            .init(
                503, "The inspector gave no answer",
                fix: "Send it once more; if it fails again, send the image re-saved.",
                retryAfter: 500)
        case .sealed:
            .init(
                503, "The vault is sealed", fix: "An admin must give it its key.", retryAfter: 5000)
        case .overloaded:
            .init(503, "The vault is busy", fix: "Send it again later.", retryAfter: 1000)
        case .auditUnavailable:
            .init(
                503, "The access log cannot be written", fix: "An admin must see to the disk.",
                retryAfter: 2000)
        case .storageUnavailable:
            .init(
                503, "The store cannot be used", fix: "An admin must see to the disk.",
                retryAfter: 2000)
        case .storageFull:
            .init(507, "The disk is full", fix: "An admin must make room.", retryAfter: 30000)
        case .blobDamaged:
            .init(
                500, "The stored image is damaged", fix: "An admin must restore it from a backup.")
        case .blobMissing:
            .init(
                500, "The stored image is missing", fix: "An admin must restore it from a backup.")
        case .wrapDamaged:
            .init(
                500, "The stored image's key is damaged", fix: "An admin must restore the catalog.")
        case .rowDamaged:
            .init(500, "The image's record is damaged", fix: "An admin must restore the catalog.")
        case .rowRolledBack:
            .init(
                500, "A record is older than the log says",
                fix: "An admin must restore the catalog; the log tells what came after.")
        case .catalogDamaged:
            .init(500, "The catalog is damaged", fix: "An admin must restore the catalog.")
        case .keyringDamaged:
            .init(500, "The keyring is damaged", fix: "An admin must restore the keyring.")
        case .keyringRefused:
            .init(
                500, "The key does not open the keyring", fix: "An admin must give the right key.")
        case .rolledBack:
            .init(
                500, "The store is another than its anchor says",
                fix: "An admin must put the newest state back, or confirm that an older is meant.")
        case .anchorRefused:
            .init(
                500, "The anchor cannot be believed",
                fix: "An admin must compare it with a copy, and put that or none in its place.")
        default:
            .init(500, "Something went wrong here", fix: "Tell an admin the request_id.")
        }
    }
}
