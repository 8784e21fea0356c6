// Prometheus's text format 0.0.4, read strictly and by this file's own reading: whatever a scraper may stumble
// over is a failure here. The naming rules are those of the project's guide: base units, `_total` for counters.

import Foundation

struct MetricsPage {
    /// A series as it is written, and its value.
    private(set) var values: [String: Double] = [:]
    private(set) var types: [String: String] = [:]

    /// - Throws: ``TestFailure`` with the line that breaks a rule.
    init(_ text: String) throws {
        guard text.hasSuffix("\n") else { throw TestFailure("the last line does not end") }
        var family = ""
        var help: String?
        for line in text.dropLast().split(separator: "\n", omittingEmptySubsequences: false) {
            if let match = line.wholeMatch(of: /# HELP ([a-z_]+) (.+\.)/) {
                guard help == nil, types[String(match.1)] == nil else {
                    throw TestFailure("a family comes twice, or has no samples: \(line)")
                }
                help = String(match.1)
            } else if let match = line.wholeMatch(of: /# TYPE ([a-z_]+) (counter|gauge|histogram)/)
            {
                family = String(match.1)
                guard help == family else { throw TestFailure("a type without its help: \(line)") }
                guard family.hasPrefix("imagevault_"),
                    family.hasSuffix("_total") == (match.2 == "counter")
                else { throw TestFailure("no name for a \(match.2): \(line)") }
                types[family] = String(match.2)
                help = nil
            } else {
                guard help == nil else { throw TestFailure("a help without its type: \(line)") }
                try sample(line, of: family)
            }
        }
        for family in types.keys where self.family(family).isEmpty {
            throw TestFailure("\(family) has no samples")
        }
        for family in types.keys where types[family] == "histogram" { try histogram(family) }
    }

    private mutating func sample(_ line: Substring, of family: String) throws {
        let form = /(?<name>[a-z_]+)(?:\{(?<labels>[^ ]*)\})? (?<value>[0-9]+(?:\.[0-9]+)?)/
        let label = /[a-z_]+="(?:[^"\\\n]|\\\\|\\"|\\n)*"/
        let names =
            types[family] == "histogram"
            ? ["_bucket", "_sum", "_count"].map { family + $0 } : [family]
        guard let match = line.wholeMatch(of: form), names.contains(String(match.name)),
            let value = Double(match.value)
        else { throw TestFailure("no sample of \(family): \(line)") }
        let labels = match.labels?.split(separator: ",", omittingEmptySubsequences: false) ?? []
        guard labels.allSatisfy({ $0.wholeMatch(of: label) != nil }) else {
            throw TestFailure("labels that are none: \(line)")
        }
        let series = String(line.prefix { $0 != " " })
        guard values.updateValue(value, forKey: series) == nil else {
            throw TestFailure("a series comes twice: \(line)")
        }
    }

    /// The buckets of each set of labels rise with their bounds, and the last of them is the count.
    private func histogram(_ family: String) throws {
        let counts = self.family(family).filter { Self.name($0.key) == family + "_count" }
        for (series, count) in counts {
            let labels = String(
                series.dropFirst(family.count + "_count".count).trimmingPrefix("{")
                    .prefix { $0 != "}" })
            let start = "\(family)_bucket{\(labels.isEmpty ? "" : labels + ",")le=\""
            let buckets = values.filter { $0.key.hasPrefix(start) }.map { series, value in
                (bound: Double(series.dropFirst(start.count).dropLast(2)) ?? .nan, value: value)
            }.sorted { $0.bound < $1.bound }
            guard buckets.last?.bound == .infinity, buckets.last?.value == count,
                zip(buckets, buckets.dropFirst()).allSatisfy({ $0.value <= $1.value })
            else { throw TestFailure("no histogram: \(series)") }
        }
    }

    private static func name(_ series: String) -> String {
        String(series.prefix { $0 != "{" })
    }

    subscript(_ series: String) -> Double? { values[series] }

    /// The series of one family.
    func family(_ name: String) -> [String: Double] {
        let names =
            types[name] == "histogram" ? ["_bucket", "_sum", "_count"].map { name + $0 } : [name]
        return values.filter { names.contains(Self.name($0.key)) }
    }

    /// Every name that a query may use.
    var names: Set<String> { Set(values.keys.map { Self.name($0) }) }
}

extension TestVault {
    func metrics(door: String = "admin") throws -> MetricsPage {
        let answer = try ask("GET", "/v1/metrics", door: door)
        guard answer.status == 200 else { throw TestFailure("no metrics: \(answer.summary)") }
        return try MetricsPage(String(decoding: answer.body, as: UTF8.self))
    }
}
