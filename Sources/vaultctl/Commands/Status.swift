// `status`: the whole vault on one screen.

import ArgumentParser
import Foundation
import VaultAPI
import VaultClient
import VaultFormat

struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show the state of the vault, its keys, log and disk.",
        discussion: """
            Speaks to the admin socket. With --watch it is shown anew every two seconds, until Ctrl-C; each look \
            is an event. With --libraries the daemon also asks each C library for its version, a fresh worker too: \
            it is the doctor's check, which is an event of its own. With --json that is a second line.

            Example: vaultctl status --watch
            """)

    @Flag(help: "Show it again and again.")
    var watch = false

    @Flag(help: "Show which versions of the C libraries are in use, too.")
    var libraries = false

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.session(.admin) { client in
            repeat {
                let status = try await client.status()
                if watch, Output.resultsAreOnTerminal, !common.json {
                    // Home, and clear what was there.
                    Output.control("\u{1B}[H\u{1B}[2J")
                }
                if common.json {
                    Output.json(status)
                } else {
                    let now = Int64(Date().timeIntervalSince1970 * 1_000_000)
                    Output.line(Self.screen(status, at: now).joined(separator: "\n"))
                }
                if libraries { try await show(librariesOf: client) }
                if watch { try await Task.sleep(for: .seconds(Limits.watchSeconds)) }
            } while watch
        }
    }

    private func show(librariesOf client: VaultClient) async throws {
        let found = try await client.doctor().checks.first {
            $0.id == DoctorItem.libraries.rawValue
        }
        guard let found else { return }
        if common.json {
            Output.json(found)
        } else {
            Output.line(Self.libraries(found).joined(separator: "\n"))
        }
    }

    /// The doctor's words about the libraries, beneath the screen.
    static func libraries(_ check: DoctorAnswer.Check) -> [String] {
        let fix = check.fix.map { [("", "-> " + $0)] } ?? []
        let lines = check.evidence.enumerated().map { ($0 == 0 ? "libraries" : "", $1) } + fix
        return Table.pairs(lines.map { ($0.0, TerminalText.field($0.1)) })
    }

    /// - Parameter microseconds: now, since 1970.
    static func screen(_ status: StatusAnswer, at microseconds: Int64) -> [String] {
        let free = status.disk.freeBytes / max(1, status.disk.totalBytes / 100)
        let head = Table.pairs([
            ("vault", status.vault.hex),
            ("state", status.sealed ? "SEALED: images can be neither stored nor read" : "unsealed"),
            (
                "running",
                "\(status.version), \(Units.span(seconds: status.uptimeSeconds)), since "
                    + Units.moment(status.started)
            ),
            ("checks", checks(status.validation)),
            ("takes", takes(status.validation)),
            ("images", images(status.images)),
            ("disk", "\(Units.bytes(status.disk.freeBytes)) free (\(free) %)"),
            (
                "inspectors",
                "\(Units.count(status.inspectors.workers, "worker")), "
                    + Units.count(status.inspectors.restarts, "restart")
            ),
            (
                "requests",
                requests(status.requests) + "; " + Units.count(status.connections, "connection")
            ),
            (
                "log",
                Units.count(Int(clamping: status.log.size), "event")
                    + (status.log.state == "writable" ? "" : " — \(status.log.state.uppercased())")
            ),
            ("log root", status.log.root.hex),
            ("log key", status.log.keyFingerprint),
        ])
        let own = status.namespaces.sorted { $0.key < $1.key }
            .flatMap { [("  in \($0.key)", checks($0.value)), ("", takes($0.value))] }
        return head + Table.pairs(care(status.care))
            + Table.pairs(anchors(status.anchors)) + Table.pairs(detection(status.detection))
            + Table.pairs(own)
            + (status.keys.map { keys($0, status.log.slots, at: microseconds) } ?? [])
    }

    private static func care(_ care: StatusAnswer.Care) -> [(String, String)] {
        [
            ("verified", verified(care)),
            (
                "backup",
                (care.backup.map { Units.moment($0) } ?? "NONE: vaultctl backup DIR")
                    + (care.drill.map { ", drill \(Units.moment($0))" } ?? ", no drill yet")
            ),
        ]
    }

    private static func verified(_ care: StatusAnswer.Care) -> String {
        let age = care.unverifiedSeconds.map { Units.span(seconds: $0) }
        guard let verified = care.verified else {
            return age.map { "never, the oldest image is \($0) old: vaultctl check --contents" }
                ?? "nothing is stored"
        }
        return (age.map { "nothing unverified for over \($0); " } ?? "")
            + "last scrub \(Units.moment(verified))"
    }

    private static func requests(_ minute: StatusAnswer.Requests) -> String {
        let good = [
            (minute.stored, "stored"), (minute.read, "read"), (minute.deleted, "deleted"),
        ]
        let bad = [(minute.refused, "refused"), (minute.failed, "FAILED")].filter { $0.0 > 0 }
        return (good + bad).map { "\($0.1) \(Units.rate($0.0, seconds: minute.seconds))/s" }
            .joined(separator: ", ")
    }

    private static func anchors(_ anchors: [StatusAnswer.Anchor]) -> [(String, String)] {
        anchors.map { anchor in
            let kept = anchor.kept.map { "of \(Units.moment($0))" } ?? "none since the start"
            let size = anchor.size.map { ", \(Units.count(Int(clamping: $0), "event"))" } ?? ""
            let state = anchor.state == "current" ? "" : " — \(anchor.state.uppercased())"
            return ("anchor to \(anchor.kind)", kept + size + state)
        }
    }

    /// Nothing where there is nothing to say.
    private static func detection(_ detection: StatusAnswer.Detection) -> [(String, String)] {
        let alarms = detection.alarms.map { alarm in
            let actor = alarm.actor.map { " for \($0)" } ?? ""
            let whose = (alarm.principal ?? "the vault") + actor
            return (
                "ALARM",
                "\(alarm.rule) by \(whose), \(Units.moment(alarm.raised)), "
                    + "events \(alarm.from) to \(alarm.to)"
            )
        }
        let missed = [("detection", "\(Units.count(detection.missed, "event")) not looked at")]
        let off = [("not detected", detection.off.joined(separator: ", "))]
        return alarms + (detection.missed == 0 ? [] : missed) + (detection.off.isEmpty ? [] : off)
    }

    private static func checks(_ policy: StatusAnswer.Validation) -> String {
        "\(policy.level), trailer \(policy.trailer), metadata \(policy.metadata), "
            + "animation \(policy.animation)"
    }

    private static func takes(_ policy: StatusAnswer.Validation) -> String {
        "\(policy.types.joined(separator: " and ")) "
            + "up to \(Units.bytes(policy.maxBytes)) and \(policy.maxPixels) pixels"
    }

    private static func images(_ images: StatusAnswer.Images) -> String {
        "\(images.count) under \(Units.count(images.references, "claim")), "
            + "\(Units.bytes(images.storedBytes)) stored"
    }

    private static func keys(
        _ keys: StatusAnswer.Keys, _ logKeySlots: [StatusAnswer.Slot], at microseconds: Int64
    ) -> [String] {
        let slots = Slots.table(keys.slots)
        let warning = SlotWarning.text(keys.slots + logKeySlots, at: microseconds)
            .map { [("WARNING", $0)] }
        let head = Table.pairs(
            [("keyring    ", "generation \(keys.generation), \(keys.suite)")] + (warning ?? []))
        let log = ["", "of the log's key"] + Slots.table(logKeySlots).dropFirst()
        return head + [""] + Keys.table(keys.epochs) + [""] + slots
            + (logKeySlots.isEmpty ? [] : log)
    }
}
