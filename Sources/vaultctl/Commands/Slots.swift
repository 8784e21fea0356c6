// `slots`: the ways into the vault. `keys`: what they lead to.

import ArgumentParser
import VaultAPI
import VaultClient
import VaultFormat

struct Slots: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "slots",
        abstract: "Show, prove, add and remove the ways into the vault.",
        discussion: """
            Each slot alone opens the vault. Adding and removing seal the keyring under a new root, so \
            that the secret of a slot that was removed opens no keyring from then on. It still opens \
            an older copy of the keyring, if somebody kept one.
            """,
        subcommands: [List.self, Prove.self, Challenge.self, Add.self, Remove.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show the slots, and when each was last proved.",
            discussion: """
                Examples:
                  vaultctl slots list
                  vaultctl slots list --log-key
                """)

        @OptionGroup var file: KeyFileOptions
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await common.session(.admin) { client in
                Slots.show(try await client.slots(file.kind), common)
            }
        }
    }

    struct Prove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check that a slot's secret opens the vault.",
            discussion: """
                Opens the keyring, or the log's key, through the slot, throws away what that gave, and keeps \
                the date. A recovery key's slot takes the answer to vaultctl slots challenge. Of shares each \
                holder gives one. A token asks for its PIN, a TPM for nothing.

                Example: vaultctl slots prove 3f7a9c1e5b2d4860a1c3e5f708192a3b
                """)

        @Argument(help: "The slot's id: 32 hexadecimal digits.")
        var slot: SlotID

        @OptionGroup var secret: SecretOptions
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await common.session(.admin) { client in
                let typed = try await secret.existing(
                    for: slot, of: KeyFile.Kind.allCases, client, "The slot's secret: ")
                var answer = try await client.proveSlot(slot, typed.bytes)
                while let shares = answer.shares, secret.isAsking {
                    answer = try await client.proveSlot(slot, secret.share(after: shares).bytes)
                }
                Slots.show(answer, common)
            }
        }
    }

    struct Challenge: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Ask the holder of a recovery key to open its slot.",
            discussion: """
                Shows a challenge, which is no secret, and its words. The holder answers with vaultd recovery \
                answer, away from here, after comparing the words. The answer goes to vaultctl slots prove or \
                vaultctl unseal, within the hour.

                Example: vaultctl slots challenge 3f7a9c1e5b2d4860a1c3e5f708192a3b
                """)

        @Argument(help: "The slot's id: 32 hexadecimal digits.")
        var slot: SlotID

        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await common.session(.admin) { client in
                let answer = try await client.challenge(slot)
                if common.json { return Output.json(answer) }
                Output.line(answer.challenge)
                Output.note("words    \(answer.words)")
                Output.note("expires  \(Units.moment(answer.expires))")
            }
        }
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add a slot: passphrase, key file, shares, recovery recipient or token.",
            discussion: """
                Asks for the secret twice, or reads it. With --token the vault makes the slot's secret and has \
                the token of its configuration keep it; a PKCS #11 token asks for its PIN, a TPM for nothing. \
                Prove the slot afterwards.

                Examples:
                  vaultctl slots add --label office-safe
                  vaultctl slots add --label stick --secret-file /mnt/stick/root.key
                  cat share-*.txt | vaultctl slots add --label board --secret-file -
                  vaultctl slots add --label bank --recipient imagevault-recipient-1:…
                  vaultctl slots add --label hsm --token pkcs11
                  vaultctl slots add --label machine --token tpm2
                (vaultd new-key-file, vaultd shares new and vaultd recovery new make these)
                """)

        @Option(help: "What to call it: 1 to 64 of A-Z a-z 0-9 _ . -")
        var label: SlotLabel

        @Option(
            help: ArgumentHelp(
                "The public half of a recovery key; nothing else is asked for.", valueName: "text"))
        var recipient: String?

        @Option(help: "The token that is to keep the slot's secret: pkcs11 or tpm2.")
        var token: TokenChoice?

        @OptionGroup var file: KeyFileOptions
        @OptionGroup var secret: SecretOptions
        @OptionGroup var approved: ApprovalOptions
        @OptionGroup var common: CommonOptions

        func validate() throws {
            guard let recipient else { return }
            guard token == nil else {
                throw ValidationError("--recipient and --token make two slots: one of them.")
            }
            guard secret.isAsking else {
                throw ValidationError(
                    "--recipient is all that a recovery slot needs: no --secret-file.")
            }
            guard (try? CheckedText.recipient.bytes(Array(recipient.utf8))) != nil else {
                throw ValidationError(
                    "--recipient is mistyped or cut short, or it is no recipient.")
            }
        }

        func run() async throws {
            try await common.session(.admin, approval: approved.approval) { client in
                if let recipient {
                    let answer = try await client.addSlot(
                        Array(recipient.utf8), label: label, to: file.kind)
                    return Slots.show(answer, common)
                }
                if let token = token?.kind {
                    let pin = try secret.pin(token)
                    let answer = try await client.addSlot(
                        pin.bytes, label: label, to: file.kind, on: token)
                    return Slots.show(answer, common)
                }
                let secret = try secret.new("New passphrase or key: ")
                Slots.show(
                    try await client.addSlot(secret.bytes, label: label, to: file.kind), common)
            }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove a slot; one that was proved must be left.",
            discussion: "Example: vaultctl slots remove 3f7a9c1e5b2d4860a1c3e5f708192a3b")

        @Argument(help: "The slot's id: 32 hexadecimal digits.")
        var slot: SlotID

        @OptionGroup var approved: ApprovalOptions
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await common.session(.admin, approval: approved.approval) { client in
                Slots.show(try await client.removeSlot(slot), common)
            }
        }
    }

    fileprivate static func show(_ answer: SlotsAnswer, _ common: CommonOptions) {
        if common.json { return Output.json(answer) }
        let head = ["\(answer.key) generation \(answer.generation)"]
        let added = answer.added.map { ["added \($0.hex)"] } ?? []
        let shares = answer.shares.map { ["\($0.given) of \($0.needed) shares given"] } ?? []
        Output.line((head + added + shares + table(answer.slots)).joined(separator: "\n"))
    }

    /// A line a slot, within 80 columns but for long labels and check words.
    static func table(_ slots: [StatusAnswer.Slot]) -> [String] {
        var table = Table([
            ("SLOT", .left), ("KIND", .left), ("PROVED", .left), ("LABEL", .left),
        ])
        for slot in slots {
            let proved = slot.proved.map { Units.moment($0) } ?? "never"
            let label = [slot.label, slot.detail.map { "(\($0))" }].compactMap { $0 }
            table.add([slot.id.hex, slot.kind, proved, label.joined(separator: " ")])
        }
        return table.lines
    }
}

