// What is done when behaviour is not what it was, and who is told: `incidents` and `alerts`.

import Glibc
import Vault
import VaultFormat
import VaultStorage

enum IncidentConfiguration {
    private static let containment = "incidents.containment"
    private static let minutes = "incidents.minutes"

    /// Every key that is read here.
    static let known = Set(
        DetectionRule.allCases.map { "\(containment).\($0.rawValue)" }
            + [minutes, "alerts.command", "alerts.syslog", "alerts.socket", "alerts.path"])

    static func incidents(_ source: SettingsSource) async throws -> IncidentSettings {
        var settings = IncidentSettings(digest: source.digest, creator: getuid())
        for rule in DetectionRule.allCases {
            let key = "\(containment).\(rule.rawValue)"
            guard let word = try await source.text(key), word != "none" else { continue }
            // Whoever sets off an alarm could close the vault to everybody.
            guard let grade = ContainmentGrade(name: word), grade != .seal else {
                throw SettingsError("\(key) must be throttle, suspend, read-only or none")
            }
            settings.containment[rule] = grade
        }
        settings.minutes =
            try await source.number(minutes, in: Limits.containmentMinutes) ?? settings.minutes
        return settings
    }

    static func alerts(_ source: SettingsSource) async throws -> [any AlertTarget] {
        var targets: [any AlertTarget] = []
        let command = try await source.list("alerts.command") ?? []
        if let program = command.first {
            guard program.hasPrefix("/"), command.count <= Limits.alertCommandWords else {
                throw SettingsError(
                    "alerts.command takes the absolute path of a program and up to "
                        + "\(Limits.alertCommandWords - 1) words for it")
            }
            targets.append(AlertCommand(command))
        }
        if try await source.text("alerts.syslog") != nil {
            targets.append(
                AlertSyslog(
                    path: try await DaemonSettings.path(source, "alerts.syslog", default: "")))
        }
        let path = try await source.text("alerts.path")
        guard try await source.text("alerts.socket") != nil else {
            guard path == nil else { throw SettingsError("alerts.path needs alerts.socket") }
            return targets
        }
        let target = path ?? "/"
        guard target.hasPrefix("/"),
            target.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { throw SettingsError("alerts.path must be the path of a request, as /alerts") }
        let socket = try await DaemonSettings.path(source, "alerts.socket", default: "")
        return targets + [AlertSocket(path: socket, target: target)]
    }
}
