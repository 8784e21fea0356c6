// One alarm a case, whatever comes: and what a stop leaves of it.

import Testing
import Vault
import VaultFormat
import VaultTestKit

@Suite("Cases of detection")
struct DetectorTests {
    private func refused(_ trace: inout DetectionTrace, _ count: Int, actor: Int = 1) {
        for _ in 0..<count { trace.add(.imagePut, actor: actor, code: .imageRefused) }
    }

    @Test("an attack that pauses is one case, which ends when it is quiet, with all of it")
    func oneCase() {
        var trace = DetectionTrace(seed: 1)
        for _ in 0..<5 {
            refused(&trace, 20)
            trace.wait(seconds: 900)
        }
        #expect(trace.changes().count == 1)
        trace.wait(seconds: 301)
        trace.add(.statusRead, by: "admin")
        let changes = trace.changes()
        #expect(changes.count == 2)
        guard case .ended(let alarm) = changes.last else {
            Issue.record("it did not end")
            return
        }
        #expect(alarm.events == 0...99)
        // The window forgot all of the run before: each began anew with the twelfth.
        #expect(alarm.count == 12 + 8 + 4 * 9)
        refused(&trace, 20)
        #expect(trace.changes().count == 3)
    }

    @Test("a replay gives the same, and only what the log does not say is told again")
    func recalls() throws {
        var trace = DetectionTrace(seed: 1)
        refused(&trace, 15, actor: 1)
        refused(&trace, 15, actor: 2)
        let first = try #require(trace.alarms().first)
        var detector = Detector()
        for event in trace.events { _ = detector.see(event) }
        #expect(detector.recalled().count == 2)
        // The first was told.
        trace.add(.alarmRaised, actor: 1) {
            ($0.rule, $0.indexes, $0.count) = (.refusedUploads, 0..<12, 12)
        }
        detector = Detector()
        for event in trace.events { _ = detector.see(event) }
        #expect(detector.recalled() == [.raised(trace.alarms()[1])])
        // What was told, and is in none of the events that are read again, is over.
        detector = Detector()
        for event in trace.events.suffix(1) { _ = detector.see(event) }
        let over = try #require(detector.recalled().first)
        guard case .ended(let alarm) = over else {
            Issue.record("it is not over")
            return
        }
        #expect((alarm.rule, alarm.subject, alarm.events) == (first.rule, first.subject, 0...11))
    }

    @Test("a clock that is put back makes the rules begin anew, and raises nothing")
    func clock() {
        var trace = DetectionTrace(seed: 1)
        trace.wait(seconds: 86_400)
        refused(&trace, 11)
        trace.wait(seconds: -86_400)
        for _ in 0..<5 {
            trace.wait(seconds: 600)
            refused(&trace, 3)
        }
        #expect(trace.alarms().isEmpty)
        // Events of one batch are not always in the order of their times.
        trace.wait(seconds: -2)
        refused(&trace, 12)
        #expect(trace.alarms().map(\.rule) == [.refusedUploads])
    }

    @Test("whoever makes up actors makes the rules forget other actors, and not himself")
    func floods() {
        var trace = DetectionTrace(seed: 1)
        for number in 0..<3 * Limits.detectionActors {
            trace.wait(seconds: 0.001)
            trace.add(.readBegun, actor: number, code: .unknownImage, image: number)
        }
        #expect(trace.alarms().map(\.rule) == [.idWalk])
        #expect(trace.alarms().first?.subject.actor == nil)
    }

    @Test("beyond a bound alarms are told as one of the whole vault")
    func bounded() {
        var trace = DetectionTrace(seed: 1)
        for actor in 0..<10 { refused(&trace, 12, actor: actor) }
        var detector = Detector(streaks: 4)
        _ = trace.events.flatMap { detector.see($0) }
        #expect(detector.open.count == 5)
        #expect(detector.open.count { $0.subject == .vault } == 1)
    }

    @Test("an event says the same to the rules from its fields and from its body")
    func bodies() throws {
        for vector in try Vectors.load("log", as: LogVectors.self).opens {
            guard let fields = vector.body.map({ Array($0.utf8) }),
                let read = Observation(body: fields),
                let event = try vector.event(atMicroseconds: read.atMicroseconds)
            else { continue }
            #expect(read == Observation(event, index: read.index), "\(vector.rule)")
        }
    }
}
