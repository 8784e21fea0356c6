// Holds, by the real programs: what is held goes by no way.

import Testing
import VaultTestKit

@Suite("Holds", .vault)
struct HoldTests {
    private static let fast = ["--set", "operations.share=100"]

    @Test("a held image is neither deleted, replaced, erased in bulk, nor erased from quarantine")
    func image() throws {
        let vault = try TestVault(arguments: Self.fast)
        let owner = ["Vault-Owner: ada"]
        let id = try vault.store(Sample.jpeg(1), owner)
        let free = try vault.store(Sample.jpeg(2), owner)
        let hold = try #require(
            try vault.vaultctlJSON(["hold", "place", "--image", id, "--note", "case 7"])["id"].text)
        let refused = try vault.delete(id, owner)
        #expect(refused.status == 409 && refused.code == "held", "\(refused.summary)")
        #expect(try vault.put(Sample.jpeg(1), owner).code == "held")
        // Under a claim of its own it may be stored, and that claim is held too.
        #expect(try vault.store(Sample.jpeg(1), ["Vault-Job: j"]) == id)
        #expect(try vault.delete(id, ["Vault-Job: j"]).code == "held")

        let bulk = try vault.vaultctl("erase", "--owner", "ada", "--wait", door: "images")
        #expect(bulk.ending == .exited(1) && bulk.errors.contains("Left: 1 held, failed or not"))
        let receipt = String(bulk.output.prefix(32))
        #expect(try vault.receipt(receipt, at: 1)["left"].number == 1)
        let file = vault.folder.path("receipt.txt")
        let left = "1 held, failed or not come to: the level speaks only of what went"
        let shown = try vault.vaultctl("receipt", "show", receipt, "--output", file)
        #expect(shown.output.contains(left), "\(shown.errors)")
        let verified = try vault.verify("receipt", file, "--key", vault.publicKey)
        #expect(verified.output.contains("\nleft          \(left)\n"), "\(verified.errors)")
        #expect(try vault.get(free).code == "unknown-image")
        #expect(try vault.get(id, owner).bytes == Bytes(Sample.jpeg(1)))
        let operation = try #require(
            vault.ask("GET", "/v1/operations?limit=1", door: "admin").json["operations"].list.first)
        #expect(operation["kind"].text == "erase" && operation["failures"].number == 1)
        #expect(try vault.findings(operation).map { $0["code"].text } == ["held"])

        #expect(try vault.vaultctl("quarantine", "add", id).ending == .exited(0))
        let request = try vault.vaultctlJSON(["quarantine", "erase", id])
        let approval = [
            "quarantine", "approve", try #require(request["id"].text),
            try #require(request["digest"].text),
        ]
        #expect(try vault.vaultctl(approval).errors.contains("held"))
        let listed = try vault.vaultctl("hold", "ls")
        #expect(listed.output.contains("image \(id)") && listed.output.contains("case 7"))

        try vault.stop()
        try vault.start()
        #expect(try vault.vaultctl(approval).errors.contains("held"))
        #expect(try vault.vaultctl("hold", "release", hold).ending == .exited(0))
        #expect(try vault.vaultctl("hold", "ls").output.isEmpty)
        #expect(try vault.vaultctl(approval).ending == .exited(0))
        #expect(vault.blobs.isEmpty)
    }

    @Test(
        "a hold on an owner or a job holds their claims, also those to come, and no others",
        arguments: ["owner", "job"])
    func claims(kind: String) throws {
        let vault = try TestVault(arguments: Self.fast)
        let field = kind == "owner" ? "Vault-Owner" : "Vault-Job"
        let placed = try vault.vaultctl("hold", "place", "--\(kind)", "ada")
        #expect(placed.output.contains("one \(kind)") && !placed.output.contains("ada"))
        let id = try vault.store(Sample.jpeg(1), ["\(field): ada"])
        #expect(try vault.store(Sample.jpeg(1), ["\(field): bob"]) == id)
        #expect(try vault.delete(id, ["\(field): ada"]).code == "held")
        #expect(try vault.delete(id, ["\(field): bob"]).status == 200)
        let bulk = try vault.vaultctl("erase", "--\(kind)", "ada", "--wait", door: "images")
        #expect(bulk.ending == .exited(1), "\(bulk.output)")
        #expect(try vault.get(id).bytes == Bytes(Sample.jpeg(1)))
    }

    @Test("a held backup is neither expired nor stranded")
    func backup() throws {
        let vault = try TestVault(arguments: Self.fast)
        let gone = try vault.store(Sample.jpeg(1))
        let backup = try #require(try vault.vaultctlJSON(["backups", "register"])["id"].text)
        let receipt = try #require(try vault.delete(gone).json["receipt"].text)
        let hold = try #require(
            try vault.vaultctlJSON(["hold", "place", "--backup", backup])["id"].text)
        #expect(try vault.vaultctl("backups", "expire", backup).errors.contains("held"))
        #expect(try vault.vaultctl("keys", "rotate", "--wait").ending == .exited(0))
        let stranding = ["keys", "destroy-epoch", "1", "--strand", backup]
        #expect(try vault.vaultctl(stranding).errors.contains("held"))
        let waits = try vault.receipt(receipt, at: 1)["waits"].list
        #expect(waits.map { $0["for"].text } == ["epoch", "backup"])
        #expect(waits.last?["backup"].text == backup)
        #expect(try vault.vaultctl("hold", "release", hold).ending == .exited(0))
        #expect(try vault.vaultctl(stranding).ending == .exited(0))
        try vault.receipt(receipt, at: 3)
    }

    @Test("a hold is on something that there is, and is released once")
    func unknown() throws {
        let vault = try TestVault()
        let none = String(repeating: "0", count: 32)
        let image = try vault.vaultctl("hold", "place", "--image", none + none)
        #expect(image.errors.contains("unknown-image") && image.ending == .exited(4))
        #expect(
            try vault.vaultctl("hold", "place", "--backup", none).errors.contains("unknown-backup"))
        #expect(try vault.vaultctl("hold", "release", none).ending == .exited(4))
        #expect(try vault.ask("DELETE", "/v1/holds/x", door: "admin").code == "unknown-hold")
        #expect(try vault.vaultctl("hold", "place").ending == .exited(64))
        #expect(
            try vault.vaultctl("hold", "place", "--owner", "a", "--job", "b").ending == .exited(64))
        #expect(try vault.ask("GET", "/v1/holds").code == "unknown-route")
    }
}
