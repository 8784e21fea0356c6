// What has to be so while nobody does anything: after each start, and when all work is done.

import Vault
import VaultCrypto
import VaultFormat
import VaultTestKit

struct SimulatedRest: Sendable {
    let world: SimulatedWorld
    let test: TestVault
    let stores: SimulatedStores

    /// After a crash, as a start leaves it.
    func start() async throws {
        try log()
        _ = try test.vault.sweep()
        try rows()
        try marks()
        for place in places { try await read(place) }
    }

    /// When operations and purges have come to their end.
    ///
    /// - Parameter isChecked: whether the vault looks for itself, too.
    func end(isChecked: Bool) async throws {
        let hasWork = !stores.memory.tables.operations.isEmpty
        try await test.workToTheEnd()
        while try await PurgeRunner(test.vault).turn() {}
        if isChecked { _ = try await test.check() }
        try log()
        try rows()
        try marks()
        try operations()
        guard hasWork else { return }
        for place in places { try await read(place) }
    }

    private var places: [SimulatedLedger.Place] {
        (0..<Simulation.users).flatMap { user in
            SimulatedKeys.images.indices.map { SimulatedLedger.Place(user: user, image: $0) }
        }
    }

    /// The log has all that was acknowledged, in the same order, and its tree is that of its events.
    private func log() throws {
        let (ledger, tables) = (world.ledger, stores.memory.tables)
        var tree = MerkleFrontier.empty
        var hasAll = ledger.frontier == tree
        for event in tables.events {
            tree.append(LogHash.leaf(event.digest), hash: LogHash.node)
            if tree == ledger.frontier { hasAll = true }
        }
        guard hasAll else { throw Violation("the log has not what was acknowledged") }
        guard tree == tables.frontier else { throw Violation("the tree is not the log's") }
        for (action, count) in ledger.acknowledged {
            let found = tables.events.count { $0.action == action && $0.outcome == .done }
            guard found >= count else {
                throw Violation("\(action.name): \(count) acknowledged, \(found) in the log")
            }
        }
    }

    /// Nothing is half there: each row has what belongs to it, and each blob its row.
    private func rows() throws {
        try CatalogState(stores.memory, namespaces: [.standard]).check()
        let named = Set(stores.memory.tables.images.map(\.blob))
        guard stores.blobs.names == named else {
            let (more, fewer) = (
                stores.blobs.names.subtracting(named).count,
                named.subtracting(stores.blobs.names).count
            )
            throw Violation("\(more) blobs without a row, \(fewer) rows without a blob")
        }
        guard stores.blobs.miscounted == 0 else { throw Violation("a blob of another length") }
    }

    /// Holds and quarantines that were acknowledged stand.
    private func marks() throws {
        let (ledger, tables) = (world.ledger, stores.memory.tables)
        for (image, hold) in ledger.held where !tables.holds.contains(where: { $0.hold == hold }) {
            throw Violation("the hold of image \(image) is gone")
        }
        for image in ledger.quarantined.keys {
            let id = stores.keys.ids[image]
            let row = tables.images.first { $0.image == id }
            guard row?.quarantinedMicroseconds != nil else {
                throw Violation("the quarantine of image \(image) is gone")
            }
        }
    }

    private func read(_ place: SimulatedLedger.Place) async throws {
        let who = try TestClaim(owner: "user-\(place.user)")
        var code: ErrorCode?
        do {
            let bytes = try await test.get(stores.keys.ids[place.image], as: who)
            if bytes != SimulatedKeys.images[place.image] {
                throw Violation("\(place): other bytes")
            }
        } catch let error as VaultError {
            code = error.code
        }
        let answer = code
        world.judge { $0.found(place, answer) }
    }

    /// All are at their end; an erasure that nothing forbade has taken all that it was to take, and no check found
    /// anything.
    private func operations() throws {
        let (ledger, tables) = (world.ledger, stores.memory.tables)
        guard tables.operations.allSatisfy(\.state.isFinal) else {
            throw Violation("an operation has not ended")
        }
        if !ledger.mayFail, let failed = tables.operations.first(where: { $0.state != .done }) {
            let code = failed.failure?.rawValue ?? "nobody knows why"
            throw Violation("\(failed.kind.name) failed: \(code)")
        }
        let checks = Set(tables.operations.filter { $0.kind == .check }.map(\.row))
        if let finding = tables.findings.first(where: { checks.contains($0.operation) }) {
            throw Violation("a check found \(finding.code.rawValue)")
        }
        let erasures = tables.operations.filter { $0.kind == .erase }
        guard !ledger.mayBeKept, erasures.allSatisfy({ $0.state == .done }) else { return }
        for (place, claim) in ledger.claims where claim == .going {
            let id = stores.keys.ids[place.image]
            let index = try test.current.blindIndex(
                .owner, "user-\(place.user)", in: .standard)
            let row = tables.images.first { $0.image == id }?.row
            if tables.references.contains(where: {
                $0.imageRow == row && $0.claim.owner == index
            }) {
                throw Violation("\(place): left by an erasure")
            }
        }
    }
}
