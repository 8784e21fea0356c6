// A flood of refusals in few events.

import Testing
import Vault
import VaultFormat
import VaultTestKit

@Suite("A streak of too many requests")
struct RefusalStreakTests {
    private static let second: Int64 = 1_000_000
    private static let subject = RefusalStreaks.Subject(principal: nil, limit: .open)

    private func refuse(_ streaks: Streaks, at now: Int64) -> Int? {
        streaks.refused(Self.subject, at: now)
    }

    @Test("is told when it begins, each minute with a count, and when it ends")
    func told() {
        let streaks = Streaks()
        #expect(refuse(streaks, at: 0) == 1)
        for number in 1..<600 {
            #expect(refuse(streaks, at: Int64(number) * Self.second / 10) == nil)
        }
        #expect(refuse(streaks, at: 60 * Self.second) == 600)
        #expect(refuse(streaks, at: 61 * Self.second) == nil)
        #expect(streaks.ended(at: 120 * Self.second).isEmpty)
        #expect(streaks.ended(at: 121 * Self.second) == [1])
        // Then it is over, and the next one is another streak.
        #expect(streaks.ended(at: 200 * Self.second).isEmpty)
        #expect(refuse(streaks, at: 200 * Self.second) == 1)
    }

    @Test("is counted to the last refusal, whenever the daemon ends")
    func last() {
        let streaks = Streaks()
        for number in 0..<10 { _ = refuse(streaks, at: Int64(number)) }
        #expect(streaks.ended(at: 10, isLast: true) == [9])
    }

    @Test("has nobody's name where there are more streaks than are kept, and counts")
    func bounded() throws {
        let streaks = Streaks(capacity: 2)
        var told = 0
        for number in 0..<100 {
            let subject = RefusalStreaks.Subject(
                principal: try PrincipalName("p\(number)"), limit: .read)
            told += streaks.refused(subject, at: 0) ?? 0
        }
        #expect(told == 3)
        let rest = streaks.ended(at: 1, isLast: true)
        #expect(told + rest.reduce(0, +) == 100)
    }
}

/// Streaks that `#expect` can ask: it takes no call that changes a value.
private final class Streaks {
    private var streaks: RefusalStreaks

    init(capacity: Int = Limits.refusalStreaks) { streaks = RefusalStreaks(capacity: capacity) }

    func refused(_ subject: RefusalStreaks.Subject, at now: Int64) -> Int? {
        streaks.refused(subject, TestVault.caller, at: now)?.count
    }

    func ended(at now: Int64, isLast: Bool = false) -> [Int] {
        streaks.ended(at: now, isLast: isLast).map(\.count)
    }
}
