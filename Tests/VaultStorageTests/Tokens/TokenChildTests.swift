// Tokens as the daemon asks them: a real child of vaultd, and real SoftHSM2 and swtpm behind it.

import Foundation
import Glibc
import Testing
import VaultCrypto
import VaultFormat
import VaultTestKit

@testable import VaultStorage

/// What the daemon's slots are asked by. vaultd says the same.
private struct AskedToken: SlotToken {
    let child: SlotChild

    func keep(
        _ secret: UnsafeRawBufferPointer, of slot: TokenSlot, pin: UnsafeRawBufferPointer,
        nonce: [UInt8]
    ) throws(TokenFault) -> [UInt8] {
        try unsafe child.keep(secret, of: slot, pin: pin, nonce: nonce)
    }

    func giveBack(
        _ slot: TokenSlot, parameters: [UInt8], pin: UnsafeRawBufferPointer, isUnattended: Bool,
        into secret: UnsafeMutableRawBufferPointer
    ) throws(TokenFault) {
        try unsafe child.giveBack(
            slot, parameters: parameters, pin: pin, isUnattended: isUnattended, into: secret)
    }

    func forget(_ slot: TokenSlot) { child.forget(slot) }
}

/// A keyring's file with one slot on a token, and the child that opens it.
private struct TokenVault: ~Copyable {
    let kind: KeySlot.Kind
    let settings: TokenSettings
    let file: KeyFile

    init(_ kind: KeySlot.Kind, _ settings: TokenSettings, pin: String = SoftHSM.pin) throws {
        self.kind = kind
        self.settings = settings
        let vault: VaultID = try Random.id()
        let root = try Secret<RootKey>.random()
        let slot = try Self.asking(settings) { token in
            try SlotCipher.make(
                kind, label: "token", vault: vault, token: token,
                pin: FixedVault.typed(kind == .tpm2 ? "" : pin), root: root,
                createdMicroseconds: 1)
        }
        let made = try KeyFileCipher.make(
            kind: .keyring, vault: vault, slots: [slot],
            entries: Keyring.initialEntries(createdMicroseconds: 3), root: root)
        file = try KeyFile(parsing: made.file.encoded)
    }

    private static func asking<R>(
        _ settings: TokenSettings, _ body: (AskedToken) throws -> R
    ) throws -> R {
        let child = try SlotChild(program: Built.path("vaultd"), tokens: settings)
        defer { child.shutdown() }
        return try body(AskedToken(child: child))
    }

    /// The next generation of the file, sealed to the slot while its token is not asked.
    func resealed(pin: String = SoftHSM.pin) throws -> KeyFile {
        let opened = try Self.asking(settings) { token in
            let opener = try TokenSlotOpener(
                file.slots[0], token: token, pin: FixedVault.typed(kind == .tpm2 ? "" : pin))
            return try KeyFileCipher.open(file, with: opener).keys
        }
        return try KeyFileCipher.resealed(opened).file
    }

    /// Why the slot does not open; nil where it does.
    func fault(
        pin: String = SoftHSM.pin, unattended: Bool = false, settings: TokenSettings? = nil,
        slot: KeySlot? = nil, vault: VaultID? = nil
    ) throws -> TokenFault.Kind? {
        do {
            try Self.asking(settings ?? self.settings) { token in
                let slot = slot ?? file.slots[0]
                let opener = try TokenSlotOpener(
                    slot, token: token, pin: FixedVault.typed(kind == .tpm2 ? "" : pin),
                    isUnattended: unattended)
                _ = try opener.root(of: slot, vault: vault ?? file.vault)
            }
            return nil
        } catch let fault as TokenFault {
            return fault.kind
        }
    }
}

@Suite(
    "A slot on a PKCS #11 token",
    .enabled(if: SoftHSM.missing == nil, "\(SoftHSM.missing ?? "")"))
struct PKCS11ChildTests {
    private func settings(
        _ hsm: SoftHSM, module: String = SoftHSM.module, token: String = SoftHSM.label,
        key: String = SoftHSM.key
    ) throws -> TokenSettings {
        TokenSettings(
            pkcs11: .init(
                module: module, token: try TokenText(token), key: try TokenText(key),
                environment: hsm.environment))
    }

