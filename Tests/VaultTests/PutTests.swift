// PUT: one picture, one address; one row, any number of claims; whole or not at all.

import Testing
import Vault
import VaultCrypto
import VaultFormat
import VaultTestKit

@Suite("Put")
struct PutTests {
    private let memory = MemoryCatalog()
    private let blobs = MemoryBlobStore()

    private func vault(
        suite: Suite = .aes256GCM, policy: InspectionPolicy = .structure, isSealed: Bool = false,
        own: [NamespaceName: InspectionPolicy] = [:]
    ) throws -> TestVault {
        try TestVault(
            catalog: memory, blobs: blobs, isSealed: isSealed, suite: suite,
            policies: InspectionPolicies(policy, own: own))
    }

    @Test("what was put comes back byte for byte", arguments: Suite.allCases)
    func roundTrip(suite: Suite) async throws {
        let test = try vault(suite: suite)
        defer { test.stop() }
        for (bytes, name) in [
            (TestImages.small, "a.png"), (TestImages.jpeg, "b.jpg"), (TestImages.large, "c.png"),
        ] {
            let put = try await test.put(bytes, name: name)
            #expect(try await test.get(put.image.image) == bytes)
        }
        #expect(blobs.miscounted == 0)
    }

    @Test("the answer shows what was received, what is stored, and under which claim")
    func answer() async throws {
        let test = try vault()
        defer { test.stop() }
        let who = try TestClaim(owner: "user_8421", job: "job_42")
        let put = try await test.put(TestImages.small, name: "Ferdinand.png", as: who)
        #expect(put.body.name.text == "Ferdinand.png")
        #expect(put.body.claim == who.claim)
        #expect(put.body.receivedBytes == TestImages.small.count)
        #expect(put.body.receivedDigest == put.body.storedDigest)
        #expect(put.image.storedBytes == TestImages.small.count)
        #expect((put.image.width, put.image.height) == (20, 12))
        #expect(put.image.type == .png)
        #expect(put.image.verdict.level == .structure)
        #expect(put.image.createdMicroseconds == test.clock.nowMicroseconds())
    }

    @Test("the same picture has the same id in a namespace, and another id in another")
    func addresses() async throws {
        let test = try vault()
        defer { test.stop() }
        let first = try await test.put(TestImages.small).image.image
        let again = try await test.put(
            TestImages.small, name: "other.png", as: TestClaim(owner: "b")
        ).image.image
        let elsewhere = try await test.put(
            TestImages.small, as: TestClaim(in: TestKeys.clinic)
        ).image.image
        let different = try await test.put(TestImages.other).image.image
        #expect(first == again)
        #expect(Set([first, elsewhere, different]).count == 3)
        #expect(try memory.totals().images == 3)
    }

    @Test("a second claim on a picture shows its own words, and the first keeps its own")
    func secondClaim() async throws {
        let test = try vault()
        defer { test.stop() }
        let (ann, bob) = (try TestClaim(owner: "ann"), try TestClaim(owner: "bob", job: "7"))
        let first = try await test.put(TestImages.small, name: "ann.png", as: ann)
        test.clock.advance(microseconds: 5_000_000)
        let second = try await test.put(TestImages.small, name: "bob.png", as: bob)
        #expect(second.body.name.text == "bob.png")
        #expect(second.body.claim == bob.claim)
        #expect(second.body.createdMicroseconds == first.body.createdMicroseconds + 5_000_000)
        #expect(second.image == first.image)
        let id = first.image.image
        #expect(try await test.metadata(id, as: ann).body == first.body)
        #expect(try await test.metadata(id, as: bob).body == second.body)
        let totals = try memory.totals()
        #expect((totals.images, totals.references) == (1, 2))
    }

    @Test("a claim made again is one claim, with the caller's latest words")
    func sameClaim() async throws {
        let test = try vault()
        defer { test.stop() }
        let who = try TestClaim(job: "7")
        _ = try await test.put(TestImages.small, name: "old.png", as: who)
        let again = try await test.put(TestImages.small, name: "new.png", as: who)
        #expect(try memory.totals().references == 1)
        #expect(try await test.metadata(again.image.image, as: who).body.name.text == "new.png")
    }

    @Test("a known picture leaves one blob, and the unused one is discarded")
    func oneBlob() async throws {
        let test = try vault()
        defer { test.stop() }
        let first = try await test.put(TestImages.small)
        for owner in ["a", "b", "a"] {
            _ = try await test.put(TestImages.small, as: TestClaim(owner: owner))
        }
        #expect(blobs.names == [first.image.blob])
    }

