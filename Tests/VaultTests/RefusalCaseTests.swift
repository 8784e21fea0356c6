// A flood of refusals in few events.

import Testing
import Vault
import VaultFormat
import VaultTestKit

@Suite("A case of too many requests")
struct RefusalCaseTests {
    private static let second: Int64 = 1_000_000
    private static let subject = RefusalCases.Subject(principal: nil, limit: .open)

    private func refuse(_ cases: Cases, at now: Int64) -> Int? {
        cases.refused(Self.subject, at: now)
    }

    @Test("is told when it begins, each minute with a count, and when it ends")
    func told() {
        let cases = Cases()
        #expect(refuse(cases, at: 0) == 1)
        for number in 1..<600 {
            #expect(refuse(cases, at: Int64(number) * Self.second / 10) == nil)
        }
        #expect(refuse(cases, at: 60 * Self.second) == 600)
        #expect(refuse(cases, at: 61 * Self.second) == nil)
        #expect(cases.ended(at: 120 * Self.second).isEmpty)
        #expect(cases.ended(at: 121 * Self.second) == [1])
        // Then it is over, and the next one is another case.
        #expect(cases.ended(at: 200 * Self.second).isEmpty)
        #expect(refuse(cases, at: 200 * Self.second) == 1)
    }

    @Test("is counted to the last refusal, whenever the daemon ends")
    func last() {
        let cases = Cases()
        for number in 0..<10 { _ = refuse(cases, at: Int64(number)) }
        #expect(cases.ended(at: 10, isLast: true) == [9])
    }

    @Test("has nobody's name where there are more cases than are kept, and is counted all the same")
    func bounded() throws {
        let cases = Cases(capacity: 2)
        var told = 0
        for number in 0..<100 {
            let subject = RefusalCases.Subject(
                principal: try PrincipalName("p\(number)"), limit: .read)
            told += cases.refused(subject, at: 0) ?? 0
        }
        #expect(told == 3)
        let rest = cases.ended(at: 1, isLast: true)
        #expect(told + rest.reduce(0, +) == 100)
    }
}

/// Cases that `#expect` can ask: it takes no call that changes a value.
private final class Cases {
    private var cases: RefusalCases

    init(capacity: Int = Limits.limitCases) { cases = RefusalCases(capacity: capacity) }

    func refused(_ subject: RefusalCases.Subject, at now: Int64) -> Int? {
        cases.refused(subject, TestVault.caller, at: now)?.count
    }

    func ended(at now: Int64, isLast: Bool = false) -> [Int] {
        cases.ended(at: now, isLast: isLast).map(\.count)
    }
}
