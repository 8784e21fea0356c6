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
            actor: try ActorName("user:8421"),
            client: try ClientAddress(canonical: "203.0.113.9"),
            agent: try AgentName("curl/8"), endpoint: try EndpointName("/login"))
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

    @Test("that locks out is followed by one event for the actor and one for its place")
    func locks() async throws {
        let test = try TestVault()
        defer { test.stop() }
        #expect(try await judge(test, 5) == .block(900_000_000))
        _ = try await judge(test, 3)
        let locks = try await test.settledLog().filter { $0.action == "auth.locked" }
        #expect(locks.count == 2)
        let bodies = try test.bodies().filter { $0.contains("auth.locked") }
        #expect(bodies.count { $0.contains(#""locked":"actor""#) } == 1)
        #expect(bodies.count { $0.contains(#""locked":"source""#) } == 1)
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
        again.vault.recallAttempts()
        #expect(try await judge(again) == .block(900_000_000))
        _ = try await again.settledLog()
        again.stop()
        test.clock.advance(microseconds: 600_000_000)
        let third = try test.reopened()
        defer { third.stop() }
        third.vault.recallAttempts()
        // Once: a second time would count twice.
        third.vault.recallAttempts()
        #expect(
            third.vault.decision(actor: failure.actor, client: nil, of: backend)
                == .block(300_000_000))
        test.clock.advance(microseconds: 300_000_000)
        #expect(
            third.vault.decision(actor: failure.actor, client: failure.client, of: backend)
                == .allow)
    }

    @Test("from before a restart counts once the vault is unsealed")
    func restartSealed() async throws {
        let test = try TestVault()
        _ = try await judge(test, 5)
        _ = try await test.settledLog()
        test.stop()
        let again = try test.reopened(isSealed: true)
        again.vault.recallAttempts()
        #expect(
            again.vault.decision(actor: failure.actor, client: nil, of: backend) == .allow)
        again.stop()
        let open = try test.reopened()
        defer { open.stop() }
        open.vault.recallAttempts()
        #expect(
            open.vault.decision(actor: failure.actor, client: nil, of: backend)
                == .block(900_000_000))
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
        try await test.vault.endLimitCases()
        let bodies = try await test.settledLog().filter { $0.action == "requests.limited" }
        #expect(bodies.count == 2)
        #expect(bodies.allSatisfy { $0.code == "rate-limited" && $0.outcome == "refused" })
        let told = try test.bodies().filter { $0.contains("requests.limited") }
        let said = #""principal":"backend","limit":"read","count":"#
        #expect(told[0].contains(said + "1}") && told[1].contains(said + "999}"), "\(told)")
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
