// How fast somebody may ask: the generic cell rate algorithm (ITU-T I.371, annex A), as arithmetic. RateLimits.md
// is the specification.

/// So many requests a minute, some of them at once, and so many bytes a second.
package struct Rate: Hashable, Sendable {
    package let requestsPerMinute: Int
    /// Requests that may come at once after a pause.
    package let burst: Int
    /// Nil where bytes cost nothing.
    package let bytesPerSecond: Int?

    package init(requestsPerMinute: Int, burst: Int, bytesPerSecond: Int? = nil) {
        self.requestsPerMinute = max(1, requestsPerMinute)
        self.burst = max(1, burst)
        self.bytesPerSecond = bytesPerSecond.map { max(1, $0) }
    }

    /// Nanoseconds after which one request more may come.
    var intervalNanoseconds: Int64 {
        let (minute, requests) = (Int64(60_000_000_000), Int64(requestsPerMinute))
        return (minute + requests - 1) / requests
    }

    /// Nanoseconds by which a bucket may be full.
    var roomNanoseconds: Int64 { intervalNanoseconds * Int64(burst) }

    /// Nanoseconds that it takes to earn `cost`.
    func nanoseconds(of cost: Cost) -> Int64 {
        let requests = intervalNanoseconds.multipliedReportingOverflow(by: Int64(cost.requests))
        guard !requests.overflow else { return Self.longest }
        return min(Self.longest, requests.partialValue) + nanoseconds(ofBytes: cost.bytes)
    }

    private func nanoseconds(ofBytes bytes: Int) -> Int64 {
        guard let bytesPerSecond else { return 0 }
        let (quotient, rest) = bytes.quotientAndRemainder(dividingBy: bytesPerSecond)
        guard quotient < 1_000_000_000 else { return Self.longest }
        let (high, low) = rest.multipliedFullWidth(by: 1_000_000_000)
        let part = bytesPerSecond.dividingFullWidth((high, low)).quotient
        return min(Self.longest, Int64(quotient) * 1_000_000_000 + Int64(part))
    }

    /// More than anybody waits for, and far from what overflows: ten years.
    private static let longest: Int64 = 315_360_000_000_000_000
}

/// What a request takes.
package struct Cost: Hashable, Sendable {
    package let requests: Int
    package let bytes: Int

    package init(requests: Int = 1, bytes: Int = 0) {
        self.requests = max(0, requests)
        self.bytes = max(0, bytes)
    }
}

/// What somebody has taken and not earned yet.
struct Bucket: Hashable, Sendable {
    /// When all is earned, in nanoseconds.
    private(set) var emptyAt: Int64 = .min

    func isEmpty(at now: Int64) -> Bool { emptyAt <= now }

    /// Nanoseconds until there is room for `cost`; 0 where there is now. What is larger than the whole bucket fits
    /// an empty one: it waits for its turn, and those behind it wait for it.
    func wait(for cost: Cost, _ rate: Rate, at now: Int64) -> Int64 {
        let room = rate.roomNanoseconds
        let taken = emptyAt > now ? emptyAt - now : 0
        return max(0, taken + min(rate.nanoseconds(of: cost), room) - room)
    }

    mutating func take(_ cost: Cost, _ rate: Rate, at now: Int64) {
        // What is charged later may add up: it stays far from what overflows.
        emptyAt = min(max(emptyAt, now), .max / 2) + rate.nanoseconds(of: cost)
    }
}
