// MicroIsolation: an image examined by a worker in its own process, workers' starts and ends included.

import VaultFormat
import VaultStorage

enum MicroIsolation {
    static func measure(into rows: inout MicroRows, worker: String) async throws {
        let image = BenchImage.jpeg(bytes: 200_000)
        for level in [InspectionLevel.structure, .decode] {
            let pool = try InspectorPool(.init(executable: worker))
            var policy = InspectionPolicy.default
            policy.level = level
            // The first worker's start is nobody's.
            _ = try await pool.examine(image, type: .jpeg, policy: policy, namespace: "a")
            let (cpu, begun) = (BenchClock.cpu(), BenchClock.now())
            var walls: [Double] = []
            while BenchClock.now() < begun + rows.seconds || walls.count < 2 {
                let started = BenchClock.now()
                let answer = try await pool.examine(
                    image, type: .jpeg, policy: policy, namespace: "a")
                guard answer.outcome == .sound else { fatalError("refused: \(answer.decode)") }
                walls.append(BenchClock.now() - started)
            }
            let rate = 1 / walls.median
            await pool.shutdown()
            // With the workers, which have ended.
            let spent = (BenchClock.cpu() - cpu) / Double(walls.count) * 1e9
            rows.add(
                MicroRow(
                    name: "isolation at \(level.name)", bytes: image.count, nanoseconds: spent,
                    least: spent, rate: rate))
        }
    }
}
