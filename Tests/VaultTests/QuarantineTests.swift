// A quarantined image is out of everyone's reach until an approved request says otherwise.

import Testing
import Vault
import VaultCrypto
import VaultFormat
import VaultTestKit

@Suite("Quarantine")
struct QuarantineTests {
    @Test("nobody reads, stores or deletes a quarantined image, and the list marks it")
    func hidden() async throws {
        let test = try TestVault()
        defer { test.stop() }
        let ann = try TestClaim(owner: "ann")
        let id = try await test.put(TestImages.small, as: ann).image.image
        try await test.quarantine(id)
        let attempts: [@Sendable () async throws -> Void] = [
            { _ = try await test.get(id, as: ann) },
            { _ = try await test.metadata(id, as: ann) },
            { try await test.put(TestImages.small, as: ann) },
            { try await test.put(TestImages.small) },
            { try await test.delete(id, as: ann) },
        ]
        for attempt in attempts { #expect(try await refusal(of: attempt) == .quarantined) }
        // Who holds no claim learns nothing.
        let bob = try TestClaim(owner: "bob")
        #expect(try await refusal { _ = try await test.get(id, as: bob) } == .unknownImage)
        #expect(try await refusal { try await test.delete(id, as: bob) } == .unknownImage)
        let listed = try await test.list().images
        #expect(listed.count == 1)
        #expect(listed[0].image.quarantinedMicroseconds == test.clock.nowMicroseconds())
    }

    @Test("quarantined again it stays as it is; what is not there is unknown")
    func twice() async throws {
        let test = try TestVault()
        defer { test.stop() }
        let id = try await test.put(TestImages.small).image.image
        let first = try await test.quarantine(id)
        test.clock.advance(microseconds: 5)
        #expect(try await test.quarantine(id) == first)
        var rows = TestRows()
        let other: ImageID = rows.id()
        #expect(try await refusal { try await test.quarantine(other) } == .unknownImage)
    }

    @Test("asked for and approved, a release gives the same image back")
    func release() async throws {
        let memory = MemoryCatalog()
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        let id = try await test.put(TestImages.large).image.image
        try await test.quarantine(id)
        let request = try await test.ask(.releaseImage, id)
        #expect(try await refusal { _ = try await test.get(id) } == .quarantined)
        let done = try await test.approve(request)
        #expect(done.state == .performed)
        #expect(done.approver == 1001)
        #expect(try await test.get(id) == TestImages.large)
        try CatalogState(memory).check()
        let lines = try test.log().filter { $0.image == id.hex && $0.approval != nil }
        #expect(
            lines.map(\.summary) == ["quarantine.requested done", "image.released done"])
        #expect(lines.map(\.work) == ["release", "release"])
        #expect(Set(lines.map(\.approval)) == [request.id.hex])
    }

    @Test("asked for and approved, an erasure takes row, claims, wraps and blob")
    func erase() async throws {
        let memory = MemoryCatalog()
        let blobs = MemoryBlobStore()
        let test = try TestVault(catalog: memory, blobs: blobs)
        defer { test.stop() }
        let id = try await test.put(TestImages.small).image.image
        try await test.put(TestImages.small, as: TestClaim(owner: "ann"))
        let other = try await test.put(TestImages.other).image
        try await test.quarantine(id)
        try await test.approve(test.ask(.eraseImage, id))
        #expect(memory.tables.images.map(\.image) == [other.image])
        #expect(memory.tables.references.count == 1)
        #expect(blobs.names == [other.blob])
        #expect(try await refusal { _ = try await test.get(id) } == .unknownImage)
        #expect(try test.log().contains { $0.summary == "image.erased done" && $0.image == id.hex })
        try CatalogState(memory).check()
        // Stored again it is a new image.
        #expect(try await test.put(TestImages.small).image.quarantinedMicroseconds == nil)
    }

