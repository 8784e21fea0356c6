// Unsealing at run time: what opens the vault, what does not, and what the log says of it.

import Testing
import Vault
import VaultCrypto
import VaultFormat
import VaultTestKit

@Suite("Unsealing")
struct UnsealTests {
    /// A sealed vault with one event, that ``TestKeys/passphrase`` opens.
    private struct Sealed {
        let test: TestVault
        let slot: SlotID

        init(
            faults: Faults = Faults(), keyFile: KeyFile? = nil,
            stretcher: any PassphraseStretcher = InProcessStretcher()
        ) async throws {
            let keyring = try TestKeys.passphraseKeyring()
            slot = keyring.keys.file.slots[0].id
            let open = try TestVault(
                catalog: MemoryCatalog(faults: faults), keyring: keyring,
                keyFiles: MemoryKeyFiles([keyFile ?? keyring.keys.file]), stretcher: stretcher)
            try await open.vault.recordService(.vaultCreated)
            open.stop()
            test = try open.reopened(isSealed: true)
        }

        @discardableResult
        func unseal(_ text: String = TestKeys.passphrase) async throws -> SlotID {
            let result = try await test.vault.unseal(FixedVault.typed(text), test.call())
            guard case .opened(let slot) = result else { throw VaultError(.internalError) }
            return slot
        }
    }

    @Test("a slot's secret opens the vault, and the log says which slot before a key is used")
    func opens() async throws {
        let sealed = try await Sealed()
        defer { sealed.test.stop() }
        let slot = try await sealed.unseal()
        #expect(slot == sealed.slot)
        #expect(!sealed.test.vault.isSealed)
        try await sealed.test.put(TestImages.small)
        let log = try sealed.test.log()
        #expect(
            log.map(\.summary).suffix(3)
                == ["vault.unsealed done", "slot.proved done", "image.put done"])
        let page = try await sealed.test.vault.events(from: 1, limit: 1, sealed.test.call())
        let body = String(decoding: try #require(page.events.first?.body), as: UTF8.self)
        #expect(body.contains("\"slot\":\"\(slot.hex)\""))
    }

    @Test(
        "each secret that does not open is refused with its code, and is an event",
        arguments: [
            ("not that one", ErrorCode.wrongSecret), ("imagevault-key-1:00", .malformedSecret),
        ])
    func refusals(secret: String, code: ErrorCode) async throws {
        let sealed = try await Sealed()
        defer { sealed.test.stop() }
        #expect(try await refusal { try await sealed.unseal(secret) } == code)
        #expect(sealed.test.vault.isSealed)
        #expect(try sealed.test.log().last?.summary == "vault.unsealed refused \(code.rawValue)")
    }

    @Test("a vault that is open has no use for a secret")
    func notSealed() async throws {
        let sealed = try await Sealed()
        defer { sealed.test.stop() }
        try await sealed.unseal()
        #expect(try await refusal { try await sealed.unseal() } == .notSealed)
    }

    @Test("a keyring that the catalog was not written under stays closed")
    func otherKeyring() async throws {
        let sealed = try await Sealed(keyFile: TestKeys.passphraseKeyring().keys.file)
        defer { sealed.test.stop() }
        #expect(try await refusal { try await sealed.unseal() } == .keyringRefused)
        #expect(sealed.test.vault.isSealed)
    }

    @Test("while one attempt runs, another is told to come back")
    func oneAtATime() async throws {
        let stretcher = GatedStretcher()
        let sealed = try await Sealed(stretcher: stretcher)
        defer { sealed.test.stop() }
        let elsewhere = StepExecutor()
        elsewhere.release()
        let first = Task(executorPreference: elsewhere) { try await sealed.unseal() }
        stretcher.awaitArrival()
        #expect(try await refusal { try await sealed.unseal() } == .overloaded)
        stretcher.open()
        #expect(try await first.value == sealed.slot)
    }

    @Test("a child that fails refuses the attempt, and the next may succeed")
    func failingChild() async throws {
        let stretcher = GatedStretcher(failures: 1)
        let sealed = try await Sealed(stretcher: stretcher)
        defer { sealed.test.stop() }
        stretcher.open()
        stretcher.open()
        #expect(try await refusal { try await sealed.unseal() } == .overloaded)
        #expect(try await sealed.unseal() == sealed.slot)
    }

    @Test("an unsealing that cannot be put on record does not happen")
    func noRecord() async throws {
        let faults = Faults()
        let sealed = try await Sealed(faults: faults)
        defer { sealed.test.stop() }
        faults.arm("commit", .unavailable(5))
        #expect(try await refusal { try await sealed.unseal() } == .auditUnavailable)
        #expect(sealed.test.vault.isSealed)
    }
}
