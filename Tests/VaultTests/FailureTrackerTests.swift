// Failures to prove who one is: what they cost, whom they lock out, and whom they never do.

import Testing
import Vault
import VaultFormat

@Suite("Failures to prove who one is")
struct FailureTrackerTests {
    private static let second: Int64 = 1_000_000
    private static let minute = 60 * second
    private let backend: PrincipalName
    private let ann: ActorName
    private let bob: ActorName
    private let home: FailureTracker.Subject

    init() throws {
        backend = try PrincipalName("backend")
        ann = try ActorName("ann")
        bob = try ActorName("bob")
        home = .source(SourceNetwork(try ClientAddress(canonical: "203.0.113.9")))
    }

    private func fail(
        _ tracker: Tracker, _ actor: ActorName, at now: Int64
    ) -> AccessDecision {
        tracker.failed([.actor(actor), home], of: backend, as: actor, at: now).decision
    }

    @Test("cost nothing once, then twice as long each time; the fifth locks for fifteen minutes")
    func backsOff() {
        let tracker = Tracker()
        let decisions = (0..<5).map { number in
            fail(tracker, ann, at: Int64(number) * Self.minute)
        }
        #expect(
            decisions == [
                .allow, .delay(Self.second), .delay(2 * Self.second), .delay(4 * Self.second),
                .block(15 * Self.minute),
            ])
        let end = 4 * Self.minute + 15 * Self.minute
        #expect(tracker.decision(for: [.actor(ann)], of: backend, at: end - 1) == .block(1))
        #expect(tracker.decision(for: [.actor(ann)], of: backend, at: end) == .allow)
    }

    @Test("of more than a quarter of an hour ago do not count")
    func window() {
        let tracker = Tracker()
        for number in 0..<4 { _ = fail(tracker, ann, at: Int64(number)) }
        #expect(fail(tracker, ann, at: 15 * Self.minute + 3) == .allow)
        #expect(fail(tracker, ann, at: 15 * Self.minute + 4) == .delay(Self.second))
    }

    @Test("delay to the microsecond")
    func delays() {
        let tracker = Tracker()
        for _ in 0..<2 { _ = fail(tracker, ann, at: 0) }
        #expect(tracker.decision(for: [.actor(ann)], of: backend, at: 999_999) == .delay(1))
        #expect(tracker.decision(for: [.actor(ann)], of: backend, at: 1_000_000) == .allow)
    }

    @Test("during a lock make it no longer: nobody keeps another out for ever")
    func lockEnds() {
        let tracker = Tracker()
        for _ in 0..<5 { _ = fail(tracker, ann, at: 0) }
        for minute in 1..<15 { _ = fail(tracker, ann, at: Int64(minute) * Self.minute) }
        #expect(
            tracker.decision(for: [.actor(ann)], of: backend, at: 15 * Self.minute) == .allow)
    }

    @Test("go with a success: all of the actor's, and at its place those that were tried as it")
    func success() {
        let tracker = Tracker()
        for _ in 0..<2 { _ = fail(tracker, bob, at: 0) }
        for _ in 0..<2 { _ = fail(tracker, ann, at: 0) }
        let now = Self.minute
        #expect(
            tracker.succeeded([.actor(ann), home], of: backend, as: ann, at: now) == .allow)
        // Whoever owns one account cannot wipe out what he tried at another.
        #expect(fail(tracker, bob, at: now) == .delay(2 * Self.second))
        #expect(fail(tracker, ann, at: now) == .delay(4 * Self.second))
        #expect(tracker.decision(for: [.actor(ann)], of: backend, at: now) == .allow)
    }

    @Test("a success during a lock counts for nothing")
    func noWayOut() {
        let tracker = Tracker()
        for _ in 0..<5 { _ = fail(tracker, ann, at: 0) }
        let decision = tracker.succeeded([.actor(ann)], of: backend, as: ann, at: 1)
        #expect(decision == .block(15 * Self.minute - 1))
        #expect(tracker.decision(for: [.actor(ann)], of: backend, at: 2) != .allow)
    }

    @Test("at many names from one place lock the place, and from many places at one name the name")
    func eachAlone() throws {
        let tracker = Tracker()
        for number in 0..<5 { _ = fail(tracker, try ActorName("u\(number)"), at: 0) }
        #expect(tracker.decision(for: [home], of: backend, at: 1) == .block(15 * Self.minute - 1))
        #expect(tracker.decision(for: [.actor(ann)], of: backend, at: 1) == .allow)
        for number in 1...5 {
            let place = SourceNetwork(try ClientAddress(canonical: "198.51.100.\(number)"))
            _ = tracker.failed([.actor(bob), .source(place)], of: backend, as: bob, at: 2)
        }
        #expect(
            tracker.decision(for: [.actor(bob)], of: backend, at: 2) == .block(15 * Self.minute))
    }

    @Test("of one backend's people are not those of another's")
    func principals() throws {
        let tracker = Tracker()
        for _ in 0..<5 { _ = fail(tracker, ann, at: 0) }
        let other = try PrincipalName("other")
        #expect(tracker.decision(for: [.actor(ann), home], of: other, at: 1) == .allow)
    }

    @Test("are told once a case, which ends when there was none for a quarter of an hour")
    func hysteresis() {
        let tracker = Tracker()
        var now: Int64 = 0
        var alerts: [Int64] = []
        // Two hours of an attempt a minute, a pause of an hour, and the same again.
        for minute in (0..<120).map({ $0 }) + (180..<200).map({ $0 }) {
            now = Int64(minute) * Self.minute
            let outcome = tracker.failed([.actor(ann)], of: backend, as: ann, at: now)
            if !outcome.locked.isEmpty { alerts.append(Int64(minute)) }
        }
        #expect(alerts == [4, 184])
    }

    @Test("of made-up names wipe out no second failure of anybody's, and have their room alone")
    func madeUpNames() throws {
        let tracker = Tracker(subjects: 8, subjectsEach: 4)
        for _ in 0..<4 { _ = tracker.failed([.actor(ann)], of: backend, as: ann, at: 0) }
        for number in 0..<1000 {
            let actor = try ActorName("made-up-\(number)")
            #expect(
                tracker.failed([.actor(actor)], of: backend, as: actor, at: 0).decision == .allow)
            #expect(tracker.count <= 4)
        }
        // One more is the fifth of hers still.
        let outcome = tracker.failed([.actor(ann)], of: backend, as: ann, at: 1)
        #expect(outcome.decision == .block(15 * Self.minute))
        // Nobody else waits for it.
        #expect(tracker.decision(for: [.actor(bob)], of: backend, at: 1) == .allow)
        let other = try PrincipalName("other")
        #expect(tracker.decision(for: [.actor(bob)], of: other, at: 1) == .allow)
    }

    @Test("of whoever there is no room for, as all are locked out, cost a second and lock nobody")
    func allLocked() throws {
        let tracker = Tracker(subjects: 8, subjectsEach: 4)
        for number in 0..<4 {
            let actor = try ActorName("u\(number)")
            for _ in 0..<5 { _ = tracker.failed([.actor(actor)], of: backend, as: actor, at: 0) }
        }
        for number in 1...20 {
            let outcome = tracker.failed([.actor(bob)], of: backend, as: bob, at: Int64(number))
            #expect(outcome.decision == .delay(Self.second) && outcome.locked.isEmpty)
        }
        #expect(tracker.decision(for: [.actor(bob)], of: backend, at: 21) == .allow)
        let first = try ActorName("u0")
        #expect(
            tracker.decision(for: [.actor(first)], of: backend, at: 21)
                == .block(15 * Self.minute - 21))
        let later = 31 * Self.minute
        #expect(tracker.failed([.actor(bob)], of: backend, as: bob, at: later).decision == .allow)
        #expect(tracker.count == 1)
    }

    @Test("of one principal's people leave room for those of another")
    func room() throws {
        let tracker = Tracker(subjects: 8, subjectsEach: 8)
        let other = try PrincipalName("other")
        for number in 0..<100 {
            let actor = try ActorName("made-up-\(number)")
            _ = tracker.failed([.actor(actor)], of: backend, as: actor, at: 0)
        }
        for _ in 0..<5 { _ = tracker.failed([.actor(bob)], of: other, as: bob, at: 1) }
        #expect(tracker.decision(for: [.actor(bob)], of: other, at: 1) == .block(15 * Self.minute))
        #expect(tracker.count <= 8)
    }

    @Test("that lock are told again where they could not be told")
    func untold() {
        let tracker = Tracker()
        let told = (0..<7).map { number in
            let outcome = tracker.failed([.actor(ann)], of: backend, as: ann, at: Int64(number))
            if number == 4 { tracker.untold(outcome.locked, of: backend) }
            return !outcome.locked.isEmpty
        }
        #expect(told == [false, false, false, false, true, true, false])
    }

    @Test("come from a network, where one customer has many addresses")
    func networks() throws {
        func network(_ text: String) throws -> [UInt8] {
            SourceNetwork(try ClientAddress(canonical: text)).bytes
        }
        #expect(try network("203.0.113.9") == [203, 0, 113, 9])
        #expect(try network("::ffff:203.0.113.9") == [203, 0, 113, 9])
        #expect(try network("2001:db8::1") == network("2001:db8::ffff:1:2:3"))
        #expect(try network("2001:db8::1") != network("2001:db8:0:1::1"))
    }
}

