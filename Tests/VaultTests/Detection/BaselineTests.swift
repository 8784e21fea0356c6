// What is usual is not taught by whoever attacks: not while he does, not from day to day, and not in others' names.

import Testing
import Vault
import VaultFormat
import VaultTestKit

@Suite("A baseline")
struct BaselineTests {
    private static let minute: Int64 = 60_000_000
    private static let day = 24 * 60 * minute
    private let web = AlarmSubject(principal: DetectionTrace.web, actor: nil)
    private let actor = AlarmSubject(
        principal: DetectionTrace.web, actor: DetectionTrace.actor(1))

    /// One rule, and whom it has seen doing too much.
    private struct Reading {
        private var rule: any BehaviourRule
        private var index: UInt64 = 0
        /// At midnight.
        var now: Int64 = 20_000 * BaselineTests.day
        /// When the first of it was seen, of each.
        private(set) var seen: [AlarmSubject: Int64] = [:]

        init() throws {
            rule = try #require(RuleParameters.rules().first { $0.rule == .readVolume })
        }

        mutating func forget() { seen = [:] }

        /// So many within a minute, in equal steps.
        mutating func minute(_ count: Int, actor: Int? = nil) {
            let begun = now
            for number in 0..<count {
                now = begun + Int64(number) * BaselineTests.minute / Int64(count)
                var event = Observation(.readBegun, index: index, atMicroseconds: now)
                event.principal = DetectionTrace.web
                event.actor = actor.map(DetectionTrace.actor)
                index += 1
                for sighting in rule.see(event) where seen[sighting.subject] == nil {
                    seen[sighting.subject] = now
                }
            }
            now = begun + BaselineTests.minute
        }

        mutating func minutes(_ number: Int, _ count: Int) {
            for _ in 0..<number { minute(count) }
        }
    }

    @Test("an actor who reads a few more from hour to hour is found")
    func actorRamp() throws {
        var reading = try Reading()
        for number in 0..<720 where reading.seen.isEmpty {
            reading.minute(10 + number / 20, actor: 1)
        }
        #expect(reading.seen.keys.first == actor)
    }

    @Test("a principal that reads more from hour to hour is found on its second day")
    func principalRamp() throws {
        var reading = try Reading()
        reading.now += 20 * 60 * Self.minute
        let midnight = reading.now + 4 * 60 * Self.minute
        for number in 0..<24 * 60 where reading.seen.isEmpty {
            reading.minute(20 + number / 6)
        }
        #expect(try #require(reading.seen[web]) > midnight)
    }

    @Test("a principal that reads a fifth more from minute to minute is found")
    func fastRamp() throws {
        var reading = try Reading()
        reading.minutes(40, 50)
        var pace = 50.0
        while pace < 1000, reading.seen.isEmpty {
            reading.minute(Int(pace))
            pace *= 1.2
        }
        #expect(reading.seen[web] != nil)
    }

    @Test("what was too much teaches nothing: as much again is too much again")
    func leavesOut() throws {
        var reading = try Reading()
        reading.minutes(180, 60)
        #expect(reading.seen.isEmpty)
        reading.minutes(10, 1000)
        #expect(reading.seen[web] != nil)
        reading.minutes(45, 60)
        reading.forget()
        reading.minutes(2, 400)
        #expect(reading.seen[web] != nil)
    }

    @Test("what comes in bursts that a day had before is usual")
    func bursts() throws {
        var reading = try Reading()
        for _ in 0..<12 {
            reading.minutes(18, 40)
            reading.minutes(2, 140)
        }
        #expect(reading.seen.isEmpty)
        reading.minutes(2, 400)
        #expect(reading.seen.isEmpty)
        reading.minutes(2, 450)
        #expect(reading.seen[web] != nil)
    }

    @Test("what is a little more for good is an alarm on its first day, and usual soon after")
    func getsUsed() throws {
        var reading = try Reading()
        var found: [Bool] = []
        for day in 0..<4 {
            for _ in 0..<36 {
                reading.minutes(37, 1)
                reading.minutes(3, day == 0 ? 1 : 153)
            }
            found.append(!reading.seen.isEmpty)
            reading.forget()
        }
        #expect(found == [false, true, false, false])
    }

    @Test("whomever a principal says that it asks for, all of it counts for the principal")
    func madeUp() throws {
        var reading = try Reading()
        reading.minutes(60, 60)
        reading.minute(1000, actor: 1)
        #expect(Set(reading.seen.keys) == [web, actor])
        // Nobody of them is out of the ordinary.
        reading = try Reading()
        reading.minutes(60, 60)
        for number in 0..<1000 { reading.minute(1, actor: number % 2) }
        #expect(reading.seen.isEmpty)
        var trace = DetectionTrace(seed: 1)
        for number in 0..<100 {
            trace.add(.readBegun, actor: 1, code: .unknownImage, image: number)
        }
        #expect(Set(trace.alarms().map(\.subject)) == [web, actor])
    }
}
