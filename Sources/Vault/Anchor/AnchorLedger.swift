// What became of the anchors so far, for those who look after the vault. A failure is told, and stops nothing.

import Synchronization
package import VaultFormat

/// How far the anchor at one place is.
package struct AnchorStatus: Hashable, Sendable {
    package let kind: AnchorKind
    package let state: AnchorState
    /// Of the last one that was kept there; nil where none was since the start.
    package let keptMicroseconds: Int64?
    package let logSize: UInt64?
    /// Since the start.
    package let failures: Int

    package init(
        kind: AnchorKind, state: AnchorState, keptMicroseconds: Int64?, logSize: UInt64?,
        failures: Int
    ) {
        self.kind = kind
        self.state = state
        self.keptMicroseconds = keptMicroseconds
        self.logSize = logSize
        self.failures = failures
    }
}

final class AnchorLedger: Sendable {
    private struct Entry {
        var kept: (at: Int64, anchored: Anchored)?
        /// Since when there is something newer than what is kept, on the clock that never steps.
        var behindSince: Int64?
        var failures = 0
        var fault: AnchorState?
    }

    private let entries = Mutex<[AnchorKind: Entry]>([:])
    /// What the start found at the place of the anchor, and the store contains.
    private let found = Mutex<Anchored?>(nil)

    func open(_ kind: AnchorKind) { entries.withLock { $0[kind] = Entry() } }

    /// Whether `now` is something else than what the place has.
    func isNews(_ now: Anchored, for kind: AnchorKind, at monotonic: Int64) -> Bool {
        entries.withLock { entries in
            if entries[kind]?.kept?.anchored == now {
                entries[kind]?.behindSince = nil
                entries[kind]?.fault = nil
                return false
            }
            if entries[kind]?.behindSince == nil { entries[kind]?.behindSince = monotonic }
            return true
        }
    }

    /// Nobody knows what an anchor would say.
    func behind(_ kind: AnchorKind, at monotonic: Int64) {
        entries.withLock { entries in
            if entries[kind]?.behindSince == nil { entries[kind]?.behindSince = monotonic }
        }
    }

    func begin(with anchored: Anchored) { found.withLock { $0 = anchored } }

    /// Whether an anchor that was found or kept is of a later keyring, or of another one of the same generation.
    func contradicts(_ now: Anchored) -> Bool {
        contradicts(generation: now.generation, now.keyring)
    }

    func contradicts(generation: UInt64, _ keyring: Digest256) -> Bool {
        let kept = entries.withLock { $0.values.compactMap(\.kept?.anchored) }
        return (kept + [found.withLock { $0 }].compactMap(\.self)).contains {
            generation < $0.generation || generation == $0.generation && keyring != $0.keyring
        }
    }

    func kept(_ anchored: Anchored, by kind: AnchorKind, at microseconds: Int64) {
        entries.withLock { entries in
            entries[kind]?.kept = (microseconds, anchored)
            entries[kind]?.behindSince = nil
            entries[kind]?.fault = nil
        }
    }

    /// - Returns: whether it is the first of this kind in a row.
    @discardableResult
    func failed(_ kind: AnchorKind, _ state: AnchorState) -> Bool {
        entries.withLock { entries in
            if state == .failed { entries[kind]?.failures += 1 }
            defer { entries[kind]?.fault = state }
            return entries[kind]?.fault != state
        }
    }

    func states(at monotonic: Int64) -> [AnchorStatus] {
        entries.withLock { entries in
            entries.sorted { $0.key.rawValue < $1.key.rawValue }.map { kind, entry in
                let behind = entry.behindSince.map { monotonic - $0 } ?? 0
                let isLate = behind > Limits.anchorLateSeconds * 1_000_000
                return AnchorStatus(
                    kind: kind, state: entry.fault ?? (isLate ? .late : .current),
                    keptMicroseconds: entry.kept?.at, logSize: entry.kept?.anchored.logSize,
                    failures: entry.failures)
            }
        }
    }
}

/// What an anchor is about; two of the same are one.
struct Anchored: Hashable, Sendable {
    let vault: VaultID
    let generation: UInt64
    let keyring: Digest256
    let logSize: UInt64
    let logRoot: Digest256
}
