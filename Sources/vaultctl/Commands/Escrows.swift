// `escrows`: copies of the keyring, which open erased images together with the secret of a slot.

import ArgumentParser
import Glibc
import NIOCore
import VaultAPI
import VaultClient
import VaultFormat

struct Escrows: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "escrows",
        abstract: "Keep a register of copies of the keyring, and of their destruction.",
        discussion: """
            Whoever has a copy of an older keyring, and the secret of a slot that it had, opens what was \
            erased since. A receipt reaches level 3 when every copy that is registered here, and that \
            still opens it, is attested destroyed. The vault knows of no other copy.
            """,
        subcommands: [
            EscrowExport.self, EscrowRegister.self, EscrowList.self, EscrowAttest.self,
        ])

    static func show(_ escrows: [EscrowAnswer], _ common: CommonOptions) {
        guard !common.json else { return escrows.forEach { Output.json($0) } }
        guard !escrows.isEmpty else { return }
        var table = Table([
            ("ID", .left), ("REGISTERED", .left), ("EPOCHS", .left), ("DESTROYED", .left),
            ("NOTE", .left),
        ])
        for escrow in escrows {
            table.add([
                escrow.id.hex, Units.moment(escrow.created),
                escrow.epochs.map { String($0) }.joined(separator: ","),
                escrow.destroyed.map { "\(Units.moment($0.at)) by uid \($0.uid)" } ?? "-",
                escrow.note,
            ])
        }
        Output.line(table.lines.joined(separator: "\n"))
    }
}

struct EscrowExport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Take a copy of the sealed keyring and of the log's sealed key away.",
        discussion: """
            A restore needs both. They are sealed: only the secret of one of their slots opens them, and that \
            belongs elsewhere. The copy is registered before it leaves. Make a new one after a change of \
            slots, after a rotation, and after each new namespace.

            Speaks to the admin socket. Example: vaultctl escrows export /mnt/safe --note "safe, bank"
            """)

    @Argument(
        help: "A directory, where the files keyring and log-key are made or replaced.",
        completion: .directory)
    var directory: String

    @Option(help: "What to say of it: up to 200 printable ASCII characters, kept in clear.")
    var note = AdminNote.none

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.working(.admin) { client in
            // Before the copy is registered: what has no place is not asked for.
            var facts = stat()
            guard unsafe stat(directory, &facts) == 0, facts.st_mode & S_IFMT == S_IFDIR else {
                throw BackupFailure("\(directory) is no directory")
            }
            let copy = try await client.exportEscrow(note: note)
            for (name, text) in [("keyring", copy.keyring), ("log-key", copy.logKey)] {
                guard let bytes = try? Base64.decode(text) else {
                    throw ClientError.answerNotUnderstood(status: 201)
                }
                let file = try DownloadFile(target: "\(directory)/\(name)")
                try file.write(ByteBuffer(bytes: bytes))
                try file.keep()
            }
            Escrows.show([copy.escrow], common)
        }
    }
}

struct EscrowRegister: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "register",
        abstract: "Register a copy of the keyring that was made.",
        discussion: """
            A backup of the state directory has one: register both. Name the epochs that it opens, or it \
            counts as one of today, with every epoch that is left.

            Speaks to the admin socket. Example: vaultctl escrows register --note "safe, bank"
            """)

    @Option(help: "What to say of it: up to 200 printable ASCII characters, kept in clear.")
    var note = AdminNote.none

    @Option(help: "An epoch that it opens; repeat it. Every one that is left unless given.")
    var epoch: [EpochNumber] = []

    @Option(help: "A name for this request: 1 to 64 visible ASCII characters.")
    var key: IdempotencyKey?

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.session(.admin) { client in
            let request = EscrowRequest(
                epochs: epoch.isEmpty ? nil : Set(epoch).sorted(), note: note)
            Escrows.show([try await client.register(request, key: key)], common)
        }
    }
}

struct EscrowList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "List the copies, oldest first.",
        discussion: "Speaks to the admin socket. Example: vaultctl escrows ls",
        aliases: ["list"])

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.session(.admin) { client in
            let escrows = try await Pages.all {
                let page = try await client.escrows($0)
                return (page.escrows, page.next)
            }
            Escrows.show(escrows, common)
        }
    }
}

struct EscrowAttest: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attest",
        abstract: "Give your word that a copy is destroyed.",
        discussion: """
            Receipts name you and the time. It is not taken back.

            Speaks to the admin socket. Example: vaultctl escrows attest 5fec…6c79
            """)

    @Argument(help: "The copy's id: 32 hexadecimal digits.")
    var id: EscrowID

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.session(.admin) { client in
            Escrows.show([try await client.attest(id)], common)
        }
    }
}
