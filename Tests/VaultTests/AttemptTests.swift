// What a web tier reports: on record before it is judged, and remembered through a restart.

import Testing
import Vault
import VaultCrypto
import VaultFormat
import VaultTestKit

@Suite("An attempt that a backend reports")
struct AttemptTests {
    private let backend: PrincipalName
    private let failure: AuthAttempt

    init() throws {
        backend = try PrincipalName("backend")
        failure = AuthAttempt(
            isSuccess: false, reason: try AttemptReason("wrong_password"),
            asserted: AssertedContext(
                actor: try ActorName("user:8421"),
                client: try ClientAddress(canonical: "203.0.113.9"),
                agent: try AgentName("curl/8")), endpoint: try EndpointName("/login"))
    }

    private func judge(_ test: TestVault, _ times: Int = 1) async throws -> AccessDecision {
        var decision = AccessDecision.allow
        for _ in 0..<times {
            decision = try await test.vault.judge(failure, of: backend, test.call()).decision
        }
        return decision
    }

    @Test("is an event with what was said and what was answered, and no name in clear")
    func event() async throws {
        let test = try TestVault()
        defer { test.stop() }
        _ = try await judge(test, 2)
        let line = try #require(try await test.settledLog().last)
        #expect(line.action == "auth.attempted" && line.outcome == "refused")
        #expect(line.actor != nil && line.client != nil && line.agent != nil)
        let body = try #require(try test.bodies().last { $0.contains("auth.attempted") })
        let said =
            #""reason":"wrong_password","principal":"backend","endpoint":"/login","decision":"delay"}"#
        #expect(body.hasSuffix(said), "\(body)")
        #expect(try test.bodies().allSatisfy { !$0.contains("8421") && !$0.contains("203.0") })
    }

    @Test("that locks out says whom, in its own event, once a case")
    func locks() async throws {
        let test = try TestVault()
        defer { test.stop() }
        #expect(try await judge(test, 5) == .block(900_000_000))
        _ = try await judge(test, 3)
        let actions = try await test.settledLog().map(\.action)
        #expect(actions.filter { $0 == "auth.attempted" }.count == 7)
        #expect(actions.firstIndex(of: "auth.locked") == actions.count - 4)
        let bodies = try test.bodies().filter { $0.contains("auth.locked") }
        #expect(bodies.count == 1 && bodies[0].contains(#""locked":"actor,source""#))
    }

    @Test("that locks out and could not be written is told with the next")
    func untold() async throws {
        let memory = MemoryCatalog()
        let test = try TestVault(
            catalog: memory, outages: Outages(patience: .seconds(3600), pause: .zero))
        defer { test.stop() }
        _ = try await judge(test, 4)
        memory.faults.arm("commit", .unavailable(5))
        await #expect(throws: VaultError.self) { try await judge(test) }
        while test.vault.committer.logState != .writable {
            try await Task.sleep(for: .milliseconds(5))
        }
        let before = try await test.settledLog().filter { $0.action == "auth.locked" }.count
        _ = try await judge(test, 2)
        let after = try await test.settledLog().filter { $0.action == "auth.locked" }.count
        #expect(after == before + 1)
    }

    @Test("is not answered when its event cannot be written")
    func durable() async throws {
        let memory = MemoryCatalog()
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        memory.faults.arm("commit", .unavailable(5))
        await #expect(throws: VaultError.self) { try await judge(test) }
    }

    @Test("is refused by a sealed vault, which can keep no name")
    func sealed() async throws {
        let test = try TestVault(isSealed: true)
        defer { test.stop() }
        #expect(try await refusal { _ = try await judge(test) } == .sealed)
    }

    @Test("is remembered through a restart, for as long as it would have been without")
    func restart() async throws {
        let test = try TestVault()
        #expect(try await judge(test, 4) == .delay(4_000_000))
        _ = try await test.settledLog()
        test.stop()
        test.clock.advance(microseconds: 60_000_000)
        let again = try test.reopened()
        try again.vault.recallAttempts()
        #expect(try await judge(again) == .block(900_000_000))
        _ = try await again.settledLog()
        again.stop()
        test.clock.advance(microseconds: 600_000_000)
        let third = try test.reopened()
        defer { third.stop() }
        try third.vault.recallAttempts()
        // Once: a second time would count twice.
        try third.vault.recallAttempts()
        #expect(
            third.vault.decision(actor: failure.asserted.actor, client: nil, of: backend)
                == .block(300_000_000))
        test.clock.advance(microseconds: 300_000_000)
        let later = third.vault.decision(
            actor: failure.asserted.actor, client: failure.asserted.client, of: backend)
        #expect(later == .allow)
    }

    @Test("from before a restart counts once the vault is unsealed, and once only")
    func restartSealed() async throws {
        let keyring = try TestKeys.passphraseKeyring()
        let test = try TestVault(
            keyring: keyring, keyFiles: MemoryKeyFiles([keyring.keys.file]))
        try await test.vault.recordService(.vaultCreated)
        _ = try await judge(test, 3)
        _ = try await test.settledLog()
        test.stop()
        let again = try test.reopened(isSealed: true)
        defer { again.stop() }
        try again.vault.recallAttempts()
        let actor = failure.asserted.actor
        #expect(again.vault.decision(actor: actor, client: nil, of: backend) == .allow)
        _ = try await again.vault.unseal(FixedVault.typed(TestKeys.passphrase), again.call())
        #expect(
            again.vault.decision(actor: actor, client: nil, of: backend) == .delay(2_000_000))
        // The fourth, and not the seventh.
        #expect(try await judge(again) == .delay(4_000_000))
    }

    @Test("of before a start is read whole, however many pages there are")
    func pages() async throws {
        let test = try TestVault()
        for number in 0..<40 {
            var other = failure
            other.asserted.actor = try ActorName("other-\(number)")
            other.asserted.client = nil
            _ = try await test.vault.judge(other, of: backend, test.call())
        }
        _ = try await judge(test, 5)
        _ = try await test.settledLog()
        test.stop()
        let again = try test.reopened()
        defer { again.stop() }
        try again.vault.recallAttempts(test.keyring, pageRows: 7)
        let decision = again.vault.decision(
            actor: failure.asserted.actor, client: nil, of: backend)
        #expect(decision == .block(900_000_000))
        let old = try ActorName("other-0")
        let second = AuthAttempt(isSuccess: false, asserted: AssertedContext(actor: old))
        let judged = try await again.vault.judge(second, of: backend, again.call())
        #expect(judged.decision == .delay(1_000_000))
    }

    @Test("forgets with a success what stood against it")
    func success() async throws {
        let test = try TestVault()
        defer { test.stop() }
        _ = try await judge(test, 4)
        test.clock.advance(microseconds: 4_000_000)
        var success = failure
        success.isSuccess = true
        let (decision, _) = try await test.vault.judge(success, of: backend, test.call())
        #expect(decision == .allow)
        #expect(try await judge(test) == .allow)
        #expect(try await test.settledLog().suffix(2).map(\.outcome) == ["done", "refused"])
    }
}

