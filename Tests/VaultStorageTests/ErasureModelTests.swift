// Random work on a real store, and an attacker beside it who keeps every copy that anybody made: what each
// receipt claims is compared with what he can really open.

import Foundation
import Testing
import Vault
import VaultCrypto
import VaultFormat
import VaultStorage
import VaultTestKit

@Suite("Receipts against an attacker", .serialized)
struct ErasureModelTests {
    private static let steps = 60

    @Test(
        "no receipt claims more than is so, whatever was done in whatever order", arguments: 0..<3)
    func random(run: Int) async throws {
        var model = try ErasureModel(name: "random \(run)")
        for _ in 0..<Self.steps {
            try await model.step()
            try await model.compare()
        }
        try await model.finish()
        model.stop()
    }
}

/// The vault, what it should hold, and what somebody else has of it.
private struct ErasureModel {
    /// Whose key it is, for as long as that key lives.
    private struct Lineage: Hashable {
        let owner: KeyOwner
        let row: Int64
    }

    private struct Escrow {
        let id: EscrowID
        let keyring: Keyring
    }

    private let directory: TestDirectory
    private let clock = ManualClock()
    private let blobs = MemoryBlobStore()
    private var random: SeededRandom
    private var test: TestVault
    private var catalog: SQLiteCatalog
    private var path: String { directory("catalog.sqlite") }

    /// Images that are claimed, and by whom.
    private var claims: [ImageID: Set<String>] = [:]
    private var held: [ImageID: HoldID] = [:]
    /// Every wrap that each key ever had: he saw every state of the catalog.
    private var wraps: [Lineage: Set<StoredWrap>] = [:]
    private var alive: Set<Lineage> = []
    /// What went, and the receipt that tells of it.
    private var erased: [ReceiptID: Set<Lineage>] = [:]
    /// Copies of the keyring with a slot's secret, that are not destroyed.
    private var escrows: [Escrow] = []
    private var backups: [BackupID] = []
    private var highest: [ReceiptID: ErasureLevel] = [:]

    init(name: String) throws {
        directory = try TestDirectory()
        random = SeededRandom(name)
        catalog = try SQLiteCatalog.create(at: directory("catalog.sqlite"), vault: .test)
        test = try TestVault(
            catalog: catalog, blobs: blobs, clock: clock)
        _ = try test.vault.sweep()
    }

    func stop() {
        test.stop()
        try? catalog.close()
    }

    // MARK: Steps

    mutating func step() async throws {
        clock.advance(microseconds: 1_000_000)
        switch Int.random(in: 0..<16, using: &random) {
        case 0..<5: try await put()
        case 5..<8: try await delete()
        case 8: try await eraseOwner()
        case 9: try await hold()
        case 10: try await rotate()
        case 11: try await destroy()
        case 12: try await copyKeyring()
        case 13: try await backUp()
        case 14: try await reopen()
        default: _ = try await PurgeRunner(test.vault).turn()
        }
        try look()
    }

    private func who(_ name: String) throws -> TestClaim { try TestClaim(owner: name) }

    private mutating func put() async throws {
        let name = ["ann", "bob", "eve"].randomElement(using: &random) ?? "ann"
        let number = Int.random(in: 0..<12, using: &random)
        do {
            let id = try await test.put(TestImages.numbered(number), as: who(name)).image.image
            claims[id, default: []].insert(name)
        } catch let error as VaultError {
            // What is held is not claimed anew.
            #expect(error.code == .held)
        }
    }

    private mutating func delete() async throws {
        guard let id = claims.keys.sorted(by: { $0.hex < $1.hex }).randomElement(using: &random),
            let name = claims[id]?.sorted().randomElement(using: &random)
        else { return }
        do {
            let dropped = try await test.delete(id, as: who(name))
            #expect(held[id] == nil)
            claims[id]?.remove(name)
            if claims[id]?.isEmpty == true { claims[id] = nil }
            try take(dropped.receipt)
        } catch let error as VaultError {
            #expect(error.code == .held && held[id] != nil)
        }
    }

    private mutating func eraseOwner() async throws {
        let name = ["ann", "bob", "eve"].randomElement(using: &random) ?? "ann"
        let (_, receipt) = try await test.startErasure(of: who(name))
        if Bool.random(using: &random) {
            _ = try await OperationRunner(test.vault, share: 100).turn()
            try take(receipt)
            try await reopen()
        }
        try await test.workToTheEnd()
        for id in claims.keys where held[id] == nil { claims[id]?.remove(name) }
        claims = claims.filter { !$0.value.isEmpty }
        try take(receipt)
    }

    private mutating func hold() async throws {
        if let (id, hold) = held.first, Bool.random(using: &random) {
            try await test.release(hold)
            held[id] = nil
        } else if let id = claims.keys.randomElement(using: &random), held[id] == nil {
            held[id] = try await test.hold(.image(.standard, id))
        }
    }

