// The pool with the real vaultinspect: what it answers, when it recycles, how it ends.

import Foundation
import Testing
import VaultFormat
import VaultTestKit

@testable import VaultStorage

@Suite struct InspectorPoolTests {
    @Test(arguments: [
        (Samples.jpegStart, ImageType.jpeg, DetectedType.jpeg, WorkerOutcome.sound),
        (Samples.pngStart, .png, .png, .sound),
        (Samples.pngStart, .jpeg, .png, .typeDisagrees),
        (Samples.text, .png, .other, .typeDisagrees),
    ])
    func libmagicMustAgreeWithTheClaim(
        _ bytes: [UInt8], _ claim: ImageType, _ detected: DetectedType, _ outcome: WorkerOutcome
    ) async throws {
        let answer = try await withPool {
            try await $0.examine(bytes, type: claim, policy: .structure, namespace: "a")
        }
        #expect(answer.detectedType == detected)
        #expect(answer.outcome == outcome)
        #expect(answer.decode == .notAsked)
    }

    @Test func aWorkerServesAnImageAsLongAsTheLimit() async throws {
        let bytes = Samples.text + [UInt8](repeating: 7, count: 32 << 20 - Samples.text.count)
        let answer = try await withPool {
            try await $0.examine(bytes, type: .jpeg, policy: .default, namespace: "a")
        }
        #expect(answer.outcome == .typeDisagrees)
    }

    @Test func anEmptyOrOversizedImageNeverReachesAWorker() async throws {
        try await withPool { pool in
            for count in [0, Int(Limits.workerImageBytes) + 1] {
                await #expect(throws: InspectorPoolError.imageSize(bytes: count)) {
                    try await pool.examine(
                        [UInt8](repeating: 0, count: count), type: .png, policy: .default,
                        namespace: "a")
                }
            }
        }
    }

    @Test func aProgramThatIsMissingIsReportedAtOnce() {
        #expect(throws: InspectorPoolError.launcherFailed(errno: ENOENT)) {
            try InspectorPool(.init(executable: "/nonexistent/vaultinspect"))
        }
    }

    @Test func aCheckSaysThatEveryWallStands() async throws {
        try await withPool { pool in
            #expect(pool.canStartWorkers)
            let greeting = try await pool.check()
            #expect(greeting.stage == .ready)
            // Landlock is in every kernel these tests are meant for.
            #expect(greeting.landlockABI > 0)
        }
    }

    @Test func aWorkerNeverSeesTwoNamespaces() async throws {
        try await withPool("HostileWorker", concurrency: 1, spares: 0) { pool in
            let first = try await pool.order("honest", namespace: "a")
            let again = try await pool.order("honest", namespace: "a")
            let other = try await pool.order("honest", namespace: "b")
            // A worker counts its own requests.
            #expect([first.number, again.number, other.number] == [1, 2, 1])
        }
    }

    @Test func aWorkerIsReplacedAfterItsShareOfImages() async throws {
        try await withPool("HostileWorker", concurrency: 1) { pool in
            var numbers: [UInt64] = []
            for _ in 0...Limits.workerImagesPerProcess {
                numbers.append(try await pool.order("honest").number)
            }
            #expect(numbers.max() == UInt64(Limits.workerImagesPerProcess))
            #expect(numbers.last == 1)
        }
    }

    @Test func aWorkerIsReplacedAfterARefusal() async throws {
        try await withPool(concurrency: 1) { pool in
            for _ in 0..<3 {
                let answer = try await pool.examine(
                    Samples.text, type: .png, policy: .structure, namespace: "a")
                #expect(answer.number == 1)
            }
        }
    }

    @Test func moreUploadsThanMayWaitAreToldSo() async throws {
        let (hanging, waiting) = try await withPool("HostileWorker", concurrency: 1, waiting: 1) {
            pool in
            let (hanging, waiting) = try await pool.fill()
            #expect(await pool.result(of: "honest").refusal == .busy)
            return (hanging, waiting)
        }
        #expect(await hanging.value != nil)
        #expect(await waiting.value == .shutDown)
    }

    @Test func aCancelledUploadStopsWaiting() async throws {
        try await withPool("HostileWorker", concurrency: 1) { pool in
            let (_, waiting) = try await pool.fill()
            waiting.cancel()
            #expect(await waiting.value == .cancelled)
            #expect(pool.load == (0, 1))
        }
    }

    @Test func anUploadOfACancelledTaskIsNotTakenIn() async throws {
        try await withPool("HostileWorker") { pool in
            let late = Task {
                while !Task.isCancelled { await Task.yield() }
                return await pool.result(of: "honest").refusal
            }
            late.cancel()
            #expect(await late.value == .cancelled)
        }
    }

    @Test func shutdownEndsEveryWaitAndEveryProcess() async throws {
        let pool = try InspectorPool(
            .init(
                executable: Built.path("HostileWorker"), concurrency: 1,
                decodeMilliseconds: 60_000))
        #expect(await pool.result(of: "honest").isSound)
        let (hanging, waiting) = try await pool.fill()
        await pool.shutdown()
        #expect(await hanging.value != nil)
        #expect(await waiting.value == .shutDown)
        #expect(await pool.result(of: "honest").refusal == .shutDown)
        #expect(!pool.canStartWorkers)
        await pool.shutdown()
    }
}

extension InspectorPool {
    /// Gives the pool's only worker an upload it never answers, and lets another wait for it.
    fileprivate func fill() async throws -> (
        hanging: Task<InspectorPoolError?, Never>, waiting: Task<InspectorPoolError?, Never>
    ) {
        let hanging = Task { await result(of: "silent").refusal }
        try await wait { load.busy == 1 }
        let waiting = Task { await result(of: "honest").refusal }
        try await wait { load.waiting == 1 }
        return (hanging, waiting)
    }

    private func wait(until condition: () -> Bool) async throws {
        for _ in 0..<1_000 where !condition() { try await Task.sleep(for: .milliseconds(10)) }
        try #require(condition())
    }
}
