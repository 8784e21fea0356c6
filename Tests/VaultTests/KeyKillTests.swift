// A kill at every step of what changes keys, while images are stored and read: nothing that was acknowledged
// is lost, the keyring on the disk opens all that is left, and the work goes on to its end.

import Testing
import Vault
import VaultCrypto
import VaultFormat
import VaultTestKit

/// Something that changes keys, and what must be true once it was done.
struct KeyWork: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// Epochs before it begins: one more than the rotations before.
    var rotations = 0
    /// Begins it, or carries it out.
    let run: @Sendable (TestVault) async throws -> Void
    /// The epochs' states at the end.
    let epochs: [EpochState]

    static let all = [
        KeyWork(
            testDescription: "rotate", run: { try await $0.rotate() },
            epochs: [.readable, .primary]),
        KeyWork(
            testDescription: "rotate the root",
            run: { _ = try await $0.vault.rotateRoot($0.call()) }, epochs: [.primary]),
        KeyWork(
            testDescription: "make a namespace",
            run: {
                _ = try await $0.vault.createNamespace(NamespaceName("shop"), $0.call(door: .admin))
            }, epochs: [.primary]),
        KeyWork(
            testDescription: "re-encrypt", run: { try await $0.reencrypt() },
            epochs: [.readable, .primary]),
        KeyWork(
            testDescription: "destroy an epoch", rotations: 1,
            run: { try await $0.destroy(1) }, epochs: [.destroyed, .primary]),
    ]
}

@Suite("A kill at every step of what changes keys")
struct KeyKillTests {
    private static let steps = 2000

    @Test(
        "loses nothing, opens nothing by a destroyed epoch, and counts right",
        arguments: KeyWork.all)
    func everyStep(work: KeyWork) async throws {
        var step = 1
        while try await survives(work, step: step), step < Self.steps { step += 1 }
        print("\(work): \(step - 1) steps")
        #expect((10..<Self.steps).contains(step))
    }

    /// - Returns: whether there was such a step.
    private func survives(_ work: KeyWork, step: Int) async throws -> Bool {
        let faults = Faults()
        let memory = MemoryCatalog(faults: faults)
        let blobs = MemoryBlobStore(faults: faults)
        let first = try TestKeys.passphraseKeyring()
        let files = MemoryKeyFiles([first.keys.file], faults: faults)
        let signer = try TestKeys.logSigner()
        let test = try TestVault(
            catalog: memory, blobs: blobs, keyring: first, signer: signer, keyFiles: files)
        try await test.vault.recordService(.vaultCreated)
        var stored: [ImageID: [UInt8]] = [:]
        for number in 0..<2 {
            stored[try await test.put(TestImages.numbered(number)).image.image] =
                TestImages.numbered(number)
        }
        let dropped = try await test.put(TestImages.numbered(2)).image.image
        for _ in 0..<work.rotations { try await test.rotateWholly() }

        faults.kill(atStep: step)
        var isDropped = false
        _ = try? await work.run(test)
        // Uploads, readings and a drop between the steps, until the process is dead.
        let runner = OperationRunner(test.vault, share: 100)
        for number in 3..<40 {
            guard faults.failed == nil else { break }
            let hasWorked = try? await runner.turn()
            if number < 6, let put = try? await test.put(TestImages.numbered(number)) {
                stored[put.image.image] = TestImages.numbered(number)
            }
            if number == 4, (try? await test.delete(dropped)) != nil { isDropped = true }
            for (id, image) in stored {
                guard let bytes = try? await test.get(id) else { continue }
                #expect(bytes == image)
            }
            if hasWorked == false, number > 6 { break }
        }
        test.stop()
        let failed = faults.failed
        faults.disarm()
        blobs.crash()
        let place = "\(work), step \(step) (\(failed ?? "none"))"

        // The next start has what is on the disk, and nothing else.
        let disk = try #require(files.file(.keyring))
        let keyring = try Keyring(FixedVault.open(disk, secret: TestKeys.passphrase))
        #expect(try Vault.fits(keyring, memory), "\(place)")
        let again = try TestVault(
            catalog: memory, blobs: blobs, keyring: keyring, signer: signer, keyFiles: files)
        defer { again.stop() }
        try CatalogState(memory).check()
        for (id, image) in stored { #expect(try await again.get(id) == image, "\(place)") }
        try await again.workToTheEnd()
        _ = try again.vault.sweep()
        for (id, image) in stored { #expect(try await again.get(id) == image, "\(place)") }
        if isDropped {
            #expect(try await refusal { _ = try await again.get(dropped) } == .unknownImage)
        }
        // What nobody waits for is written by then.
        again.stop()
        try check(work, again, memory, blobs, isDone: failed == nil, place)
        return failed != nil
    }

    private func check(
        _ work: KeyWork, _ test: TestVault, _ memory: MemoryCatalog, _ blobs: MemoryBlobStore,
        isDone: Bool, _ place: String
    ) throws {
        let tables = memory.tables
        #expect(blobs.names == Set(tables.images.map(\.blob)), "\(place)")
        let keyring = try test.current
        #expect(test.keyFiles.file(.keyring) == keyring.keys.file, "\(place)")
        // The census is exact: what each wrap says it is under opens it.
        let wraps = tables.wraps(of: .blob) + tables.wraps(of: .reference)
        #expect(try keyring.opens(wraps.map(\.bound)).allSatisfy { $0 }, "\(place)")
        #expect(try memory.census().values.reduce(0, +) == wraps.count, "\(place)")
        let states = keyring.epochs.compactMap { EpochState(rawValue: $0.state) }
        // A begun walk came to its end; a change of the keyring was made or was not.
        let operations = tables.operations.filter { $0.row > Int64(work.rotations) }
        #expect(operations.allSatisfy { $0.state == .done }, "\(place)")
        if isDone || !operations.isEmpty {
            #expect(states == work.epochs, "\(place)")
        }
        if states.last == .primary, operations.isEmpty == false || work.rotations > 0 {
            #expect(try memory.census() == [keyring.primaryEpoch.value: wraps.count], "\(place)")
            #expect(tables.statements.count == tables.operations.count, "\(place)")
        }
        // No generation came without its event.
        let told = try test.log().compactMap(\.generation).max() ?? 1
        #expect(keyring.generation <= told, "\(place)")
        try CatalogState(memory).check()
    }
}
