// The restore itself, in the order that matters: everything that can be refused comes before the vault takes its place,
// and nobody is served from it before its erasures are done.

import Foundation
import Glibc
import Vault
import VaultCrypto
import VaultFormat
import VaultStorage

struct RestoreRun {
    let source: StoredBackup
    let keyring: KeyFile
    let logKey: KeyFile
    let opened: OpenKeyFile
    let erasures: ErasureList?
    let settings: Vault.Settings
    let state: String
    /// Images that are opened at the end; nil for all.
    let sample: Int?
    let saysProgress: Bool

    private var building: String { "\(state).restoring" }

    /// Where a plan has a copy of the catalog, beside the vault's own place: on no disk that never had one.
    static func planning(_ state: String) -> String { "\(state).planning" }

    func run() async throws -> RestoreReport {
        let begun = SystemClock().monotonicMicroseconds()
        for left in [building, Self.planning(state)] {
            try? FileManager.default.removeItem(atPath: left)
        }
        for directory in ["", "/blobs", "/cases"] {
            try FileManager.default.createDirectory(
                atPath: building + directory, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        }
        do {
            var report = try await build()
            try takePlace()
            report.seconds = Int(
                (SystemClock().monotonicMicroseconds() - begun + 999_999) / 1_000_000)
            return report
        } catch {
            try? FileManager.default.removeItem(atPath: building)
            throw error
        }
    }

    private func build() async throws -> RestoreReport {
        try source.copyCatalog(to: building + "/catalog.sqlite")
        try KeyFileStore.save(keyring, at: building + "/keyring", replacing: false)
        try KeyFileStore.save(logKey, at: building + "/log-key", replacing: false)
        var (copied, said) = (0, -1)
        let absent = try source.copyContents(into: building) { bytes in
            copied += bytes
            let share = Int(UInt64(copied) * 100 / max(1, source.manifest.blobBytes))
            guard saysProgress, share / 10 != said else { return }
            said = share / 10
            FileHandle.standardError.write(Data("copied \(share) %\n".utf8))
        }
        try StoredBackup.flush(building)
        let catalog = try openCatalog()
        try compare(catalog)
        let vault = try Vault(
            settings: settings, catalog: catalog,
            blobs: LocalBlobStore(directory: building + "/blobs"), inspectors: NoInspector(),
            clock: SystemClock(), keyFiles: LocalKeyFiles(directory: building),
            stretcher: NoStretcher(), keyring: try fitting(catalog), openLogKey: { nil },
            cases: LocalCaseFiles(directory: building + "/cases"))
        // A row that cannot be read is no reason to bring nothing back: then the blobs are listed alone.
        let missing =
            (try? Vault.images(in: absent, catalog))
            ?? absent.map { MissingBlob(blob: $0, images: []) }
        let report = try await work(vault, missing: missing)
        guard vault.committer.stop() else { throw SettingsError("the log could not be closed") }
        try catalog.close()
        try StoredBackup.flush(building)
        return report
    }

    private func openCatalog() throws -> SQLiteCatalog {
        do {
            return try SQLiteCatalog.open(
                at: building + "/catalog.sqlite", vault: source.manifest.vault)
        } catch CatalogError.newer {
            throw SettingsError(
                "the backup was made by a newer vaultd, which this one does not understand: "
                    + "restore it with that one")
        }
    }

    /// The log that was signed, and no other.
    private func compare(_ catalog: SQLiteCatalog) throws {
        let frontier = try catalog.read { (reader) throws(StorageError) in
            try reader.frontier()
        }
        let root = try Vault.rootOfLog(at: frontier.size, catalog)
        guard try Vault.logIsWhole(catalog), frontier.size == source.manifest.logSize,
            root == source.manifest.logRoot
        else { throw BackupRefusal("the backup's log is not the one that its manifest has") }
    }

    private func fitting(_ catalog: SQLiteCatalog) throws -> Keyring {
        let keyring = try Keyring(opened)
        guard try Vault.fits(keyring, catalog) else {
            throw BackupRefusal(
                "the copied keyring is not the one that the backup was written under")
        }
        return keyring
    }

    private func work(_ vault: Vault, missing: [MissingBlob]) async throws -> RestoreReport {
        let manifest = source.manifest
        try await vault.recordRestored(from: manifest, digest: source.digest)
        let tokens = try await vault.revokeAllTokens()
        var replayed: ReplayedErasures?
        if let erasures {
            replayed = try await vault.replay(
                erasures, since: manifest.logSize, from: manifest.backup)
        }
        try await vault.purgeAll()
        try await beginScrub(of: vault)
        let begun = SystemClock().monotonicMicroseconds()
        let sampled = try await vault.sample(sample)
        return RestoreReport(
            manifest, missing: missing, cases: try vault.missingCases(), tokens: tokens,
            replayed: replayed, sampled: sampled,
            sampleMicroseconds: SystemClock().monotonicMicroseconds() - begun,
            totals: try vault.restoredTotals(), logSize: vault.committer.frontier.size)
    }

    /// A row that does not parse is no reason to bring nothing back: a check tells of it.
    private func beginScrub(of vault: Vault) async throws(VaultError) {
        do throws(VaultError) {
            try await vault.scrubRestored(creator: getuid())
        } catch  where error.code == .catalogDamaged {
            let words =
                "what came back is not checked by itself, because a row of the catalog is damaged: run "
                + "\"vaultctl check --contents --wait\"\n"
            FileHandle.standardError.write(Data(words.utf8))
        }
    }

    private func takePlace() throws {
        guard unsafe rename(building, state) == 0 else {
            let reason = unsafe String(cString: strerror(errno))
            throw SettingsError("\(state) cannot be made: \(reason)")
        }
        let parent = URL(filePath: state).deletingLastPathComponent().path
        let descriptor = unsafe open(parent, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw SettingsError("\(parent) could not be flushed") }
    }
}

/// Nobody types anything at a vault that is being restored.
private struct NoStretcher: PassphraseStretcher {
    func stretch(
        _ passphrase: UnsafeRawBufferPointer, salt: [UInt8], _ parameters: PassphraseParameters,
        into out: UnsafeMutableRawBufferPointer
    ) throws(StorageError) { throw .missing }
}

/// What a restore came to.
struct RestoreReport: Encodable {
    let backup: String
    let made: String
    let images: Int
    let claims: Int
    let missing: Int
    let missingBlobs: [ListedMissing]
    /// Incidents whose case is not there.
    let missingCases: [String]
    let tokensEnded: Int
    let erasedClaims: Int?
    let erasedImages: Int?
    let opened: Int
    let openedBytes: Int
    let failed: [String]
    let sampleMilliseconds: Int64
    let logSize: UInt64
    var seconds = 0

