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
        abstract: "Open a sealed vault with the secret of one of its slots.",
        discussion: """
            Speaks to the admin socket. Asks for the secret without showing it: a passphrase, the line of a \
            key file, a share, or the answer of a recovery key's holder to vaultctl slots challenge. Of \
            shares each holder gives one, here or in a session of their own. A token's slot is named: a PKCS #11 \
            token asks for its PIN, a TPM for nothing.

            Examples:
              vaultctl unseal
              vaultctl unseal --secret-file /mnt/stick/root.key
              vaultctl unseal --log-key
              vaultctl unseal --slot 3f7a9c1e5b2d4860a1c3e5f708192a3b
            """)

    @Option(help: "The only slot to try: 32 hexadecimal digits. A token's slot has to be named.")
    var slot: SlotID?

    @OptionGroup var file: KeyFileOptions
    @OptionGroup var secret: SecretOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.session(.admin) { client in
            let typed = try await typedSecret(client)
            var answer = try await client.unseal(typed.bytes, file.kind, slot: slot)
            while let shares = answer.shares, secret.isAsking {
                answer = try await client.unseal(
                    secret.share(after: shares).bytes, file.kind, slot: slot)
            }
            if common.json { return Output.json(answer) }
            if let shares = answer.shares {
                Output.line("\(shares.given) of \(shares.needed) shares given")
            } else {
                Output.line("unsealed by slot \(answer.slot?.hex ?? "-")")
            }
        }
    }

    private func typedSecret(_ client: VaultClient) async throws -> SecretText {
        let question = "Passphrase, key, share or answer: "
        guard let slot else { return try secret.existing(question) }
        return try await secret.existing(for: slot, of: [file.kind], client, question)
    }
}
