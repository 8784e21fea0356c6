// `vaultd restore`: a vault out of a backup, whole or not at all: it is made beside its place and then takes it.

import ArgumentParser
import Foundation
import Vault
import VaultCrypto
import VaultFormat
import VaultStorage

struct Restore: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Brings a vault back from a directory of backups. Refuses to overwrite one.",
        discussion: """
            Takes the newest snapshot that holds and that a key of --key has signed, and says which it passed \
            over; and the copies of the keyring and the log's key that "vaultctl escrows export" made. What was \
            erased since is erased again, by the list that lies beside the anchor; every access token and fetch \
            ticket ends; and the log says that the vault was restored. Say --plan first: it tells what would come \
            back, and changes nothing.

            The slots of the copied keyring open it: --secret-file, else the root key file of the settings where \
            it is there, else a passphrase is asked for. What is restored belongs to who restores it: hand it over \
            to the daemon's user then.

            EXAMPLE
              vaultd restore /srv/backup --config /etc/imagevault/vaultd.yaml --keys /mnt/safe \\
                --key audit.pub --plan
              vaultd restore /srv/backup --config /etc/imagevault/vaultd.yaml --keys /mnt/safe --key audit.pub
            """)

    @Argument(help: "The directory of backups.")
    var backups: String

    @Option(help: "The settings: where the vault is to be.")
    var config: String?

    @Option(
        name: .customLong("set"), parsing: .singleValue,
        help: ArgumentHelp("Overrides one setting.", valueName: "key=value"))
    var overrides: [String] = []

    @Option(
        help: "Restore into this directory, as a drill does, and leave the settings' place alone.")
    var into: String?

    @Option(help: "The directory with the copies \"keyring\" and \"log-key\".")
    var keys: String

    @Option(help: "The log's public keys, a line each: a copy that was kept elsewhere.")
    var key: String

    @Option(help: "The snapshot; the newest unless given.")
    var backup: String?

    @Option(help: "The list of erasures; beside the settings' anchor unless given.")
    var erasures: String?

    @Option(
        help: ArgumentHelp(
            "A key file or a passphrase, or - for standard input; else the settings' root key file.",
            valueName: "file"))
    var secretFile: String?

    @Flag(help: "Say what would come back, and change nothing.")
    var plan = false

    @Option(help: "Open so many images at the end, with every claim on them; 100 unless given.")
    var sample: Int?

    @Flag(help: "Open every image at the end.")
    var all = false

    @Flag(help: "One line of JSON.")
    var json = false

    func validate() throws {
        guard (config == nil) != (into == nil) else {
            throw ValidationError("Name the settings by --config, or a directory by --into.")
        }
        guard sample.map({ $0 >= 0 }) ?? true, sample == nil || !all else {
            throw ValidationError("--sample is a count, and does not go with --all.")
        }
    }

    func run() async throws {
        do {
            try await restore()
        } catch  where Self.blamesBackup(error) {
            // As a drill tells it from what only stood in the way.
            FileHandle.standardError.write(Data("Error: \(error)\n".utf8))
            throw ExitCode(EX_DATAERR)
        }
    }

    /// Whether what was to come back does not hold.
    private static func blamesBackup(_ error: any Error) -> Bool {
        let damage: [ErrorCode] = [.catalogDamaged, .blobDamaged, .blobMissing, .keyringDamaged]
        return switch error {
        case is BackupRefusal, StorageError.damaged, CatalogError.unusable(.damaged): true
        case let error as VaultError: damage.contains(error.code)
        default: false
        }
    }

    private func restore() async throws {
        try Hardening.apply()
        let place = try await place()
        let source = try source()
        let keyring = try keyFile("keyring", .keyring, of: source.manifest)
        let logKey = try keyFile("log-key", .logKey, of: source.manifest)
        let list = try erasureList(place, of: source.manifest)
        let missing = source.missing()
        // A restore lists them at its end.
        let plan = RestorePlan(
            source, missing: missing.count,
            listed: self.plan ? images(in: missing, of: source, place) : [], keyring: keyring,
            erasures: list, anchor: place.anchor, target: place.state)
        guard !self.plan else { return plan.show(json: json) }
        try plan.requirePossible()
        if !json { plan.show(json: false) }
        let opened = try open(keyring, place)
        let report = try await RestoreRun(
            source: source, keyring: keyring, logKey: logKey, opened: opened, erasures: list,
            settings: place.settings, state: place.state, sample: all ? nil : sample ?? 100,
            saysProgress: !json
        ).run()
        if let path = place.publicKeyFile, !FileManager.default.fileExists(atPath: path) {
            try KeyFileStore.write(
                WholeFile.load(key, limit: Limits.verifiedFileBytes), at: path, mode: 0o644,
                replacing: false)
        }
        report.show(json: json, isDrill: into != nil)
    }

    /// Where the vault is to be, and what its settings say.
    struct Place {
        let state: String
        let settings: Vault.Settings
        let rootKeyFile: String?
        let publicKeyFile: String?
        let anchorFile: String?
        let anchor: Anchor?
    }

    private func place() async throws -> Place {
        if let into {
            return Place(
                state: into,
                settings: Vault.Settings(
                    policies: InspectionPolicies(.default), suite: .aes256GCM),
                rootKeyFile: nil, publicKeyFile: nil, anchorFile: nil, anchor: nil)
        }
        let settings = try await DaemonSettings.load(
            file: config ?? "", overrides: overrides, needsCredentials: false)
        let anchor = try settings.anchor.file.flatMap { try AnchorFile.load($0) }
            .flatMap { try? Anchor(parsing: SignedNote(parsing: $0).text) }
        return Place(
            state: settings.stateDirectory, settings: settings.vault,
            rootKeyFile: settings.rootKeyFile, publicKeyFile: settings.publicKeyFile,
            anchorFile: settings.anchor.file, anchor: anchor)
    }

    private func source() throws -> StoredBackup {
        let id = try backup.map { text in
            guard let id = try? BackupID(hex: text) else {
                throw SettingsError("--backup takes 32 hexadecimal digits")
            }
            return id
        }
        guard let text = try AnchorFile.load(key) else {
            throw SettingsError("\(key) is not there")
        }
        let verifiers = text.split(separator: "\n").compactMap { try? NoteVerifier(line: $0) }
        guard !verifiers.isEmpty else { throw SettingsError("\(key) holds no key of a log") }
        return try StoredBackup(at: backups, id, signedBy: verifiers)
    }

    /// The images of blobs that are missing; where that cannot be told, why is said on standard error.
    private func images(
        in missing: [BlobID], of source: StoredBackup, _ place: Place
    ) -> [MissingBlob] {
        do {
            return try source.images(in: missing, copyAt: RestoreRun.planning(place.state))
        } catch {
            let words = "which images are missing is not known: \(error)\n"
            FileHandle.standardError.write(Data(words.utf8))
            return missing.map { MissingBlob(blob: $0, images: []) }
        }
    }

    private func keyFile(
        _ name: String, _ kind: KeyFile.Kind, of manifest: BackupManifest
    ) throws -> KeyFile {
        let path = "\(keys)/\(name)"
        let file: KeyFile
        do {
            file = try KeyFileStore.load(path)
        } catch KeyFileStoreError.malformed(let error) {
            throw BackupRefusal("\(path) is damaged: \(error.code)")
        } catch {
            throw SettingsError("\(path) cannot be used: \(KeyOpener.code(of: error))")
        }
        guard file.kind == kind, file.vault == manifest.vault else {
            throw SettingsError("\(path) is not of the vault that the backup is of")
        }
        return file
    }

    private func erasureList(_ place: Place, of manifest: BackupManifest) throws -> ErasureList? {
        guard let path = erasures ?? place.anchorFile.map({ $0 + ErasureListFile.suffix }) else {
            return nil
        }
        guard let text = try ErasureListFile(path).load() else {
            guard erasures == nil else { throw SettingsError("\(path) is not there") }
            return nil
        }
        guard let list = try? ErasureList(parsing: text), list.vault == manifest.vault else {
            throw SettingsError("\(path) is no list of erasures of this vault")
        }
        return list
    }

    private func open(_ file: KeyFile, _ place: Place) throws -> OpenKeyFile {
        do {
            if let secretFile {
                let typed = try KeyOpener.secret(at: secretFile)
                typed.dropLastNewline()
                return try KeyFileCipher.open(file, typed: typed, stretch: Argon2id()).keys
            }
            if let path = place.rootKeyFile, FileManager.default.fileExists(atPath: path) {
                return try KeyOpener.open(file, keyPath: path)
            }
            let typed = try KeyOpener.askedSecret("Passphrase of the copied keyring: ")
            return try KeyFileCipher.open(file, typed: typed, stretch: Argon2id()).keys
        } catch let error as SettingsError {
            throw error
        } catch CryptoError.refused {
            // A slot took the secret, and what it opened was changed.
            throw BackupRefusal("the copied keyring is damaged")
        } catch {
            throw SettingsError("the copied keyring does not open: \(KeyOpener.code(of: error))")
        }
    }
}
