// GET and metadata: only for who holds a claim that fits, and never before the log says so.

import Testing
import Vault
import VaultFormat
import VaultTestKit

@Suite("Read")
struct ReadTests {
    @Test("who names an owner or a job must hold a claim that fits")
    func claims() async throws {
        let test = try TestVault()
        defer { test.stop() }
        let id = try await test.put(TestImages.small, as: TestClaim(owner: "ann", job: "7"))
            .image.image
        let fits = [
            try TestClaim(owner: "ann", job: "7"), try TestClaim(owner: "ann"),
            try TestClaim(job: "7"), .unnamed,
        ]
        for who in fits {
            #expect(try await test.get(id, as: who) == TestImages.small)
            _ = try await test.metadata(id, as: who)
        }
        let strangers = [
            try TestClaim(owner: "bob"), try TestClaim(job: "8"),
            try TestClaim(owner: "ann", job: "8"), try TestClaim(owner: "bob", job: "7"),
            try TestClaim(owner: "7", job: "ann"), try TestClaim(owner: "7"),
        ]
        for who in strangers {
            #expect(try await refusal { _ = try await test.get(id, as: who) } == .unknownImage)
            #expect(try await refusal { _ = try await test.metadata(id, as: who) } == .unknownImage)
        }
    }

    @Test("who names nobody reads under the claim made without names, else under the newest")
    func unnamedReads() async throws {
        let test = try TestVault()
        defer { test.stop() }
        func name(_ id: ImageID, _ who: TestClaim) async throws -> String {
            try await test.metadata(id, as: who).body.name.text
        }
        let id = try await test.put(TestImages.small, name: "ann.png", as: TestClaim(owner: "ann"))
            .image.image
        _ = try await test.put(
            TestImages.small, name: "7.png", as: TestClaim(owner: "ann", job: "7"))
        #expect(try await name(id, .unnamed) == "7.png")
        #expect(try await name(id, TestClaim(owner: "ann")) == "ann.png")
        #expect(try await name(id, TestClaim(job: "7")) == "7.png")
        _ = try await test.put(TestImages.small, name: "mine.png")
        _ = try await test.put(TestImages.small, name: "bob.png", as: TestClaim(owner: "bob"))
        #expect(try await name(id, .unnamed) == "mine.png")
    }

    @Test("another namespace sees nothing, whatever it names")
    func otherNamespace() async throws {
        let test = try TestVault()
        defer { test.stop() }
        let who = try TestClaim(owner: "ann")
        let id = try await test.put(TestImages.small, as: who).image.image
        for other in [
            try TestClaim(in: TestKeys.clinic), try TestClaim(owner: "ann", in: TestKeys.clinic),
        ] {
            #expect(try await refusal { _ = try await test.get(id, as: other) } == .unknownImage)
            #expect(try await refusal { try await test.delete(id, as: other) } == .unknownImage)
            #expect(try await test.list(as: other).images.isEmpty)
        }
        #expect(try await test.get(id, as: who) == TestImages.small)
    }

    @Test("an image that never was is unknown")
    func unknown() async throws {
        let test = try TestVault()
        defer { test.stop() }
        var rows = TestRows()
        let id: ImageID = rows.id()
        #expect(try await refusal { _ = try await test.get(id) } == .unknownImage)
        #expect(try test.log().last?.summary == "read.begun refused unknown-image")
        #expect(try test.log().last?.image == id.hex)
    }

    @Test("read.begun is in the log before an image is opened")
    func begunFirst() async throws {
        let memory = MemoryCatalog()
        let gate = GatedCatalog(memory)
        let test = try TestVault(catalog: gate)
        defer { test.stop() }
        let id = try await test.put(TestImages.small).image.image
        let tasks = StepExecutor()
        gate.close()
        let read = tasks.start { [vault = test.vault, call = test.call()] in
            try await vault.open(id, claim: .unnamed, call)
        }
        gate.awaitArrival()
        tasks.drain()
        #expect(try test.log().map(\.action) == ["image.put"])
        gate.open()
        tasks.release()
        _ = try await read.value
        #expect(try test.log().map(\.action) == ["image.put", "read.begun"])
    }

    @Test("when read.begun cannot be written, nothing is opened")
    func noReadWithoutLog() async throws {
        let memory = MemoryCatalog()
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        let id = try await test.put(TestImages.small).image.image
        memory.faults.arm("append", .unavailable(5))
        for _ in 0..<2 {
            #expect(try await refusal { _ = try await test.get(id) } == .auditUnavailable)
        }
        #expect(memory.faults.failed == "append")
    }

