// What is done about alarms, beside the rules: it holds them up by nothing, and a kill loses none.

import Synchronization
import Testing
import Vault
import VaultFormat
import VaultTestKit

@Suite("Answers to alarms", .serialized)
struct AnsweringTests {
    private final class Told: Sendable {
        private let state = Mutex<(raised: [DetectionRule], answered: [DetectionRule])>(([], []))
        var raised: [DetectionRule] { state.withLock { $0.raised } }
        var answered: [DetectionRule] { state.withLock { $0.answered } }

        func change(_ change: AlarmChange) {
            if case .raised(let alarm) = change { state.withLock { $0.raised.append(alarm.rule) } }
        }

        func answer(_ alarm: Alarm) { state.withLock { $0.answered.append(alarm.rule) } }
    }

    private let memory = MemoryCatalog()
    private let rules = StepExecutor()
    private let answers = StepExecutor()
    private let told = Told()

    private func start(_ test: TestVault) -> Task<Void, any Error> {
        rules.start { [answers, told] in
            await test.vault.detect(
                answeringOn: answers, onChange: { told.change($0) }, onAlarm: { told.answer($0) })
        }
    }

    /// Runs the rules, and nothing else, until they have told so much.
    private func see(_ expected: [DetectionRule]) async throws {
        for _ in 0..<2000 where told.raised != expected {
            rules.drain()
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(told.raised == expected)
    }

    private func finish(_ test: TestVault, _ detecting: Task<Void, any Error>) async throws {
        test.vault.detection.finish()
        rules.release()
        answers.release()
        try await detecting.value
        test.stop()
    }

    @Test("while one is answered the rules go on, and the next is answered after it")
    func goesOn() async throws {
        let test = try TestVault(catalog: memory)
        let canary = try await test.plantCanary()
        let detecting = start(test)
        try await test.ask(for: canary)
        try await see([.canaryRead])
        try await test.refuse(12)
        try await see([.canaryRead, .refusedUploads])
        #expect(told.answered.isEmpty)
        try await finish(test, detecting)
        #expect(told.answered == [.canaryRead, .refusedUploads])
    }

    @Test("what came faster than the rules is read in the log, and nothing is missed")
    func readsBack() async throws {
        let test = try TestVault(catalog: memory)
        let detecting = start(test)
        // As many batches as may wait, and then somebody.
        for _ in 0...Limits.detectionBatches {
            try await test.vault.record(.statusRead, test.call())
        }
        try await test.refuse(12)
        try await see([.refusedUploads])
        #expect(test.vault.detection.report.missed == 0)
        try await finish(test, detecting)
    }

    @Test("what is further back than a start would read is counted as missed")
    func misses() async throws {
        let test = try TestVault(catalog: memory)
        let detecting = rules.start { [told] in
            await test.vault.detect(recalling: 20, onChange: { told.change($0) })
        }
        for _ in 0...Limits.detectionBatches {
            try await test.vault.record(.statusRead, test.call())
        }
        try await test.refuse(12)
        for _ in 0..<30 { try await test.vault.record(.statusRead, test.call()) }
        // The committer tells of the last one a moment later.
        try await test.refuse(12)
        try await see([.refusedUploads])
        #expect(test.vault.detection.report.missed > 0)
        try await finish(test, detecting)
    }

    /// What a start answers, by opening an incident or by nothing.
    private func answered(_ test: TestVault, opening: Bool) async -> [Alarm] {
        let all = Mutex<[Alarm]>([])
        test.vault.detection.finish()
        await test.vault.detect(onAlarm: { alarm in
            all.withLock { $0.append(alarm) }
            if opening { _ = try? await test.vault.open(alarm) }
        })
        test.stop()
        return all.withLock { $0 }
    }

    @Test("a kill between the alarm and its incident: the next start opens one, and no later one")
    func killed() async throws {
        var test = try TestVault(catalog: memory)
        let canary = try await test.plantCanary()
        try await test.ask(for: canary)
        let first = await answered(test, opening: false)
        #expect(first.map(\.rule) == [.canaryRead] && memory.tables.incidents.isEmpty)
        test = try test.reopened()
        let again = await answered(test, opening: true)
        #expect(again.map(\.rule) == [.canaryRead])
        #expect(again.map(\.subject) == first.map(\.subject))
        #expect(again.map(\.events) == first.map(\.events))
        #expect(memory.tables.incidents.count == 1)
        test = try test.reopened()
        #expect(await answered(test, opening: true).isEmpty)
        // Nor where somebody has closed it since.
        test = try test.reopened()
        let incident = try #require(memory.tables.incidents.first).incident
        _ = try await test.vault.closeIncident(
            incident, note: .none, test.call(uid: 0, door: .admin))
        #expect(await answered(test, opening: true).isEmpty)
        #expect(memory.tables.incidents.count == 1)
        #expect(try test.log().count { $0.action == "alarm.raised" } == 1)
    }

    @Test("an alarm after its incident was closed is a new one's")
    func closedBefore() async throws {
        var test = try TestVault(catalog: memory)
        let canary = try await test.plantCanary()
        try await test.ask(for: canary)
        _ = await answered(test, opening: true)
        test = try test.reopened()
        let incident = try #require(memory.tables.incidents.first).incident
        _ = try await test.vault.closeIncident(
            incident, note: .none, test.call(uid: 0, door: .admin))
        test.clock.advance(microseconds: 7_200_000_000)
        try await test.ask(for: canary)
        #expect(await answered(test, opening: false).count == 1)
        test = try test.reopened()
        #expect(await answered(test, opening: true).map(\.rule) == [.canaryRead])
        #expect(memory.tables.incidents.count(where: \.isOpen) == 1)
    }

    @Test("whoever took the log is known behind any number of the vault's own exports")
    func exporters() async throws {
        var test = try TestVault(catalog: memory)
        func export(_ uid: UInt32?, _ test: TestVault) async throws {
            var event = Event(
                .logExported, atMicroseconds: test.clock.nowMicroseconds(),
                caller: uid.map { Caller(door: .audit, uid: $0, gid: $0, pid: 1) })
            event.indexes = 0..<test.vault.committer.frontier.size
            guard uid != nil else { return test.vault.committer.recordLater(event) }
            try await test.vault.committer.record(event)
        }
        for _ in 0..<Limits.detectionExporters + 100 { try await export(nil, test) }
        try await export(1000, test)
        for _ in 0..<20 { try await test.vault.record(.statusRead, test.call()) }
        test.stop()
        test = try test.reopened()
        try await export(1000, test)
        try await export(1001, test)
        test.vault.detection.finish()
        await test.vault.detect(recalling: 10, onChange: { [told] in told.change($0) })
        test.stop()
        #expect(told.raised == [.firstExport])
    }
}
