// Names that a backend asserts: pseudonyms in the log, their meaning sealed beside it.

import Testing
import Vault
import VaultCrypto
import VaultFormat
import VaultTestKit

@Suite("An asserted name")
struct PseudonymTests {
    private func call(
        _ actor: String?, agent: String? = nil, in namespace: NamespaceName = .standard
    ) throws -> Call {
        Call(
            caller: TestVault.caller, request: TestVault.request, namespace: namespace,
            asserted: AssertedContext(
                actor: try actor.map { try ActorName($0) },
                agent: try agent.map { try AgentName($0) }))
    }

    @Test("has one pseudonym a namespace, whatever is done and however it ends")
    func stable() async throws {
        let test = try TestVault()
        defer { test.stop() }
        let (one, other) = (try call("user:1"), try call("user:2"))
        for call in [one, other, one] { try await test.vault.record(.identityRead, call) }
        try await test.vault.record(VaultError(.unknownRoute), as: .requestRefused, one)
        let actors = try await test.settledLog().compactMap(\.actor)
        #expect(actors.count == 4)
        #expect(actors[0] == actors[2] && actors[0] == actors[3] && actors[0] != actors[1])
        let clinic = try NamespaceName("clinic")
        try await test.vault.record(.identityRead, call("user:1", in: clinic))
        #expect(try await test.settledLog().last?.actor != actors[0])
    }

    @Test("has another pseudonym as an agent than as an actor")
    func kinds() async throws {
        let test = try TestVault()
        defer { test.stop() }
        try await test.vault.record(.identityRead, call("curl", agent: "curl"))
        let line = try #require(try await test.settledLog().last)
        #expect(line.actor != nil && line.agent != nil && line.actor != line.agent)
        #expect(line.client == nil)
    }

    @Test("opens from its pseudonym with the vault's key, and stands nowhere in clear")
    func sealed() async throws {
        let memory = MemoryCatalog()
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        try await test.vault.record(.identityRead, call("user:8421"))
        let row = try #require(memory.tables.pseudonyms.first)
        let line = try #require(try await test.settledLog().last)
        #expect(line.actor == row.pseudonym.hex)
        #expect(
            try test.keyring.openName(row.sealedName, row.kind, row.pseudonym) == "user:8421")
        #expect(row.sealedName.firstRange(of: Array("user:8421".utf8)) == nil)
        #expect(try test.bodies().allSatisfy { !$0.contains("8421") })
    }

    @Test("is new again once its row is gone")
    func forgotten() async throws {
        let memory = MemoryCatalog()
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        try await test.vault.record(.identityRead, call("user:1"))
        memory.tamper { $0.pseudonyms = [] }
        try await test.vault.record(.identityRead, call("user:1"))
        let actors = try await test.settledLog().compactMap(\.actor)
        #expect(Set(actors).count == 2)
    }

    @Test("leaves nothing while the vault is sealed")
    func whileSealed() async throws {
        let memory = MemoryCatalog()
        let test = try TestVault(catalog: memory, isSealed: true)
        defer { test.stop() }
        try await test.vault.record(.identityRead, call("user:1"))
        #expect(memory.tables.pseudonyms.isEmpty)
        #expect(try await test.settledLog().last?.actor == nil)
    }

    @Test("leaves no row when its event cannot be written")
    func rolledBack() async throws {
        let memory = MemoryCatalog()
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        memory.faults.arm("append", .full)
        await #expect(throws: VaultError.self) {
            try await test.vault.record(.identityRead, call("user:1"))
        }
        #expect(memory.tables.pseudonyms.isEmpty)
    }
}
