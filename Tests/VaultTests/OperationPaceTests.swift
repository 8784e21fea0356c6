// How fast background work goes: in bounded steps, with rests between them in proportion. The clock is one
// that only moves when the test says so.

import Synchronization
import Testing
import Vault
import VaultFormat
import VaultTestKit

@Suite("The pace of operations")
struct OperationPaceTests {
    /// What an image takes to look at: three fill a step.
    private static let lookMilliseconds: Int64 = 100

    /// A vault with so many images, each of which takes its time to look at.
    private static func vault(images: Int, milliseconds: Int64) async throws -> TestVault {
        let test = try TestVault()
        for image in TestImages.numbered(0..<images) { try await test.put(image) }
        let clock = test.clock
        test.inspector.whileLooking { clock.advance(microseconds: milliseconds * 1000) }
        return test
    }

    /// How many images were done after each step, as the log has it.
    private static func steps(_ test: TestVault) throws -> [Int?] {
        try test.log().filter { $0.action == "operation.advanced" }.map(\.items)
    }

    @Test(
        "it rests so long after a step that it works its share of the time",
        arguments: [(1, 29_700), (25, 900), (50, 300), (75, 100), (100, 0)] as [(Int, Int64)])
    func share(percent: Int, rest: Int64) async throws {
        let test = try await Self.vault(images: 6, milliseconds: Self.lookMilliseconds)
        defer { test.stop() }
        let answer = try await test.reinspect()
        let rests = Rests()
        let runner = OperationRunner(test.vault, share: percent) { rests.add($0) }
        while await runner.turnAndRest() {}
        #expect(try await test.operation(answer).state == .done)
        // Two steps of three images, and the one that finds nothing left.
        #expect(rests.milliseconds == [rest, rest, 0])
    }

    @Test("a step takes no further image once its time is over")
    func stepTime() async throws {
        let test = try await Self.vault(images: 7, milliseconds: Self.lookMilliseconds)
        defer { test.stop() }
        try await test.reinspect()
        try await test.workToTheEnd()
        #expect(try Self.steps(test) == [3, 6, 7])
    }

    @Test("a step takes so many images and no more, however fast they are")
    func stepImages() async throws {
        let most = Limits.operationStepImages
        let test = try await Self.vault(images: most + 1, milliseconds: 0)
        defer { test.stop() }
        try await test.reinspect()
        try await test.workToTheEnd()
        #expect(try Self.steps(test) == [most, most + 1])
    }

    @Test("what cannot be done now is tried again after a rest, and where it stood")
    func retry() async throws {
        let test = try await Self.vault(images: 2, milliseconds: 0)
        defer { test.stop() }
        let answer = try await test.reinspect()
        let rests = Rests()
        let runner = OperationRunner(test.vault, share: 100) { rests.add($0) }
        test.inspector.answer(.error(VaultError(.overloaded)))
        for _ in 0..<3 {
            let hasMore = await runner.turnAndRest()
            #expect(hasMore)
        }
        #expect(rests.milliseconds == [1000, 1000, 1000])
        #expect(try await test.operation(answer).progress.done == 0)
        test.inspector.answer(.nothing)
        while await runner.turnAndRest() {}
        #expect(try await test.operation(answer).progress.done == 2)
    }
}

/// The rests that a runner took, which cost the test no time.
private final class Rests: Sendable {
    private let taken = Mutex<[Int64]>([])

    func add(_ milliseconds: Int64) { taken.withLock { $0.append(milliseconds) } }

    var milliseconds: [Int64] { taken.withLock { $0 } }
}
