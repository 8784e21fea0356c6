// Random sound work, and checks in the midst of it: nothing is found that is not so.

import Testing
import Vault
import VaultCrypto
import VaultFormat
import VaultTestKit

@Suite("Checks of sound vaults")
struct CheckModelTests {
    private static let steps = 120

    @Test("nothing is found, whatever was done in whatever order", arguments: 0..<6)
    func random(run: Int) async throws {
        var model = try CheckModel(name: "check \(run)")
        for step in 0..<Self.steps {
            try await model.step()
            if step % 8 == 0 { try await model.check() }
        }
        try await model.check()
        model.stop()
    }
}

private struct CheckModel {
    private let memory = MemoryCatalog()
    private let blobs = MemoryBlobStore()
    private let clock = ManualClock()
    private var random: SeededRandom
    private var test: TestVault

    init(name: String) throws {
        random = SeededRandom(name)
        test = try TestVault(catalog: memory, blobs: blobs, clock: clock)
    }

    func stop() { test.stop() }

    /// A check with other work between its steps.
    mutating func check() async throws {
        // Nothing else hinders one, and each comes to its end in here.
        let answer = try await test.startCheck()
        while try await !test.operation(answer).state.isFinal {
            if try await !OperationRunner(test.vault, share: 100).turn() { break }
            try await step()
        }
        let operation = try await test.operation(answer)
        #expect(operation.state == .done, "\(String(describing: operation.failure))")
        #expect(try await test.findings(answer) == [])
    }

    mutating func step() async throws {
        clock.advance(microseconds: 1_000_000)
        do {
            try await work()
        } catch let error as VaultError {
            let expected: Set<ErrorCode> = [
                .held, .quarantined, .unknownImage, .notQuarantined, .epochInUse, .unknownEpoch,
                .operationConflict, .backupStranded, .retentionLocked,
            ]
            #expect(expected.contains(error.code), "\(error.code)")
        }
    }

    private mutating func work() async throws {
        switch Int.random(in: 0..<20, using: &random) {
        case 0..<5:
            test.inspector.answer(.nothing)
            try await test.put(TestImages.numbered(number(6)), as: who())
        case 5..<8:
            if let (image, claim) = try await claim() { try await test.delete(image, as: claim) }
        case 8: _ = try await test.startErasure(of: TestClaim(owner: name()))
        case 9: try await hold()
        case 10: try await quarantine()
        case 11: try await test.rotate()
        case 12: try await test.reencrypt(in: Bool.random(using: &random) ? nil : .standard)
        case 13: for epoch in try test.current.epochs { try await test.destroy(epoch.number) }
        case 14: try await registers()
        case 15: try await retain()
        case 16: try await reinspect()
        case 17: try await reopen()
        case 18: _ = try await test.vault.expireIfDue(creator: 7)
        default: try await test.workToTheEnd()
        }
    }

    private mutating func number(_ below: Int) -> Int { .random(in: 0..<below, using: &random) }
    private mutating func name() -> String { ["ann", "bob", "eve"][number(3)] }

    private mutating func who() throws -> TestClaim {
        try TestClaim(owner: name(), in: number(4) == 0 ? TestKeys.clinic : .standard)
    }

    /// Some claim that is there.
    private mutating func claim() async throws -> (ImageID, TestClaim)? {
        let claim = try who()
        let listed = try await test.list(as: claim).images
        return listed.randomElement(using: &random).map { ($0.image.image, claim) }
    }

    private mutating func hold() async throws {
        if let hold = memory.tables.holds.randomElement(using: &random) {
            try await test.release(hold.hold)
        } else if let (image, claim) = try await claim() {
            let isOfImage = Bool.random(using: &random)
            try await test.hold(
                isOfImage
                    ? .image(claim.namespace, image) : .claim(claim.namespace, claim.claim))
        }
    }

    private mutating func quarantine() async throws {
        guard
            let image = memory.tables.images.filter({ $0.namespace == .standard })
                .randomElement(using: &random)
        else { return }
        guard image.quarantinedMicroseconds != nil, number(4) > 0 else {
            try await test.quarantine(image.image)
            return
        }
        let kind: ApprovalKind = Bool.random(using: &random) ? .releaseImage : .eraseImage
        try await test.approve(test.ask(kind, image.image))
    }

    private mutating func registers() async throws {
        switch number(4) {
        case 0: _ = try await test.registerEscrow()
        case 1:
            if let escrow = memory.tables.escrows.randomElement(using: &random) {
                try await test.attest(escrow.escrow)
            }
        case 2: _ = try await test.register(expiresDays: 1)
        default:
            if let backup = memory.tables.backups.randomElement(using: &random) {
                _ = try await test.vault.expireBackup(backup.backup, test.call())
            }
        }
    }

    private mutating func retain() async throws {
        guard let (image, claim) = try await claim() else { return }
        let end = clock.nowMicroseconds() + Int64(1 + number(100)) * 1_000_000
        try await test.retain(image, .until(microseconds: end), in: claim.namespace)
    }

    private mutating func reinspect() async throws {
        test.inspector.answer(Bool.random(using: &random) ? .nothing : .finding(.decodeBroken))
        try await test.reinspect(.init(level: .decode, quarantines: true))
        // The rest of it comes later.
        _ = try await OperationRunner(test.vault, share: 100).turn()
    }

    private mutating func reopen() async throws {
        let keyring = try test.current
        test.stop()
        test = try TestVault(catalog: memory, blobs: blobs, clock: clock, keyring: keyring)
    }
}