@Suite("Too many requests")
struct LimitTests {
    private let backend: PrincipalName

    init() throws { backend = try PrincipalName("backend") }

    private static let limits = AccessLimits(
        principals: [.read: Rate(requestsPerMinute: 60, burst: 2)],
        strangers: Rate(requestsPerMinute: 60, burst: 1))

    private func wait(_ test: TestVault, _ limit: LimitClass) async throws -> Int64? {
        try await test.vault.wait(for: backend, limit, test.call())
    }

    @Test("are told when to come again, class by class")
    func waits() async throws {
        let test = try TestVault(limits: Self.limits)
        defer { test.stop() }
        for _ in 0..<2 { #expect(try await wait(test, .read) == nil) }
        #expect(try await wait(test, .read) == 1_000_000)
        #expect(try await wait(test, .write) == nil)
        test.clock.advance(microseconds: 1_000_000)
        #expect(try await wait(test, .read) == nil)
    }

    @Test("are few events, with all of them counted")
    func events() async throws {
        let test = try TestVault(limits: Self.limits)
        defer { test.stop() }
        for _ in 0..<1002 { _ = try await wait(test, .read) }
        test.clock.advance(microseconds: 60_000_000)
        try await test.vault.endRefusalStreaks()
        let bodies = try await test.settledLog().filter { $0.action == "requests.limited" }
        #expect(bodies.count == 2)
        #expect(bodies.allSatisfy { $0.code == "rate-limited" && $0.outcome == "refused" })
        let told = try test.bodies().filter { $0.contains("requests.limited") }
        let said = #""principal":"backend","limit":"read","count":"#
        #expect(told[0].contains(said + "1}") && told[1].contains(said + "999}"), "\(told)")
    }

    @Test("are counted on where their event cannot be written")
    func unwritten() async throws {
        let memory = MemoryCatalog()
        let test = try TestVault(
            catalog: memory, outages: Outages(patience: .seconds(3600), pause: .zero),
            limits: Self.limits)
        defer { test.stop() }
        for _ in 0..<12 { _ = try await wait(test, .read) }
        test.clock.advance(microseconds: 60_000_000)
        memory.faults.arm("begin", .unavailable(5))
        await #expect(throws: VaultError.self) { try await test.vault.endRefusalStreaks() }
        while test.vault.committer.logState != .writable {
            try await Task.sleep(for: .milliseconds(5))
        }
        try await test.vault.endRefusalStreaks(isLast: true)
        _ = try await test.settledLog()
        let told = try test.bodies().filter { $0.contains("requests.limited") }
        #expect(told.count == 2 && told[1].contains(#""count":9}"#), "\(told)")
    }

    @Test("of a stranger are counted by his uid, and have no principal")
    func strangers() async throws {
        let test = try TestVault(limits: Self.limits)
        defer { test.stop() }
        #expect(try await test.vault.wait(for: nil, .open, test.call()) == nil)
        #expect(try await test.vault.wait(for: nil, .open, test.call()) == 1_000_000)
        let told = try test.bodies().filter { $0.contains("requests.limited") }
        #expect(told.count == 1 && told[0].contains(#""limit":"open","count":1}"#), "\(told)")
    }

    @Test("under a key of the backend's own wait, whatever pace it asks for")
    func checks() throws {
        let test = try TestVault()
        defer { test.stop() }
        let key = try LimitKey("search:203.0.113.9")
        let pace = Rate(requestsPerMinute: 60, burst: 3)
        #expect(test.vault.check(key, cost: 3, pace, of: backend) == nil)
        #expect(test.vault.check(key, cost: 2, pace, of: backend) == 2_000_000)
        #expect(test.vault.check(try LimitKey("other"), cost: 3, pace, of: backend) == nil)
        test.clock.advance(microseconds: 2_000_000)
        #expect(test.vault.check(key, cost: 2, pace, of: backend) == nil)
    }
}
