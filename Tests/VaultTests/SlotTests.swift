// The slots of a vault at work: added, proved, removed, and what a failure leaves at each step.

import Testing
import Vault
import VaultCrypto
import VaultFormat
import VaultTestKit

@Suite("Slots")
struct SlotTests {
    /// An open vault whose stores fail when told to, that ``TestKeys/passphrase`` opens.
    struct Fixture {
        let test: TestVault
        let faults = Faults()
        let first: SlotID

        init() async throws {
            let keyring = try TestKeys.passphraseKeyring()
            first = keyring.keys.file.slots[0].id
            test = try TestVault(
                catalog: MemoryCatalog(faults: faults), keyring: keyring,
                keyFiles: MemoryKeyFiles(
                    [keyring.keys.file, TestKeys.passphraseLogKey(of: keyring.vault).file],
                    faults: faults))
            try await test.vault.recordService(.vaultCreated)
        }

        var disk: KeyFile {
            get throws { try #require(test.keyFiles.file(.keyring)) }
        }

        func add(_ secret: String, label: String = "more") async throws -> SlotID {
            try await test.vault.addSlot(
                FixedVault.typed(secret), label: SlotLabel(label), test.call()
            ).0
        }

        @discardableResult
        func prove(_ slot: SlotID, _ secret: String) async throws -> SlotList {
            try await test.vault.proveSlot(slot, FixedVault.typed(secret), test.call()).0
        }

        @discardableResult
        func remove(_ slot: SlotID) async throws -> SlotList {
            try await test.vault.removeSlot(slot, test.call())
        }

        func opens(_ secret: String) throws -> Bool {
            (try? FixedVault.open(disk, secret: secret)) != nil
        }
    }

    static let second = "battery staple"

    @Test("a slot that is added opens the file on the disk, beside the one before")
    func add() async throws {
        let vault = try await Fixture()
        defer { vault.test.stop() }
        let id = try await vault.test.put(TestImages.small).image.image
        let slot = try await vault.add(Self.second)
        #expect(try vault.disk.generation == 2)
        #expect(try vault.opens(Self.second) && vault.opens(TestKeys.passphrase))
        #expect(try await vault.test.get(id) == TestImages.small)
        let event = try #require(try vault.test.log().first { $0.action == "slot.added" })
        #expect(event.slot == slot.hex && event.generation == 2 && event.outcome == "done")
    }

    @Test("a slot that is removed opens nothing any more, once another is proved")
    func remove() async throws {
        let vault = try await Fixture()
        defer { vault.test.stop() }
        _ = try await vault.add(Self.second)
        let slots = try await vault.test.vault.slots(vault.test.call()).slots
        let second = try #require(slots.last?.slot.id)
        #expect(try await refusal { try await vault.remove(vault.first) } == .lastProvedSlot)
        try await vault.prove(second, Self.second)
        let left = try await vault.remove(vault.first)
        #expect(left.slots.map(\.slot.id) == [second])
        #expect(left.generation == 3)
        #expect(try !vault.opens(TestKeys.passphrase) && vault.opens(Self.second))
        #expect(try await refusal { try await vault.remove(second) } == .lastProvedSlot)
        #expect(try await refusal { try await vault.remove(vault.first) } == .unknownSlot)
    }

    @Test("the one proved slot cannot go while the others are only believed to open")
    func lastProved() async throws {
        let vault = try await Fixture()
        defer { vault.test.stop() }
        let second = try await vault.add(Self.second)
        try await vault.prove(vault.first, TestKeys.passphrase)
        #expect(try await refusal { try await vault.remove(vault.first) } == .lastProvedSlot)
        #expect(try vault.disk.generation == 2)
        // The unproved one may go, and then the proved one is the last.
        try await vault.remove(second)
        #expect(try await refusal { try await vault.remove(vault.first) } == .lastProvedSlot)
    }

    @Test("a proof keeps its date over a restart and a new root, and is an event")
    func prove() async throws {
        let vault = try await Fixture()
        let date = vault.test.clock.nowMicroseconds()
        let list = try await vault.prove(vault.first, TestKeys.passphrase)
        #expect(list.slots.map(\.provedMicroseconds) == [date])
        vault.test.clock.advance(microseconds: 1_000_000)
        _ = try await vault.test.vault.rotateRoot(vault.test.call())
        vault.test.stop()
        let again = try vault.test.reopened(isSealed: true)
        defer { again.stop() }
        _ = try await again.vault.slots(again.call())
        let keyring = try Keyring(
            FixedVault.open(vault.disk, secret: TestKeys.passphrase))
        let states = try again.vault.slotStates(keyring)
        #expect(states.map(\.provedMicroseconds) == [date])
        #expect(try vault.test.log().contains { $0.summary == "slot.proved done" })
    }

    @Test("a secret that does not open its slot proves nothing")
    func wrongProof() async throws {
        let vault = try await Fixture()
        defer { vault.test.stop() }
        let second = try await vault.add(Self.second)
        for (slot, secret) in [
            (vault.first, "not that one"), (vault.first, Self.second),
            (second, TestKeys.passphrase),
        ] {
            let code = try await refusal { try await vault.prove(slot, secret) }
            #expect(code == .wrongSecret)
        }
        let unknown: SlotID = try Random.id()
        let code = try await refusal { try await vault.prove(unknown, Self.second) }
        #expect(code == .unknownSlot)
        let slots = try await vault.test.vault.slots(vault.test.call()).slots
        #expect(slots.allSatisfy { $0.provedMicroseconds == nil })
    }

