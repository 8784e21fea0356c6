// Every setting of the daemon, as a value that cannot be wrong.

import Foundation
import Glibc
import ImageInspection
import Logging
import Vault
import VaultCrypto
import VaultFormat
import VaultServer
import VaultStorage

struct DaemonSettings: Sendable {
    struct DoorSettings: Sendable {
        let socket: String
        let mode: mode_t
        let group: gid_t?
        let access: DoorAccess
    }

    let stateDirectory: String
    let rootKeyFile: String
    let logKeyFile: String
    let publicKeyFile: String
    let tokens: TokenSettings
    /// Where a token's PIN is, for a start that nobody types at.
    let pinFile: String?
    let doors: [Door: DoorSettings]
    /// The file that says who may do what; nil where the doors' settings do.
    let policy: PolicySource?
    /// Where bundles of the log are written from time to time.
    let exports: ExportSchedule.Settings?
    /// Who may learn the name behind a pseudonym of the log.
    let resolvers: DoorAccess
    let vault: Vault.Settings
    let inspectorProgram: String
    let inspectorWorkers: Int
    /// Percent of the time that operations work.
    let operationShare: Int
    /// Days after which the primary epoch is followed by another; nil for never.
    let rotationDays: Int?
    /// Days after which everything that is stored is opened once more; 0 for never. Percent of the time for that.
    let scrubDays: Int
    let scrubShare: Int
    let anchor: AnchorSettings
    /// Who is told of incidents.
    let alerts: [any AlertTarget]
    let metrics: MetricsSettings
    let alertProgram: String?
    let logLevel: Logger.Level

    /// What the daemon is told to run or to load: who writes these acts as it, or as its workers.
    var programs: [String] {
        [
            inspectorProgram, anchor.command.first, alertProgram, tokens.pkcs11?.module,
            tokens.tpm2?.configuration,
        ].compactMap(\.self)
    }

    private static func known(_ namespaces: [NamespaceName]) -> Set<String> {
        var keys: Set<String> = [
            "state_directory", "run_directory", "keys.root_key_file", "keys.log_key_file",
            "keys.public_key_file", "keys.root_key_credential", "keys.log_key_credential",
            "encryption.suite", "inspectors.program", "inspectors.workers", "operations.share",
            "rotation.every_days", "scrub.every_days", "scrub.share",
            "two_person", "log.level", "policy_file", "audit.resolvers.users",
            "audit.resolvers.groups", "audit.keep_days", "audit.export.directory",
            "audit.export.every_hours",
        ]
        keys.formUnion(ValidationSettings.known(namespaces))
        keys.formUnion(RetentionSettings.known(namespaces))
        keys.formUnion(TokenSettings.known)
        keys.formUnion(AnchorSettings.known)
        keys.formUnion(LimitSettings.known)
        keys.formUnion(DetectionSettings.known)
        keys.formUnion(IncidentConfiguration.known)
        keys.formUnion(MetricsSettings.known)
        for door in Door.allCases {
            for key in ["mode", "group", "users", "groups"] {
                keys.insert("doors.\(door.name).\(key)")
            }
        }
        return keys
    }

    /// - Parameter needsCredentials: false for a command that goes on where no service manager hands over keys; their
    ///   files are not there then.
    static func load(
        file: String, overrides: [String], needsCredentials: Bool = true
    ) async throws -> DaemonSettings {
        var source = try await SettingsSource(file: file, overrides: overrides, known: known)
        source.needsCredentials = needsCredentials
        let state = try await path(source, "state_directory", default: "/var/lib/imagevault")
        let run = try await path(source, "run_directory", default: "/run/imagevault")
        let publicKey = try await path(
            source, "keys.public_key_file", default: "\(state)/audit.pub")
        var doors: [Door: DoorSettings] = [:]
        for door in Door.allCases { doors[door] = try await self.door(door, source, run) }
        return DaemonSettings(
            stateDirectory: state,
            rootKeyFile: try await keyFile(source, "root_key"),
            logKeyFile: try await keyFile(source, "log_key"),
            publicKeyFile: publicKey,
            tokens: try await TokenSettings(source),
            pinFile: try await secretFile(source, "pkcs11_pin"),
            doors: doors,
            policy: try await policy(source),
            exports: try await exports(source),
            resolvers: try await access(source, "audit.resolvers", orElse: []),
            vault: try await vault(source),
            inspectorProgram: try await path(
                source, "inspectors.program", default: Self.besideThisProgram("vaultinspect")),
            inspectorWorkers: try await source.number(
                "inspectors.workers", in: 1...Limits.workerConcurrency) ?? 2,
            operationShare: try await source.number(
                "operations.share", in: 1...100) ?? Limits.operationShare,
            rotationDays: try await source.number(
                "rotation.every_days", in: Limits.rotationDays),
            scrubDays: try await source.number("scrub.every_days", in: Limits.scrubDays)
                ?? Limits.scrubDaysUnlessSaid,
            scrubShare: try await source.number("scrub.share", in: 1...100) ?? Limits.scrubShare,
            anchor: try await AnchorSettings(
                source, stateDirectory: state, publicKeyFile: publicKey),
            alerts: try await IncidentConfiguration.alerts(source),
            metrics: try await MetricsSettings(source, runDirectory: run),
            alertProgram: try await source.list("alerts.command")?.first,
            logLevel: try await logLevel(source))
    }

