// Whether somebody would see an attack, and looks at what was seen.

import VaultFormat

enum DetectionCheck: DoctorCheck {
    static let item = DoctorItem.detection

    static func judge(_ facts: DoctorFacts) -> Diagnosis {
        .list(
            facts.vault.undetected.map(\.rawValue).sorted().map { "\($0) is switched off" },
            .warning, fix: "take it out of detection.off in the settings, and start vaultd anew",
            orElse: "all \(DetectionRule.allCases.count) rules are on")
    }
}

enum IncidentsCheck: DoctorCheck {
    static let item = DoctorItem.incidents

    static func judge(_ facts: DoctorFacts) -> Diagnosis {
        guard let incidents = facts.vault.incidents else { return .withoutRows(facts) }
        let found = incidents.compactMap { incident -> String? in
            let days = facts.days(since: incident.openedMicroseconds)
            if days > Limits.doctorIncidentDays {
                return "incident \(incident.id) has been open for \(days) days"
            }
            return incident.isRead || days < Limits.doctorUnreadDays
                ? nil : "nobody has looked at incident \(incident.id), opened \(days) days ago"
        }
        return .list(
            found, .warning,
            fix: "vaultctl incidents show ID; vaultctl incidents close ID, with what came of it",
            orElse: incidents.isEmpty ? "none is open" : "\(incidents.count) are open, and known")
    }
}
