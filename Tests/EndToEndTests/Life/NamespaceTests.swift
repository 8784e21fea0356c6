// Two tenants of one vault: what each has is unknown to the other, and ends where its quota does.

import Foundation
import Testing

@Suite("A namespace", .serialized)
struct NamespaceTests {
    private func vault(_ policy: String) throws -> TestVault {
        let vault = try TestVault(
            settings: "validation:\n  level: structure\nnamespaces:\n  shop:\n    validation:\n"
                + "      types: [png]\n",
            starting: false)
        try write(policy, vault)
        try vault.start(arguments: ["--set", "policy_file=\(vault.folder.path("policy.yaml"))"])
        return vault
    }

    private func write(_ policy: String, _ vault: TestVault) throws {
        let path = vault.folder.path("policy.yaml")
        try Data(policy.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
    }

    /// The test's own user is one backend by its uid, and the other by a token.
    private static func policy(_ quota: String = "{}") -> String {
        """
        version: 1
        namespaces: {shop: \(quota)}
        principals:
          here: {users: ["\(getuid())"], roles: [backend, admin, auditor]}
          shop: {tokens: true, roles: [backend], namespace: shop}
        """
    }

    private func create(_ vault: TestVault, _ name: String) throws -> Answer {
        try vault.ask(
            "POST", "/v1/namespaces", body: Array("{\"name\":\"\(name)\"}".utf8), door: "admin")
    }

    private func token(_ vault: TestVault) throws -> [String] {
        let answer = try vault.ask(
            "POST", "/v1/tokens", body: Array(#"{"principal":"shop"}"#.utf8), door: "admin")
        guard let token = answer.json["token"].text else { throw TestFailure(answer.summary) }
        return ["Authorization: Bearer \(token)"]
    }

    @Test("has its own images, settings and keys, and outlives a restart")
    func tenants() throws {
        let vault = try vault(Self.policy())
        let shop = try token(vault)
        let image = Sample.png()
        #expect(try vault.put(image, name: "a.png", shop).code == "unknown-namespace")
        #expect(try create(vault, "shop").status == 201)
        #expect(try create(vault, "shop").code == "namespace-exists")
        let there = try vault.store(image, name: "a.png", shop)
        let here = try vault.store(image, name: "a.png")
        #expect(there != here)
        #expect(try vault.put(Sample.jpeg(), shop).code == "image-refused", "no PNG")
        for (id, fields, status) in [
            (there, shop, 200), (there, [], 404), (here, shop, 404), (here, [], 200),
        ] as [(String, [String], Int)] {
            #expect(try vault.ask("GET", "/v1/images/\(id)", fields).status == status)
        }
        _ = try vault.stop()
        try vault.start(arguments: ["--set", "policy_file=\(vault.folder.path("policy.yaml"))"])
        #expect(try vault.ask("GET", "/v1/images/\(there)", shop).bytes == Bytes(image))
        let list = try vault.ask("GET", "/v1/namespaces", door: "admin").json["namespaces"].list
        #expect(list.map { $0["name"].text } == ["default", "shop"])
        #expect(list.allSatisfy { $0["images"].number == 1 })
        #expect(list.allSatisfy { $0["stored_bytes"].number == image.count })
    }

    @Test("has no more than the policy of the moment lets it, and what is there counts once")
    func quotas() throws {
        let vault = try vault(Self.policy("{max_images: 2}"))
        #expect(try create(vault, "shop").status == 201)
        let shop = try token(vault)
        let first = try vault.store(Sample.png(1), name: "a.png", shop)
        _ = try vault.store(Sample.png(2), name: "a.png", shop)
        let full = try vault.put(Sample.png(3), name: "a.png", shop)
        #expect(full.status == 409 && full.code == "quota-exceeded")
        #expect(try vault.put(Sample.png(1), name: "b.png", shop + ["Vault-Job: 7"]).status == 201)
        #expect(try vault.put(Sample.png(3), name: "a.png").status == 201, "another namespace")
        #expect(vault.blobs.count == 3)
        try write(Self.policy("{max_images: 3}"), vault)
        #expect(try vault.ask("POST", "/v1/policy/reload", door: "admin").status == 200)
        #expect(try vault.put(Sample.png(3), name: "a.png", shop).status == 201)
        #expect(try vault.ask("DELETE", "/v1/images/\(first)", shop).status == 200)
        let events = try vault.events().filter { $0["code"].text == "quota-exceeded" }
        #expect(events.map { $0["namespace"].text } == ["shop"])
    }

    @Test("takes uploads at the pace of its quota")
    func paces() throws {
        let vault = try vault(Self.policy("{uploads_per_minute: 2}"))
        #expect(try create(vault, "shop").status == 201)
        let shop = try token(vault)
        _ = try vault.store(Sample.png(1), name: "a.png", shop)
        let next = try vault.put(Sample.png(2), name: "a.png", shop)
        #expect(next.status == 429 && next["Retry-After"] != nil)
        #expect(try vault.put(Sample.png(2), name: "a.png").status == 201, "another namespace")
    }
}
