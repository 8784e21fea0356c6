// Slots that somebody opens from elsewhere, or that several open together: what waits for them, and for how
// long.

import Testing
import Vault
import VaultCrypto
import VaultFormat
import VaultTestKit

@Suite("Shares and challenges")
struct SlotDeskTests {
    /// A vault with a slot for three of five shares, and one for a recovery key.
    struct Fixture {
        let test: TestVault
        let shares: [String]
        let board: SlotID
        let bank: SlotID
        let key: Holder

        init() async throws {
            test = try TestVault()
            try await test.vault.recordService(.vaultCreated)
            shares = try KeyShare.make(needed: 3, of: 5, vault: test.keyring.vault).map { share in
                try unsafe share.withLine { unsafe String(decoding: $0, as: UTF8.self) }
            }
            key = Holder(try RecoveryKey.random())
            board = try await test.vault.addSlot(
                FixedVault.typed(shares.joined()), label: SlotLabel("board"), test.call()
            ).0
            bank = try await test.vault.addSlot(
                FixedVault.typed(key.key.recipientText), label: SlotLabel("bank"), test.call()
            ).0
        }

        func unseal(_ text: String) async throws -> Unsealing {
            try await test.vault.unseal(FixedVault.typed(text), test.call())
        }

        func seal() async throws {
            try await test.vault.seal(test.call())
        }

        func answer() async throws -> String {
            let (session, _) = try await test.vault.challenge(bank, test.call())
            return try key.key.answer(RecoveryChallenge(text: Array(session.challenge.text.utf8)))
                .text
        }
    }

    /// A recovery key that a fixture can hold.
    final class Holder: Sendable {
        let key: RecoveryKey
        init(_ key: consuming RecoveryKey) { self.key = key }
    }

    @Test("shares come one by one, from whomever; the last that is needed opens the vault")
    func shares() async throws {
        let vault = try await Fixture()
        defer { vault.test.stop() }
        let id = try await vault.test.put(TestImages.small).image.image
        try await vault.seal()
        #expect(try await vault.unseal(vault.shares[4]) == .waits(count(1)))
        // The same one again is still one.
        #expect(try await vault.unseal(vault.shares[4]) == .waits(count(1)))
        #expect(try await vault.unseal(vault.shares[0]) == .waits(count(2)))
        #expect(vault.test.vault.isSealed)
        #expect(try await vault.unseal(vault.shares[2]) == .opened(by: vault.board))
        #expect(try await vault.test.get(id) == TestImages.small)
        let words = try vault.test.log().map(\.summary)
        #expect(words.filter { $0 == "share.given done" }.count == 4)
        let given = try vault.test.log().filter { $0.action == "share.given" }
        #expect(given.allSatisfy { $0.slot == vault.board.hex })
        #expect(try states(vault)[vault.board] != nil)
    }

    @Test("shares of one slot that wait keep nobody from another slot")
    func twoSlots() async throws {
        let vault = try await Fixture()
        defer { vault.test.stop() }
        let others = try KeyShare.make(needed: 2, of: 2, vault: vault.test.keyring.vault).map {
            try unsafe $0.withLine { unsafe String(decoding: $0, as: UTF8.self) }
        }
        let other = try await vault.test.vault.addSlot(
            FixedVault.typed(others.joined()), label: SlotLabel("other"), vault.test.call()
        ).0
        try await vault.seal()
        #expect(try await vault.unseal(vault.shares[0]) == .waits(count(1)))
        #expect(try await vault.unseal(others[0]) == .waits(ShareCount(given: 1, needed: 2)))
        #expect(try await vault.unseal(vault.shares[1]) == .waits(count(2)))
        #expect(try await vault.unseal(others[1]) == .opened(by: other))
    }

    @Test("several shares may come at once")
    func together() async throws {
        let vault = try await Fixture()
        defer { vault.test.stop() }
        try await vault.seal()
        let all = vault.shares[1...3].joined()
        #expect(try await vault.unseal(all) == .opened(by: vault.board))
    }

    @Test(
        "a share that belongs to no slot takes no place; one that is wrong spoils its own attempt only"
    )
    func wrongShares() async throws {
        let vault = try await Fixture()
        defer { vault.test.stop() }
        try await vault.seal()
        let others = try KeyShare.make(needed: 3, of: 5, vault: vault.test.keyring.vault)
        let foreign = try unsafe others[0].withLine { unsafe String(decoding: $0, as: UTF8.self) }
        #expect(try await refusal { _ = try await vault.unseal(foreign) } == .wrongSecret)
        _ = try await vault.unseal(vault.shares[0])
        // Wrong, with the right checksum: somebody lies.
        var bytes = try CheckedText.share.bytes(Array(vault.shares[1].utf8))
        bytes[bytes.count - 1] ^= 1
        let liar = CheckedText.share.text(bytes)
        #expect(try await vault.unseal(liar) == .waits(count(2)))
        #expect(try await refusal { _ = try await vault.unseal(vault.shares[1]) } == .wrongSecret)
        #expect(try await refusal { _ = try await vault.unseal(vault.shares[2]) } == .wrongSecret)
        // Nothing is left of that attempt.
        #expect(try await vault.unseal(vault.shares[0]) == .waits(count(1)))
        #expect(try await vault.unseal(vault.shares[1]) == .waits(count(2)))
        #expect(try await vault.unseal(vault.shares[2]) == .opened(by: vault.board))
    }

