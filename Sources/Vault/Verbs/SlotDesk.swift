// What waits for somebody between two requests: challenges to recovery keys for their answers, and shares
// for the next one. All of it lies in locked memory, goes with a sealing, an unsealing or a restart, and ends
// in time, which is that since the machine's start: the clock on the wall can be set back.

import Synchronization
import VaultCrypto
import VaultFormat

/// How many of the shares that a slot needs were given.
package struct ShareCount: Hashable, Sendable {
    package let given: Int
    package let needed: Int

    package init(given: Int, needed: Int) {
        self.given = given
        self.needed = needed
    }
}

final class SlotDesk: Sendable {
    private struct Waiting {
        var sessions: [(session: RecoverySession, untilMicroseconds: Int64)] = []
        var shares: [ShareSet: (given: [KeyShare], untilMicroseconds: Int64)] = [:]

        mutating func dropOld(_ now: Int64) {
            sessions.removeAll { $0.untilMicroseconds < now }
            shares = shares.filter { $0.value.untilMicroseconds >= now }
        }
    }
    private let waiting = Mutex(Waiting())

    /// Takes the place of an earlier challenge to the same slot, or of the oldest when there are too many.
    func add(_ session: RecoverySession, untilMicroseconds: Int64) {
        waiting.withLock { waiting in
            let slot = session.challenge.slot
            waiting.sessions.removeAll { $0.session.challenge.slot == slot }
            if waiting.sessions.count == Limits.challenges { waiting.sessions.removeFirst() }
            waiting.sessions.append((session, untilMicroseconds))
        }
    }

    /// The challenge to a slot, which is answered once.
    func take(_ slot: SlotID, nowMicroseconds now: Int64) -> RecoverySession? {
        waiting.withLock { waiting in
            waiting.dropOld(now)
            guard
                let index = waiting.sessions.firstIndex(where: {
                    $0.session.challenge.slot == slot
                })
            else { return nil }
            return waiting.sessions.remove(at: index).session
        }
    }

    /// Puts shares of one set to those of it that wait; one that is there already counts once. Sets do not
    /// know of one another: whoever begins with one slot keeps nobody from another.
    ///
    /// - Returns: all that there are, and nothing of the set waits any more, once they are enough; else nil,
    ///   and how many there are.
    /// - Throws: ``CryptoError/wrongKey`` for shares of several sets, or another one of the same number.
    func give(
        _ shares: [KeyShare], nowMicroseconds now: Int64
    ) throws(CryptoError) -> (enough: [KeyShare]?, count: ShareCount) {
        try waiting.withLock { waiting throws(CryptoError) in
            waiting.dropOld(now)
            guard let set = shares.first?.head.set else { throw .malformedText }
            var given = waiting.shares[set]?.given ?? []
            for share in shares {
                guard share.head.set == set else { throw .wrongKey }
                let number = share.head.number
                guard let other = given.first(where: { $0.head.number == number }) else {
                    given.append(share)
                    continue
                }
                guard try other.isSame(as: share) else { throw .wrongKey }
            }
            let count = ShareCount(given: given.count, needed: Int(set.needed))
            guard count.given < count.needed else {
                waiting.shares[set] = nil
                return (given, count)
            }
            waiting.shares[set] = (given, now + Limits.shareSeconds * 1_000_000)
            return (nil, count)
        }
    }

    /// Drops what waited too long, whether or not somebody comes.
    func dropOld(nowMicroseconds now: Int64) {
        waiting.withLock { $0.dropOld(now) }
    }

    func clear() {
        waiting.withLock { $0 = Waiting() }
    }
}

extension Vault {
    /// Drops shares and challenges that waited too long.
    package func dropOldAttempts() {
        desk.dropOld(nowMicroseconds: clock.monotonicMicroseconds())
    }
}