    private mutating func rotate() async throws {
        if Bool.random(using: &random) {
            try await test.rotateWholly()
        } else {
            try await test.reencrypt()
            try await test.workToTheEnd()
        }
        try look()
    }

    private mutating func destroy() async throws {
        for epoch in try test.current.epochs where !epoch.isDestroyed {
            let number = try EpochNumber(epoch.number)
            do {
                try await test.destroy(epoch.number, strand: backups)
            } catch let error as VaultError {
                #expect(error.code == .epochInUse, "epoch \(number)")
            }
        }
    }

    private mutating func copyKeyring() async throws {
        if let last = escrows.last, Bool.random(using: &random) {
            // The copy is burnt, and somebody says so.
            try await test.attest(last.id)
            escrows.removeLast()
        } else {
            escrows.append(
                Escrow(id: try await test.registerEscrow(), keyring: try test.current))
        }
    }

    private mutating func backUp() async throws {
        backups.append(try await test.register(expiresDays: 1))
    }

    private mutating func reopen() async throws {
        let keyring = try test.current
        test.stop()
        try catalog.close()
        catalog = try SQLiteCatalog.open(at: path, vault: .test)
        test = try TestVault(
            catalog: catalog, blobs: blobs, clock: clock, keyring: keyring)
        _ = try test.vault.sweep()
    }

    // MARK: What he has

    /// Every wrap that is in the catalog now; what is not there any more is gone.
    private mutating func look() throws {
        var now: Set<Lineage> = []
        for owner in KeyOwner.allCases {
            let found = try catalog.look { reader in
                try reader.wraps(of: owner, after: 0, through: .max, limit: 1 << 20)
            }
            for wrap in found {
                let lineage = Lineage(owner: owner, row: wrap.row)
                wraps[lineage, default: []].insert(wrap)
                now.insert(lineage)
            }
        }
        alive = now
    }

    /// What went since he looked went with this receipt.
    private mutating func take(_ receipt: ReceiptID) throws {
        let before = alive
        try look()
        erased[receipt, default: []].formUnion(before.subtracting(alive))
    }

    // MARK: What is so

    mutating func compare() async throws {
        let files = [path, path + "-wal"].map {
            [UInt8](FileManager.default.contents(atPath: $0) ?? Data())
        }
        let keyring = try test.current
        for receipt in try await test.receipts() {
            let id = receipt.receipt
            let lineages = erased[id] ?? []
            let all = lineages.flatMap { wraps[$0] ?? [] }
            #expect(receipt.claims + receipt.images == UInt64(lineages.count), "\(id)")
            if receipt.level >= .purged {
                let search = WrapSearch(all.map(\.bytes))
                #expect(files.allSatisfy { search.found(in: $0) == 0 }, "\(id) in a file")
                #expect(names(of: all).isDisjoint(with: blobs.names), "\(id) has a blob")
            }
            let opens = try keyring.opens(all.map(\.bound)).contains(true)
            if receipt.level >= .unopenable { #expect(!opens, "\(id) opens with the live keys") }
            // The newest epoch is there: his copy of the catalog opens what it has.
            if let epoch = receipt.epoch, receipt.waits.contains(.epoch(epoch)) {
                #expect(opens, "\(id) waits for an epoch that opens nothing")
            }
            if receipt.level == .attested {
                for escrow in escrows {
                    let opens = try escrow.keyring.opens(all.map(\.bound)).contains(true)
                    #expect(!opens, "\(id) opens with copy \(escrow.id)")
                }
            }
            // A level that was reached stays, as long as nobody registers another copy.
            let before = highest[id] ?? .unreachable
            #expect(min(before, .unopenable) <= receipt.level, "\(id) fell")
            highest[id] = max(before, receipt.level)
        }
    }

    private func names(of wraps: [StoredWrap]) -> Set<BlobID> {
        Set(
            wraps.compactMap { wrap in
                if case .blob(let blob) = wrap.context.subject { blob } else { nil }
            })
    }

    /// When all barriers are gone, every receipt is at the last level, and what is claimed still reads.
    mutating func finish() async throws {
        try await test.purge()
        try await test.rotateWholly()
        try await destroy()
        for escrow in escrows { try await test.attest(escrow.id) }
        escrows = []
        try await compare()
        #expect(try await test.receipts().allSatisfy { $0.level == .attested })
        for (id, names) in claims {
            for name in names { _ = try await test.get(id, as: who(name)) }
        }
        #expect(try catalog.totals().references == claims.values.reduce(0) { $0 + $1.count })
        // The ends of readings are written without anybody waiting for them.
        test.stop()
        try CatalogState(catalog, namespaces: [.standard]).check()
    }
}
