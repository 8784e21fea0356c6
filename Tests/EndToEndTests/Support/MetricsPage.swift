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
            } else if let match = line.wholeMatch(of: /# TYPE ([a-z_]+) (counter|gauge)/) {
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
        for family in types.keys where !values.keys.contains(where: { Self.name($0) == family }) {
            throw TestFailure("\(family) has no samples")
        }
    }

    private mutating func sample(_ line: Substring, of family: String) throws {
        let form = /(?<name>[a-z_]+)(?:\{(?<labels>[^ ]*)\})? (?<value>[0-9]+(?:\.[0-9]+)?)/
        let label = /[a-z_]+="(?:[^"\\\n]|\\\\|\\"|\\n)*"/
        guard let match = line.wholeMatch(of: form), match.name == family,
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

    private static func name(_ series: String) -> String {
        String(series.prefix { $0 != "{" })
    }

    subscript(_ series: String) -> Double? { values[series] }

    /// The series of one family.
    func family(_ name: String) -> [String: Double] {
        values.filter { Self.name($0.key) == name }
    }
}

extension TestVault {
    func metrics(door: String = "admin") throws -> MetricsPage {
        let answer = try ask("GET", "/v1/metrics", door: door)
        guard answer.status == 200 else { throw TestFailure("no metrics: \(answer.summary)") }
        return try MetricsPage(String(decoding: answer.body, as: UTF8.self))
    }
}
