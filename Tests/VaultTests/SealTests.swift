// Sealing at run time: what it takes away, what it leaves, and what no request may come of. Erasing all
// keys is for a process of one's own.

import Testing
import Vault
import VaultCrypto
import VaultFormat
import VaultTestKit

@Suite("Sealing")
struct SealTests {
    @Test("a sealed vault refuses every verb, and the seal is on record and marked for restarts")
    func seals() async throws {
        let test = try TestVault(keyring: TestKeys.passphraseKeyring())
        defer { test.stop() }
        let id = try await test.put(TestImages.small).image.image
        try await test.vault.seal(test.call())
        #expect(test.vault.isSealed)
        #expect(test.keyFiles.isMarkedSealed)
        #expect(try await refusal { _ = try await test.get(id) } == .sealed)
        #expect(try await refusal { try await test.put(TestImages.other) } == .sealed)
        #expect(try test.log().contains { $0.summary == "vault.sealed done" })
        // Again is well too.
        try await test.vault.seal(test.call())
        let secret = try FixedVault.typed(TestKeys.passphrase)
        _ = try await test.vault.unseal(secret, test.call())
        #expect(!test.keyFiles.isMarkedSealed)
        #expect(try await test.get(id) == TestImages.small)
    }

    @Test("an upload that is arriving is refused with its next piece")
    func upload() async throws {
        let test = try TestVault(keyring: TestKeys.passphraseKeyring())
        defer { test.stop() }
        let upload = try await test.vault.receive(bytes: 100, in: .standard)
        try unsafe [UInt8](repeating: 1, count: 50).withUnsafeBytes {
            try unsafe upload.append($0)
        }
        try await test.vault.seal(test.call())
        let code = try await refusal {
            try unsafe [UInt8](repeating: 1, count: 50).withUnsafeBytes {
                try unsafe upload.append($0)
            }
        }
        #expect(code == .sealed)
    }

    @Test("a vault seals although neither the mark nor the log can be written, and says so")
    func failing() async throws {
        for (step, code) in [("seal mark", ErrorCode.storageFull), ("commit", .storageFull)] {
            let faults = Faults()
            let keyring = try TestKeys.passphraseKeyring()
            let test = try TestVault(
                catalog: MemoryCatalog(faults: faults), keyring: keyring,
                keyFiles: MemoryKeyFiles([keyring.keys.file], faults: faults))
            defer { test.stop() }
            try await test.vault.recordService(.vaultCreated)
            faults.arm(step, .full)
            #expect(try await refusal { try await test.vault.seal(test.call()) } == code)
            #expect(test.vault.isSealed)
        }
    }

    @Test("a seal while an unsealing runs stands")
    func sealWhileUnsealing() async throws {
        let stretcher = GatedStretcher()
        let keyring = try TestKeys.passphraseKeyring()
        let open = try TestVault(keyring: keyring, stretcher: stretcher)
        try await open.vault.recordService(.vaultCreated)
        open.stop()
        let test = try open.reopened(isSealed: true)
        defer { test.stop() }
        let elsewhere = StepExecutor()
        elsewhere.release()
        let attempt = Task(executorPreference: elsewhere) {
            try await refusal {
                _ = try await test.vault.unseal(
                    FixedVault.typed(TestKeys.passphrase), test.call())
            }
        }
        stretcher.awaitArrival()
        try await test.vault.seal(test.call())
        stretcher.open()
        #expect(try await attempt.value == .sealed)
        #expect(test.vault.isSealed && test.keyFiles.isMarkedSealed)
    }

    @Test("a seal waits for nobody who stretches a passphrase or asks a token")
    func sealPastAChild() async {
        await #expect(processExitsWith: .success) {
            let stretcher = GatedStretcher()
            let test = try TestVault(
                keyring: TestKeys.passphraseKeyring(), stretcher: stretcher,
                eraseKeys: { KeyMemory.eraseAll() })
            try await test.vault.recordService(.vaultCreated)
            let slot = test.keyring.keys.file.slots[0].id
            let elsewhere = StepExecutor()
            elsewhere.release()
            let attempt = Task(executorPreference: elsewhere) {
                try await refusal {
                    _ = try await test.vault.proveSlot(
                        slot, FixedVault.typed(TestKeys.passphrase), test.call())
                }
            }
            stretcher.awaitArrival()
            // The child answers only after the keys are gone.
            try await test.vault.seal(test.call())
            try #require(test.keyFiles.isMarkedSealed)
            stretcher.open()
            try #require(try await attempt.value == .sealed)
            test.stop()
        }
    }

    @Test("a reading under way ends as sealed when the keys are erased, never short or wrong")
    func reading() async {
        await #expect(processExitsWith: .success) {
            let test = try TestVault(eraseKeys: { KeyMemory.eraseAll() })
            let id = try await test.put(TestImages.large).image.image
            let image = try await test.vault.open(id, claim: .unnamed, test.call())
            try #require(image.frames.count == 3)
            _ = try await test.vault.frame(0, of: image)
            try await test.vault.seal(test.call())
            for index in 1...2 {
                let code = try await refusal {
                    _ = try await test.vault.frame(index, of: image)
                }
                try #require(code == .sealed)
            }
            test.stop()
        }
    }

    @Test("what waits for the writer when the keys go is refused, and leaves no row of erased keys")
    func waitingChange() async {
        await #expect(processExitsWith: .success) {
            let gate = GatedCatalog(MemoryCatalog())
            let test = try TestVault(catalog: gate, eraseKeys: { KeyMemory.eraseAll() })
            try await test.vault.recordService(.vaultCreated)
            gate.close()
            let put = Task {
                try await refusal { try await test.put(TestImages.small) }
            }
            // The transaction has its keyring, and waits.
            gate.awaitArrival()
            let sealing = Task { try await test.vault.seal(test.call()) }
            while !test.vault.isSealed { await Task.yield() }
            // Until the keys are zero.
            while !test.keyring.isErased { await Task.yield() }
            gate.open()
            try await sealing.value
            try #require(try await put.value == .sealed)
            try #require(try gate.totals().images == 0)
            let events = try gate.events()
            try #require(events.last?.action == .vaultSealed)
            try #require(events.contains { $0.action == .imagePut && $0.outcome == .failed })
            test.stop()
        }
    }
}
