// Measures in Prometheus's text format, version 0.0.4: a family has its help and its type before its samples,
// each sample a line of its own. Base units stand in the names: seconds, bytes, and `_total` for what only rises.

/// One measure, with a sample for each set of labels.
package struct MetricFamily: Hashable, Sendable {
    package enum Kind: String, Sendable {
        /// Goes up and down.
        case gauge
        /// Only rises, until the process starts anew.
        case counter
    }

    package enum Value: Hashable, Sendable {
        case count(UInt64)
        /// A moment since 1970, told in seconds.
        case moment(microseconds: Int64)
    }

    package struct Sample: Hashable, Sendable {
        package let labels: [Label]
        package let value: Value

        package init(_ value: Value, _ labels: KeyValuePairs<String, String> = [:]) {
            self.labels = labels.map { Label(name: $0.key, value: $0.value) }
            self.value = value
        }
    }

    package struct Label: Hashable, Sendable {
        package let name: String
        package let value: String
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
}

extension MetricFamily {
    /// The text of those families that have a sample.
    package static func text(_ families: [MetricFamily]) -> String {
        families.filter { !$0.samples.isEmpty }.map(\.text).joined()
    }

    private var text: String {
        let help = help.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
        let lines = samples.map { "\(name)\(Self.text($0.labels)) \($0.value.text)\n" }
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
