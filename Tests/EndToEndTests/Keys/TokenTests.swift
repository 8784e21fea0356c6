// Slots on real tokens, over the admin socket and by vaultctl: SoftHSM2 and swtpm.

import Foundation
import Testing
import VaultTestKit

/// A vault whose daemon knows a token, and what a test asks it.
private final class TokenedVault {
    let vault: TestVault

    /// - Parameters:
    ///   - settings: of the section `keys`.
    ///   - pin: for the start.
    init(_ settings: [String: String], pin: String? = nil) throws {
        let folder = try TestFolder()
        var settings = settings
        if let pin {
            try Disk.write(pin + "\n", to: folder.path("pin"))
            settings["pkcs11_pin_file"] = folder.path("pin")
        }
        vault = try TestVault(
            arguments: settings.flatMap { ["--set", "keys.\($0.key)=\($0.value)"] }, in: folder)
    }

    convenience init(_ hsm: SoftHSM, pin: String? = SoftHSM.pin) throws {
        try self.init(
            [
                "pkcs11_module": SoftHSM.module, "pkcs11_token": SoftHSM.label,
                "pkcs11_key": SoftHSM.key,
                "pkcs11_environment": hsm.environment.joined(separator: ","),
            ], pin: pin)
    }

    convenience init(_ tpm: SoftTPM) throws {
        try self.init(["tpm2_configuration": tpm.configuration])
    }

    func admin(_ method: String, _ path: String, _ body: String? = nil) throws -> Answer {
        try vault.ask(method, path, body: body.map { Array($0.utf8) }, door: "admin")
    }

    /// Adds a slot on a token. - Returns: its id.
    func add(_ kind: String, _ pin: String? = nil) throws -> String {
        let added = try admin("POST", "/v1/slots?label=token&token=\(kind)", pin)
        guard added.status == 201, let id = added.json["added"].text else {
            throw TestFailure("no slot: \(added.summary)")
        }
        return id
    }

    func prove(_ slot: String, _ pin: String? = nil) throws -> Answer {
        try admin("POST", "/v1/slots/\(slot)/proof", pin)
    }

    func unseal(_ slot: String, _ pin: String? = nil) throws -> Answer {
        try admin("POST", "/v1/unseal?slot=\(slot)", pin)
    }

    /// Takes the key file away, and starts again.
    func restart(keepingKeyFile: Bool = false) throws {
        try vault.stop()
        if !keepingKeyFile, Disk.exists(vault.rootKey) { try Disk.remove(vault.rootKey) }
        try vault.start()
    }

    var isSealed: Bool {
        get throws { try admin("GET", "/v1/status").json["sealed"].bool == true }
    }

    /// Adds a passphrase in the token's place.
    func replace(_ slot: String, by passphrase: String) throws {
        let added = try admin("POST", "/v1/slots?label=spoken", passphrase)
        let other = try #require(added.json["added"].text)
        #expect(try prove(other, passphrase).status == 200)
        #expect(try admin("DELETE", "/v1/slots/\(slot)").status == 200)
    }
}

@Suite(
    "A PKCS #11 token", .enabled(if: SoftHSM.missing == nil, "\(SoftHSM.missing ?? "")"))
struct PKCS11Tests {
    @Test("opens the vault at the start, also under a root that was made without it")
    func opensAtTheStart() throws {
        let hsm = try SoftHSM()
        let its = try TokenedVault(hsm)
        let image = Sample.jpeg(1)
        let id = try its.vault.store(image)
        let slot = try its.add("pkcs11", SoftHSM.pin)
        let proved = try its.prove(slot, SoftHSM.pin)
        #expect(proved.json["slots"].list.last?["proved"].text != nil, "\(proved.summary)")
        try its.restart()
        #expect(its.vault.journal.contains("opened by a token"))
        #expect(try its.vault.get(id).bytes == Bytes(image))
        let rotated = try hsm.withoutToken { try its.admin("POST", "/v1/keys/rotate-root") }
        #expect(rotated.json["generation"].number == 3, "\(rotated.summary)")
        try its.restart()
        #expect(try its.vault.get(id).bytes == Bytes(image))
    }

