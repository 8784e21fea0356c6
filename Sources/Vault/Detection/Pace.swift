// How fast one caller asks, in each scale: what it has now, what it had before, and how much of it is allowed.

import VaultFormat

/// What a window has.
struct Window: Hashable, Sendable {
    let first: UInt64
    let count: Int
}

/// A window that has too much, and of which scale.
struct Excess: Hashable, Sendable {
    let scale: Int
    let first: UInt64
    let count: Int
}

/// One caller's, in every scale.
struct Paces: Sendable {
    private var scales: [Pace]

    /// - Parameter allowed: what counts as its days before, in each scale.
    init(at now: Int64, _ scales: [BaselineRule.Scale], allowed: [Int] = []) {
        self.scales = scales.enumerated().map { place, scale in
            Pace(at: now, scale, allowed: allowed.dropFirst(place).first)
        }
    }

    var windows: [Window] { scales.map(\.window) }

    /// Counts the event in each scale. What is too much in one is learned from in none.
    mutating func count(
        _ event: Observation, _ all: [BaselineRule.Scale],
        bounds: (BaselineRule.Scale) -> (floor: Int, unknown: Int?)
    ) -> Excess? {
        var found: Excess?
        for (place, scale) in all.enumerated() {
            let (floor, unknown) = bounds(scale)
            scales[place].count(event, scale)
            let limit = scales[place].limit(
                at: event.atMicroseconds, floor: floor, unknown: unknown)
            let window = scales[place].window
            guard found == nil, let limit, window.count > limit else { continue }
            found = Excess(scale: place, first: window.first, count: window.count)
        }
        if found != nil { for place in scales.indices { scales[place].markExcess() } }
        return found
    }
}

/// In one scale: a window is the last ``parts`` parts, and slides by one.
private struct Pace: Sendable {
    private struct Part: Sendable {
        var count = 0
        var first: UInt64 = 0
    }

    /// Of a window: what begins in the middle of a part is missed for no longer than that.
    static let parts = 3

    /// The number of the newest part since 1970.
    private var newest: Int64
    /// Oldest first.
    private var parts = [Part](repeating: Part(), count: Pace.parts)
    /// Of the windows before, without those in which there was too much, oldest first.
    private var history: [Int32] = []
    /// What those before allow; nil where they are too few.
    private var usual: Int?
    /// The part in which too much was seen last, and how many windows were left out since one was not.
    private var excess = Int64.min
    private var leftOut = 0
    private var days: AllowedDays

    init(at now: Int64, _ scale: BaselineRule.Scale, allowed: Int?) {
        newest = now / scale.partMicroseconds
        days = AllowedDays(allowed)
    }

    var window: Window {
        Window(
            first: parts.first { $0.count > 0 }?.first ?? 0,
            count: parts.reduce(0) { $0 + $1.count })
    }

    mutating func count(_ event: Observation, _ scale: BaselineRule.Scale) {
        let current = event.atMicroseconds / scale.partMicroseconds
        if current > newest { slide(to: current, scale) }
        let last = parts.count - 1
        if parts[last].count == 0 { parts[last].first = event.index }
        parts[last].count += 1
    }

    /// - Parameters:
    ///   - floor: below it nothing is too much.
    ///   - unknown: what is allowed where nothing is known.
    /// - Returns: nil where nothing is too much yet.
    mutating func limit(at now: Int64, floor: Int, unknown: Int?) -> Int? {
        guard let usual = usual ?? unknown else { return nil }
        return days.bound(max(usual, floor), at: now)
    }

    mutating func markExcess() {
        excess = newest
        days.markExcess()
    }

    private mutating func slide(to current: Int64, _ scale: BaselineRule.Scale) {
        let kept = scale.history + scale.recent
        // What is further back than all that counts is nothing but empty.
        for _ in 0..<min(current - newest, Int64(kept + Self.parts)) {
            learn(scale)
            parts.removeFirst()
            parts.append(Part())
            newest += 1
        }
        newest = current
        history.removeFirst(max(0, history.count - kept))
        usual = history.count < scale.needed ? nil : Baseline(known(scale)).limit
    }

    /// Takes in the window that is over, unless too much was seen in it. What is too much for as long as all that is
    /// known is usual by now.
    private mutating func learn(_ scale: BaselineRule.Scale) {
        let isOver = excess > newest - Int64(Self.parts)
        leftOut = isOver ? leftOut + 1 : 0
        guard !isOver || leftOut > scale.history else { return }
        history.append(Int32(clamping: window.count))
    }

    /// Without the newest, as far as enough are left for more than their median.
    private func known(_ scale: BaselineRule.Scale) -> ArraySlice<Int32> {
        let enough = min(history.count, RuleParameters.quantileWindows)
        return history.prefix(max(history.count - scale.recent, enough))
    }
}

/// What one caller was allowed on each of the days before: today allows little more, so that who wants more from day
/// to day is found in the end.
private struct AllowedDays: Sendable {
    private static let dayMicroseconds: Int64 = 86_400_000_000
    /// Days since 1970.
    private var day = Int64.min
    /// The most that was allowed on each of the last days, and today.
    private var before: [Int32] = []
    private var today = 0
    /// Whether there was too much today, and on the day before.
    private var hasExcess = false
    private var hadExcess = false

    init(_ allowed: Int?) {
        if let allowed { before = [Int32(clamping: allowed)] }
    }

    mutating func markExcess() { hasExcess = true }

    /// - Returns: as much of it as is allowed today. After a day with too much all that may be is: so what is usual
    ///   from now on is, some days later.
    mutating func bound(_ limit: Int, at now: Int64) -> Int {
        turn(to: now / Self.dayMicroseconds)
        var allowed = limit
        if let most = before.max().map({ Int($0) }) {
            let cap = most + most / RuleParameters.dailyGrowth
            allowed = hadExcess ? cap : min(limit, cap)
        }
        today = max(today, allowed)
        return allowed
    }

    private mutating func turn(to current: Int64) {
        guard current > day else { return }
        if today > 0 { before.append(Int32(clamping: today)) }
        before.removeFirst(max(0, before.count - RuleParameters.allowedDays))
        (day, today) = (current, 0)
        (hadExcess, hasExcess) = (hasExcess, false)
    }
}

/// What is usual, by statistics that a few windows of an attack do not move.
struct Baseline: Hashable, Sendable {
    let median: Int
    /// The median of the distances from it.
    let spread: Int
    /// What nineteen windows of twenty stay below; the median, where they are too few to tell.
    let high: Int

    /// - Parameter counts: at least one.
    init(_ counts: some Collection<Int32>) {
        let sorted = counts.sorted()
        let median = Int(sorted[sorted.count / 2])
        let distances = sorted.map { abs(Int($0) - median) }.sorted()
        self.median = median
        spread = distances[distances.count / 2]
        high =
            sorted.count < RuleParameters.quantileWindows
            ? median : Int(sorted[(sorted.count - 1) * 19 / 20])
    }

    /// Ten times the deviation of a normal distribution, of which the spread is two thirds; and thrice the highest,
    /// for what comes in bursts.
    var limit: Int { max(median + 15 * spread, RuleParameters.timesHighest * high) }
}