    @Test("opens with the PIN, and under a root that was made without the token")
    func opens() throws {
        let hsm = try SoftHSM()
        let vault = try TokenVault(.pkcs11, settings(hsm))
        #expect(try vault.fault() == nil)
        #expect(try vault.fault(unattended: true) == nil)
        let next = try vault.resealed()
        #expect(next.generation == 2 && next.slots[0].sealedRoot != vault.file.slots[0].sealedRoot)
        #expect(try vault.fault(slot: next.slots[0]) == nil)
    }

    @Test("says what is wrong: PIN, token, key, module, or that there is none")
    func faults() throws {
        let hsm = try SoftHSM()
        let vault = try TokenVault(.pkcs11, settings(hsm))
        #expect(try vault.fault(settings: settings(hsm, token: "another")) == .unavailable)
        #expect(
            try vault.fault(settings: settings(hsm, module: "/nonexistent.so")) == .moduleFailed)
        let noModule = "/usr/lib/x86_64-linux-gnu/libsodium.so.23"
        #expect(try vault.fault(settings: settings(hsm, module: noModule)) == .moduleFailed)
        #expect(try vault.fault(settings: TokenSettings()) == .notConfigured)
        #expect(try hsm.withoutToken { try vault.fault() } == .unavailable)
        #expect(try vault.fault() == nil)
        try hsm.removeKey()
        #expect(try vault.fault() == .keyUnfit)
        try hsm.makeKey()
        #expect(try vault.fault() == .keyUnfit, "another key of the same name")
    }

    @Test("is not asked by a module that somebody else could have written, however late")
    func foreignModule() throws {
        let hsm = try SoftHSM()
        let directory = try TestDirectory()
        let module = directory("module.so")
        // What is there may be a link.
        try Data(contentsOf: URL(fileURLWithPath: SoftHSM.module)).write(
            to: URL(fileURLWithPath: module))
        _ = unsafe chmod(module, 0o644)
        let vault = try TokenVault(.pkcs11, settings(hsm, module: module))
        #expect(try vault.fault() == nil)
        for mode in [0o666, 0o664] as [mode_t] {
            _ = unsafe chmod(module, mode)
            #expect(try vault.fault() == .moduleFailed)
        }
        _ = unsafe chmod(module, 0o644)
        #expect(try vault.fault() == nil)
    }

    @Test("does not choose between two tokens of one name, or two keys")
    func ambiguous() throws {
        let hsm = try SoftHSM()
        try hsm.makeKey()
        #expect(throws: TokenFault(.keyUnfit)) { _ = try TokenVault(.pkcs11, settings(hsm)) }
        try hsm.addToken()
        #expect(throws: TokenFault(.unavailable)) { _ = try TokenVault(.pkcs11, settings(hsm)) }
    }

    @Test("a wrong PIN is one attempt, and after it only somebody who is there tries another")
    func wrongPIN() throws {
        let hsm = try SoftHSM()
        let vault = try TokenVault(.pkcs11, settings(hsm))
        #expect(try vault.fault(pin: "4711-0816") == .wrongPIN)
        #expect(try vault.fault(unattended: true) == .locked, "the right one, and yet")
        #expect(try vault.fault() == nil)
        #expect(try vault.fault(unattended: true) == nil)
    }

    @Test("opens what the second implementation sealed, and refuses what it changed")
    func vectors() throws {
        let vectors = try Vectors.load("tokens", as: VectorFile<TokenVector>.self)
        let hsm = try SoftHSM()
        let child = try SlotChild(program: Built.path("vaultd"), tokens: settings(hsm))
        defer { child.shutdown() }
        let key = try #require(vectors.opens.first).tokenKey.bytes
        for label in vectors.opens.compactMap(\.label) + ["imported"] {
            try hsm.importKey(key, label: label)
        }
        for vector in vectors.opens {
            let secret = try secret(vector.parameters.bytes, vector, child)
            #expect(try secret.get() == vector.secret?.bytes, "\(vector.rule)")
        }
        for vector in vectors.refusals where vector.refusedBy == "token" {
            let sealed = try PKCS11Parameters(parsing: vector.parameters.bytes)
            let parameters = try PKCS11Parameters(
                key: TokenText("imported"), nonce: sealed.nonce, sealedSecret: sealed.sealedSecret)
            let answer = try secret(parameters.encoded, vector, child)
            #expect(answer.kind == .keyUnfit, "\(vector.rule)")
            #expect(TokenFault(.keyUnfit).code.rawValue == vector.code)
        }
    }

    /// What the token gives back for a vector.
    private func secret(
        _ parameters: [UInt8], _ vector: TokenVector, _ child: SlotChild
    ) throws -> Result<[UInt8], TokenFault> {
        let slot = try vector.slot()
        var secret = [UInt8](repeating: 0, count: 32)
        let pin = Array(SoftHSM.pin.utf8)
        let fault = unsafe secret.withUnsafeMutableBytes { out in
            unsafe pin.withUnsafeBytes { pin -> TokenFault? in
                do throws(TokenFault) {
                    try unsafe child.giveBack(
                        slot, parameters: parameters, pin: pin, isUnattended: false, into: out)
                    return nil
                } catch {
                    return error
                }
            }
        }
        return fault.map { .failure($0) } ?? .success(secret)
    }

    @Test("opens no other slot and no other vault")
    func bound() throws {
        let hsm = try SoftHSM()
        let vault = try TokenVault(.pkcs11, settings(hsm))
        let other = try TokenVault(.pkcs11, settings(hsm))
        let mine = try SoftwareSlotBody(parsing: vault.file.slots[0].body)
        let its = try SoftwareSlotBody(parsing: other.file.slots[0].body)
        for (parameters, salt) in [(its.parameters, mine.salt), (mine.parameters, its.salt)] {
            let body = try SoftwareSlotBody(
                parameters: parameters, salt: salt, commitment: mine.commitment,
                nonce: mine.nonce, sealedPrivateKey: mine.sealedPrivateKey)
            #expect(
                try vault.fault(slot: vault.file.slots[0].with(body: body.encoded)) == .keyUnfit)
        }
        #expect(try vault.fault(vault: other.file.vault) == .keyUnfit)
    }
}

