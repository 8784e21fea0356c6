// `drill`: a restore that nobody waits for, to see that the one that everybody waits for would work.

import ArgumentParser
import Crypto
import Foundation
import Glibc
import VaultAPI
import VaultClient
import VaultFormat

struct Drill: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drill",
        abstract:
            "Restore the newest backup somewhere else, open images of it, and tell the vault.",
        discussion: """
            Restores into a temporary directory with "vaultd restore", which is looked for beside vaultctl, \
            opens the copied keyring by one of its slots, opens images with all their claims, compares each \
            with its address, and removes everything again. A drill that went well is what the doctor asks \
            for, for a quarter; one that finds a backup that does not hold is told too. What only stood in the \
            way, as a wrong passphrase, is no drill. The directory needs room for the whole backup: name one by \
            --directory.

            Speaks to the admin socket. Example: vaultctl drill /srv/backup --keys /mnt/safe --key audit.pub \
            --secret-file /mnt/stick/root.key
            """)

    @Argument(help: "The directory of backups.", completion: .directory)
    var backups: String

    @Option(help: "The directory with the copies of the keyring.", completion: .directory)
    var keys: String

    @Option(help: "The log's public keys, a line each.", completion: .file())
    var key: String

    @Option(
        help: ArgumentHelp(
            "A key file or a passphrase; else a passphrase is asked for.", valueName: "file"),
        completion: .file())
    var secretFile: String?

    @Option(help: "Another list of erasures than none.", completion: .file())
    var erasures: String?

    @Option(help: "Images that are opened.")
    var images = Limits.drillImagesUnlessSaid

    @Flag(help: "Open every image.")
    var all = false

    @Option(
        help: "Where to restore into; a temporary directory unless given.", completion: .directory)
    var directory: String?

    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard images > 0 else { throw ValidationError("--images is a count from 1.") }
    }

    func run() async throws {
        try await common.working(.admin) { client in
            // What is restored stays until its failure is told.
            let lock = try await BackupLock.taking(backups, for: .reading)
            defer { withExtendedLifetime(lock) {} }
            let listing = try SnapshotListing(BackupPlaces(root: backups))
            // Nobody knows when it was made: it may be the newest, and an older that holds would show nothing.
            if let damaged = listing.damaged.first {
                try await tellFailure(client, damaged.id, 0, orElse: listing.newest)
                throw BackupFailure(
                    "the drill failed: \(damaged.places.manifest) does not hold; \"vaultctl backup forget\" "
                        + "takes that snapshot away", .damaged)
            }
            let (restored, seconds) = try restore(listing.newest)
            guard let report = restored else {
                try await tellFailure(client, listing.newest, seconds)
                throw BackupFailure(
                    "the drill failed: the backup could not be restored", .damaged)
            }
            guard let found = try? JSONDecoder().decode(DrillFindings.self, from: report) else {
                throw BackupFailure("vaultd restore gave no report")
            }
            let digest = try Digest256(bytes: Array(SHA256.hash(data: report)))
            let answer = try await client.report(
                DrillRequest(
                    backup: found.backup, opened: found.opened, failed: found.broken,
                    seconds: found.seconds, report: digest, reportBytes: report.count))
            if common.json {
                Output.line(String(decoding: report, as: UTF8.self))
            } else {
                show(found, answer)
            }
            guard found.broken == 0, found.opened > 0 else {
                throw BackupFailure(
                    "the drill failed: this backup does not bring everything back", .damaged)
            }
        }
    }

    /// A backup that cannot be restored is what a drill is there to find. There is no report of it but what vaultd said.
    ///
    /// - Parameter other: told of where the register does not know that one.
    private func tellFailure(
        _ client: VaultClient, _ backup: BackupID?, _ seconds: Int, orElse other: BackupID? = nil
    ) async throws(ClientError) {
        guard let backup else { return }
        let nothing = Array(SHA256.hash(data: Data()))
        do throws(ClientError) {
            _ = try await client.report(
                DrillRequest(
                    backup: backup, opened: 0, failed: 1, seconds: seconds,
                    report: Digest256(checked: nothing), reportBytes: 0))
        } catch .refused(let problem) where problem.errorCode == .unknownBackup && other != nil {
            try await tellFailure(client, other, seconds)
        }
    }

    /// Restores, and leaves nothing of it.
    ///
    /// - Parameter newest: the one that a drill is about: an older that holds would show nothing.
    /// - Returns: vaultd's report, nil where the backup does not hold; and how long that took.
    /// - Throws: ``BackupFailure`` where something else stood in the way: that is no drill.
    private func restore(_ newest: BackupID?) throws -> (report: Data?, seconds: Int) {
        let base = directory ?? FileManager.default.temporaryDirectory.path
        let place = try DrillPlace(below: base)
        defer { place.leave() }
        var words = [
            "restore", backups, "--into", place.vault, "--keys", keys, "--key", key, "--json",
        ]
        if let newest { words += ["--backup", newest.hex] }
        words += all ? ["--all"] : ["--sample", String(images)]
        if let secretFile { words += ["--secret-file", secretFile] }
        if let erasures { words += ["--erasures", erasures] }
        let begun = ContinuousClock.now
        let (status, output) = try Neighbour("vaultd").run(words)
        let took = ContinuousClock.now - begun
        // It shows nothing of the backup.
        guard let status else { throw BackupFailure("the drill was broken off by a signal") }
        guard status == 0 || status == EX_DATAERR else {
            throw BackupFailure("the drill could not be held, and shows nothing: see above")
        }
        return (status == 0 ? output : nil, Int(took.components.seconds))
    }

    private func show(_ found: DrillFindings, _ answer: DrillAnswer) {
        let made = found.made
        var lines = [
            "backup          \(found.backup.hex), made \(made)",
            "recovery point  \(made): what came later is not in it",
            "recovery time   \(found.seconds) s for \(Units.count(found.images, "image"))",
            "opened          \(found.opened), \(Units.bytes(found.openedBytes)), each what its address says",
        ]
        if found.missing > 0 {
            lines.append("missing         \(Units.count(found.missing, "blob"))")
        }
        if !found.missingCases.isEmpty {
            lines.append(
                "missing         the cases of \(Units.count(found.missingCases.count, "incident"))")
        }
        for failure in found.failed.prefix(20) { lines.append("FAILED          \(failure)") }
        if let until = answer.believedUntil {
            lines.append("believed        until \(Units.moment(until))")
        }
        Output.line(lines.joined(separator: "\n"))
    }
}

/// The report of `vaultd restore`, as far as a drill needs it.
private struct DrillFindings: Decodable {
    let backup: BackupID
    let made: String
    let images: Int
    let missing: Int
    let missingCases: [String]
    let opened: Int
    let openedBytes: Int
    let failed: [String]
    let seconds: Int

    /// An image without its blob does not come back, whether it was in the sample or not; nor does an incident without
    /// its case.
    var broken: Int { max(failed.count, missing) + missingCases.count }

    private enum CodingKeys: String, CodingKey {
        case backup, made, images, missing, opened, failed, seconds
        case missingCases = "missing_cases"
        case openedBytes = "opened_bytes"
    }
}
