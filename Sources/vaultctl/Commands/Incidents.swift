// `incidents`: what went wrong, the evidence of it, and what it takes from whom for a while.

import ArgumentParser
import NIOCore
import VaultAPI
import VaultClient
import VaultFormat

struct Incidents: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "incidents",
        abstract: "Open, list, contain, export and close incidents.",
        discussion: """
            An incident has a case: the log around it with its proofs, and what the vault was like, sealed before \
            anything else is done. Containing a principal takes from it for a while what its grade says, and lifting \
            that gives it back as it was.
            """,
        subcommands: [
            IncidentList.self, IncidentShow.self, IncidentOpen.self, IncidentContain.self,
            IncidentLift.self, IncidentNote.self, IncidentExport.self, IncidentClose.self,
        ],
        aliases: ["incident"])

    static func show(_ incidents: [IncidentAnswer], _ common: CommonOptions) {
        guard !common.json else { return incidents.forEach { Output.json($0) } }
        guard !incidents.isEmpty else { return }
        var table = Table([
            ("ID", .left), ("OPENED", .left), ("CAUSE", .left), ("ABOUT", .left),
            ("CONTAINED", .left), ("STATE", .left), ("REASON", .left),
        ])
        for incident in incidents {
            table.add([
                incident.id.hex, Units.moment(incident.opened), incident.cause,
                incident.principal ?? "the vault", contained(incident),
                incident.closed.map { "closed \(Units.moment($0))" } ?? "open", incident.reason,
            ])
        }
        Output.line(table.lines.joined(separator: "\n"))
    }

    private static func contained(_ incident: IncidentAnswer) -> String {
        incident.containment.map { "\($0.grade) until \(Units.moment($0.until))" } ?? "no"
    }
}

extension ContainmentGrade: ExpressibleByArgument {
    package init?(argument: String) { self.init(name: argument) }
    package static var allValueStrings: [String] { allCases.map(\.name) }
}

struct IncidentList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the incidents, newest first.",
        discussion: "Speaks to the admin socket. Example: vaultctl incidents list",
        aliases: ["ls"])

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.session(.admin) { client in
            let incidents = try await Pages.all {
                let page = try await client.incidents($0)
                return (page.incidents, page.next)
            }
            Incidents.show(incidents, common)
        }
    }
}

struct IncidentShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show an incident, and what was written down since it was opened.",
        discussion: """
            What the case holds of the log is for auditors: vaultctl incidents export.

            Speaks to the admin socket. Example: vaultctl incidents show 5fec…6c79
            """)

    @Argument(help: "The incident's id: 32 hexadecimal digits.")
    var id: IncidentID

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.session(.admin) { client in
            let state = try await client.incident(id)
            guard !common.json else { return Output.json(state) }
            let incident = state.incident
            let containment = incident.containment.map {
                "\($0.grade) until \(Units.moment($0.until)), by uid \($0.uid)"
            }
            Output.line(
                Table.pairs([
                    ("incident", incident.id.hex), ("opened", Units.moment(incident.opened)),
                    ("by", "uid \(incident.creator)"), ("cause", incident.cause),
                    ("about", incident.principal ?? "the vault"),
                    ("actor", incident.actor ?? "-"),
                    ("reason", incident.reason.isEmpty ? "-" : incident.reason),
                    ("contained", containment ?? "no"),
                    ("state", incident.closed.map { "closed \(Units.moment($0))" } ?? "open"),
                    ("events", "\(incident.from) to \(incident.to)"),
                    ("case", "\(incident.digest.hex), \(Units.bytes(incident.bytes))"),
                ]).joined(separator: "\n"))
            guard let entries = state.entries else {
                return Output.note("the case's file is not what the vault wrote")
            }
            for entry in entries { Output.line(entry) }
        }
    }
}

struct IncidentOpen: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "open",
        abstract: "Open an incident: its case is sealed now, and nobody is contained.",
        discussion: """
            Speaks to the admin socket. Example:
              vaultctl incidents open --principal web --reason "reads at night"
            """)

    @Option(help: "A principal of the policy; none for the vault.")
    var principal: PrincipalName?

    @Option(help: "What happened: 1 to 200 printable ASCII characters, kept in clear.")
    var reason: AdminNote

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.session(.admin) { client in
            let request = IncidentRequest(principal: principal, reason: reason)
            Incidents.show([try await client.open(request)], common)
        }
    }
}

struct IncidentContain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "contain",
        abstract: "Contain the incident's principal, or seal the vault, for a while.",
        discussion: """
            throttle   it may do what it might, 60 requests a minute
            read-only  it may look, and change nothing
            suspend    it may do nothing that takes a permission
            seal       the vault's keys are erased from memory; vaultctl unseal undoes it

            Another grade takes the place of the one before. It ends by itself, and before that with \
            vaultctl incidents lift.

            Speaks to the admin socket. Example: vaultctl incidents contain 5fec…6c79 suspend --minutes 120
            """)

    @Argument(help: "The incident's id: 32 hexadecimal digits.")
    var id: IncidentID

    @Argument(help: "throttle, read-only, suspend or seal.")
    var grade: ContainmentGrade

    @Option(help: "After which it ends by itself: 1 to 10080.")
    var minutes = Limits.containmentMinutesUnlessSaid

    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard Limits.containmentMinutes.contains(minutes) else {
            throw ValidationError("--minutes takes 1 to 10080, which is a week.")
        }
    }

    func run() async throws {
        try await common.session(.admin) { client in
            let request = ContainmentRequest(grade: grade, minutes: minutes)
            Incidents.show([try await client.contain(id, request)], common)
        }
    }
}

struct IncidentLift: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lift",
        abstract: "End a containment now: everything is as it was.",
        discussion: "Speaks to the admin socket. Example: vaultctl incidents lift 5fec…6c79")

    @Argument(help: "The incident's id: 32 hexadecimal digits.")
    var id: IncidentID

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.session(.admin) { client in
            Incidents.show([try await client.liftContainment(of: id)], common)
        }
    }
}

struct IncidentNote: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "note",
        abstract: "Write a line into an incident's case.",
        discussion: """
            Speaks to the admin socket. Example: vaultctl incidents note 5fec…6c79 "called the hoster"
            """)

    @Argument(help: "The incident's id: 32 hexadecimal digits.")
    var id: IncidentID

    @Argument(help: "1 to 200 printable ASCII characters.")
    var note: AdminNote

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.session(.admin) { client in
            Incidents.show([try await client.note(note, on: id)], common)
        }
    }
}

struct IncidentClose: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "close",
        abstract: "Close an incident; what contains anybody by it ends.",
        discussion: """
            Speaks to the admin socket. Example: vaultctl incidents close 5fec…6c79 --note "a misconfigured job"
            """)

    @Argument(help: "The incident's id: 32 hexadecimal digits.")
    var id: IncidentID

    @Option(help: "What it was: up to 200 printable ASCII characters.")
    var note = AdminNote.none

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.session(.admin) { client in
            Incidents.show([try await client.close(id, note: note)], common)
        }
    }
}
