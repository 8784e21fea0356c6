// `canary`: images that nobody has a reason to ask for.

import ArgumentParser
import VaultAPI
import VaultClient
import VaultFormat

struct Canaries: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "canary",
        abstract: "Plant images that nobody has a reason to ask for, and see who does.",
        discussion: """
            Whoever reads a canary, in any way, raises the alarm canary-read at once. He cannot tell it from any \
            other image: it is listed, served and deleted as all are.

            An admin stores no images: store a picture as the backend would, under an owner that looks like \
            others and that no page shows, and name its id here. A copy of the backend's database, or a token \
            that was taken, leads to it.
            """,
        subcommands: [CanaryPlant.self, CanaryList.self, CanaryLift.self])

    static func show(_ canaries: [CanaryAnswer], _ common: CommonOptions) {
        guard !common.json else { return canaries.forEach { Output.json($0) } }
        guard !canaries.isEmpty else { return }
        var table = Table([
            ("IMAGE", .left), ("NAMESPACE", .left), ("PLANTED", .left), ("BY", .left),
            ("NOTE", .left),
        ])
        for one in canaries {
            table.add([
                one.image.hex, one.namespace.description, Units.moment(one.created),
                "uid \(one.creator)", one.note,
            ])
        }
        Output.line(table.lines.joined(separator: "\n"))
    }
}

struct CanaryPlant: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plant",
        abstract: "Make a canary of a stored image.",
        discussion: """
            Planted again, it gets another note.

            Speaks to the admin socket. Example: vaultctl canary plant 3f7a…6a3b --note "shop, in the table of orders"
            """)

    @Argument(help: "The id of a stored image: 64 hexadecimal digits.")
    var id: ImageID

    @Option(help: "Its namespace.")
    var namespace = NamespaceName.standard

    @Option(help: "Where it is planted: up to 200 printable ASCII characters, kept in clear.")
    var note = AdminNote.none

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.session(.admin) { client in
            Canaries.show(
                [try await client.plantCanary(id, in: namespace, note: note)], common)
        }
    }
}

struct CanaryList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "List the canaries, oldest first.",
        discussion: "Speaks to the admin socket. Example: vaultctl canary ls",
        aliases: ["list"])

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.session(.admin) { client in
            Canaries.show(try await client.canaries().canaries, common)
        }
    }
}

struct CanaryLift: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lift",
        abstract: "Make a canary an image like any other.",
        discussion: """
            The image stays; deleting it is the backend's.

            Speaks to the admin socket. Example: vaultctl canary lift 3f7a…6a3b
            """)

    @Argument(help: "The image's id: 64 hexadecimal digits.")
    var id: ImageID

    @Option(help: "Its namespace.")
    var namespace = NamespaceName.standard

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.session(.admin) { client in
            Canaries.show([try await client.liftCanary(id, in: namespace)], common)
        }
    }
}