    @Test("a request is approved once, in time, with its own digest, while it means something")
    func once() async throws {
        let memory = MemoryCatalog()
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        let id = try await test.put(TestImages.small).image.image
        #expect(
            try await refusal { _ = try await test.ask(.releaseImage, id) } == .notQuarantined)
        try await test.quarantine(id)
        let first = try await test.ask(.releaseImage, id)
        let second = try await test.ask(.eraseImage, id)
        let mixed = (id: first.id, digest: second.digest)
        #expect(try await refusal { try await test.approve(mixed) } == .approvalMismatch)
        try await test.approve(first)
        #expect(try await refusal { try await test.approve(first) } == .approvalUsed)
        #expect(try await refusal { try await test.approve(second) } == .notQuarantined)
        try await test.quarantine(id)
        test.clock.advance(microseconds: Limits.approvalSeconds * 1_000_000)
        let third = try await test.ask(.eraseImage, id)
        test.clock.advance(microseconds: 1)
        #expect(try await refusal { try await test.approve(second) } == .approvalExpired)
        test.clock.advance(microseconds: Limits.approvalSeconds * 1_000_000 - 1)
        try await test.approve(third)
        var rows = TestRows()
        let unknown = (id: rows.id(ApprovalID.self), digest: third.digest)
        #expect(try await refusal { try await test.approve(unknown) } == .unknownApproval)
        #expect(memory.tables.images.isEmpty)
    }

    @Test("where the settings want two, the approver is not who asked")
    func twoPersons() async throws {
        let memory = MemoryCatalog()
        let test = try TestVault(catalog: memory, twoPerson: [.quarantine])
        defer { test.stop() }
        let id = try await test.put(TestImages.small).image.image
        try await test.quarantine(id)
        let request = try await test.ask(.releaseImage, id, uid: 5)
        #expect(
            try await refusal { try await test.approve(request, uid: 5) } == .secondPersonRequired)
        #expect(memory.tables.images[0].quarantinedMicroseconds != nil)
        #expect(try await test.approve(request, uid: 6).approver == 6)
        #expect(try await test.get(id) == TestImages.small)
    }

    @Test("whoever takes the quarantine out of the catalog gets a damaged row and no image")
    func lifted() async throws {
        let memory = MemoryCatalog()
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        let id = try await test.put(TestImages.small).image.image
        try await test.quarantine(id)
        let row = memory.tables.images[0]
        for time in [nil, 1, test.clock.nowMicroseconds() + 1] as [Int64?] {
            memory.tamper { $0.images[0].quarantinedMicroseconds = time }
            #expect(try await refusal { _ = try await test.get(id) } == .rowDamaged)
            #expect(try await refusal { try await test.put(TestImages.small) } == .rowDamaged)
        }
        // The row of before the quarantine, without its event, is told by its authenticator too.
        memory.tamper { tables in
            tables.images[0] = row
            tables.images[0].changedAt = 0
            tables.images[0].quarantinedMicroseconds = nil
        }
        #expect(try await refusal { _ = try await test.get(id) } == .rowDamaged)
    }

    @Test("a request that was changed in the catalog is refused")
    func damagedRequest() async throws {
        let memory = MemoryCatalog()
        let test = try TestVault(catalog: memory, twoPerson: [.quarantine])
        defer { test.stop() }
        let id = try await test.put(TestImages.small).image.image
        try await test.quarantine(id)
        let request = try await test.ask(.releaseImage, id, uid: 5)
        memory.tamper { tables in
            let row = tables.approvals[0]
            tables.approvals[0] = ApprovalRow(
                row: row.row, approval: row.approval, kind: row.kind, subject: row.subject,
                requester: 9, createdMicroseconds: row.createdMicroseconds,
                expiresMicroseconds: row.expiresMicroseconds, state: row.state, approver: nil,
                changedAt: row.changedAt, mac: row.mac)
        }
        #expect(try await refusal { try await test.approve(request, uid: 5) } == .rowDamaged)
    }

    @Test("a re-inspection quarantines what would now be refused, each with its event")
    func reinspection() async throws {
        let blobs = MemoryBlobStore()
        let test = try TestVault(blobs: blobs)
        defer { test.stop() }
        let small = try await test.put(TestImages.small).image.image
        let other = try await test.put(TestImages.other).image.image
        let damaged = try await test.put(TestImages.large).image
        blobs.tamper(damaged.blob) { $0[$0.count - 1] ^= 1 }
        test.inspector.answer(.finding(.decodeBroken))
        let answer = try await test.reinspect(.init(level: .structure, quarantines: true))
        try await test.workToTheEnd()
        for id in [small, other] {
            #expect(try await refusal { _ = try await test.get(id) } == .quarantined)
        }
        let events = try test.log().filter { $0.action == "image.quarantined" }
        #expect(events.map(\.image) == [small.hex, other.hex])
        #expect(Set(events.map(\.operation)) == [try await test.operation(answer).operation.hex])
        // A damaged blob is no reason to quarantine.
        #expect(try await test.operation(answer).progress.failures == 1)
        let listed = try await test.vault.quarantined(after: 0, limit: 9, test.call()).images
        #expect(listed.map(\.image) == [small, other])
        // They are decided about: another walk looks at none of them.
        let next = try await test.reinspect()
        #expect(try await test.operation(next).progress.total == 1)
    }

    @Test("both lists come in pages, and a row that was changed is in none")
    func lists() async throws {
        let memory = MemoryCatalog()
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        var ids: [ImageID] = []
        for image in TestImages.numbered(0..<3) {
            let id = try await test.put(image).image.image
            try await test.quarantine(id)
            _ = try await test.ask(.releaseImage, id)
            ids.append(id)
        }
        let vault = test.vault
        let images = try await vault.quarantined(after: 0, limit: 2, test.call())
        #expect(images.images.map(\.image) == Array(ids[..<2]))
        let imagesAfter = try #require(images.next)
        let lastImages = try await vault.quarantined(after: imagesAfter, limit: 2, test.call())
        #expect(lastImages.images.map(\.image) == [ids[2]] && lastImages.next == nil)
        let requests = try await vault.approvals(after: 0, limit: 2, test.call())
        let subjects = ids.map { ApprovalSubject.image(.standard, $0) }
        #expect(requests.approvals.map(\.subject) == Array(subjects[..<2]))
        let requestsAfter = try #require(requests.next)
        let lastRequests = try await vault.approvals(after: requestsAfter, limit: 2, test.call())
        #expect(lastRequests.approvals.map(\.subject) == [subjects[2]])
        #expect(lastRequests.next == nil)

        memory.tamper { tables in
            tables.images[1].quarantinedMicroseconds = 5
            tables.approvals[1].state = .waiting
            tables.approvals[1].approver = 5
        }
        #expect(
            try await refusal { _ = try await vault.quarantined(after: 0, limit: 9, test.call()) }
                == .rowDamaged)
        #expect(
            try await refusal { _ = try await vault.approvals(after: 0, limit: 9, test.call()) }
                == .rowDamaged)
    }

    @Test("each event names the image's own namespace, and each approval its request")
    func events() async throws {
        let test = try TestVault()
        defer { test.stop() }
        let claim = try TestClaim(in: TestKeys.clinic)
        let id = try await test.put(TestImages.small, as: claim).image.image
        _ = try await test.vault.quarantine(id, in: TestKeys.clinic, test.call())
        let answer = try await test.vault.request(
            .eraseImage, id, in: TestKeys.clinic, test.call(), at: nil
        ) { StoredAnswer(status: 201, body: $0.approval.bytes + $0.digest.bytes) }
        let approval = try ApprovalID(bytes: Array(answer.body.prefix(ApprovalID.byteCount)))
        let digest = try Digest256(bytes: Array(answer.body.dropFirst(ApprovalID.byteCount)))
        // Refused once, which names the request, too.
        let other = LogHash.digest([1])
        #expect(
            try await refusal {
                _ = try await test.vault.approve(
                    approval, digest: other, mayDo: { _ in true }, test.call())
            } == .approvalMismatch)
        _ = try await test.vault.approve(
            approval, digest: digest, mayDo: { _ in true }, test.call())
        let lines = try test.log().filter { $0.namespace == "clinic" && $0.image == id.hex }
        #expect(
            lines.map(\.summary) == [
                "image.put done", "image.quarantined done", "quarantine.requested done",
                "image.erased done",
            ])
        #expect(lines.map(\.approval) == [nil, nil, approval.hex, approval.hex])
        #expect(lines.map(\.work) == [nil, nil, "erase", "erase"])
    }

    @Test("so many requests wait and no more, and those that lapsed long ago go")
    func crowd() async throws {
        let memory = MemoryCatalog()
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        let id = try await test.put(TestImages.small).image.image
        try await test.quarantine(id)
        for _ in 0..<Limits.approvalsWaiting { _ = try await test.ask(.releaseImage, id) }
        #expect(try await refusal { _ = try await test.ask(.releaseImage, id) } == .overloaded)
        // Lapsed, they leave room; a day later each new one takes a hundred of them away.
        test.clock.advance(microseconds: 2 * Limits.approvalSeconds * 1_000_000 + 1)
        _ = try await test.ask(.releaseImage, id)
        #expect(
            memory.tables.approvals.count == Limits.approvalsWaiting - Limits.approvalSweep + 1)
    }
}