    private enum CodingKeys: String, CodingKey {
        case backup, made, images, claims, missing, opened, failed, seconds
        case missingBlobs = "missing_blobs"
        case missingCases = "missing_cases"
        case tokensEnded = "tokens_ended"
        case erasedClaims = "erased_claims"
        case erasedImages = "erased_images"
        case openedBytes = "opened_bytes"
        case sampleMilliseconds = "sample_ms"
        case logSize = "log_size"
    }

    init(
        _ manifest: BackupManifest, missing: [MissingBlob], cases: [IncidentID], tokens: Int,
        replayed: ReplayedErasures?, sampled: SampledImages, sampleMicroseconds: Int64,
        totals: CatalogTotals, logSize: UInt64
    ) {
        backup = manifest.backup.hex
        made = manifest.at
        images = totals.images
        claims = totals.references
        self.missing = missing.count
        missingBlobs = missing.map(ListedMissing.init)
        missingCases = cases.map(\.hex)
        tokensEnded = tokens
        erasedClaims = replayed?.claims
        erasedImages = replayed?.images
        opened = sampled.opened
        openedBytes = sampled.bytes
        failed = sampled.failed.map { "\($0.namespace) \($0.image.hex) \($0.code.rawValue)" }
        sampleMilliseconds = sampleMicroseconds / 1000
        self.logSize = logSize
    }

    func show(json: Bool, isDrill: Bool) {
        guard !json else { return print(RestoreText.line(self)) }
        var lines = [
            "restored      \(images) images and \(claims) claims, in \(seconds) seconds",
            "opened        \(opened) of them, \(openedBytes) bytes; \(failed.count) failed",
        ]
        lines += failed.prefix(20).map { "FAILED        \($0)" }
        if missing > 0 { lines.append("MISSING       \(missing) blobs") }
        lines += RestoreText.lines(missingBlobs)
        lines += missingCases.map { "MISSING       the case of incident \($0)" }
        if let erasedClaims, let erasedImages {
            lines.append("erased again  \(erasedClaims) claims, \(erasedImages) images")
        }
        lines.append("ended         \(tokensEnded) access tokens")
        if !isDrill {
            lines.append(
                "Where an anchor is kept, confirm the older state once: vaultd serve "
                    + "--accept-rollback \(logSize)")
        }
        print(lines.joined(separator: "\n"))
    }
}
