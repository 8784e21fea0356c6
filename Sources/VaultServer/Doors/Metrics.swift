// The vault as Prometheus reads it, at `GET /v1/metrics` of the doors and at `metrics.sock`. Only counted, because a
// machine asks every few seconds.

import Synchronization
import Vault
import VaultAPI
import VaultCrypto
import VaultFormat

/// Counts what leaves no event.
final class ProbeCounter: Sendable {
    enum Probe: String, CaseIterable { case health, ready, metrics }

    private let counts = Mutex<[Probe: UInt64]>([:])

    func count(_ probe: Probe) { counts.withLock { $0[probe, default: 0] += 1 } }

    subscript(probe: Probe) -> UInt64 { counts.withLock { $0[probe] ?? 0 } }
}

/// What there is to be read of a vault and its service.
struct MetricsReport: Sendable {
    let vault: Vault
    let service: ServiceFacts

    var answer: Answer {
        let measures = vault.measures()
        let families =
            serviceFamilies(measures) + keyFamilies(measures) + storeFamilies(measures)
            + backupFamilies(measures)
            + anchorFamilies(measures) + detectionFamilies() + incidentFamilies(measures)
            + workFamilies(measures) + service.register.families
        return Answer(
            type: MediaType.metrics, body: Array(MetricFamily.text(families).utf8))
    }

    private func serviceFamilies(_ measures: VaultMeasures) -> [MetricFamily] {
        [
            MetricFamily(
                "imagevault_build_info", .gauge, "The program that answers; always 1.",
                [.init(.count(1), ["version": service.version])]),
            MetricFamily(
                "imagevault_start_timestamp_seconds", .gauge, "When the daemon started.",
                [.init(.moment(microseconds: service.startedMicroseconds))]),
            MetricFamily(
                "imagevault_sealed", .gauge, "1 while the vault has no key, else 0.",
                count: measures.isSealed ? 1 : 0),
            MetricFamily(
                "imagevault_ready", .gauge, "1 while images can be stored and read, else 0.",
                count: measures.isReady ? 1 : 0),
            MetricFamily(
                "imagevault_connections", .gauge, "Connections open now, over all doors.",
                count: UInt64(service.connections.total)),
            MetricFamily(
                "imagevault_probes_total", .counter,
                "Requests that leave no event, by what they ask for.",
                ProbeCounter.Probe.allCases.map {
                    .init(.count(service.probes[$0]), ["probe": $0.rawValue])
                }),
            MetricFamily(
                "imagevault_inspection_workers", .gauge, "Uploads that can be inspected at once.",
                count: UInt64(measures.workers)),
            MetricFamily(
                "imagevault_inspection_worker_restarts_total", .counter,
                "Workers killed because they died, hung or answered nonsense.",
                count: UInt64(measures.workerRestarts)),
        ]
    }

    /// Nothing while sealed but that it is.
    private func keyFamilies(_ measures: VaultMeasures) -> [MetricFamily] {
        [
            MetricFamily(
                "imagevault_keyring_generation", .gauge,
                "The keyring in use; rises with each change to it. Missing while sealed.",
                count: measures.keyringGeneration),
            MetricFamily(
                "imagevault_slot_proved_timestamp_seconds", .gauge,
                "When each slot last opened its key file; 0 where it never did. Missing while sealed.",
                measures.slots.flatMap { list in
                    list.slots.map { state in
                        .init(
                            .moment(microseconds: state.provedMicroseconds ?? 0),
                            [
                                "key": list.kind.name, "slot": state.slot.id.hex,
                                "kind": state.slot.kind.name, "label": state.slot.label,
                            ])
                    }
                }),
            MetricFamily(
                "imagevault_epoch_wraps", .gauge,
                "Keys of blobs and references that are wrapped under each epoch.",
                measures.wraps.sorted { $0.key < $1.key }.map {
                    .init(.count(UInt64(clamping: $0.value)), ["epoch": String($0.key)])
                }),
        ]
    }