@Suite(
    "A slot in a TPM", .enabled(if: SoftTPM.missing == nil, "\(SoftTPM.missing ?? "")"))
struct TPM2ChildTests {
    private func settings(_ tpm: SoftTPM, policy: String = "") -> TokenSettings {
        TokenSettings(tpm2: .init(configuration: tpm.configuration, policy: policy))
    }

    @Test("opens where that TPM is, and says what is wrong elsewhere")
    func opens() throws {
        let tpm = try SoftTPM()
        let vault = try TokenVault(.tpm2, settings(tpm))
        #expect(try vault.fault() == nil)
        #expect(try vault.fault(settings: TokenSettings()) == .notConfigured)
        let nowhere = TokenSettings(tpm2: .init(configuration: "/nonexistent", policy: ""))
        #expect(try vault.fault(settings: nowhere) == .moduleFailed)
        // It names what is loaded to speak to the TPM.
        _ = unsafe chmod(tpm.configuration, 0o666)
        #expect(try vault.fault() == .moduleFailed)
        _ = unsafe chmod(tpm.configuration, 0o644)
        tpm.stop()
        #expect(try vault.fault() == .unavailable)
        try tpm.start()
        #expect(try vault.fault() == nil)
        try tpm.exchange()
        #expect(try vault.fault() == .keyUnfit)
    }

    @Test("is gone when the TPM was told to forget it")
    func forgotten() throws {
        let tpm = try SoftTPM()
        let vault = try TokenVault(.tpm2, settings(tpm))
        let body = try SoftwareSlotBody(parsing: vault.file.slots[0].body)
        let child = try SlotChild(program: Built.path("vaultd"), tokens: settings(tpm))
        defer { child.shutdown() }
        child.forget(TokenSlot(kind: .tpm2, vault: vault.file.vault, salt: body.salt))
        #expect(try vault.fault() == .keyUnfit)
    }

    @Test("with a policy opens while the policy is met")
    func policy() throws {
        let tpm = try SoftTPM()
        try tpm.importPolicy("/policy/state")
        let vault = try TokenVault(.tpm2, settings(tpm, policy: "/policy/state"))
        #expect(try vault.fault() == nil)
        try tpm.extendPCR()
        #expect(try vault.fault() == .keyUnfit)
    }
}

extension KeySlot {
    fileprivate func with(body: [UInt8]) throws -> KeySlot {
        try KeySlot(
            id: id, kind: kind, createdMicroseconds: createdMicroseconds, label: label,
            recipient: recipient, sealedRoot: sealedRoot, body: body)
    }
}

extension Result where Failure == TokenFault {
    /// Why it failed.
    fileprivate var kind: TokenFault.Kind? {
        if case .failure(let fault) = self { fault.kind } else { nil }
    }
}
