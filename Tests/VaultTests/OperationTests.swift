// Background work: asked for, done in steps that are never lost and never counted twice, stopped, ended.

import Testing
import Vault
import VaultCrypto
import VaultFormat
import VaultTestKit

@Suite("Operations")
struct OperationTests {
    @Test("a re-inspection looks at every image and renews its verdict")
    func whole() async throws {
        let memory = MemoryCatalog()
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        try await test.put(TestImages.small)
        // One of today's, which is left out.
        let today = try await test.put(TestImages.other).image.image
        try await test.put(TestImages.large, as: TestClaim(in: TestKeys.clinic))
        memory.age(keyring: test.keyring, except: today)
        let answer = try await test.reinspect(.init(below: 1, level: .structure))
        #expect(try await test.operation(answer).state == .pending)
        try await test.workToTheEnd()
        let operation = try await test.operation(answer)
        #expect(operation.state == .done)
        #expect(operation.progress.total == 2)
        #expect(operation.progress.done == 2)
        #expect(
            memory.tables.images.allSatisfy {
                $0.verdict.inspectorVersion == Vault.inspectorVersion
            })
        // So that nothing is left below that version, and every row still verifies.
        #expect(try memory.look { try $0.imageCount(below: 1) }.count == 0)
        #expect(try await test.get(memory.tables.images[0].image) == TestImages.small)
        try CatalogState(memory).check()
    }

    @Test("begin, steps and end are in the log, with their counts")
    func logged() async throws {
        let test = try TestVault()
        defer { test.stop() }
        try await test.put(TestImages.small)
        let answer = try await test.reinspect()
        try await test.workToTheEnd()
        let lines = try test.log().filter { $0.action.hasPrefix("operation") }
        #expect(
            lines.map(\.summary) == [
                "operation.started done", "operation.advanced done", "operation.ended done",
            ])
        #expect(lines.map(\.items) == [0, 1, 1])
        #expect(Set(lines.map(\.work)) == ["reinspect"])
        #expect(Set(lines.map(\.operation)).count == 1)
        #expect(lines[0].uid == 1001)
        #expect(lines[1].uid == nil)
        #expect(try await test.operation(answer).creator == 1001)
        // The images' bytes went nowhere, so nobody read them.
        #expect(try !test.log().contains { $0.action.hasPrefix("read") })
    }

    @Test("what would now be refused is listed, and a damaged blob is too")
    func findings() async throws {
        let memory = MemoryCatalog()
        let blobs = MemoryBlobStore()
        let test = try TestVault(catalog: memory, blobs: blobs)
        defer { test.stop() }
        let sound = try await test.put(TestImages.small).image
        let damaged = try await test.put(TestImages.other).image
        let missing = try await test.put(TestImages.jpeg, name: "a.jpg").image
        blobs.tamper(damaged.blob) { $0[$0.count - 1] ^= 1 }
        try blobs.remove(missing.blob)
        let answer = try await test.reinspect()
        try await test.workToTheEnd()
        let found = try await test.findings(answer)
        #expect(found.map(\.image) == [damaged.image, missing.image])
        #expect(found.map(\.code) == [.blobDamaged, .blobMissing])
        var progress = try await test.operation(answer).progress
        #expect(progress.done == 3)
        #expect(progress.failures == 2)

        test.inspector.answer(.finding(.decodeBroken))
        let second = try await test.reinspect()
        try await test.workToTheEnd()
        let refused = try await test.findings(second)
        #expect(refused.map(\.image) == [sound.image, damaged.image, missing.image])
        #expect(refused[0].code == .imageRefused)
        #expect(refused[0].finding == Finding(code: .decodeBroken))
        progress = try await test.operation(second).progress
        #expect((progress.done, progress.found, progress.failures) == (3, 1, 2))
    }

    @Test("an image that passes the walk no longer is found, where it breaks the rule")
    func stricter() async throws {
        let memory = MemoryCatalog()
        let blobs = MemoryBlobStore()
        let lax = try TestVault(catalog: memory, blobs: blobs)
        let small = try await lax.put(TestImages.small).image
        let large = try await lax.put(TestImages.large).image
        lax.stop()
        var policy = InspectionPolicy.structure
        policy.maxPixels = small.width * small.height
        let strict = try TestVault(
            catalog: memory, blobs: blobs, keyring: lax.keyring,
            policies: InspectionPolicies(policy))
        defer { strict.stop() }
        let answer = try await strict.reinspect()
        try await strict.workToTheEnd()
        let found = try await strict.findings(answer)
        #expect(found.map(\.image) == [large.image])
        #expect(found[0].finding?.code == .dimensionsAbsurd)
    }

    @Test("each image is judged under its own namespace's policy")
    func namespaces() async throws {
        var strict = InspectionPolicy.structure
        strict.maxPixels = 1
        let memory = MemoryCatalog()
        let blobs = MemoryBlobStore()
        let lax = try TestVault(catalog: memory, blobs: blobs)
        try await lax.put(TestImages.small)
        let clinic = try await lax.put(
            TestImages.small, as: TestClaim(in: TestKeys.clinic)
        ).image.image
        lax.stop()
        let test = try TestVault(
            catalog: memory, blobs: blobs, keyring: lax.keyring,
            policies: InspectionPolicies(.structure, own: [TestKeys.clinic: strict]))
        defer { test.stop() }
        let answer = try await test.reinspect(.init())
        try await test.workToTheEnd()
        #expect(try await test.findings(answer).map(\.image) == [clinic])
    }

    @Test("a trial changes no verdict")
    func trial() async throws {
        let memory = MemoryCatalog()
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        try await test.put(TestImages.small)
        memory.age(keyring: test.keyring)
        let before = memory.tables.images
        let answer = try await test.reinspect(.init(level: .structure, isTrial: true))
        try await test.workToTheEnd()
        #expect(memory.tables.images == before)
        #expect(try await test.operation(answer).progress.done == 1)
    }

    @Test("a verdict that stays the same is not written again, and a deeper look is believed")
    func unchanged() async throws {
        let memory = MemoryCatalog()
        let deep = try TestVault(catalog: memory, policies: InspectionPolicies(.default))
        defer { deep.stop() }
        try await deep.put(TestImages.small)
        let before = memory.tables.images
        #expect(before[0].verdict.level == .decode)
        try await deep.reinspect(.init(level: .structure))
        try await deep.workToTheEnd()
        #expect(memory.tables.images == before)
        // Not that of an older inspector, which may have overlooked something.
        memory.age(keyring: deep.keyring, level: .decode)
        try await deep.reinspect(.init(level: .structure))
        try await deep.workToTheEnd()
        #expect(memory.tables.images[0].verdict.level == .structure)
    }

    @Test("an operation that cannot go on fails, and says when and why")
    func failed() async throws {
        let memory = MemoryCatalog()
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        try await test.put(TestImages.small)
        let answer = try await test.reinspect()
        test.inspector.answer(.error(VaultError(.catalogDamaged)))
        test.clock.advance(microseconds: 7)
        try await test.workToTheEnd()
        let operation = try await test.operation(answer)
        #expect(operation.state == .failed && operation.failure == .catalogDamaged)
        #expect(operation.updatedMicroseconds == operation.createdMicroseconds + 7)
        let end = try #require(test.log().last { $0.action == "operation.ended" })
        #expect(end.summary == "operation.ended failed catalog-damaged")
    }

    @Test("an inspector that has no worker stops the work, and it goes on later")
    func noWorker() async throws {
        let test = try TestVault()
        defer { test.stop() }
        try await test.put(TestImages.small)
        test.inspector.answer(.error(VaultError(.overloaded)))
        let answer = try await test.reinspect()
        await #expect(throws: VaultError(.overloaded)) { try await test.workToTheEnd() }
        #expect(try await test.operation(answer).state == .pending)
        test.inspector.answer(.nothing)
        try await test.workToTheEnd()
        #expect(try await test.operation(answer).progress.done == 1)
    }

    @Test("paused it rests, resumed it goes on, cancelled it stays ended")
    func steering() async throws {
        let test = try TestVault()
        defer { test.stop() }
        try await test.put(TestImages.small)
        let answer = try await test.reinspect()
        #expect(try await test.move(answer, .pause).state == .paused)
        try await test.workToTheEnd()
        #expect(try await test.operation(answer).progress.done == 0)
        #expect(try await refusal { try await test.move(answer, .pause) } == .operationConflict)
        #expect(try await test.move(answer, .resume).state == .pending)
        try await test.workToTheEnd()
        #expect(try await test.operation(answer).state == .done)
        for steering in Steering.allCases {
            #expect(
                try await refusal { try await test.move(answer, steering) } == .operationConflict)
        }
        let second = try await test.reinspect()
        #expect(try await test.move(second, .cancel).state == .cancelled)
        try await test.workToTheEnd()
        #expect(try await test.operation(second).progress.done == 0)
    }

    @Test("one of a kind is unfinished at a time")
    func exclusive() async throws {
        let test = try TestVault()
        defer { test.stop() }
        let first = try await test.reinspect()
        #expect(try await refusal { try await test.reinspect() } == .operationConflict)
        try await test.cancel(first)
        try await test.reinspect()
    }

    @Test("a row that was changed is refused, and never worked on")
    func damagedRow() async throws {
        let memory = MemoryCatalog()
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        try await test.put(TestImages.small)
        let answer = try await test.reinspect()
        let row = try #require(memory.tables.operations.first)
        var changed = [row, row, row, row, row]
        changed[0].state = .running
        changed[1].progress.cursor += 1
        changed[2].progress.done += 1
        changed[3].failure = .sealed
        changed[4].changedAt += 1
        for change in changed {
            memory.tamper { $0.operations = [change] }
            #expect(try await refusal { _ = try await test.operation(answer) } == .rowDamaged)
            #expect(try await refusal { try await test.cancel(answer) } == .rowDamaged)
            try await test.workToTheEnd()
            #expect(memory.tables.operations == [change])
        }
    }

    @Test("while sealed nothing is worked on")
    func sealed() async throws {
        let test = try TestVault()
        try await test.put(TestImages.small)
        let answer = try await test.reinspect()
        test.stop()
        let sealed = try test.reopened(isSealed: true)
        await #expect(throws: VaultError(.sealed)) { try await sealed.workToTheEnd() }
        sealed.stop()
        let next = try test.reopened()
        defer { next.stop() }
        try await next.workToTheEnd()
        #expect(try await next.operation(answer).progress.done == 1)
    }

    @Test("waiting ends with the operation")
    func waiting() async throws {
        let test = try TestVault()
        defer { test.stop() }
        try await test.put(TestImages.small)
        let answer = try await test.reinspect()
        let tasks = StepExecutor()
        let end = tasks.start { try await test.operation(answer, waiting: 20) }
        try await test.workToTheEnd()
        tasks.release()
        #expect(try await end.value.state == .done)
    }

    @Test("waiting ends with its time, which may be none", arguments: [0, 20])
    func waitingInVain(seconds: Int) async throws {
        let test = try TestVault()
        defer { test.stop() }
        try await test.put(TestImages.small)
        let answer = try await test.reinspect()
        let tasks = StepExecutor()
        let end = tasks.start { try await test.operation(answer, waiting: seconds) }
        test.clock.advance(microseconds: Int64(seconds) * 1_000_000)
        tasks.release()
        #expect(try await end.value.state == .pending)
    }

    /// Whatever step fails, going on afterwards comes to the counts that it would have come to.
    @Test("whatever step fails, nothing is lost and nothing is counted twice")
    func everyStep() async throws {
        for error in [StorageError.unavailable(5), .full, .damaged] {
            var step = 1
            while try await survives(step, error), step < 200 { step += 1 }
            #expect((20..<200).contains(step), "\(error)")
        }
    }

    /// - Returns: whether there was such a step.
    private func survives(_ step: Int, _ error: StorageError) async throws -> Bool {
        let faults = Faults()
        let memory = MemoryCatalog(faults: faults)
        let blobs = MemoryBlobStore(faults: faults)
        var policy = InspectionPolicy.structure
        policy.maxPixels = 1 << 12
        let lax = try TestVault(catalog: memory, blobs: blobs)
        for image in [TestImages.small, TestImages.large, TestImages.other] {
            try await lax.put(image)
        }
        lax.stop()
        memory.age(keyring: lax.keyring)
        let test = try TestVault(
            catalog: memory, blobs: blobs, keyring: lax.keyring,
            policies: InspectionPolicies(policy))
        faults.arm(step: step, error)
        let answer = try? await test.reinspect(
            .init(level: .structure, quarantines: true), under: "k")
        try? await test.workToTheEnd()
        test.stop()
        let failed = faults.failed
        faults.disarm()
        try CatalogState(memory).check()
        let next = try test.reopened()
        defer { next.stop() }
        let again = try await next.reinspect(
            .init(level: .structure, quarantines: true), under: "k")
        #expect(answer == nil || answer == again)
        try await next.workToTheEnd()
        let place = "step \(step) (\(failed ?? "none")), \(error)"
        let operation = try await next.operation(again)
        guard operation.state != .failed else {
            #expect(operation.failure == .catalogDamaged, "\(place)")
            return true
        }
        #expect(operation.state == .done, "\(place)")
        let failures = operation.progress.failures
        #expect(operation.progress.done == 3, "\(place)")
        #expect(operation.progress.found + failures >= 1 && failures <= 1, "\(place)")
        #expect(try await next.findings(again).count == operation.progress.found + failures)
        let quarantined = memory.tables.images.count { $0.quarantinedMicroseconds != nil }
        #expect(quarantined == operation.progress.found, "\(place)")
        return failed != nil
    }
}

extension MemoryCatalog {
    /// Makes every verdict one of an inspector before the first, as if it had been stored long ago.
    fileprivate func age(
        keyring: Keyring, level: InspectionLevel = .structure, except today: ImageID? = nil
    ) {
        tamper { tables in
            tables.images = tables.images.map { image in
                guard image.image != today else { return image }
                var image = image
                image.verdict = Verdict(
                    level: level, inspectorVersion: 0, findings: [], flags: [])
                return image.authenticated(by: keyring, at: image.changedAt)
            }
        }
    }
}
