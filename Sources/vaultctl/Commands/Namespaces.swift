// `namespace`: whose images there are, and how many.

import ArgumentParser
import VaultAPI
import VaultClient
import VaultFormat

struct Namespaces: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "namespace",
        abstract: "Make and list namespaces.",
        discussion: """
            Images of one namespace are unknown in every other: a principal of the policy has one. What a namespace may \
            have stands in the policy, too.
            """,
        subcommands: [NamespaceCreate.self, NamespaceList.self])

    static func show(_ namespaces: [NamespaceAnswer], _ common: CommonOptions) {
        guard !common.json else { return namespaces.forEach { Output.json($0) } }
        var table = Table([
            ("NAME", .left), ("CREATED", .left), ("IMAGES", .right), ("OF", .right),
            ("STORED", .right), ("OF", .right),
        ])
        for one in namespaces {
            table.add([
                one.name.description, Units.moment(one.created), "\(one.images)",
                one.quota.maxImages.map { "\($0)" } ?? "-", Units.bytes(one.storedBytes),
                one.quota.maxBytes.map { Units.bytes($0) } ?? "-",
            ])
        }
        Output.line(table.lines.joined(separator: "\n"))
    }
}

struct NamespaceCreate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Make a namespace. There is no way back.",
        discussion: """
            It gets a key of its own in the keyring, which names its images for good: make a new copy of the keyring \
            afterwards. Then give it to principals in the policy.

            Speaks to the admin socket. Example: vaultctl namespace create shop
            """)

    @Argument(help: "Its name: 1 to 32 of a-z, 0-9 and -.")
    var name: NamespaceName

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.session(.admin) { client in
            Namespaces.show([try await client.create(name)], common)
        }
    }
}

struct NamespaceList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "List the namespaces, with what they have and may have.",
        discussion: "Speaks to the admin socket. Example: vaultctl namespace ls",
        aliases: ["list"])

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.session(.admin) { client in
            Namespaces.show(try await client.namespaces().namespaces, common)
        }
    }
}
