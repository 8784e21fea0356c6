// Each rule over a trace: what is usual raises nothing, what it looks for raises one alarm, of whoever did it.

import Testing
import Vault
import VaultFormat
import VaultTestKit

@Suite("Rules of detection")
struct RuleTests {
    private static let seeds: [UInt64] = [1, 2, 3, 4, 5]
    private static let web = AlarmSubject(principal: try? PrincipalName("web"), actor: nil)

    private static func web(_ actor: Int) -> AlarmSubject {
        AlarmSubject(principal: try? PrincipalName("web"), actor: DetectionTrace.actor(actor))
    }

    /// Nothing else is raised, before or after, but that what an actor does may be too much of his principal's, too.
    private func expect(
        _ trace: DetectionTrace, _ rule: DetectionRule, _ subject: AlarmSubject
    ) {
        let alarms = trace.alarms()
        #expect(Set(alarms.map(\.rule)) == [rule])
        #expect(alarms.count { $0.subject == subject } == 1)
        let all = AlarmSubject(principal: subject.principal, actor: nil)
        let others = alarms.filter { $0.subject != subject }
        #expect(others.count <= 1 && others.allSatisfy { $0.subject == all })
        #expect(trace.alarms(off: [rule]).isEmpty)
    }

    @Test("three hours of what is usual raise nothing", arguments: seeds)
    func quiet(seed: UInt64) {
        var trace = DetectionTrace(seed: seed)
        trace.normal(minutes: 60)
        // A morning: five times as much within an hour.
        for reads in stride(from: 60, through: 300, by: 20) {
            trace.normal(minutes: 10, readsPerMinute: reads)
        }
        #expect(trace.alarms().isEmpty)
    }

    @Test("a person who reads far more than before", arguments: seeds)
    func reader(seed: UInt64) {
        var trace = DetectionTrace(seed: seed)
        trace.normal(minutes: 30)
        let count = 300 + Int(trace.random.next() % 2000)
        for number in 0..<count {
            trace.wait(seconds: 0.1)
            trace.add(.readBegun, actor: 3, image: number)
        }
        expect(trace, .readVolume, Self.web(3))
    }

    @Test("a person who reads slowly, and for long")
    func slowReader() {
        var trace = DetectionTrace(seed: 1)
        trace.normal(minutes: 180)
        for number in 0..<900 {
            trace.wait(seconds: 1)
            trace.add(.readBegun, actor: 3, image: number)
        }
        expect(trace, .readVolume, Self.web(3))
    }

    @Test("a backend that reads far more than before, for nobody in particular")
    func backend() {
        var trace = DetectionTrace(seed: 2)
        trace.normal(minutes: 30)
        for number in 0..<600 {
            trace.wait(seconds: 0.02)
            trace.add(.readBegun, image: number)
        }
        expect(trace, .readVolume, Self.web)
    }

    @Test("a principal that comes when the vault has been watched, and takes everything")
    func newcomer() {
        var trace = DetectionTrace(seed: 3)
        trace.normal(minutes: 61)
        for number in 0..<700 {
            trace.wait(seconds: 0.01)
            trace.add(.readBegun, by: "worker", image: number)
        }
        expect(
            trace, .readVolume, AlarmSubject(principal: try? PrincipalName("worker"), actor: nil))
    }

    @Test("a busy backend that was always so is none, after its cold start")
    func busy() {
        var trace = DetectionTrace(seed: 4)
        for _ in 0..<20 {
            for number in 0..<2000 {
                trace.wait(seconds: 0.03)
                trace.add(.readBegun, image: number)
            }
        }
        #expect(trace.alarms().isEmpty)
    }

    @Test("many deletions, one by one", arguments: seeds)
    func deletes(seed: UInt64) {
        var trace = DetectionTrace(seed: seed)
        trace.normal(minutes: 30)
        let count = 60 + Int(trace.random.next() % 500)
        for number in 0..<count {
            trace.wait(seconds: 0.2)
            trace.add(.imageDelete, actor: 5, image: number)
        }
        expect(trace, .massDelete, Self.web(5))
    }

