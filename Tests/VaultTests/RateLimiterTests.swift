// GCRA to the microsecond, and what happens when more names come than there is room for.

import Testing
import Vault
import VaultFormat
import VaultTestKit

@Suite("A rate limiter")
struct RateLimiterTests {
    private static let second: Int64 = 1_000_000
    /// One each two seconds, three at once.
    private static let slow = Rate(requestsPerMinute: 30, burst: 3)

    @Test("lets a burst in at once and then one each interval, to the microsecond")
    func exact() {
        let limiter = Limiter()
        func take(at now: Int64) -> Int64? {
            limiter.take(Cost(), of: "a", as: nil, .init(owner: Self.slow), at: now)
        }
        for _ in 0..<3 { #expect(take(at: 0) == nil) }
        #expect(take(at: 0) == 2 * Self.second)
        #expect(take(at: 1_999_999) == 1)
        #expect(take(at: 2 * Self.second) == nil)
        #expect(take(at: 2 * Self.second) == 2 * Self.second)
        // Who was away for long has a burst again, and no more.
        for _ in 0..<3 { #expect(take(at: 1000 * Self.second) == nil) }
        #expect(take(at: 1000 * Self.second) == 2 * Self.second)
    }

    @Test("what was refused costs nothing")
    func refusalsAreFree() {
        let limiter = Limiter()
        let rates = RateLimiter<String, String>.Rates(owner: Self.slow)
        for _ in 0..<3 { _ = limiter.take(Cost(), of: "a", as: nil, rates, at: 0) }
        for now in 0..<1000 {
            #expect(limiter.take(Cost(), of: "a", as: nil, rates, at: Int64(now)) != nil)
        }
        #expect(limiter.take(Cost(), of: "a", as: nil, rates, at: 2 * Self.second) == nil)
    }

    @Test("no stretch of time has more than a burst and what it earns, whenever they come")
    func bound() {
        var random = SeededRandom()
        let rate = Rate(requestsPerMinute: 700, burst: 5)
        let limiter = Limiter()
        var now: Int64 = 0
        var admitted: [Int64] = []
        for _ in 0..<3000 {
            now += Int64.random(in: 0...60_000, using: &random)
            let wait = limiter.take(Cost(), of: "a", as: nil, .init(owner: rate), at: now)
            if wait == nil { admitted.append(now) }
        }
        #expect(admitted.count > 500)
        for first in admitted.indices {
            for last in first..<min(first + 200, admitted.count) {
                let earned = Double(admitted[last] - admitted[first]) * 700 / 60_000_000
                #expect(Double(last - first + 1) <= 5 + earned + 1e-6)
            }
        }
    }

    @Test("bytes cost beside the request, to the microsecond")
    func bytes() {
        // A second for a request, a second for a thousand bytes, ten seconds' room.
        let rate = Rate(requestsPerMinute: 60, burst: 10, bytesPerSecond: 1000)
        let limiter = Limiter()
        func take(_ bytes: Int, at now: Int64) -> Int64? {
            limiter.take(Cost(bytes: bytes), of: "a", as: nil, .init(owner: rate), at: now)
        }
        #expect(take(9000, at: 0) == nil)
        #expect(take(0, at: 0) == Self.second)
        #expect(take(1, at: Self.second) == 1000)
        #expect(take(1, at: Self.second + 1000) == nil)
        // What is larger than the bucket waits until it is empty, and those behind it wait for it.
        #expect(take(1_000_000, at: Self.second + 1000) == 10 * Self.second)
        #expect(take(1_000_000, at: 11 * Self.second + 1000) == nil)
        #expect(take(0, at: 11 * Self.second + 1000) == 992 * Self.second)
    }

    @Test("what is charged later is waited for by whoever comes next")
    func charge() {
        let rates = RateLimiter<String, String>.Rates(
            owner: Rate(requestsPerMinute: 60, burst: 1, bytesPerSecond: 1000))
        let limiter = Limiter()
        #expect(limiter.take(Cost(), of: "a", as: nil, rates, at: 0) == nil)
        limiter.charge(Cost(requests: 0, bytes: 5000), to: "a", as: nil, rates, at: 0)
        #expect(limiter.take(Cost(), of: "a", as: nil, rates, at: 0) == 6 * Self.second)
        #expect(limiter.take(Cost(), of: "b", as: nil, rates, at: 0) == nil)
    }

    @Test("an actor has its own bucket and empties that of its owner")
    func twoLevels() {
        let rates = RateLimiter<String, String>.Rates(
            owner: Rate(requestsPerMinute: 60, burst: 4),
            name: Rate(requestsPerMinute: 60, burst: 2))
        let limiter = Limiter()
        for name in ["x", "x", "y", "y"] {
            #expect(limiter.take(Cost(), of: "a", as: name, rates, at: 0) == nil)
        }
        // Each has used up its own; z has not, but nothing is left of the owner's.
        #expect(limiter.take(Cost(), of: "a", as: "z", rates, at: 0) == Self.second)
        #expect(limiter.take(Cost(), of: "b", as: "x", rates, at: 0) == nil)
    }

    @Test("made-up names get nobody more: those without room share one bucket")
    func madeUpNames() {
        let rates = RateLimiter<String, String>.Rates(name: Rate(requestsPerMinute: 1, burst: 1))
        let limiter = Limiter(names: 8, namesEach: 4)
        let admitted = (0..<1000).count { number in
            limiter.take(Cost(), of: "a", as: "made-up \(number)", rates, at: 0) == nil
        }
        #expect(admitted == 5)
        #expect(limiter.count == 4)
        // Those who were there have not been forgotten, and another owner has room.
        #expect(limiter.take(Cost(), of: "a", as: "made-up 0", rates, at: 0) == 60 * Self.second)
        #expect(limiter.take(Cost(), of: "b", as: "somebody", rates, at: 0) == nil)
        #expect(limiter.count == 5)
    }

    @Test("a name goes when its bucket is empty, and not before")
    func forgets() {
        let rates = RateLimiter<String, String>.Rates(name: Rate(requestsPerMinute: 60, burst: 2))
        let limiter = Limiter(names: 2, namesEach: 2)
        #expect(limiter.take(Cost(), of: "a", as: "short", rates, at: 0) == nil)
        for _ in 0..<2 { _ = limiter.take(Cost(), of: "a", as: "long", rates, at: 0) }
        #expect(limiter.take(Cost(), of: "a", as: "new", rates, at: Self.second) == nil)
        #expect(limiter.count == 2)
        // "long" has earned one of its two.
        #expect(limiter.take(Cost(), of: "a", as: "long", rates, at: Self.second) == nil)
        #expect(limiter.take(Cost(), of: "a", as: "long", rates, at: Self.second) == Self.second)
    }

    @Test("the largest costs and the slowest rates do not overflow")
    func extremes() {
        let rate = Rate(requestsPerMinute: 1, burst: 1, bytesPerSecond: 1)
        let limiter = Limiter()
        let rates = RateLimiter<String, String>.Rates(owner: rate)
        let large = Cost(requests: .max, bytes: .max)
        #expect(limiter.take(large, of: "a", as: nil, rates, at: 0) == nil)
        for _ in 0..<100 { limiter.charge(large, to: "a", as: nil, rates, at: 0) }
        #expect(limiter.take(Cost(), of: "a", as: nil, rates, at: 0) ?? 0 > 0)
    }
}

/// A limiter that `#expect` can ask: it takes no call that changes a value.
private final class Limiter {
    private var limiter: RateLimiter<String, String>

    init(names: Int = Limits.limitedNames, namesEach: Int = Limits.limitedNamesEach) {
        limiter = RateLimiter(names: names, namesEach: namesEach)
    }

    var count: Int { limiter.count }

    func take(
        _ cost: Cost, of owner: String, as name: String?,
        _ rates: RateLimiter<String, String>.Rates, at now: Int64
    ) -> Int64? {
        limiter.take(cost, of: owner, as: name, rates, at: now)
    }

    func charge(
        _ cost: Cost, to owner: String, as name: String?,
        _ rates: RateLimiter<String, String>.Rates, at now: Int64
    ) {
        limiter.charge(cost, to: owner, as: name, rates, at: now)
    }
}
