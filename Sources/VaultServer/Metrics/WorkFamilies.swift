// What the committer and the inspectors have to do.

import Vault
import VaultAPI
import VaultFormat

extension MetricsReport {
    func workFamilies(_ measures: VaultMeasures) -> [MetricFamily] {
        let (commits, lag, inspections) = (measures.commits, measures.lag, measures.inspections)
        return [
            .histograms(
                "imagevault_commit_batch_events", "Events that became durable with one flush.",
                in: .pieces, [([], commits.batches)]),
            .histograms(
                "imagevault_commit_duration_seconds",
                "How long a transaction took, with its flush.",
                in: .microseconds, [([], commits.durations)]),
            .histograms(
                "imagevault_commit_flush_duration_seconds",
                "How long the flush of a transaction took.",
                in: .microseconds, [([], commits.flushes)]),
            .histograms(
                "imagevault_blob_flush_duration_seconds",
                "How long a blob took to be flushed, with its name.",
                in: .microseconds, [([], measures.blobFlushes)]),
            MetricFamily(
                "imagevault_log_waiting_events", .gauge, "Events that are not durable yet.",
                count: UInt64(clamping: lag.events)),
            MetricFamily(
                "imagevault_log_oldest_waiting_seconds", .gauge,
                "How long the oldest event that is not durable yet has waited; 0 where none does.",
                [.init(.moment(microseconds: Int64(clamping: lag.oldestMicroseconds)))]),
            MetricFamily(
                "imagevault_inspections_busy", .gauge, "Uploads that a worker looks at now.",
                count: UInt64(clamping: inspections.busy)),
            MetricFamily(
                "imagevault_inspections_waiting", .gauge, "Uploads that wait for a worker.",
                count: UInt64(clamping: inspections.waiting)),
        ]
    }
}
