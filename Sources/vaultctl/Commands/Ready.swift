// `ready`: whether a vault answers, for health checks of service managers and containers.

import ArgumentParser
import VaultAPI
import VaultClient
import VaultFormat

struct Ready: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ready",
        abstract: "Tell whether the vault can store and give images.",
        discussion: """
            Ends with 0 where it can, and with 6, and the reason, where it is sealed, cannot write or does not \
            answer. It leaves no event, so that it may be asked often. Example: vaultctl ready --door admin
            """)

    @Option(help: "Which socket to ask.")
    var door = Door.images

    @Flag(help: "Ask only whether it answers at all, sealed or not.")
    var alive = false

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.session(door) { client in
            if alive {
                let answer = try await client.health()
                if common.json { Output.json(answer) } else { Output.line("alive") }
            } else {
                let answer = try await client.ready()
                if common.json { Output.json(answer) } else { Output.line("ready") }
            }
        }
    }
}