/// A tracker that `#expect` can ask: it takes no call that changes a value.
private final class Tracker {
    private var tracker: FailureTracker

    init(
        subjects: Int = Limits.failureSubjects, subjectsEach: Int = Limits.failureSubjectsEach
    ) {
        tracker = FailureTracker(subjects: subjects, subjectsEach: subjectsEach)
    }

    var count: Int { tracker.count }

    func decision(
        for subjects: [FailureTracker.Subject], of principal: PrincipalName, at now: Int64
    ) -> AccessDecision {
        tracker.decision(for: subjects, of: principal, at: now)
    }

    @discardableResult
    func failed(
        _ subjects: [FailureTracker.Subject], of principal: PrincipalName,
        as actor: ActorName? = nil, at now: Int64
    ) -> FailureTracker.Outcome {
        tracker.failed(subjects, of: principal, as: actor, at: now)
    }

    func untold(_ subjects: [FailureTracker.Subject], of principal: PrincipalName) {
        tracker.untold(subjects, of: principal)
    }

    func succeeded(
        _ subjects: [FailureTracker.Subject], of principal: PrincipalName,
        as actor: ActorName? = nil, at now: Int64
    ) -> AccessDecision {
        tracker.succeeded(subjects, of: principal, as: actor, at: now)
    }
}
