// What two have to agree on: asked for, approved by another, sent once by who asked.

import Synchronization
import Testing
import Vault
import VaultFormat
import VaultTestKit

@Suite("A second person")
struct SecondPersonTests {
    private let memory = MemoryCatalog()

    private let admins: PrincipalName

    init() throws {
        admins = try PrincipalName("admins")
    }

    private func test(_ rules: Set<TwoPersonRule> = [.holds]) throws -> TestVault {
        try obeying(TestVault(catalog: memory, twoPerson: rules))
    }

    /// The users 5 and 6 may do all.
    private func obeying(_ test: TestVault) -> TestVault {
        let policy = AccessPolicy(rules: [
            PrincipalRule(
                Principal(name: admins, verbs: Set(VerbName.allCases)), users: [5, 6], groups: [])
        ])
        test.vault.goes { policy }
        return test
    }

    private func call(
        _ test: TestVault, uid: UInt32, approval: ApprovalID? = nil
    ) -> Call {
        let call = test.call(uid: uid, door: .admin)
        return Call(
            caller: call.caller, request: call.request, namespace: .standard, approval: approval)
    }

    /// Sends a request about a hold; what waits where it is asked for only.
    @discardableResult
    private func send(
        _ test: TestVault, uid: UInt32 = 5, words: String = "hold=1", approval: ApprovalID? = nil,
        verb: VerbName = .releaseHolds
    ) async throws -> AskedApproval? {
        do throws(VaultError) {
            try await test.vault.requireSecondPerson(
                verb, call(test, uid: uid, approval: approval)
            ) { words }
            return nil
        } catch {
            guard error.code == .approvalNeeded else { throw error }
            return error.asked
        }
    }

    @Test("is not asked where the settings do not say so, and nothing is written")
    func alone() async throws {
        let test = try test([.slots])
        defer { test.stop() }
        let before = try test.log().count
        #expect(try await send(test) == nil)
        #expect(try test.log().count == before)
        #expect(memory.tables.approvals.isEmpty)
    }

