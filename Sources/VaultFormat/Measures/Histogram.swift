// How values are spread, counted by bounds that never change: what is kept is as long as the bounds, however
// many values come. Counts and sum stay at their highest rather than begin anew.

/// Values counted by the bound that they do not exceed.
package struct Histogram: Hashable, Sendable {
    /// Rising; a value belongs to the first bound that is not below it.
    package let bounds: [UInt64]
    /// One for each bound, and one for what is above the last.
    package private(set) var counts: [UInt64]
    /// Of all values, in the unit of the bounds.
    package private(set) var sum: UInt64 = 0

    /// - Parameter bounds: at least one, rising.
    package init(bounds: [UInt64]) {
        precondition(!bounds.isEmpty && zip(bounds, bounds.dropFirst()).allSatisfy(<))
        self.bounds = bounds
        counts = Array(repeating: 0, count: bounds.count + 1)
    }

    package mutating func record(_ value: UInt64) {
        let place = bounds.firstIndex { value <= $0 } ?? bounds.count
        counts[place] = counts[place].addingUpToHighest(1)
        sum = sum.addingUpToHighest(value)
    }

    /// How many values were recorded.
    package var count: UInt64 { counts.reduce(0) { $0.addingUpToHighest($1) } }

    /// How many values do not exceed each bound; the last is ``count``.
    package var cumulative: [UInt64] {
        var total: UInt64 = 0
        return counts.map { count in
            total = total.addingUpToHighest(count)
            return total
        }
    }
}

extension UInt64 {
    fileprivate func addingUpToHighest(_ more: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(more)
        return overflow ? .max : sum
    }
}
