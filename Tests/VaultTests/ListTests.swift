// Lists: the caller's claims in pages, and nobody else's.

import Testing
import Vault
import VaultFormat
import VaultTestKit

@Suite("List")
struct ListTests {
    @Test("a list has the claims that fit, oldest first, with their own words")
    func fits() async throws {
        let test = try TestVault()
        defer { test.stop() }
        let claims = [("ann", "7"), ("ann", "8"), ("bob", "7")]
        for (owner, job) in claims {
            _ = try await test.put(
                TestImages.small, name: "\(owner)\(job).png", as: TestClaim(owner: owner, job: job))
        }
        func names(_ who: TestClaim) async throws -> [String] {
            try await test.list(as: who).images.map(\.body.name.text)
        }
        #expect(try await names(.unnamed) == ["ann7.png", "ann8.png", "bob7.png"])
        #expect(try await names(TestClaim(owner: "ann")) == ["ann7.png", "ann8.png"])
        #expect(try await names(TestClaim(job: "7")) == ["ann7.png", "bob7.png"])
        #expect(try await names(TestClaim(owner: "bob", job: "7")) == ["bob7.png"])
        #expect(try await names(TestClaim(owner: "carol")).isEmpty)
        #expect(try test.log().last?.summary == "image.list done")
    }

    @Test(
        "pages follow each other to the end, and the last one says so", arguments: [1, 2, 3, 7, 8])
    func pages(limit: Int) async throws {
        let test = try TestVault()
        defer { test.stop() }
        for number in 0..<7 {
            _ = try await test.put(
                TestImages.small, name: "\(number).png", as: TestClaim(job: "\(number)"))
        }
        var names: [String] = []
        var after: Int64? = 0
        while let from = after, names.count <= 7 {
            let page = try await test.list(after: from, limit: limit)
            #expect(page.images.count <= limit && !page.images.isEmpty)
            names += page.images.map(\.body.name.text)
            after = page.next
        }
        #expect(names == (0..<7).map { "\($0).png" })
    }

    @Test("a limit out of range is brought into it", arguments: [Int.min, -1, 0, 1])
    func limits(limit: Int) async throws {
        let test = try TestVault()
        defer { test.stop() }
        for job in ["1", "2"] { _ = try await test.put(TestImages.small, as: TestClaim(job: job)) }
        #expect(try await test.list(limit: limit).images.count == 1)
        #expect(try await test.list(limit: .max).images.count == 2)
        #expect(try await test.list(after: .max).images.isEmpty)
        #expect(try await test.list(after: .min).images.count == 2)
    }

    @Test("one damaged claim refuses the page that would show it")
    func damaged() async throws {
        let memory = MemoryCatalog()
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        for job in ["1", "2"] { _ = try await test.put(TestImages.small, as: TestClaim(job: job)) }
        memory.tamper { $0.references[1].mac = $0.references[0].mac }
        #expect(try await refusal { _ = try await test.list() } == .rowDamaged)
        #expect(try await test.list(as: TestClaim(job: "1")).images.count == 1)
        #expect(try await test.list(limit: 1).images.count == 1)
    }
}