/// A kind of token, as it is typed.
enum TokenChoice: String, ExpressibleByArgument, CaseIterable {
    case pkcs11, tpm2

    var kind: KeySlot.Kind { self == .pkcs11 ? .pkcs11 : .tpm2 }
}

/// Which file a command is about.
struct KeyFileOptions: ParsableArguments {
    @Flag(help: "The log's key, which has slots of its own, instead of the keyring.")
    var logKey = false

    var kind: KeyFile.Kind { logKey ? .logKey : .keyring }
}

struct Keys: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys",
        abstract: "Look at the keys that the slots lead to, and change them.",
        subcommands: [
            KeysStatus.self, KeysRotate.self, KeysReencrypt.self, KeysStatement.self,
            KeysDestroyEpoch.self, KeysDestructions.self, KeysApprove.self,
            RotateRoot.self, RotateLogKey.self,
        ])

    struct RotateRoot: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a new root key for the slots that there are.",
            discussion: """
                For a root key that may have been seen, and no slot's secret: the secrets stay what they \
                are. Whoever kept the old keyring together with the old root still has the keys in it.

                Example: vaultctl keys rotate-root
                """)

        @OptionGroup var file: KeyFileOptions
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await common.session(.admin) { client in
                Slots.show(try await client.rotateRoot(file.kind), common)
            }
        }
    }

    struct RotateLogKey: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a new signing key for the log.",
            discussion: """
                The old and the new key sign together that one takes the place of the other, in an event of \
                the log; the old one is destroyed. Auditors who hold the old public key follow that event.

                Example: vaultctl keys rotate-log-key >> audit.pub
                """)

        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await common.session(.admin) { client in
                let answer = try await client.rotateLogKey()
                if common.json { return Output.json(answer) }
                Output.line(answer.verifierKey)
                Output.note("key \(answer.number) of the log; fingerprint \(answer.fingerprint)")
            }
        }
    }
}
