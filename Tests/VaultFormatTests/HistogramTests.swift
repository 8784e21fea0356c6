import Testing
import VaultFormat

@Suite("A histogram")
struct HistogramTests {
    @Test("counts a value at the first bound that is not below it")
    func bounds() {
        var histogram = Histogram(bounds: [1, 10, 100])
        for value: UInt64 in [0, 1, 2, 10, 11, 100, 101, .max / 2] { histogram.record(value) }
        #expect(histogram.counts == [2, 2, 2, 2])
        #expect(histogram.cumulative == [2, 4, 6, 8])
        #expect(histogram.count == 8)
    }

    @Test("knows the sum of what it counted")
    func sum() {
        var histogram = Histogram(bounds: [5])
        for value: UInt64 in [3, 4, 8] { histogram.record(value) }
        #expect(histogram.sum == 15)
    }

    @Test("stays at its highest rather than begin anew")
    func highest() {
        var histogram = Histogram(bounds: [1])
        histogram.record(.max)
        histogram.record(7)
        #expect(histogram.sum == .max)
        #expect(histogram.count == 2)
    }

    @Test("is as long as its bounds, whatever comes")
    func length() {
        var histogram = Histogram(bounds: Limits.requestMicroseconds)
        for power in 0..<64 { histogram.record(1 << power) }
        #expect(histogram.counts.count == Limits.requestMicroseconds.count + 1)
        #expect(histogram.count == 64)
    }

    @Test(
        "that the vault keeps has bounds that rise",
        arguments: [
            Limits.requestMicroseconds, Limits.commitMicroseconds, Limits.commitBatches,
        ])
    func rising(bounds: [UInt64]) {
        #expect(zip(bounds, bounds.dropFirst()).allSatisfy(<))
    }

    @Test("of batches ends at the largest batch")
    func batches() {
        #expect(Limits.commitBatches.last == UInt64(Limits.commitBatch))
    }

    @Test(
        "of times gets whole microseconds, and nothing for what is below none",
        arguments: [
            (.zero, 0), (.nanoseconds(999), 0), (.microseconds(1), 1), (.seconds(2), 2_000_000),
            (.milliseconds(-5), 0), (.seconds(Int64.max), .max),
        ] as [(Duration, UInt64)])
    func microseconds(duration: Duration, expected: UInt64) {
        #expect(duration.wholeMicroseconds == expected)
    }
}
