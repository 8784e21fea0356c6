// An hour that a real daemon had: nothing in it is an alarm, and what is planted in it at random is found.

import Testing
import Vault
import VaultFormat
import VaultTestKit

@Suite("A recorded hour")
struct RecordedHourTests {
    private static let seeds: [UInt64] = [1, 2, 3, 4, 5, 6]
    private static let minute: Int64 = 60_000_000

    private func alarms(_ events: [Observation], off: Set<DetectionRule> = []) -> [Alarm] {
        var detector = Detector(off: off)
        return events.flatMap { detector.see($0) }
            .compactMap { if case .raised(let alarm) = $0 { alarm } else { nil } }
    }

    /// The hour with other events in it, in the order of their times.
    private func hour(with planted: [Observation]) throws -> [Observation] {
        let all = (try Traces.hour() + planted).enumerated()
            .sorted {
                ($0.element.atMicroseconds, $0.offset) < ($1.element.atMicroseconds, $1.offset)
            }
        return all.enumerated().map { index, one in
            var event = one.element
            event.index = UInt64(index)
            return event
        }
    }

    /// So many events of one actor, at a pace, from some minute on.
    private func burst(
        _ action: EventAction, _ count: Int, perMinute: Double, code: ErrorCode? = nil,
        _ random: inout SeededRandom
    ) throws -> [Observation] {
        let first = try #require(try Traces.hour().first).atMicroseconds
        let begin = first + Self.minute * Int64(10 + random.next() % 30)
        let actor = Pseudonym(checked: Traces.bytes(of: random.next(), 16))
        return try (0..<count).map { number in
            let at = begin + Int64(Double(number) * 60_000_000 / perMinute)
            var event = Observation(action, index: 0, atMicroseconds: at)
            event.principal = try PrincipalName("web")
            event.actor = actor
            event.namespace = .standard
            event.image = ImageID(checked: Traces.bytes(of: random.next(), 32))
            event.code = code
            event.outcome = code == nil ? .done : .refused
            return event
        }
    }

    @Test("raises nothing, from its first event on, nor when it is heard twice")
    func quiet() throws {
        let once = try Traces.hour()
        #expect(once.count > 10_000)
        #expect(alarms(once).isEmpty)
        let end = try #require(once.last).atMicroseconds - once[0].atMicroseconds
        let again = once.map { event in
            var event = event
            event.index += UInt64(once.count)
            event.atMicroseconds += end
            return event
        }
        #expect(alarms(once + again).isEmpty)
    }

    @Test("with somebody who reads too much", arguments: seeds)
    func reads(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let pace = 60 + Double(random.next() % 840)
        let planted = try burst(
            .readBegun, 700 + Int(random.next() % 2000), perMinute: pace, &random)
        try expect(planted, .readVolume)
    }

    @Test("with somebody who deletes too much", arguments: seeds)
    func deletes(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let pace = 20 + Double(random.next() % 380)
        let planted = try burst(
            .imageDelete, 150 + Int(random.next() % 300), perMinute: pace, &random)
        try expect(planted, .massDelete)
    }

    @Test("with somebody who tries ids", arguments: seeds)
    func walks(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let pace = 4 + Double(random.next() % 400)
        let planted = try burst(
            .readBegun, 45 + Int(random.next() % 400), perMinute: pace, code: .unknownImage,
            &random)
        try expect(planted, .idWalk)
    }

    @Test("with somebody who uploads what is no picture", arguments: seeds)
    func uploads(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let pace = 3 + Double(random.next() % 100)
        let planted = try burst(
            .imagePut, 25 + Int(random.next() % 100), perMinute: pace, code: .imageRefused,
            &random)
        try expect(planted, .refusedUploads)
    }

    private func expect(_ planted: [Observation], _ rule: DetectionRule) throws {
        let events = try hour(with: planted)
        let found = alarms(events)
        #expect(Set(found.map(\.rule)) == [rule])
        // All of it may be too much of his principal's, too.
        let web = AlarmSubject(principal: try PrincipalName("web"), actor: nil)
        let others = found.filter { $0.subject != web }
        #expect(others.map(\.subject.actor) == [planted.first?.actor])
        #expect(found.count <= 2)
        #expect(alarms(events, off: [rule]).isEmpty)
    }
}