    /// Nothing where no anchor is set.
    private func anchorFamilies(_ measures: VaultMeasures) -> [MetricFamily] {
        func family(
            _ name: String, _ kind: MetricFamily.Kind, _ help: String,
            _ value: (AnchorStatus) -> MetricFamily.Value
        ) -> MetricFamily {
            MetricFamily(
                name, kind, help,
                measures.anchors.map { .init(value($0), ["place": $0.kind.rawValue]) })
        }
        return [
            family(
                "imagevault_anchor_current", .gauge,
                "1 while the anchor there is of the newest state or just behind, else 0."
            ) { .count($0.state == .current ? 1 : 0) },
            family(
                "imagevault_anchor_timestamp_seconds", .gauge,
                "When an anchor was kept there last; 0 where none was since the start."
            ) { .moment(microseconds: $0.keptMicroseconds ?? 0) },
            family(
                "imagevault_anchor_failures_total", .counter,
                "Anchors that could not be kept there."
            ) { .count(UInt64(clamping: $0.failures)) },
        ]
    }

    /// Of alerts nothing where nobody is to be told.
    private func incidentFamilies(_ measures: VaultMeasures) -> [MetricFamily] {
        let places = measures.alerts.sorted { $0.key.rawValue < $1.key.rawValue }
        return [
            MetricFamily(
                "imagevault_contained_principals", .gauge,
                "Principals that an incident contains now.",
                count: UInt64(clamping: measures.contained)),
            MetricFamily(
                "imagevault_alerts_total", .counter,
                "Alerts of incidents since the start, by the place that was told or could not be.",
                places.flatMap { kind, counts in
                    [("sent", counts.sent), ("failed", counts.failed)].map { outcome, count in
                        .init(
                            .count(UInt64(clamping: count)),
                            ["place": kind.rawValue, "outcome": outcome])
                    }
                }),
        ]
    }

    /// Nothing where the catalog cannot be read.
    private func backupFamilies(_ measures: VaultMeasures) -> [MetricFamily] {
        guard let rows = measures.rows else { return [] }
        return [
            MetricFamily(
                "imagevault_backup_timestamp_seconds", .gauge,
                "When the newest backup that is kept was begun; 0 where there is none.",
                [.init(.moment(microseconds: rows.newestBackup ?? 0))]),
            MetricFamily(
                "imagevault_scrub_timestamp_seconds", .gauge,
                "When the last scrub that came to its end was begun: what was stored by then has "
                    + "been unverified for no longer; 0 where none did.",
                [.init(.moment(microseconds: rows.lastScrub ?? 0))]),
            MetricFamily(
                "imagevault_scrub_oldest_unverified_seconds", .gauge,
                "For how long something that is stored has not been opened and compared with its "
                    + "address, at most; 0 where nothing is stored.",
                count: measures.unverifiedSeconds),
            MetricFamily(
                "imagevault_drill_timestamp_seconds", .gauge,
                "When the last restore drill went well; 0 where none did, or one failed since.",
                [.init(.moment(microseconds: rows.lastDrill ?? 0))]),
        ]
    }

    private func storeFamilies(_ measures: VaultMeasures) -> [MetricFamily] {
        let (totals, disk) = (measures.rows?.totals, service.disk)
        return [
            MetricFamily(
                "imagevault_log_events_total", .counter, "Events in the log.",
                count: measures.logSize),
            MetricFamily(
                "imagevault_log_state", .gauge,
                "1 for what the log is now; nothing is served unless it is writable.",
                LogState.allCases.map {
                    .init(.count($0 == measures.logState ? 1 : 0), ["state": $0.rawValue])
                }),
            MetricFamily(
                "imagevault_images", .gauge, "Images stored.",
                count: totals.map { UInt64(clamping: $0.images) }),
            MetricFamily(
                "imagevault_references", .gauge, "Claims on images.",
                count: totals.map { UInt64(clamping: $0.references) }),
            MetricFamily(
                "imagevault_stored_bytes", .gauge, "Bytes of all blobs, sealed.",
                count: totals.map { UInt64(clamping: $0.storedBytes) }),
            MetricFamily(
                "imagevault_disk_free_bytes", .gauge,
                "Room on the file system of the state directory.",
                count: UInt64(disk.freeBytes)),
            MetricFamily(
                "imagevault_disk_size_bytes", .gauge,
                "Size of the file system of the state directory.",
                count: UInt64(disk.totalBytes)),
        ]
    }
}
