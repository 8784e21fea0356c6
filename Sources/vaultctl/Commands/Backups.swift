// `backups`: copies of the vault's state that somebody looks after, and the epochs that they need.

import ArgumentParser
import VaultAPI
import VaultClient
import VaultFormat

struct Backups: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backups",
        abstract: "Keep a register of backups, so that no epoch goes that one of them needs.",
        discussion: """
            "vaultctl backup" registers what it makes, and "vaultctl backup forget" tells of what is gone. \
            A copy that was made otherwise is known only when you register it here.
            """,
        subcommands: [BackupRegister.self, BackupList.self, BackupExpire.self])

    static func show(_ backups: [BackupAnswer], _ common: CommonOptions) {
        guard !common.json else { return backups.forEach { Output.json($0) } }
        if !backups.isEmpty { Output.line(table(backups).joined(separator: "\n")) }
    }

    static func table(_ backups: [BackupAnswer]) -> [String] {
        var table = Table([
            ("ID", .left), ("STATE", .left), ("REGISTERED", .left), ("EXPIRES", .left),
            ("EPOCHS", .left), ("NOTE", .left),
        ])
        for backup in backups {
            table.add([
                backup.id.hex, backup.state, Units.moment(backup.created),
                backup.expires.map { Units.moment($0) } ?? "never",
                backup.epochs.map { String($0) }.joined(separator: ","), backup.note,
            ])
        }
        return table.lines
    }

    /// Every backup that is registered, page by page.
    static func all(_ client: VaultClient) async throws -> [BackupAnswer] {
        try await Pages.all {
            let page = try await client.backups($0)
            return (page.backups, page.next)
        }
    }
}

struct BackupRegister: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "register",
        abstract: "Register a backup that was made.",
        discussion: """
            One that is made anew is registered anew; then the older one is expired. Name the epochs of a \
            backup made since the last rotation ended, or it keeps the older ones from going.

            Speaks to the admin socket. Example: \
            vaultctl backups register --expires-days 90 --note "tape 7"
            """)

    @Option(help: "Days after which it is not needed any more; it stays needed unless given.")
    var expiresDays: Int?

    @Option(help: "What to say of it: up to 200 printable ASCII characters, kept in clear.")
    var note = AdminNote.none

    @Option(help: "An epoch that it needs; repeat it. Every one that is left unless given.")
    var epoch: [EpochNumber] = []

    @Option(help: "A name for this request: 1 to 64 visible ASCII characters.")
    var key: IdempotencyKey?

    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard expiresDays.map(Limits.backupDays.contains) ?? true else {
            throw ValidationError("--expires-days must be from 1 to 36500.")
        }
    }

    func run() async throws {
        try await common.session(.admin) { client in
            let request = BackupRequest(
                expiresDays: expiresDays,
                epochs: epoch.isEmpty ? nil : Set(epoch).sorted(), note: note)
            Backups.show([try await client.register(request, key: key)], common)
        }
    }
}

struct BackupList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "List the backups, oldest first.",
        discussion: "Speaks to the admin socket. Example: vaultctl backups ls",
        aliases: ["list"])

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.session(.admin) { client in
            Backups.show(try await Backups.all(client), common)
        }
    }
}

struct BackupExpire: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "expire",
        abstract: "Say that a backup is not needed any more.",
        discussion: "Speaks to the admin socket. Example: vaultctl backups expire 5fec…6c79")

    @Argument(help: "The backup's id: 32 hexadecimal digits.")
    var id: BackupID

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.session(.admin) { client in
            Backups.show([try await client.expire(id)], common)
        }
    }
}
