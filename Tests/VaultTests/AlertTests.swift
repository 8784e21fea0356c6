// One alert an incident, to each place by itself, tried so often and no more.

import Synchronization
import Testing
import Vault
import VaultFormat
import VaultTestKit

@Suite("Alerts", .serialized)
struct AlertTests {
    /// Fails so often, and keeps what it was sent.
    private final class Place: AlertTarget {
        let kind: AlertKind
        private let state: Mutex<(failures: Int, attempts: Int, texts: [String])>

        init(_ kind: AlertKind, failures: Int = 0) {
            self.kind = kind
            state = Mutex((failures, 0, []))
        }

        var attempts: Int { state.withLock { $0.attempts } }
        var texts: [String] { state.withLock { $0.texts } }

        func send(_ text: String) throws(StorageError) {
            let fails = state.withLock { state in
                state.attempts += 1
                guard state.attempts > state.failures else { return true }
                state.texts.append(text)
                return false
            }
            if fails { throw .unavailable(5) }
        }
    }

    private let test: TestVault

    init() throws { test = try TestVault() }

    private func open() async throws -> IncidentRow {
        try await test.vault.openIncident(
            of: PrincipalName("web"), note: AdminNote("reads at \"night\""),
            under: AccessPolicy(rules: []), test.call(uid: 1000, door: .admin))
    }

    private func runner(_ place: Place) -> AlertRunner {
        AlertRunner(test.vault, place, pauseMilliseconds: 1) { _, _ in }
    }

    @Test("each place is told once of each incident, in a line without a secret")
    func once() async throws {
        defer { test.stop() }
        let places = [Place(.command), Place(.socket)]
        let runners = places.map { runner($0) }
        let row = try await open()
        for runner in runners { await runner.tellAll() }
        for runner in runners { await runner.tellAll() }
        for place in places {
            let line = try #require(place.texts.first)
            #expect(place.texts.count == 1 && !line.contains("\n"))
            let fields = try EventFields(parsing: Array(line.utf8))
            #expect(fields.text("incident") == row.incident.hex)
            #expect(fields.text("reason") == "reads at \"night\"")
            #expect(fields.text("case") == row.file.digest.hex)
        }
        let told = try test.log().filter { $0.incident == row.incident.hex }
        #expect(told.map(\.action) == ["incident.opened", "alert.sent", "alert.sent"])
        #expect(told.dropFirst().map(\.alert) == ["command", "socket"])
        let counts = test.vault.alerts.counts[.command]
        #expect((counts?.sent, counts?.failed) == (1, 0))
        #expect(test.vault.measures().alerts.count == 2)
    }

    @Test(
        "a place that comes back in time is told, and one that does not is given up, with its event"
    )
    func retried() async throws {
        defer { test.stop() }
        let places = [
            Place(.command, failures: Limits.alertAttempts - 1),
            Place(.syslog, failures: Limits.alertAttempts),
        ]
        let runners = places.map { runner($0) }
        let row = try await open()
        for runner in runners { await runner.tellAll() }
        #expect(places.map(\.attempts) == [Limits.alertAttempts, Limits.alertAttempts])
        #expect(places.map(\.texts.count) == [1, 0])
        let last = try #require(try test.log().last)
        #expect(last.summary == "alert.failed failed" && last.alert == "syslog")
        #expect(last.incident == row.incident.hex && last.principal == "web")
        let counts = test.vault.alerts.counts[.syslog]
        #expect((counts?.sent, counts?.failed) == (0, 1))
    }

    @Test("what there is no room for is told of as failed, and what waits is sent")
    func bounded() async throws {
        defer { test.stop() }
        let place = Place(.command)
        let runner = runner(place)
        let first = try await open()
        for _ in 1..<Limits.alerts { #expect(test.vault.alerts.add(first).isEmpty) }
        let last = try await open()
        let told = try #require(try test.log().last)
        #expect(told.summary == "alert.failed failed" && told.alert == "command")
        #expect(told.incident == last.incident.hex)
        await runner.tellAll()
        #expect(place.texts.count == Limits.alerts)
        #expect(!place.texts.contains { $0.contains(last.incident.hex) })
        let counts = test.vault.alerts.counts[.command]
        #expect((counts?.sent, counts?.failed) == (Limits.alerts, 1))
        // There is room again.
        let next = try await open()
        await runner.tellAll()
        #expect(place.texts.last?.contains(next.incident.hex) == true)
    }

    @Test("a place is told of what comes after it was there")
    func early() async throws {
        defer { test.stop() }
        _ = try await open()
        let place = Place(.command)
        let runner = runner(place)
        let second = try await open()
        await runner.tellAll()
        #expect(place.texts.count == 1 && place.texts[0].contains(second.incident.hex))
    }

    @Test("a stop waits for no place: what was not told is given up, with its event")
    func stopped() async throws {
        defer { test.stop() }
        let place = Place(.command, failures: .max)
        let runner = AlertRunner(test.vault, place, pauseMilliseconds: 3_600_000) { _, _ in }
        for _ in 0..<3 { _ = try await open() }
        let telling = Task { await runner.run() }
        while place.attempts == 0 { try await Task.sleep(for: .milliseconds(5)) }
        telling.cancel()
        // Without that it would be days.
        await telling.value
        #expect(place.attempts < 3 * Limits.alertAttempts)
        let failed = try test.log().filter { $0.action == "alert.failed" }
        #expect(failed.count == 1)
    }
}
