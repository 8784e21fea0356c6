// The list of erasures beside the anchor: what is in it, and what a write that failed, a power cut and a store that was
// put back leave of it.

import Synchronization
import Testing
import Vault
import VaultCrypto
import VaultFormat
import VaultTestKit

@Suite("The list of erasures")
struct ErasureListTests {
    private final class Place: ErasureListPlace {
        let text = Mutex<String?>(nil)
        let isBroken = Mutex(false)
        /// How many characters of the next addition are there all the same, though it fails.
        let torn = Mutex<Int?>(nil)

        func load() throws(StorageError) -> String? { text.withLock { $0 } }

        func replace(with text: String) throws(StorageError) {
            guard !isBroken.withLock({ $0 }) else { throw .full }
            self.text.withLock { $0 = text }
        }

        func append(_ text: String) throws(StorageError) {
            guard !isBroken.withLock({ $0 }) else { throw .full }
            let torn = torn.withLock { torn in
                defer { torn = nil }
                return torn
            }
            self.text.withLock { $0 = ($0 ?? "") + text.prefix(torn ?? text.count) }
            guard torn == nil else { throw .unavailable(5) }
        }

        func list() throws -> ErasureList {
            try ErasureList(parsing: text.withLock { $0 } ?? "")
        }
    }

    private func keeper(
        _ test: TestVault, _ place: Place, isFork: Bool = false,
        failed: @escaping @Sendable () -> Void = {}
    ) throws -> ErasureKeeper {
        ErasureKeeper(
            test.vault, of: test.keyring.keys.file.vault, place, isFork: isFork, failed: failed)
    }

    @Test("has each claim that went, whoever took it, and goes on after a restart")
    func keeps() async throws {
        let test = try TestVault(signer: TestKeys.logSigner())
        let place = Place()
        let image = try await test.put(TestImages.small, as: TestClaim(job: "a")).image
        try await test.put(TestImages.small, as: TestClaim(job: "b"))
        try await test.delete(image.image, as: TestClaim(job: "a"))
        try keeper(test, place).keep()
        #expect(try place.list().lines.map(\.image) == [image.image])
        test.stop()
        let again = try test.reopened()
        defer { again.stop() }
        let keeper = try keeper(again, place)
        keeper.keep()
        try await again.delete(image.image, as: TestClaim(job: "b"))
        keeper.keep()
        keeper.keep()
        let list = try place.list()
        #expect(list.lines.count == 2)
        #expect(Set(list.lines.map(\.reference)).count == 2)
        #expect(list.lines.allSatisfy { $0.reference != nil })
        #expect(list.through == again.vault.committer.frontier.size)
    }

    @Test("that cannot be written is told once, and made good by the next that can")
    func failing() async throws {
        let test = try TestVault(signer: TestKeys.logSigner())
        defer { test.stop() }
        let place = Place()
        let told = Mutex(0)
        let keeper = try keeper(test, place) { told.withLock { $0 += 1 } }
        place.isBroken.withLock { $0 = true }
        let image = try await test.put(TestImages.small).image
        try await test.delete(image.image)
        keeper.keep()
        keeper.keep()
        #expect(told.withLock { $0 } == 1)
        place.isBroken.withLock { $0 = false }
        keeper.keep()
        #expect(try place.list().lines.map(\.image) == [image.image])
    }

    @Test(
        "an addition that failed, whatever of it is there, is made again and spoils nothing",
        arguments: [1, 30, 160, 190, 1_000])
    func torn(characters: Int) async throws {
        let test = try TestVault(signer: TestKeys.logSigner())
        defer { test.stop() }
        let place = Place()
        let keeper = try keeper(test, place)
        keeper.keep()
        let images = [
            try await test.put(TestImages.small).image, try await test.put(TestImages.other).image,
        ]
        for image in images { try await test.delete(image.image) }
        place.torn.withLock { $0 = characters }
        keeper.keep()
        keeper.keep()
        #expect(try place.list().lines.map(\.image) == images.map(\.image))
        #expect(try place.list().through == test.vault.committer.frontier.size)
    }

