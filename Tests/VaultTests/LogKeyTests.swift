// The log's key: its slots, and how one key takes the place of another, over whatever fails on the way.

import Synchronization
import Testing
import Vault
import VaultCrypto
import VaultFormat
import VaultTestKit

@Suite("The log's key")
struct LogKeyTests {
    struct Fixture {
        let test: TestVault
        let faults = Faults()
        let files: MemoryKeyFiles

        init(outages: Outages = .lasting) async throws {
            let keyring = try TestKeys.keyring()
            let logKey = try TestKeys.passphraseLogKey(of: keyring.vault)
            let files = MemoryKeyFiles([keyring.keys.file, logKey.file], faults: faults)
            self.files = files
            test = try TestVault(
                catalog: MemoryCatalog(faults: faults), keyring: keyring,
                openLogKey: {
                    guard let file = files.file(.logKey) else { return nil }
                    return try? FixedVault.open(file, secret: TestKeys.passphrase)
                }, keyFiles: files, outages: outages)
            try await test.vault.recordService(.vaultCreated)
        }

        var signer: LogSigner {
            get throws { try #require(test.vault.logSigner) }
        }

        func rotate() async throws -> LogSigner {
            try await test.vault.rotateLogKey(test.call())
        }

        /// The notes of the successions that the log has.
        func notes() throws -> [String] {
            try test.log().filter { $0.summary == "log-key.rotated done" }.compactMap(\.note)
        }
    }

    /// Whether both keys signed a note.
    private func isSigned(_ note: String, by signers: [LogSigner]) throws -> Bool {
        let parts = try #require(note.firstRange(of: "\n\n"))
        let text = Array(note[..<parts.lowerBound].utf8) + [0x0A]
        let lines = note[parts.upperBound...].split(separator: "\n")
        guard lines.count == signers.count else { return false }
        return try zip(lines, signers).allSatisfy { line, signer in
            let encoded = try #require(line.split(separator: " ").last)
            let bytes = try Base64.decode(String(encoded))
            return Array(bytes.prefix(4)) == signer.keyID
                && LogSigner.verify(
                    Array(bytes.dropFirst(4)), of: text, publicKey: signer.publicKey)
        }
    }

    @Test("a rotation is signed by both keys, and the old one is in no file any more")
    func rotates() async throws {
        let vault = try await Fixture()
        defer { vault.test.stop() }
        let old = try vault.signer
        let new = try await vault.rotate()
        #expect(new.number == 2 && new.publicKey != old.publicKey)
        #expect(try vault.signer.publicKey == new.publicKey)
        let file = try #require(vault.files.file(.logKey))
        #expect(file.generation == 3 && file.entries.map(\.number) == [2])
        let note = try #require(try vault.notes().first)
        #expect(
            note.hasPrefix("\(old.origin)/log-key\n2\n\(old.verifierKey)\n\(new.verifierKey)\n"))
        #expect(try isSigned(note, by: [old, new]))
        #expect(try !isSigned(note, by: [new, old]))
        let third = try await vault.rotate()
        #expect(third.number == 3)
        #expect(try isSigned(try #require(try vault.notes().last), by: [new, third]))
    }

    @Test("checkpoints are signed by the new key from the event on, over a restart too")
    func restarts() async throws {
        let vault = try await Fixture()
        let old = try vault.signer
        /// Whether the checkpoint is the old key's, and whether it is the new one's.
        func signs(_ test: TestVault, _ signers: [LogSigner]) async throws -> [Bool] {
            let text = try #require(try await test.vault.checkpoint(test.call()))
            let note = try SignedNote(parsing: text)
            return try signers.map { try NoteVerifier(line: $0.verifierKey).verifies(note) }
        }
        #expect(try await signs(vault.test, [old]) == [true])
        let new = try await vault.rotate()
        #expect(try await signs(vault.test, [old, new]) == [false, true])
        vault.test.stop()
        let again = try vault.test.reopened()
        defer { again.stop() }
        #expect(again.vault.logSigner?.publicKey == new.publicKey)
        #expect(try await signs(again, [old, new]) == [false, true])
    }

