// InspectBench: what inspecting costs, as Tools/bench-inspect prints it: the walks in process, a
// worker's isolation, a whole inspection at level `decode`, and single files.
//
//   bench WORKER [--photo JPEG | FILE...]

import Foundation
import Glibc
import ImageInspection
import VaultFormat
import VaultTestKit

@testable import VaultStorage
@testable import vaultinspect

@main
struct InspectBench {
    static func main() async {
        let arguments = CommandLine.arguments.dropFirst()
        guard let worker = arguments.first else { exit(EX_USAGE) }
        do {
            try await run(worker, arguments.dropFirst())
        } catch {
            print("bench: \(error)")
            exit(EX_SOFTWARE)
        }
    }

    private static func run(_ worker: String, _ files: ArraySlice<String>) async throws {
        if files.isEmpty {
            walks()
            try await Isolation(worker: worker).run(BenchImage.jpeg(bytes: 200_000), "generated")
        } else if files.count == 2, files.first == "--photo" {
            for path in files.dropFirst() {
                try await Isolation(worker: worker).run(read(path), "given")
            }
        } else {
            for path in files {
                try await SingleFile(worker: worker, path: path, bytes: read(path)).run()
            }
        }
    }

    private static func read(_ path: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    /// Walk and search of 10 MB, the best of 20 by the thread's own clock: neighbours on the machine
    /// only slow a run down.
    private static func walks() {
        for (name, bytes) in [
            ("JPEG", BenchImage.photo(bytes: 10_000_000)), ("PNG", BenchImage.png),
        ] {
            let seconds = (0..<20).map { _ in
                BenchClock.threadCPU {
                    // Bytes of bytes: every bit pattern is one.
                    guard (try? unsafe ImageInspector.inspect(bytes.span.bytes)) != nil else {
                        fatalError("\(name) is refused")
                    }
                }
            }
            let best = Double(bytes.count) / (seconds.min() ?? 1) / 1e9
            print(
                "walk and search of a \(name) of \(bytes.count) bytes: "
                    + String(format: "%.2f GB/s", best))
        }
    }
}

/// One image, many times: vaultd's walk, and then what a worker does, in process and through the
/// pool, recycling included.
struct Isolation {
    let worker: String
    private static let images = 8 * Limits.workerImagesPerProcess
    private static let block = 64

    func run(_ image: [UInt8], _ name: String) async throws {
        for level in [InspectionLevel.structure, .decode] {
            var inside: [Double] = []
            var outside: [Double] = []
            let before = BenchClock.cpu()
            let pool = try InspectorPool(.init(executable: worker))
            guard let local = LocalInspector(image, level) else { fatalError("no libmagic") }
            var insideCPU = 0.0
            for _ in 0..<Self.images / Self.block {
                let started = BenchClock.cpu()
                for _ in 0..<Self.block { inside.append(BenchClock.wall { local.run() }) }
                insideCPU += BenchClock.cpu() - started
                for _ in 0..<Self.block { outside.append(try await isolated(image, level, pool)) }
            }
            await pool.shutdown()
            let cpu = BenchClock.cpu() - before - insideCPU
            let each = 1 / Double(Self.images)
            report(name, image.count, level, inside, outside, insideCPU * each, cpu * each)
        }
    }

    private func isolated(
        _ image: [UInt8], _ level: InspectionLevel, _ pool: InspectorPool
    ) async throws -> Double {
        let started = BenchClock.now()
        LocalInspector.walk(image)
        var policy = InspectionPolicy.default
        policy.level = level
        let answer = try await pool.examine(image, type: .jpeg, policy: policy, namespace: "a")
        guard answer.outcome == .sound else { fatalError("refused: \(answer.decode)") }
        return BenchClock.now() - started
    }

    private func report(
        _ name: String, _ count: Int, _ level: InspectionLevel, _ inside: [Double],
        _ outside: [Double], _ insideCPU: Double, _ cpu: Double
    ) {
        let added = [outside.mean - inside.mean, outside.median - inside.median, cpu - insideCPU]
        print(
            "isolation of \(name) JPEG of \(count) bytes at \(level.name): "
                + String(
                    format: "+%.0f µs mean, +%.0f µs median, +%.0f µs of CPU; ", added[0] * 1e6,
                    added[1] * 1e6, added[2] * 1e6)
                + String(
                    format: "%.2f ms of CPU in process, %.2f in all", insideCPU * 1e3, cpu * 1e3))
    }
}

/// What a worker does with one image, called as a function.
struct LocalInspector {
    private let image: [UInt8]
    private let request: WorkerRequest
    private let magic: Magic

    init?(_ image: [UInt8], _ level: InspectionLevel) {
        guard let magic = Magic(),
            let request = try? WorkerRequest(
                number: 1, level: level, claimedType: .jpeg, imageBytes: UInt64(image.count),
                budget: WorkerBudget(.default))
        else { return nil }
        (self.image, self.request, self.magic) = (image, request, magic)
    }

    /// What vaultd does itself before it asks a worker.
    static func walk(_ image: [UInt8]) {
        // Bytes of bytes: every bit pattern is one.
        guard (try? unsafe ImageInspector.inspect(image.span.bytes)) != nil else {
            fatalError("the walk refuses it")
        }
    }

    func run() {
        Self.walk(image)
        let answer = Inspector.inspect(
            image.span.extracting(first: request.bodyBytes), request, magic)
        guard answer.outcome == .sound else { fatalError("refused: \(answer.decode)") }
    }
}

/// One file as an upload meets it: the walk, then a fresh worker if it passed.
struct SingleFile {
    let worker: String
    let path: String
    let bytes: [UInt8]
    private static let times = 5

    func run() async throws {
        let pool = try InspectorPool(
            .init(executable: worker, concurrency: 1, spares: 1))
        _ = try await pool.check()
        var seconds: [Double] = []
        var verdict = ""
        var measures = WorkerMeasures()
        for _ in 0..<Self.times {
            let started = BenchClock.now()
            (verdict, measures) = await inspect(pool)
            seconds.append(BenchClock.now() - started)
        }
        await pool.shutdown()
        let name = URL(fileURLWithPath: path).lastPathComponent
        print(
            String(
                format: "%6.1f ms  most %6.1f ms  worker %6.1f ms of CPU, %3d MiB  ",
                seconds.median * 1e3, (seconds.max() ?? 0) * 1e3,
                Double(measures.cpuMicroseconds) / 1e3, measures.peakMemoryKiB >> 10)
                + "\(name): \(verdict)")
    }

    private func inspect(_ pool: InspectorPool) async -> (String, WorkerMeasures) {
        var policy = InspectionPolicy.default
        policy.trailer = .truncate
        let type: ImageType
        do throws(InspectionRefusal) {
            // Bytes of bytes: every bit pattern is one.
            type = try unsafe ImageInspector.inspect(bytes.span.bytes, policy: policy).type
        } catch {
            return ("refused by the walk, \(error.finding.code.rawValue)", WorkerMeasures())
        }
        let answer: WorkerAnswer
        do throws(InspectorPoolError) {
            answer = try await pool.examine(bytes, type: type, policy: policy, namespace: "a")
        } catch {
            return ("not inspected, \(error.code)", WorkerMeasures())
        }
        let verdict =
            answer.outcome == .sound
            ? "accepted" : "refused by the worker, \(answer.decode)"
        return (verdict, answer.measures)
    }
}
