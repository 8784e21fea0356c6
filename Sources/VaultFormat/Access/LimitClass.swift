// Which verbs share a limit.

package enum LimitClass: String, Sendable, CaseIterable, Comparable {
    /// Images and what is known of them.
    case read
    case write
    /// What tries a secret: whoever guesses asks for these.
    case secrets
    /// Everything else of the admin socket.
    case manage
    case audit
    /// What a backend says and asks of its own people.
    case report
    /// What takes no permission: `version`, `whoami`, the contract, and what is no request of this socket.
    case open

    package static func < (one: Self, other: Self) -> Bool { one.rawValue < other.rawValue }
}

extension VerbName {
    package var limitClass: LimitClass {
        switch self {
        case .getImages, .probeImages, .readMetadata, .listImages, .readReceipts,
            .createTickets:
            .read
        case .putImages, .inspectImages, .deleteImages, .eraseImages: .write
        case .unsealVault, .addSlots, .proveSlots, .challengeSlots: .secrets
        case .readLog, .exportLog, .resolveNames: .audit
        case .reportSecurity, .checkLimits, .readBlocks: .report
        default: .manage
        }
    }
}
