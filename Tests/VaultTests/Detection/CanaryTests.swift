// Canaries: planted on what is stored, told of when they are asked for, and like any image to whoever asks.

import Testing
import Vault
import VaultFormat
import VaultTestKit

@Suite("Canaries", .serialized)
struct CanaryTests {
    private let memory = MemoryCatalog()

    private func admin(_ test: TestVault) -> Call { test.call(uid: 0, door: .admin) }

    private func plant(_ id: ImageID, _ test: TestVault, _ note: String = "cellar") async throws {
        _ = try await test.vault.plantCanary(
            ImagePlace(.standard, id), note: AdminNote(note), admin(test))
    }

    private func lift(_ id: ImageID, _ test: TestVault) async throws {
        _ = try await test.vault.liftCanary(ImagePlace(.standard, id), admin(test))
    }

    @Test("a stored image is planted, again with another note, and lifted once")
    func life() async throws {
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        let unknown = ImageID(checked: [UInt8](repeating: 7, count: 32))
        #expect(try await refusal { try await plant(unknown, test) } == .unknownImage)
        let id = try await test.put(TestImages.small).image.image
        try await plant(id, test)
        try await plant(id, test, "attic")
        #expect(try await test.vault.canaries(admin(test)).map(\.note.text) == ["attic"])
        try await lift(id, test)
        #expect(try await refusal { try await lift(id, test) } == .unknownImage)
        #expect(try await test.vault.canaries(admin(test)).isEmpty)
        let actions = try test.log().map(\.action).filter { $0.hasPrefix("canar") }
        #expect(
            actions == [
                "canary.planted", "canary.planted", "canary.planted", "canaries.read",
                "canary.lifted", "canary.lifted", "canaries.read",
            ])
    }

    @Test("no more are planted than a vault may have")
    func bounded() async throws {
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        let id = try await test.put(TestImages.small).image.image
        var rows = TestRows()
        let others = try (0..<Limits.canaries).map { _ in try rows.canary() }
        memory.tamper { $0.canaries = others }
        #expect(try await refusal { try await plant(id, test) } == .overloaded)
        memory.tamper { $0.canaries.removeLast() }
        try await plant(id, test)
    }

    @Test("a row that was changed is no list, and can be lifted")
    func damaged() async throws {
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        let id = try await test.put(TestImages.small).image.image
        try await plant(id, test)
        memory.tamper { $0.canaries[0].changedAt += 1 }
        #expect(
            try await refusal { _ = try await test.vault.canaries(admin(test)) } == .rowDamaged)
        try await lift(id, test)
    }

    @Test("a canary is read, listed, shown and deleted as any image is")
    func unseen() async throws {
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        let (one, other) = (
            try await test.put(TestImages.small).image, try await test.put(TestImages.other).image
        )
        let before = memory.tables.images
        let listed = try await test.list().images.map(\.image)
        try await plant(one.image, test)
        #expect(memory.tables.images == before)
        #expect(try await test.list().images.map(\.image) == listed)
        // As many steps, too.
        memory.faults.disarm()
        #expect(try await test.metadata(one.image).image == one)
        let steps = memory.faults.steps
        memory.faults.disarm()
        #expect(try await test.metadata(other.image).image == other)
        #expect(memory.faults.steps == steps)
        #expect(try await test.get(one.image) == TestImages.small)
        try await test.delete(one.image)
        #expect(try await refusal { _ = try await test.get(one.image) } == .unknownImage)
    }
}