    @Test("whatever fails on the way, the key that signs is the one that the log names")
    func failures() async throws {
        var step = 1
        while true {
            let vault = try await Fixture()
            let old = try vault.signer
            vault.faults.arm(step: step, .unavailable(5))
            _ = try? await vault.rotate()
            let failed = vault.faults.failed
            vault.faults.disarm()
            vault.test.stop()
            guard let failed else { break }
            let again = try vault.test.reopened()
            defer { again.stop() }
            let rotated = try vault.notes().count
            let signer = try #require(again.vault.logSigner)
            #expect(signer.number == UInt32(rotated + 1), "step \(step): \(failed)")
            if rotated == 0 { #expect(signer.publicKey == old.publicKey) }
            // And the next rotation takes it on from there.
            let next = try await again.vault.rotateLogKey(again.call())
            #expect(next.number == UInt32(rotated + 2), "step \(step): \(failed)")
            let file = try #require(vault.files.file(.logKey))
            #expect(file.entries.map(\.number) == [next.number])
            step += 1
        }
        #expect(step > 6)
    }

    @Test("nor does a failed flush that turns out to have worked, without a restart")
    func failuresWithoutRestart() async throws {
        var (step, afterTheFact) = (1, 0)
        while true {
            let vault = try await Fixture(outages: Outages(patience: .seconds(3600), pause: .zero))
            defer { vault.test.stop() }
            let old = try vault.signer
            vault.faults.arm(step: step, .unavailable(5))
            let isTold = (try? await vault.rotate()) != nil
            let failed = vault.faults.failed
            vault.faults.disarm()
            guard let failed else { break }
            while vault.test.vault.committer.logState != .writable {
                try await Task.sleep(for: .milliseconds(20))
            }
            let rotated = try vault.notes().count
            if rotated == 1, !isTold { afterTheFact += 1 }
            let signer = try vault.signer
            #expect(signer.number == UInt32(rotated + 1), "step \(step): \(failed)")
            if rotated == 0 { #expect(signer.publicKey == old.publicKey) }
            let next = try await vault.rotate()
            #expect(next.number == UInt32(rotated + 2), "step \(step): \(failed)")
            #expect(try vault.signer.publicKey == next.publicKey)
            let note = try #require(try vault.notes().last)
            #expect(try isSigned(note, by: [signer, next]), "step \(step): \(failed)")
            step += 1
        }
        #expect(afterTheFact > 0)
    }

    @Test("after a seal a slot of its own opens it again, once the vault is open, and not before")
    func sealed() async throws {
        let keyring = try TestKeys.passphraseKeyring()
        let logKey = try TestKeys.passphraseLogKey(of: keyring.vault)
        // Nobody opens it at the start of the daemon but this once.
        let isFirst = Mutex(true)
        let test = try TestVault(
            keyring: keyring,
            openLogKey: {
                isFirst.withLock { isFirst in
                    defer { isFirst = false }
                    return isFirst ? logKey : nil
                }
            }, keyFiles: MemoryKeyFiles([keyring.keys.file, logKey.file]))
        defer { test.stop() }
        try await test.vault.recordService(.vaultCreated)
        #expect(test.vault.logSigner != nil)
        func unseal(_ kind: KeyFile.Kind) async throws -> Unsealing {
            try await test.vault.unseal(
                FixedVault.typed(TestKeys.passphrase), of: kind, test.call())
        }
        try await test.vault.seal(test.call())
        #expect(test.vault.logSigner == nil)
        #expect(try await refusal { _ = try await unseal(.logKey) } == .sealed)
        _ = try await unseal(.keyring)
        #expect(test.vault.logSigner == nil)
        #expect(try await unseal(.logKey) == .opened(by: logKey.file.slots[0].id))
        #expect(test.vault.logSigner != nil)
    }

    @Test("of two keys in the file the log says which one a slot opens for signing")
    func openedBetween() async throws {
        let keyring = try TestKeys.keyring()
        let logKey = try TestKeys.passphraseLogKey(of: keyring.vault)
        let both = try LogSigner(logKey).extended(createdMicroseconds: 1)
        let test = try TestVault(
            keyring: keyring, openLogKey: { nil },
            keyFiles: MemoryKeyFiles([keyring.keys.file, both.file]))
        defer { test.stop() }
        try await test.vault.recordService(.vaultCreated)
        _ = try await test.vault.unseal(
            FixedVault.typed(TestKeys.passphrase), of: .logKey, test.call())
        #expect(test.vault.logSigner?.number == 1)
        // Whoever had a slot of the file knows the second key: the next one is another.
        let left = try LogSigner(both, number: 2).publicKey
        let next = try await test.vault.rotateLogKey(test.call())
        #expect(next.number == 2 && next.publicKey != left)
    }

    @Test("its slots are its own: added, proved and removed apart from the keyring's")
    func slots() async throws {
        let vault = try await Fixture()
        defer { vault.test.stop() }
        let (vaultd, call) = (vault.test.vault, vault.test.call())
        let secret = "a passphrase for the log"
        let (slot, list) = try await vaultd.addSlot(
            FixedVault.typed(secret), label: SlotLabel("auditor"), to: .logKey, call)
        #expect(list.kind == .logKey && list.generation == 2 && list.slots.count == 2)
        #expect(try await vaultd.slots(call).slots.count == 1)
        let first = list.slots[0].slot.id
        #expect(
            try await refusal { _ = try await vaultd.removeSlot(first, call) } == .lastProvedSlot)
        let proved = try await vaultd.proveSlot(slot, FixedVault.typed(secret), call).0
        #expect(proved.slots[1].provedMicroseconds != nil)
        let left = try await vaultd.removeSlot(first, call)
        #expect(left.kind == .logKey && left.slots.map(\.slot.id) == [slot])
        let file = try #require(vault.files.file(.logKey))
        #expect((try? FixedVault.open(file, secret: TestKeys.passphrase)) == nil)
        let opened = try LogSigner(FixedVault.open(file, secret: secret))
        #expect(opened.publicKey == (try vault.signer.publicKey))
        let event = try #require(try vault.test.log().last { $0.action == "slot.removed" })
        #expect(event.keyFile == "log-key" && event.generation == 3)
    }

    @Test("a log key that is not open changes nothing, and a slot of its own opens it")
    func closed() async throws {
        let keyring = try TestKeys.keyring()
        let logKey = try TestKeys.passphraseLogKey(of: keyring.vault)
        let test = try TestVault(
            keyring: keyring, openLogKey: { nil },
            keyFiles: MemoryKeyFiles([keyring.keys.file, logKey.file]))
        defer { test.stop() }
        try await test.vault.recordService(.vaultCreated)
        #expect(
            try await refusal { _ = try await test.vault.rotateLogKey(test.call()) }
                == .logKeySealed)
        let secret = "another passphrase"
        let added = try await refusal {
            _ = try await test.vault.addSlot(
                FixedVault.typed(secret), label: SlotLabel("a"), to: .logKey, test.call())
        }
        #expect(added == .logKeySealed)
        func unseal(_ text: String) async throws -> Unsealing {
            try await test.vault.unseal(FixedVault.typed(text), of: .logKey, test.call())
        }
        #expect(try await refusal { _ = try await unseal(secret) } == .wrongSecret)
        #expect(try await unseal(TestKeys.passphrase) == .opened(by: logKey.file.slots[0].id))
        #expect(test.vault.logSigner?.publicKey == (try LogSigner(logKey).publicKey))
        #expect(try await refusal { _ = try await unseal(TestKeys.passphrase) } == .notSealed)
    }
}
