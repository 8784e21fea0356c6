// `hold`: what may not be erased, whoever asks.

import ArgumentParser
import VaultAPI
import VaultClient
import VaultFormat

struct Holds: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hold",
        abstract: "Forbid that images, or a backup, are erased.",
        discussion: """
            A hold comes before every deletion, and before the end of a retention. While it stands no claim \
            of what is held goes, and none is replaced by an upload under the same claim.
            """,
        subcommands: [HoldPlace.self, HoldList.self, HoldRelease.self])

    static func show(_ holds: [HoldAnswer], _ common: CommonOptions) {
        guard !common.json else { return holds.forEach { Output.json($0) } }
        guard !holds.isEmpty else { return }
        var table = Table([
            ("ID", .left), ("PLACED", .left), ("BY", .left), ("ON", .left), ("NOTE", .left),
        ])
        for hold in holds {
            let subject = hold.image?.hex ?? hold.backup?.hex
            table.add([
                hold.id.hex, Units.moment(hold.created), "uid \(hold.creator)",
                subject.map { "\(hold.kind) \($0)" } ?? "one \(hold.kind)", hold.note,
            ])
        }
        Output.line(table.lines.joined(separator: "\n"))
    }
}

struct HoldPlace: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "place",
        abstract: "Place a hold on an image, an owner, a job or a backup.",
        discussion: """
            Say in --note what it is about: which owner or job it is on, the vault cannot say afterwards, for \
            it keeps no readable word of them.

            Speaks to the admin socket. Example: vaultctl hold place --owner user_8421 --note "case 7"
            """)

    @Option(help: "An image: 64 hexadecimal digits.")
    var image: ImageID?

    @Option(help: "An owner: 1 to 64 of A-Z a-z 0-9 _ -.")
    var owner: OwnerID?

    @Option(help: "A job: 1 to 64 of A-Z a-z 0-9 _ -.")
    var job: JobID?

    @Option(help: "A registered backup: 32 hexadecimal digits.")
    var backup: BackupID?

    @Option(help: "The namespace of what is no backup.")
    var namespace: NamespaceName?

    @Option(help: "What to say of it: up to 200 printable ASCII characters, kept in clear.")
    var note = AdminNote.none

    @Option(help: "A name for this request: 1 to 64 visible ASCII characters.")
    var key: IdempotencyKey?

    @OptionGroup var common: CommonOptions

    private var subjects: [HoldRequest.Subject] {
        [
            image.map { .image($0) }, owner.map { .owner($0) }, job.map { .job($0) },
            backup.map { .backup($0) },
        ].compactMap(\.self)
    }

    func validate() throws {
        guard subjects.count == 1 else {
            throw ValidationError("Name one of --image, --owner, --job and --backup.")
        }
        guard backup == nil || namespace == nil else {
            throw ValidationError("A backup is of no namespace.")
        }
    }

    func run() async throws {
        try await common.session(.admin) { client in
            for subject in subjects {
                let request = HoldRequest(
                    subject, namespace: namespace ?? .standard, note: note)
                Holds.show([try await client.place(request, key: key)], common)
            }
        }
    }
}

struct HoldList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "List the holds, oldest first.",
        discussion: "Speaks to the admin socket. Example: vaultctl hold ls",
        aliases: ["list"])

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.session(.admin) { client in
            let holds = try await Pages.all {
                let page = try await client.holds($0)
                return (page.holds, page.next)
            }
            Holds.show(holds, common)
        }
    }
}

struct HoldRelease: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release",
        abstract: "End a hold.",
        discussion: """
            What had reached the end of its retention meanwhile is erased soon after.

            Speaks to the admin socket. Example: vaultctl hold release 5fec…6c79
            """)

    @Argument(help: "The hold's id: 32 hexadecimal digits.")
    var id: HoldID

    @OptionGroup var approved: ApprovalOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.session(.admin, approval: approved.approval) { client in
            Holds.show([try await client.release(id)], common)
        }
    }
}