    @Test("opens a sealed vault by its PIN and by its name, and no slot that is not named")
    func unseals() throws {
        let hsm = try SoftHSM()
        let its = try TokenedVault(hsm)
        let slot = try its.add("pkcs11", SoftHSM.pin)
        #expect(try its.admin("POST", "/v1/seal").status == 200)
        try its.restart()
        #expect(try its.isSealed, "by command")
        #expect(try its.admin("POST", "/v1/unseal", SoftHSM.pin).code == "wrong-secret")
        #expect(try its.unseal(slot).code == "empty-body")
        #expect(try its.unseal(String(repeating: "0", count: 32), "x").code == "unknown-slot")
        let opened = try its.unseal(slot, SoftHSM.pin)
        #expect(opened.status == 200 && opened.json["slot"].text == slot, "\(opened.summary)")
        let words = try its.vault.events().filter { $0["action"].text == "vault.unsealed" }
        #expect(
            words.map { $0["code"].text } == ["wrong-secret", "empty-body", "unknown-slot", nil])
    }

    @Test("that is removed opens nothing more")
    func removed() throws {
        let hsm = try SoftHSM()
        let its = try TokenedVault(hsm)
        let slot = try its.add("pkcs11", SoftHSM.pin)
        try its.replace(slot, by: "battery staple horse")
        try its.restart()
        #expect(try its.isSealed)
        #expect(try its.unseal(slot, SoftHSM.pin).code == "unknown-slot")
        #expect(try its.admin("POST", "/v1/unseal", "battery staple horse").status == 200)
    }

    @Test("that is away leaves the vault sealed and says so, and opens it when it is back")
    func away() throws {
        let hsm = try SoftHSM()
        let its = try TokenedVault(hsm)
        let slot = try its.add("pkcs11", SoftHSM.pin)
        try hsm.withoutToken {
            try its.restart()
            #expect(try its.isSealed)
            #expect(its.vault.journal.contains("code=token-unavailable"))
            let refused = try its.unseal(slot, SoftHSM.pin)
            #expect(refused.code == "token-unavailable" && refused.status == 503)
            let none = try its.prove(slot, SoftHSM.pin)
            #expect(none.code == "sealed")
        }
        #expect(try its.unseal(slot, SoftHSM.pin).status == 200)
        try hsm.removeKey()
        #expect(try its.prove(slot, SoftHSM.pin).code == "token-key-unfit")
        #expect(
            try its.admin("POST", "/v1/slots?label=x&token=pkcs11", SoftHSM.pin).code
                == "token-key-unfit")
        #expect(try its.admin("GET", "/v1/slots").json["slots"].list.count == 2)
    }

    @Test(
        "gets a wrong PIN once: the next start leaves even the right one to somebody who is there")
    func wrongPIN() throws {
        let hsm = try SoftHSM()
        let its = try TokenedVault(hsm, pin: "4711-0816")
        let slot = try its.add("pkcs11", SoftHSM.pin)
        #expect(
            try its.admin("POST", "/v1/slots?label=x&token=pkcs11", "0000").code == "wrong-secret")
        #expect(try its.prove(slot, "4711-0816").code == "wrong-secret")
        // CKR_PIN_INCORRECT, for who looks it up.
        #expect(its.vault.journal.contains("kind=pkcs11 number=0xa0 reason=wrongPIN"))
        #expect(try its.prove(slot, SoftHSM.pin).status == 200)
        try its.restart()
        #expect(its.vault.journal.contains("code=wrong-secret"))
        #expect(!its.vault.journal.contains("4711-0816"))
        try Disk.write(SoftHSM.pin, to: its.vault.folder.path("pin"))
        try its.restart()
        #expect(try its.isSealed)
        #expect(its.vault.journal.contains("code=token-locked"))
        #expect(try its.unseal(slot, SoftHSM.pin).status == 200)
        try its.restart()
        #expect(try !its.isSealed)
    }

    @Test("has its module in no process that lives, and its PIN in no memory")
    func isolation() throws {
        let hsm = try SoftHSM()
        let its = try TokenedVault(hsm, pin: nil)
        let slot = try its.add("pkcs11", SoftHSM.pin)
        try its.restart()
        #expect(try its.isSealed, "there is no PIN for the start")
        #expect(try its.unseal(slot, SoftHSM.pin).status == 200)
        let daemon = try #require(its.vault.daemon)
        for process in [daemon.pid] + Family.children(of: daemon.pid) {
            let maps = try String(contentsOfFile: "/proc/\(process)/maps", encoding: .utf8)
            #expect(maps.contains("vaultd") || maps.contains("vaultinspect"))
            #expect(!maps.contains("softhsm"))
            guard Machine.isRoot else { continue }
            #expect(try !ProcessMemory(of: process).holds(Array(SoftHSM.pin.utf8)))
        }
    }

    @Test("is passed by, and told of, by a daemon that has no settings for it")
    func notConfigured() throws {
        let hsm = try SoftHSM()
        let its = try TokenedVault(hsm)
        let slot = try its.add("pkcs11", SoftHSM.pin)
        try its.vault.stop()
        let plain = try ChildProcess(
            Machine.program("vaultd"), ["serve", "--config", its.vault.configuration])
        defer { plain.signal(15) }
        try eventually("vaultd") { plain.errors.contains("\"serving\"") }
        #expect(try !its.isSealed, "the key file is there")
        let refused = try its.prove(slot, SoftHSM.pin)
        #expect(refused.code == "token-not-configured" && refused.status == 409)
        #expect(
            try its.admin("POST", "/v1/slots?label=x&token=tpm2").code == "token-not-configured")
        #expect(
            try its.admin("POST", "/v1/slots?label=x&token=stick").code == "invalid-parameter")
    }

    @Test("is added, proved and named to unseal by vaultctl")
    func command() throws {
        let hsm = try SoftHSM()
        let its = try TokenedVault(hsm)
        let pin = ["--secret-file", its.vault.folder.path("pin")]
        func vaultctl(_ arguments: [String]) throws -> String {
            let told = try its.vault.vaultctl(arguments + pin)
            #expect(told.ending == .exited(0), "\(told.errors)")
            return told.output
        }
        let added = try vaultctl(["slots", "add", "--label", "hsm", "--token", "pkcs11", "--json"])
        let slot = try #require(JSON.parse(added)["added"].text)
        #expect(try vaultctl(["slots", "prove", slot]).contains("pkcs11"))
        _ = try its.admin("POST", "/v1/seal")
        #expect(try vaultctl(["unseal", "--slot", slot]).contains(slot))
    }

    @Test(
        "has settings that name everything, in files that nobody else may write",
        arguments: [
            ("pkcs11_module", "module.so"), ("pkcs11_module", "/dev/null"),
            ("pkcs11_token", ""), ("pkcs11_key", "ä"), ("pkcs11_environment", "PATH"),
            ("pkcs11_environment", "a=b"), ("pkcs11_pin_credential", "pin"),
        ])
    func settings(key: String, value: String) throws {
        let its = try TokenedVault(try SoftHSM())
        try its.vault.stop()
        let words = try its.vault.refusalToStart(arguments: ["--set", "keys.\(key)=\(value)"])
        #expect(words.contains("keys.\(key)"), "\(words)")
    }
}

