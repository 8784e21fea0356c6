// `backup`: what is stored, copied while it is served, sealed as it is.

import ArgumentParser
import Foundation
import Glibc
import VaultAPI
import VaultClient
import VaultFormat

struct Backup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Back the vault up while it serves, and look after its backups.",
        discussion: """
            A directory holds any number of snapshots of one vault, which share their blobs: the next one \
            fetches only what is new. Everything in it is sealed, and the keyring is not in it: keep that \
            elsewhere, by "vaultctl escrows export".

            Examples:
              vaultctl backup /srv/backup
              vaultctl backup - | ssh host 'cat > vault.tar'
              vaultctl backup /srv/backup --follow --every 10
              vaultctl backup forget /srv/backup --keep-daily 30

            vaultd restore brings one back; vaultctl drill shows that it would.
            """,
        subcommands: [
            BackupMake.self, BackupListing.self, BackupVerify.self, BackupRefresh.self,
            BackupForget.self,
        ],
        defaultSubcommand: BackupMake.self)
}

struct BackupMake: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "make",
        abstract: "Make a snapshot: what \"vaultctl backup DIR\" does.",
        discussion: "Speaks to the admin socket. Example: vaultctl backup /srv/backup")

    @Argument(
        help: "A directory, which is made where it is missing; or - for an archive (ustar).",
        completion: .directory)
    var target: String

    @Option(help: "Days after which it is not needed any more; it stays needed unless given.")
    var expiresDays: Int?

    @Option(help: "What the register says of it: up to 200 printable ASCII characters.")
    var note: AdminNote?

    @Flag(help: "Go on: another snapshot in the place of the last, whenever something happened.")
    var follow = false

    @Option(help: ArgumentHelp("Seconds between two looks, with --follow.", valueName: "seconds"))
    var every: Int?

    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard expiresDays.map(Limits.backupDays.contains) ?? true else {
            throw ValidationError("--expires-days must be from 1 to 36500.")
        }
        guard !follow || target != "-" else {
            throw ValidationError("--follow needs a directory.")
        }
        guard every.map(Limits.backupFollowSeconds.contains) ?? true, every == nil || follow else {
            throw ValidationError("--every goes with --follow, and is from 1 to 86400.")
        }
    }

    func run() async throws {
        let note = try note ?? Self.noteUnlessGiven(target)
        let request = SnapshotRequest(expiresDays: expiresDays, note: note)
        try await common.working(.admin) { client in
            guard target != "-" else {
                let run = BackupRun(
                    client: client, sink: try BackupArchive(), request: request, isQuiet: false)
                return tell(try await run.run(), onNotes: true)
            }
            let made = try await first(client, request)
            tell(made, onNotes: follow)
            if follow { try await self.follow(client, request, from: made) }
        }
    }

    private func first(
        _ client: VaultClient, _ request: SnapshotRequest
    ) async throws -> BackupRun.Result {
        let directory = try await BackupDirectory.making(target)
        try await BackupCare(client: client, directory: directory).finishLeftovers()
        return try await BackupRun(
            client: client, sink: directory, request: request, isQuiet: follow
        ).run()
    }

    /// Each snapshot takes the place of the last, which goes once the new one is whole. Between two rounds the
    /// directory is anybody's, and each reads anew what is there.
    private func follow(
        _ client: VaultClient, _ request: SnapshotRequest, from first: BackupRun.Result
    ) async throws {
        // What comes between a snapshot and its end is no event of ours, and makes another.
        var (seen, older, last) = (first.logSize, [BackupID](), first.manifest.backup)
        var told = ""
        while true {
            try await Task.sleep(for: .seconds(every ?? Limits.backupFollowSecondsUnlessSaid))
            do {
                guard try await client.logSize() != seen else { continue }
                // Whoever reads there may take long: the next round comes.
                let directory = try await BackupDirectory.existing(target, waits: false)
                let care = BackupCare(client: client, directory: directory)
                try await care.finishLeftovers()
                let made = try await BackupRun(
                    client: client, sink: directory, request: request, isQuiet: true
                ).run()
                older.append(last)
                last = made.manifest.backup
                // Also those that could not be told of before.
                try await care.forget(older)
                // With an event for each that is not needed any more.
                seen = made.logSize + UInt64(older.count)
                older = []
                told = ""
            } catch {
                guard Self.passes(error) else { throw error }
                // What lasts is told once.
                if told != "\(error)" { tell(error) }
                told = "\(error)"
            }
        }
    }

    /// Whether the next round may go well: a vault that is restarted or sealed comes back, who works on the directory
    /// ends, and blobs do not go for ever.
    static func passes(_ error: any Error) -> Bool {
        switch error {
        case let error as ClientError: ExitKind(error) == .unavailable
        case let failure as BackupFailure: failure.kind == .unavailable
        default: false
        }
    }

    private func tell(_ error: any Error) {
        if let error = error as? ClientError { return common.tell(error) }
        Output.note("vaultctl: \(error)")
    }

    private func tell(_ made: BackupRun.Result, onNotes: Bool) {
        if common.json, !onNotes { return Output.json(MadeBackup(made)) }
        let manifest = made.manifest
        let text =
            "\(manifest.backup.hex)  \(Units.count(Int(clamping: manifest.blobCount), "blob")), "
            + "\(Units.bytes(Int(clamping: manifest.blobBytes))); fetched "
            + "\(Units.count(made.fetched, "blob")), "
            + "\(Units.bytes(Int(clamping: made.fetchedBytes))); log up to \(manifest.logSize)"
        onNotes ? Output.note(text) : Output.line(text)
    }

    private static func noteUnlessGiven(_ target: String) throws -> AdminNote {
        var room = [CChar](repeating: 0, count: 256)
        // The kernel writes at most so many bytes, and ends them where they fit.
        let isNamed = unsafe gethostname(&room, room.count - 1) == 0
        let host = String(
            decoding: room.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let place =
            target == "-" ? "an archive" : URL(filePath: target).standardizedFileURL.path
        let text = "\(isNamed ? host : "?"): \(place)"
        return (try? AdminNote(String(text.prefix(Limits.adminNoteBytes)))) ?? .none
    }
}

