// A store that fails at step 1, 2, 3 … of the committer's work: nothing is acknowledged that is not
// there, nothing is half there, and the log is the tree of its events.

import Testing
import Vault
import VaultFormat
import VaultTestKit

@Suite("Committer on a failing catalog")
struct CommitterFaultTests {
    /// More steps than any script below takes.
    private static let steps = 200

    /// Puts one image under two claims, drops one, is refused once, puts another, drops the
    /// rest, quarantines.
    private static func script(_ rows: inout TestRows) -> [Change] {
        let (image, other) = (rows.image(), rows.image())
        // Each put offers a blob of its own.
        let known = [rows.image(image.image), rows.image(image.image)]
        let claim = ClaimIndex(owner: rows.id(), job: rows.id())
        let unnamed = ClaimIndex(owner: nil, job: nil)
        return [
            .put(image: image, reference: rows.reference(of: 0)),
            .put(
                image: known[0],
                reference: rows.reference(of: 0, owner: claim.owner, job: claim.job)),
            .put(image: known[1], reference: rows.reference(of: 0)),
            drop(image, unnamed, &rows),
            drop(image, unnamed, &rows),
            .none, .startOperation(rows.operation(.pending)),
            .put(image: other, reference: rows.reference(of: 0)),
            drop(image, claim, &rows),
            .quarantine(image: other.image, namespace: .standard),
        ]
    }

    private static func drop(
        _ image: ImageRow, _ claim: ClaimIndex, _ rows: inout TestRows
    ) -> Change {
        .drop(image: image.image, namespace: .standard, claim: claim, receipt: rows.id())
    }

    private func isThere(_ result: ChangeResult, _ state: CatalogState) -> Bool {
        switch result {
        case .none: true
        case .put(let image, let reference, let unused):
            state.images.contains(image) && !state.images.contains { $0.blob == unused }
                && state.references.contains { $0.reference == reference.reference }
        case .dropped(let reference, _, let erased):
            !state.references.contains { $0.reference == reference }
                && !state.images.contains { $0.blob == erased }
        case .operation(let operation): state.operations.contains(operation)
        case .quarantined(let image): state.images.contains(image)
        case .asked, .approved, .backup, .destroyed, .advanced, .escrow, .hold, .retention,
            .erasedEvents, .token, .attested, .canary, .incident:
            false
        }
    }

    @Test(
        "whatever step fails, what is acknowledged is there and nothing is half there",
        arguments: [StorageError.unavailable(5), .full, .damaged])
    func everyStep(error: StorageError) async throws {
        var rows = TestRows()
        for step in 1...Self.steps {
            let catalog = MemoryCatalog()
            let keyring = try TestKeys.keyring()
            let committer = try Committer(catalog: catalog, outages: .lasting) { keyring }
            defer { committer.stop() }
            catalog.faults.arm(step: step, error)
            var seen: Set<UInt64> = []
            for change in Self.script(&rows) {
                // Refused by the rules or by the store, nothing may be half there.
                let committed = try? await committer.commit(change, CommitterFixture.event())
                let state = try catalog.state
                try state.check()
                guard let committed else { continue }
                #expect(isThere(committed.result, state), "step \(step): \(committed)")
                #expect(state.events.last?.index == committed.index)
                #expect(seen.insert(committed.index).inserted)
            }
            guard catalog.faults.failed != nil else {
                #expect(step > 20, "the fault was never met")
                return
            }
            let isDevice = error == .unavailable(5)
            #expect(committer.isBroken == isDevice, "step \(step)")
            let frontier = try catalog.state.frontier
            // A broken committer does not know what the disk holds; every other one does.
            #expect(isDevice || committer.frontier == frontier, "step \(step)")
        }
        Issue.record("the script never got through")
    }

    @Test("after any device failure a new committer goes on with the log that is on the disk")
    func goesOnAfterReopening() async throws {
        var rows = TestRows()
        for step in 1...Self.steps {
            let catalog = MemoryCatalog()
            let keyring = try TestKeys.keyring()
            let committer = try Committer(catalog: catalog, outages: .lasting) { keyring }
            catalog.faults.arm(step: step, .unavailable(5))
            for change in Self.script(&rows) {
                _ = try? await committer.commit(change, CommitterFixture.event())
            }
            committer.stop()
            let isDone = catalog.faults.failed == nil
            catalog.faults.disarm()
            let size = try catalog.frontier().size
            let next = try Committer(catalog: catalog, outages: .lasting) { keyring }
            defer { next.stop() }
            #expect(try await next.record(CommitterFixture.event()) == size)
            try catalog.state.check()
            if isDone { return }
        }
        Issue.record("the script never got through")
    }
}

extension MemoryCatalog {
    /// What is committed, looked at without taking a step.
    var state: CatalogState {
        get throws { try CatalogState(MemoryCatalog(tables)) }
    }
}