    @Test("a picture that was erased may be put again")
    func putAfterErasure() async throws {
        let test = try vault()
        defer { test.stop() }
        let first = try await test.put(TestImages.small)
        try await test.delete(first.image.image)
        let second = try await test.put(TestImages.small)
        #expect(second.image.image == first.image.image)
        #expect(second.image.blob != first.image.blob)
        #expect(try await test.get(second.image.image) == TestImages.small)
    }

    @Test("with the policy truncate, what follows the picture is left out and said so")
    func truncation() async throws {
        var policy = InspectionPolicy.structure
        policy.trailer = .truncate
        let test = try vault(policy: policy)
        defer { test.stop() }
        let trailed = TestImages.jpeg + [UInt8](repeating: 0x41, count: 40)
        let put = try await test.put(trailed, name: "a.jpg")
        #expect(put.body.transformationNames == ["trailer-truncated"])
        #expect(put.body.receivedBytes == trailed.count)
        #expect(put.body.receivedDigest != put.body.storedDigest)
        #expect(put.image.verdict.findings.map(\.code) == [.trailerData])
        let line = try #require(try test.log().last)
        #expect(line.verdict == "structure")
        #expect(line.inspector == put.image.verdict.inspectorVersion)
        #expect(line.findings == "trailer-data@\(TestImages.jpeg.count)")
        #expect(line.policy == policy.digest.hex)
        #expect(try await test.get(put.image.image) == TestImages.jpeg)
        // The address is that of the stored bytes.
        let plain = try await test.put(TestImages.jpeg, name: "a.jpg")
        #expect(plain.image.image == put.image.image)
    }

    @Test("what would be stored after stripping is refused where it breaks a rule by itself")
    func strippedToHarm() async throws {
        var policy = InspectionPolicy.structure
        let image = TestPNG.hidingDocument.behind
        for (metadata, code) in [
            (InspectionPolicy.Metadata.keep, nil), (.strip, ErrorCode.imageRefused),
        ] {
            policy.metadata = metadata
            let memory = MemoryCatalog()
            let test = try TestVault(catalog: memory, policies: InspectionPolicies(policy))
            defer { test.stop() }
            #expect(try await refusal { try await test.put(image) } == code)
            #expect(memory.tables.images.count == (code == nil ? 1 : 0))
            let event = try #require(test.log().last { $0.action == "image.put" })
            #expect(event.finding == (code == nil ? nil : "hidden-document"))
        }
    }

    @Test("with the policy strip, metadata is left out and said so, and the picture is one image")
    func stripping() async throws {
        var policy = InspectionPolicy.structure
        policy.metadata = .strip
        let test = try vault(policy: policy)
        defer { test.stop() }
        let noted = TestJPEG.baseline.parts.commented("secret").bytes
        let put = try await test.put(noted, name: "a.jpg")
        #expect(put.body.transformationNames == ["metadata-stripped"])
        #expect(put.body.receivedBytes == noted.count)
        #expect(put.image.storedBytes == TestJPEG.baseline.bytes.count)
        #expect(try await test.get(put.image.image) == TestJPEG.baseline.bytes)
        let plain = try await test.put(TestJPEG.baseline.bytes, name: "a.jpg")
        #expect(plain.image.image == put.image.image)
        #expect(plain.body.transformationNames == [])
    }

    @Test("the verdict's flags are those of what is stored")
    func strippedFlags() async throws {
        var exif = TestEXIF()
        exif.gps = [.init(2, count: 3)]
        let located = TestPNG.color.parts.inserting(.init("eXIf", exif.bytes), before: "IDAT").bytes
        for (metadata, flags) in [
            (InspectionPolicy.Metadata.keep, ImageFlags.gps), (.strip, []),
        ] {
            var policy = InspectionPolicy.structure
            policy.metadata = metadata
            let test = try TestVault(policies: InspectionPolicies(policy))
            defer { test.stop() }
            #expect(try await test.put(located).image.verdict.flags == flags)
            #expect(try test.log().last?.flags == flags.names.first)
        }
    }

