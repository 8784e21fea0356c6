// The register of copies of the keyring, by the real programs.

import Testing
import VaultTestKit

@Suite("Copies of the keyring", .vault)
struct EscrowTests {
    @Test("a registered copy keeps a receipt below level 3 until it is attested destroyed")
    func holdsBack() throws {
        let vault = try TestVault(arguments: ["--set", "operations.share=100"])
        let gone = try vault.store(Sample.jpeg(1))
        let copy = try vault.vaultctlJSON(["escrows", "register", "--note", "safe, bank"])
        let escrow = try #require(copy["id"].text)
        #expect(copy["epochs"].list.map(\.number) == [1])
        #expect(copy["destroyed"] == .null)
        let receipt = try #require(try vault.delete(gone).json["receipt"].text)
        #expect(try vault.vaultctl("keys", "rotate", "--wait").ending == .exited(0))
        // Of today's keyring: it has epoch 2 as well, and 1 while that is not destroyed.
        let later = try vault.vaultctlJSON(["escrows", "register", "--epoch", "2"])
        #expect(later["epochs"].list.map(\.number) == [2])
        #expect(try vault.vaultctl("keys", "destroy-epoch", "1").ending == .exited(0))
        let waiting = try vault.receipt(receipt, at: 2)
        #expect(waiting["waits"].list.map { $0["escrow"].text } == [escrow])
        #expect(waiting["waits"].list.first?["level"].number == 3)
        let shown = try vault.vaultctl("receipt", "show", receipt)
        #expect(shown.output.contains("vaultctl escrows attest \(escrow)"))

        let attested = try vault.vaultctl("escrows", "attest", escrow)
        #expect(attested.output.contains("by uid "), "\(attested.errors)")
        let done = try vault.receipt(receipt, at: 3)
        #expect(done["attested"].list.map { $0["escrow"].text } == [escrow])
        let file = vault.folder.path("receipt.txt")
        #expect(
            try vault.vaultctl("receipt", "show", receipt, "--output", file).output.contains(
                "escrow \(escrow)  by uid"))
        let verified = try vault.verify("receipt", file, "--key", vault.publicKey)
        #expect(verified.output.contains("level         3: "), "\(verified.errors)")
        #expect(verified.output.contains("attested      escrow \(escrow)"))

        // The first word stands, also after a restart.
        try vault.stop()
        try vault.start()
        let again = try vault.vaultctlJSON(["escrows", "attest", escrow])
        #expect(again["destroyed"]["at"] == done["attested"].list.first?["at"])
        let list = try vault.vaultctl("escrows", "ls")
        #expect(list.output.contains("safe, bank") && list.output.contains(" by uid "))
        let events = try vault.events().compactMap { $0["action"].text }
        #expect(events.contains("escrow.registered") && events.contains("escrow.attested"))
    }

    @Test("only a copy that is registered is attested, and only of epochs that there are")
    func unknown() throws {
        let vault = try TestVault()
        let none = String(repeating: "0", count: 32)
        #expect(try vault.vaultctl("escrows", "attest", none).ending == .exited(4))
        for id in [none, "x"] {
            let answer = try vault.ask("POST", "/v1/escrows/\(id)/attestation", door: "admin")
            #expect(answer.code == "unknown-escrow", "\(answer.summary)")
        }
        let never = try vault.vaultctl("escrows", "register", "--epoch", "7")
        #expect(never.ending == .exited(4) && never.errors.contains("unknown-epoch"))
        #expect(try vault.vaultctl("escrows", "ls").output.isEmpty)
        #expect(try vault.ask("GET", "/v1/escrows").code == "unknown-route")
        let key = ["--key", "copy-1"]
        let first = try vault.vaultctlJSON(["escrows", "register"] + key)
        #expect(try vault.vaultctlJSON(["escrows", "register"] + key) == first)
        let listed = try vault.vaultctl("escrows", "ls", "--json").output
        #expect(listed.split(separator: "\n").count == 1)
    }
}
