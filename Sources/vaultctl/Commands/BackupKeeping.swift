// `backup ls|verify|refresh|forget`: what becomes of backups.

import ArgumentParser
import Foundation
import Glibc
import VaultAPI
import VaultClient
import VaultFormat

struct BackupListing: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "List the snapshots of a directory, oldest first.",
        discussion: """
            What they say of themselves, unchecked, and where the register has them. Without a vault that \
            answers, the register's word is "?". One whose manifest does not hold is named on standard error.

            Example: vaultctl backup ls /srv/backup
            """,
        aliases: ["list"])

    @Argument(completion: .directory) var directory: String
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let registered = try? await registered()
        let snapshots = try await snapshots()
        if common.json {
            for one in snapshots { Output.json(ListedSnapshot(one, registered)) }
            return
        }
        guard !snapshots.isEmpty else { return }
        var table = Table([
            ("BACKUP", .left), ("MADE", .left), ("BLOBS", .right), ("SIZE", .right),
            ("LOG", .right), ("EPOCHS", .left), ("REGISTER", .left),
        ])
        for one in snapshots {
            let row = ListedSnapshot(one, registered)
            table.add([
                row.backup.hex, one.manifest.at, String(row.blobs),
                Units.bytes(Int(clamping: row.bytes)), String(row.logSize),
                row.epochs.map { String($0) }.joined(separator: ","), row.register,
            ])
        }
        Output.line(table.lines.joined(separator: "\n"))
    }

    /// - Throws: `ExitCode` for a failure, which is told here.
    private func snapshots() async throws -> [StoredSnapshot] {
        do {
            let places = BackupPlaces(root: directory)
            try places.requireMarker()
            let lock = try await BackupLock.taking(directory, for: .reading)
            defer { withExtendedLifetime(lock) {} }
            let listing = try SnapshotListing(places)
            listing.warn()
            return listing.whole
        } catch let failure as BackupFailure {
            throw failure.told()
        }
    }

    /// A directory is looked at without a vault too.
    private func registered() async throws -> [BackupID: String] {
        try await common.asking(.admin) { client in
            let all = try await Backups.all(client)
            return Dictionary(uniqueKeysWithValues: all.map { ($0.id, $0.state) })
        }
    }
}

private struct ListedSnapshot: Encodable {
    let backup: BackupID
    let at: String
    let blobs: UInt64
    let bytes: UInt64
    let logSize: UInt64
    let epochs: [UInt32]
    let register: String

    init(_ snapshot: StoredSnapshot, _ registered: [BackupID: String]?) {
        let manifest = snapshot.manifest
        backup = snapshot.id
        at = manifest.at
        blobs = manifest.blobCount
        bytes = manifest.blobBytes + manifest.catalogBytes
        logSize = manifest.logSize
        epochs = manifest.epochs.map(\.value)
        register = registered.map { $0[snapshot.id] ?? "unknown" } ?? "?"
    }

    private enum CodingKeys: String, CodingKey {
        case backup, at, blobs, bytes, epochs, register
        case logSize = "log_size"
    }
}

struct BackupVerify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check that the snapshots of a directory are whole and the vault's.",
        discussion: """
            Needs no vault: it is what "vaultverify backup" does, which is looked for beside vaultctl. That \
            a backup opens is what "vaultctl drill" shows.

            Example: vaultctl backup verify /srv/backup --key audit.pub
            """)

    @Argument(completion: .directory) var directory: String

    @Option(help: "The log's public keys, a line each, such as audit.pub.", completion: .file())
    var key: String

    @Option(help: "Only this snapshot.")
    var backup: BackupID?

    func run() async throws {
        var words = ["backup", directory, "--key", key]
        if let backup { words += ["--backup", backup.hex] }
        do {
            let lock = try await BackupLock.taking(directory, for: .reading)
            defer { withExtendedLifetime(lock) {} }
            lock.handOn()
            try Neighbour("vaultverify").become(words)
        } catch let failure as BackupFailure {
            throw failure.told()
        }
    }
}

struct BackupRefresh: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "refresh",
        abstract: "Put a new snapshot in the place of all older ones of a directory.",
        discussion: """
            After a rotation: older snapshots keep the epoch before from going, and erasures from reaching \
            level 2. The blobs stay where they are; only what is new is fetched.

            Speaks to the admin socket. Example: vaultctl backup refresh /srv/backup
            """)

    @Argument(completion: .directory) var directory: String
    @Option(help: "Days after which it is not needed any more; it stays needed unless given.")
    var expiresDays: Int?
    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.working(.admin) { client in
            let place = try await BackupDirectory.existing(directory)
            let care = BackupCare(client: client, directory: place)
            try await care.finishLeftovers()
            let older = try SnapshotListing(place.places).whole.map(\.id)
            let made = try await BackupRun(
                client: client, sink: place,
                request: SnapshotRequest(expiresDays: expiresDays, note: .none), isQuiet: false
            ).run()
            let gone = try await care.forget(older)
            Output.line(
                "\(made.manifest.backup.hex)  in the place of \(Units.count(older.count, "snapshot")); "
                    + "\(Units.count(gone.count, "blob")) removed")
        }
    }
}

struct BackupForget: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forget",
        abstract: "Take snapshots away, with the blobs that no other needs, and tell the register.",
        discussion: """
            Kept is what any of the rules keeps. Without one of them, name the snapshots that go. One whose \
            manifest does not hold goes only when it is named.

            Speaks to the admin socket. Examples:
              vaultctl backup forget /srv/backup --keep-daily 30 --keep-monthly 12
              vaultctl backup forget /srv/backup 5fec…6c79
            """)

    @Argument(completion: .directory) var directory: String
    @Argument(help: "Snapshots that go: 32 hexadecimal digits each.") var backups: [BackupID] = []
    @Option(help: "Keep so many of the newest.") var keepLast = 0
    @Option(help: "Keep the last of each of so many days.") var keepDaily = 0
    @Option(help: "Keep the last of each of so many weeks.") var keepWeekly = 0
    @Option(help: "Keep the last of each of so many months.") var keepMonthly = 0
    @Flag(help: "Say what would go, and leave it.") var dryRun = false
    @OptionGroup var common: CommonOptions

    private var rule: KeepRule {
        KeepRule(last: keepLast, daily: keepDaily, weekly: keepWeekly, monthly: keepMonthly)
    }

    func validate() throws {
        guard backups.isEmpty != rule.isEmpty else {
            throw ValidationError("Name snapshots, or say which to keep, as --keep-daily 30.")
        }
        guard [keepLast, keepDaily, keepWeekly, keepMonthly].allSatisfy((0...10_000).contains)
        else { throw ValidationError("What is kept is a count from 0 to 10000.") }
    }

    func run() async throws {
        try await common.working(.admin) { client in
            let place = try await BackupDirectory.existing(directory)
            let all = try SnapshotListing(place.places)
            let going =
                try rule.isEmpty ? all.named(backups) : rule.leaving(all.whole).map(\.id)
            for id in going { Output.line("\(id.hex)  \(all.made(id) ?? "damaged")") }
            guard !dryRun else { return all.warn() }
            let care = BackupCare(client: client, directory: place)
            try await care.finishLeftovers()
            let gone = try await care.forget(going)
            Output.note(
                "\(Units.count(going.count, "snapshot")) and \(Units.count(gone.count, "blob")) gone, "
                    + "\(Units.bytes(Int(clamping: gone.bytes))); \(all.count - going.count) kept")
        }
    }
}
