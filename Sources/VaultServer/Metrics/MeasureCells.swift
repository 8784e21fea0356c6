// The cells of a MeasureRegister: what one series has come to.

import CoreMetrics
import Synchronization
import VaultFormat

/// Only rises.
final class CounterCell: CounterHandler {
    private let count = Atomic<UInt64>(0)

    var value: UInt64 { count.load(ordering: .relaxed) }

    /// Less than nothing is nothing.
    func increment(by amount: Int64) {
        count.wrappingAdd(UInt64(max(0, amount)), ordering: .relaxed)
    }

    func reset() { count.store(0, ordering: .relaxed) }
}

/// Goes up and down, in whole steps.
final class GaugeCell: MeterHandler, RecorderHandler {
    private let level = Atomic<Int64>(0)

    /// Never below zero, whatever two who count at once have made of it.
    var value: UInt64 { UInt64(max(0, level.load(ordering: .relaxed))) }

    func set(_ value: Int64) { level.store(value, ordering: .relaxed) }
    func set(_ value: Double) { set(Self.whole(value)) }
    func increment(by amount: Double) {
        level.wrappingAdd(Self.whole(amount), ordering: .relaxed)
    }
    func decrement(by amount: Double) {
        level.wrappingSubtract(Self.whole(amount), ordering: .relaxed)
    }
    func record(_ value: Int64) { set(value) }
    func record(_ value: Double) { set(value) }

    /// Zero for what is no number, or none that fits.
    private static func whole(_ value: Double) -> Int64 { Int64(exactly: value.rounded()) ?? 0 }
}

/// Values by bounds.
final class HistogramCell: TimerHandler, RecorderHandler {
    private let histogram: Mutex<Histogram>

    init(_ bounds: [UInt64]) { histogram = Mutex(Histogram(bounds: bounds)) }

    var value: Histogram { histogram.withLock { $0 } }

    func recordNanoseconds(_ duration: Int64) { record(duration / 1000) }

    /// Less than nothing is nothing.
    func record(_ value: Int64) {
        histogram.withLock { $0.record(UInt64(max(0, value))) }
    }

    func record(_ value: Double) { record(Int64(exactly: value.rounded()) ?? 0) }
}
