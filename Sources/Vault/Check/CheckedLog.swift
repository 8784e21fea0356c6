// The log as a check has read it so far: its tree, and the little that a later event may still answer. What is
// kept is bounded by what a vault may have at once, not by the log's length.

import Synchronization
import VaultCrypto
package import VaultFormat

/// Something that a check found.
package struct CheckFinding: Hashable, Sendable {
    /// Nil for what is of no namespace, or of no image.
    package let namespace: NamespaceName?
    package let image: ImageID?
    package let code: ErrorCode
    /// The index of the event that says otherwise, or of the one that a row names as its last change; nil where a row
    /// does not verify.
    package let event: UInt64?
}

/// What every row of an image or a reference is at least as new as.
struct RowFloor: Sendable {
    /// No key is wrapped under an older epoch: a rotation stated so.
    var epoch: EpochNumber?
    /// No row was changed last before this event: a re-encryption of everything began with it, and ended.
    var event: UInt64 = 0

    /// Whether a row was put back from before that.
    func isAbove(_ key: WrappedKey, changedAt: UInt64) -> Bool {
        changedAt < event || epoch.map { key.epoch < $0 } ?? false
    }
}

struct CheckedLog: Sendable {
    /// The first event that is not read yet.
    private(set) var next: UInt64 = 0
    /// Nil once an event was missing.
    private(set) var tree: MerkleFrontier? = .empty
    /// What was placed, and not released since.
    private(set) var holds: [HoldID: LoggedEvent] = [:]
    /// What was made or rotated, and not revoked since.
    private(set) var tokens: [AccessTokenID: LoggedEvent] = [:]
    /// What was planted, and not lifted since.
    private(set) var canaries: [ImagePlace: LoggedEvent] = [:]
    /// When each was changed last.
    private(set) var incidents: [IncidentID: LoggedEvent] = [:]
    /// When the end of an epoch was written down last.
    private(set) var destroyed: [EpochNumber: UInt64] = [:]
    private(set) var floor = RowFloor()
    /// Runs of events without a body that no event has explained yet, rising.
    private(set) var unexplained: [Range<UInt64>] = []
    /// The last event without a body: what it may have done to a row excuses that.
    private var lastErased: UInt64?
    /// Where the last run would go on, behind events that keep their bodies.
    private var bridge: UInt64 = 0
    private var reencryption: (operation: OperationID, begun: UInt64)?

    /// Reads the next event that there is.
    ///
    /// - Returns: what its body says, where that can be believed, and what is wrong with the log here.
    mutating func take(
        _ row: EventRow, _ keyring: Keyring
    ) -> (event: LoggedEvent?, findings: [CheckFinding]) {
        var findings = skip(to: row.index)
        tree?.append(LogHash.leaf(row.digest), hash: LogHash.node)
        next = row.index + 1
        switch EventReading(row, keyring) {
        case .clear: return (nil, findings)
        case .erased:
            defer { bridge = row.index + 1 }
            lastErased = row.index
            if let last = unexplained.last, bridge == row.index {
                unexplained[unexplained.count - 1] = last.lowerBound..<row.index + 1
            } else if unexplained.count < Limits.checkedErasures {
                unexplained.append(row.index..<row.index + 1)
            } else {
                findings.append(.log(at: row.index))
            }
            return (nil, findings)
        case .damaged:
            findings.append(.log(at: row.index))
            return (nil, findings)
        case .opened(let event):
            if event.action.isKept, bridge == row.index { bridge += 1 }
            if event.isDone { note(event) }
            return (event, findings)
        }
    }

    /// Goes on at an event further on: those between are missing.
    mutating func skip(to index: UInt64) -> [CheckFinding] {
        guard index > next else { return [] }
        defer { next = index }
        tree = nil
        return [.log(at: next)]
    }

    /// Whether an event whose words are gone may have taken away what this one made.
    func mayHaveEnded(_ event: LoggedEvent) -> Bool { lastErased.map { $0 > event.index } ?? false }

    private mutating func note(_ event: LoggedEvent) {
        switch event.action {
        case .holdPlaced:
            // No sound log has more: what would exceed is not looked for.
            guard let hold = event.hold, holds.count < Limits.holds else { return }
            holds[hold] = event
        case .logErased:
            guard let gone = event.indexes else { return }
            unexplained = unexplained.flatMap { run in
                [
                    run.lowerBound..<max(run.lowerBound, min(run.upperBound, gone.lowerBound)),
                    max(run.lowerBound, min(run.upperBound, gone.upperBound))..<run.upperBound,
                ]
            }.filter { !$0.isEmpty }
        case .holdReleased: if let hold = event.hold { holds[hold] = nil }
        case .tokenCreated, .tokenRotated:
            guard let token = event.token,
                tokens[token] != nil || tokens.count < Limits.accessTokens
            else { return }
            tokens[token] = event
        case .tokenRevoked: if let token = event.token { tokens[token] = nil }
        case .canaryPlanted:
            guard let place = event.place,
                canaries[place] != nil || canaries.count < Limits.canaries
            else { return }
            canaries[place] = event
        case .canaryLifted: if let place = event.place { canaries[place] = nil }
        case .incidentOpened, .incidentNoted, .incidentClosed, .containmentSet, .containmentEnded:
            guard let incident = event.incident,
                incidents[incident] != nil || incidents.count < Limits.incidents
            else { return }
            incidents[incident] = event
        case .epochDestroyed: if let epoch = event.epoch { destroyed[epoch] = event.index }
        case .operationStarted where event.work == .reencrypt:
            reencryption = event.operation.map { ($0, event.index) }
        case .rotationStated:
            floor.epoch = event.epoch ?? floor.epoch
            // One of a single namespace states nothing.
            if let reencryption, event.work == .reencrypt, event.operation == reencryption.operation
            {
                floor.event = reencryption.begun
            }
        default: break
        }
    }
}

extension CheckFinding {
    /// The log itself is damaged at this event, or from it on.
    static func log(at index: UInt64?) -> CheckFinding {
        CheckFinding(namespace: nil, image: nil, code: .catalogDamaged, event: index)
    }
}

/// What is known of the log between two steps of a check. After a restart it is read anew.
final class CheckMemory: Sendable {
    private typealias Kept = (operation: OperationID, log: CheckedLog)

    /// A scrub works beside a check.
    private let state = Mutex<[Kept]>([])

    /// The log read up to this event for this operation, if that is what is kept.
    func log(of operation: OperationID, upTo end: UInt64) -> CheckedLog? {
        state.withLock { kept in
            kept.first { $0.operation == operation && $0.log.next == end }?.log
        }
    }

    func keep(_ log: CheckedLog, of operation: OperationID) {
        state.withLock { kept in
            kept.removeAll { $0.operation == operation }
            if kept.count >= Limits.operationPaces { kept.removeFirst() }
            kept.append((operation: operation, log: log))
        }
    }

    func forget(_ operation: OperationID) {
        state.withLock { $0.removeAll { $0.operation == operation } }
    }

    func forget() { state.withLock { $0 = [] } }
}