    @Test("what a power cut left without its end is listed again by the next daemon, once")
    func cut() async throws {
        let test = try TestVault(signer: TestKeys.logSigner())
        let place = Place()
        let image = try await test.put(TestImages.small).image
        try await test.delete(image.image)
        try keeper(test, place).keep()
        let whole = try place.list()
        place.text.withLock { text in
            text = text.map { String($0.prefix($0.count - "through 9\n".count)) }
        }
        test.stop()
        let again = try test.reopened()
        defer { again.stop() }
        try keeper(again, place).keep()
        #expect(try place.list().lines == whole.lines)
    }

    @Test("what a power cut left without its end stays where an older store is served")
    func cutAndRestored() async throws {
        let test = try TestVault(signer: TestKeys.logSigner())
        defer { test.stop() }
        let place = Place()
        let image = try await test.put(TestImages.small).image
        let size = test.vault.committer.frontier.size
        let lost = ErasureLine(
            index: size + 1, namespace: .standard, image: image.image, reference: try Random.id())
        place.text.withLock {
            $0 =
                ErasureList.beginning(test.keyring.keys.file.vault)
                + ErasureList.throughText(size) + lost.text
        }
        try keeper(test, place).keep()
        #expect(try place.list().lines == [lost])
    }

    @Test("of a store that was restored goes on from there, and keeps what it had")
    func restored() async throws {
        let test = try TestVault(signer: TestKeys.logSigner())
        defer { test.stop() }
        let place = Place()
        let image = try await test.put(TestImages.small).image
        let old = ErasureLine(
            index: 50, namespace: .standard, image: image.image, reference: try Random.id())
        let vault = test.keyring.keys.file.vault
        place.text.withLock {
            $0 = ErasureList.beginning(vault) + old.text + ErasureList.throughText(60)
        }
        let keeper = try keeper(test, place)
        keeper.keep()
        try await test.delete(image.image)
        keeper.keep()
        let list = try place.list()
        #expect(list.lines.count == 2 && list.lines[0] == old)
        #expect(list.through == test.vault.committer.frontier.size)
    }

    @Test("of a store that was restored misses nothing, however far it went before the first look")
    func overtaken() async throws {
        let test = try TestVault(signer: TestKeys.logSigner())
        defer { test.stop() }
        let place = Place()
        let vault = test.keyring.keys.file.vault
        let image = try await test.put(TestImages.small).image
        let size = test.vault.committer.frontier.size
        place.text.withLock {
            $0 = ErasureList.beginning(vault) + ErasureList.throughText(size + 2)
        }
        let keeper = try keeper(test, place)
        try await test.delete(image.image)
        for _ in 0..<4 { _ = try? await test.get(image.image) }
        #expect(test.vault.committer.frontier.size > size + 2)
        keeper.keep()
        #expect(try place.list().lines.map(\.image) == [image.image])
        #expect(try place.list().through == test.vault.committer.frontier.size)
    }

    @Test("of a store that is longer and yet another one begins anew")
    func forked() async throws {
        let test = try TestVault(signer: TestKeys.logSigner())
        defer { test.stop() }
        let place = Place()
        let image = try await test.put(TestImages.small).image
        try await test.delete(image.image)
        let other = ErasureLine(
            index: 1, namespace: .standard, image: image.image, reference: try Random.id())
        let size = test.vault.committer.frontier.size
        place.text.withLock {
            $0 =
                ErasureList.beginning(test.keyring.keys.file.vault) + other.text
                + ErasureList.throughText(size)
        }
        let keeper = try keeper(test, place, isFork: true)
        try keeper.begin()
        #expect(try place.list().through == 0)
        keeper.keep()
        let list = try place.list()
        #expect(list.lines.count == 2 && list.lines[0] == other)
        #expect(list.through == size)
    }

    @Test("of another vault is never added to")
    func foreign() async throws {
        let test = try TestVault(signer: TestKeys.logSigner())
        defer { test.stop() }
        let place = Place()
        let told = Mutex(0)
        let text = ErasureList.beginning(try VaultID(bytes: [UInt8](repeating: 9, count: 16)))
        place.text.withLock { $0 = text }
        try keeper(test, place) { told.withLock { $0 += 1 } }.keep()
        #expect(place.text.withLock { $0 } == text)
        #expect(told.withLock { $0 } == 1)
    }
}
