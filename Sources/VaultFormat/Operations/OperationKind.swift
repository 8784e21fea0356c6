/// Which work an operation does. The numbers are the catalog's: they never change their meaning.
package enum OperationKind: UInt8, Sendable, CaseIterable {
    /// Every stored image, or those with an older verdict, is inspected anew.
    case reinspect = 1
    /// Every key is wrapped under a new epoch.
    case rotate = 2
    /// Everything that is stored gets new keys.
    case reencrypt = 3
    /// The claims of an owner or a job are erased.
    case erase = 4
    /// What has reached the end of its retention is erased.
    case expire = 5
    /// The catalog's rows are compared with the log.
    case check = 6
    /// Everything that is stored is opened, from time to time and slowly.
    case scrub = 7
    /// The same, now.
    case verify = 8

    package var name: String {
        switch self {
        case .reinspect: "reinspect"
        case .rotate: "rotate"
        case .reencrypt: "reencrypt"
        case .erase: "erase"
        case .expire: "expire"
        case .check: "check"
        case .scrub: "scrub"
        case .verify: "verify"
        }
    }

    package init?(name: String) {
        guard let kind = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = kind
    }

    /// Whether it brings all keys under a new epoch.
    package var walksKeys: Bool {
        switch self {
        case .reinspect, .erase, .expire, .check, .scrub, .verify: false
        case .rotate, .reencrypt: true
        }
    }

    /// Whether it opens all that is stored.
    package var opensAll: Bool { self == .scrub || self == .verify }

    /// Whether it takes claims away, and images with their last one.
    package var erases: Bool { self == .erase || self == .expire }

    /// Whether the two may not be unfinished at the same time: each would undo or repeat what the
    /// other does. Erasures are of one owner each.
    package func excludes(_ other: OperationKind) -> Bool {
        self == other && self != .erase || (walksKeys && other.walksKeys)
    }
}

/// Where an operation stands. The numbers are the catalog's.
package enum OperationState: UInt8, Sendable, CaseIterable {
    /// It waits for its turn, or for the vault's key.
    case pending = 1
    case running = 2
    /// Stopped by an admin, who can let it go on.
    case paused = 3
    case done = 4
    case failed = 5
    case cancelled = 6

    package var name: String {
        switch self {
        case .pending: "pending"
        case .running: "running"
        case .paused: "paused"
        case .done: "done"
        case .failed: "failed"
        case .cancelled: "cancelled"
        }
    }

    /// Whether nothing more will happen.
    package var isFinal: Bool { self == .done || self == .failed || self == .cancelled }

    /// The states from which an admin, or the work itself, may bring an operation here.
    package var reachableFrom: Set<OperationState> {
        switch self {
        case .pending: [.paused]
        case .running: [.pending, .running]
        case .paused: [.pending, .running]
        case .done, .failed: [.pending, .running]
        case .cancelled: [.pending, .running, .paused]
        }
    }
}

/// How far an operation is.
package struct OperationProgress: Hashable, Sendable {
    /// The last row that is done; the work goes on behind it.
    package var cursor: Int64
    /// The last row that the work is about: what came later needs none.
    package var last: Int64
    /// Items that there are to do, as of when they were counted.
    package var total: Int
    package var done: Int
    /// Items that something was found about.
    package var found: Int
    /// Items that could not be done; each is listed with its code.
    package var failures: Int

    package init(
        cursor: Int64 = 0, last: Int64, total: Int, done: Int = 0, found: Int = 0, failures: Int = 0
    ) {
        self.cursor = cursor
        self.last = last
        self.total = total
        self.done = done
        self.found = found
        self.failures = failures
    }
}