    @Test("lets exactly what was asked for happen, once, to who asked")
    func once() async throws {
        let test = try test()
        defer { test.stop() }
        let asked = try #require(try await send(test))
        #expect(asked.words == "hold=1")
        let id = asked.approval
        #expect(
            try await refusal { try await send(test, approval: id) } == .secondPersonRequired)
        let request = (id: id, digest: asked.digest)
        #expect(
            try await refusal { try await test.approve(request, uid: 5, of: admins) }
                == .secondPersonRequired)
        let allowed = try await test.approve(request, uid: 6, of: admins)
        #expect(allowed.state == .approved)
        #expect(allowed.approver == 6)
        for (uid, words, verb) in [
            (UInt32(6), "hold=1", VerbName.releaseHolds), (5, "hold=2", .releaseHolds),
        ] {
            let other = try await refusal {
                try await send(test, uid: uid, words: words, approval: id, verb: verb)
            }
            #expect(other == .approvalMismatch)
        }
        #expect(try await send(test, approval: id) == nil)
        #expect(try await refusal { try await send(test, approval: id) } == .approvalUsed)
        #expect(memory.tables.approvals.map(\.state) == [.performed])
        let lines = try test.log().filter { $0.outcome == "done" }
        for action in [EventAction.approvalAsked, .approvalGiven, .approvalUsed] {
            let found = lines.filter { $0.action == action.name }
            #expect(found.map(\.work) == ["holds.release"], "\(action)")
            #expect(found.map(\.statement) == [asked.digest.hex], "\(action)")
        }
    }

    @Test("an approval of another verb is none")
    func otherVerb() async throws {
        let test = try test([.holds, .tokens])
        defer { test.stop() }
        let asked = try #require(try await send(test))
        try await test.approve((id: asked.approval, digest: asked.digest), uid: 6, of: admins)
        let other = try await refusal {
            try await send(test, approval: asked.approval, verb: .createTokens)
        }
        #expect(other == .approvalMismatch)
    }

    @Test("has a day, for the approval and for what it allows")
    func expires() async throws {
        let test = try test()
        defer { test.stop() }
        let first = try #require(try await send(test))
        try await test.approve((id: first.approval, digest: first.digest), uid: 6, of: admins)
        test.clock.advance(microseconds: Limits.approvalSeconds * 1_000_000)
        let second = try #require(try await send(test))
        test.clock.advance(microseconds: 1)
        #expect(
            try await refusal { try await send(test, approval: first.approval) }
                == .approvalExpired)
        #expect(
            try await refusal {
                try await test.approve(
                    (id: first.approval, digest: first.digest), uid: 6, of: admins)
            } == .approvalUsed)
        try await test.approve((id: second.approval, digest: second.digest), uid: 6, of: admins)
        #expect(try await send(test, approval: second.approval) == nil)
    }

    @Test("approves only what it may do itself")
    func mayDo() async throws {
        let test = try test()
        defer { test.stop() }
        let asked = try #require(try await send(test))
        let request = (id: asked.approval, digest: asked.digest)
        #expect(
            try await refusal {
                try await test.approve(request, uid: 6, of: admins) { $0 != .releaseHolds }
            } == .notPermitted)
        #expect(memory.tables.approvals.map(\.state) == [.waiting])
    }

    @Test("is listed until it is used, and what is put back is found damaged")
    func listed() async throws {
        let test = try test()
        defer { test.stop() }
        let asked = try #require(try await send(test))
        func waiting() async throws -> [ApprovalState] {
            try await test.vault.approvals(after: 0, limit: 9, test.call()).approvals.map(\.state)
        }
        #expect(try await waiting() == [.waiting])
        try await test.approve((id: asked.approval, digest: asked.digest), uid: 6, of: admins)
        let approved = memory.tables.approvals
        #expect(try await waiting() == [.approved])
        #expect(try await send(test, approval: asked.approval) == nil)
        #expect(try await waiting().isEmpty)
        var forged = try #require(approved.first)
        forged.changedAt += 1
        let put = forged
        memory.tamper { $0.approvals = [put] }
        #expect(
            try await refusal { try await send(test, approval: asked.approval) } == .rowDamaged)
    }

    @Test("words that an approver could misread are refused")
    func words() throws {
        #expect(throws: FormatError.self) { try GuardedRequest(.releaseHolds, "hold=\u{202E}1") }
        #expect(throws: FormatError.self) { try GuardedRequest(.releaseHolds, "hold=1\nnote") }
        #expect(throws: FormatError.self) { try GuardedRequest(.releaseHolds, "") }
        #expect(throws: FormatError.self) { try GuardedRequest(.getImages, "image=1") }
        let longest = String(repeating: "x", count: Limits.guardedWordsBytes)
        let request = try GuardedRequest(.redactLog, longest)
        #expect(try GuardedRequest(parsing: request.encoded) == request)
        #expect(throws: FormatError.self) { try GuardedRequest(.redactLog, longest + "x") }
        #expect(throws: FormatError.self) { try GuardedRequest(parsing: request.encoded + [0]) }
    }

    @Test("a copy of the keyring takes two where the settings say so")
    func escrows() async throws {
        let test = try test([.escrows])
        defer { test.stop() }
        let asked = try #require(
            try await send(test, words: "note=\"safe\"", verb: .exportEscrows))
        try await test.approve((id: asked.approval, digest: asked.digest), uid: 6, of: admins)
        #expect(
            try await send(
                test, words: "note=\"safe\"", approval: asked.approval, verb: .exportEscrows)
                == nil)
    }

    @Test("the same words are one request, and one person fills no list for others")
    func bounded() async throws {
        let test = try test()
        defer { test.stop() }
        let first = try #require(try await send(test, words: "hold=0"))
        for number in 1..<Limits.approvalsEach {
            #expect(try await send(test, words: "hold=\(number)") != nil)
        }
        #expect(try await send(test, words: "hold=0") == first)
        #expect(memory.tables.approvals.count == Limits.approvalsEach)
        #expect(try await refusal { try await send(test, words: "hold=new") } == .overloaded)
        #expect(try await send(test, uid: 6, words: "hold=0")?.approval != first.approval)
        #expect(memory.tables.approvals.count == Limits.approvalsEach + 1)
        // What is used makes room.
        try await test.approve((id: first.approval, digest: first.digest), uid: 6, of: admins)
        #expect(try await send(test, words: "hold=0", approval: first.approval) == nil)
        #expect(try await send(test, words: "hold=new") != nil)
    }

    @Test("who approved himself while one was enough has no second person now")
    func ownApproval() async throws {
        let (keyring, signer) = (try TestKeys.keyring(), try TestKeys.logSigner())
        func test(_ rules: Set<TwoPersonRule>) throws -> TestVault {
            obeying(
                try TestVault(catalog: memory, keyring: keyring, signer: signer, twoPerson: rules))
        }
        var vault = try test([.holds])
        let asked = try #require(try await send(vault))
        vault.stop()
        vault = try test([])
        try await vault.approve((id: asked.approval, digest: asked.digest), uid: 5, of: admins)
        vault.stop()
        vault = try test([.holds])
        defer { vault.stop() }
        let used = try await refusal { try await send(vault, approval: asked.approval) }
        #expect(used == .secondPersonRequired)
    }

    private final class InForce: Sendable {
        private let policy: Mutex<AccessPolicy>
        init(_ policy: AccessPolicy) { self.policy = Mutex(policy) }

        var current: AccessPolicy {
            get { policy.withLock { $0 } }
            set { policy.withLock { $0 = newValue } }
        }
    }

    @Test("an approval holds while who gave it might give it, by the policy in force")
    func rights() async throws {
        let test = try test()
        defer { test.stop() }
        func policy(_ verbs: Set<VerbName>, users: Set<UInt32>, groups: Set<UInt32> = [])
            -> AccessPolicy
        {
            AccessPolicy(rules: [
                PrincipalRule(
                    Principal(name: admins, verbs: verbs), users: users, groups: groups)
            ])
        }
        let whole: Set<VerbName> = [.approveRelease, .releaseHolds, .readStatus]
        let inForce = InForce(policy(whole, users: [6]))
        test.vault.goes { inForce.current }
        let asked = try #require(try await send(test))
        let request = (id: asked.approval, digest: asked.digest)
        try await test.approve(request, uid: 6, of: admins)
        for lost in [
            AccessPolicy(rules: []), policy(whole, users: [7]),
            policy([.approveRelease, .readStatus], users: [6]),
            policy([.releaseHolds, .readStatus], users: [6]),
        ] {
            inForce.current = lost
            let used = try await refusal { try await send(test, approval: asked.approval) }
            #expect(used == .secondPersonRequired)
        }
        // Who is in a group is told by nobody but himself.
        inForce.current = policy(whole, users: [], groups: [4])
        #expect(try await send(test, approval: asked.approval) == nil)
    }
}