    @Test("shares wait a quarter of an hour, and not over a sealing")
    func forgotten() async throws {
        let vault = try await Fixture()
        defer { vault.test.stop() }
        try await vault.seal()
        _ = try await vault.unseal(vault.shares[0])
        vault.test.clock.advance(microseconds: Limits.shareSeconds * 1_000_000 + 1)
        vault.test.vault.dropOldAttempts()
        #expect(try await vault.unseal(vault.shares[1]) == .waits(count(1)))
        vault.test.clock.advance(microseconds: Limits.shareSeconds * 500_000)
        vault.test.vault.dropOldAttempts()
        #expect(try await vault.unseal(vault.shares[0]) == .waits(count(2)))
        try await vault.seal()
        #expect(try await vault.unseal(vault.shares[2]) == .waits(count(1)))
    }

    @Test("a proof by shares waits for them too, and is none before")
    func provedByShares() async throws {
        let vault = try await Fixture()
        defer { vault.test.stop() }
        func prove(_ text: String) async throws -> ShareCount? {
            try await vault.test.vault.proveSlot(
                vault.board, FixedVault.typed(text), vault.test.call()
            ).1
        }
        #expect(try await prove(vault.shares[0]) == count(1))
        #expect(try await prove(vault.shares[1]) == count(2))
        #expect(try states(vault)[vault.board] == nil)
        #expect(try await prove(vault.shares[2]) == nil)
        #expect(try states(vault)[vault.board] != nil)
    }

    @Test("the answer to a challenge opens the vault, once, and proves its slot")
    func challenged() async throws {
        let vault = try await Fixture()
        defer { vault.test.stop() }
        try await vault.seal()
        let answer = try await vault.answer()
        #expect(try await vault.unseal(answer) == .opened(by: vault.bank))
        #expect(try states(vault)[vault.bank] != nil)
        let again = try await refusal {
            _ = try await vault.test.vault.proveSlot(
                vault.bank, FixedVault.typed(answer), vault.test.call())
        }
        #expect(again == .noChallenge)
        let words = try vault.test.log().map(\.summary)
        #expect(words.contains("slot.challenged done"))
    }

    @Test("a challenge ends after an hour, with a newer one, and with a sealing")
    func challengesEnd() async throws {
        let vault = try await Fixture()
        defer { vault.test.stop() }
        func prove(_ text: String) async throws {
            _ = try await vault.test.vault.proveSlot(
                vault.bank, FixedVault.typed(text), vault.test.call())
        }
        let late = try await vault.answer()
        vault.test.clock.advance(microseconds: Limits.challengeSeconds * 1_000_000 + 1)
        #expect(try await refusal { try await prove(late) } == .noChallenge)
        let first = try await vault.answer()
        let second = try await vault.answer()
        #expect(try await refusal { try await prove(first) } == .wrongSecret)
        // The attempt took the newer challenge with it: an answer is not tried twice.
        #expect(try await refusal { try await prove(second) } == .noChallenge)
        let third = try await vault.answer()
        try await vault.seal()
        #expect(try await refusal { _ = try await vault.unseal(third) } == .noChallenge)
    }

    @Test("only a recovery recipient is asked, and its private half is never taken")
    func noChallenge() async throws {
        let vault = try await Fixture()
        defer { vault.test.stop() }
        for slot in [vault.board, try Random.id()] {
            let code = try await refusal {
                _ = try await vault.test.vault.challenge(slot, vault.test.call())
            }
            #expect(code == .unknownSlot)
        }
        let line = try unsafe vault.key.key.withLine { unsafe String(decoding: $0, as: UTF8.self) }
        let code = try await refusal {
            _ = try await vault.test.vault.proveSlot(
                vault.bank, FixedVault.typed(line), vault.test.call())
        }
        #expect(code == .malformedSecret)
    }

    private func count(_ given: Int) -> ShareCount { ShareCount(given: given, needed: 3) }

    private func states(_ vault: Fixture) throws -> [SlotID: Int64] {
        let keyring = try #require(vault.test.vault.keyringIfUnsealed)
        return try vault.test.vault.slotStates(keyring).reduce(into: [:]) {
            $0[$1.slot.id] = $1.provedMicroseconds
        }
    }
}
