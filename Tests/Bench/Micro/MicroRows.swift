// MicroRows: what was measured, as Tools/bench micro reads it.

struct MicroRow: Encodable {
    let name: String
    /// What one call is given; 0 where it is given nothing that counts.
    let bytes: Int
    /// Processor time of one call: the median of the blocks, and the least of them.
    let nanoseconds: Double
    let least: Double
    /// Calls a second by the wall clock, where the disk or another process is waited for.
    var rate: Double?
}

struct MicroRows {
    let seconds: Double
    private(set) var rows: [MicroRow] = []
    /// Of how many blocks the median is.
    private static let blocks = 15

    init(seconds: Double) { self.seconds = seconds }

    mutating func add(_ row: MicroRow) { rows.append(row) }

    /// Calls `body` for about ``seconds``, in blocks that are each timed as a whole.
    mutating func measure(_ name: String, bytes: Int = 0, _ body: () throws -> Void) rethrows {
        try body()
        let once = try Self.processorTime(of: 1, body)
        let share = seconds / Double(Self.blocks)
        let calls = max(1, Int(share / max(once, 1e-8)))
        let blocks = try (0..<Self.blocks).map { _ in
            try Self.processorTime(of: calls, body) / Double(calls) * 1e9
        }
        add(
            MicroRow(
                name: name, bytes: bytes, nanoseconds: blocks.median, least: blocks.min() ?? 0))
    }

    /// As ``measure(_:bytes:_:)``, of what `body` says that it took: for what has to be made ready before each call.
    mutating func measureParts(
        _ name: String, bytes: Int, _ body: () throws -> Double
    ) rethrows {
        let calls = max(1, Int(seconds / Double(Self.blocks) / max(try body(), 1e-8)))
        let blocks = try (0..<Self.blocks).map { _ in
            var sum = 0.0
            for _ in 0..<calls { sum += try body() }
            return sum / Double(calls) * 1e9
        }
        add(
            MicroRow(
                name: name, bytes: bytes, nanoseconds: blocks.median, least: blocks.min() ?? 0))
    }

    private static func processorTime(of calls: Int, _ body: () throws -> Void) rethrows -> Double {
        let begun = BenchClock.threadCPU()
        for _ in 0..<calls { try body() }
        return BenchClock.threadCPU() - begun
    }
}
