// What two have to agree on: asked for, approved by another, sent once by who asked.

import Testing
import Vault
import VaultFormat
import VaultTestKit

@Suite("A second person")
struct SecondPersonTests {
    private let memory = MemoryCatalog()

    private func test(_ rules: Set<TwoPersonRule> = [.holds]) throws -> TestVault {
        try TestVault(catalog: memory, twoPerson: rules)
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
            try await refusal { try await test.approve(request, uid: 5) } == .secondPersonRequired)
        let allowed = try await test.approve(request, uid: 6)
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
        try await test.approve((id: asked.approval, digest: asked.digest), uid: 6)
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
        try await test.approve((id: first.approval, digest: first.digest), uid: 6)
        test.clock.advance(microseconds: Limits.approvalSeconds * 1_000_000)
        let second = try #require(try await send(test))
        test.clock.advance(microseconds: 1)
        #expect(
            try await refusal { try await send(test, approval: first.approval) }
                == .approvalExpired)
        #expect(
            try await refusal {
                try await test.approve((id: first.approval, digest: first.digest), uid: 6)
            } == .approvalUsed)
        try await test.approve((id: second.approval, digest: second.digest), uid: 6)
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
                try await test.approve(request, uid: 6) { $0 != .releaseHolds }
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
        try await test.approve((id: asked.approval, digest: asked.digest), uid: 6)
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
}
