// The measures of swift-metrics, kept in memory. Each series is a cell of its own: whoever counts touches one atomic
// or one lock, and whoever scrapes reads each once.

package import CoreMetrics
import Synchronization
import VaultAPI
import VaultFormat

/// A factory of swift-metrics that keeps what it was told it may keep. Everything else goes nowhere.
package final class MeasureRegister: MetricsFactory {
    private let shapes: [String: MeasureShape]
    private let order: [String]
    private let state = Mutex<[Series: Cell]>([:])

    private struct Series: Hashable {
        let name: String
        let values: [String]
    }

    private enum Cell {
        case counter(CounterCell)
        case gauge(GaugeCell)
        case histogram(HistogramCell)

        var count: UInt64? {
            switch self {
            case .counter(let cell): cell.value
            case .gauge(let cell): cell.value
            case .histogram: nil
            }
        }

        var histogram: Histogram? {
            if case .histogram(let cell) = self { cell.value } else { nil }
        }
    }

    package init(_ shapes: [MeasureShape] = MeasureShape.all) {
        self.shapes = Dictionary(uniqueKeysWithValues: shapes.map { ($0.name, $0) })
        order = shapes.map(\.name)
    }

    /// What was measured so far, in the order of the shapes, and series by their labels.
    var families: [MetricFamily] {
        let cells = state.withLock { $0 }
        return order.compactMap { shapes[$0] }.map { shape in
            let its = cells.filter { $0.key.name == shape.name }
                .sorted { $0.key.values.lexicographicallyPrecedes($1.key.values) }
            return family(shape, its.map { ($0.key.values, $0.value) })
        }
    }

    private func family(
        _ shape: MeasureShape, _ cells: [(values: [String], cell: Cell)]
    ) -> MetricFamily {
        let labelled = cells.map { values, cell in
            (zip(shape.labels, values).map { MetricFamily.Label(name: $0.name, value: $1) }, cell)
        }
        switch shape.kind {
        case .counter, .gauge:
            return MetricFamily(
                shape.name, shape.kind == .counter ? .counter : .gauge, shape.help,
                labelled.compactMap { labels, cell in
                    cell.count.map { .init(.count($0), labels) }
                })
        case .histogram(_, let unit):
            return .histograms(
                shape.name, shape.help, in: unit,
                labelled.compactMap { labels, cell in
                    // What never happened is left out: most verbs are not asked for in most vaults.
                    cell.histogram.flatMap { $0.count > 0 ? (labels, $0) : nil }
                })
        }
    }

    // MARK: What swift-metrics asks for

    package func makeCounter(
        label: String, dimensions: [(String, String)]
    ) -> any CounterHandler {
        let cell = cell(label, dimensions) { $0 == .counter ? .counter(CounterCell()) : nil }
        guard case .counter(let cell) = cell else { return NOOPMetricsHandler.instance }
        return cell
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        let cell = cell(label, dimensions) { $0 == .gauge ? .gauge(GaugeCell()) : nil }
        guard case .gauge(let cell) = cell else { return NOOPMetricsHandler.instance }
        return cell
    }

    /// A gauge of swift-metrics is a recorder that does not aggregate.
    package func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        let cell = cell(label, dimensions) { kind in
            switch kind {
            case .gauge where !aggregate: .gauge(GaugeCell())
            case .histogram(let bounds, .pieces) where aggregate:
                .histogram(HistogramCell(bounds))
            default: nil
            }
        }
        switch cell {
        case .gauge(let cell): return cell
        case .histogram(let cell): return cell
        default: return NOOPMetricsHandler.instance
        }
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        let cell = cell(label, dimensions) { kind in
            guard case .histogram(let bounds, .microseconds) = kind else { return nil }
            return .histogram(HistogramCell(bounds))
        }
        guard case .histogram(let cell) = cell else { return NOOPMetricsHandler.instance }
        return cell
    }

    // Series are few and foreseen, and a counter that began anew would look like a restart: they stay.
    package func destroyCounter(_ handler: any CounterHandler) {}
    package func destroyMeter(_ handler: any MeterHandler) {}
    package func destroyRecorder(_ handler: any RecorderHandler) {}
    package func destroyTimer(_ handler: any TimerHandler) {}

    /// The cell of a series, made where there is none; nil for what no shape allows.
    private func cell(
        _ name: String, _ dimensions: [(String, String)],
        _ make: (MeasureShape.Kind) -> Cell?
    ) -> Cell? {
        guard let shape = shapes[name], shape.allows(dimensions), let fresh = make(shape.kind)
        else { return nil }
        let series = Series(name: name, values: dimensions.map(\.1))
        return state.withLock { cells in
            if let cell = cells[series] { return cell }
            guard cells.count(where: { $0.key.name == name }) < Limits.measureSeries else {
                return nil
            }
            cells[series] = fresh
            return fresh
        }
    }
}