    @Test("an erasure of all that somebody has counts for whoever asked for it")
    func erasure() {
        var trace = DetectionTrace(seed: 1)
        trace.normal(minutes: 30)
        let operation = OperationID(checked: [UInt8](repeating: 1, count: 16))
        trace.add(.operationStarted, actor: 7) {
            ($0.operation, $0.work) = (operation, "erase")
        }
        for number in 0..<100 {
            trace.add(.imageDelete, by: nil, image: number) { $0.operation = operation }
        }
        expect(trace, .massDelete, Self.web(7))
        // What has reached its end goes of the vault's own accord.
        trace = DetectionTrace(seed: 1)
        trace.add(.operationStarted, by: nil) { ($0.operation, $0.work) = (operation, "expire") }
        for number in 0..<1000 {
            trace.add(.imageDelete, by: nil, image: number) { $0.operation = operation }
        }
        #expect(trace.alarms().isEmpty)
    }

    @Test("ids that are no image, many different ones", arguments: seeds)
    func walk(seed: UInt64) {
        var trace = DetectionTrace(seed: seed)
        trace.normal(minutes: 10)
        for number in 0..<(20 + Int(trace.random.next() % 100)) {
            trace.wait(seconds: Double(trace.random.next() % 20))
            trace.add(.imageProbe, actor: 2, code: .unknownImage, image: 10_000 + number)
        }
        expect(trace, .idWalk, Self.web(2))
    }

    @Test("the same id again and again is an old link")
    func oldLink() {
        var trace = DetectionTrace(seed: 1)
        for number in 0..<1000 {
            trace.wait(seconds: 0.1)
            trace.add(.readBegun, actor: 2, code: .unknownImage, image: number % 10)
        }
        #expect(trace.alarms().isEmpty)
    }

    @Test("many different ids for nobody in particular count beside what is found")
    func walkOfBackend() {
        var trace = DetectionTrace(seed: 1)
        for number in 0..<2000 {
            trace.wait(seconds: 0.5)
            trace.add(.readBegun, image: number % 50)
            // One of twenty: links that a site keeps too long.
            if number % 20 == 0 {
                trace.add(.readBegun, code: .unknownImage, image: 10_000 + number)
            }
        }
        #expect(trace.alarms(off: [.readVolume]).isEmpty)
        for number in 0..<400 { trace.add(.readBegun, code: .unknownImage, image: 50_000 + number) }
        #expect(trace.alarms(off: [.readVolume]).map(\.rule) == [.idWalk])
    }

    @Test("the third image that does not open; one that is asked for again is one")
    func damage() {
        var trace = DetectionTrace(seed: 1)
        for _ in 0..<20 { trace.add(.readBegun, actor: 1, code: .blobDamaged, image: 1) }
        trace.add(.metadataRead, actor: 2, code: .rowDamaged, image: 2)
        #expect(trace.alarms().isEmpty)
        trace.add(.readEnded, actor: 3, code: .wrapDamaged, image: 3)
        expect(trace, .decryptFailures, .vault)
    }

    @Test("secrets that open nothing")
    func secrets() {
        var trace = DetectionTrace(seed: 1)
        for _ in 0..<4 { trace.add(.vaultUnsealed, by: "admin", code: .wrongSecret) }
        #expect(trace.alarms().isEmpty)
        trace.add(.slotProved, by: "admin", code: .wrongSecret)
        expect(trace, .unsealFailures, .vault)
    }

    @Test("uploads of what is no picture", arguments: seeds)
    func uploads(seed: UInt64) {
        var trace = DetectionTrace(seed: seed)
        trace.normal(minutes: 10)
        for _ in 0..<(12 + trace.random.next() % 60) {
            trace.wait(seconds: Double(trace.random.next() % 30))
            trace.add(.imagePut, actor: 9, code: .imageRefused)
        }
        expect(trace, .refusedUploads, Self.web(9))
    }

