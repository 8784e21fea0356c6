// Each verb on stores that fail at step 1, 2, 3 … until it succeeds. Whatever fails, an image is
// whole or not there, what was acknowledged is there, and the log is the tree of its events.

import Testing
import Vault
import VaultCrypto
import VaultFormat
import VaultTestKit

/// A verb, the state it starts from, and what it must have come to.
struct FaultCase: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// Claims that the image has before.
    let before: [TestClaim]
    let run: @Sendable (TestVault, ImageID) async throws -> Void
    /// Claims that the image has after success.
    let after: [TestClaim]
    /// Whether a failure may leave the image quarantined; then it is released to look at it.
    var mayBeQuarantined = false
}

extension FaultCase {
    static func all() throws -> [FaultCase] {
        let (ann, bob) = (try TestClaim(owner: "ann"), try TestClaim(owner: "bob", job: "7"))
        return [
            FaultCase(
                testDescription: "put a new image", before: [],
                run: { test, _ in try await test.put(TestImages.small, as: ann) }, after: [ann]),
            FaultCase(
                testDescription: "put a known image", before: [ann],
                run: { test, _ in try await test.put(TestImages.small, as: bob) },
                after: [ann, bob]),
            FaultCase(
                testDescription: "put under a claim that stands", before: [ann],
                run: { test, _ in try await test.put(TestImages.small, as: ann) }, after: [ann]),
            FaultCase(
                testDescription: "drop one of two claims", before: [ann, bob],
                run: { test, id in try await test.delete(id, as: ann) }, after: [bob]),
            FaultCase(
                testDescription: "drop the last claim", before: [ann],
                run: { test, id in try await test.delete(id, as: ann) }, after: []),
            FaultCase(
                testDescription: "get", before: [ann],
                run: { test, id in
                    let bytes = try await test.get(id, as: ann)
                    #expect(bytes == TestImages.small)
                }, after: [ann]),
            FaultCase(
                testDescription: "list", before: [ann],
                run: { test, _ in
                    let page = try await test.list(as: ann)
                    #expect(page.images.count == 1)
                }, after: [ann]),
            FaultCase(
                testDescription: "quarantine, ask and release", before: [ann],
                run: { test, id in
                    try await test.quarantine(id)
                    try await test.approve(test.ask(.releaseImage, id))
                }, after: [ann], mayBeQuarantined: true),
            FaultCase(
                testDescription: "quarantine, ask and erase", before: [ann, bob],
                run: { test, id in
                    try await test.quarantine(id)
                    try await test.approve(test.ask(.eraseImage, id))
                }, after: [], mayBeQuarantined: true),
            FaultCase(
                testDescription: "metadata", before: [ann],
                run: { test, id in _ = try await test.metadata(id, as: ann) }, after: [ann]),
        ]
    }
}

@Suite("Verbs on failing stores")
struct VerbFaultTests {
    private static let steps = 100
    private static let errors = [StorageError.unavailable(5), .full, .damaged]
    /// What a store's failure may be called at the door.
    private static let codes: Set<ErrorCode> = [
        .auditUnavailable, .storageUnavailable, .storageFull, .catalogDamaged, .blobDamaged,
    ]

    @Test(
        "whatever step fails, nothing is half there and nothing acknowledged is lost",
        arguments: try FaultCase.all())
    func everyStep(verb: FaultCase) async throws {
        let keyring = try TestKeys.keyring()
        let digest = LogHash.digest(TestImages.small)
        let id = try keyring.imageID(of: digest, in: .standard)
        for error in Self.errors {
            var step = 1
            while try await survives(verb, step: step, error, keyring, id), step < Self.steps {
                step += 1
            }
            #expect((4..<Self.steps).contains(step), "\(error)")
        }
    }

