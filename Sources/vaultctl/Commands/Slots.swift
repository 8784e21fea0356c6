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
        subcommands: [List.self, Prove.self, Add.self, Remove.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show the slots, and when each was last proved.",
            discussion: "Example: vaultctl slots list")

        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await common.session(.admin) { client in
                Slots.show(try await client.slots(), common)
            }
        }
    }

    struct Prove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check that a slot's secret opens the vault.",
            discussion: """
                Opens the keyring through the slot, throws away what that gave, and keeps the date.

                Example: vaultctl slots prove 3f7a9c1e5b2d4860a1c3e5f708192a3b
                """)

        @Argument(help: "The slot's id: 32 hexadecimal digits.")
        var slot: SlotID

        @OptionGroup var secret: SecretOptions
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await common.session(.admin) { client in
                let secret = try secret.existing("The slot's secret: ")
                Slots.show(try await client.proveSlot(slot, secret.bytes), common)
            }
        }
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add a slot: a passphrase, or the line of a key file.",
            discussion: """
                Asks for the secret twice, or reads it. Prove the slot afterwards.

                Examples:
                  vaultctl slots add --label office-safe
                  vaultctl slots add --label stick --secret-file /mnt/stick/root.key
                (vaultd new-key-file makes such a file)
                """)

        @Option(help: "What to call it: 1 to 64 of A-Z a-z 0-9 _ . -")
        var label: SlotLabel

        @OptionGroup var secret: SecretOptions
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await common.session(.admin) { client in
                let secret = try secret.new("New passphrase or key: ")
                Slots.show(try await client.addSlot(secret.bytes, label: label), common)
            }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove a slot; one that was proved must be left.",
            discussion: "Example: vaultctl slots remove 3f7a9c1e5b2d4860a1c3e5f708192a3b")

        @Argument(help: "The slot's id: 32 hexadecimal digits.")
        var slot: SlotID

        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await common.session(.admin) { client in
                Slots.show(try await client.removeSlot(slot), common)
            }
        }
    }

    fileprivate static func show(_ answer: SlotsAnswer, _ common: CommonOptions) {
        if common.json { return Output.json(answer) }
        let head = ["keyring generation \(answer.generation)"]
        let added = answer.added.map { ["added \($0.hex)"] } ?? []
        Output.line((head + added + table(answer.slots)).joined(separator: "\n"))
    }

    /// A line a slot, within 80 columns.
    static func table(_ slots: [StatusAnswer.Slot]) -> [String] {
        var table = Table([
            ("SLOT", .left), ("KIND", .left), ("PROVED", .left), ("LABEL", .left),
        ])
        for slot in slots {
            let proved = slot.proved.map { Units.moment($0) } ?? "never"
            table.add([slot.id.hex, slot.kind, proved, slot.label])
        }
        return table.lines
    }
}

struct Keys: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys",
        abstract: "Change the keys that the slots lead to.",
        subcommands: [RotateRoot.self])

    struct RotateRoot: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a new root key for the slots that there are.",
            discussion: """
                For a root key that may have been seen, and no slot's secret: the secrets stay what they \
                are. Whoever kept the old keyring together with the old root still has the keys in it.

                Example: vaultctl keys rotate-root
                """)

        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await common.session(.admin) { client in
                Slots.show(try await client.rotateRoot(), common)
            }
        }
    }
}