    private static func keyFile(_ source: SettingsSource, _ name: String) async throws -> String {
        try await secretFile(source, name)
            ?? "/etc/imagevault/\(name.prefix { $0 != "_" }).key"
    }

    /// Where the secret of a name is: in a file, or in a credential that the service manager hands over
    /// (systemd.exec(5), `LoadCredential=`). Nil where neither is set.
    private static func secretFile(
        _ source: SettingsSource, _ name: String
    ) async throws -> String? {
        let (file, credential) = ("keys.\(name)_file", "keys.\(name)_credential")
        guard let id = try await source.text(credential) else {
            guard try await source.text(file) != nil else { return nil }
            return try await path(source, file, default: "")
        }
        guard try await source.text(file) == nil else {
            throw SettingsError("\(file) and \(credential) are two ways to one key: set one")
        }
        guard !id.isEmpty, !id.contains("/"), id != ".", id != ".." else {
            throw SettingsError("\(credential) must be the name of a credential, not a path")
        }
        guard let directory = ProcessInfo.processInfo.environment["CREDENTIALS_DIRECTORY"],
            directory.hasPrefix("/")
        else {
            guard source.needsCredentials else { return "/run/credentials/none/\(id)" }
            throw SettingsError(
                "\(credential) needs a service manager that sets CREDENTIALS_DIRECTORY, as systemd "
                    + "does with LoadCredential=\(id):/path")
        }
        return "\(directory)/\(id)"
    }

    static func path(
        _ source: SettingsSource, _ key: String, default value: String
    ) async throws -> String {
        let path = try await source.text(key) ?? value
        guard path.hasPrefix("/") else { throw SettingsError("\(key) must be an absolute path") }
        return path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    }

    private static func vault(_ source: SettingsSource) async throws -> Vault.Settings {
        Vault.Settings(
            policies: try await ValidationSettings.policies(source),
            suite: try await suite(source), twoPerson: try await twoPerson(source),
            retention: try await RetentionSettings.policies(source),
            logDays: try await source.number("audit.keep_days", in: Limits.logDays),
            limits: try await LimitSettings.limits(source),
            undetected: try await DetectionSettings.off(source),
            incidents: try await IncidentConfiguration.incidents(source))
    }

    private static func exports(
        _ source: SettingsSource
    ) async throws -> ExportSchedule.Settings? {
        let hours = try await source.number("audit.export.every_hours", in: Limits.exportHours)
        guard try await source.text("audit.export.directory") != nil else {
            guard hours == nil else {
                throw SettingsError("audit.export.every_hours needs audit.export.directory")
            }
            return nil
        }
        return ExportSchedule.Settings(
            directory: try await path(source, "audit.export.directory", default: ""),
            everyHours: hours ?? 24)
    }

    private static func twoPerson(
        _ source: SettingsSource
    ) async throws -> Set<TwoPersonRule> {
        Set(
            try await (source.list("two_person") ?? []).map { word in
                guard let rule = TwoPersonRule(rawValue: word) else {
                    let known = TwoPersonRule.allCases.map(\.rawValue)
                    throw SettingsError("two_person takes \(known.joined(separator: ", "))")
                }
                return rule
            })
    }

    private static func suite(_ source: SettingsSource) async throws -> Suite {
        guard let text = try await source.text("encryption.suite") else { return .bestHere }
        guard let suite = Suite.allCases.first(where: { $0.name == text }) else {
            throw SettingsError(
                "encryption.suite must be \(Suite.allCases.map(\.name).joined(separator: " or "))")
        }
        return suite
    }

    private static func logLevel(_ source: SettingsSource) async throws -> Logger.Level {
        guard let text = try await source.text("log.level") else { return .info }
        guard let level = Logger.Level(rawValue: text) else {
            throw SettingsError(
                "log.level must be one of trace, debug, info, notice, warning, error, critical")
        }
        return level
    }

    private static func besideThisProgram(_ name: String) -> String {
        let own =
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "/"
        return own.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" } + "/" + name
    }
}