/// A backup that was made, as JSON.
private struct MadeBackup: Encodable {
    let backup: BackupID
    let at: String
    let blobs: UInt64
    let bytes: UInt64
    let fetched: Int
    let fetchedBytes: UInt64
    let logSize: UInt64

    init(_ made: BackupRun.Result) {
        backup = made.manifest.backup
        at = made.manifest.at
        blobs = made.manifest.blobCount
        bytes = made.manifest.blobBytes
        fetched = made.fetched
        fetchedBytes = made.fetchedBytes
        logSize = made.manifest.logSize
    }

    private enum CodingKeys: String, CodingKey {
        case backup, at, blobs, bytes, fetched
        case fetchedBytes = "fetched_bytes"
        case logSize = "log_size"
    }
}

extension CommonOptions {
    /// Runs a verb that works on files beside the vault; a failure is told once, here.
    ///
    /// - Throws: `ExitCode`.
    func working(
        _ door: Door, _ verb: @escaping @Sendable (VaultClient) async throws -> Void
    ) async throws {
        do {
            try await session(door, verb)
        } catch let failure as BackupFailure {
            throw failure.told()
        } catch let error as CocoaError {
            Output.note("vaultctl: \(error.localizedDescription)")
            throw ExitCode(ExitKind.other.rawValue)
        }
    }
}

extension VaultClient {
    /// How many events the log has, by what is asked without leaving one.
    func logSize() async throws(ClientError) -> UInt64 {
        let name = "imagevault_log_events_total "
        let lines = try await metrics().split(separator: "\n")
        guard let line = lines.first(where: { $0.hasPrefix(name) }),
            let size = UInt64(line.dropFirst(name.count))
        else { throw .answerNotUnderstood(status: 200) }
        return size
    }
}
