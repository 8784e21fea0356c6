// The rules and the adapters together, on a real directory.

import Foundation
import Testing
import Vault
import VaultCrypto
import VaultFormat
import VaultStorage
import VaultTestKit

@Suite("A vault on a disk")
struct StoredVaultTests {
    private let directory: TestDirectory
    private let keyring: Keyring

    init() throws {
        directory = try TestDirectory()
        keyring = try TestKeys.keyring()
        try FileManager.default.createDirectory(
            atPath: directory("blobs"), withIntermediateDirectories: false)
        try SQLiteCatalog.create(at: directory("catalog.sqlite"), vault: .test).close()
    }

    private func open(_ suite: Suite = .aes256GCM) throws -> TestVault {
        try TestVault(
            catalog: SQLiteCatalog.open(at: directory("catalog.sqlite"), vault: .test),
            blobs: LocalBlobStore(directory: directory("blobs")), keyring: keyring, suite: suite)
    }

    @Test("what was put comes back, from this daemon and from the next", arguments: Suite.allCases)
    func roundTrip(suite: Suite) async throws {
        let test = try open(suite)
        let who = try TestClaim(owner: "ann", job: "7")
        let pictures = [
            ("a.png", TestImages.small), ("b.jpg", TestImages.jpeg), ("c.png", TestImages.large),
        ]
        var ids: [ImageID] = []
        for (name, bytes) in pictures {
            ids.append(try await test.put(bytes, name: name, as: who).image.image)
        }
        for (id, (_, bytes)) in zip(ids, pictures) {
            #expect(try await test.get(id, as: who) == bytes)
        }
        test.stop()
        // The next one may have another suite: each blob names its own.
        let next = try open(suite == .aes256GCM ? .xchacha20Poly1305 : .aes256GCM)
        defer { next.stop() }
        for (id, (name, bytes)) in zip(ids, pictures) {
            #expect(try await next.get(id, as: who) == bytes)
            #expect(try await next.metadata(id, as: who).body.name.text == name)
        }
        #expect(try await next.list(as: who).images.map(\.image.image) == ids)
        try CatalogState(next.catalog).check()
    }

    @Test("nothing in the directory holds a byte string of a picture, a name, a job or an owner")
    func noPlaintext() async throws {
        let test = try open()
        let who = try TestClaim(owner: "owner-of-hearts", job: "job-of-autumn")
        let id = try await test.put(TestImages.large, name: "Ferdinand.png", as: who).image.image
        _ = try await test.get(id, as: who)
        _ = try await test.put(TestImages.small, name: "Ferdinand.png", as: who)
        try await test.delete(id, as: who)
        _ = try await refusal { _ = try await test.get(id, as: who) }
        // As it lies there while the daemon runs, and after.
        try search(TestImages.small, TestImages.large)
        test.stop()
        try search(TestImages.small, TestImages.large)
    }

    private func search(_ pictures: [UInt8]...) throws {
        var needles = ["owner-of-hearts", "job-of-autumn", "Ferdinand"].map { Data($0.utf8) }
        for picture in pictures {
            needles += stride(from: 0, to: picture.count - 16, by: picture.count / 16).map {
                Data(picture[$0..<$0 + 16])
            }
        }
        var files = 0
        let names = try FileManager.default.subpathsOfDirectory(atPath: directory.path)
        for name in names {
            guard let bytes = FileManager.default.contents(atPath: directory(name)) else {
                continue
            }
            files += 1
            for needle in needles { #expect(bytes.range(of: needle) == nil, "\(name)") }
        }
        #expect(files >= 2)
    }

    @Test("a blob without a row, as a crash leaves it, is swept by the next daemon")
    func leftover() async throws {
        let test = try open()
        let image = try await test.put(TestImages.small).image
        let orphan = BlobID(checked: [UInt8](repeating: 3, count: 16))
        _ = try test.blobs.create(orphan, bytes: 1)
        test.stop()
        let next = try open()
        defer { next.stop() }
        #expect(try next.vault.sweep() == 1)
        #expect(throws: StorageError.missing) { try next.blobs.open(orphan) }
        #expect(try await next.get(image.image) == TestImages.small)
    }

    @Test("many callers at once: every answer is true, and the log is dense")
    func concurrent() async throws {
        let test = try open()
        defer { test.stop() }
        let pictures = (0..<8).map { seed in
            var picture = TestPNG()
            picture.seed = UInt64(seed)
            return picture.bytes
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<8 {
                group.addTask {
                    let who = try TestClaim(owner: "w\(worker)")
                    for round in 0..<10 {
                        let picture = pictures[(worker + round) % pictures.count]
                        let id = try await test.put(picture, as: who).image.image
                        let found = try await test.get(id, as: who)
                        #expect(found == picture)
                        if round % 3 == 0 { try await test.delete(id, as: who) }
                    }
                }
            }
            try await group.waitForAll()
        }
        let state = try CatalogState(test.catalog)
        try state.check()
        #expect(state.images.count <= pictures.count)
        #expect(try test.vault.sweep() == 0)
    }
}
