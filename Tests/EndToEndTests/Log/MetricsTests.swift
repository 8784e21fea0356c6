// What a monitor reads of a vault: well formed, true, sealed or not, and without a trace in the log.

import Foundation
import Testing

@Suite("Metrics")
struct MetricsTests {
    @Test("are at the doors of admins and auditors, and nowhere else")
    func doors() throws {
        let vault = try TestVault()
        for door in ["admin", "audit"] {
            let answer = try vault.ask("GET", "/v1/metrics", door: door)
            #expect(answer.status == 200)
            #expect(answer["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8")
            _ = try vault.metrics(door: door)
        }
        #expect(try vault.ask("GET", "/v1/metrics").code == "unknown-route")
        #expect(try vault.ask("GET", "/v1/metrics?x=1", door: "admin").code == "unknown-parameter")
        let posted = try vault.ask("POST", "/v1/metrics", door: "admin")
        #expect(posted.code == "method-not-allowed" && posted["Allow"] == "GET")
    }

    @Test("tell what the status tells")
    func figures() throws {
        let vault = try TestVault()
        let id = try vault.store(Sample.jpeg(1))
        _ = try vault.store(Sample.jpeg(1), ["Vault-Owner: ann"])
        _ = try vault.store(Sample.png(2), name: "a.png")
        _ = try vault.get(id)
        let status = try vault.ask("GET", "/v1/status", door: "admin").json
        let page = try vault.metrics()
        let version = try #require(status["version"].text)
        let wraps = status["keys"]["epochs"].list.first?["wraps"].number
        let expected: [(String, Int?)] = [
            ("imagevault_build_info{version=\"\(version)\"}", 1),
            ("imagevault_sealed", 0), ("imagevault_ready", 1),
            ("imagevault_images", 2), ("imagevault_references", 3),
            ("imagevault_stored_bytes", status["images"]["stored_bytes"].number),
            ("imagevault_epoch_wraps{epoch=\"1\"}", wraps),
            ("imagevault_keyring_generation", status["keys"]["generation"].number),
            ("imagevault_inspection_workers", status["inspectors"]["workers"].number),
            ("imagevault_inspection_worker_restarts_total", 0),
            ("imagevault_disk_size_bytes", status["disk"]["total_bytes"].number),
        ]
        for (series, value) in expected {
            #expect(page[series] == value.map(Double.init), "\(series)")
        }
        #expect((page["imagevault_log_events_total"] ?? 0) >= 6)
        #expect((page["imagevault_connections"] ?? 0) >= 1)
        #expect((page["imagevault_disk_free_bytes"] ?? 0) > 0)
        let started = try #require(page["imagevault_start_timestamp_seconds"])
        #expect(Date().timeIntervalSince1970 - started < 3600)
    }

    @Test("a length that somebody wrote into the catalog without the keys stops nothing")
    func planted() throws {
        let vault = try TestVault()
        _ = try vault.store(Sample.jpeg(1))
        try Catalog.change(vault.catalog, "UPDATE image SET bytes = -5")
        #expect(try vault.metrics()["imagevault_stored_bytes"] == 0)
        #expect(try vault.metrics()["imagevault_images"] == 1)
    }

    @Test("leave no event, and are counted with what else leaves none")
    func counted() throws {
        let vault = try TestVault()
        let size = try vault.metrics()["imagevault_log_events_total"]
        let before = try vault.metrics().family("imagevault_probes_total")
        _ = try vault.ask("GET", "/v1/health")
        _ = try vault.ask("GET", "/v1/ready", door: "audit")
        _ = try vault.ask("GET", "/v1/ready", door: "admin")
        let page = try vault.metrics(door: "audit")
        #expect(page["imagevault_log_events_total"] == size)
        for (probe, more) in [("health", 1.0), ("ready", 2), ("metrics", 1)] {
            let series = "imagevault_probes_total{probe=\"\(probe)\"}"
            #expect(page[series] == before[series].map { $0 + more }, "\(probe)")
        }
        // A refusal of one is an event all the same.
        _ = try vault.ask("GET", "/v1/metrics?x=1", door: "audit")
        #expect(try vault.metrics()["imagevault_log_events_total"] == size.map { $0 + 1 })
    }

    @Test("tell when each slot was last proved, and say so of one that never was")
    func proofs() throws {
        let vault = try TestVault()
        let slot = try #require(
            vault.ask("GET", "/v1/slots", door: "admin").json["slots"].list.first)
        let id = try #require(slot["id"].text)
        let label = try #require(slot["label"].text)
        let series =
            "imagevault_slot_proved_timestamp_seconds{key=\"keyring\",slot=\"\(id)\",kind=\"key-file\","
            + "label=\"\(label)\"}"
        let family = "imagevault_slot_proved_timestamp_seconds"
        let before = try vault.metrics().family(family)
        #expect(before[series] == 0)
        #expect(before.keys.filter { $0.contains("key=\"log-key\"") }.count == 1)
        let proof = try vault.ask(
            "POST", "/v1/slots/\(id)/proof", body: Disk.read(vault.rootKey), door: "admin")
        let proved = try #require(proof.json["slots"].list.first?["proved"].text)
        let told = try #require(try vault.metrics()[series])
        let format = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        // Dates have milliseconds, and the log has more.
        #expect(abs(try format.parse(proved).timeIntervalSince1970 - told) < 0.001)

        _ = try vault.ask("POST", "/v1/seal", door: "admin")
        let sealed = try vault.metrics(door: "audit")
        #expect(sealed["imagevault_sealed"] == 1 && sealed["imagevault_ready"] == 0)
        #expect(sealed.family(family).isEmpty)
        #expect(sealed["imagevault_keyring_generation"] == nil)
        #expect(sealed["imagevault_images"] == 0)
        _ = try vault.unseal(Disk.read(vault.rootKey))
        // It opened, which is a proof.
        #expect((try vault.metrics()[series] ?? 0) > told)
    }

    @Test("a vault that is started sealed has them too")
    func startedSealed() throws {
        let vault = try TestVault(starting: false)
        try Disk.remove(vault.rootKey)
        try vault.start()
        let page = try vault.metrics()
        #expect(page["imagevault_sealed"] == 1)
        #expect(page["imagevault_images"] == 0)
    }
}