    @Test("a proof is of the keyring in use: another file on the disk proves nothing")
    func otherFile() async throws {
        let vault = try await Fixture()
        defer { vault.test.stop() }
        let old = try vault.disk
        _ = try await vault.test.vault.rotateRoot(vault.test.call())
        vault.test.keyFiles.tamper(old)
        let code = try await refusal {
            try await vault.prove(vault.first, TestKeys.passphrase)
        }
        #expect(code == .keyringRefused)
    }

    @Test("whoever writes the catalog without the keys makes no proof")
    func forgedProof() async throws {
        let memory = MemoryCatalog()
        let test = try TestVault(catalog: memory, keyring: TestKeys.passphraseKeyring())
        defer { test.stop() }
        let slot = test.keyring.keys.file.slots[0].id
        try await test.vault.recordService(.vaultCreated)
        _ = try await test.vault.proveSlot(
            slot, FixedVault.typed(TestKeys.passphrase), test.call())
        let proof = try #require(memory.tables.slotProofs.first)
        #expect(proof.holds(with: test.keyring))
        let stranger: SlotID = try Random.id()
        for forged in [
            SlotProof(
                slot: slot, provedMicroseconds: proof.provedMicroseconds + 1,
                changedAt: proof.changedAt, mac: proof.mac),
            SlotProof(
                slot: slot, provedMicroseconds: proof.provedMicroseconds,
                changedAt: proof.changedAt + 1, mac: proof.mac),
            SlotProof(
                slot: stranger, provedMicroseconds: proof.provedMicroseconds,
                changedAt: proof.changedAt, mac: proof.mac),
        ] {
            memory.tamper { $0.slotProofs = [forged] }
            #expect(!forged.holds(with: test.keyring))
            let slots = try await test.vault.slots(test.call()).slots
            #expect(slots.map(\.provedMicroseconds) == [nil])
        }
    }

    @Test("a sealed vault shows its slots and changes none")
    func sealed() async throws {
        let open = try await Fixture()
        open.test.stop()
        let sealed = try open.test.reopened(isSealed: true)
        defer { sealed.stop() }
        let slots = try await sealed.vault.slots(sealed.call()).slots
        #expect(slots.map(\.slot.id) == [open.first])
        let secret = try FixedVault.typed(TestKeys.passphrase)
        let verbs: [() async throws -> Void] = [
            {
                _ = try await sealed.vault.addSlot(secret, label: SlotLabel("x"), sealed.call())
            },
            { _ = try await sealed.vault.removeSlot(open.first, sealed.call()) },
            { _ = try await sealed.vault.proveSlot(open.first, secret, sealed.call()) },
            { _ = try await sealed.vault.rotateRoot(sealed.call()) },
        ]
        for verb in verbs { #expect(try await refusal(of: verb) == .sealed) }
    }

    @Test("no more slots than a keyring may have")
    func tooMany() async throws {
        let vault = try await Fixture()
        defer { vault.test.stop() }
        let key = try Secret<SlotSecret>.random()
        let line = try unsafe key.withKeyFileText { text in
            unsafe String(decoding: text, as: UTF8.self)
        }
        for _ in 1..<Limits.keySlots { _ = try await vault.add(line) }
        #expect(try await refusal { _ = try await vault.add(line) } == .tooManySlots)
        #expect(try vault.disk.slots.count == Limits.keySlots)
    }

    @Test(
        "a secret that makes no slot changes nothing", arguments: ["short", "imagevault-key-1:9"])
    func malformed(secret: String) async throws {
        let vault = try await Fixture()
        defer { vault.test.stop() }
        #expect(try await refusal { _ = try await vault.add(secret) } == .malformedSecret)
        #expect(try vault.disk.generation == 1)
    }
}

/// A change of slots, for stores that fail at each of its steps.
struct SlotChange: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let action: String
    let run: @Sendable (SlotTests.Fixture) async throws -> Void

    static let all = [
        SlotChange(testDescription: "add a slot", action: "slot.added") { vault in
            _ = try await vault.add(SlotTests.second)
        },
        SlotChange(testDescription: "rotate the root", action: "root.rotated") { vault in
            _ = try await vault.test.vault.rotateRoot(vault.test.call())
        },
    ]
}

@Suite("Slots on failing stores")
struct SlotFaultTests {
    @Test(
        "whatever step fails, the disk has one keyring that opens, and none without its event",
        arguments: SlotChange.all,
        [StorageError.full, .unavailable(5)])
    func everyStep(change: SlotChange, error: StorageError) async throws {
        var step = 0
        var isDone = false
        while !isDone {
            step += 1
            #expect(step < 40)
            let vault = try await SlotTests.Fixture()
            vault.faults.arm(step: step, error)
            let code = try await refusal { try await change.run(vault) }
            isDone = vault.faults.failed == nil
            vault.faults.disarm()
            #expect((code == nil) == isDone, "step \(step): \(vault.faults.failed ?? "none")")
            let disk = try vault.disk
            #expect(try vault.opens(TestKeys.passphrase))
            vault.test.stop()
            // What the log says while it is open under either keyring: the keys are the same.
            let events = try vault.test.log().filter { $0.action == change.action }
            let told = events.contains { $0.outcome == "done" && $0.generation == 2 }
            if disk.generation == 2 { #expect(told, "step \(step)") }
            #expect(disk.generation == 1 || disk.generation == 2)
            if isDone { #expect(disk.generation == 2) }
            let again = try Keyring(FixedVault.open(disk, secret: TestKeys.passphrase))
            #expect(try Vault.fits(again, vault.test.catalog), "step \(step)")
        }
        #expect(step > 4)
    }
}
