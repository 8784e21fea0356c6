// What the words of a receipt mean, and what can be done about what it waits for. For people; programs read the
// words themselves.

extension ErasureKind {
    package var meaning: String {
        switch self {
        case .claim: "one claim on an image that others still claim"
        case .image: "an image, with its last claim"
        case .claims: "all claims of an owner or a job, and the images that nobody else claims"
        case .retention: "what had reached the end of its retention"
        case .quarantine: "an image in quarantine, with all claims on it"
        }
    }
}

extension ErasureLevel {
    package var meaning: String {
        switch self {
        case .unreachable: "no door leads to it"
        case .purged: "its wrapped keys are gone from the live store, and its blob is unlinked"
        case .unopenable: "no live key opens any wrap that it ever had, in whatever copy"
        case .attested: "every registered copy of a keyring that could is attested destroyed"
        }
    }
}

extension ErasureWait {
    /// What ends it.
    package var remedy: String {
        switch self {
        case .operation: "goes by itself when the operation is at its end"
        case .purge: "goes by itself, in a moment"
        case .epoch(let epoch):
            "vaultctl keys rotate --wait, then: vaultctl keys destroy-epoch \(epoch)"
        case .backup(let backup, _): "make it anew, then: vaultctl backups expire \(backup.hex)"
        case .escrow(let escrow):
            "destroy that copy of the keyring, then: vaultctl escrows attest \(escrow.hex)"
        }
    }
}

extension ErasureReceipt {
    /// `2 held, failed or not come to: the level speaks only of what went`.
    package static func words(left: UInt64?) -> String {
        switch left {
        case nil: "not known before the operation's end"
        case 0: "0"
        case let left?: "\(left) held, failed or not come to: the level speaks only of what went"
        }
    }
}
