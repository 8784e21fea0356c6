// `seal`: takes every key from the vault. `unseal`: gives it the secret of one of its slots.

import ArgumentParser
import VaultAPI
import VaultClient
import VaultFormat

struct Seal: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "seal",
        abstract: "Take every key from the vault, until it is unsealed.",
        discussion: """
            Speaks to the admin socket. Images can then be neither stored nor read; readings in \
            progress break off. The vault stays sealed over restarts, whatever key files there are.

            Example: vaultctl seal
            """)

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.session(.admin) { client in
            let answer = try await client.seal()
            if common.json { Output.json(answer) } else { Output.line("sealed") }
        }
    }
}

struct Unseal: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unseal",
        abstract: "Open a sealed vault with a passphrase or a key file.",
        discussion: """
            Speaks to the admin socket. Asks for the secret without showing it: a passphrase, or the \
            line of a key file.

            Examples:
              vaultctl unseal
              vaultctl unseal --secret-file /mnt/stick/root.key
            """)

    @OptionGroup var secret: SecretOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.session(.admin) { client in
            let secret = try secret.existing("Passphrase or key: ")
            let answer = try await client.unseal(secret.bytes)
            if common.json {
                Output.json(answer)
            } else {
                Output.line("unsealed by slot \(answer.slot?.hex ?? "-")")
            }
        }
    }
}