    /// - Returns: whether there was such a step.
    private func survives(
        _ verb: FaultCase, step: Int, _ error: StorageError, _ keyring: Keyring, _ id: ImageID
    ) async throws -> Bool {
        let faults = Faults()
        let memory = MemoryCatalog(faults: faults)
        let blobs = MemoryBlobStore(faults: faults)
        let test = try TestVault(catalog: memory, blobs: blobs, keyring: keyring)
        let bystander = try await test.put(TestImages.other).image.image
        for claim in verb.before { _ = try await test.put(TestImages.small, as: claim) }

        faults.arm(step: step, error)
        let code = try await refusal { try await verb.run(test, id) }
        test.stop()
        let failed = faults.failed
        faults.disarm()
        let place = "step \(step) (\(failed ?? "none")), \(error): \(code?.rawValue ?? "done")"

        if let code { #expect(Self.codes.contains(code), "\(place)") }
        #expect(failed != nil || code == nil, "\(place)")
        try CatalogState(memory).check()
        // Power fails too: what was not flushed is gone.
        blobs.crash()
        let next = try test.reopened()
        defer { next.stop() }
        if verb.mayBeQuarantined, try await next.list().images.contains(where: \.isQuarantined) {
            #expect(code != nil, "\(place)")
            try await next.approve(next.ask(.releaseImage, id))
        }
        let claims = try await self.claims(next, id)
        #expect(code != nil || claims == Set(verb.after.map(\.claim)), "\(place)")
        #expect(
            claims == Set(verb.before.map(\.claim)) || claims == Set(verb.after.map(\.claim)),
            "\(place)")
        #expect(try await next.get(bystander) == TestImages.other, "\(place)")
        for row in memory.tables.images {
            #expect(blobs.content(of: row.blob) != nil, "a row without its blob: \(place)")
        }
        _ = try next.vault.sweep()
        #expect(blobs.names == Set(memory.tables.images.map(\.blob)), "\(place)")
        return failed != nil
    }

    /// The claims on the image, each of which must read it whole.
    private func claims(_ test: TestVault, _ id: ImageID) async throws -> Set<Claim> {
        var claims: Set<Claim> = []
        for image in try await test.list().images where image.image.image == id {
            claims.insert(image.body.claim)
            let who = try TestClaim(
                owner: image.body.claim.owner?.description, job: image.body.claim.job?.description)
            #expect(try await test.get(id, as: who) == TestImages.small)
        }
        return claims
    }

    @Test("a blob that no row will name is discarded at once, where the store still can")
    func discards() async throws {
        for (name, error, code) in [
            ("append to blob", StorageError.full, ErrorCode.storageFull),
            ("commit blob", .unavailable(5), .storageUnavailable),
            ("insertImage", .full, .storageFull), ("insertReference", .damaged, .catalogDamaged),
        ] {
            let faults = Faults()
            let blobs = MemoryBlobStore(faults: faults)
            let test = try TestVault(catalog: MemoryCatalog(faults: faults), blobs: blobs)
            defer { test.stop() }
            faults.arm(name, error)
            #expect(try await refusal { try await test.put(TestImages.small) } == code, "\(name)")
            #expect(blobs.names.isEmpty, "\(name)")
        }
    }

    @Test("a blob whose row may be on the disk is kept")
    func keepsDoubtful() async throws {
        let memory = MemoryCatalog()
        let blobs = MemoryBlobStore()
        let test = try TestVault(catalog: memory, blobs: blobs)
        defer { test.stop() }
        memory.faults.arm("flush", .unavailable(5))
        #expect(try await refusal { try await test.put(TestImages.small) } == .auditUnavailable)
        #expect(blobs.names.count == 1)
        let next = try test.reopened()
        defer { next.stop() }
        let images = try await next.list().images
        #expect(images.map(\.image.blob) == Array(blobs.names))
    }

    @Test("a store's failure is in the log with its code, where the log can be written")
    func failuresAreLogged() async throws {
        let blobs = MemoryBlobStore()
        let test = try TestVault(blobs: blobs)
        defer { test.stop() }
        blobs.faults.arm("create", .full)
        _ = try await refusal { try await test.put(TestImages.small) }
        let id = try await test.put(TestImages.small).image.image
        blobs.faults.arm("read", .unavailable(5))
        _ = try await refusal { _ = try await test.get(id) }
        #expect(
            try test.log().map(\.summary) == [
                "image.put failed storage-full", "image.put done",
                "read.begun failed storage-unavailable",
            ])
    }
}

extension ClaimedImage {
    fileprivate var isQuarantined: Bool { image.quarantinedMicroseconds != nil }
}
