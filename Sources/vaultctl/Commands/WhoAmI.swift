// `whoami`: who the vault takes the caller for.

import ArgumentParser
import VaultAPI
import VaultClient
import VaultFormat

struct WhoAmI: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "whoami",
        abstract: "Show who the vault takes you for.",
        discussion: "Example: vaultctl whoami --door admin")

    @Option(help: "Which socket to ask.")
    var door = Door.images

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.session(door) { client in
            let answer = try await client.whoami()
            if common.json {
                Output.json(answer)
                return
            }
            let groups = answer.groups.map { String($0) }.joined(separator: ", ")
            Output.line(
                Table.pairs([
                    ("user", String(answer.uid)),
                    ("group", String(answer.gid)),
                    ("groups", groups.isEmpty ? "-" : groups),
                    ("process", String(answer.pid)),
                    ("door", answer.door.name),
                    ("namespace", answer.namespace.description),
                    ("principal", answer.principal),
                    ("token", answer.token?.hex ?? "-"),
                ]).joined(separator: "\n"))
        }
    }
}
