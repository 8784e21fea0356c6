// Which rules of detection are switched off: `detection.off`. A start puts them on record.

import VaultFormat

enum DetectionSettings {
    static let known: Set<String> = ["detection.off"]

    static func off(_ source: SettingsSource) async throws -> Set<DetectionRule> {
        Set(
            try await (source.list("detection.off") ?? []).map { word in
                guard let rule = DetectionRule(rawValue: word) else {
                    let known = DetectionRule.allCases.sorted().map(\.rawValue)
                    throw SettingsError("detection.off takes \(known.joined(separator: ", "))")
                }
                return rule
            })
    }
}
