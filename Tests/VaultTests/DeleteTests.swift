// DELETE: the caller's claim and no other's; the last one takes everything with it.

import Testing
import Vault
import VaultFormat
import VaultTestKit

@Suite("Delete")
struct DeleteTests {
    private let memory = MemoryCatalog()
    private let blobs = MemoryBlobStore()

    private func vault() throws -> TestVault { try TestVault(catalog: memory, blobs: blobs) }

    @Test("a claim is dropped by exactly its owner and job")
    func exactClaim() async throws {
        let test = try vault()
        defer { test.stop() }
        let who = try TestClaim(owner: "ann", job: "7")
        let id = try await test.put(TestImages.small, as: who).image.image
        // What would be enough to read is not enough to delete.
        for other in [
            TestClaim.unnamed, try TestClaim(owner: "ann"), try TestClaim(job: "7"),
            try TestClaim(owner: "bob", job: "7"),
        ] {
            #expect(try await refusal { try await test.delete(id, as: other) } == .unknownImage)
        }
        #expect(try await test.delete(id, as: who).remaining == 0)
    }

    @Test("dropping a claim leaves the others, and their image")
    func othersStay() async throws {
        let test = try vault()
        defer { test.stop() }
        let (ann, bob) = (try TestClaim(owner: "ann"), try TestClaim(owner: "bob"))
        let id = try await test.put(TestImages.small, name: "ann.png", as: ann).image.image
        _ = try await test.put(TestImages.small, name: "bob.png", as: bob)
        let dropped = try await test.delete(id, as: ann)
        #expect((dropped.image, dropped.remaining) == (id, 1))
        #expect(try await refusal { _ = try await test.get(id, as: ann) } == .unknownImage)
        #expect(try await test.get(id, as: bob) == TestImages.small)
        #expect(try await test.metadata(id, as: bob).body.name.text == "bob.png")
        #expect(try memory.census() == [1: 2])
    }

    @Test("the last claim takes wraps, row and blob")
    func lastClaim() async throws {
        let test = try vault()
        defer { test.stop() }
        let id = try await test.put(TestImages.small).image.image
        let other = try await test.put(TestImages.other)
        let dropped = try await test.delete(id)
        #expect((dropped.image, dropped.remaining) == (id, 0))
        #expect(blobs.names == [other.image.blob])
        #expect(try memory.census() == [1: 2])
        #expect(try memory.image(id) == nil)
        #expect(try await refusal { _ = try await test.get(id) } == .unknownImage)
        #expect(try await test.get(other.image.image) == TestImages.other)
    }

    @Test("dropping what is not there is unknown, and leaves its event")
    func twice() async throws {
        let test = try vault()
        defer { test.stop() }
        let id = try await test.put(TestImages.small).image.image
        try await test.delete(id)
        #expect(try await refusal { try await test.delete(id) } == .unknownImage)
        #expect(
            try test.log().map(\.summary) == [
                "image.put done", "image.delete done", "image.delete refused unknown-image",
            ])
    }

    @Test("an image whose blob is gone already can be deleted")
    func withoutBlob() async throws {
        let test = try vault()
        defer { test.stop() }
        let put = try await test.put(TestImages.small)
        try blobs.remove(put.image.blob)
        #expect(try await test.delete(put.image.image).remaining == 0)
        #expect(try memory.totals().images == 0)
    }

    @Test("a blob that cannot be removed does not keep its image alive")
    func blobStays() async throws {
        let test = try vault()
        defer { test.stop() }
        let put = try await test.put(TestImages.small)
        blobs.faults.arm("remove", .unavailable(5))
        #expect(try await test.delete(put.image.image).remaining == 0)
        #expect(blobs.names == [put.image.blob])
        #expect(try await refusal { _ = try await test.get(put.image.image) } == .unknownImage)
        #expect(try test.vault.sweep() == 1)
        #expect(blobs.names.isEmpty)
    }
}