    @Test("read.ended says what was read, how long it took, and which read it ends")
    func ended() async throws {
        let test = try TestVault()
        defer { test.stop() }
        let id = try await test.put(TestImages.large).image.image
        let image = try await test.vault.open(id, claim: .unnamed, test.call())
        #expect(image.frames == 0..<3)
        test.clock.advance(microseconds: 1234)
        test.vault.ended(image, bytes: 99, failure: nil)
        let log = try await test.settledLog()
        #expect(log.map(\.summary) == ["image.put done", "read.begun done", "read.ended done"])
        #expect(log[2].begunAt == log[1].index)
        #expect((log[2].bytes, log[2].durationUs) == (99, 1234))
        #expect(log[1].bytes == TestImages.large.count)
        #expect(log[1].reference == log[0].reference)
        #expect(log[1].epoch == 1)
    }

    @Test(
        "a span gives exactly its bytes, and its event says which",
        arguments: [
            ByteSpan.run(first: 0, last: 0), .run(first: 5, last: 300_000), .suffix(1),
            .run(first: 262_143, last: 262_144), .run(first: 262_144, last: 262_144),
            .run(first: 262_144, last: nil), .suffix(300_000), .run(first: 1, last: .max),
        ])
    func span(span: ByteSpan) async throws {
        let test = try TestVault()
        defer { test.stop() }
        let id = try await test.put(TestImages.large).image.image
        let image = try await test.vault.open(id, claim: .unnamed, span: span, test.call())
        var bytes: [UInt8] = []
        for index in image.frames { bytes += try await test.vault.frame(index, of: image) }
        let range = try #require(span.range(in: TestImages.large.count))
        #expect(bytes == Array(TestImages.large[range]))
        let begun = try #require(try await test.settledLog().last)
        #expect((begun.bytes, begun.offset) == (range.count, range.lowerBound))
    }

    @Test("the whole image as a span is a reading of the whole")
    func wholeSpan() async throws {
        let test = try TestVault()
        defer { test.stop() }
        let id = try await test.put(TestImages.large).image.image
        for span in [ByteSpan.whole, .run(first: 0, last: nil), .suffix(.max)] {
            let image = try await test.vault.open(id, claim: .unnamed, span: span, test.call())
            #expect(image.isWhole)
            #expect(try await test.settledLog().last?.offset == nil)
        }
    }

    @Test("a span outside the image is refused with the image's size, and logged")
    func spanOutside() async throws {
        let test = try TestVault()
        defer { test.stop() }
        let id = try await test.put(TestImages.small).image.image
        let size = TestImages.small.count
        for span in [ByteSpan.run(first: size, last: nil), .suffix(0)] {
            await #expect(throws: VaultError(.rangeNotSatisfiable, imageBytes: size).recorded) {
                _ = try await test.vault.open(id, claim: .unnamed, span: span, test.call())
            }
            let log = try await test.settledLog()
            #expect(log.last?.summary == "read.begun refused range-not-satisfiable")
        }
    }

    @Test("a read that broke off is failed, with its code")
    func endedBroken() async throws {
        let test = try TestVault()
        defer { test.stop() }
        let id = try await test.put(TestImages.small).image.image
        let image = try await test.vault.open(id, claim: .unnamed, test.call())
        test.vault.ended(image, bytes: 5, failure: .blobDamaged)
        let log = try await test.settledLog()
        #expect(log.last?.summary == "read.ended failed blob-damaged")
    }

    @Test("an open image reads to its end while it is deleted")
    func readAcrossDeletion() async throws {
        let test = try TestVault()
        defer { test.stop() }
        let id = try await test.put(TestImages.large).image.image
        let image = try await test.vault.open(id, claim: .unnamed, test.call())
        try await test.delete(id)
        var bytes: [UInt8] = []
        for index in image.frames { bytes += try await test.vault.frame(index, of: image) }
        #expect(bytes == TestImages.large)
    }

    @Test("a blob that is missing under a living row is named so")
    func missingBlob() async throws {
        let test = try TestVault()
        defer { test.stop() }
        let put = try await test.put(TestImages.small)
        try test.blobs.remove(put.image.blob)
        let id = put.image.image
        #expect(try await refusal { _ = try await test.get(id) } == .blobMissing)
        #expect(try test.log().last?.summary == "read.begun failed blob-missing")
        // What the catalog says is still there to be seen.
        _ = try await test.metadata(id)
    }
}
