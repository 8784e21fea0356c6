/// What a request for approval asks for. The numbers are the catalog's: they never change their meaning.
package enum ApprovalKind: UInt8, Sendable, CaseIterable {
    /// A quarantined image may be read again.
    case releaseImage = 1
    /// A quarantined image is erased with all claims on it.
    case eraseImage = 2
    /// The key of an epoch that nothing needs is destroyed.
    case destroyEpoch = 3

    package var name: String {
        switch self {
        case .releaseImage: "release"
        case .eraseImage: "erase"
        case .destroyEpoch: "destroy-epoch"
        }
    }

    package init?(name: String) {
        guard let kind = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = kind
    }

    /// The rule that may put it into the hands of two.
    package var rule: TwoPersonRule {
        switch self {
        case .releaseImage, .eraseImage: .quarantine
        case .destroyEpoch: .destroyEpoch
        }
    }

    /// Whether it is about an image in quarantine.
    package var isOfImage: Bool { self != .destroyEpoch }
}

/// What a second person has to approve where the settings say so.
package enum TwoPersonRule: String, Sendable, CaseIterable {
    case quarantine
    case destroyEpoch = "destroy-epoch"
}

/// Where a request for approval stands. The numbers are the catalog's.
package enum ApprovalState: UInt8, Sendable, CaseIterable {
    case waiting = 1
    /// Approved and carried out, which happens once.
    case performed = 2

    package var name: String {
        switch self {
        case .waiting: "waiting"
        case .performed: "performed"
        }
    }
}
