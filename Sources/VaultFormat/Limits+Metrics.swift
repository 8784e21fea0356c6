// Bounds of what is measured, and of who may ask for it.

extension Limits {
    /// Connections at once at `metrics.sock` and the loopback port together: two Prometheis, and somebody who looks.
    package static let metricsConnections = 8
    /// Seconds from a scraper's connection to its end, however slowly it asks or reads: a scrape takes milliseconds,
    /// and Prometheus gives up after ten seconds itself.
    package static let metricsSeconds = 10
    /// The port that the loopback address may have; below 1024 needs a privilege that the daemon never has.
    package static let metricsPorts = 1024...65_535
    /// Series that are kept of one measure: every verb with every outcome, and room for as many more.
    package static let measureSeries = 512

    /// Bounds of how long requests take, in microseconds: from an answer out of memory to an upload that trickles.
    /// Eight, because each is a line for each verb and outcome.
    package static let requestMicroseconds: [UInt64] = [
        1000, 5000, 25_000, 100_000, 500_000, 2_500_000, 10_000_000, 60_000_000,
    ]
    /// Bounds of how long a transaction takes with its flush, in microseconds: from a disk with a protected cache to
    /// one that is about to fail.
    package static let commitMicroseconds: [UInt64] = [
        500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000, 10_000_000,
    ]
    /// Bounds of how many entries one transaction has, up to ``commitBatch``.
    package static let commitBatches: [UInt64] = [1, 2, 4, 8, 16, 32, 64, 128, 256]
}
