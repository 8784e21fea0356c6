// What detection has seen, in the words of `status` and of the measures.

import Vault
import VaultAPI
import VaultFormat

extension RequestHandler {
    var detection: StatusAnswer.Detection {
        let report = vault.detection.report
        return .init(
            off: vault.settings.undetected.sorted(), missed: report.missed,
            alarms: report.open.map { alarm in
                .init(
                    rule: alarm.rule, raisedMicroseconds: alarm.atMicroseconds,
                    principal: alarm.subject.principal, actor: alarm.subject.actor,
                    indexes: alarm.events.lowerBound..<alarm.events.upperBound + 1,
                    count: alarm.count)
            })
    }
}

extension MetricsReport {
    func detectionFamilies() -> [MetricFamily] {
        let report = vault.detection.report
        let open = Dictionary(grouping: report.open, by: \.rule)
        func family(
            _ name: String, _ kind: MetricFamily.Kind, _ help: String,
            _ value: (DetectionRule) -> Int
        ) -> MetricFamily {
            MetricFamily(
                name, kind, help,
                DetectionRule.allCases.sorted().map {
                    .init(.count(UInt64(clamping: value($0))), ["rule": $0.rawValue])
                })
        }
        return [
            family("imagevault_alarms_total", .counter, "Alarms raised, by rule of detection.") {
                report.raised[$0] ?? 0
            },
            family("imagevault_alarms_open", .gauge, "Alarms that are not over, by rule.") {
                open[$0]?.count ?? 0
            },
            MetricFamily(
                "imagevault_detection_missed_total", .counter,
                "Events that detection did not look at: too many, or not to be read.",
                count: UInt64(clamping: report.missed)),
        ]
    }
}