@Suite("A TPM 2", .enabled(if: SoftTPM.missing == nil, "\(SoftTPM.missing ?? "")"))
struct TPM2Tests {
    @Test("opens the vault at the start, also under a root that was made without it")
    func opensAtTheStart() throws {
        let tpm = try SoftTPM()
        let its = try TokenedVault(tpm)
        let image = Sample.jpeg(1)
        let id = try its.vault.store(image)
        let slot = try its.add("tpm2")
        let proved = try its.prove(slot)
        #expect(proved.json["slots"].list.last?["proved"].text != nil, "\(proved.summary)")
        tpm.stop()
        #expect(try its.admin("POST", "/v1/keys/rotate-root").json["generation"].number == 3)
        try tpm.start()
        try its.restart()
        #expect(its.vault.journal.contains("opened by a token"))
        #expect(try its.vault.get(id).bytes == Bytes(image))
        #expect(try its.admin("POST", "/v1/seal").status == 200)
        try its.restart()
        #expect(try its.isSealed, "by command")
        #expect(try its.admin("POST", "/v1/unseal").code == "empty-body")
        #expect(try its.unseal(slot).json["slot"].text == slot)
    }

    @Test("that is away, or another one, leaves the vault sealed and says so")
    func away() throws {
        let tpm = try SoftTPM()
        let its = try TokenedVault(tpm)
        let slot = try its.add("tpm2")
        tpm.stop()
        try its.restart()
        #expect(try its.isSealed)
        #expect(its.vault.journal.contains("code=token-unavailable"))
        #expect(try its.unseal(slot).code == "token-unavailable")
        try tpm.start()
        #expect(try its.unseal(slot).status == 200)
        try tpm.exchange()
        #expect(try its.prove(slot).code == "token-key-unfit")
    }

    @Test("has forgotten a slot that was removed: an old keyring does not open by it any more")
    func removed() throws {
        let tpm = try SoftTPM()
        let its = try TokenedVault(tpm)
        let slot = try its.add("tpm2")
        let old = try Disk.read("\(its.vault.state)/keyring")
        try its.replace(slot, by: "battery staple horse")
        try its.restart()
        #expect(try its.isSealed)
        #expect(try its.unseal(slot).code == "unknown-slot")
        try Disk.write(old, to: "\(its.vault.state)/keyring")
        try its.restart()
        #expect(try its.unseal(slot).code == "token-key-unfit")
    }
}