    @Test(
        "a canary that is asked for in any way, whatever the answer",
        arguments: [EventAction.readBegun, .imageProbe, .metadataRead, .readUnchanged])
    func canary(action: EventAction) {
        var trace = DetectionTrace(seed: 1)
        trace.add(.readBegun, actor: 4, image: 77)
        trace.add(.canaryPlanted, by: "admin", image: 77)
        trace.add(action, actor: 4, code: action == .readBegun ? .unknownImage : nil, image: 77)
        trace.add(action, actor: 4, image: 78)
        expect(trace, .canaryRead, Self.web(4))
        #expect(trace.alarms().first?.events == 2...2)
        trace = DetectionTrace(seed: 1)
        trace.add(.canaryPlanted, by: "admin", image: 77)
        trace.add(.canaryLifted, by: "admin", image: 77)
        trace.add(action, actor: 4, image: 77)
        #expect(trace.alarms().isEmpty)
    }

    @Test("a log that could not be written")
    func outage() {
        var trace = DetectionTrace(seed: 1)
        trace.add(.storageFailed, by: nil, code: .auditUnavailable)
        expect(trace, .logOutage, .vault)
    }

    @Test("events that are erased again and again, by somebody")
    func redactions() {
        var trace = DetectionTrace(seed: 1)
        for _ in 0..<20 { trace.add(.logErased, by: nil) }
        for _ in 0..<3 { trace.add(.logErased, by: "admin") }
        #expect(trace.alarms().isEmpty)
        trace.add(.logErased, by: "admin")
        expect(trace, .redactions, AlarmSubject(principal: try? PrincipalName("admin"), actor: nil))
    }

    @Test("all of the log, taken by somebody who never took it")
    func export() {
        var trace = DetectionTrace(seed: 1)
        func take(_ uid: UInt32, from: UInt64 = 0) {
            trace.add(.logExported, by: "audit") {
                ($0.uid, $0.indexes) = (uid, from..<$0.index)
            }
        }
        trace.normal(minutes: 10)
        for _ in 0..<3 { take(1000) }
        take(1001, from: 500)
        take(1001)
        #expect(trace.alarms().isEmpty)
        take(1002)
        expect(
            trace, .firstExport, AlarmSubject(principal: try? PrincipalName("audit"), actor: nil))
    }

    @Test("slots and roots that change in quick succession")
    func keys() {
        var trace = DetectionTrace(seed: 1)
        let changes: [EventAction] = [.slotAdded, .slotAdded, .rootRotated, .slotRemoved]
        for change in changes { trace.add(change, by: "admin") }
        #expect(trace.alarms().isEmpty)
        trace.add(.slotRemoved, by: "admin")
        expect(trace, .keyChanges, .vault)
    }

    @Test("rotations that are given up again and again")
    func rotations() {
        var trace = DetectionTrace(seed: 1)
        for _ in 0..<20 { trace.add(.operationCancelled, by: "admin") { $0.work = "reinspect" } }
        for _ in 0..<3 {
            trace.wait(seconds: 7000)
            trace.add(.operationCancelled, by: "admin") { $0.work = "rotate" }
        }
        expect(trace, .cancelledRotations, .vault)
    }

    @Test("an epoch that is destroyed within a day of a new slot")
    func destruction() {
        var trace = DetectionTrace(seed: 1)
        trace.add(.slotAdded, by: "admin")
        trace.wait(seconds: 90_000)
        trace.add(.epochDestroyed, by: "admin")
        #expect(trace.alarms().isEmpty)
        trace.add(.slotAdded, by: "admin")
        trace.wait(seconds: 80_000)
        trace.add(.epochDestroyed, by: "ops")
        expect(
            trace, .hastyDestruction, AlarmSubject(principal: try? PrincipalName("ops"), actor: nil)
        )
    }
}
