// Measures in Prometheus's text format, version 0.0.4: a family has its help and its type before its samples,
// each sample a line of its own. Base units stand in the names: seconds, bytes, and `_total` for what only rises.

package import VaultFormat

/// One measure, with a sample for each set of labels.
package struct MetricFamily: Hashable, Sendable {
    package enum Kind: String, Sendable {
        /// Goes up and down.
        case gauge
        /// Only rises, until the process starts anew.
        case counter
        /// Values by bounds, their number and their sum; all of them only rise.
        case histogram
    }

    /// What the bounds and the sum of a histogram are counted in.
    package enum Unit: Sendable {
        /// Told as they are.
        case pieces
        /// Told in seconds.
        case microseconds
    }

    package enum Value: Hashable, Sendable {
        case count(UInt64)
        /// A moment since 1970, or a time that passed, told in seconds.
        case moment(microseconds: Int64)
    }

    package struct Sample: Hashable, Sendable {
        /// What follows the family's name.
        fileprivate let suffix: String
        package let labels: [Label]
        package let value: Value

        package init(_ value: Value, _ labels: KeyValuePairs<String, String> = [:]) {
            self.init(value, labels.map { Label(name: $0.key, value: $0.value) })
        }

        package init(_ value: Value, _ labels: [Label], suffix: String = "") {
            self.labels = labels
            self.value = value
            self.suffix = suffix
        }
    }

    package struct Label: Hashable, Sendable {
        package let name: String
        package let value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    package let name: String
    package let kind: Kind
    /// One sentence.
    package let help: String
    package let samples: [Sample]

    package init(_ name: String, _ kind: Kind, _ help: String, _ samples: [Sample]) {
        self.name = name
        self.kind = kind
        self.help = help
        self.samples = samples
    }

    /// A family of one sample without labels; of none where there is no value.
    package init(_ name: String, _ kind: Kind, _ help: String, count: UInt64?) {
        self.init(name, kind, help, count.map { [Sample(.count($0))] } ?? [])
    }

    /// A histogram for each set of labels.
    package static func histograms(
        _ name: String, _ help: String, in unit: Unit,
        _ histograms: [(labels: [Label], histogram: Histogram)]
    ) -> MetricFamily {
        MetricFamily(
            name, .histogram, help,
            histograms.flatMap { samples(of: $0.histogram, $0.labels, in: unit) })
    }

    private static func samples(
        of histogram: Histogram, _ labels: [Label], in unit: Unit
    ) -> [Sample] {
        let bounds = histogram.bounds.map(unit.bound) + ["+Inf"]
        let counts = histogram.cumulative
        return zip(bounds, counts).map { bound, count in
            Sample(.count(count), labels + [Label(name: "le", value: bound)], suffix: "_bucket")
        } + [
            Sample(unit.value(histogram.sum), labels, suffix: "_sum"),
            Sample(.count(counts.last ?? 0), labels, suffix: "_count"),
        ]
    }
}

extension MetricFamily.Unit {
    fileprivate func value(_ number: UInt64) -> MetricFamily.Value {
        switch self {
        case .pieces: .count(number)
        case .microseconds: .moment(microseconds: Int64(clamping: number))
        }
    }

    /// Without zeros at its end: a bound is a name, too.
    fileprivate func bound(_ number: UInt64) -> String {
        let text = value(number).text
        guard text.contains(".") else { return text }
        let digits = text.reversed().drop { $0 == "0" }.drop { $0 == "." }
        return String(digits.reversed())
    }
}

extension MetricFamily {
    /// The text of those families that have a sample.
    package static func text(_ families: [MetricFamily]) -> String {
        families.filter { !$0.samples.isEmpty }.map(\.text).joined()
    }

    private var text: String {
        let help = help.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
        let lines = samples.map {
            "\(name)\($0.suffix)\(Self.text($0.labels)) \($0.value.text)\n"
        }
        return "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n" + lines.joined()
    }

    private static func text(_ labels: [Label]) -> String {
        guard !labels.isEmpty else { return "" }
        let pairs = labels.map { label in
            let value = label.value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
                .replacing("\n", with: "\\n")
            return "\(label.name)=\"\(value)\""
        }
        return "{" + pairs.joined(separator: ",") + "}"
    }
}

extension MetricFamily.Value {
    /// Decimal digits, never a power of ten: nothing is lost.
    fileprivate var text: String {
        switch self {
        case .count(let count): return String(count)
        case .moment(let microseconds):
            let (seconds, rest) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
            let digits = String(rest.magnitude)
            let sign = microseconds < 0 && seconds == 0 ? "-" : ""
            return "\(sign)\(seconds)."
                + String(repeating: "0", count: 6 - digits.count) + digits
        }
    }
}