    @Test("the walk's refusal names its finding, and nothing is stored")
    func walkRefuses() async throws {
        let test = try vault()
        defer { test.stop() }
        let cut = Array(TestImages.small.dropLast(20))
        let error = await #expect(throws: VaultError.self) { try await test.put(cut) }
        #expect(error?.code == .imageRefused)
        #expect(error?.finding?.code == .pngTruncated)
        #expect(test.inspector.asked.isEmpty)
        #expect(blobs.names.isEmpty)
        let line = try #require(try test.log().last)
        #expect(line.summary == "image.put refused image-refused png-truncated")
    }

    @Test("the isolated worker can refuse what the walk accepted")
    func workerRefuses() async throws {
        let test = try vault()
        defer { test.stop() }
        test.inspector.answer(.finding(.contentDisagrees))
        let error = await #expect(throws: VaultError.self) { try await test.put(TestImages.small) }
        #expect(error?.code == .imageRefused)
        #expect(error?.finding == Finding(code: .contentDisagrees))
        #expect(test.inspector.asked == [.png])
        #expect(blobs.names.isEmpty)
        #expect(try test.log().last?.summary == "image.put refused image-refused content-disagrees")
    }

    @Test("a worker that gives no answer is no acceptance")
    func workerFails() async throws {
        let test = try vault()
        defer { test.stop() }
        test.inspector.answer(.error(VaultError(.inspectionFailed)))
        #expect(try await refusal { try await test.put(TestImages.small) } == .inspectionFailed)
        #expect(blobs.names.isEmpty)
        #expect(try test.log().last?.summary == "image.put failed inspection-failed")
    }

    @Test("a name, a declared type or an extension that disagrees is refused")
    func disagreement() async throws {
        let test = try vault()
        defer { test.stop() }
        let cases: [(String, String?, FindingCode)] = [
            ("a.jpg", nil, .extensionMismatch), ("a.png", "image/jpeg", .declaredTypeMismatch),
            ("a.gif", nil, .extensionNotAllowed), ("png", nil, .extensionNotAllowed),
        ]
        for (name, declared, finding) in cases {
            let error = await #expect(throws: VaultError.self) {
                try await test.put(TestImages.small, name: name, declared: declared)
            }
            #expect(error?.finding?.code == finding, "\(name)")
        }
    }

    @Test("an empty upload is refused")
    func empty() async throws {
        let test = try vault()
        defer { test.stop() }
        #expect(try await refusal { try await test.put([]) } == .emptyBody)
        #expect(try test.log().map(\.summary) == ["image.put refused empty-body"])
    }

    @Test("the limit acts on what is announced and on what arrives")
    func limit() async throws {
        var policy = InspectionPolicy.default
        policy.maxBytes = 100
        let test = try vault(policy: policy)
        defer { test.stop() }
        #expect(try await refusal { _ = try await test.receive(101) } == .bodyTooLarge)
        for announced in [nil, 1, 100] {
            let upload = try await test.receive(announced)
            let bytes = [UInt8](repeating: 7, count: 100)
            try unsafe bytes.withUnsafeBytes { try unsafe upload.append($0) }
            #expect(throws: VaultError(.bodyTooLarge)) {
                try unsafe [UInt8(1)].withUnsafeBytes { try unsafe upload.append($0) }
            }
        }
    }

    @Test("a namespace's own policy holds there, the common one everywhere else")
    func ownPolicy() async throws {
        let strict = TestKeys.clinic
        var policy = InspectionPolicy.structure
        policy.maxBytes = 100
        policy.allowedTypes = [.jpeg]
        policy.level = .decode
        let test = try vault(own: [strict: policy])
        defer { test.stop() }
        #expect(try await refusal { _ = try await test.receive(101, in: strict) } == .bodyTooLarge)
        _ = try await test.receive(101)
        let small = TestPNG.color.bytes.prefix(90)
        let error = await #expect(throws: VaultError.self) {
            try await test.put(Array(small), as: TestClaim(in: strict))
        }
        #expect(error?.finding?.code == .typeNotAllowed)
        #expect(try await test.put(TestImages.small).image.verdict.level == .structure)
        #expect(test.inspector.policies == [.structure])
    }

    @Test("a namespace without a naming key stores nothing")
    func unknownNamespace() async throws {
        let test = try vault()
        defer { test.stop() }
        let who = try TestClaim(in: NamespaceName("elsewhere"))
        #expect(
            try await refusal { try await test.put(TestImages.small, as: who) }
                == .unknownNamespace)
        #expect(blobs.names.isEmpty)
    }
}
