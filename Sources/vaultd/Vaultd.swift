// vaultd: reads configuration, wires the parts, runs. Also what needs keys without a door.

import ArgumentParser
import Glibc
import VaultAPI

@main
struct Vaultd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vaultd",
        abstract: "The vault's daemon, and what needs its keys without a door.",
        discussion: """
            EXAMPLES
              vaultd init --config /etc/imagevault/vaultd.yaml
              vaultd serve --config /etc/imagevault/vaultd.yaml
              vaultd serve --config vaultd.yaml --set validation.level=structure

            Settings come from the file, then from the environment (IMAGEVAULT_ and the key in capitals,
            dots and dashes as underscores), then from --set; the later ones win.
            """,
        version: Version.text,
        subcommands: [
            Initialize.self, Serve.self, Restore.self, NewKeyFile.self, Recovery.self, Shares.self,
        ])

    static func main() async {
        // Before anything starts a thread: a launcher must have one only.
        if let status = SlotWork.run(CommandLine.arguments.dropFirst()) { Glibc.exit(status) }
        await main(nil)
    }
}

struct ConfigurationOptions: ParsableArguments {
    @Option(name: .long, help: "The configuration file (YAML).")
    var config: String

    @Option(
        name: .customLong("set"), parsing: .singleValue,
        help: ArgumentHelp("Overrides one setting.", valueName: "key=value"))
    var overrides: [String] = []

    func load() async throws -> DaemonSettings {
        try await DaemonSettings.load(file: config, overrides: overrides)
    }
}
