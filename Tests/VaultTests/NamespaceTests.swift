// Namespaces are made while a vault runs, and have no more than they may.

import Testing
import Vault
import VaultCrypto
import VaultFormat
import VaultTestKit

@Suite("Namespaces", .serialized)
struct NamespaceTests {
    private let memory = MemoryCatalog()
    private let shop: NamespaceName

    init() throws { shop = try NamespaceName("shop") }

    private func admin(_ test: TestVault) -> Call { test.call(uid: 0, door: .admin) }

    private func put(
        _ test: TestVault, _ bytes: [UInt8], in namespace: NamespaceName, within quota: Quota,
        owner: String? = nil
    ) async throws -> ClaimedImage {
        let upload = try await test.vault.receive(bytes: bytes.count, in: namespace)
        try unsafe bytes.withUnsafeBytes { try unsafe upload.append($0) }
        let request = PutRequest(
            name: try FileName("a.png"), declaredType: nil,
            claim: Claim(owner: try owner.map { try OwnerID($0) }, job: nil), quota: quota)
        return try await test.vault.put(upload, request, test.call(namespace))
    }

    @Test("one that is made names its images by itself, for good, and once")
    func makes() async throws {
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        let bytes = TestImages.small
        #expect(
            try await refusal { _ = try await put(test, bytes, in: shop, within: .none) }
                == .unknownNamespace)
        let generation = try #require(test.vault.keyringIfUnsealed).generation
        let made = try await test.vault.createNamespace(shop, admin(test))
        #expect(made.name == shop && made.usage == .none)
        #expect(test.vault.keyringIfUnsealed?.generation == generation + 1)
        let there = try await put(test, bytes, in: shop, within: .none).image.image
        let here = try await test.put(bytes).image.image
        #expect(there != here)
        #expect(try await refusal { _ = try await test.metadata(there) } == .unknownImage)
        #expect(
            try await refusal { _ = try await test.vault.createNamespace(shop, admin(test)) }
                == .namespaceExists)
        let all = try await test.vault.namespaces(admin(test))
        #expect(all.map(\.name) == all.map(\.name).sorted())
        let usage = all.first { $0.name == shop }?.usage
        #expect(usage == Usage(images: 1, bytes: bytes.count))
        let event = try #require(
            try test.log().first { $0.action == "namespace.created" && $0.code == nil })
        #expect(event.namespace == "shop" && event.generation == generation + 1)
    }

    @Test("no more than a vault may have are made")
    func bounds() async throws {
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        let known = try #require(test.vault.keyringIfUnsealed).namespaces.count
        for number in known..<Limits.namespaces {
            _ = try await test.vault.createNamespace(NamespaceName("n\(number)"), admin(test))
        }
        #expect(
            try await refusal { _ = try await test.vault.createNamespace(shop, admin(test)) }
                == .tooManyNamespaces)
    }

    @Test("a quota lets in what fits to the byte, and what is there already under any claim")
    func quotas() async throws {
        let blobs = MemoryBlobStore()
        let test = try TestVault(catalog: memory, blobs: blobs)
        defer { test.stop() }
        let (one, other) = (TestImages.small, TestImages.other)
        let exact = Quota(bytes: one.count + other.count)
        let first = try await put(test, one, in: .standard, within: Quota(images: 1))
        #expect(
            try await refusal {
                _ = try await put(test, other, in: .standard, within: Quota(images: 1))
            } == .quotaExceeded)
        let full = Quota(images: 1, bytes: 0)
        _ = try await put(test, one, in: .standard, within: full, owner: "ann")
        #expect(
            try await refusal {
                _ = try await put(
                    test, other, in: .standard, within: Quota(bytes: one.count + other.count - 1))
            } == .quotaExceeded)
        _ = try await put(test, other, in: .standard, within: exact)
        #expect(blobs.names.count == 2)
        // What is gone makes room.
        try await test.delete(first.image.image)
        try await test.delete(first.image.image, as: TestClaim(owner: "ann"))
        _ = try await put(test, one, in: .standard, within: exact)
    }

    @Test("many uploads at once are not more than the quota")
    func atOnce() async throws {
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        let quota = Quota(images: 3)
        let stored = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<12 {
                group.addTask {
                    (try? await self.put(
                        test, TestImages.numbered(number), in: .standard, within: quota)) != nil
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(stored == 3)
        #expect(try memory.look { try $0.usage(of: .standard) }.images == 3)
    }

    @Test("uploads come at the pace of the quota, those of every principal together")
    func paces() async throws {
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        let quota = Quota(uploadsPerMinute: 60, uploadBytesPerSecond: 1024)
        let names = [try PrincipalName("one"), try PrincipalName("two")]
        func ask(_ number: Int, _ bytes: Int) async throws -> Int64? {
            try await test.vault.wait(
                toUpload: bytes, of: names[number % 2], within: quota, test.call())
        }
        #expect(try await ask(0, 0) == nil)
        #expect(try await ask(1, 0) == 1_000_000)
        test.clock.advance(microseconds: 1_000_000)
        // What is larger than the room comes into an empty one.
        #expect(try await ask(1, 2048) == nil)
        #expect(try await ask(0, 0) == 3_000_000)
        #expect(
            try await test.vault.wait(
                toUpload: 1 << 30, of: names[0], within: .none, test.call()) == nil)
        #expect(
            try await test.vault.wait(
                toUpload: 0, of: names[0], within: quota, test.call(TestKeys.clinic)) == nil)
    }
}
