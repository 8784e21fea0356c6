// A process that dies at step 1, 2, 3 … of an erasure: after the next start nothing half is there, and no
// receipt says more than is so.

import Testing
import Vault
import VaultCrypto
import VaultFormat
import VaultTestKit

/// What erases, and what it is asked for.
private enum Erasing: CaseIterable, CustomTestStringConvertible {
    case delete, owner, quarantine

    var testDescription: String { "\(self)" }
}

@Suite("A kill at every step of an erasure", .serialized)
struct ErasureKillTests {
    private static let steps = 2000

    @Test("leaves it done or not begun, and its receipt true", arguments: Erasing.allCases)
    private func everyStep(erasing: Erasing) async throws {
        var step = 1
        var purged = 0
        while try await survives(erasing, step: step, &purged), step < Self.steps { step += 1 }
        print("\(erasing): \(step - 1) steps")
        #expect(purged > 0, "no kill left a purged receipt to look at")
        #expect((10..<Self.steps).contains(step))
    }

    /// - Parameter purged: counts the receipts at level 1 that a kill left.
    /// - Returns: whether there was such a step.
    private func survives(
        _ erasing: Erasing, step: Int, _ purged: inout Int
    ) async throws -> Bool {
        let faults = Faults()
        let memory = MemoryCatalog(faults: faults)
        let blobs = MemoryBlobStore(faults: faults)
        let test = try TestVault(catalog: memory, blobs: blobs)
        let (ann, bob) = (try TestClaim(owner: "ann"), try TestClaim(owner: "bob"))
        var ids: [ImageID] = []
        for number in 0..<3 {
            ids.append(try await test.put(TestImages.numbered(number), as: ann).image.image)
        }
        // Shared, and somebody else's.
        try await test.put(TestImages.numbered(1), as: bob)
        try await test.put(TestImages.numbered(3), as: bob)
        if erasing == .quarantine { try await test.quarantine(ids[0]) }
        let asked =
            erasing == .quarantine ? try await test.ask(.eraseImage, ids[0]) : nil
        _ = try test.vault.sweep()

        faults.kill(atStep: step)
        switch erasing {
        case .delete: _ = try? await test.delete(ids[0], as: ann)
        case .owner: _ = try? await test.erase(ann)
        case .quarantine: if let asked { _ = try? await test.approve(asked) }
        }
        _ = try? await PurgeRunner(test.vault).turn()
        test.stop()
        let failed = faults.failed
        faults.disarm()
        blobs.crash()
        let place = "\(erasing), step \(step) (\(failed ?? "none"))"

        let again = try test.reopened()
        defer { again.stop() }
        try CatalogState(memory).check()
        // Before anybody tidied up: what is at level 1 has no blob.
        for receipt in try await again.receipts() where receipt.level >= .purged {
            #expect(blobs.names == Set(memory.tables.images.map(\.blob)), "\(place)")
            if failed != nil { purged += 1 }
        }
        try await again.workToTheEnd()
        try await again.purge()
        try await check(erasing, ids, again, memory, blobs, bob, place)
        return failed != nil
    }

    private func check(
        _ erasing: Erasing, _ ids: [ImageID], _ test: TestVault, _ memory: MemoryCatalog,
        _ blobs: MemoryBlobStore, _ bob: TestClaim, _ place: String
    ) async throws {
        let tables = memory.tables
        #expect(blobs.names == Set(tables.images.map(\.blob)), "\(place)")
        let receipts = try await test.receipts()
        let images = Set(tables.images.map(\.image))
        let isBegun = !receipts.isEmpty
        switch erasing {
        case .delete, .quarantine:
            #expect(receipts.count <= 1)
            #expect(images.contains(ids[0]) != isBegun, "\(place)")
        case .owner:
            #expect(images.isSuperset(of: [ids[0], ids[2]]) != isBegun, "\(place)")
            #expect(tables.operations.allSatisfy { $0.state == .done }, "\(place)")
            if isBegun { #expect(receipts[0].claims == 3 && receipts[0].images == 2, "\(place)") }
        }
        #expect(receipts.allSatisfy { $0.level == .purged }, "\(place)")
        #expect(try await test.get(ids[1], as: bob) == TestImages.numbered(1), "\(place)")
        #expect(try await test.list(as: bob).images.count == 2, "\(place)")
    }
}
