// Two admins, two users: neither a token, a slot, a hold's end, a redaction nor a policy is one's word alone.

import Foundation
import Testing

@Suite("What takes two", .enabled(if: Machine.isRoot, "needs root to be somebody else"))
struct SecondPersonTests {
    private static let other = 54_321
    private static let rules = "tokens,slots,holds,redaction,policy"

    private func open() throws -> TestVault {
        let settings = ["images", "admin", "audit"].map { "  \($0):\n    mode: \"0666\"\n" }
        let vault = try TestVault(
            settings: "validation:\n  level: structure\ndoors:\n" + settings.joined(),
            starting: false)
        try write("two admins", vault)
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o755], ofItemAtPath: vault.folder.root)
        try vault.start(arguments: [
            "--set", "two_person=\(Self.rules)",
            "--set", "policy_file=\(vault.folder.path("policy.yaml"))",
        ])
        return vault
    }

    private func write(_ note: String, _ vault: TestVault) throws {
        let words = """
            # \(note)
            version: 1
            principals:
              one: {users: [root], roles: [admin, backend, auditor]}
              two: {users: ["\(Self.other)"], roles: [admin]}
              thumbs: {tokens: true, roles: [backend-read]}

            """
        let path = vault.folder.path("policy.yaml")
        try Data(words.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
    }

    private func send(
        _ vault: TestVault, _ method: String, _ target: String, _ body: String? = nil,
        approval: String? = nil
    ) throws -> Answer {
        try vault.ask(
            method, target, approval.map { ["Vault-Approval: \($0)"] } ?? [],
            body: body.map { Array($0.utf8) }, door: "admin")
    }

    private func approve(_ vault: TestVault, _ notice: JSON) throws {
        let answer = try PeerTests.ask(
            vault, door: "admin", method: "POST",
            target: "/v1/approvals/\(notice["id"].text ?? "")",
            body: "{\"digest\":\"\(notice["digest"].text ?? "")\"}", uid: Self.other)
        #expect(answer.status == 200)
        #expect(answer.json["state"].text == "approved")
        #expect(answer.json["approver"].number == Self.other)
    }

    /// Sends it alone, has it approved, and sends it again: once, and no other.
    private func two(
        _ vault: TestVault, _ method: String, _ target: String, _ body: String? = nil,
        status: Int
    ) throws -> JSON {
        let asked = try send(vault, method, target, body)
        #expect(asked.status == 403)
        #expect(asked.code == "approval-needed")
        let notice = asked.json["approval"]
        let id = try #require(notice["id"].text)
        #expect(
            try send(vault, method, target, body, approval: id).code == "second-person-required")
        try approve(vault, notice)
        let done = try send(vault, method, target, body, approval: id)
        #expect(done.status == status, "\(done.code ?? "")")
        #expect(try send(vault, method, target, body, approval: id).code == "approval-used")
        return done.json
    }

    @Test("a token is made and rotated")
    func tokens() throws {
        let vault = try open()
        let made = try two(
            vault, "POST", "/v1/tokens", "{\"principal\":\"thumbs\"}", status: 201)
        let id = try #require(made["id"].text)
        #expect(made["token"].text?.hasPrefix("ivt_") == true)
        let rotated = try two(
            vault, "POST", "/v1/tokens/\(id)/rotate", "{\"days\":30}", status: 200)
        #expect(rotated["token"].text != made["token"].text)
        // To take a token away is one's word.
        #expect(try send(vault, "DELETE", "/v1/tokens/\(id)").status == 200)
    }

    @Test("a hold ends, and the log forgets")
    func holds() throws {
        let vault = try open()
        let image = try vault.store(Sample.jpeg(1))
        let placed = try send(
            vault, "POST", "/v1/holds", "{\"image\":\"\(image)\",\"namespace\":\"default\"}")
        #expect(placed.status == 201)
        let id = try #require(placed.json["id"].text)
        _ = try two(vault, "DELETE", "/v1/holds/\(id)", status: 200)
        _ = try two(
            vault, "POST", "/v1/redactions", "{\"from\":1,\"to\":2,\"reason\":\"17\"}",
            status: 200)
    }

    @Test("a slot comes and goes")
    func slots() throws {
        let vault = try open()
        let asked = try send(vault, "POST", "/v1/slots?label=desk", "correct horse battery")
        // What kind of way in it becomes is approved, too.
        #expect(asked.json["approval"]["words"].text?.hasSuffix("form=passphrase") == true)
        let added = try two(
            vault, "POST", "/v1/slots?label=desk", "correct horse battery", status: 201)
        let id = try #require(added["added"].text)
        // One that is proved has to be left.
        #expect(
            try send(vault, "POST", "/v1/slots/\(id)/proof", "correct horse battery").status == 200)
        let slots = added["slots"].list.compactMap { $0["id"].text }
        let first = try #require(slots.first { $0 != id })
        _ = try two(vault, "DELETE", "/v1/slots/\(first)", status: 200)
    }

    @Test("another policy is in force only as it was approved, and a signal is not enough")
    func policy() throws {
        let vault = try open()
        let before = try send(vault, "GET", "/v1/policy").json["digest"].text
        try write("another", vault)
        let asked = try send(vault, "POST", "/v1/policy/reload")
        #expect(asked.code == "approval-needed")
        let id = try #require(asked.json["approval"]["id"].text)
        try approve(vault, asked.json["approval"])
        try write("a third, which nobody saw", vault)
        #expect(
            try send(vault, "POST", "/v1/policy/reload", approval: id).code
                == "approval-mismatch")
        try #require(vault.daemon).signal(SIGHUP)
        try eventually("the refusal of the signal") {
            vault.journal.contains("two_person has policy")
        }
        #expect(try send(vault, "GET", "/v1/policy").json["digest"].text == before)
        try write("another", vault)
        #expect(try send(vault, "POST", "/v1/policy/reload", approval: id).status == 200)
        #expect(try send(vault, "GET", "/v1/policy").json["digest"].text != before)
    }

    @Test("vaultctl says what to do, and does it")
    func commands() throws {
        let vault = try open()
        let words = ["token", "create", "--principal", "thumbs"]
        let asked = try vault.vaultctl(words)
        #expect(asked.ending == .exited(5), "\(asked.errors)")
        #expect(asked.errors.contains("vaultctl approvals approve "))
        let list = try vault.vaultctlJSON(["approvals", "ls"])
        #expect(list["action"].text == "tokens.create")
        #expect(list["words"].text?.contains("principal=thumbs") == true)
        try approve(vault, list)
        let made = try vault.vaultctl(words + ["--approval", list["id"].text ?? ""])
        #expect(made.ending == .exited(0), "\(made.errors)")
        #expect(made.output.hasPrefix("ivt_"))
    }

    @Test("who is suspended can open a vault that somebody sealed, and do nothing else")
    func unseal() throws {
        let vault = try open()
        let made = try vault.vaultctlJSON(
            ["incidents", "open", "--principal", "one", "--reason", "night"])
        let id = try #require(made["id"].text)
        let contained = try vault.vaultctl("incidents", "contain", id, "suspend")
        #expect(contained.ending == .exited(0), "\(contained.errors)")
        #expect(try send(vault, "GET", "/v1/slots").code == "suspended")
        let root = try Disk.read(vault.rootKey)
        #expect(try vault.unseal(root).code == "suspended")
        let sealed = try PeerTests.ask(
            vault, door: "admin", method: "POST", target: "/v1/seal", uid: Self.other)
        #expect(sealed.status == 200)
        #expect(try send(vault, "GET", "/v1/slots").code == "suspended")
        #expect(try vault.unseal(root).status == 200)
        #expect(try send(vault, "GET", "/v1/slots").code == "suspended")
    }
}
